//! What Istio takes a port to carry.

use serde::Deserialize;

use super::Word;
use crate::yaml::Spanned;

/// A protocol that a proxy knows (`pkg/config/protocol/instance.go` of Istio 1.21.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the protocol of its name")]
pub enum AppProtocol {
    Tcp,
    Udp,
    Grpc,
    GrpcWeb,
    Http,
    HttpProxy,
    Http2,
    Https,
    Tls,
    Mongo,
    Redis,
    MySql,
}

impl AppProtocol {
    /// Reads a protocol by its name, in any case; nothing for any other name, which makes a proxy look at the bytes.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "tcp" => Self::Tcp,
            "udp" => Self::Udp,
            "grpc" => Self::Grpc,
            "grpc-web" => Self::GrpcWeb,
            "http" => Self::Http,
            "http_proxy" => Self::HttpProxy,
            "http2" => Self::Http2,
            "https" => Self::Https,
            "tls" => Self::Tls,
            "mongo" => Self::Mongo,
            "redis" => Self::Redis,
            "mysql" => Self::MySql,
            _ => return None,
        })
    }

    /// Tells whether the proxy reads requests: HTTP in the clear, in any version.
    pub fn is_http(self) -> bool {
        match self {
            Self::Http | Self::Http2 | Self::HttpProxy | Self::Grpc | Self::GrpcWeb => true,
            Self::Tcp | Self::Udp | Self::Https | Self::Tls | Self::Mongo | Self::Redis | Self::MySql => {
                false
            }
        }
    }

    /// Tells whether the bytes are TLS.
    pub fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }
}

/// A port of a Gateway, Sidecar or ServiceEntry (`networking/v1alpha3/gateway.proto`, `sidecar.proto`,
/// `service_entry.proto`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstioPort {
    /// The port; required of a Gateway and a ServiceEntry.
    pub number: Option<Spanned<u16>>,
    /// What it carries, in any case.
    pub protocol: Option<Word>,
    /// Its name, which decides nothing.
    pub name: Option<Word>,
    /// The port of the endpoints of a ServiceEntry; the same number where absent or 0.
    pub target_port: Option<Spanned<u16>>,
}

impl IstioPort {
    /// Returns the number; 0 where none is written.
    pub fn number(&self) -> u16 {
        self.number.map_or(0, |number| number.value)
    }

    /// Returns what it carries; nothing where the proxy has to look at the bytes.
    pub fn protocol(&self) -> Option<AppProtocol> {
        self.protocol.as_ref().and_then(|name| AppProtocol::parse(name))
    }

    /// Returns the port of the endpoints.
    pub fn target_port(&self) -> u16 {
        self.target_port.map(|port| port.value).filter(|port| *port != 0).unwrap_or_else(|| self.number())
    }
}
