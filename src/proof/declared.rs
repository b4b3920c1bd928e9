//! What a profile declares, and what its platform needs, as flows between the ends of its tree.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::{
    manifest::Protocol as Transport,
    plan::{GATEWAY, gateway_labels},
    profile::{
        Basis, Flow, Peer, Port as WorkloadPort, Profile, ResolverAt, Target, Unmeshed, WorkloadId, is_wide,
    },
    reach::{
        AddressSet, Allowed, Attribute, End, Endpoint, EndpointId, Flow as Found, Mark, Others, Passage,
        Place, Port, PortSet, Reach, Table, TakenFor, Term, Unseen,
    },
};

/// The agent's port, which answers a scrape for the application as well.
const METRICS: u16 = 15020;
/// Where istiod gives certificates and configuration.
const XDS: u16 = 15012;
/// The API server's ports, as a Service and on most control planes.
const API_SERVER: [u16; 2] = [443, 6443];

/// Labels of pods, or of a namespace.
type Labels = BTreeMap<String, String>;

/// What should be open.
pub(super) struct Declared<'a, 'm> {
    pub(super) table: Table,
    /// Where more is open than the words of the profile say.
    pub(super) wider: BTreeSet<String>,
    /// By port of a workload, who reaches it.
    doors: BTreeMap<(WorkloadId, u16), Door>,
    /// What may be open, and need not: where a key of the profile leaves out who or where, other policies may stop it.
    anywhere: Vec<Anywhere>,
    /// What the tree stops before any request.
    pub(super) missing: Vec<String>,
    profile: &'a Profile,
    reach: &'a Reach<'m>,
}

/// Who reaches a port, and whom it takes without asking for a name.
#[derive(Default)]
struct Door {
    callers: BTreeSet<Caller>,
    /// Those without a certificate, of some addresses, or with none given all of them.
    takes_plaintext: BTreeSet<Vec<IpNet>>,
    /// Those with one, of some addresses, and with which requests.
    takes_certificates: Vec<(IpNet, Allowed)>,
}

/// Somebody whose packets pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    name: String,
    has_certificate: bool,
}

/// A port that may be open from a workload to whatever is none, or the other way round.
struct Anywhere {
    workload: String,
    is_caller: bool,
    port: Port,
}

/// Returns whom the profile names, so that they are asked about even where the tree forgot them.
pub(super) fn others(profile: &Profile) -> Others {
    let unseen = |namespace: &str, labels: &Labels, account: &str, is_meshed| Unseen {
        place: Place::Named(namespace.to_owned()),
        labels: labels.clone(),
        account: account.to_owned(),
        is_meshed,
    };
    let mut all = vec![gateway(profile)];
    let mut pods = |namespace: &str, labels: &Labels| {
        all.extend([true, false].map(|is_meshed| unseen(namespace, labels, "default", is_meshed)));
    };
    for flow in &profile.flows {
        match (&flow.from, &flow.to) {
            (Peer::Unmeshed(of), _) | (_, Target::Unmeshed(of, _)) => pods(&of.namespace, &of.labels),
            _ => {}
        }
    }
    if let Some(of) = &profile.monitoring {
        pods(&of.namespace, &of.labels);
    }
    if let Some(of) = &profile.tracing {
        pods(&of.namespace, &Labels::new());
    }
    Others { unseen: all, networks: BTreeSet::new() }
}

fn gateway(profile: &Profile) -> Unseen {
    Unseen {
        place: Place::Named(profile.gateway.namespace.clone()),
        labels: gateway_labels(),
        account: GATEWAY.to_owned(),
        is_meshed: true,
    }
}

impl<'a, 'm> Declared<'a, 'm> {
    pub(super) fn of(profile: &'a Profile, reach: &'a Reach<'m>) -> Self {
        let mut declared = Self {
            table: Table::default(),
            wider: BTreeSet::new(),
            doors: BTreeMap::new(),
            anywhere: Vec::new(),
            missing: Vec::new(),
            profile,
            reach,
        };
        for flow in &profile.flows {
            declared.flow(flow);
        }
        declared.for_anybody();
        for (index, namespace) in profile.namespaces.iter().enumerate() {
            if profile.enforces(namespace) {
                declared.platform(index);
            }
        }
        declared
    }

