//! `v1` Service.

use ipnet::IpNet;
use serde::Deserialize;

use super::{Labels, PortName, Protocol, Word, Workload};
use crate::yaml::Spanned;

/// A name for pods, and the ports that it maps to theirs.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Service {
    /// How it is reached; `ClusterIP` unless said.
    pub r#type: Option<Spanned<ServiceType>>,
    /// The pods behind it; empty selects none.
    pub selector: Labels,
    /// Its ports.
    pub ports: Vec<Spanned<ServicePort>>,
    /// `None` makes it headless: its name resolves to the pods' own addresses.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<Word>,
    /// The host that it stands for, of type `ExternalName`.
    pub external_name: Option<Word>,
    /// Addresses at which every node takes its traffic.
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<Word>,
    /// The clients that a load balancer lets in; empty is everybody.
    pub load_balancer_source_ranges: Vec<Spanned<IpNet>>,
    /// `Local` keeps the client's address.
    pub external_traffic_policy: Option<Word>,
    /// Whether a load balancer opens node ports as well; true unless said.
    pub allocate_load_balancer_node_ports: Option<Spanned<bool>>,
}

/// How a Service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ServiceType {
    /// From within the cluster.
    #[serde(rename = "ClusterIP")]
    ClusterIp,
    /// At a port of every node as well.
    NodePort,
    /// Through a load balancer as well.
    LoadBalancer,
    /// It only stands for a host elsewhere.
    ExternalName,
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServicePort {
    /// Its name, whose first part may say the protocol (semantics T07).
    pub name: Option<Word>,
    /// The port at which callers find it.
    pub port: Spanned<u16>,
    /// The port of the pods; the same number unless said.
    pub target_port: Option<Spanned<PortName>>,
    /// The transport; TCP unless said.
    pub protocol: Option<Spanned<Protocol>>,
    /// The application's protocol, which beats the name.
    pub app_protocol: Option<Word>,
    /// The port at every node.
    pub node_port: Option<Spanned<u16>>,
}

impl Service {
    /// Returns how it is reached.
    pub fn kind(&self) -> ServiceType {
        self.r#type.map_or(ServiceType::ClusterIp, |kind| kind.value)
    }
}

impl ServicePort {
    /// Returns the ports of a workload's pods that it leads to: none where it names one that they lack.
    pub fn numbers_at(&self, workload: &Workload) -> Vec<u16> {
        match &self.target_port {
            Some(target) if target.value != PortName::Number(0) => {
                workload.numbers(&target.value, self.protocol())
            }
            Some(_) | None => vec![self.port.value],
        }
    }

    /// Returns the transport.
    pub fn protocol(&self) -> Protocol {
        self.protocol.map_or(Protocol::Tcp, |protocol| protocol.value)
    }
}
