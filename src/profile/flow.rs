//! Declared flows: who may call what, and on whose word.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Deserialize;

use super::{Port, Profile};
use crate::source::Span;

/// A workload, by its place in [`Profile::namespaces`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkloadId {
    /// Index into [`Profile::namespaces`].
    pub namespace: usize,
    /// Index into the namespace's workloads.
    pub workload: usize,
}

/// Someone may call something.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Who calls.
    pub from: Peer,
    /// What is called.
    pub to: Target,
    /// The HTTP methods; empty is every method.
    pub methods: Vec<String>,
    /// The HTTP paths, exact, prefix (`/api/*`) or suffix (`*.css`); empty is every path.
    pub paths: Vec<String>,
    /// Which key of the profile declares it.
    pub basis: Basis,
    /// Where the profile declares it.
    pub span: Span,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// The gateway's pods.
    Gateway,
    /// A workload's pods.
    Workload(WorkloadId),
    /// Every pod of a governed namespace, an index into [`Profile::namespaces`].
    Namespace(usize),
    /// Addresses outside the cluster.
    Cidr(IpNet),
    /// The cluster's nodes, and what runs on their network.
    Nodes,
    /// The Kubernetes API server.
    KubernetesApi,
    /// Pods without a sidecar.
    Unmeshed(Unmeshed),
}

/// Pods without a sidecar.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unmeshed {
    /// Their namespace, which the profile does not govern.
    pub namespace: String,
    /// Their labels; all of the namespace where there are none.
    pub labels: BTreeMap<String, String>,
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Ports of a workload, indices into its ports; never empty.
    Workload(WorkloadId, Vec<usize>),
    /// The Kubernetes API server.
    KubernetesApi,
    /// A port of the cluster's nodes.
    Nodes(u16),
    /// A port at addresses.
    Cidr(IpNet, u16),
    /// A port of pods without a sidecar.
    Unmeshed(Unmeshed, u16),
    /// A host outside the cluster.
    Host {
        /// A DNS name, or `*.` and one.
        host: String,
        /// Its port.
        port: u16,
        /// What it speaks.
        protocol: HostProtocol,
        /// Its addresses; empty is any public one.
        cidrs: Vec<IpNet>,
    },
}

/// What a host outside the cluster speaks.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostProtocol {
    /// TLS that the application begins; the proxy sees the server name.
    #[default]
    Tls,
    /// HTTP in the clear.
    Http,
    /// Bytes.
    Tcp,
}

/// Which key of the profile declares a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// `allow`.
    Allow,
    /// `expose`, with the full host.
    Expose(String),
    /// `egress`.
    Egress,
    /// `exceptions`, an index into [`Profile::exceptions`].
    Exception(usize),
}

impl Flow {
    /// Returns whether only some requests are meant, not every byte on the port.
    pub fn is_http_only(&self) -> bool {
        !self.methods.is_empty() || !self.paths.is_empty()
    }
}

impl Profile {
    /// Returns a caller as the profile's author would name it.
    pub fn peer_name(&self, peer: &Peer) -> String {
        match peer {
            Peer::Gateway => "gateway".into(),
            Peer::Workload(id) => self.workload_name(*id),
            Peer::Namespace(index) => format!("{}/*", self.namespaces[*index].name),
            Peer::Cidr(cidr) => cidr.to_string(),
            Peer::Nodes => "nodes".into(),
            Peer::KubernetesApi => "kubernetes-api".into(),
            Peer::Unmeshed(pods) => pods.name(),
        }
    }

    /// Returns what is called as the profile's author would name it, with its ports.
    pub fn target_name(&self, target: &Target) -> String {
        match target {
            Target::Workload(id, ports) => {
                let ports: Vec<String> =
                    ports.iter().map(|port| self.workload(*id).ports[*port].port.to_string()).collect();
                format!("{}:{}", self.workload_name(*id), ports.join(","))
            }
            Target::KubernetesApi => "kubernetes-api".into(),
            Target::Nodes(port) => format!("nodes:{port}"),
            Target::Cidr(cidr, port) => format!("{cidr}:{port}"),
            Target::Unmeshed(pods, port) => format!("{}:{port}", pods.name()),
            Target::Host { host, port, .. } => format!("{host}:{port}"),
        }
    }

    /// Returns the ports of a workload that a flow names.
    pub fn ports_of(&self, id: WorkloadId, ports: &[usize]) -> impl Iterator<Item = &Port> {
        let all = &self.workload(id).ports;
        ports.iter().map(move |port| &all[*port])
    }
}

impl Unmeshed {
    /// Returns `unmeshed <namespace>`, with the labels where there are some.
    pub fn name(&self) -> String {
        let labels: Vec<String> = self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        if labels.is_empty() {
            format!("unmeshed {}", self.namespace)
        } else {
            format!("unmeshed {}[{}]", self.namespace, labels.join(","))
        }
    }
}
