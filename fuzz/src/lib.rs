//! What the targets share: bytes, read as the commands read standard input.

use camino::Utf8PathBuf;
use meshwright::{
    diagnostic::{self, Diagnostic},
    manifest::{Manifests, Origin, unwrapped},
    read,
    source::Sources,
};

/// Reads manifests by anybody, and shows what is wrong with them.
pub fn manifests(bytes: &[u8]) -> (Manifests, Sources) {
    let mut sources = Sources::default();
    let (input, mut diagnostics) = read::paths(&[Utf8PathBuf::from("-")], bytes, &mut sources);
    let mut manifests = Manifests::default();
    for text in &input.texts {
        let (objects, faults) = read::objects(&sources, text.file);
        diagnostics.extend(faults);
        for object in objects.into_iter().flatten().flat_map(unwrapped) {
            manifests.add(object, &Origin::default(), &mut diagnostics);
        }
    }
    shown(&diagnostics, &sources);
    (manifests, sources)
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
