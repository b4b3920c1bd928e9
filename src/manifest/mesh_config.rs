//! The mesh config, wherever it stands: in a ConfigMap, in the values of the istiod chart, in an IstioOperator.

mod extension_provider;
mod proto;
mod proxy_settings;
mod validity;

pub use extension_provider::{ExtensionProvider, ProviderKind, ProviderSettings};
pub use proto::{Number, Text};
pub use proxy_settings::{GatewayTopology, ImageSettings, InterceptionMode, ProxySettings};

use proto::Numbered;
use serde::Deserialize;

use super::{LabelSelector, Word, sidecar::OutboundMode};
use crate::{
    diagnostic::Diagnostic,
    source::Sources,
    yaml::{Node, Spanned},
};

/// What holds for a whole mesh (`mesh/v1alpha1/config.proto`), as it is written; its methods answer with the defaults that
/// istiod merges it over (`DefaultMeshConfig` in `pkg/config/mesh/mesh.go` of Istio 1.21.1).
///
/// A mesh config that istiod cannot read, or refuses, is lost as a whole: it starts with these defaults, or keeps what it
/// had.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MeshConfig {
    /// What becomes of calls to hosts that nothing registers.
    pub outbound_traffic_policy: Option<Spanned<OutboundPolicy>>,
    /// What becomes of calls to ports that no Service has, from 1.22.
    pub inbound_traffic_policy: Option<Node>,
    /// The file of access logs; none unless said.
    pub access_log_file: Option<Spanned<Text>>,
    /// How they are written.
    #[serde(deserialize_with = "proto::choice")]
    pub access_log_encoding: Option<Spanned<LogEncoding>>,
    /// What is in them; Istio's own format where absent or empty.
    pub access_log_format: Option<Spanned<Text>>,
    /// Whether connections that no chain takes leave no log; false unless said.
    pub disable_envoy_listener_log: Option<Spanned<bool>>,
    /// How long a sidecar waits for a client's first bytes before it takes them for bytes; 0 is for ever.
    pub protocol_detection_timeout: Option<Spanned<Text>>,
    /// Whether clients find out who speaks mTLS; true unless said.
    pub enable_auto_mtls: Option<Spanned<bool>>,
    /// The namespace whose policies hold for all.
    pub root_namespace: Option<Spanned<Text>>,
    /// What identities start with.
    pub trust_domain: Option<Spanned<Text>>,
    /// What they may start with as well.
    pub trust_domain_aliases: Vec<Spanned<Text>>,
    /// More authorities that are trusted, as they are written.
    pub ca_certificates: Vec<Node>,
    /// How paths are changed before policies see them.
    pub path_normalization: PathNormalization,
    /// Versions and suites of TLS with the outside.
    pub tls_defaults: Option<Spanned<TlsSettings>>,
    /// Versions and suites of TLS within the mesh.
    #[serde(rename = "meshMTLS")]
    pub mesh_mtls: Option<Spanned<TlsSettings>>,
    /// Whom proxies ask, and to whom they report.
    pub extension_providers: Vec<Spanned<ExtensionProvider>>,
    /// The providers of what Telemetry does not speak of.
    pub default_providers: DefaultProviders,
    /// Which Ingresses gateways serve.
    #[serde(deserialize_with = "proto::choice")]
    pub ingress_controller_mode: Option<Spanned<IngressControllerMode>>,
    /// The class of these.
    pub ingress_class: Option<Spanned<Text>>,
    /// The Service whose addresses they get.
    pub ingress_service: Option<Spanned<Text>>,
    /// The gateway that serves them, by its label `istio`.
    pub ingress_selector: Option<Spanned<Text>>,
    /// Settings of every proxy.
    pub default_config: Option<Spanned<ProxySettings>>,
    /// The namespaces that istiod looks at; all where empty.
    pub discovery_selectors: Vec<LabelSelector>,
    /// Who sees Services that do not say.
    pub default_service_export_to: Vec<Spanned<Text>>,
    /// Who sees VirtualServices that do not say.
    pub default_virtual_service_export_to: Vec<Spanned<Text>>,
    /// Who sees DestinationRules that do not say.
    pub default_destination_rule_export_to: Vec<Spanned<Text>>,
    /// Where istiod reads its configuration; the cluster where empty.
    pub config_sources: Vec<Node>,
}

