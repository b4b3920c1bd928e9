//! Profiles with a fault each, and what is said of them; and profiles in which nothing is wrong.
//!
//! `UPDATE=1 cargo test --test profiles` rewrites the expected texts; read the difference before you commit it.

use std::{collections::BTreeSet, env, fs, ops::Range};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    diagnostic::{self, Diagnostic, Severity},
    profile::{self, Profile},
    source::{Source, Sources},
    yaml::{self, Node},
};
use similar::TextDiff;

const BROKEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles");
const ACCEPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/profiles/accepted");

#[test]
fn every_fault_is_told_as_expected() {
    let folder = Utf8Path::new(BROKEN);
    let updates = env::var_os("UPDATE").is_some();
    let (cases, texts) = (stems(folder, "yaml"), stems(folder, "txt"));
    let mut differences = String::new();
    for stem in cases.union(&texts) {
        let expected = folder.join(stem).with_extension("txt");
        let found = if cases.contains(stem) { told(folder, stem) } else { String::new() };
        let before = fs::read_to_string(&expected).unwrap_or_default();
        if !updates {
            differences += &difference(stem, &before, &found, texts.contains(stem));
        } else if !cases.contains(stem) {
            fs::remove_file(&expected).expect("a text without a case goes");
        } else if before != found {
            fs::write(&expected, &found).expect("the case's folder takes files");
        }
    }
    assert!(differences.is_empty(), "run with UPDATE=1 to accept:\n{differences}");
}

#[test]
fn every_case_finds_a_fault() {
    let folder = Utf8Path::new(BROKEN);
    let silent: Vec<String> =
        stems(folder, "yaml").into_iter().filter(|stem| told(folder, stem).is_empty()).collect();
    assert_eq!(silent, [""; 0], "a profile without a fault belongs into `accepted`");
}

#[test]
fn a_case_with_an_error_gives_no_profile_and_every_other_does() {
    let folder = Utf8Path::new(BROKEN);
    for stem in stems(folder, "yaml") {
        let (profile, diagnostics, _) = load(folder, &stem);
        let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity < Severity::Error);
        assert_eq!(profile.is_some(), is_sound, "{stem}: {diagnostics:#?}");
    }
}

#[test]
fn five_faults_are_five_diagnostics() {
    let (_, diagnostics, _) = load(Utf8Path::new(BROKEN), "five-faults");
    let codes: BTreeSet<&str> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!((diagnostics.len(), codes.len()), (5, 5), "{codes:?}");
}

#[test]
fn nothing_is_said_of_an_accepted_profile() {
    let folder = Utf8Path::new(ACCEPTED);
    let stems = stems(folder, "yaml");
    assert!(!stems.is_empty());
    for stem in stems {
        assert_eq!(told(folder, &stem), "", "{stem}");
        assert!(load(folder, &stem).0.is_some(), "{stem}");
    }
}

#[test]
fn a_version_keeps_its_last_zero_without_quotes() {
    let (profile, ..) = load(Utf8Path::new(ACCEPTED), "unquoted-version");
    let version = profile.expect("the profile is sound").kubernetes_version;
    assert_eq!(version.to_string(), "1.30");
}

/// Returns the names, without the ending, of the files that have it.
fn stems(folder: &Utf8Path, ending: &str) -> BTreeSet<String> {
    let files = folder.read_dir_utf8().expect("the folder is there");
    let paths = files.map(|file| file.expect("the folder can be read").into_path());
    paths
        .filter(|path| path.extension() == Some(ending))
        .filter_map(|path| path.file_stem().map(str::to_owned))
        .collect()
}

fn told(folder: &Utf8Path, stem: &str) -> String {
    let (_, diagnostics, sources) = load(folder, stem);
    diagnostic::render(&diagnostics, &sources, false)
}

fn load(folder: &Utf8Path, stem: &str) -> (Option<Profile>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let name = format!("{stem}.yaml");
    let source = Source { text: text(&folder.join(&name)), path: name.into() };
    let (profile, diagnostics) =
        profile::load(source, &mut sources, &mut |pattern| Ok(fragments(folder, pattern)));
    (profile, diagnostics, sources)
}

fn fragments(folder: &Utf8Path, pattern: &str) -> Vec<Source> {
    let paths = glob::glob(folder.join(pattern).as_str()).expect("the case's pattern is one");
    let paths = paths.map(|path| Utf8PathBuf::try_from(path.expect("readable")).expect("UTF-8"));
    paths
        .map(|path| Source {
            text: text(&path),
            path: path.strip_prefix(folder).expect("found below the folder").to_owned(),
        })
        .collect()
}

/// Reads a text as the command does: less its byte order mark.
fn text(path: &Utf8Path) -> String {
    let text = fs::read_to_string(path).expect("the file is UTF-8");
    text.strip_prefix('\u{FEFF}').unwrap_or(&text).to_owned()
}

/// Returns the difference as a patch; empty if there is none.
fn difference(stem: &str, expected: &str, found: &str, is_there: bool) -> String {
    if expected == found && is_there {
        return String::new();
    }
    let names = (format!("{stem}.txt"), format!("{stem}.txt as found"));
    TextDiff::from_lines(expected, found).unified_diff().header(&names.0, &names.1).to_string()
}

/// Wherever one value is no value, one fault is told: none is lost, and none follows from another.
#[test]
fn one_broken_value_is_one_fault() {
    let folder = Utf8Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles"));
    let whole = text(&folder.join("full.yaml"));
    let mut sources = Sources::default();
    let file = sources.add("full.yaml", whole.as_str());
    let (documents, _) = yaml::parse(&sources, file);
    let mut places = Vec::new();
    scalars(&documents[0], &mut places);
    assert!(places.len() > 100);
    for place in places {
        let broken = format!("{}[[]]{}", &whole[..place.start], &whole[place.end..]);
        let source = Source { text: broken, path: "full.yaml".into() };
        let mut sources = Sources::default();
        let (_, diagnostics) =
            profile::load(source, &mut sources, &mut |pattern| Ok(fragments(folder, pattern)));
        let told = diagnostic::render(&diagnostics, &sources, false);
        assert_eq!(diagnostics.len(), 1, "in place of `{}`:\n{told}", &whole[place]);
    }
}

/// Collects the places of all values but those of `values`, which are the charts' own.
fn scalars(node: &Node, places: &mut Vec<Range<usize>>) {
    if node.scalar().is_some() {
        places.push(node.span.range());
    }
    let values =
        node.entries().iter().filter(|(key, _)| key.text() != Some("values")).map(|(_, value)| value);
    for child in node.items().iter().chain(values) {
        scalars(child, places);
    }
}
