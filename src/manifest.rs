//! Manifests as the kinds that they are: what anybody wrote becomes objects in domain terms, every value knowing its line.
//!
//! ```text
//! text ─ yaml::parse ─► Node ─ delivery: what a cluster gets of it ─► Node ─ Kind::read ─► Manifests
//! ```
//!
//! One small file per kind. What an API server would refuse is no object: it is reported and left out, because a policy
//! that was refused protects nothing. Keys that no kind knows are passed over here, as the API server prunes them.

mod admin_network_policy;
pub mod admission;
mod app_protocol;
mod assumed;
mod authorization_policy;
mod config_map;
mod custom_resource_definition;
pub mod destination_rule;
pub mod envoy_filter;
pub mod flux;
mod flux_kustomization;
mod flux_source;
pub mod gateway;
pub mod gateway_api;
pub mod helm_release;
pub mod host;
mod ingress;
mod istio_operator;
pub mod istio_values;
mod kind;
pub mod kyverno;
pub mod mesh_config;
mod meta;
mod namespace;
mod network_policy;
mod peer_authentication;
mod port;
mod proxy_config;
pub mod rbac;
pub mod request_authentication;
mod secret;
mod selector;
mod service;
mod service_account;
pub mod service_entry;
pub mod sidecar;
pub mod telemetry;
pub mod virtual_service;
pub mod wasm_plugin;
mod workload;
mod workload_entry;

pub use admin_network_policy::{
    AdminAction, AdminNetworkPolicy, AdminPeer, AdminPort, AdminRule, NamespacedPods, Tier,
};
pub use admission::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding, WebhookConfiguration};
pub use app_protocol::{AppProtocol, IstioPort};
pub use assumed::{Assumed, Likeness};
pub use authorization_policy::{
    Action, AuthorizationPolicy, Condition, Operation, Rule as AuthorizationRule, Source,
};
pub use config_map::ConfigMap;
pub use custom_resource_definition::CustomResourceDefinition;
pub use destination_rule::DestinationRule;
pub use envoy_filter::EnvoyFilter;
pub use flux_kustomization::{FluxKustomization, PostBuild, SubstituteReference};
pub use flux_source::{Bucket, GitRepository, HelmRepository, OciReference, OciRepository};
pub use gateway::Gateway;
pub use helm_release::HelmRelease;
pub use ingress::{
    Ingress, IngressBackend, IngressClass, IngressPath, IngressPaths, IngressPort, IngressRule,
    IngressService, IngressTls,
};
pub use istio_operator::IstioOperator;
pub use kind::{Kind, Manifests, Unmodelled, scope};
pub use mesh_config::MeshConfig;
pub use meta::{Labels, Meta, Object, ObjectId, Origin, Scope, Word};
pub use namespace::Namespace;
pub use network_policy::{
    Direction, IpBlock, NetworkPolicy, Peer, PolicyPort, PolicyType, Protocol, Rule as NetworkRule,
};
pub use peer_authentication::{Mode, MutualTls, PeerAuthentication};
pub use port::PortName;
pub use proxy_config::{ProxyConfig, ProxyImage};
pub use rbac::{Role, RoleBinding};
pub use request_authentication::RequestAuthentication;
pub use secret::{Certificate, Secret};
pub use selector::{LabelSelector, Operator, Requirement, TargetReference, WorkloadSelector};
pub use service::{Service, ServicePort, ServiceType};
pub use service_account::ServiceAccount;
pub use service_entry::ServiceEntry;
pub use sidecar::Sidecar;
pub use telemetry::Telemetry;
pub use virtual_service::VirtualService;
pub use wasm_plugin::WasmPlugin;
pub use workload::{Container, ContainerPort, PodSpec, PodTemplate, SecurityContext, Volume, Workload};
pub use workload_entry::{GroupMeta, WorkloadEntry, WorkloadGroup};

use crate::{
    diagnostic::Diagnostic,
    source::Sources,
    yaml::{self, Node, Value},
};

/// Reads every object of the given texts; what cannot be read is reported and left out.
pub fn load(sources: &Sources, files: impl IntoIterator<Item = u32>) -> (Manifests, Vec<Diagnostic>) {
    let (mut manifests, mut diagnostics) = (Manifests::default(), Vec::new());
    for file in files {
        let (documents, faults) = yaml::parse(sources, file);
        diagnostics.extend(faults);
        for document in documents.into_iter().flat_map(unwrapped) {
            manifests.add(document, &Origin::default(), &mut diagnostics);
        }
    }
    (manifests, diagnostics)
}

/// Returns the objects of a document: itself, or the items of a `List` as `kubectl get --output yaml` writes one.
pub fn unwrapped(document: Node) -> Vec<Node> {
    let is_list = document.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
    match document.entry("items") {
        Some((_, items)) if is_list && items.is_sequence() => {
            let Value::Mapping(entries) = document.value else { return Vec::new() };
            let items = entries.into_iter().find(|(key, _)| key.text() == Some("items"));
            match items.map(|(_, items)| items.value) {
                Some(Value::Sequence(items)) => items.into_iter().flat_map(unwrapped).collect(),
                Some(Value::Scalar(_) | Value::Mapping(_)) | None => Vec::new(),
            }
        }
        Some(_) | None => vec![document],
    }
}

#[cfg(test)]
mod tests;
