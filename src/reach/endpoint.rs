//! The ends of flows: pods of the manifests, pods that the manifests do not show, nodes, and the world outside.

use std::collections::BTreeMap;

use super::Unseen;
use crate::mesh::{Mesh, NamespaceId, Pod, PodId};

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

    /// Returns the pods that are not shown, as [`Endpoints::new`] was given them.
    pub fn all_unseen(&self) -> &[Unseen] {
        &self.unseen
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
