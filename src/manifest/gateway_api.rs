//! `gateway.networking.k8s.io`: the Gateway API, whose Gateway is another kind than Istio's.
//!
//! Fields and defaults are those of `apis/v1` in kubernetes-sigs/gateway-api v1.6.1; Istio 1.21 reads v1.0.

mod filter;
mod gateway;
mod reference;
mod route;

pub use filter::{Filter, HeaderFilter, HeaderValue, Mirror, PathModifier, Redirect, Rewrite};
pub use gateway::{
    Address, AllowedRoutes, Gateway, GatewayClass, Infrastructure, Listener, ListenerTls, ListenerTlsMode,
    RouteKind, RouteNamespaces, RoutesFrom,
};
pub use reference::{
    BackendReference, ParentReference, ReferenceGrant, ReferenceGrantFrom, ReferenceGrantTo, SecretReference,
};
pub use route::{
    GrpcMatch, GrpcMethod, GrpcRoute, GrpcRule, HeaderMatch, HttpMatch, HttpRoute, HttpRule, L4Rule,
    PathMatch, PathMatchType, TcpRoute, TextMatchType, TlsRoute,
};
