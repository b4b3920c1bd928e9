//! `networking.istio.io` VirtualService.

mod condition;

pub use condition::{HttpMatch, StringMatch, TcpMatch, TlsMatch};

use serde::Deserialize;

use super::{Labels, Word, destination_rule::PortSelector};
use crate::yaml::Spanned;

/// Where requests for hosts go (`networking/v1alpha3/virtual_service.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VirtualService {
    /// The hosts; empty for one that others delegate to. One without dots is a Service of its own namespace.
    pub hosts: Vec<Word>,
    /// Who routes by it: gateways, as `name` or `namespace/name`, and `mesh`; see [`VirtualService::gateways`].
    pub gateways: Vec<Word>,
    /// Routes of requests; the first that matches.
    pub http: Vec<Spanned<HttpRoute>>,
    /// Routes of TLS that is passed through; the first that matches.
    pub tls: Vec<Spanned<TlsRoute>>,
    /// Routes of connections; the first that matches.
    pub tcp: Vec<Spanned<TcpRoute>>,
    /// The namespaces whose proxies see it: `.`, `*` or names; where empty, as the mesh config says.
    pub export_to: Vec<Word>,
}

/// A route of requests.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRoute {
    /// Its name.
    pub name: Option<Word>,
    /// The requests: one of these has to match; every request where empty.
    pub r#match: Vec<Spanned<HttpMatch>>,
    /// Where they go.
    pub route: Vec<Spanned<RouteDestination>>,
    /// Where the client is sent instead.
    pub redirect: Option<Spanned<Redirect>>,
    /// What is answered instead.
    pub direct_response: Option<Spanned<DirectResponse>>,
    /// The VirtualService that has the routes.
    pub delegate: Option<Spanned<Delegate>>,
    /// How the request is changed on its way.
    pub rewrite: Option<Spanned<Rewrite>>,
    /// How headers are changed.
    pub headers: Headers,
    /// Who gets a copy.
    pub mirror: Option<Spanned<Destination>>,
    /// Who else gets a copy.
    pub mirrors: Vec<Mirror>,
}

/// A destination with its share.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RouteDestination {
    /// Where requests go.
    pub destination: Destination,
    /// The share, in parts of the sum; see [`receiving`].
    pub weight: Option<Spanned<u32>>,
    /// How headers are changed; not of a TLS or TCP route.
    pub headers: Headers,
}

/// A host to send to.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Destination {
    /// The host; one without dots is a Service of the VirtualService's own namespace.
    pub host: Option<Word>,
    /// A subset that a DestinationRule of the host names.
    pub subset: Option<Word>,
    /// The port of the Service; needed where it has several.
    pub port: PortSelector,
}

/// Where a client is sent; what is not given stays.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Redirect {
    /// The path.
    pub uri: Option<Word>,
    /// The host.
    pub authority: Option<Word>,
    /// The port.
    pub port: Option<Spanned<u16>>,
    /// Where the port comes from: `FROM_PROTOCOL_DEFAULT` or `FROM_REQUEST_PORT`.
    pub derive_port: Option<Word>,
    /// The scheme.
    pub scheme: Option<Word>,
    /// The status; 301 unless said.
    pub redirect_code: Option<Spanned<u16>>,
}

/// What is answered without a backend.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DirectResponse {
    /// The status.
    pub status: Spanned<u16>,
}

/// A VirtualService without hosts.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Delegate {
    /// Its name.
    pub name: Option<Word>,
    /// Its namespace, where it is not the same.
    pub namespace: Option<Word>,
}

/// How a request is changed on its way, so that the backend sees another path or host.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rewrite {
    /// The path, or what the matched prefix becomes.
    pub uri: Option<Word>,
    /// The path, by an expression.
    pub uri_regex_rewrite: Option<RegexRewrite>,
    /// The host.
    pub authority: Option<Word>,
}

/// What an RE2 expression matches becomes another text.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct RegexRewrite {
    /// The expression.
    pub r#match: Option<Word>,
    /// The text.
    pub rewrite: Option<Word>,
}

/// How headers are changed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Headers {
    /// Those of the request, before it is sent on.
    pub request: HeaderOperations,
}

/// Changes of headers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct HeaderOperations {
    /// Written over.
    pub set: Labels,
    /// Written beside what is there.
    pub add: Labels,
    /// Taken out.
    pub remove: Vec<Word>,
}

/// Who gets a copy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Mirror {
    /// Where the copy goes.
    pub destination: Destination,
}

/// A route of TLS that is passed through.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TlsRoute {
    /// The connections: one of these has to match.
    pub r#match: Vec<Spanned<TlsMatch>>,
    /// Where they go.
    pub route: Vec<Spanned<RouteDestination>>,
}

/// A route of connections.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TcpRoute {
    /// The connections: one of these has to match; every connection where empty.
    pub r#match: Vec<Spanned<TcpMatch>>,
    /// Where they go.
    pub route: Vec<Spanned<RouteDestination>>,
}

/// The gateway that stands for every sidecar.
pub const MESH: &str = "mesh";

impl VirtualService {
    /// Returns who routes by it, as it is written: every sidecar where nothing is (`virtual_service.proto`, `gateways`).
    pub fn gateways(&self) -> impl Iterator<Item = &str> {
        let sidecars = self.gateways.is_empty().then_some(MESH);
        self.gateways.iter().map(|gateway| gateway.as_str()).chain(sidecars)
    }

    /// Tells whether sidecars route by it.
    pub fn is_for_sidecars(&self) -> bool {
        self.gateways().any(|gateway| gateway == MESH)
    }

    /// Tells whether others delegate to it: it has no hosts of its own.
    pub fn is_delegate(&self) -> bool {
        self.hosts.is_empty()
    }

    /// Returns every destination of every route, those of copies among them.
    pub fn destinations(&self) -> impl Iterator<Item = &Destination> {
        let routes = self.http.iter().map(|route| &route.route);
        let routes = routes.chain(self.tls.iter().map(|route| &route.route));
        let routes = routes.chain(self.tcp.iter().map(|route| &route.route));
        let copies = self.http.iter().flat_map(|route| route.copies());
        routes.flatten().map(|route| &route.destination).chain(copies)
    }
}

impl HttpRoute {
    /// Returns who gets a copy of its requests.
    pub fn copies(&self) -> impl Iterator<Item = &Destination> {
        let mirrors = self.mirrors.iter().map(|mirror| &mirror.destination);
        self.mirror.iter().map(|mirror| &mirror.value).chain(mirrors)
    }
}

/// Returns the destinations of a route that get something: one alone gets all; of several, those without a weight nothing
/// (`applyHTTPRouteDestination` in `pilot/pkg/networking/core/v1alpha3/route/route.go` of Istio 1.21.1).
pub fn receiving(route: &[Spanned<RouteDestination>]) -> impl Iterator<Item = &Spanned<RouteDestination>> {
    let has_weight =
        |destination: &RouteDestination| destination.weight.is_some_and(|weight| weight.value > 0);
    route.iter().filter(move |destination| route.len() == 1 || has_weight(destination))
}

impl Redirect {
    /// Returns the status.
    pub fn code(&self) -> u16 {
        self.redirect_code.map(|code| code.value).filter(|code| *code != 0).unwrap_or(301)
    }
}
