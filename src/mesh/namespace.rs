//! Namespaces, shown or only named.

use std::collections::{BTreeMap, HashMap};

use super::{Config, Truth};
use crate::manifest::{LabelSelector, Manifests, Namespace, Object, Word};

/// The place of a namespace in [`Mesh::namespaces`](super::Mesh::namespaces).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespaceId(u32);

impl NamespaceId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A namespace that objects live in, and what is known of it.
#[derive(Debug, Clone)]
pub struct Scope<'m> {
    /// Its name.
    pub name: &'m str,
    /// The object; none where the manifests do not hold it, and its labels are unknown (semantics NP34).
    pub object: Option<&'m Object<Namespace>>,
}

/// The label that every namespace carries (semantics NP33).
pub const NAME: &str = "kubernetes.io/metadata.name";

impl<'m> Scope<'m> {
    /// Returns a label as it is written.
    pub fn label(&self, key: &str) -> Option<&'m Word> {
        self.object.and_then(|object| object.meta.labels.named(key))
    }

    /// Tells whether a selector matches the namespace. Labels of a namespace that is not shown are unknown, but for the
    /// one with its name.
    pub fn is_selected_by(&self, selector: &LabelSelector) -> Truth {
        let value = |key: &str| {
            (key == NAME).then_some(self.name).or_else(|| self.label(key).map(|word| word.as_str()))
        };
        if self.object.is_some() {
            return selector.matches(value).into();
        }
        let labels = selector.match_labels.iter().map(|(key, wanted)| match value(key) {
            Some(name) => Truth::from(name == wanted.value),
            None => Truth::Unknown,
        });
        let expressions =
            selector.match_expressions.iter().map(|requirement| match value(&requirement.key) {
                Some(name) => Truth::from(requirement.holds(Some(name))),
                None => Truth::Unknown,
            });
        labels.chain(expressions).fold(Truth::Yes, Truth::and)
    }
}

/// Finding namespaces by label without looking at every one.
#[derive(Debug)]
pub(super) struct Index<'m> {
    labels: HashMap<(&'m str, &'m str), Vec<NamespaceId>>,
    /// Those whose labels are unknown.
    hidden: Vec<NamespaceId>,
}

impl<'m> Index<'m> {
    pub(super) fn new(scopes: &[Scope<'m>]) -> Self {
        let mut index = Self { labels: HashMap::new(), hidden: Vec::new() };
        for (id, scope) in (0..).map(NamespaceId).zip(scopes) {
            let Some(object) = scope.object else {
                index.hidden.push(id);
                continue;
            };
            for (key, value) in object.meta.labels.iter().filter(|(key, _)| key.as_str() != NAME) {
                index.labels.entry((key.as_str(), value.as_str())).or_default().push(id);
            }
        }
        index
    }

    /// Returns the namespaces that a selector matches or may match, in order.
    pub(super) fn selected(
        &self,
        selector: &LabelSelector,
        scopes: &[Scope<'m>],
        named: &HashMap<&'m str, NamespaceId>,
    ) -> Vec<(NamespaceId, Truth)> {
        let mut candidates: Vec<NamespaceId> = match self.rarest(selector, named) {
            Some(some) => some,
            None => (0..).map(NamespaceId).take(scopes.len()).collect(),
        };
        candidates.sort_unstable();
        let judged = candidates.into_iter().map(|id| (id, scopes[id.index()].is_selected_by(selector)));
        judged.filter(|(_, is_meant)| is_meant.is_possible()).collect()
    }

    /// Returns those that one of the labels leaves, the label that leaves the fewest; none where no label is asked for.
    fn rarest(
        &self,
        selector: &LabelSelector,
        named: &HashMap<&'m str, NamespaceId>,
    ) -> Option<Vec<NamespaceId>> {
        let name = selector.match_labels.iter().find(|(key, _)| key.as_str() == NAME);
        if let Some((_, name)) = name {
            return Some(named.get(name.as_str()).copied().into_iter().collect());
        }
        let postings = selector.match_labels.iter().map(|(key, value)| {
            self.labels.get(&(key.as_str(), value.as_str())).map_or(&[][..], Vec::as_slice)
        });
        let rarest = postings.min_by_key(|posting| posting.len())?;
        Some(rarest.iter().chain(&self.hidden).copied().collect())
    }
}

/// Returns every namespace by name, and where each is.
pub(super) fn scopes<'m>(
    manifests: &'m Manifests,
    config: &Config,
) -> (Vec<Scope<'m>>, HashMap<&'m str, NamespaceId>) {
    let mut found: BTreeMap<&str, Option<&Object<Namespace>>> = BTreeMap::new();
    for object in &manifests.namespaces {
        found.entry(&object.meta.name).or_insert(Some(object));
    }
    let inhabited = [
        names(&manifests.workloads),
        names(&manifests.services),
        names(&manifests.service_accounts),
        names(&manifests.network_policies),
        names(&manifests.peer_authentications),
        names(&manifests.authorization_policies),
    ];
    for name in inhabited.into_iter().flatten() {
        found.entry(name).or_default();
    }
    debug_assert!(!config.root_namespace.is_empty(), "the mesh has a root namespace");
    let scopes: Vec<Scope<'m>> = found.into_iter().map(|(name, object)| Scope { name, object }).collect();
    let place = |(index, scope): (usize, &Scope<'m>)| {
        (scope.name, NamespaceId(u32::try_from(index).expect("fewer namespaces than bytes")))
    };
    let named = scopes.iter().enumerate().map(place).collect();
    (scopes, named)
}

fn names<K>(objects: &[Object<K>]) -> Vec<&str> {
    objects.iter().map(|object| object.meta.namespace()).collect()
}