    /// Returns the ports of a pair of ends that are not judged: where nothing is enforced, what a pod's own node may do, and
    /// what may be open and need not.
    pub(super) fn unjudged(&self, from: &str, to: &str) -> PortSet {
        let is_free = from == self.node() || self.is_audited(from) || self.is_audited(to);
        if is_free { PortSet::all() } else { self.anywhere(from, to) }
    }

    /// Says where a pod's own node may do more than nothing, by what was found.
    pub(super) fn at_node(&self, found: &[Found]) -> BTreeSet<String> {
        let node = self.node();
        let is_of_node = |flow: &&Found| flow.from.iter().any(|end| self.reach.end_name(*end) == node);
        let doors = found.iter().filter(is_of_node).flat_map(|flow| {
            let to = self.reach.end_name(flow.to);
            if self.is_audited(&to) { Vec::new() } else { self.exceptions_at(&to, &flow.ports) }
        });
        doors
            .map(|at| {
                format!("whatever runs on the same node may call {at}, as its exception lets plaintext in")
            })
            .collect()
    }

    /// Tells whether policies bite at both ends of a flow.
    pub(super) fn is_judged(&self, flow: &Flow) -> bool {
        let bites = |namespace: usize| self.profile.enforces(&self.profile.namespaces[namespace]);
        let from = match &flow.from {
            Peer::Workload(id) => bites(id.namespace),
            Peer::Namespace(index) => bites(*index),
            Peer::Gateway | Peer::Cidr(_) | Peer::Nodes | Peer::KubernetesApi | Peer::Unmeshed(_) => true,
        };
        from && match &flow.to {
            Target::Workload(id, _) => bites(id.namespace),
            Target::KubernetesApi
            | Target::Nodes(_)
            | Target::Cidr(..)
            | Target::Unmeshed(..)
            | Target::Host { .. } => true,
        }
    }

    fn node(&self) -> String {
        self.reach.end_name(End::Pod(self.reach.endpoints().node()))
    }

    /// Returns the ports at which it is of no account whether something is open.
    fn anywhere(&self, from: &str, to: &str) -> PortSet {
        let is_none = |name: &str| !self.is_workload(name);
        let meant = self.anywhere.iter().filter(|one| {
            let (own, other) = if one.is_caller { (from, to) } else { (to, from) };
            one.workload == own && is_none(other)
        });
        meant.map(|one| one.port).collect()
    }

    fn is_workload(&self, name: &str) -> bool {
        let profile = self.profile;
        profile.namespaces.iter().any(|namespace| {
            let own = name.strip_prefix(&namespace.name).and_then(|rest| rest.strip_prefix('/'));
            own.is_some_and(|own| namespace.workloads.iter().any(|workload| workload.name == own))
        })
    }

    /// Returns the ports with an exception among some of a workload's.
    fn exceptions_at(&self, to: &str, ports: &PortSet) -> Vec<String> {
        let own = self
            .profile
            .exceptions
            .iter()
            .filter(|exception| self.profile.workload_name(exception.workload) == to);
        let numbers =
            own.map(|exception| self.profile.workload(exception.workload).ports[exception.port].port);
        numbers.filter(|port| ports.contains(Port::tcp(*port))).map(|port| format!("{to}:{port}")).collect()
    }

    fn is_audited(&self, name: &str) -> bool {
        let mut audited =
            self.profile.namespaces.iter().filter(|namespace| !self.profile.enforces(namespace));
        audited.any(|namespace| name.strip_prefix(&namespace.name).is_some_and(|rest| rest.starts_with('/')))
    }

