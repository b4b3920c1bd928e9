//! Everything that is open, destination by destination.
//!
//! For each port of a destination the callers are few kinds: what they can prove, what their own proxy would do, and
//! whether packets pass. Whatever is the same for several callers is worked out once and said once.

mod allowed;
mod caller;
mod outside;
mod receiver;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

pub use self::allowed::{Allowed, Term};
pub use self::outside::Blocks;
pub(super) use self::outside::networks;
use self::{caller::Caller, receiver::Receiver};
use super::{EndpointId, Policy, Port, PortSet, Reach, door};
use crate::{
    manifest::Protocol,
    mesh::{Pod, Truth},
};

/// One end of a flow, as a list names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// A pod, shown or not.
    Pod(EndpointId),
    /// Addresses outside the cluster: a place in [`Blocks`].
    Outside(usize),
}

/// Sources that are alike, and what is open to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Who; never nobody.
    pub from: Vec<End>,
    /// To whom.
    pub to: End,
    /// At which ports of the destination; never none.
    pub ports: PortSet,
    /// What passes.
    pub passage: Passage,
}

/// What passes, and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passage {
    /// What the receiver's side takes the bytes for.
    pub taken_for: TakenFor,
    /// Whom the receiver's sidecar knows the caller for, `namespace/account`; none in the clear.
    pub account: Option<String>,
    /// Which requests, or which connections.
    pub allowed: Allowed,
    /// How sure that is, and for whom.
    pub mark: Mark,
}

/// What the receiver's side takes bytes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TakenFor {
    /// Requests.
    Http,
    /// Bytes, by a sidecar or by the application itself.
    Tcp,
    /// What the client makes of them, which is the same.
    Auto,
    /// Requests, if the client makes them so.
    AutoHttp,
    /// Bytes, if the client makes them so.
    AutoTcp,
    /// Datagrams.
    Udp,
    /// Messages of SCTP.
    Sctp,
}

/// How sure a flow is, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// Open, and the source's own proxy lets it through as far as the manifests tell.
    Open,
    /// Open only to a source that leaves its own proxy.
    AroundItsProxy,
    /// Refused, but the server's first words get out (semantics J15).
    GreetingOnly,
    /// It cannot be told, and why.
    Unknown(String),
}

/// Which flows are asked for; where nothing is said, nothing is restricted.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only from these.
    pub from: Option<Vec<End>>,
    /// Only to these.
    pub to: Option<Vec<End>>,
    /// Only at these ports.
    pub ports: Option<Vec<Port>>,
}

impl Scope {
    fn is_from(&self, end: End) -> bool {
        self.from.as_ref().is_none_or(|from| from.contains(&end))
    }

    fn is_to(&self, end: End) -> bool {
        self.to.as_ref().is_none_or(|to| to.contains(&end))
    }
}

impl<'m> Reach<'m> {
    /// Returns everything that is open, by destination and port.
    pub fn flows(&self, scope: &Scope) -> Vec<Flow> {
        let pods = self.mesh.pods().iter().map(|pod| self.endpoints().of(pod.id));
        let asked = pods.filter(|pod| scope.is_to(End::Pod(*pod)));
        let shown = asked.flat_map(|pod| self.to_pod(pod, scope));
        shown.chain(self.to_unseen(scope)).chain(self.to_outside(scope)).collect()
    }

