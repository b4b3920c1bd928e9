//! Rules as edges: a set of peers, and a set of ports at the destination.

use std::{borrow::Cow, collections::HashMap};

use super::{Enforcement, Ports, Set, Sides, isolating, peers::Resolver};
use crate::{
    manifest::{Direction, NetworkPolicy, NetworkRule, Object, PolicyPort, PolicyType, PortName, Protocol},
    mesh::{Mesh, NamespaceId, Pod, Truth},
    reach::{
        AddressSet, Endpoint, EndpointId, Endpoints, Place, PortSet, Unseen,
        set::{self, Interner},
    },
    yaml::Spanned,
};

/// The place of an edge.
pub(super) type EdgeId = u32;

/// The place of a set of peers.
pub(super) type PeersId = u32;

/// The edge of what is not isolated.
pub(super) const EVERYONE: EdgeId = 0;
/// The edge of what may or may not be isolated (semantics NP30, NP40).
const PERHAPS: EdgeId = 1;
/// The edge that whatever is isolated has from and to pods with the node's own network, whose traffic is the node's
/// (NP30).
const NODES: EdgeId = 2;

/// Peers of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Peers {
    /// Whether the rule restricts nobody: also the node, and the world outside.
    is_everyone: bool,
    /// Pods that are meant for certain.
    certain: Set,
    /// Pods that are meant for all that the manifests tell; holds the former.
    possible: Set,
    /// Addresses outside the cluster.
    addresses: AddressSet,
}

