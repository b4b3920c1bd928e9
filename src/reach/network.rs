//! Which connections NetworkPolicies leave open, by address and port.
//!
//! Endpoints are exchangeable in every rule that does not tell them apart, so nothing here is a matrix. Each rule becomes
//! an [`edge`]: a set of peers and a set of ports, equal ones shared. A destination is reached over every pair of an
//! egress edge whose peers hold it and an ingress edge of its own; the sources are those that have the former and are
//! peers of the latter. That costs what it yields, and a destination that is open to all is one such pair.

mod edge;
mod peers;

use std::{borrow::Cow, net::IpAddr};

use rayon::prelude::*;

pub(super) use self::edge::Isolation;
use self::edge::{ByPolicy, EdgeId, Edges, PeersId};
use super::{
    AddressSet, Endpoint, EndpointId, Endpoints, Port, PortSet,
    set::{self, Set},
};
use crate::{
    manifest::{Direction, NetworkPolicy, Object, PolicyType},
    mesh::{Pod, Truth},
};

/// How NetworkPolicies are enforced, where that differs between implementations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Enforcement {
    /// Whether an `ipBlock` means pods as well (semantics NP19); then what it says of pods is unknown, for manifests do
    /// not tell their addresses.
    pub blocks_match_pods: bool,
}

/// What is open between endpoints.
#[derive(Debug)]
pub struct Network<'m> {
    endpoints: Endpoints<'m>,
    edges: Edges,
    /// By policy: an edge for each rule.
    by_policy: ByPolicy,
    /// By endpoint; none for the node and the outside.
    sides: Vec<Sides>,
    /// By egress edge: who has it.
    senders: Vec<Set>,
    /// By endpoint: the peers of egress edges that hold it.
    wanted: Vec<Vec<PeersId>>,
    /// By peers: the egress edges to them.
    outward: Vec<Vec<EdgeId>>,
}

/// The edges of an endpoint. Where it is not isolated, that is the one to everyone at every port.
#[derive(Debug, Clone, Default)]
struct Sides {
    ingress: Vec<EdgeId>,
    egress: Vec<EdgeId>,
}

impl Sides {
    fn of(&self, direction: Direction) -> &[EdgeId] {
        match direction {
            PolicyType::Ingress => &self.ingress,
            PolicyType::Egress => &self.egress,
        }
    }
}

/// One side of a connection: whose policies are asked, and of whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Side {
    /// Which of its directions.
    pub(super) direction: Direction,
    /// Whose: a pod, shown or not.
    pub(super) subject: EndpointId,
    /// Of whom.
    pub(super) far: Far,
}

/// The other side of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) enum Far {
    /// A pod.
    Pod(EndpointId),
    /// An address outside the cluster.
    Address(IpAddr),
}

/// Sources that reach a destination alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Who; never empty.
    pub sources: Set,
    /// At which ports; never empty.
    pub ports: PortSet,
    /// [`Truth::Yes`], or [`Truth::Unknown`] where the manifests do not tell.
    pub is_open: Truth,
}

/// Ports that are open, and those that may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Open {
    /// Open for certain.
    pub certain: PortSet,
    /// Open for all that the manifests tell; holds the former.
    pub possible: PortSet,
}

impl Open {
    fn all() -> Self {
        Self { certain: PortSet::all(), possible: PortSet::all() }
    }

    pub(super) fn add(&mut self, ports: &PortSet, is_open: Truth) {
        if is_open.is_certain() {
            self.certain = self.certain.union(ports);
        }
        if is_open.is_possible() {
            self.possible = self.possible.union(ports);
        }
    }

    /// Tells whether a port is open.
    pub fn at(&self, port: Port) -> Truth {
        if self.certain.contains(port) {
            Truth::Yes
        } else if self.possible.contains(port) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }
}

impl<'m> Network<'m> {
    /// Resolves every policy of a mesh.
    pub fn new(endpoints: Endpoints<'m>, enforcement: Enforcement) -> Self {
        let (edges, by_policy, sides) = Edges::resolve(&endpoints, enforcement);
        let senders = senders(&sides, edges.len());
        let (wanted, outward) = edges.by_peers(&senders, endpoints.len());
        Self { endpoints, edges, by_policy, sides, senders, wanted, outward }
    }

