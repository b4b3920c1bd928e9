//! Settings of proxies: `defaultConfig` of the mesh config, and the annotation `proxy.istio.io/config`.

use serde::Deserialize;

use super::proto::{Number, Numbered, Text, choice};
use crate::yaml::{Entries, Node, Spanned};

/// Settings of proxies (`ProxyConfig` in `mesh/v1alpha1/proxy.proto`), which are merged over Istio's own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxySettings {
    /// How traffic comes to the proxy; `REDIRECT` unless said.
    #[serde(deserialize_with = "choice")]
    pub interception_mode: Option<Spanned<InterceptionMode>>,
    /// Whether containers wait for the proxy; false unless said.
    pub hold_application_until_proxy_starts: Option<Spanned<bool>>,
    /// Variables of the proxy's environment.
    pub proxy_metadata: Entries<Spanned<Text>, Spanned<Text>>,
    /// Where istiod is.
    pub discovery_address: Option<Spanned<Text>>,
    /// The port that is never captured (semantics T08); 15020 unless said.
    pub status_port: Option<Spanned<Number>>,
    /// Where traces go, as it is written.
    pub tracing: Option<Node>,
    /// Where access logs go besides, as it is written.
    pub envoy_access_log_service: Option<Node>,
    /// The image.
    pub image: ImageSettings,
    /// What stands before gateways.
    pub gateway_topology: GatewayTopology,
}

/// How traffic comes to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InterceptionMode {
    /// By redirection, with the proxy's own address.
    Redirect,
    /// By redirection, with the client's address.
    Tproxy,
    /// Not at all (semantics T12).
    None,
}

/// The image of proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSettings {
    /// What is put behind the tag, such as `distroless`.
    pub image_type: Option<Spanned<Text>>,
}

/// What stands before gateways, and so whose word about a client's address is taken.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayTopology {
    /// How many of the last hops are trusted; 0 unless said.
    pub num_trusted_proxies: Option<Spanned<Number>>,
    /// What becomes of the header that names a client's certificate.
    pub forward_client_cert_details: Option<Node>,
    /// Whether connections start with the PROXY protocol.
    pub proxy_protocol: Option<Node>,
}

impl ProxySettings {
    /// Returns how traffic comes to the proxy.
    pub fn interception_mode(&self) -> InterceptionMode {
        self.interception_mode.map_or(InterceptionMode::Redirect, |mode| mode.value)
    }

    /// Returns the port that is never captured.
    pub fn status_port(&self) -> u32 {
        self.status_port.map_or(15020, |port| port.value.0)
    }

    /// Returns a variable of the proxy's environment.
    pub fn metadata(&self, name: &str) -> Option<&Spanned<Text>> {
        self.proxy_metadata.iter().find(|(key, _)| &*key.value == name).map(|(_, value)| value)
    }
}

impl Numbered for InterceptionMode {
    const NAMES: &'static [(i64, &'static str)] = &[(0, "REDIRECT"), (1, "TPROXY"), (2, "NONE")];
}