    fn flow(&mut self, flow: &Flow) {
        match &flow.to {
            Target::Workload(id, ports) => {
                let ports: Vec<WorkloadPort> = self.profile.ports_of(*id, ports).cloned().collect();
                for port in &ports {
                    self.at_workload(flow, *id, port);
                }
            }
            Target::KubernetesApi => self.open_api_server(&flow.from),
            Target::Nodes(port) => self.open_addresses(&flow.from, &self.profile.cluster.nodes, *port),
            Target::Cidr(cidr, port) => self.open_addresses(&flow.from, &[*cidr], *port),
            Target::Unmeshed(pods, port) => {
                let Unmeshed { namespace, labels } = pods;
                self.out(&self.callers(&flow.from), namespace, labels, &[Port::tcp(*port)]);
            }
            Target::Host { host, port, cidrs, .. } if cidrs.is_empty() => {
                let outside = self.outside();
                self.open_blocks(&flow.from, &outside, *port);
                let from = self.profile.peer_name(&flow.from);
                let cluster = &self.profile.cluster;
                let where_to = if cluster.is_known(true) || cluster.is_known(false) {
                    "address outside the cluster"
                } else {
                    "public address"
                };
                self.wider
                    .insert(format!("{from} may reach any {where_to} on {port}; its proxy allows {host}"));
            }
            Target::Host { port, cidrs, .. } => self.open_addresses(&flow.from, cidrs, *port),
        }
    }

    /// Opens a port of a workload to whoever a flow lets in, as whom its proxy knows them; see [`Declared::for_anybody`] for the
    /// others.
    fn at_workload(&mut self, flow: &Flow, id: WorkloadId, port: &WorkloadPort) {
        let to = self.profile.workload_name(id);
        let callers: Vec<Caller> =
            self.whoever_is(&flow.from).into_iter().filter(|caller| caller.name != to).collect();
        let addresses = self.addresses_of(&flow.from);
        let door = self.doors.entry((id, port.port)).or_default();
        door.callers.extend(callers.iter().cloned());
        match (&flow.from, &flow.basis) {
            (_, Basis::Exception(_)) => {
                door.takes_plaintext.insert(addresses);
                if flow.from == Peer::KubernetesApi && self.profile.api_server.webhook_from.is_empty() {
                    self.anywhere.push(Anywhere {
                        workload: to,
                        is_caller: false,
                        port: Port::tcp(port.port),
                    });
                }
            }
            (Peer::Cidr(cidr), _) => {
                door.takes_certificates.push((*cidr, requests(flow)));
                self.see_addresses(*cidr, id, port);
            }
            (Peer::Gateway, _) => {
                self.known(vec![gateway(self.profile).to_string()], to, port, requests(flow));
            }
            _ => {
                self.known(callers.into_iter().map(|caller| caller.name).collect(), to, port, requests(flow));
            }
        }
    }

    fn known(&mut self, from: Vec<String>, to: String, port: &WorkloadPort, allowed: Allowed) {
        let taken_for = taken_for(port);
        let passage = Passage { taken_for, account: Some(String::new()), allowed, mark: Mark::Open };
        self.table.add(from, to, PortSet::from(Port::tcp(port.port)), passage);
    }

    /// Opens ports to whoever reaches them, as far as they ask nobody who calls: an exception takes any plaintext, and a rule
    /// for addresses any certificate. NetworkPolicy tells callers apart no further.
    fn for_anybody(&mut self) {
        for ((id, number), door) in std::mem::take(&mut self.doors) {
            let to = self.profile.workload_name(id);
            let mut ports = self.profile.workload(id).ports.iter().filter(|port| port.port == number);
            let taken_for = ports.next().map_or(TakenFor::Tcp, taken_for);
            for Caller { name, has_certificate } in &door.callers {
                let known =
                    door.takes_certificates.iter().filter(|_| *has_certificate).map(|(cidr, requests)| {
                        let mut allowed = requests.clone();
                        allowed.term.conditions.push((Attribute::SourceAddress, vec![cidr.to_string()]));
                        Passage { taken_for, account: Some(String::new()), allowed, mark: Mark::Open }
                    });
                let plain =
                    door.takes_plaintext.iter().filter_map(|addresses| self.requests_within(name, addresses));
                let plain: Vec<Allowed> = plain.collect();
                if !plain.is_empty() && self.is_workload(name) {
                    self.wider.insert(format!("{name} may send {to}:{number} any request in plaintext, past its own proxy: the port's exception asks nobody who calls"));
                }
                let plain = plain.into_iter().map(|allowed| Passage {
                    taken_for,
                    account: None,
                    allowed,
                    mark: Mark::Open,
                });
                for passage in known.chain(plain) {
                    self.table.add(vec![name.clone()], to.clone(), PortSet::from(Port::tcp(number)), passage);
                }
            }
        }
    }