    /// Returns the ends.
    pub fn endpoints(&self) -> &Endpoints<'m> {
        &self.endpoints
    }

    /// Returns who reaches a pod and at which ports, shown or not; the same source may be in several of them.
    pub fn into_pod(&self, to: EndpointId) -> Vec<Inbound> {
        let mut found = Vec::new();
        for peers in &self.wanted[to.index()] {
            for egress in &self.outward[*peers as usize] {
                for ingress in &self.sides[to.index()].ingress {
                    found.extend(self.meeting(to, *egress, *ingress));
                }
            }
        }
        found
    }

    /// Returns who meets a destination over an egress edge that wants it and an ingress edge of its own.
    fn meeting(
        &self,
        to: EndpointId,
        egress: EdgeId,
        ingress: EdgeId,
    ) -> impl Iterator<Item = Inbound> + use<> {
        let ports = self.ports(to, egress, ingress);
        let is_wanted = self.edges.is_peer(egress, to).and(self.edges.is_certain(ingress));
        let senders = &self.senders[egress as usize];
        let meeting = |is_open: Truth, peers: Option<&Set>| {
            let sources =
                peers.map_or_else(|| Set::clone(senders), |peers| set::intersection(senders, peers));
            (!sources.is_empty()).then(|| Inbound { sources, ports: ports.clone(), is_open })
        };
        let (mut certain, mut possible) = (None, None);
        if !ports.is_empty() {
            let (surely, maybe) = self.edges.peers(ingress);
            certain = is_wanted.is_certain().then(|| meeting(Truth::Yes, surely)).flatten();
            let is_more = certain.is_none() || surely.map(|set| set.len()) != maybe.map(|set| set.len());
            possible = is_more.then(|| meeting(Truth::Unknown, maybe)).flatten();
        }
        certain.into_iter().chain(possible)
    }

    /// Returns the ports that both edges open at a destination.
    fn ports(&self, to: EndpointId, egress: EdgeId, ingress: EdgeId) -> PortSet {
        let pod = self.endpoints.pod(to);
        let (out, into) = (self.edges.ports(egress, self.named(to)), self.edges.ports(ingress, pod));
        match (out, into) {
            (out, into) if into.is_all() => out.into_owned(),
            (out, into) if out.is_all() => into.into_owned(),
            (out, into) => out.intersection(&into),
        }
    }

    /// Returns the ports that are open from one endpoint to another, the outside left out: see [`Network::from_outside`].
    ///
    /// A pod always reaches itself (NP28), which is not listed among what reaches it; the pods of one workload are not
    /// themselves. A node reaches its pods (NP29).
    pub fn between(&self, from: EndpointId, to: EndpointId) -> Open {
        let is_itself =
            from == to && self.endpoints.pod(to).is_some_and(|pod| pod.workload.meta.kind.as_str() == "Pod");
        match (self.endpoints.endpoint(from), self.endpoints.endpoint(to)) {
            (Endpoint::Node, Endpoint::Pod(_) | Endpoint::Unseen(_)) => Open::all(),
            _ if is_itself => Open::all(),
            (Endpoint::Pod(_) | Endpoint::Unseen(_), Endpoint::Pod(_) | Endpoint::Unseen(_)) => {
                self.between_pods(from, to)
            }
            _ => Open::default(),
        }
    }

    fn between_pods(&self, from: EndpointId, to: EndpointId) -> Open {
        let mut open = Open::default();
        for egress in &self.sides[from.index()].egress {
            let is_wanted = self.edges.is_peer(*egress, to);
            for ingress in self.sides[to.index()].ingress.iter().filter(|_| is_wanted.is_possible()) {
                let is_open = is_wanted.and(self.edges.is_peer(*ingress, from));
                open.add(&self.ports(to, *egress, *ingress), is_open);
            }
        }
        open
    }

    /// Returns the pod whose names of ports a rule of egress means. One with the node's own network may be taken for the node,
    /// which has none (NP30).
    fn named(&self, to: EndpointId) -> Option<&'m Pod<'m>> {
        self.endpoints.pod(to).filter(|pod| !pod.workload.has_host_network())
    }

    /// Returns the addresses outside the cluster that reach a pod, with the ports; the same address may be in several.
    pub fn from_outside(&self, to: EndpointId) -> Vec<(AddressSet, PortSet, Truth)> {
        self.outside(to, PolicyType::Ingress)
    }

    /// Returns the addresses outside the cluster that a pod reaches, with the ports; the same address may be in several.
    pub fn to_outside(&self, from: EndpointId) -> Vec<(AddressSet, PortSet, Truth)> {
        self.outside(from, PolicyType::Egress)
    }

    fn outside(&self, pod: EndpointId, direction: Direction) -> Vec<(AddressSet, PortSet, Truth)> {
        // A port's name means something at a pod only (NP15).
        let destination = match direction {
            PolicyType::Ingress => self.endpoints.pod(pod),
            PolicyType::Egress => None,
        };
        let edges = self.sides[pod.index()].of(direction).iter();
        edges
            .map(|edge| {
                let ports = self.edges.ports(*edge, destination).into_owned();
                (self.edges.addresses(*edge).into_owned(), ports, self.edges.is_certain(*edge))
            })
            .filter(|(addresses, ports, _)| !addresses.is_empty() && !ports.is_empty())
            .collect()
    }

    /// Returns what isolates an endpoint in a direction.
    pub(super) fn isolation(&self, id: EndpointId, direction: Direction) -> Isolation<'m> {
        edge::isolation(&self.endpoints, id, direction)
    }

    /// Tells whether one side opens a port to the other, as if that one had no policy.
    pub(super) fn side(&self, side: Side, port: Port) -> Truth {
        let edges = self.sides[side.subject.index()].of(side.direction).iter();
        let opening = edges.filter(|edge| self.has_port(**edge, side, port));
        opening.fold(Truth::No, |any, edge| any.or(self.means(*edge, side)))
    }

    /// Tells of each rule of a policy, in order, whether it means the other side, and whether it opens a port.
    pub(super) fn rulings(
        &self,
        policy: &Object<NetworkPolicy>,
        side: Side,
        port: Port,
    ) -> impl Iterator<Item = (Truth, bool)> {
        let edges = self.by_policy[&edge::key(policy)].of(side.direction).iter();
        edges.map(move |edge| (self.means(*edge, side), self.has_port(*edge, side, port)))
    }

    fn means(&self, edge: EdgeId, side: Side) -> Truth {
        match side.far {
            Far::Pod(pod) => self.edges.is_peer(edge, pod),
            Far::Address(address) => {
                Truth::from(self.edges.addresses(edge).contains(address)).and(self.edges.is_certain(edge))
            }
        }
    }

    fn has_port(&self, edge: EdgeId, side: Side, port: Port) -> bool {
        let destination = match (side.direction, side.far) {
            (PolicyType::Ingress, _) => self.endpoints.pod(side.subject),
            (PolicyType::Egress, Far::Pod(to)) => self.named(to),
            (PolicyType::Egress, Far::Address(_)) => None,
        };
        self.edges.ports(edge, destination).contains(port)
    }

    /// Tells whether a direction of a pod is isolated.
    pub fn is_isolated(&self, pod: EndpointId, direction: Direction) -> bool {
        self.sides[pod.index()].of(direction) != [edge::EVERYONE]
    }
}

/// Returns the policies that isolate a pod in a direction.
pub(super) fn isolating<'a, 'm>(
    policies: &'a [&'m Object<NetworkPolicy>],
    direction: Direction,
) -> impl Iterator<Item = &'m Object<NetworkPolicy>> + 'a {
    policies.iter().copied().filter(move |policy| policy.isolates(direction))
}

/// Returns who has each egress edge.
fn senders(sides: &[Sides], edges: usize) -> Vec<Set> {
    let mut senders = vec![Vec::new(); edges];
    for (index, side) in sides.iter().enumerate() {
        for edge in &side.egress {
            senders[*edge as usize].push(EndpointId::new(index));
        }
    }
    senders.into_par_iter().map(Set::from).collect()
}

/// What an edge of a rule or of no rule at all means as ports.
type Ports<'p> = Cow<'p, PortSet>;

#[cfg(test)]
mod tests;