/// What becomes of calls to hosts that nothing registers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct OutboundPolicy {
    /// The choice; `REGISTRY_ONLY` where a block says none, by the zero of the enum.
    #[serde(deserialize_with = "proto::choice")]
    pub mode: Option<Spanned<OutboundMode>>,
}

/// How access logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LogEncoding {
    /// As lines.
    Text,
    /// As objects.
    Json,
}

/// How paths are changed before policies see them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PathNormalization {
    /// The choice.
    #[serde(deserialize_with = "proto::choice")]
    pub normalization: Option<Spanned<Normalization>>,
}

/// How paths are changed before policies see them (semantics AP25).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Normalization {
    /// As `BASE`.
    Default,
    /// Not at all.
    None,
    /// Dot segments, escapes of plain characters and backslashes.
    Base,
    /// Double slashes as well.
    MergeSlashes,
    /// Escaped slashes as well.
    DecodeAndMergeSlashes,
}

/// Versions and suites of TLS.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsSettings {
    /// The lowest version.
    #[serde(deserialize_with = "proto::choice")]
    pub min_protocol_version: Option<Spanned<MeshTlsVersion>>,
    /// The curves; `meshMTLS` takes none.
    pub ecdh_curves: Vec<Spanned<Text>>,
    /// The suites of versions below 1.3.
    pub cipher_suites: Vec<Spanned<Text>>,
}

/// A version of TLS, as the mesh config names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum MeshTlsVersion {
    /// What the proxy is built for; 1.2 within the mesh.
    #[serde(rename = "TLS_AUTO")]
    Auto,
    /// 1.2.
    #[serde(rename = "TLSV1_2")]
    V1_2,
    /// 1.3.
    #[serde(rename = "TLSV1_3")]
    V1_3,
}

/// The providers of what Telemetry does not speak of.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DefaultProviders {
    /// Of traces.
    pub tracing: Vec<Spanned<Text>>,
    /// Of metrics.
    pub metrics: Vec<Spanned<Text>>,
    /// Of access logs.
    pub access_logging: Vec<Spanned<Text>>,
}

/// Which Ingresses gateways serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum IngressControllerMode {
    /// As `STRICT`, less those that name the class in an annotation (`shouldProcessIngressWithClass` in
    /// `pilot/pkg/config/kube/ingress/conversion.go` of Istio 1.21.1).
    Unspecified,
    /// None.
    Off,
    /// Those of Istio's class, and those without any.
    Default,
    /// Those of Istio's class.
    Strict,
}

impl MeshConfig {
    /// Reads a mesh config from the mapping that is one: `values.meshConfig`, `spec.meshConfig`.
    pub fn read(node: &Node) -> Result<Self, Box<Diagnostic>> {
        proto::read(node).and_then(validity::checked)
    }

    /// Returns a mesh config under its fields' JSON names, without nulls.
    pub fn normalized(node: &Node) -> Node {
        proto::normalized(node)
    }

    /// Reads a mesh config from a text: the key `mesh` of a ConfigMap.
    pub fn read_text(sources: &Sources, text: &Word) -> Result<Self, Box<Diagnostic>> {
        proto::read_text(sources, text).and_then(validity::checked)
    }

    /// Returns what becomes of calls to hosts that nothing registers: they go where they want, but for a policy without a
    /// mode.
    pub fn outbound_mode(&self) -> OutboundMode {
        match self.outbound_traffic_policy {
            Some(policy) => policy.mode.map_or(OutboundMode::RegistryOnly, |mode| mode.value),
            None => OutboundMode::AllowAny,
        }
    }

    /// Returns the file of access logs; empty for none.
    pub fn access_log_file(&self) -> &str {
        self.access_log_file.as_ref().map_or("", |file| file)
    }

    /// Returns how access logs are written.
    pub fn access_log_encoding(&self) -> LogEncoding {
        self.access_log_encoding.map_or(LogEncoding::Text, |encoding| encoding.value)
    }

