//! A profile as its author wrote it: every name a word with its place, nothing resolved.
#![expect(clippy::struct_field_names, reason = "a field is named as its key in the profile")]

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    Admission, ApiServer, Cluster, Enforcement, Flux, Mesh, Monitoring, PodSecurity, Protocol, Replicas,
};
use crate::yaml::{Entries, Spanned};

/// The profile's own file, less `values` and `namespaces`, which are read from their nodes.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Document {
    pub name: Option<Spanned<String>>,
    pub path: Option<Spanned<String>>,
    pub domain: Option<Spanned<String>>,
    pub chart_version: Option<Spanned<String>>,
    pub tls_secret: Option<Spanned<String>>,
    pub kubernetes_version: Option<Spanned<String>>,
    pub revised: Option<String>,
    pub enforcement: Option<Enforcement>,
    pub flux: Flux,
    pub cluster: Cluster,
    pub api_server: ApiServer,
    pub dns: Dns,
    pub mesh: Mesh,
    pub admission: Admission,
    pub gateway: Gateway,
    pub monitoring: Option<Monitoring>,
    pub tracing: Option<Tracing>,
    pub exceptions: Vec<Spanned<Exception>>,
    pub waivers: Vec<Waiver>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Dns {
    pub preset: DnsPreset,
    pub peers: Vec<Spanned<Resolver>>,
}

impl Dns {
    /// Whether the preset names OpenShift; resolvers said by hand say nothing of the platform.
    pub(super) fn is_openshift(&self) -> bool {
        self.peers.is_empty() && matches!(self.preset, DnsPreset::Openshift)
    }
}

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DnsPreset {
    #[default]
    Coredns,
    GkeClouddns,
    Openshift,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Resolver {
    pub namespace: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub cidr: Option<IpNet>,
    pub port: Option<u16>,
}

/// What `mesh` says of revisions, less the canary's Helm values.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Revisions {
    pub revision: Option<Spanned<String>>,
    pub tags: Entries<Spanned<String>, Spanned<String>>,
    pub canary: Option<Canary>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Canary {
    pub revision: Option<Spanned<String>>,
    pub chart_version: Option<Spanned<String>>,
    pub images: CanaryImages,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CanaryImages {
    pub hub: Option<String>,
    pub tag: Option<String>,
    pub variant: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Gateway {
    pub revision: Option<Spanned<String>>,
    pub namespace: Option<Spanned<String>>,
    pub replicas: Option<Spanned<Replicas>>,
    pub service: super::GatewayService,
    pub certificate: Option<Certificate>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Certificate {
    #[serde(default)]
    pub issuer: Option<super::Issuer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Tracing {
    pub provider: super::TracingProvider,
    pub address: Option<Spanned<String>>,
    pub sampling: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exception {
    pub workload: Option<Spanned<String>>,
    pub port: Option<Spanned<String>>,
    pub from: Option<Spanned<Peer>>,
    pub reason: Option<String>,
    pub owner: Option<String>,
    pub expires: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Waiver {
    pub code: Option<Spanned<String>>,
    pub object: Option<Spanned<String>>,
    pub reason: Option<String>,
    pub owner: Option<String>,
    pub expires: Option<Spanned<String>>,
}

/// A namespace, in the profile or in a team's fragment.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Namespace {
    pub name: Option<Spanned<String>>,
    pub namespace: Ownership,
    pub enforcement: Option<Spanned<Enforcement>>,
    pub revision: Option<Spanned<String>>,
    pub pod_security: Option<Spanned<PodSecurity>>,
    pub workloads: Entries<Spanned<String>, Option<Workload>>,
    pub expose: Vec<Spanned<Exposure>>,
    pub allow: Vec<Spanned<Flow>>,
    pub egress: Vec<Spanned<Egress>>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ownership {
    #[default]
    Create,
    Existing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Workload {
    pub port: Option<Spanned<u16>>,
    pub protocol: Option<Protocol>,
    pub service_port: Option<Spanned<u16>>,
    pub ports: Vec<Spanned<Port>>,
    pub selector: Option<Spanned<BTreeMap<String, String>>>,
    pub service_account: Option<Spanned<String>>,
    pub service: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Port {
    pub name: Option<Spanned<String>>,
    pub port: Option<Spanned<u16>>,
    pub protocol: Option<Protocol>,
    pub service_port: Option<Spanned<u16>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Exposure {
    pub workload: Option<Spanned<String>>,
    pub host: Option<Spanned<String>>,
    pub port: Option<Spanned<String>>,
    pub methods: Vec<String>,
    pub paths: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Flow {
    pub from: Option<Spanned<Peer>>,
    pub to: Option<Spanned<Peer>>,
    pub port: Option<Spanned<String>>,
    pub methods: Option<Spanned<Vec<String>>>,
    pub paths: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Egress {
    pub from: Option<Spanned<String>>,
    pub host: Option<Spanned<String>>,
    pub port: Option<Spanned<u16>>,
    pub protocol: super::HostProtocol,
    pub cidrs: Vec<Spanned<IpNet>>,
}

/// Either end of a flow: a name, addresses, or pods without a sidecar.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Peer {
    Name(String),
    Cidr {
        cidr: IpNet,
    },
    Unmeshed {
        unmeshed: Unmeshed,
    },
    /// What is left of a peer whose fault is reported.
    Unread(IgnoredAny),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Unmeshed {
    Namespace(String),
    Pods {
        namespace: String,
        #[serde(default)]
        labels: BTreeMap<String, String>,
    },
    /// What is left where a fault is reported.
    Unread(IgnoredAny),
}
