//! Everything that is open, destination by destination.
//!
//! For each port of a destination the callers are few kinds: what they can prove, what their own proxy would do, and
//! whether packets pass. Whatever is the same for several callers is worked out once and said once.

mod allowed;
mod outside;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use self::allowed::Passing;
pub use self::allowed::{Allowed, Term};
pub use self::outside::Blocks;
use super::{
    AddressSet, Call, Client, Door, Endpoint, EndpointId, Identity, Lock, Place, Policy, Port, PortSet,
    Reach, Way, transport::Chain,
};
use crate::{
    manifest::{Mode, Protocol},
    mesh::{Pod, PortProtocol, Truth},
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
    /// Open, and the source's own proxy lets it through.
    Open,
    /// Open only to a source that leaves its own proxy.
    AroundItsProxy,
    /// Refused, but the server's first words get out (semantics J15).
    GreetingOnly,
    /// It cannot be told, and why.
    Unknown(String),
}

/// Which flows are asked for; nothing restricts nothing.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only from these.
    pub from: Option<Vec<End>>,
    /// Only to these.
    pub to: Option<Vec<End>>,
    /// Only at these ports.
    pub ports: Option<Vec<Port>>,
}

/// Who calls, as far as a receiver can tell callers apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    certificate: Truth,
    identity: Option<Identity>,
    /// Whether it stands for pods of any account.
    is_anybody: bool,
    /// The place of the addresses that it calls from, where they are known.
    addresses: Option<usize>,
    requests: Vec<Client>,
    bytes: Vec<Client>,
    is_registered: Truth,
    /// Why packets may not pass, where that cannot be told.
    doubt: Option<String>,
}

/// The two things that bytes can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Request,
    Bytes,
}

impl<'m> Reach<'m> {
    /// Returns everything that is open, by destination and port.
    pub fn flows(&self, scope: &Scope) -> Vec<Flow> {
        let is_asked = |end: &End| scope.to.as_ref().is_none_or(|to| to.contains(end));
        let pods = self.mesh.pods().iter().map(|pod| End::Pod(self.endpoints().of(pod.id)));
        let mut flows = Vec::new();
        for end in pods.filter(is_asked) {
            if let End::Pod(to) = end {
                flows.extend(self.of_pod(to, scope));
            }
        }
        flows.extend(self.to_outside(scope));
        flows
    }

