//! Extension providers: whom proxies ask, and to whom they report.

use serde::Deserialize;

use super::proto::{Number, Text};
use crate::{
    source::Span,
    yaml::{Node, Spanned},
};

/// An extension provider, by the name that policies and Telemetry use (`MeshConfig.ExtensionProvider`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct ExtensionProvider {
    /// Its name.
    pub name: Option<Spanned<Text>>,
    /// What it is, with its settings; nothing for a kind that Istio does not know.
    pub kind: Option<(ProviderKind, Spanned<ProviderSettings>)>,
}

/// What a provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the provider of its name")]
pub enum ProviderKind {
    /// Decides about requests over HTTP.
    ExtAuthzHttp,
    /// Decides about requests and connections over gRPC.
    ExtAuthzGrpc,
    /// Writes access logs to a file of the proxy, such as `/dev/stdout`.
    FileAccessLog,
    /// Takes access logs of requests.
    HttpAccessLogService,
    /// Takes access logs of connections.
    TcpAccessLogService,
    /// Takes access logs.
    OpenTelemetryAccessLog,
    Zipkin,
    Lightstep,
    Datadog,
    Stackdriver,
    OpenCensus,
    SkyWalking,
    OpenTelemetry,
    Prometheus,
    /// Serves secrets, from 1.27.
    Sds,
}

/// What the kinds of providers say.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ProviderSettings {
    /// The host that is asked: `host` or `namespace/host`.
    pub service: Option<Spanned<Text>>,
    /// Its port.
    pub port: Option<Spanned<Number>>,
    /// Whether requests pass when an authorizer does not answer; false unless said.
    pub fail_open: Option<Spanned<bool>>,
    /// What is put before the path that an authorizer sees.
    pub path_prefix: Option<Spanned<Text>>,
    /// The file of access logs.
    pub path: Option<Spanned<Text>>,
    /// The format of access logs, as it is written.
    pub log_format: Option<Node>,
}

impl ExtensionProvider {
    /// Returns its name; empty where none is written.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or("", |name| name)
    }

    /// Tells whether it decides about requests.
    pub fn decides(&self) -> bool {
        let kind = self.kind.as_ref().map(|(kind, _)| kind);
        matches!(kind, Some(ProviderKind::ExtAuthzHttp | ProviderKind::ExtAuthzGrpc))
    }

    /// Returns where it says that requests pass when it does not answer (semantics J16).
    pub fn fails_open(&self) -> Option<Span> {
        let (_, settings) = self.kind.as_ref()?;
        settings.fail_open.filter(|claim| claim.value).map(|claim| claim.span)
    }
}

/// Declares the kinds with the fields that hold them.
macro_rules! written {
    ($($field:ident = $kind:ident),* $(,)?) => {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Written {
            name: Option<Spanned<Text>>,
            $($field: Option<Spanned<ProviderSettings>>,)*
        }

        impl From<Written> for ExtensionProvider {
            fn from(written: Written) -> Self {
                let kinds = [$(written.$field.map(|settings| (ProviderKind::$kind, settings))),*];
                Self { name: written.name, kind: kinds.into_iter().flatten().next() }
            }
        }
    };
}

written! {
    envoy_ext_authz_http = ExtAuthzHttp,
    envoy_ext_authz_grpc = ExtAuthzGrpc,
    envoy_file_access_log = FileAccessLog,
    envoy_http_als = HttpAccessLogService,
    envoy_tcp_als = TcpAccessLogService,
    envoy_otel_als = OpenTelemetryAccessLog,
    zipkin = Zipkin,
    lightstep = Lightstep,
    datadog = Datadog,
    stackdriver = Stackdriver,
    opencensus = OpenCensus,
    skywalking = SkyWalking,
    opentelemetry = OpenTelemetry,
    prometheus = Prometheus,
    sds = Sds,
}
