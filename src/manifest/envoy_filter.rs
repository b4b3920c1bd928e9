//! `networking.istio.io` EnvoyFilter.

use serde::Deserialize;

use super::{TargetReference, Word, WorkloadSelector, selector};
use crate::yaml::{Node, Spanned};

/// Changes of what proxies are told, which may undo anything (`networking/v1alpha3/envoy_filter.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EnvoyFilter {
    /// The workloads; all in scope where absent.
    #[serde(deserialize_with = "selector::by_labels")]
    pub workload_selector: Option<WorkloadSelector>,
    /// What to attach to, from 1.22.
    pub target_refs: Vec<Spanned<TargetReference>>,
    /// The changes.
    pub config_patches: Vec<Spanned<ConfigPatch>>,
}

/// A change.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigPatch {
    /// What is changed.
    pub apply_to: Option<Spanned<ApplyTo>>,
    /// Which of these.
    pub r#match: PatchMatch,
    /// How.
    pub patch: Patch,
}

/// A part of a proxy's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each is the part of Envoy's configuration of its name")]
pub enum ApplyTo {
    /// Nothing; Istio's webhook refuses it.
    Invalid,
    Listener,
    FilterChain,
    NetworkFilter,
    HttpFilter,
    RouteConfiguration,
    VirtualHost,
    HttpRoute,
    Cluster,
    ExtensionConfig,
    Bootstrap,
    ListenerFilter,
}

/// Which parts: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PatchMatch {
    /// Of which proxies; any unless said.
    pub context: Option<Spanned<PatchContext>>,
    /// Of proxies of some version or with some metadata.
    pub proxy: Option<Node>,
    /// In which listener.
    pub listener: Option<ListenerMatch>,
    /// In which route configuration, as it is written.
    pub route_configuration: Option<Node>,
    /// Which cluster, as it is written.
    pub cluster: Option<Node>,
}

/// A role of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PatchContext {
    /// All of them.
    Any,
    /// What a sidecar takes.
    SidecarInbound,
    /// What a sidecar sends.
    SidecarOutbound,
    /// A gateway.
    Gateway,
    /// A waypoint, from 1.29.
    Waypoint,
}

/// Which listener.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerMatch {
    /// Its port.
    pub port_number: Option<Spanned<u16>>,
    /// Its name.
    pub name: Option<Word>,
    /// A chain in it, as it is written.
    pub filter_chain: Option<Node>,
    /// A listener filter in it.
    pub listener_filter: Option<Word>,
}

/// How a part is changed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Patch {
    /// What is done.
    pub operation: Option<Spanned<PatchOperation>>,
    /// With what, as it is written.
    pub value: Option<Node>,
}

/// What is done to a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PatchOperation {
    /// Nothing; Istio's webhook refuses it.
    Invalid,
    /// The value is merged into it.
    Merge,
    /// The value is added.
    Add,
    /// The part is taken out.
    Remove,
    /// The value is put before it.
    InsertBefore,
    /// The value is put behind it.
    InsertAfter,
    /// The value is put before everything.
    InsertFirst,
    /// The value takes its place.
    Replace,
}

impl ConfigPatch {
    /// Returns what is changed.
    pub fn apply_to(&self) -> ApplyTo {
        self.apply_to.map_or(ApplyTo::Invalid, |part| part.value)
    }

    /// Returns what is done to it.
    pub fn operation(&self) -> PatchOperation {
        self.patch.operation.map_or(PatchOperation::Invalid, |operation| operation.value)
    }

    /// Returns of which proxies.
    pub fn context(&self) -> PatchContext {
        self.r#match.context.map_or(PatchContext::Any, |context| context.value)
    }
}