    /// Returns what of an end's requests comes from addresses: of blocks that is known, of pods it is not.
    fn requests_within(&self, end: &str, addresses: &[IpNet]) -> Option<Allowed> {
        if addresses.is_empty() {
            return Some(Allowed::default());
        }
        if self.blocks(addresses).iter().any(|block| block == end) {
            return Some(Allowed::default());
        }
        let is_block = self.blocks_where(|_| true).iter().any(|block| block == end);
        let words = addresses.iter().map(IpNet::to_string).collect();
        let term = Term { conditions: vec![(Attribute::SourceAddress, words)], unless: Vec::new() };
        (!is_block).then(|| Allowed { term, except: Vec::new() })
    }

    /// Returns the addresses that an exception holds its callers to; none where it does not.
    fn addresses_of(&self, peer: &Peer) -> Vec<IpNet> {
        match peer {
            Peer::Cidr(cidr) => vec![*cidr],
            Peer::Nodes => self.profile.cluster.nodes.clone(),
            Peer::KubernetesApi => self.profile.api_server.webhook_from.clone(),
            Peer::Gateway | Peer::Workload(_) | Peer::Namespace(_) | Peer::Unmeshed(_) => Vec::new(),
        }
    }

    /// Returns every end whose packets a caller's rule lets through.
    fn whoever_is(&self, peer: &Peer) -> Vec<Caller> {
        let all = |names: Vec<String>, has_certificate| -> Vec<Caller> {
            names.into_iter().map(|name| Caller { name, has_certificate }).collect()
        };
        let pods = |namespace: &str, labels: &Labels| -> Vec<Caller> {
            [true, false]
                .iter()
                .flat_map(|meshed| all(self.ends(namespace, labels, Some(*meshed)), *meshed))
                .collect()
        };
        match peer {
            Peer::Workload(_) | Peer::Namespace(_) => all(self.callers(peer), true),
            Peer::Gateway => pods(&self.profile.gateway.namespace, &gateway_labels()),
            Peer::Unmeshed(of) => pods(&of.namespace, &of.labels),
            Peer::Cidr(_) | Peer::Nodes | Peer::KubernetesApi => {
                all(self.blocks(&self.addresses_of(peer)), false)
            }
        }
    }

    /// Sees that packets from addresses reach a port; what its policies then ask for nobody outside can be told to have.
    fn see_addresses(&mut self, cidr: IpNet, id: WorkloadId, port: &WorkloadPort) {
        let to = self.profile.workload_name(id);
        let ends = self.reach.endpoints();
        let pod = ends.all_pods().find(|end| ends.name(*end) == to).expect("the tree assumes every workload");
        let wanted = AddressSet::from(&cidr);
        let open = self
            .reach
            .network()
            .from_outside(pod)
            .into_iter()
            .filter(|(_, ports, is_open)| ports.contains(Port::tcp(port.port)) && is_open.is_certain());
        let open = open.fold(AddressSet::default(), |all, (addresses, ..)| all.union(&addresses));
        let at = format!("{cidr} may open a connection to {to}:{}", port.port);
        if wanted.is_subset(&open) || self.is_audited(&to) {
            self.wider.insert(format!("{at}; only a caller with a certificate of the mesh is answered"));
        } else {
            self.missing.push(at);
        }
    }