    fn of_pod(&self, to: EndpointId, scope: &Scope) -> Vec<Flow> {
        let pod = self.endpoints().pod(to).expect("it is shown");
        let inbound = self.network.into_pod(to);
        let outside = self.network.from_outside(to);
        let cuts =
            inbound.iter().map(|inbound| &inbound.ports).chain(outside.iter().map(|(_, ports, _)| ports));
        let is_from = |end: &End| scope.from.as_ref().is_none_or(|from| from.contains(end));
        // Ports that are asked for have lines of their own.
        let mut open = BTreeMap::<(Option<Port>, Passage, Vec<End>), PortSet>::new();
        for ports in atoms(self.ports_told_apart(pod), cuts, scope) {
            let port = ports.example().unwrap_or(Port::tcp(0));
            let mut sources = BTreeMap::<End, Truth>::new();
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
            sources.retain(|end, _| is_from(end));
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
        ports.insert(super::door::INBOUND);
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
        let door = (port.protocol == Protocol::Tcp).then(|| Door::at(self.mesh, pod, port.number));
        let mut kinds = BTreeMap::<Caller, Vec<End>>::new();
        for (end, is_open) in sources.iter().filter(|(_, is_open)| is_open.is_possible()) {
            let caller = self.caller(*end, pod, port, *is_open);
            kinds.entry(caller).or_default().push(*end);
        }
        let mut open = BTreeMap::<Passage, Vec<End>>::new();
        for (caller, ends) in kinds {
            for passage in self.passages_of(pod, port, door.as_ref(), &caller) {
                for end in &ends {
                    // An account is said once it is the same for all.
                    open.entry(passage.clone()).or_default().push(*end);
                }
            }
        }
        with_accounts(open)
    }

    fn caller(&self, end: End, to: &Pod<'m>, port: Port, is_open: Truth) -> Caller {
        let End::Pod(from) = end else {
            return Caller {
                certificate: Truth::No,
                identity: None,
                is_anybody: false,
                addresses: match end {
                    End::Outside(block) => Some(block),
                    End::Pod(_) => None,
                },
                requests: vec![Client::PlainHttp],
                bytes: vec![Client::PlainBytes],
                is_registered: Truth::Yes,
                doubt: (!is_open.is_certain()).then(|| self.network_doubt(end, to)),
            };
        };
        let is_proxied = port.protocol == Protocol::Tcp && self.has_proxy(from).is_possible();
        let clients = |is_http| self.own_clients(from, to, port.number, is_http);
        let is_declared = || self.mesh.services_at(to, port.number).next().is_some();
        Caller {
            certificate: self.has_certificate(from),
            identity: self.identity(from),
            is_anybody: matches!(self.endpoints().endpoint(from), Endpoint::Unseen(unseen) if unseen.is_anybody()),
            addresses: None,
            requests: if is_proxied { clients(true) } else { vec![Client::PlainHttp] },
            bytes: if is_proxied { clients(false) } else { vec![Client::PlainBytes] },
            is_registered: if !is_proxied || is_declared() {
                Truth::Yes
            } else {
                self.may_leave_registry(from)
            },
            doubt: (!is_open.is_certain()).then(|| self.network_doubt(end, to)),
        }
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

    /// Returns what is open to a caller whose packets pass.
    fn passages_of(
        &self,
        pod: &Pod<'m>,
        port: Port,
        door: Option<&Door<'m>>,
        caller: &Caller,
    ) -> Vec<Passage> {
        let bare = |taken_for| {
            let mark = match &caller.doubt {
                Some(doubt) => Mark::Unknown(doubt.clone()),
                None if caller.is_registered.is_certain() => Mark::Open,
                None => Mark::AroundItsProxy,
            };
            vec![Passage { taken_for, account: None, allowed: Allowed::default(), mark }]
        };
        let door = match (port.protocol, door) {
            (Protocol::Udp, _) => return bare(TakenFor::Udp),
            (Protocol::Sctp, _) => return bare(TakenFor::Sctp),
            (Protocol::Tcp, None) => return bare(TakenFor::Tcp),
            (Protocol::Tcp, Some(door)) => door,
        };
        let locks = door.locks();
        if locks == [Lock::Bare] {
            return bare(TakenFor::Tcp);
        }
        let mut found = Vec::new();
        for is_known in [true, false] {
            if is_known && !caller.certificate.is_possible() {
                continue;
            }
            let both = [Kind::Request, Kind::Bytes]
                .map(|kind| self.of_kind(pod, port, door, &locks, caller, is_known, kind));
            let account = caller.identity.as_ref().filter(|_| is_known);
            let account = account.map(|identity| {
                if caller.is_anybody {
                    String::new()
                } else {
                    format!("{}/{}", identity.namespace, identity.account)
                }
            });
            found.extend(
                joined(&locks, both)
                    .into_iter()
                    .map(|passage| Passage { account: account.clone(), ..passage }),
            );
        }
        found
    }

    /// Returns what is open to a caller who is known or not and sends requests, or bytes.
    #[expect(clippy::too_many_arguments, reason = "each is one part of the question")]
    fn of_kind(
        &self,
        pod: &Pod<'m>,
        port: Port,
        door: &Door<'m>,
        locks: &[Lock],
        caller: &Caller,
        is_known: bool,
        kind: Kind,
    ) -> Vec<(Allowed, Mark)> {
        let reads_requests = locks.iter().any(|lock| lock.reads_requests());
        if kind == Kind::Request && !reads_requests {
            return Vec::new();
        }
        let doubt = door.doubt(self.mesh, pod);
        let behind = |lock: &Lock| -> Passing {
            let ways: BTreeSet<Way> = Client::ALL
                .into_iter()
                .filter(|client| kind == Kind::Bytes || client.carries_http())
                .filter_map(|client| {
                    lock.way(client).filter(|_| !client.has_certificate() || *lock != Lock::Bare)
                })
                .filter(|way| way.is_known == is_known && kind.is_taken(*way, reads_requests, locks.len()))
                .collect();
            let mut passing = Passing::default();
            for way in ways {
                let one = self.passing(pod, port, caller, way);
                passing.certain.extend(one.certain);
                passing.judged.extend(one.judged);
            }
            passing.tidied()
        };
        let base = caller.mark(locks, is_known, kind);
        if let (Some(doubt), Some(_)) = (&doubt, door.foreign) {
            return vec![(Allowed::default(), base.unsure(doubt))];
        }
        let passing: Vec<Passing> = locks.iter().map(behind).collect();
        let read = locks.iter().zip(&passing).filter(|(lock, _)| lock.reads_requests());
        if kind == Kind::Request && read.clone().all(|(_, passing)| *passing == Passing::default()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for one in passing.iter().flat_map(|passing| &passing.certain) {
            let has =
                |passing: &Passing| passing.certain.iter().any(|other| other.is_everything() || other == one);
            let mark = match &doubt {
                Some(doubt) if !passing.iter().all(has) => base.clone().unsure(doubt),
                _ => base.clone(),
            };
            found.push((one.clone(), mark));
        }
        for (one, provider) in passing.iter().flat_map(|passing| &passing.judged) {
            found.push((one.clone(), base.clone().unsure(&format!("the provider `{provider}` decides"))));
        }
        if let ([lock], Kind::Bytes) = (locks, kind)
            && self.is_heard(pod, port, *lock, is_known)
            && !passing[0].certain.iter().any(Allowed::is_everything)
            && caller.doubt.is_none()
            && passing[0].judged.is_empty()
            && (!is_known || caller.certificate.is_certain())
        {
            found.push((Allowed::default(), Mark::GreetingOnly));
        }
        found.sort();
        found.dedup();
        // What is open anyway needs no doubt beside it.
        let is_open = |(allowed, mark): &(Allowed, Mark)| {
            allowed.is_everything() && matches!(mark, Mark::Open | Mark::AroundItsProxy)
        };
        if found.iter().any(is_open) {
            found.retain(is_open);
        }
        found
    }

    fn passing(&self, pod: &Pod<'m>, port: Port, caller: &Caller, way: Way) -> Passing {
        let Some(chain) = way.chain else { return Passing::everything() };
        let identity = caller.identity.as_ref().filter(|_| way.is_known);
        let requests = self.authorization.requests(pod, Call { chain, caller: identity, port: port.number });
        let addresses = caller.addresses.map(|block| self.blocks.addresses(block));
        Passing::of(&requests, way, addresses)
    }

    /// Tells whether a server's first words get out before its sidecar's policies are asked (semantics J15).
    ///
    /// Measured: an inspector waits for the client's first bytes, and for ever unless `protocolDetectionTimeout` is set.
    fn is_heard(&self, pod: &Pod<'m>, port: Port, lock: Lock, is_known: bool) -> bool {
        let Lock::Proxied(mode, protocol) = lock else { return false };
        let is_asked_first = |known: bool| known == is_known;
        let takes_bytes = Client::ALL.into_iter().filter_map(|client| lock.way(client));
        let has_way =
            takes_bytes.filter(|way| way.chain == Some(Chain::Tcp)).any(|way| is_asked_first(way.is_known));
        let waits = self.mesh.config.mesh.waits_for_first_bytes();
        let is_chosen = mode == Mode::Disable && protocol == PortProtocol::Tcp || !waits;
        has_way && (is_known || is_chosen) && self.is_server_first(pod, port.number)
    }

    fn is_server_first(&self, pod: &Pod<'m>, port: u16) -> bool {
        const PORTS: [u16; 4] = [21, 22, 25, 3306];
        const WORDS: [&str; 4] = ["mysql", "smtp", "ftp", "ssh"];
        let speaks = |declared: &crate::manifest::ServicePort| {
            let word =
                declared.app_protocol.as_ref().or(declared.name.as_ref()).map(|word| word.to_lowercase());
            PORTS.contains(&declared.port.value)
                || word.is_some_and(|word| WORDS.contains(&word.split('-').next().unwrap_or_default()))
        };
        PORTS.contains(&port) || self.mesh.services_at(pod, port).any(|(_, declared)| speaks(declared))
    }

    /// Returns the name of an end, as `--from` and `--to` take it.
    pub fn end_name(&self, end: End) -> String {
        match end {
            End::Pod(id) => match self.endpoints().endpoint(id) {
                Endpoint::Unseen(unseen) if unseen.is_anybody() => {
                    (if unseen.is_meshed { "any meshed pod" } else { "any un-meshed pod" }).to_owned()
                }
                _ => self.endpoints().name(id),
            },
            End::Outside(block) => self.blocks.name(block).to_owned(),
        }
    }

    /// Returns every end that a flow can have, pods first.
    pub fn ends(&self) -> Vec<End> {
        let pods = self.endpoints().all_pods().map(End::Pod);
        pods.chain((0..self.blocks.len()).map(End::Outside)).collect()
    }
}

impl Caller {
    /// Says how sure it is that what passes passes for this caller, and whether its own proxy lets it.
    fn mark(&self, locks: &[Lock], is_known: bool, kind: Kind) -> Mark {
        if let Some(doubt) = &self.doubt {
            return Mark::Unknown(doubt.clone());
        }
        if is_known && !self.certificate.is_certain() {
            let namespace = self.identity.as_ref().map_or("", |identity| &identity.namespace);
            return Mark::Unknown(format!("injection in `{namespace}` is not known"));
        }
        let own = match kind {
            Kind::Request => &self.requests,
            Kind::Bytes => &self.bytes,
        };
        let reads_requests = locks.iter().any(|lock| lock.reads_requests());
        let passes = |client: &Client| {
            locks.iter().all(|lock| {
                lock.way(*client).is_some_and(|way| {
                    way.is_known == is_known && kind.is_taken(way, reads_requests, locks.len())
                })
            })
        };
        if self.is_registered.is_certain() && own.iter().all(passes) {
            Mark::Open
        } else {
            Mark::AroundItsProxy
        }
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

/// Joins what is the same for requests and for bytes, and names the rest by its half.
fn joined(locks: &[Lock], both: [Vec<(Allowed, Mark)>; 2]) -> Vec<Passage> {
    let [requests, bytes] = both;
    let protocols: BTreeSet<Option<PortProtocol>> = locks
        .iter()
        .map(|lock| match lock {
            Lock::Proxied(_, protocol) => Some(*protocol),
            Lock::Bare | Lock::Shut => None,
        })
        .collect();
    let is_auto = protocols.contains(&Some(PortProtocol::Auto));
    let is_only_auto = is_auto && protocols.len() == 1;
    let of = |taken_for, found: Vec<(Allowed, Mark)>| {
        found.into_iter().map(move |(allowed, mark)| Passage { taken_for, account: None, allowed, mark })
    };
    if is_only_auto && requests == bytes {
        return of(TakenFor::Auto, bytes).collect();
    }
    let (http, tcp) =
        if is_auto { (TakenFor::AutoHttp, TakenFor::AutoTcp) } else { (TakenFor::Http, TakenFor::Tcp) };
    of(http, requests).chain(of(tcp, bytes)).collect()
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

impl Kind {
    /// Tells whether a way is one for such bytes. Where it is open what a port is, a request that passes as bytes passes.
    fn is_taken(self, way: Way, reads_requests: bool, locks: usize) -> bool {
        match (self, way.chain) {
            (Self::Request, Some(Chain::Http)) | (Self::Bytes, Some(Chain::Tcp) | None) => true,
            (Self::Request, Some(Chain::Tcp) | None) => reads_requests && locks > 1,
            (Self::Bytes, Some(Chain::Http)) => false,
        }
    }
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

    /// Returns the ports as a table writes them: `8080`, `53/udp`, `*` for every port of TCP, and `*!22` for all but one.
    pub fn ports_text(&self) -> String {
        let of = |(protocol, end): (Protocol, &str)| {
            let own = PortSet::of(protocol).intersection(&self.ports);
            let rest = PortSet::of(protocol).difference(&own);
            let list = |ports: &PortSet| {
                let ranges = ports.iter().map(|(_, first, last)| {
                    if first == last { first.to_string() } else { format!("{first}-{last}") }
                });
                ranges.collect::<Vec<_>>()
            };
            let (own, rest) = (list(&own), list(&rest));
            match (own.is_empty(), rest.is_empty()) {
                (true, _) => None,
                (false, true) => Some(format!("*{end}")),
                (false, false) if rest.len() < own.len() => Some(format!("*!{}{end}", rest.join(","))),
                (false, false) => Some(format!("{}{end}", own.join(","))),
            }
        };
        let protocols = [(Protocol::Tcp, ""), (Protocol::Udp, "/udp"), (Protocol::Sctp, "/sctp")];
        protocols.into_iter().filter_map(of).collect::<Vec<_>>().join(",")
    }
}

impl Passing {
    fn tidied(mut self) -> Self {
        self.certain.sort();
        self.certain.dedup();
        if self.certain.iter().any(Allowed::is_everything) {
            return Self::everything();
        }
        self.judged.sort();
        self.judged.dedup();
        self
    }
}

impl super::Unseen {
    /// Tells whether it stands for any pod of a namespace that nothing names or selects.
    pub fn is_anybody(&self) -> bool {
        let is_plain =
            |labels: &BTreeMap<String, String>| labels.keys().all(|key| key == super::endpoint::NAME);
        self.labels.is_empty() && matches!(&self.place, Place::Other(labels) if is_plain(labels))
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

impl AddressSet {
    /// Tells whether everything in it is in the other.
    pub(super) fn is_subset(&self, other: &Self) -> bool {
        self.difference(other).is_empty()
    }
}
