//! The ends of flows: pods of the manifests, pods that the manifests do not show, nodes, and the world outside.

use std::{collections::BTreeMap, fmt};

use crate::{
    manifest::LabelSelector,
    mesh::{Mesh, NAME, NamespaceId, Pod, PodId, Scope, Truth},
};

/// The place of an endpoint in [`Endpoints`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointId(u32);

impl EndpointId {
    /// Returns the place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) fn new(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer endpoints than bytes"))
    }
}

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint<'e> {
    /// What a workload of the manifests makes.
    Pod(PodId),
    /// A pod that the manifests do not show.
    Unseen(&'e Unseen),
    /// The node that a pod runs on: kubelet, and whatever has the node's own network.
    Node,
    /// Every address outside the cluster.
    Outside,
}

/// A pod that the manifests do not show, and that somebody could start or has started.
///
/// No policy restricts what it sends, which is the worst case: it stands for whoever else could call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Where it lives.
    pub place: Place,
    /// What it carries.
    pub labels: BTreeMap<String, String>,
    /// The account that it runs as.
    pub account: String,
    /// Whether it has a sidecar, and with it a certificate of its account.
    pub is_meshed: bool,
}

/// Where a pod lives that the manifests do not show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A namespace by name; what the manifests do not tell of its labels is unknown (semantics NP34).
    Named(String),
    /// Some namespace that nothing names, with these labels and no others.
    Other(BTreeMap<String, String>),
}

/// Every endpoint: the pods, then those that are not shown, then the node and the outside.
#[derive(Debug)]
pub struct Endpoints<'m> {
    mesh: &'m Mesh<'m>,
    pods: usize,
    unseen: Vec<Unseen>,
    /// Those in namespaces that objects of the manifests name, by namespace.
    at_home: BTreeMap<NamespaceId, Vec<EndpointId>>,
    /// The others.
    elsewhere: Vec<EndpointId>,
}

impl<'m> Endpoints<'m> {
    /// Lists the pods of a mesh and those that are not shown.
    pub fn new(mesh: &'m Mesh<'m>, unseen: Vec<Unseen>) -> Self {
        let pods = mesh.pods().len();
        let (mut at_home, mut elsewhere) = (BTreeMap::<_, Vec<_>>::new(), Vec::new());
        for (index, pod) in unseen.iter().enumerate() {
            let id = EndpointId::new(pods + index);
            match pod.home(mesh) {
                Some(namespace) => at_home.entry(namespace).or_default().push(id),
                None => elsewhere.push(id),
            }
        }
        Self { mesh, pods, unseen, at_home, elsewhere }
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.pods + self.unseen.len() + 2
    }

    /// Tells whether there is none; never, since there always is an outside.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Returns what an endpoint is.
    pub fn endpoint(&self, id: EndpointId) -> Endpoint<'_> {
        match id.index().checked_sub(self.pods) {
            None => Endpoint::Pod(PodId::at(id.index())),
            Some(index) if index < self.unseen.len() => Endpoint::Unseen(&self.unseen[index]),
            Some(index) if index == self.unseen.len() => Endpoint::Node,
            Some(_) => Endpoint::Outside,
        }
    }

    /// Returns every endpoint that is a pod, shown or not.
    pub fn all_pods(&self) -> impl Iterator<Item = EndpointId> + use<> {
        (0..self.pods + self.unseen.len()).map(EndpointId::new)
    }

    /// Returns the endpoint of a pod.
    pub fn of(&self, pod: PodId) -> EndpointId {
        EndpointId::new(pod.index())
    }

    /// Returns a pod that is not shown by its place in the list that [`Endpoints::new`] was given.
    pub fn unseen(&self, index: usize) -> EndpointId {
        EndpointId::new(self.pods + index)
    }

    /// Returns the node.
    pub fn node(&self) -> EndpointId {
        EndpointId::new(self.pods + self.unseen.len())
    }

    /// Returns the outside.
    pub fn outside(&self) -> EndpointId {
        EndpointId::new(self.pods + self.unseen.len() + 1)
    }

    /// Returns the pods that are not shown and live in a namespace that the manifests name.
    pub(super) fn unseen_in(&self, namespace: NamespaceId) -> &[EndpointId] {
        self.at_home.get(&namespace).map_or(&[], Vec::as_slice)
    }

    /// Returns the pods that are not shown and live in a namespace that no object of the manifests names.
    pub(super) fn elsewhere(&self) -> &[EndpointId] {
        &self.elsewhere
    }

    /// Returns the mesh that the shown ones are of.
    pub fn mesh(&self) -> &'m Mesh<'m> {
        self.mesh
    }

    /// Returns a pod that is shown; none for anything else.
    pub fn pod(&self, id: EndpointId) -> Option<&'m Pod<'m>> {
        match self.endpoint(id) {
            Endpoint::Pod(pod) => Some(self.mesh.pod(pod)),
            Endpoint::Unseen(_) | Endpoint::Node | Endpoint::Outside => None,
        }
    }

    /// Returns the name of an endpoint, as reports write it and `--from` and `--to` take it.
    pub fn name(&self, id: EndpointId) -> String {
        match self.endpoint(id) {
            Endpoint::Pod(pod) => self.mesh.pod(pod).path(),
            Endpoint::Unseen(unseen) => unseen.to_string(),
            Endpoint::Node => "node".to_owned(),
            Endpoint::Outside => "outside".to_owned(),
        }
    }
}