    /// Opens what the profile's platform needs, for every workload of a namespace.
    fn platform(&mut self, index: usize) {
        let profile = self.profile;
        let all = self.callers(&Peer::Namespace(index));
        if let Some(of) = &profile.monitoring {
            let scrapers = self.ends(&of.namespace, &of.labels, None);
            for to in &all {
                let from = scrapers.iter().filter(|from| *from != to).cloned().collect();
                self.table.add(from, to.clone(), PortSet::from(Port::tcp(METRICS)), bare(Transport::Tcp));
            }
        }
        for resolver in &profile.resolvers {
            let ports =
                [Transport::Tcp, Transport::Udp].map(|protocol| Port { protocol, number: resolver.port });
            match &resolver.at {
                ResolverAt::Pods { namespace, labels } => self.out(&all, namespace, labels, &ports),
                ResolverAt::Cidr(cidr) => {
                    let blocks = self.blocks(&[*cidr]);
                    self.open(&all, &blocks, &ports);
                }
            }
        }
        let istiod = Labels::from([("app".to_owned(), "istiod".to_owned())]);
        self.out(&all, &profile.mesh.namespace, &istiod, &[Port::tcp(XDS)]);
        if let Some(to) = &profile.tracing {
            self.out(&all, &to.namespace, &Labels::new(), &[Port::tcp(to.port)]);
        }
    }

    /// Returns the workloads that a caller is, those in audit left out.
    fn callers(&self, peer: &Peer) -> Vec<String> {
        let of = |index: usize| {
            let namespace = &self.profile.namespaces[index];
            let names = namespace
                .workloads
                .iter()
                .map(move |workload| format!("{}/{}", namespace.name, workload.name));
            names.filter(|_| self.profile.enforces(namespace)).collect()
        };
        match peer {
            Peer::Workload(id) => {
                let name = self.profile.workload_name(*id);
                if self.is_audited(&name) { Vec::new() } else { vec![name] }
            }
            Peer::Namespace(index) => of(*index),
            Peer::Gateway | Peer::Cidr(_) | Peer::Nodes | Peer::KubernetesApi | Peer::Unmeshed(_) => {
                Vec::new()
            }
        }
    }

    /// Returns the ends in a namespace that carry labels, those with a sidecar or without, or both.
    fn ends(&self, namespace: &str, labels: &Labels, is_meshed: Option<bool>) -> Vec<String> {
        let ends = self.reach.endpoints();
        let is_meant = |id: &EndpointId| match ends.endpoint(*id) {
            Endpoint::Pod(pod) => {
                let pod = ends.mesh().pod(pod);
                is_meshed.is_none()
                    && ends.mesh().scope_of(pod).name == namespace
                    && labels.iter().all(|(key, value)| pod.label(key) == Some(value))
            }
            Endpoint::Unseen(unseen) => {
                is_meshed.is_none_or(|is_meshed| is_meshed == unseen.is_meshed)
                    && unseen.place == Place::Named(namespace.to_owned())
                    && labels.iter().all(|(key, value)| unseen.labels.get(key) == Some(value))
            }
            Endpoint::Node | Endpoint::Outside => false,
        };
        ends.all_pods().filter(is_meant).map(|id| ends.name(id)).collect()
    }

    /// Opens the way out to pods that nobody shows.
    fn out(&mut self, from: &[String], namespace: &str, labels: &Labels, ports: &[Port]) {
        let to = self.ends(namespace, labels, Some(false));
        self.open(from, &to, ports);
    }

    fn open(&mut self, from: &[String], to: &[String], ports: &[Port]) {
        for (to, port) in to.iter().flat_map(|to| ports.iter().map(move |port| (to, *port))) {
            self.table.add(from.to_vec(), to.clone(), PortSet::from(port), bare(port.protocol));
        }
    }

