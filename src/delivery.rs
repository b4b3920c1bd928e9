//! What a cluster gets of the texts that were read: kustomization.yaml files and Flux Kustomizations, followed.
//!
//! ```text
//! Input ─ deliver ─► Delivered: Manifests as they are applied, and the Delivery that says how
//! ```
//!
//! A text that nothing leads to is not judged, and an edit that cannot be followed is told. Where a tree has neither kind
//! of file, everything in it counts, as for `kubectl apply --recursive`.

mod edit;
mod list;
mod patch;
mod reference;
mod root;
mod tally;
mod walk;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

pub use list::Edit;

use crate::{
    diagnostic::Diagnostic,
    manifest::{Manifests, Word, unwrapped},
    read::{self, Input, PassedOver},
    source::{Sources, Span},
    yaml::{Ambiguous, Node},
};

/// What is delivered, and what is wrong with the texts.
#[derive(Debug, Default)]
pub struct Delivered {
    /// The objects that bear on traffic, as they are applied.
    pub manifests: Manifests,
    /// How they come to a cluster.
    pub delivery: Delivery,
    /// How many texts held objects.
    pub files: usize,
    /// Why the others did not.
    pub passed_over: Vec<PassedOver>,
    /// What is wrong with the texts.
    pub diagnostics: Vec<Diagnostic>,
}

/// How objects come to a cluster, and which do not; in the order of the texts.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Files that the kustomization.yaml above them leaves out.
    pub left_out: Vec<LeftOut>,
    /// Files and folders that none of the Flux Kustomizations leads to, by what to point at.
    pub unapplied: Vec<Span>,
    /// Entries of kustomization.yaml files that do not lead where they should.
    pub faults: Vec<Fault>,
    /// Edits that were made here as kustomize makes them.
    pub followed: Vec<Edit>,
    /// Edits that cannot be followed.
    pub unfollowed: Vec<Edit>,
    /// Paths of Flux Kustomizations at which nothing lies.
    pub missing_paths: Vec<Word>,
    /// Objects that two Flux Kustomizations hold.
    pub twice: Vec<Twice>,
    /// Keys that are no text to kustomize, which builds their objects.
    pub keys_not_text: Vec<Span>,
    /// Values of objects that bear on traffic that readers take for different things.
    pub spellings: Vec<Ambiguous>,
}

/// A file that the kustomization.yaml above it leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its first object.
    pub object: Span,
    /// The list that does not name it.
    pub list: Span,
    /// The file, from the list's folder.
    pub name: Utf8PathBuf,
}

/// An entry of a kustomization.yaml that does not lead where it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The entry.
    pub entry: Span,
    /// What it says.
    pub word: String,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// Nothing lies there.
    Missing,
    /// A folder without a kustomization.yaml.
    Unlisted,
    /// A file outside the folder.
    Outside,
    /// A place that was not read: another repository, a link, a hidden folder, a file without an ending of YAML.
    Unread,
    /// The folder leads back to itself.
    Circle,
}

/// Objects that two Flux Kustomizations hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Twice {
    /// The first of them.
    pub object: Span,
    /// Its kind, namespace and name.
    pub id: String,
    /// How many more there are.
    pub others: usize,
    /// The two Kustomizations.
    pub by: [Holder; 2],
}

/// A Flux Kustomization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// `namespace/name`.
    pub name: Arc<str>,
    /// Its own object.
    pub span: Span,
}

/// A text with its objects.
#[derive(Debug)]
struct File {
    path: Utf8PathBuf,
    objects: Vec<Node>,
}

/// Reads the objects of all texts, and follows how they are applied; `named` are the paths that were asked for.
pub fn deliver(input: &Input, named: &[Utf8PathBuf], sources: &Sources) -> Delivered {
    let mut delivered = Delivered::default();
    let (files, lists) = read(input, sources, &mut delivered);
    let named = named.iter().map(|path| read::clean(path)).collect::<Vec<_>>();
    let seen = walk::Seen { input, named: &named, sources };
    let (delivery, applied) = tally::follow(&seen, &files, &lists);
    delivered.delivery = delivery;
    tally::take(files, applied, &mut delivered);
    delivered.manifests.set_assumptions_aside();
    delivered
}

/// Returns what `kustomize build` makes of a folder, and the edits that were not followed; nothing for a folder without a
/// kustomization.yaml.
pub fn built(input: &Input, folder: &Utf8Path, sources: &Sources) -> Option<(Vec<Node>, Vec<Edit>)> {
    let (files, lists) = read(input, sources, &mut Delivered::default());
    let named = [Utf8PathBuf::new()];
    let seen = walk::Seen { input, named: &named, sources };
    let mut walk = walk::Walk::new(&seen, &files, &lists);
    let got = walk.list(folder).map(|list| walk.top(list))?;
    let objects = got.iter().map(|got| walk.object(got).clone()).collect();
    Some((objects, walk.unfollowed.into_iter().collect()))
}

/// Reads every text: its objects, and what it lists if it is a kustomization.yaml.
fn read(input: &Input, sources: &Sources, delivered: &mut Delivered) -> (Vec<File>, Vec<list::List>) {
    let (mut files, mut lists) = (Vec::new(), Vec::new());
    for text in &input.texts {
        let (objects, faults) = read::objects(sources, text.file);
        let is_list = list::is_named_so(&text.path);
        let list = is_list.then(|| list::read(sources, input, text, objects.as_deref())).flatten();
        // A kustomization.yaml need not say what it is; what is wrong with it is then told here.
        delivered.diagnostics.extend(faults);
        lists.extend(list);
        let objects = match objects {
            Ok(objects) => {
                delivered.files += 1;
                objects.into_iter().flat_map(unwrapped).collect()
            }
            Err(reason) => {
                delivered.passed_over.push(reason);
                Vec::new()
            }
        };
        files.push(File { path: text.path.clone(), objects });
    }
    (files, lists)
}

#[cfg(test)]
mod tests;
