//! `NetworkPolicies`: which addresses and pods may open a connection, by pod port.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::revision::REVISION;
use crate::profile::{Peer, Profile, Resolver, ResolverAt, Unmeshed, WorkloadId, is_wide};

/// A port and its protocol.
pub(super) type Port = (&'static str, u16);

/// The port on which istiod signs certificates and serves configuration, both authenticated.
pub(super) const XDS: [Port; 1] = [("TCP", 15012)];
/// The API server's port, as a Service and on most control planes.
pub(super) const API_SERVER: [Port; 2] = [("TCP", 443), ("TCP", 6443)];

/// Either end of a connection, as a `NetworkPolicy` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NetworkPeer {
    /// Pods with these labels in a namespace; every pod of it where there are none.
    Pods(String, BTreeMap<String, String>),
    /// Every pod of every namespace whose pods get a sidecar from one of these revisions or by one of these tags; where
    /// there are none, from the default control plane.
    Meshed(BTreeSet<String>),
    /// Addresses, less some of them.
    Block(IpNet, Vec<IpNet>),
}

/// What one `NetworkPolicy` opens, for the pods that it selects.
#[derive(Debug, Default)]
pub(super) struct Openings {
    /// By the exact ports opened: who may connect. An empty set is anyone.
    ingress: BTreeMap<Vec<Port>, Option<BTreeSet<NetworkPeer>>>,
    egress: BTreeMap<Vec<Port>, Option<BTreeSet<NetworkPeer>>>,
}

impl Openings {
    /// Lets `peers` connect to `ports`.
    pub(super) fn let_in(&mut self, peers: impl IntoIterator<Item = NetworkPeer>, ports: &[Port]) {
        open(&mut self.ingress, peers, ports);
    }

    /// Lets anyone connect to `ports`.
    pub(super) fn let_anyone_in(&mut self, ports: &[Port]) {
        self.ingress.insert(ports.to_vec(), None);
    }

    /// Lets the selected pods connect to `ports` of `peers`.
    pub(super) fn let_out(&mut self, peers: impl IntoIterator<Item = NetworkPeer>, ports: &[Port]) {
        open(&mut self.egress, peers, ports);
    }

    /// Lets the selected pods connect to `ports` of anyone.
    pub(super) fn let_out_anywhere(&mut self, ports: &[Port]) {
        self.egress.insert(ports.to_vec(), None);
    }

    /// Whether nothing is opened.
    pub(super) fn is_empty(&self) -> bool {
        self.ingress.is_empty() && self.egress.is_empty()
    }

    /// Returns the policy's context for the template.
    pub(super) fn policy(
        &self,
        namespace: &str,
        name: &str,
        selector: Option<&BTreeMap<String, String>>,
    ) -> Value {
        json!({
            "name": name,
            "namespace": namespace,
            "podSelector": selector,
            "ingress": rules(&self.ingress, namespace),
            "egress": rules(&self.egress, namespace),
        })
    }
}

fn open(
    rules: &mut BTreeMap<Vec<Port>, Option<BTreeSet<NetworkPeer>>>,
    peers: impl IntoIterator<Item = NetworkPeer>,
    ports: &[Port],
) {
    let mut peers = peers.into_iter().peekable();
    if peers.peek().is_some()
        && let Some(known) = rules.entry(ports.to_vec()).or_insert_with(|| Some(BTreeSet::new()))
    {
        known.extend(peers);
    }
}

fn rules(rules: &BTreeMap<Vec<Port>, Option<BTreeSet<NetworkPeer>>>, home: &str) -> Vec<Value> {
    let rule = |(ports, peers): (&Vec<Port>, &Option<BTreeSet<NetworkPeer>>)| {
        let ports: Vec<Value> =
            ports.iter().map(|(protocol, port)| json!({"port": port, "protocol": protocol})).collect();
        let peers: Vec<Value> = peers.iter().flatten().map(|peer| peer.as_json(home)).collect();
        json!({"ports": ports, "peers": peers})
    };
    rules.iter().map(rule).collect()
}

impl NetworkPeer {
    /// Returns the peer as the API spells it, for a policy of namespace `home`.
    fn as_json(&self, home: &str) -> Value {
        match self {
            Self::Pods(namespace, labels) if namespace == home && !labels.is_empty() => {
                json!({"podSelector": {"matchLabels": labels}})
            }
            Self::Pods(namespace, labels) => {
                let mut peer =
                    json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}});
                if !labels.is_empty() {
                    peer["podSelector"] = json!({"matchLabels": labels});
                }
                peer
            }
            Self::Meshed(names) if names.is_empty() => {
                json!({"namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}}})
            }
            Self::Meshed(names) => {
                let carries = json!({"key": REVISION, "operator": "In", "values": names});
                json!({"namespaceSelector": {"matchExpressions": [carries]}})
            }
            Self::Block(cidr, except) if except.is_empty() => json!({"ipBlock": {"cidr": cidr}}),
            Self::Block(cidr, except) => json!({"ipBlock": {"cidr": cidr, "except": except}}),
        }
    }

    /// Returns addresses as peers.
    pub(super) fn blocks(cidrs: &[IpNet]) -> impl Iterator<Item = Self> + '_ {
        cidrs.iter().map(|cidr| Self::Block(*cidr, Vec::new()))
    }
}

impl From<&Unmeshed> for NetworkPeer {
    fn from(pods: &Unmeshed) -> Self {
        Self::Pods(pods.namespace.clone(), pods.labels.clone())
    }
}