    /// Tells whether a sidecar waits for a client's first bytes for ever: the default, and any spelling of 0.
    pub fn waits_for_first_bytes(&self) -> bool {
        let amount =
            |timeout: &str| timeout.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse() == Ok(0.0);
        self.protocol_detection_timeout.as_ref().is_none_or(|timeout| amount(timeout))
    }

    /// Tells whether clients find out who speaks mTLS.
    pub fn has_auto_mtls(&self) -> bool {
        self.enable_auto_mtls.is_none_or(|claim| claim.value)
    }

    /// Returns the namespace whose policies hold for all; the istiod chart writes its own namespace (`global.istioNamespace`).
    pub fn root_namespace(&self) -> &str {
        self.root_namespace.as_ref().map_or("istio-system", |namespace| namespace)
    }

    /// Returns what identities start with.
    pub fn trust_domain(&self) -> &str {
        self.trust_domain.as_ref().map_or("cluster.local", |domain| domain)
    }

    /// Returns how paths are changed before policies see them (`listener_builder.go`: `DEFAULT` is `BASE`).
    pub fn normalization(&self) -> Normalization {
        match self.path_normalization.normalization.map(|choice| choice.value) {
            Some(Normalization::Default) | None => Normalization::Base,
            Some(choice) => choice,
        }
    }

    /// Returns which Ingresses gateways serve.
    pub fn ingress_controller_mode(&self) -> IngressControllerMode {
        self.ingress_controller_mode.map_or(IngressControllerMode::Strict, |mode| mode.value)
    }

    /// Returns what decides about requests by that name: the last provider of authorization that is written so
    /// (`processExtensionProvider` in `pilot/pkg/security/authz/builder/extauthz.go` of Istio 1.21.1 passes over all others).
    pub fn authorizer(&self, name: &str) -> Option<&ExtensionProvider> {
        let decides = |provider: &&Spanned<ExtensionProvider>| provider.decides() && provider.name() == name;
        self.extension_providers.iter().rev().find(decides).map(|provider| &provider.value)
    }

    /// Returns the kind of a provider by its name: of the last that is written so, else of Istio's own three.
    pub fn provider(&self, name: &str) -> Option<ProviderKind> {
        let written = self.extension_providers.iter().rev().find(|provider| provider.name() == name);
        match (written, name) {
            (Some(provider), _) => provider.kind.as_ref().map(|(kind, _)| *kind),
            (None, "envoy") => Some(ProviderKind::FileAccessLog),
            (None, "prometheus") => Some(ProviderKind::Prometheus),
            (None, "stackdriver") => Some(ProviderKind::Stackdriver),
            (None, _) => None,
        }
    }
}

impl ProxySettings {
    /// Reads settings from a text: the annotation `proxy.istio.io/config`.
    pub fn read_text(sources: &Sources, text: &Word) -> Result<Self, Box<Diagnostic>> {
        proto::read_text(sources, text)
    }
}

impl Numbered for OutboundMode {
    const NAMES: &'static [(i64, &'static str)] =
        &[(0, "REGISTRY_ONLY"), (1, "ALLOW_ANY"), (3, "ALLOW_ANY_DYNAMIC_DNS")];
}

impl Numbered for LogEncoding {
    const NAMES: &'static [(i64, &'static str)] = &[(0, "TEXT"), (1, "JSON")];
}

impl Numbered for Normalization {
    const NAMES: &'static [(i64, &'static str)] =
        &[(0, "DEFAULT"), (1, "NONE"), (2, "BASE"), (3, "MERGE_SLASHES"), (4, "DECODE_AND_MERGE_SLASHES")];
}

impl Numbered for MeshTlsVersion {
    const NAMES: &'static [(i64, &'static str)] = &[(0, "TLS_AUTO"), (1, "TLSV1_2"), (2, "TLSV1_3")];
}

impl Numbered for IngressControllerMode {
    const NAMES: &'static [(i64, &'static str)] =
        &[(0, "UNSPECIFIED"), (1, "OFF"), (2, "DEFAULT"), (3, "STRICT")];
}
