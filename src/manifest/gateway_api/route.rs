//! HTTPRoute, GRPCRoute, TLSRoute and TCPRoute.

use serde::Deserialize;

use super::{BackendReference, Filter, ParentReference};
use crate::{manifest::Word, yaml::Spanned};

/// Routes of requests.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRoute {
    /// What it attaches to.
    pub parent_refs: Vec<Spanned<ParentReference>>,
    /// The hosts, with a `*` as the first label; the listener's where empty.
    pub hostnames: Vec<Word>,
    /// The routes, of which the most specific match decides.
    pub rules: Vec<Spanned<HttpRule>>,
}

/// A route of requests.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpRule {
    /// The requests: one of these has to match; every request where empty.
    pub matches: Vec<Spanned<HttpMatch>>,
    /// What is done to them.
    pub filters: Vec<Spanned<Filter>>,
    /// Where they go; an error where empty, unless they are redirected.
    pub backend_refs: Vec<Spanned<BackendReference>>,
}

/// Which requests: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpMatch {
    /// The path; every one where absent.
    pub path: Option<Spanned<PathMatch>>,
    /// Headers.
    pub headers: Vec<HeaderMatch>,
    /// Parameters of the query.
    pub query_params: Vec<HeaderMatch>,
    /// The method.
    pub method: Option<Word>,
}

/// A condition on a path.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PathMatch {
    /// How it is compared; `PathPrefix` unless said.
    pub r#type: Option<Spanned<PathMatchType>>,
    /// With what; `/` unless said.
    pub value: Option<Word>,
}

/// How a path is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum PathMatchType {
    /// It is this.
    Exact,
    /// It starts so, by whole parts between slashes.
    PathPrefix,
    /// An expression of the controller's dialect.
    RegularExpression,
}

/// A condition on a header or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeaderMatch {
    /// How it is compared; `Exact` unless said.
    #[serde(default)]
    pub r#type: Option<Spanned<TextMatchType>>,
    /// The header, in any case, or the parameter.
    pub name: Word,
    /// With what.
    pub value: Word,
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum TextMatchType {
    /// It is this.
    Exact,
    /// An expression of the controller's dialect.
    RegularExpression,
}

/// Routes of gRPC calls.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcRoute {
    /// What it attaches to.
    pub parent_refs: Vec<Spanned<ParentReference>>,
    /// The hosts, with a `*` as the first label; the listener's where empty.
    pub hostnames: Vec<Word>,
    /// The routes, of which the most specific match decides.
    pub rules: Vec<Spanned<GrpcRule>>,
}

/// A route of gRPC calls.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GrpcRule {
    /// The calls: one of these has to match; every call where empty.
    pub matches: Vec<Spanned<GrpcMatch>>,
    /// What is done to them.
    pub filters: Vec<Spanned<Filter>>,
    /// Where they go.
    pub backend_refs: Vec<Spanned<BackendReference>>,
}

/// Which calls: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct GrpcMatch {
    /// The method; every one where absent.
    pub method: Option<Spanned<GrpcMethod>>,
    /// Headers.
    pub headers: Vec<HeaderMatch>,
}

/// A condition on a gRPC method.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct GrpcMethod {
    /// How it is compared; `Exact` unless said.
    pub r#type: Option<Spanned<TextMatchType>>,
    /// The service, with its package; every one where absent.
    pub service: Option<Word>,
    /// The method; every one where absent.
    pub method: Option<Word>,
}

/// Routes of TLS that is passed through.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsRoute {
    /// What it attaches to.
    pub parent_refs: Vec<Spanned<ParentReference>>,
    /// The names that clients ask for, with a `*` as the first label; the listener's where empty.
    pub hostnames: Vec<Word>,
    /// Where connections go.
    pub rules: Vec<Spanned<L4Rule>>,
}

/// Routes of connections.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TcpRoute {
    /// What it attaches to.
    pub parent_refs: Vec<Spanned<ParentReference>>,
    /// Where connections go.
    pub rules: Vec<Spanned<L4Rule>>,
}

/// A route of connections.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct L4Rule {
    /// Where they go.
    pub backend_refs: Vec<Spanned<BackendReference>>,
}

impl PathMatch {
    /// Returns how the path is compared.
    pub fn kind(&self) -> PathMatchType {
        self.r#type.map_or(PathMatchType::PathPrefix, |kind| kind.value)
    }

    /// Returns with what.
    pub fn value(&self) -> &str {
        self.value.as_ref().map_or("/", |value| value.as_str())
    }
}

impl HeaderMatch {
    /// Returns how the text is compared.
    pub fn kind(&self) -> TextMatchType {
        self.r#type.map_or(TextMatchType::Exact, |kind| kind.value)
    }
}

impl GrpcMethod {
    /// Returns how the method is compared.
    pub fn kind(&self) -> TextMatchType {
        self.r#type.map_or(TextMatchType::Exact, |kind| kind.value)
    }
}
