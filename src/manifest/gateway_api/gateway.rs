//! Gateway and GatewayClass.

use serde::Deserialize;

use super::SecretReference;
use crate::{
    manifest::{LabelSelector, Labels, Word},
    yaml::{Node, Spanned},
};

/// Who makes gateways of a class.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayClass {
    /// The controller; Istio's are `istio.io/gateway-controller` and `istio.io/mesh-controller`.
    pub controller_name: Option<Word>,
}

/// A gateway, for which Istio makes a Deployment and a Service of type LoadBalancer; see [`Gateway::is_managed`].
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Gateway {
    /// The class; `istio` and `istio-waypoint` come with Istio.
    pub gateway_class_name: Option<Word>,
    /// What it listens for.
    pub listeners: Vec<Spanned<Listener>>,
    /// Its addresses; of type `Hostname`, a Service that is there already.
    pub addresses: Vec<Spanned<Address>>,
    /// What is put on the objects that are made for it.
    pub infrastructure: Infrastructure,
    /// How backends see it, and how clients' certificates are checked, as it is written; from v1.4.
    pub tls: Option<Node>,
}

/// An address of a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Address {
    /// `IPAddress` unless said, or `Hostname`.
    pub r#type: Option<Word>,
    /// The address.
    pub value: Option<Word>,
}

/// What is put on the objects that are made for a gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Infrastructure {
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// A port that a gateway listens at.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// Its name, by which routes mean it.
    pub name: Word,
    /// The host, with a `*` as the first label; every one where absent.
    pub hostname: Option<Word>,
    /// The port.
    pub port: Spanned<u16>,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, or a controller's own such as `HBONE`.
    pub protocol: Word,
    /// How it is secured.
    pub tls: Option<Spanned<ListenerTls>>,
    /// The routes that may attach.
    #[serde(default)]
    pub allowed_routes: AllowedRoutes,
}

/// How a listener secures connections.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerTls {
    /// Where TLS ends; `Terminate` unless said.
    pub mode: Option<Spanned<ListenerTlsMode>>,
    /// The Secrets that hold its certificates.
    pub certificate_refs: Vec<Spanned<SecretReference>>,
    /// A controller's own settings; Istio reads `gateway.istio.io/tls-terminate-mode`, among others.
    pub options: Labels,
}

/// Where TLS ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum ListenerTlsMode {
    /// At the listener.
    Terminate,
    /// Behind it.
    Passthrough,
}

/// Which routes may attach.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct AllowedRoutes {
    /// Of which namespaces.
    pub namespaces: RouteNamespaces,
    /// Of which kinds; those that fit the protocol where empty.
    pub kinds: Vec<RouteKind>,
}

/// Namespaces of routes.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RouteNamespaces {
    /// Which; the gateway's own unless said.
    pub from: Option<Spanned<RoutesFrom>>,
    /// Those that are selected, for `Selector`.
    pub selector: Option<LabelSelector>,
}

/// Which namespaces' routes may attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum RoutesFrom {
    /// Every one's.
    All,
    /// The selected ones'.
    Selector,
    /// The gateway's own.
    Same,
    /// None's.
    None,
}

/// A kind of route.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RouteKind {
    /// The group; this API's unless said.
    #[serde(default)]
    pub group: Option<Word>,
    /// The kind.
    pub kind: Word,
}

impl Gateway {
    /// Tells whether Istio makes a Deployment and a Service for it: unless it has an address that is no `IPAddress`, or
    /// several (`IsManaged` in `pilot/pkg/config/kube/gateway/conversion.go` of Istio 1.21.1).
    pub fn is_managed(&self) -> bool {
        match self.addresses.as_slice() {
            [] => true,
            [address] => address.r#type.as_ref().is_none_or(|kind| kind.value == "IPAddress"),
            [_, _, ..] => false,
        }
    }
}

impl Listener {
    /// Tells whether TLS ends behind it.
    pub fn passes_through(&self) -> bool {
        let mode = self.tls.as_ref().map(|tls| tls.mode());
        mode == Some(ListenerTlsMode::Passthrough)
    }
}

impl ListenerTls {
    /// Returns where TLS ends.
    pub fn mode(&self) -> ListenerTlsMode {
        self.mode.map_or(ListenerTlsMode::Terminate, |mode| mode.value)
    }
}

impl AllowedRoutes {
    /// Returns which namespaces' routes may attach.
    pub fn from(&self) -> RoutesFrom {
        self.namespaces.from.map_or(RoutesFrom::Same, |from| from.value)
    }
}
