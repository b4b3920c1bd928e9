//! What the targets share: bytes, read as the commands read standard input.

use camino::Utf8PathBuf;
use meshwright::{
    delivery::{self, Delivered},
    diagnostic::{self, Diagnostic},
    read,
    source::Sources,
};

/// Reads manifests by anybody, and shows what is wrong with them.
pub fn manifests(bytes: &[u8]) -> (Delivered, Sources) {
    let mut sources = Sources::default();
    let named = [Utf8PathBuf::from("-")];
    let (input, diagnostics) = read::paths(&named, bytes, &mut sources);
    shown(&diagnostics, &sources);
    let delivered = delivery::deliver(&input, &named, &sources);
    shown(&delivered.diagnostics, &sources);
    (delivered, sources)
}

/// Shows diagnostics in each form: a place that is no place ends the program.
pub fn shown(diagnostics: &[Diagnostic], sources: &Sources) {
    diagnostic::render(diagnostics, sources, false);
    diagnostic::to_github(diagnostics, sources);
    diagnostic::to_sarif(diagnostics, sources, &[], "0");
    for one in diagnostics {
        diagnostic::to_json(one, sources);
    }
}
