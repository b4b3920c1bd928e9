//! Manifests by anybody, as the commands that judge them read them.

use std::{collections::BTreeMap, io};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    check::{self, Releases, Scene},
    delivery::{self, Delivered, Delivery},
    diagnostic::{Diagnostic, Severity},
    manifest::Manifests,
    mesh::Mesh,
    read::{self, Input, PassedOver},
    source::Sources,
    tree::Tree,
};

/// What was read of the paths that were named.
pub(super) struct Read {
    /// The objects that bear on traffic.
    pub(super) manifests: Manifests,
    /// How they come to a cluster.
    pub(super) delivery: Delivery,
    /// How many texts held objects.
    pub(super) files: usize,
    /// How many files did not, by reason.
    pub(super) passed_over: BTreeMap<PassedOver, usize>,
    /// What is wrong with the texts.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Whether every file could be read.
    pub(super) is_readable: bool,
}

/// Reads directories, files, and `-` for standard input.
pub(super) fn read(paths: &[Utf8PathBuf], sources: &mut Sources) -> Read {
    let (input, diagnostics) = read::paths(paths, io::stdin().lock(), sources);
    objects(paths, paths, input, diagnostics, sources)
}

/// Reads a directory, a file, `-`, or `REV:PATH` of the git repository around the working directory.
///
/// What is there under the very name is meant before a revision.
pub(super) fn read_version(path: &Utf8PathBuf, sources: &mut Sources) -> Read {
    let paths = std::slice::from_ref(path);
    if path == "-" || !path.as_str().contains(':') || path.exists() {
        return read(paths, sources);
    }
    let (input, diagnostics) = read::revision(Utf8Path::new("."), path.as_str(), sources);
    let below: Utf8PathBuf = path.as_str().split_once(':').map_or("", |(_, path)| path).into();
    objects(paths, &[below], input, diagnostics, sources)
}

/// Reads a rendered tree as it would lie in its repository.
pub(super) fn read_tree(tree: &Tree, sources: &mut Sources) -> Read {
    let root = [tree.root().to_owned()];
    let input = Input::of(tree.iter().map(|(path, text)| (path.as_str(), text)), sources);
    objects(&root, &root, input, Vec::new(), sources)
}

/// Reads the objects; `paths` are as they were typed, `named` as the texts' own paths start.
fn objects(
    paths: &[Utf8PathBuf],
    named: &[Utf8PathBuf],
    mut input: Input,
    mut diagnostics: Vec<Diagnostic>,
    sources: &Sources,
) -> Read {
    let Delivered { manifests, delivery, files, passed_over, diagnostics: faults } =
        delivery::deliver(&input, named, sources);
    diagnostics.extend(faults);
    for reason in passed_over {
        input.pass_over(reason);
    }
    if files == 0 && diagnostics.is_empty() {
        diagnostics.push(nothing(paths));
    }
    let is_readable = diagnostics.iter().all(|fault| fault.severity < Severity::Error);
    Read { manifests, delivery, files, passed_over: input.passed_over, diagnostics, is_readable }
}

impl Read {
    /// Returns what the judgement of flows leaves out or takes as it is written, in the words of `check`.
    pub(super) fn undelivered(&self, mesh: &Mesh<'_>, sources: &Sources) -> Vec<Diagnostic> {
        let scene = Scene::new(mesh, &self.delivery, sources, Releases::default());
        let checks = ["manifest-not-delivered", "delivery-not-followed"].into_iter().filter_map(check::named);
        checks.flat_map(|check| check.findings(&scene)).collect()
    }
}

/// Nothing to judge is no good news: a path is wrong, or the program before a pipe failed.
fn nothing(paths: &[Utf8PathBuf]) -> Diagnostic {
    let named: Vec<String> = paths
        .iter()
        .map(|path| if path == "-" { "standard input".to_owned() } else { format!("`{path}`") })
        .collect();
    Diagnostic::general("no-objects", format!("there is no object in {}", named.join(", ")))
        .with_help("name what holds manifests; before a pipe, see that the program there did not fail")
}