impl Profile {
    /// Returns a workload's pods as a peer.
    pub(super) fn pods(&self, id: WorkloadId) -> NetworkPeer {
        NetworkPeer::Pods(self.namespace_of(id).name.clone(), self.workload(id).selector.clone())
    }

    /// Returns who may connect where `peer` may call; empty where only the ports can be said.
    pub(super) fn callers(&self, peer: &Peer) -> Vec<NetworkPeer> {
        match peer {
            Peer::Gateway => vec![self.gateway_pods()],
            Peer::Workload(id) => vec![self.pods(*id)],
            Peer::Namespace(index) => {
                vec![NetworkPeer::Pods(self.namespaces[*index].name.clone(), BTreeMap::new())]
            }
            Peer::Cidr(cidr) => vec![NetworkPeer::Block(*cidr, Vec::new())],
            Peer::Nodes => NetworkPeer::blocks(&self.cluster.nodes).collect(),
            Peer::KubernetesApi => NetworkPeer::blocks(&self.api_server.webhook_from).collect(),
            Peer::Unmeshed(pods) => vec![pods.into()],
        }
    }

    /// Returns everybody who may ask for a certificate and configuration.
    ///
    /// Pods keep the control plane that injected them until they restart, whatever their namespace follows by then: no
    /// policy may tell the control planes apart.
    pub(super) fn meshed(&self) -> Vec<NetworkPeer> {
        let names: BTreeSet<String> = self.revisions.names().map(str::to_owned).collect();
        let by_default = self.revisions.main.is_none().then(BTreeSet::new);
        let by_name = (!names.is_empty()).then_some(names);
        by_default.into_iter().chain(by_name).map(NetworkPeer::Meshed).collect()
    }

    /// Returns the gateway's pods as a peer.
    pub(super) fn gateway_pods(&self) -> NetworkPeer {
        NetworkPeer::Pods(self.gateway.namespace.clone(), super::gateway_labels())
    }

    /// Opens what every proxy needs: names, its certificate and configuration, and a place for its spans.
    pub(super) fn open_for_proxies(&self, openings: &mut Openings) {
        self.open_dns(openings);
        openings.let_out([self.istiod()], &XDS);
        if let Some(tracing) = &self.tracing {
            openings.let_out(
                [NetworkPeer::Pods(tracing.namespace.clone(), BTreeMap::new())],
                &[("TCP", tracing.port)],
            );
        }
        self.open_for_scraping(openings, 15020);
    }

    /// Opens the way to the resolvers.
    pub(super) fn open_dns(&self, openings: &mut Openings) {
        for Resolver { at, port } in &self.resolvers {
            let peer = match at {
                ResolverAt::Pods { namespace, labels } => {
                    NetworkPeer::Pods(namespace.clone(), labels.clone())
                }
                ResolverAt::Cidr(cidr) => NetworkPeer::Block(*cidr, Vec::new()),
            };
            openings.let_out([peer], &[("TCP", *port), ("UDP", *port)]);
        }
    }

    /// Lets the scraper in, where the profile names one.
    pub(super) fn open_for_scraping(&self, openings: &mut Openings, port: u16) {
        if let Some(monitoring) = &self.monitoring {
            openings.let_in(
                [NetworkPeer::Pods(monitoring.namespace.clone(), monitoring.labels.clone())],
                &[("TCP", port)],
            );
        }
    }

    /// Opens the way to the API server: to its addresses, or else to its ports.
    pub(super) fn open_api_server(&self, openings: &mut Openings) {
        if self.api_server.egress.is_empty() {
            openings.let_out_anywhere(&API_SERVER);
        } else {
            openings.let_out(NetworkPeer::blocks(&self.api_server.egress), &API_SERVER);
        }
    }

    fn istiod(&self) -> NetworkPeer {
        NetworkPeer::Pods(self.mesh.namespace.clone(), [("app".into(), "istiod".into())].into())
    }

    /// Returns every address outside the cluster, in both families.
    ///
    /// The metadata service is never outside: link-local addresses, and the one that EC2 gives it in IPv6. Where the
    /// cluster's own ranges of a family are not all known, every private and shared one is taken for one of them. The
    /// API server has a flow of its own, wherever it is.
    pub(super) fn outside(&self) -> [NetworkPeer; 2] {
        let cluster = &self.cluster;
        let known = [&cluster.pods, &cluster.services, &cluster.nodes];
        let mut inside: BTreeSet<IpNet> = known.iter().flat_map(|cidrs| cidrs.iter().copied()).collect();
        // What is said to be nearly everywhere is not known to be anywhere.
        inside.extend(self.api_server.egress.iter().filter(|cidr| !is_wide(**cidr)));
        inside.extend(parse(&["169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128"]));
        if !cluster.is_known(true) {
            inside.extend(parse(&["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]));
        }
        if !cluster.is_known(false) {
            inside.extend(parse(&["fc00::/7"]));
        }
        let minimal = IpNet::aggregate(&inside.into_iter().collect());
        let (v4, v6) = minimal.into_iter().partition(|cidr: &IpNet| cidr.addr().is_ipv4());
        let all = |cidr: &str| cidr.parse().expect("a CIDR of ours");
        [NetworkPeer::Block(all("0.0.0.0/0"), v4), NetworkPeer::Block(all("::/0"), v6)]
    }
}

fn parse(cidrs: &'static [&'static str]) -> impl Iterator<Item = IpNet> {
    cidrs.iter().map(|cidr| cidr.parse().expect("a CIDR of ours"))
}
