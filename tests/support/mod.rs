//! What the tests share: shipped profiles, loaded and rendered.
#![allow(dead_code, reason = "each test uses its part")]

pub mod releases;
pub mod structure;

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    diagnostic::{self, Diagnostic},
    profile::{self, Profile},
    render::{self, Rendered},
    source::{Source, Sources},
    tree::Tree,
};

/// The folder of the repository.
pub fn home() -> &'static Utf8Path {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The stems of the shipped profiles, in order.
pub fn shipped() -> Vec<String> {
    let mut stems: Vec<String> = home()
        .join("profiles")
        .read_dir_utf8()
        .expect("profiles/ is there")
        .map(|entry| entry.expect("profiles/ can be read").into_path())
        .filter(|path| path.extension() == Some("yaml"))
        .map(|path| path.file_stem().expect("a file has a stem").to_owned())
        .collect();
    stems.sort();
    stems
}

/// Loads a profile of `profiles/`, with its fragments, and what is said of it.
pub fn load(stem: &str) -> (Option<Profile>, Vec<Diagnostic>, Sources) {
    let folder = home().join("profiles");
    let path = Utf8PathBuf::from(format!("{stem}.yaml"));
    let text = std::fs::read_to_string(folder.join(&path)).expect("the profile can be read");
    from_text(Source { path, text }, &mut fragment)
}

/// Reads a fragment of `profiles/`, which a shipped profile names by its path.
pub fn fragment(path: &str) -> Result<Vec<Source>, String> {
    let text =
        std::fs::read_to_string(home().join("profiles").join(path)).map_err(|error| error.to_string())?;
    Ok(vec![Source { path: path.into(), text }])
}

/// Loads a profile from its text.
pub fn from_text(
    source: Source,
    fragments: &mut profile::Fragments<'_>,
) -> (Option<Profile>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::default();
    let (profile, diagnostics) = profile::load(source, &mut sources, fragments);
    (profile, diagnostics, sources)
}

/// Renders a profile that is written in a test.
pub fn rendered(text: &str) -> Rendered {
    let source = Source { path: "test.yaml".into(), text: text.to_owned() };
    let (profile, diagnostics, sources) = from_text(source, &mut |_| Ok(Vec::new()));
    let said = diagnostic::render(&diagnostics, &sources, false);
    render::render(&profile.unwrap_or_else(|| panic!("{said}"))).expect("our templates render")
}

/// Renders a shipped profile.
pub fn golden(stem: &str) -> Rendered {
    let (profile, diagnostics, sources) = load(stem);
    let said = diagnostic::render(&diagnostics, &sources, false);
    render::render(&profile.unwrap_or_else(|| panic!("{said}"))).expect("our templates render")
}

/// Writes the files of a tree below a folder.
pub fn write(tree: &Tree, folder: &Utf8Path) {
    for (path, text) in tree.iter() {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        std::fs::write(path, text).expect("a new folder can be written");
    }
}

/// Returns the documents of a YAML text, read by a parser that is not ours.
pub fn documents(text: &str) -> Vec<serde_json::Value> {
    use serde::Deserialize as _;
    yaml_serde::Deserializer::from_str(text)
        .map(|document| serde_json::Value::deserialize(document).expect("rendered YAML is YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

/// Returns every file below a folder.
pub fn files_below(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().unwrap_or_else(|error| panic!("{folder}: {error}"));
    let below = |path: Utf8PathBuf| if path.is_dir() { files_below(&path) } else { vec![path] };
    entries.flat_map(|entry| below(entry.expect("a folder can be read").into_path())).collect()
}

/// Compares with what a file expects; with `UPDATE=1`, writes it there.
pub fn expect(path: &Utf8Path, actual: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, actual).expect("an expectation can be written");
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    assert!(expected == actual, "{path}: run with UPDATE=1 to accept:\n{actual}");
}
