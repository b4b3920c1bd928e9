//! The two dialects in which these policies are written.

use ipnet::IpNet;
use serde::Deserialize;

use super::{AdminAction, AdminPeer, AdminPort, AdminRule, NamespacedPods, Tier};
use crate::{
    manifest::{LabelSelector, Protocol, Word},
    yaml::Spanned,
};

#[derive(Deserialize)]
pub(super) struct Written {
    pub(super) tier: Option<Spanned<Tier>>,
    pub(super) priority: Option<Spanned<u32>>,
    pub(super) subject: Spanned<Subject>,
    #[serde(default)]
    pub(super) ingress: Vec<Spanned<IngressRule>>,
    #[serde(default)]
    pub(super) egress: Vec<Spanned<EgressRule>>,
}

#[derive(Deserialize)]
pub(super) struct IngressRule {
    name: Option<Word>,
    action: Spanned<AdminAction>,
    from: Vec<Spanned<AdminPeer>>,
    #[serde(default, alias = "protocols")]
    ports: Vec<Spanned<AdminPort>>,
}

#[derive(Deserialize)]
pub(super) struct EgressRule {
    name: Option<Word>,
    action: Spanned<AdminAction>,
    to: Vec<Spanned<AdminPeer>>,
    #[serde(default, alias = "protocols")]
    ports: Vec<Spanned<AdminPort>>,
}

impl IngressRule {
    pub(super) fn into_rule(self) -> AdminRule {
        AdminRule { name: self.name, action: self.action, peers: self.from, ports: self.ports }
    }
}

impl EgressRule {
    pub(super) fn into_rule(self) -> AdminRule {
        AdminRule { name: self.name, action: self.action, peers: self.to, ports: self.ports }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "WrittenPeer")]
pub(super) struct Subject(pub(super) NamespacedPods);

impl TryFrom<WrittenPeer> for Subject {
    type Error = &'static str;

    fn try_from(written: WrittenPeer) -> Result<Self, Self::Error> {
        match written.into() {
            AdminPeer::Pods(pods) => Ok(Self(pods)),
            AdminPeer::Nodes(_) | AdminPeer::Networks(_) | AdminPeer::DomainNames(_) | AdminPeer::Unknown => {
                Err("a subject is `namespaces` or `pods`")
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WrittenPeer {
    namespaces: Option<LabelSelector>,
    pods: Option<NamespacedPods>,
    nodes: Option<LabelSelector>,
    networks: Option<Vec<Spanned<IpNet>>>,
    domain_names: Option<Vec<Word>>,
}

impl From<WrittenPeer> for AdminPeer {
    /// Takes the first; the CRDs refuse two.
    fn from(written: WrittenPeer) -> Self {
        let WrittenPeer { namespaces, pods, nodes, networks, domain_names } = written;
        let of_namespaces = namespaces
            .map(|namespace_selector| NamespacedPods { namespace_selector, ..NamespacedPods::default() });
        of_namespaces
            .or(pods)
            .map(Self::Pods)
            .or(nodes.map(Self::Nodes))
            .or(networks.map(Self::Networks))
            .or(domain_names.map(Self::DomainNames))
            .unwrap_or(Self::Unknown)
    }
}

/// Both dialects: `portNumber`, `portRange` and `namedPort` of old, protocols since.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct WrittenPort {
    port_number: Option<PortNumber>,
    port_range: Option<PortRange>,
    #[serde(alias = "destinationNamedPort")]
    named_port: Option<Word>,
    tcp: Option<Transport>,
    udp: Option<Transport>,
    sctp: Option<Transport>,
}

#[derive(Deserialize)]
struct PortNumber {
    protocol: Option<Protocol>,
    port: u16,
}

#[derive(Deserialize)]
struct PortRange {
    protocol: Option<Protocol>,
    start: u16,
    end: u16,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Transport {
    destination_port: DestinationPort,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DestinationPort {
    number: Option<u16>,
    range: Option<PortRange>,
}

impl From<WrittenPort> for AdminPort {
    /// Takes the first; the CRDs refuse two.
    fn from(written: WrittenPort) -> Self {
        let transports =
            [(Protocol::Tcp, written.tcp), (Protocol::Udp, written.udp), (Protocol::Sctp, written.sctp)];
        let of_transport =
            |(protocol, transport): (Protocol, Option<Transport>)| transport?.destination_port.of(protocol);
        let number = written.port_number.map(|PortNumber { protocol, port }| Self::Range {
            protocol: protocol.unwrap_or(Protocol::Tcp),
            first: port,
            last: port,
        });
        number
            .or(written.port_range.map(|range| range.of(Protocol::Tcp)))
            .or(written.named_port.map(Self::Named))
            .or_else(|| transports.into_iter().find_map(of_transport))
            .unwrap_or(Self::Unknown)
    }
}

impl DestinationPort {
    fn of(self, protocol: Protocol) -> Option<AdminPort> {
        let number = self.number.map(|port| AdminPort::Range { protocol, first: port, last: port });
        number.or(self.range.map(|range| range.of(protocol)))
    }
}

impl PortRange {
    fn of(self, otherwise: Protocol) -> AdminPort {
        AdminPort::Range { protocol: self.protocol.unwrap_or(otherwise), first: self.start, last: self.end }
    }
}