/// Ports of a rule: those by number, and those that each destination resolves (NP13).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct RulePorts {
    numbers: PortSet,
    names: Vec<(Protocol, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Edge {
    peers: PeersId,
    ports: u32,
    /// Whether it holds for certain.
    is_certain: bool,
}

/// Every edge, each once.
#[derive(Debug, Default)]
pub(super) struct Edges {
    peers: Interner<Peers>,
    ports: Interner<RulePorts>,
    all: Interner<Edge>,
}

impl Edges {
    /// Returns every edge, and those of each pod, shown or not.
    pub(super) fn resolve(
        endpoints: &Endpoints<'_>,
        enforcement: Enforcement,
    ) -> (Self, ByPolicy, Vec<Sides>) {
        let mut edges = Self::default();
        let mut resolver = Resolver::new(endpoints, enforcement);
        edges.add_given(&resolver);
        let by_policy = edges.of_policies(endpoints.mesh(), &mut resolver);
        let sides = endpoints.all_pods().map(|id| sides(endpoints, &by_policy, id)).collect();
        (edges, by_policy, sides)
    }

    /// Adds the three edges that no rule writes, at the places that their names say.
    fn add_given(&mut self, resolver: &Resolver<'_, '_>) {
        let everyone = self.peers.intern(Peers {
            is_everyone: true,
            certain: Set::from([]),
            possible: Set::from([]),
            addresses: AddressSet::all(),
        });
        let nodes = self.peers.intern(Peers {
            is_everyone: false,
            certain: Set::from([]),
            possible: resolver.with_host_network(),
            addresses: AddressSet::default(),
        });
        let ports = self.ports.intern(RulePorts { numbers: PortSet::all(), names: Vec::new() });
        for (place, peers, is_certain) in
            [(EVERYONE, everyone, true), (PERHAPS, everyone, false), (NODES, nodes, false)]
        {
            let given = self.all.intern(Edge { peers, ports, is_certain });
            debug_assert_eq!(given, place, "the given edges come first");
        }
    }

    /// Returns the edges of each policy, by its place among the manifests.
    fn of_policies<'m>(&mut self, mesh: &Mesh<'m>, resolver: &mut Resolver<'_, 'm>) -> ByPolicy {
        let mut by_policy = ByPolicy::new();
        for policy in &mesh.manifests.network_policies {
            let namespace = mesh.namespace_id(policy.meta.namespace()).expect("policies live in namespaces");
            let of = |edges: &mut Self, resolver: &mut Resolver<'_, 'm>, direction| {
                let rules = policy.rules(direction).iter();
                rules.map(|rule| edges.of_rule(resolver, namespace, direction, rule)).collect::<Vec<_>>()
            };
            let ingress = of(self, resolver, PolicyType::Ingress);
            let egress = of(self, resolver, PolicyType::Egress);
            by_policy.insert(key(policy), Sides { ingress, egress });
        }
        by_policy
    }

    fn of_rule<'m>(
        &mut self,
        resolver: &mut Resolver<'_, 'm>,
        namespace: NamespaceId,
        direction: Direction,
        rule: &'m NetworkRule,
    ) -> EdgeId {
        let peers = if rule.peers.is_empty() {
            self.all.get(EVERYONE).peers
        } else {
            let (certain, possible, addresses) = resolver.peers(namespace, direction, &rule.peers);
            self.peers.intern(Peers { is_everyone: false, certain, possible, addresses })
        };
        let ports = self.ports.intern(rule_ports(&rule.ports));
        self.all.intern(Edge { peers, ports, is_certain: true })
    }

    pub(super) fn len(&self) -> usize {
        self.all.values().len()
    }

    /// Returns the peers of egress edges by the endpoint that they hold, and the egress edges by their peers.
    pub(super) fn by_peers(
        &self,
        senders: &[Set],
        endpoints: usize,
    ) -> (Vec<Vec<PeersId>>, Vec<Vec<EdgeId>>) {
        let mut outward = vec![Vec::new(); self.peers.values().len()];
        for (edge, _) in (0..).zip(senders).filter(|(_, senders)| !senders.is_empty()) {
            outward[self.all.get(edge).peers as usize].push(edge);
        }
        let mut wanted = vec![Vec::new(); endpoints];
        for (place, peers) in (0..).zip(self.peers.values()) {
            if outward[place as usize].is_empty() {
                continue;
            }
            if peers.is_everyone {
                for wanted in &mut wanted {
                    wanted.push(place);
                }
            }
            peers.possible.iter().for_each(|id| wanted[id.index()].push(place));
        }
        (wanted, outward)
    }

    fn peers_of(&self, edge: EdgeId) -> &Peers {
        self.peers.get(self.all.get(edge).peers)
    }

    pub(super) fn is_certain(&self, edge: EdgeId) -> Truth {
        if self.all.get(edge).is_certain { Truth::Yes } else { Truth::Unknown }
    }

    /// Tells whether an edge opens to a pod.
    pub(super) fn is_peer(&self, edge: EdgeId, pod: EndpointId) -> Truth {
        let peers = self.peers_of(edge);
        let is_meant = if peers.is_everyone || set::contains(&peers.certain, pod) {
            Truth::Yes
        } else if set::contains(&peers.possible, pod) {
            Truth::Unknown
        } else {
            Truth::No
        };
        is_meant.and(self.is_certain(edge))
    }

    /// Returns the pods that an edge opens to, for certain and perhaps; none means every one.
    pub(super) fn peers(&self, edge: EdgeId) -> (Option<&Set>, Option<&Set>) {
        let peers = self.peers_of(edge);
        if peers.is_everyone { (None, None) } else { (Some(&peers.certain), Some(&peers.possible)) }
    }

    /// Returns the addresses outside that an edge opens to.
    pub(super) fn addresses(&self, edge: EdgeId) -> Cow<'_, AddressSet> {
        Cow::Borrowed(&self.peers_of(edge).addresses)
    }

    /// Returns the ports that an edge opens at a destination; names mean nothing where it is no pod that is shown.
    pub(super) fn ports(&self, edge: EdgeId, destination: Option<&Pod<'_>>) -> Ports<'_> {
        let ports = self.ports.get(self.all.get(edge).ports);
        let Some(pod) = destination.filter(|_| !ports.names.is_empty()) else {
            return Cow::Borrowed(&ports.numbers);
        };
        let named = ports.names.iter().flat_map(|(protocol, name)| {
            let numbers = pod.workload.numbers(&PortName::Name(name.clone()), *protocol);
            numbers.into_iter().map(|number| super::super::Port { protocol: *protocol, number })
        });
        Cow::Owned(ports.numbers.union(&named.collect()))
    }
}

/// The edges of policies, by where a policy stands.
pub(super) type ByPolicy = HashMap<usize, Sides>;

pub(super) fn key(policy: &Object<NetworkPolicy>) -> usize {
    std::ptr::from_ref(policy).addr()
}