    fn to_pod(&self, to: EndpointId, scope: &Scope) -> Vec<Flow> {
        let pod = self.endpoints().pod(to).expect("it is shown");
        let inbound = self.network.into_pod(to);
        let outside = self.network.from_outside(to);
        let cuts =
            inbound.iter().map(|inbound| &inbound.ports).chain(outside.iter().map(|(_, ports, _)| ports));
        // Ports that are asked for have lines of their own.
        let mut open = BTreeMap::<(Option<Port>, Passage, Vec<End>), PortSet>::new();
        for ports in atoms(self.ports_told_apart(pod), cuts, scope) {
            let port = ports.example().unwrap_or(Port::tcp(0));
            // What runs on a pod's own node reaches it, whatever policies say (NP29).
            let mut sources = BTreeMap::from([(End::Pod(self.endpoints().node()), Truth::Yes)]);
            let mut add = |end: End, is_open: Truth| {
                let known = sources.entry(end).or_insert(Truth::No);
                *known = known.or(is_open);
            };
            for inbound in inbound.iter().filter(|inbound| inbound.ports.contains(port)) {
                let others = inbound.sources.iter().filter(|from| **from != to);
                others.for_each(|from| add(End::Pod(*from), inbound.is_open));
            }
            for (addresses, _, is_open) in outside.iter().filter(|(_, ports, _)| ports.contains(port)) {
                self.blocks.within(addresses).for_each(|block| add(End::Outside(block), *is_open));
            }
            sources.retain(|end, _| scope.is_from(*end));
            for (passage, from) in self.passages(pod, port, &sources) {
                let asked = scope.ports.as_ref().map(|_| port);
                let all = open.entry((asked, passage, from)).or_default();
                *all = all.union(&ports);
            }
        }
        let flow = |((_, passage, from), ports)| Flow { from, to: End::Pod(to), ports, passage };
        let mut flows: Vec<Flow> = open.into_iter().map(flow).collect();
        flows.sort_by_cached_key(|flow| {
            let Passage { taken_for, account, allowed, mark } = flow.passage.clone();
            (flow.ports.clone(), taken_for, account.is_none(), allowed, mark, flow.from.clone())
        });
        flows
    }

    /// Returns the TCP ports of a pod that something tells from others.
    fn ports_told_apart(&self, pod: &Pod<'m>) -> BTreeSet<u16> {
        let mut ports: BTreeSet<u16> = pod.workload.ports().map(|port| port.container_port.value).collect();
        ports.extend(self.mesh.declared_ports(pod));
        ports.extend(self.mesh.ports_with_a_mode(pod));
        ports.extend(pod.capture.told_apart());
        ports.insert(door::INBOUND);
        let sidecars = self.mesh.sidecars_of(pod).into_iter().flatten();
        ports.extend(sidecars.flat_map(|sidecar| &sidecar.ingress).map(|listener| listener.port.number()));
        ports.extend(self.authorization.given(pod).flat_map(Policy::ports));
        ports
    }

    /// Returns what is open at a port, and to whom: sources that are alike together.
    fn passages(
        &self,
        pod: &Pod<'m>,
        port: Port,
        sources: &BTreeMap<End, Truth>,
    ) -> Vec<(Passage, Vec<End>)> {
        let receiver = Receiver::at(self, pod, port);
        let mut kinds = BTreeMap::<Caller, Vec<End>>::new();
        for (end, is_open) in sources.iter().filter(|(_, is_open)| is_open.is_possible()) {
            let caller = self.caller(*end, pod, port, *is_open);
            kinds.entry(caller).or_default().push(*end);
        }
        let mut open = BTreeMap::<Passage, Vec<End>>::new();
        for (caller, ends) in kinds {
            for passage in receiver.passages(&caller) {
                open.entry(passage).or_default().extend(&ends);
            }
        }
        with_accounts(open)
    }

    /// Says why it cannot be told whether packets pass.
    fn network_doubt(&self, from: End, to: &Pod<'m>) -> String {
        let from = match from {
            End::Pod(id) => self.endpoints().pod(id),
            End::Outside(_) => None,
        };
        let ends = || from.into_iter().chain([to]);
        if let Some(policy) = ends().find_map(|pod| self.mesh.foreign_policies_of(pod).next()) {
            return format!("a {} is not modelled", policy.kind);
        }
        if ends().any(|pod| pod.workload.has_host_network()) {
            return "policies on the host network are undefined".to_owned();
        }
        let mut hidden = ends().map(|pod| self.mesh.scope_of(pod)).filter(|scope| scope.object.is_none());
        let namespace = hidden.next().map_or("", |scope| scope.name);
        format!("the labels of namespace `{namespace}` are not in the tree")
    }

