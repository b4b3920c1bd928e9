//! Patches as kustomize makes them: strategic merge patches and JSON patches, where their outcome is certain.
//!
//! An outcome is certain where what a patch says of it needs no schema: mappings are merged, scalars take the place of
//! others, `null` takes a key out, and a list takes the place of another where kustomize has no key to merge its items by
//! (`kyaml/yaml/merge2` and `api/filters/patchjson6902` of kustomize 5.8). All else is left as it is written, and told.

mod merge;
mod operation;
mod select;

pub(super) use select::Candidate;

use self::select::Selector;
use super::{list::Edit, walk};
use crate::{
    read,
    source::{Sources, Span},
    yaml::{self, Node},
};

/// A patch of a kustomization.yaml or of a Flux Kustomization.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    pub(super) edit: Edit,
    target: Target,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    /// Objects that are laid over others.
    Merge(Vec<Node>),
    /// Operations of RFC 6902.
    Operations(Vec<Node>),
    /// It could not be read, or asks for what is not followed.
    Uncertain,
}

/// Which objects.
#[derive(Debug, Clone)]
enum Target {
    /// That which the patch names.
    Named,
    /// Those of which everything matches that is given.
    Selected(Box<Selector>),
}

/// What is left of a value: nothing where a patch takes it out.
type Left = Option<Node>;

/// What becomes of an object, by its place.
pub(super) type Outcome = (usize, Left);

impl Patch {
    /// Reads a patch from its text, and from what it says of its target: a word for each key of a selector.
    pub(super) fn read<'t>(
        sources: &Sources,
        edit: Edit,
        text: Text<'_>,
        target: Option<impl Fn(&str) -> Option<&'t str>>,
    ) -> Self {
        let change = text.documents(sources).map_or(Change::Uncertain, change);
        let selector = target.map(Selector::read);
        let (target, change) = match selector {
            None => (Target::Named, change),
            Some(Some(selector)) => (Target::Selected(Box::new(selector)), change),
            Some(None) => (Target::Named, Change::Uncertain),
        };
        Self { edit, target, change }
    }

    /// Tells whether it may change what bears on traffic: not where its kind is known not to.
    pub(super) fn may_bear_on_traffic(&self) -> bool {
        match (&self.target, &self.change) {
            (Target::Selected(selector), _) => selector.may_bear_on_traffic(),
            (Target::Named, Change::Merge(patches)) => patches.iter().any(walk::bears_on_traffic),
            (Target::Named, Change::Operations(_) | Change::Uncertain) => true,
        }
    }

    /// Returns what becomes of the objects that it changes; nothing where that is not certain.
    pub(super) fn outcomes(&self, objects: &[Candidate<'_>]) -> Option<Vec<Outcome>> {
        match (&self.change, &self.target) {
            (Change::Uncertain, _) => None,
            (Change::Merge(patches), Target::Named) => {
                let each = patches.iter().map(|patch| {
                    let at = select::named(objects, patch)?;
                    Some((at, merge::merged(objects[at].now, patch)?))
                });
                let outcomes: Vec<Outcome> = each.collect::<Option<_>>()?;
                let is_once = |at: usize| outcomes.iter().filter(|(other, _)| *other == at).count() == 1;
                outcomes.iter().all(|(at, _)| is_once(*at)).then_some(outcomes)
            }
            (Change::Merge(patches), Target::Selected(selector)) => match patches.as_slice() {
                [patch] => selector.all(objects, |object| merge::merged(object, patch)),
                _ => None,
            },
            (Change::Operations(operations), Target::Selected(selector)) => {
                selector.all(objects, |object| operation::operated(object, operations).map(Some))
            }
            (Change::Operations(_), Target::Named) => None,
        }
    }
}

/// The text of a patch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'t> {
    /// In a value.
    Inline(&'t str, Span),
    /// All of a file.
    File(u32),
    /// It is not among the texts, or comes with options.
    Unread,
}

impl Text<'_> {
    fn documents(self, sources: &Sources) -> Option<Vec<Node>> {
        let (documents, faults) = match self {
            Self::Inline(text, span) => yaml::parse_within(sources, text, span),
            Self::File(file) => read::raw(sources, file),
            Self::Unread => return None,
        };
        faults.is_empty().then_some(documents)
    }
}

fn change(documents: Vec<Node>) -> Change {
    let documents: Vec<Node> = documents
        .into_iter()
        .filter(|document| !document.is_null())
        .map(|document| yaml::kustomized(&document).unwrap_or(document))
        .collect();
    match documents.as_slice() {
        [one] if one.is_sequence() => Change::Operations(one.items().to_vec()),
        [] => Change::Uncertain,
        all if all.iter().all(Node::is_mapping) => Change::Merge(documents),
        _ => Change::Uncertain,
    }
}