fn sides(endpoints: &Endpoints<'_>, by_policy: &ByPolicy, id: EndpointId) -> Sides {
    let of = |direction| {
        let edges = |policies: Vec<&Object<NetworkPolicy>>| {
            joined(policies.into_iter().map(|policy| by_policy[&key(policy)].of(direction)))
        };
        match isolation(endpoints, id, direction) {
            Isolation::None => vec![EVERYONE],
            Isolation::Unknown => vec![PERHAPS],
            Isolation::By(policies) => edges(policies),
            Isolation::Perhaps(policies) => {
                let mut edges = edges(policies);
                edges.insert(edges.partition_point(|edge| *edge < PERHAPS), PERHAPS);
                edges
            }
        }
    };
    Sides { ingress: of(PolicyType::Ingress), egress: of(PolicyType::Egress) }
}

/// What isolates an endpoint in a direction.
pub(in crate::reach) enum Isolation<'m> {
    None,
    /// Policies that are not modelled may (NP40).
    Unknown,
    /// These may, for the pod has the node's own network (NP30): what they open is open either way.
    Perhaps(Vec<&'m Object<NetworkPolicy>>),
    By(Vec<&'m Object<NetworkPolicy>>),
}

/// Returns what isolates an endpoint in a direction; nothing but pods is isolated.
pub(super) fn isolation<'m>(
    endpoints: &Endpoints<'m>,
    id: EndpointId,
    direction: Direction,
) -> Isolation<'m> {
    let mesh = endpoints.mesh();
    match endpoints.endpoint(id) {
        Endpoint::Pod(pod) => of_pod(mesh, mesh.pod(pod), direction),
        Endpoint::Unseen(unseen) => of_unseen(mesh, unseen, direction),
        Endpoint::Node | Endpoint::Outside => Isolation::None,
    }
}

fn of_pod<'m>(mesh: &Mesh<'m>, pod: &Pod<'m>, direction: Direction) -> Isolation<'m> {
    if mesh.foreign_policies_of(pod).next().is_some() {
        return Isolation::Unknown;
    }
    if pod.workload.has_host_network() {
        let near = mesh.network_policies_in(mesh.scope_of(pod).name);
        let selects = |policy: &&Object<NetworkPolicy>| policy.pod_selector.matches(|key| pod.label(key));
        let policies: Vec<_> = isolating(near, direction).filter(selects).collect();
        return if policies.is_empty() { Isolation::None } else { Isolation::Perhaps(policies) };
    }
    by(isolating(mesh.network_policies_of(pod), direction).collect())
}

/// Who else could call is not held back by a policy; who else is called is what policies make of it.
fn of_unseen<'m>(mesh: &Mesh<'m>, unseen: &Unseen, direction: Direction) -> Isolation<'m> {
    let (Place::Named(namespace), PolicyType::Ingress) = (&unseen.place, direction) else {
        return Isolation::None;
    };
    let near = isolating(mesh.network_policies_in(namespace), direction);
    by(near.filter(|policy| unseen.is_selected(&policy.pod_selector)).collect())
}

fn by(policies: Vec<&Object<NetworkPolicy>>) -> Isolation<'_> {
    if policies.is_empty() { Isolation::None } else { Isolation::By(policies) }
}

fn joined<'e>(lists: impl Iterator<Item = &'e [EdgeId]>) -> Vec<EdgeId> {
    let mut edges: Vec<EdgeId> = lists.flatten().copied().chain([NODES]).collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// Returns what a rule's list of ports means; empty restricts nothing (NP10).
fn rule_ports(ports: &[Spanned<PolicyPort>]) -> RulePorts {
    if ports.is_empty() {
        return RulePorts { numbers: PortSet::all(), names: Vec::new() };
    }
    let (mut numbers, mut names) = (PortSet::default(), Vec::new());
    for port in ports {
        match &port.port {
            Some(stated) => match &stated.value {
                PortName::Name(name) => names.push((port.protocol(), name.clone())),
                PortName::Number(first) => numbers = numbers.union(&numbered(port, *first)),
            },
            None => numbers = numbers.union(&PortSet::of(port.protocol())),
        }
    }
    names.sort();
    names.dedup();
    RulePorts { numbers, names }
}

/// A number that is no port opens nothing; the API server refuses it (NP16).
fn numbered(port: &PolicyPort, first: u32) -> PortSet {
    let Ok(first) = u16::try_from(first) else { return PortSet::default() };
    PortSet::between(port.protocol(), first, port.end_port.map_or(first, |last| last.value))
}