    fn open_addresses(&mut self, from: &Peer, cidrs: &[IpNet], port: u16) {
        let blocks = self.blocks(cidrs);
        self.open_blocks(from, &blocks, port);
    }

    fn open_blocks(&mut self, from: &Peer, blocks: &[String], port: u16) {
        let from = self.callers(from);
        self.open(&from, blocks, &[Port::tcp(port)]);
    }

    /// Opens the way to the API server: to its addresses, or else to its ports wherever that is.
    fn open_api_server(&mut self, from: &Peer) {
        let addresses = &self.profile.api_server.egress;
        let callers = self.callers(from);
        let ports = API_SERVER.map(Port::tcp);
        if !addresses.is_empty() {
            let blocks = self.blocks(addresses);
            return self.open(&callers, &blocks, &ports);
        }
        for (workload, port) in callers.iter().flat_map(|caller| ports.map(|port| (caller.clone(), port))) {
            self.anywhere.push(Anywhere { workload, is_caller: true, port });
        }
        let from = self.profile.peer_name(from);
        self.wider.insert(format!("{from} may reach anything on 443 and 6443: `apiServer.egress` does not say where the API server is"));
    }

    /// Returns the blocks of addresses within ranges.
    fn blocks(&self, cidrs: &[IpNet]) -> Vec<String> {
        let meant = cidrs.iter().fold(AddressSet::default(), |all, cidr| all.union(&AddressSet::from(cidr)));
        self.blocks_where(|block| block.is_subset(&meant))
    }

    fn blocks_where(&self, is_meant: impl Fn(&AddressSet) -> bool) -> Vec<String> {
        let blocks = self.reach.blocks();
        let meant = (0..blocks.len()).filter(|block| is_meant(blocks.addresses(*block)));
        meant.map(|block| blocks.name(block).to_owned()).collect()
    }

    /// Returns the blocks outside the cluster: never its own addresses, nor what is link-local, where metadata services are;
    /// where the cluster's own are not all known, nothing private.
    fn outside(&self) -> Vec<String> {
        let parse =
            |cidrs: &[&str]| -> Vec<IpNet> { cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect() };
        let cluster = &self.profile.cluster;
        let mut inside = parse(&["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"]);
        for own in [&cluster.pods, &cluster.services, &cluster.nodes, &self.profile.api_server.egress] {
            inside.extend(own.iter().filter(|cidr| !is_wide(**cidr)));
        }
        if !cluster.is_known(true) {
            inside.extend(parse(&["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]));
        }
        if !cluster.is_known(false) {
            inside.extend(parse(&["fc00::/7"]));
        }
        let inside =
            inside.iter().fold(AddressSet::default(), |all, cidr| all.union(&AddressSet::from(cidr)));
        self.blocks_where(|block| block.intersection(&inside).is_empty())
    }
}

fn taken_for(port: &WorkloadPort) -> TakenFor {
    if port.protocol.is_http() { TakenFor::Http } else { TakenFor::Tcp }
}

/// Returns the requests that a flow means.
fn requests(flow: &Flow) -> Allowed {
    let host = match &flow.basis {
        Basis::Expose(host) => vec![host.clone(), format!("{host}:*")],
        Basis::Allow | Basis::Egress | Basis::Exception(_) => Vec::new(),
    };
    let all = [
        (Attribute::Host, host),
        (Attribute::Method, flow.methods.clone()),
        (Attribute::Path, flow.paths.clone()),
    ];
    let conditions = all.into_iter().filter(|(_, words)| !words.is_empty()).collect();
    Allowed { term: Term { conditions, unless: Vec::new() }, except: Vec::new() }
}

/// Returns what no sidecar reads.
fn bare(protocol: Transport) -> Passage {
    let taken_for = match protocol {
        Transport::Tcp => TakenFor::Tcp,
        Transport::Udp => TakenFor::Udp,
        Transport::Sctp => TakenFor::Sctp,
    };
    Passage { taken_for, account: None, allowed: Allowed::default(), mark: Mark::Open }
}