    /// Returns the name of an end, as `--from` and `--to` take it.
    pub fn end_name(&self, end: End) -> String {
        match end {
            End::Pod(id) => self.endpoints().name(id),
            End::Outside(block) => self.blocks.name(block).to_owned(),
        }
    }

    /// Returns every end that a flow can have, pods first.
    pub fn ends(&self) -> Vec<End> {
        let pods = self.endpoints().all_pods().chain([self.endpoints().node()]).map(End::Pod);
        pods.chain((0..self.blocks.len()).map(End::Outside)).collect()
    }
}

/// Joins what differs in the caller's own account only.
fn with_accounts(open: BTreeMap<Passage, Vec<End>>) -> Vec<(Passage, Vec<End>)> {
    let mut joined = BTreeMap::<Passage, Vec<(String, End)>>::new();
    for (passage, ends) in open {
        let account = passage.account.clone().unwrap_or_default();
        let bare = Passage { account: passage.account.as_ref().map(|_| String::new()), ..passage };
        joined.entry(bare).or_default().extend(ends.into_iter().map(|end| (account.clone(), end)));
    }
    let of = |(mut passage, ends): (Passage, Vec<(String, End)>)| {
        let accounts: BTreeSet<&String> = ends.iter().map(|(account, _)| account).collect();
        if let (Some(account), [only]) =
            (&mut passage.account, accounts.into_iter().collect::<Vec<_>>().as_slice())
        {
            account.clone_from(only);
        }
        let mut ends: Vec<End> = ends.into_iter().map(|(_, end)| end).collect();
        ends.sort();
        ends.dedup();
        (passage, ends)
    };
    joined.into_iter().map(of).collect()
}

/// Returns the ports that have to be looked at one by one: those that are asked for, or those that anything tells apart,
/// and all others together.
fn atoms<'a>(apart: BTreeSet<u16>, cuts: impl Iterator<Item = &'a PortSet>, scope: &Scope) -> Vec<PortSet> {
    if let Some(ports) = &scope.ports {
        return ports.iter().map(|port| PortSet::from(*port)).collect();
    }
    let apart: Vec<PortSet> = apart.into_iter().map(|port| PortSet::from(Port::tcp(port))).collect();
    let tcp = PortSet::of(Protocol::Tcp).difference(&apart.iter().cloned().collect());
    let others = [tcp, PortSet::of(Protocol::Udp), PortSet::of(Protocol::Sctp)];
    let mut atoms: Vec<PortSet> = apart.into_iter().chain(others).collect();
    let distinct: BTreeSet<&PortSet> = cuts.filter(|ports| !ports.is_all()).collect();
    for cut in distinct {
        let halves = atoms.iter().flat_map(|atom| [atom.intersection(cut), atom.difference(cut)]);
        atoms = halves.filter(|half| !half.is_empty()).collect();
    }
    atoms
}

impl Mark {
    /// The first doubt stays.
    fn unsure(self, doubt: &str) -> Self {
        match self {
            Self::Unknown(reason) => Self::Unknown(reason),
            Self::Open | Self::AroundItsProxy | Self::GreetingOnly => Self::Unknown(doubt.to_owned()),
        }
    }
}

impl Flow {
    /// Tells whether it cannot be told.
    pub fn is_unsure(&self) -> bool {
        matches!(self.passage.mark, Mark::Unknown(_))
    }
}

impl TakenFor {
    /// Returns what an application takes bytes for that no sidecar reads.
    fn bare(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Tcp => Self::Tcp,
            Protocol::Udp => Self::Udp,
            Protocol::Sctp => Self::Sctp,
        }
    }
}

impl fmt::Display for TakenFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "http",
            Self::Tcp => "tcp",
            Self::Auto => "auto",
            Self::AutoHttp => "auto/http",
            Self::AutoTcp => "auto/tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        })
    }
}

impl fmt::Display for Mark {
    /// As the last column of a table; nothing where a flow is open to everybody named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => Ok(()),
            Self::AroundItsProxy => f.write_str("around its proxy"),
            Self::GreetingOnly => f.write_str("greeting only"),
            Self::Unknown(reason) => write!(f, "? {reason}"),
        }
    }
}
