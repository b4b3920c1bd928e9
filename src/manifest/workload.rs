//! Whatever makes pods: Pod, Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, CronJob.

use serde::Deserialize;

use super::{Labels, PortName, Protocol, Word};
use crate::{
    diagnostic::Diagnostic,
    yaml::{self, Node, Spanned},
};

/// What makes pods, as the template of its pods.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Workload {
    /// What every pod of it is; policies see its labels, never those of the owner (semantics NP38).
    pub template: PodTemplate,
    /// The kind and name of what made it, for a Pod or ReplicaSet that something else owns.
    pub owner: Option<(String, String)>,
}

/// What a pod is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodTemplate {
    /// Labels and annotations.
    pub metadata: TemplateMeta,
    /// Containers and the rest.
    pub spec: PodSpec,
}

/// A pod's labels and annotations.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TemplateMeta {
    /// What selectors see.
    pub labels: Labels,
    /// What Istio's injector reads, among others.
    pub annotations: Labels,
}

/// The parts of a pod that bear on traffic.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// The identity; `default` unless said.
    pub service_account_name: Option<Word>,
    /// The older spelling, which loses.
    pub service_account: Option<Word>,
    /// Whether it has the node's own network: no sidecar, and no NetworkPolicy (semantics NP30).
    pub host_network: Option<Spanned<bool>>,
    /// What runs.
    pub containers: Vec<Spanned<Container>>,
    /// What runs first; with `restartPolicy: Always`, all along.
    pub init_containers: Vec<Spanned<Container>>,
    /// As whom.
    pub security_context: SecurityContext,
    /// What it mounts.
    pub volumes: Vec<Volume>,
}

/// A volume, as far as it can hold a token for istiod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Volume {
    /// What is put together in it.
    pub projected: Projected,
}

/// What is put together in a volume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Projected {
    /// Each part.
    pub sources: Vec<ProjectedSource>,
}

/// A part of a volume.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProjectedSource {
    /// A token of the pod's account.
    pub service_account_token: Option<TokenProjection>,
}

/// A token of the pod's account.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TokenProjection {
    /// For whom; the API server where absent.
    pub audience: Option<Word>,
}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: Option<Word>,
    /// Its image.
    pub image: Option<Word>,
    /// The ports that it declares; others may listen as well.
    pub ports: Vec<Spanned<ContainerPort>>,
    /// As whom.
    pub security_context: SecurityContext,
    /// `Always` makes an init container a sidecar.
    pub restart_policy: Option<Word>,
}

/// A port that a container declares.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerPort {
    /// Its name, by which policies and Services may mean it.
    pub name: Option<Word>,
    /// The pod port.
    pub container_port: Spanned<u16>,
    /// TCP unless said.
    pub protocol: Option<Spanned<Protocol>>,
    /// A port of the node that leads here.
    pub host_port: Option<Spanned<u16>>,
}

/// As whom a process runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// The user.
    pub run_as_user: Option<Spanned<i64>>,
    /// The group.
    pub run_as_group: Option<Spanned<i64>>,
}

impl Workload {
    /// Reads the template from where the kind keeps it.
    pub(super) fn read(document: &Node) -> Result<Self, Box<Diagnostic>> {
        let kind = document.get("kind").and_then(Node::text).unwrap_or_default();
        let template = match kind {
            "Pod" => Some(document),
            "CronJob" => document.at(&["spec", "jobTemplate", "spec", "template"]),
            _ => document.at(&["spec", "template"]),
        };
        let template = template.map(yaml::read).transpose()?.unwrap_or_default();
        let owners = document.at(&["metadata", "ownerReferences"]).map_or(&[][..], Node::items);
        let controller =
            owners.iter().find(|owner| owner.get("controller").and_then(Node::as_bool) == Some(true));
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        Ok(Self { template, owner: controller.map(|owner| (text(owner, "kind"), text(owner, "name"))) })
    }

    /// Returns the account that its pods run as (semantics 8.1).
    pub fn service_account(&self) -> &str {
        let spec = &self.template.spec;
        let named = spec.service_account_name.as_ref().or(spec.service_account.as_ref());
        named.map(|name| name.as_str()).filter(|name| !name.is_empty()).unwrap_or("default")
    }

    /// Tells whether its pods have the node's own network.
    pub fn has_host_network(&self) -> bool {
        self.template.spec.host_network.is_some_and(|claim| claim.value)
    }

    /// Returns the audience of a token for istiod that its pods mount: whoever holds one gets a certificate, with a sidecar or
    /// without (`security/pkg/server/ca/authenticate/kubeauth` and `TokenAudiences` in `security/pkg/nodeagent` at 1.21.1).
    pub fn istiod_token(&self) -> Option<&Word> {
        let sources = self.template.spec.volumes.iter().flat_map(|volume| &volume.projected.sources);
        let mut tokens =
            sources.filter_map(|source| source.service_account_token.as_ref()?.audience.as_ref());
        tokens.find(|audience| audience.value == "istio-ca")
    }

    /// Returns the ports that containers declare, native sidecars among them.
    pub fn ports(&self) -> impl Iterator<Item = &Spanned<ContainerPort>> {
        let spec = &self.template.spec;
        let sidecars = spec.init_containers.iter().filter(|container| container.is_sidecar());
        spec.containers.iter().chain(sidecars).flat_map(|container| &container.ports)
    }

    /// Returns the numbers that a Service's or a policy's port means at these pods (semantics NP13, NP14).
    pub fn numbers(&self, port: &PortName, protocol: Protocol) -> Vec<u16> {
        match port {
            PortName::Number(number) => u16::try_from(*number).into_iter().collect(),
            PortName::Name(name) => {
                let named =
                    self.ports().filter(|port| port.name.as_ref().is_some_and(|word| word.value == *name));
                named
                    .filter(|port| port.protocol() == protocol)
                    .map(|port| port.container_port.value)
                    .collect()
            }
        }
    }
}

impl Container {
    /// Tells whether an init container runs all along (KEP-753).
    pub fn is_sidecar(&self) -> bool {
        self.restart_policy.as_ref().is_some_and(|policy| policy.value == "Always")
    }
}

impl ContainerPort {
    /// Returns the protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol.map_or(Protocol::Tcp, |protocol| protocol.value)
    }
}
