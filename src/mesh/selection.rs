//! Finding pods by label without looking at every one.

use std::collections::HashMap;

use super::{NamespaceId, Pod, PodId, Truth};
use crate::manifest::{LabelSelector, Labels};

/// Pods by namespace, and by each label that they carry.
#[derive(Debug)]
pub(super) struct Index<'m> {
    namespaces: Vec<Vec<PodId>>,
    labels: HashMap<(&'m str, &'m str), Vec<PodId>>,
    all: Vec<PodId>,
}

impl<'m> Index<'m> {
    pub(super) fn new(pods: &[Pod<'m>], namespaces: usize) -> Self {
        let mut index =
            Self { namespaces: vec![Vec::new(); namespaces], labels: HashMap::new(), all: Vec::new() };
        for pod in pods {
            index.all.push(pod.id);
            index.namespaces[pod.namespace.index()].push(pod.id);
            for (key, value) in pod.labels() {
                index.labels.entry((key.as_str(), value.as_str())).or_default().push(pod.id);
            }
        }
        index
    }

    /// Returns the pods of a namespace.
    pub(super) fn of_namespace(&self, namespace: NamespaceId) -> &[PodId] {
        &self.namespaces[namespace.index()]
    }

    /// Returns the pods of a namespace, or all.
    pub(super) fn in_scope(&self, namespace: Option<NamespaceId>) -> Vec<PodId> {
        self.scope(namespace).to_vec()
    }

    /// Returns the pods in scope that carry every one of the labels.
    pub(super) fn labelled(
        &self,
        namespace: Option<NamespaceId>,
        labels: &Labels,
        pods: &[Pod<'m>],
    ) -> Vec<PodId> {
        self.narrowed(namespace, labels, pods, |pod| {
            labels.iter().all(|(key, value)| pod.label(key) == Some(value.as_str()))
        })
    }

    /// Returns the pods in scope that a selector matches.
    pub(super) fn selected(
        &self,
        namespace: Option<NamespaceId>,
        selector: &LabelSelector,
        pods: &[Pod<'m>],
    ) -> Vec<PodId> {
        self.narrowed(namespace, &selector.match_labels, pods, |pod| selector.matches(|key| pod.label(key)))
    }

    /// Returns the pods of several namespaces, in order, that a selector matches, each with what is known of its namespace.
    pub(super) fn selected_in(
        &self,
        scopes: &[(NamespaceId, Truth)],
        selector: &LabelSelector,
        pods: &[Pod<'m>],
    ) -> Vec<(PodId, Truth)> {
        let all: usize = scopes.iter().map(|(namespace, _)| self.of_namespace(*namespace).len()).sum();
        let rarest = self.postings(&selector.match_labels).min_by_key(|posting| posting.len());
        let is_meant = |id: &PodId| selector.matches(|key| pods[id.index()].label(key));
        if let Some(posting) = rarest.filter(|posting| posting.len() < all) {
            let within = |id: &PodId| {
                let namespace = pods[id.index()].namespace;
                scopes.binary_search_by_key(&namespace, |(id, _)| *id).ok().map(|at| scopes[at].1)
            };
            let found = posting.iter().filter_map(|id| Some((*id, within(id)?)));
            return found.filter(|(id, _)| is_meant(id)).collect();
        }
        let found = scopes
            .iter()
            .flat_map(|(namespace, truth)| self.of_namespace(*namespace).iter().map(|id| (*id, *truth)));
        found.filter(|(id, _)| is_meant(id)).collect()
    }

    fn postings<'a>(&'a self, labels: &'a Labels) -> impl Iterator<Item = &'a [PodId]> {
        labels.iter().map(|(key, value)| {
            self.labels.get(&(key.as_str(), value.as_str())).map_or(&[][..], Vec::as_slice)
        })
    }

    fn scope(&self, namespace: Option<NamespaceId>) -> &[PodId] {
        namespace.map_or(&self.all, |id| &self.namespaces[id.index()])
    }

    /// Looks only at the pods of the rarest of the labels, or of the scope where that is less.
    fn narrowed(
        &self,
        namespace: Option<NamespaceId>,
        labels: &Labels,
        pods: &[Pod<'m>],
        holds: impl Fn(&Pod<'m>) -> bool,
    ) -> Vec<PodId> {
        let lists = self.postings(labels).chain([self.scope(namespace)]);
        let candidates = lists.min_by_key(|list| list.len()).unwrap_or_default();
        let is_found = |id: &&PodId| {
            let pod = &pods[id.index()];
            namespace.is_none_or(|namespace| pod.namespace == namespace) && holds(pod)
        };
        candidates.iter().filter(is_found).copied().collect()
    }
}