impl Unseen {
    /// Returns any pod of a namespace that nothing names or selects, with a sidecar or without.
    pub fn anybody(mesh: &Mesh<'_>, is_meshed: bool) -> Self {
        let mut name = "elsewhere".to_owned();
        while mesh.namespace_id(&name).is_some() {
            name += "-else";
        }
        Self {
            place: Place::Other([(NAME.to_owned(), name)].into()),
            labels: BTreeMap::new(),
            account: "default".to_owned(),
            is_meshed,
        }
    }

    /// Tells whether it stands for any pod of a namespace that nothing names or selects.
    pub fn is_anybody(&self) -> bool {
        let is_plain = |labels: &BTreeMap<String, String>| labels.keys().all(|key| key == NAME);
        self.labels.is_empty() && matches!(&self.place, Place::Other(labels) if is_plain(labels))
    }

    fn home(&self, mesh: &Mesh<'_>) -> Option<NamespaceId> {
        match &self.place {
            Place::Named(name) => mesh.namespace_id(name),
            Place::Other(_) => None,
        }
    }

    /// Tells whether a selector wants its namespace.
    pub(super) fn is_in_selected(&self, mesh: &Mesh<'_>, selector: &LabelSelector) -> Truth {
        match &self.place {
            Place::Named(name) => {
                let shown = mesh.namespace(name).cloned();
                shown.unwrap_or(Scope { name, object: None }).is_selected_by(selector)
            }
            Place::Other(labels) => selector.matches(|key| labels.get(key).map(String::as_str)).into(),
        }
    }

    /// Tells whether a selector wants its labels.
    pub(super) fn is_selected(&self, selector: &LabelSelector) -> bool {
        selector.matches(|key| self.labels.get(key).map(String::as_str))
    }

    /// Returns the namespace's name; `*`, which no namespace is called, where it has none.
    pub fn namespace(&self) -> &str {
        match &self.place {
            Place::Named(name) => name,
            Place::Other(labels) => labels.get(NAME).map_or("*", String::as_str),
        }
    }
}

impl fmt::Display for Unseen {
    /// `any meshed pod`, or `shop/* (app=web, without a sidecar)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_anybody() {
            return f.write_str(if self.is_meshed { "any meshed pod" } else { "any un-meshed pod" });
        }
        let namespace = match &self.place {
            Place::Named(name) => name.clone(),
            Place::Other(labels) if labels.is_empty() => "*".to_owned(),
            Place::Other(labels) => format!("*[{}]", listed(labels)),
        };
        let proxy = if self.is_meshed { "with a sidecar" } else { "without a sidecar" };
        if self.labels.is_empty() {
            return write!(f, "{namespace}/* ({proxy})");
        }
        write!(f, "{namespace}/* ({}, {proxy})", listed(&self.labels))
    }
}

fn listed(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}
