//! Every check with the manifests that must trigger it, word for word, and those that must not.
//!
//! `tests/check/<code>/bad.yaml` (or a tree `bad/`) gives `bad.txt`; `good.yaml` (or `good/`) gives nothing. A first line
//! `# releases: istio=1.21.1 flux=2.4 kubernetes=1.29` says what they are judged against.

mod support;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    check::{CHECKS, Check, Releases, Scene},
    delivery::{self, Delivered},
    diagnostic::{self, Diagnostic},
    mesh::{Config, Mesh},
    read::Input,
    source::Sources,
};

fn folder(check: &Check) -> Utf8PathBuf {
    support::home().join("tests/check").join(check.code)
}

/// Returns the texts of `<folder>/<name>.yaml`, or of the tree `<folder>/<name>/`, by path.
fn texts(folder: &Utf8Path, name: &str) -> (Sources, Input) {
    let (file, tree) = (folder.join(name).with_extension("yaml"), folder.join(name));
    let mut paths = if tree.is_dir() { support::files_below(&tree) } else { vec![file] };
    paths.sort();
    let mut sources = Sources::default();
    let texts: Vec<(&str, String)> = paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            (path.strip_prefix(folder).expect("a path below").as_str(), text)
        })
        .collect();
    let input = Input::of(texts.iter().map(|(path, text)| (*path, text.as_str())), &mut sources);
    (sources, input)
}

fn releases(sources: &Sources) -> Releases {
    let mut releases = Releases::default();
    let first = sources.get(0).text.lines().next().unwrap_or_default();
    for pin in first.strip_prefix("# releases: ").into_iter().flat_map(str::split_whitespace) {
        match pin.split_once('=').expect("a pin is `name=version`") {
            ("istio", version) => releases.istio = Some(version.parse().expect("a version")),
            ("flux", version) => releases.flux = Some(version.parse().expect("a minor")),
            ("kubernetes", version) => releases.kubernetes = Some(version.parse().expect("a minor")),
            (name, _) => panic!("`{name}` has no releases"),
        }
    }
    releases
}

/// Returns what one check says of texts.
fn findings(check: &Check, (sources, input): &(Sources, Input)) -> Vec<Diagnostic> {
    let named = ["bad", "bad.yaml", "good", "good.yaml"].map(Utf8PathBuf::from);
    let Delivered { manifests, delivery, diagnostics: faults, .. } =
        delivery::deliver(input, &named, sources);
    assert_eq!(faults, [], "{}: {}", check.code, diagnostic::render(&faults, sources, false));
    let mesh = Mesh::resolve(&manifests, Config::found_in(&manifests, sources));
    check.findings(&Scene::new(&mesh, &delivery, sources, releases(sources)))
}

#[test]
fn every_check_finds_what_it_must_word_for_word() {
    for check in CHECKS {
        let folder = folder(check);
        let read = texts(&folder, "bad");
        let found = findings(check, &read);
        assert!(!found.is_empty(), "{}: the bad manifests trigger nothing", check.code);
        assert!(found.iter().all(|finding| finding.code == check.code), "{}", check.code);
        support::expect(&folder.join("bad.txt"), &diagnostic::render(&found, &read.0, false));
    }
}

#[test]
fn no_check_finds_what_it_must_not() {
    for check in CHECKS {
        let read = texts(&folder(check), "good");
        let found = findings(check, &read);
        assert_eq!(found, [], "{}: {}", check.code, diagnostic::render(&found, &read.0, false));
    }
}

#[test]
fn the_table_is_in_order_and_each_check_explains_itself() {
    assert!(CHECKS.windows(2).all(|pair| pair[0].code < pair[1].code), "the table is by code");
    for check in CHECKS {
        let file = check.code.replace('-', "_") + ".rs";
        let path = support::home().join("src/check/table").join(&file);
        assert!(path.is_file(), "`{}` is not in src/check/table/{file}", check.code);
        for text in [check.happens, check.mend, check.silent] {
            assert!(text.ends_with('.') && !text.contains("  "), "{}: `{text}` is no sentence", check.code);
        }
        assert!(!check.source.is_empty(), "{}", check.code);
        assert!(!check.summary.ends_with('.'), "{}", check.code);
    }
}

#[test]
fn every_folder_is_of_a_check() {
    let folders = support::home().join("tests/check").read_dir_utf8().expect("tests/check/ is there");
    for entry in folders {
        let name = entry.expect("tests/check/ can be read").file_name().to_owned();
        assert!(meshwright::check::named(&name).is_some(), "tests/check/{name} is of no check");
    }
}
