//! The trees of the shipped profiles, byte for byte, as `render` writes them with its lock, and what other releases change
//! in them, as `render --diff` shows it.
//!
//! A missing, an extra and a differing file each fail. `UPDATE=1 cargo test --test golden` rewrites them.

mod support;

use std::{collections::BTreeMap, fs, process::Command};

use camino::Utf8Path;
use meshwright::{
    release::{self, Flux, Istio, Minor},
    render,
    tree::{self, Digest, Stamp},
};
use support::releases::{self, Releases};

fn render(stem: &str, flags: &[&str]) -> (bool, String) {
    let home = support::home();
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .current_dir(home)
        .args(["render", &format!("profiles/{stem}.yaml"), "--output", &format!("golden/{stem}")])
        .args(["--today", "2026-11-24", "--quiet", "--color", "never"])
        .args(flags)
        .output()
        .expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_shipped_profile_renders_its_golden_tree() {
    let update = std::env::var_os("UPDATE").is_some();
    for stem in support::shipped() {
        if update {
            let (is_written, said) = render(&stem, &["--force"]);
            assert!(is_written, "{said}");
        }
        let (is_current, found) = render(&stem, &["--check"]);
        let (_, patch) = render(&stem, &["--diff"]);
        assert!(is_current, "golden/{stem} is not what profiles/{stem}.yaml renders:\n{found}{patch}");
    }
}

#[test]
fn every_golden_tree_has_its_profile() {
    let trees = support::home().join("golden").read_dir_utf8().expect("golden/ is there");
    let mut trees: Vec<String> =
        trees.map(|entry| entry.expect("golden/ can be read").file_name().to_owned()).collect();
    trees.retain(|name| name != "releases");
    trees.sort();
    assert_eq!(trees, support::shipped());
}

/// Returns the patch from the tree that a shipped profile renders to the one of other releases, its lock left out.
fn patch(stem: &str, releases: &Releases) -> String {
    let (profile, diagnostics, _) = releases.load(stem);
    assert_eq!(diagnostics, [], "{stem} {}: what goes together is called so", releases.name());
    let rendered = render::render(&profile.expect("it loads")).expect("our templates render");
    // Not golden/ itself, which another test may be rewriting.
    let before = tempfile::tempdir().expect("a folder can be made");
    let before = Utf8Path::from_path(before.path()).expect("a plain path");
    support::write(&support::golden(stem).tree, before);
    let stamp = Stamp { tool: String::new(), profile: stem.to_owned(), digest: Digest::of("") };
    let mut comparison = tree::compare(before, &rendered.tree, &stamp);
    comparison.entries.retain(|entry| !entry.is_lock());
    tree::unified(&comparison)
}

#[test]
fn other_releases_change_a_tree_as_their_patches_say() {
    let folder = support::home().join("golden/releases");
    let mut made = BTreeMap::new();
    for releases in releases::matrix() {
        for stem in releases::STEMS {
            made.insert(format!("{stem}-{}.diff", releases.name()), patch(stem, &releases));
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::remove_dir_all(&folder).expect("golden/releases/ is there");
        fs::create_dir(&folder).expect("a folder can be made");
        for (name, text) in &made {
            fs::write(folder.join(name), text).expect("our own folder can be written");
        }
    }
    let there = folder.read_dir_utf8().expect("golden/releases/ is there").map(|entry| {
        let path = entry.expect("golden/releases/ can be read").into_path();
        let text = fs::read_to_string(&path).expect("a patch is text");
        (path.file_name().expect("a file has a name").to_owned(), text)
    });
    let there: BTreeMap<String, String> = there.collect();
    assert_eq!(there.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
    for (name, text) in made {
        assert!(there[&name] == text, "golden/releases/{name} is not what is rendered:\n{text}");
    }
}

#[test]
fn the_matrix_holds_the_oldest_and_the_newest_that_fit() {
    let matrix = releases::matrix();
    for pair in matrix.chunks(2) {
        let istio = pair[0].istio;
        let range = Istio::of(istio.minor).and_then(Istio::support).expect("a known release").kubernetes;
        let runs_on =
            |flux: &Minor, kubernetes| Flux::of(*flux).expect("known").minimum_kubernetes <= kubernetes;
        let oldest = release::flux_minors().find(|flux| runs_on(flux, range.oldest)).expect("some Flux");
        let newest = release::flux_minors().rfind(|flux| runs_on(flux, range.newest)).expect("some Flux");
        let ends = [(range.oldest, oldest), (range.newest, newest)];
        assert_eq!(pair, ends.map(|(kubernetes, flux)| Releases { istio, kubernetes, flux }));
    }
    let newest = matrix.last().map(|releases| releases.istio.minor);
    assert_eq!(newest, release::istio_minors().next_back(), "the newest Istio is among them");
}
