//! Values of the istiod chart.

use serde::Deserialize;

use super::{Environment, Printed, Truth, read};
use crate::{
    diagnostic::Diagnostic,
    manifest::{LabelSelector, Labels, MeshConfig, Word, meta::said},
    yaml::{Node, Spanned},
};

/// What the istiod chart is told (`manifests/charts/istio-control/istio-discovery/values.yaml`, 1.21.1 to 1.30.3).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstiodValues {
    /// The revision; the default one where empty.
    pub revision: Option<Word>,
    /// More names for it, which namespaces may use.
    pub revision_tags: Vec<Word>,
    /// A set of values that comes with the chart.
    pub profile: Option<Word>,
    /// The release whose behaviour is kept.
    pub compatibility_version: Option<Word>,
    /// The mesh config, as it is written.
    pub mesh_config: Option<Node>,
    /// What all charts share.
    pub global: Global,
    /// What istiod itself is.
    pub pilot: Pilot,
    /// As `pilot.env`, which wins; from 1.24.
    pub env: Environment,
    /// As `pilot.cni`, which wins; from 1.24.
    pub cni: Switch,
    /// The older spelling of `pilot.cni`, until 1.23.
    #[serde(rename = "istio_cni")]
    pub istio_cni: Switch,
    /// How pods are injected.
    pub sidecar_injector_webhook: Injector,
    /// A wrapper that 1.24 and later refuse, and that loses against what stands beside it before.
    pub defaults: Option<Node>,
}

/// What all charts share.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Global {
    /// The namespace of istiod; `istio-system` unless said.
    pub istio_namespace: Option<Word>,
    /// The registry of images.
    pub hub: Option<Word>,
    /// Their tag.
    pub tag: Option<Word>,
    /// What is put behind the tag: `debug` or `distroless`.
    pub variant: Option<Word>,
    /// Sidecars.
    pub proxy: ProxyValues,
    /// The container that sets up redirection.
    #[serde(rename = "proxy_init")]
    pub proxy_init: Image,
    /// Whether istiod serves other clusters.
    pub external_istiod: Option<Spanned<Truth>>,
    /// The istiod of another cluster.
    pub remote_pilot_address: Option<Word>,
    /// An authority other than istiod.
    pub ca_address: Option<Word>,
    /// Whether there is a webhook that validates; not in 1.21 unless said, from 1.22 unless denied.
    pub config_validation: Option<Spanned<Truth>>,
    /// Whether the chart makes no webhook that injects.
    pub operator_manage_webhooks: Option<Spanned<Truth>>,
    /// Whether the chart makes NetworkPolicies of its own, from 1.28.
    pub network_policy: Switch,
    /// A key of old that no template reads.
    pub mtls: Option<Node>,
}

/// Something that can be switched on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Switch {
    /// Whether it is; false unless said.
    pub enabled: Option<Spanned<Truth>>,
}

/// Sidecars.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyValues {
    /// The image, or its name.
    pub image: Option<Word>,
    /// What is put behind its tag.
    pub variant: Option<Word>,
    /// Whether pods are injected that do not say; `enabled` unless said.
    pub auto_inject: Option<Word>,
    /// The ports that are captured on the way in; `*` unless said.
    pub include_inbound_ports: Option<Word>,
    /// The ports that are not.
    pub exclude_inbound_ports: Option<Word>,
    /// The ports that are captured on the way out, whatever the address.
    pub include_outbound_ports: Option<Word>,
    /// The ports that are not.
    pub exclude_outbound_ports: Option<Word>,
    /// The addresses that are captured on the way out; `*` unless said.
    #[serde(rename = "includeIPRanges")]
    pub include_ip_ranges: Option<Word>,
    /// The addresses that are not.
    #[serde(rename = "excludeIPRanges")]
    pub exclude_ip_ranges: Option<Word>,
    /// The port that is never captured; 15020 unless said.
    pub status_port: Option<Word>,
    /// What Services' names end with; `cluster.local` unless said.
    pub cluster_domain: Option<Word>,
    /// Whether it has every privilege.
    pub privileged: Option<Spanned<Truth>>,
    /// Where traces go: `zipkin` unless said, and from 1.22 nowhere.
    pub tracer: Option<Word>,
}

/// What istiod itself is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pilot {
    /// Variables of its environment, which switch features.
    pub env: Environment,
    /// Whether redirection is set up by the CNI plugin, from 1.22.
    pub cni: Switch,
    /// The registry of its image; the global one where empty.
    pub hub: Option<Word>,
    /// The tag; the global one where empty.
    pub tag: Option<Word>,
    /// What is put behind the tag; the global one where empty.
    pub variant: Option<Word>,
    /// The image, or its name.
    pub image: Option<Word>,
    /// Whether the chart writes the mesh config; true unless said.
    pub config_map: Option<Spanned<Truth>>,
    /// The namespace whose ztunnels may act for others.
    pub trusted_ztunnel_namespace: Option<Word>,
    /// A key of old that no template reads.
    pub access_log_file: Option<Node>,
    /// A key of old that no template reads.
    pub access_log_encoding: Option<Node>,
}

/// An image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Image {
    /// The image, or its name.
    pub image: Option<Word>,
}

/// How pods are injected (semantics T11).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Injector {
    /// Pods that are not, if they do not say.
    pub never_inject_selector: Vec<LabelSelector>,
    /// Pods that are, if they do not say.
    pub always_inject_selector: Vec<LabelSelector>,
    /// Whether namespaces without labels are injected; false unless said.
    pub enable_namespaces_by_default: Option<Spanned<Truth>>,
    /// Whether probes are sent through the agent (semantics T09); true unless said.
    #[serde(rename = "rewriteAppHTTPProbe")]
    pub rewrite_app_http_probe: Option<Spanned<Truth>>,
    /// Annotations that every injected pod gets.
    pub injected_annotations: Labels,
    /// Templates besides the chart's own, as they are written.
    pub templates: Option<Node>,
    /// The templates of pods that name none; `sidecar` where empty.
    pub default_templates: Vec<Word>,
}

impl IstiodValues {
    /// Reads what a release tells the chart.
    pub fn read(values: Option<&Node>) -> Result<Self, Box<Diagnostic>> {
        read(values)
    }

    /// Reads the mesh config; an empty one where none is written.
    ///
    /// The chart writes more beside it: a root namespace, a trust domain and the address of istiod (`configmap.yaml`).
    pub fn mesh_config(&self) -> Result<MeshConfig, Box<Diagnostic>> {
        self.mesh_config.as_ref().map(MeshConfig::read).transpose().map(Option::unwrap_or_default)
    }

    /// Returns the namespace of istiod.
    pub fn istio_namespace(&self) -> &str {
        said(self.global.istio_namespace.as_ref()).unwrap_or("istio-system")
    }

    /// Returns the revision; `default` for the one without a name.
    pub fn revision(&self) -> &str {
        said(self.revision.as_ref()).unwrap_or("default")
    }

    /// Returns a variable of istiod's environment. `env` beside `pilot` is read only where the chart copies the latter over
    /// it (`zzy_descope_legacy.yaml`, from 1.24).
    pub fn environment(&self, name: &str, copies_pilot: bool) -> Option<&Spanned<Printed>> {
        self.pilot.env.named(name).or_else(|| self.env.named(name).filter(|_| copies_pilot))
    }
}

impl Switch {
    /// Tells whether it is on.
    pub fn is_on(self) -> bool {
        self.enabled.is_some_and(|truth| truth.value.0)
    }
}
