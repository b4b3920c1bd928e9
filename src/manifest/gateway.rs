//! `networking.istio.io` Gateway; that of the Gateway API is in [`gateway_api`](super::gateway_api).

use serde::Deserialize;

use super::{AppProtocol, IstioPort, Labels, Word};
use crate::yaml::Spanned;

/// What gateway pods listen for (`networking/v1alpha3/gateway.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Gateway {
    /// The pods, of any namespace unless `PILOT_SCOPE_GATEWAY_TO_NAMESPACE` is on (semantics J10); every gateway where
    /// empty.
    pub selector: Labels,
    /// What they listen for.
    pub servers: Vec<Spanned<Server>>,
}

/// One port, and the hosts that are answered there.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Server {
    /// The port of the gateway's Service.
    pub port: IstioPort,
    /// The address to listen at; any where absent.
    pub bind: Option<Word>,
    /// `host`, `namespace/host`, `./host` or `*/host`, with a `*` as the first label.
    pub hosts: Vec<Word>,
    /// How it is secured.
    pub tls: Option<Spanned<ServerTls>>,
    /// Its name.
    pub name: Option<Word>,
}

/// How a server secures connections.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServerTls {
    /// The transport; see [`ServerTls::mode`] for what is true where absent.
    pub mode: Option<Spanned<ServerTlsMode>>,
    /// Whether plaintext requests are sent on to HTTPS; false unless said.
    pub https_redirect: Option<Spanned<bool>>,
    /// The Secret that holds the certificate.
    pub credential_name: Option<Word>,
    /// The same for several certificates, from 1.26.
    pub credential_names: Vec<Word>,
    /// The Secret that holds the authorities alone, from 1.28.
    pub ca_cert_credential_name: Option<Word>,
    /// The file of the certificate.
    pub server_certificate: Option<Word>,
    /// The file of its key.
    pub private_key: Option<Word>,
    /// The file of the authorities of clients.
    pub ca_certificates: Option<Word>,
    /// The names that a client's certificate may have; any where empty.
    pub subject_alt_names: Vec<Word>,
    /// The hashes that a client's key may have.
    pub verify_certificate_spki: Vec<Word>,
    /// The hashes that a client's certificate may have.
    pub verify_certificate_hash: Vec<Word>,
    /// The lowest version; `TLS_AUTO` unless said.
    pub min_protocol_version: Option<Spanned<TlsVersion>>,
    /// The highest version; `TLS_AUTO` unless said.
    pub max_protocol_version: Option<Spanned<TlsVersion>>,
    /// The suites of versions below 1.3; the proxy's own where empty, and unknown names are dropped.
    pub cipher_suites: Vec<Word>,
}

/// A transport, as a server chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerTlsMode {
    /// The bytes go on to the backend that the client's SNI chooses by a route.
    Passthrough,
    /// TLS.
    Simple,
    /// TLS that asks for a client's certificate.
    Mutual,
    /// The bytes go on to whatever Service the client's SNI names: no route is needed.
    AutoPassthrough,
    /// TLS within the mesh, by its own identities.
    IstioMutual,
    /// TLS that checks a client's certificate where one is shown.
    OptionalMutual,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
pub enum TlsVersion {
    /// What the proxy is built for.
    #[serde(rename = "TLS_AUTO")]
    Auto,
    /// 1.0.
    #[serde(rename = "TLSV1_0")]
    V1_0,
    /// 1.1.
    #[serde(rename = "TLSV1_1")]
    V1_1,
    /// 1.2.
    #[serde(rename = "TLSV1_2")]
    V1_2,
    /// 1.3.
    #[serde(rename = "TLSV1_3")]
    V1_3,
}

impl Server {
    /// Returns what the port carries; nothing for a name that Istio does not know.
    pub fn protocol(&self) -> Option<AppProtocol> {
        self.port.protocol()
    }

    /// Tells whether bytes go on as they come, TLS and all.
    pub fn passes_through(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.mode().passes_through())
    }

    /// Tells whether requests are read here, and routed by `http` routes (`IsHTTPServer` in
    /// `pkg/config/gateway/gateway.go` of Istio 1.21.1).
    pub fn reads_requests(&self) -> bool {
        let is_https = self.protocol() == Some(AppProtocol::Https);
        self.protocol().is_some_and(AppProtocol::is_http) || (is_https && !self.passes_through())
    }

    /// Tells whether plaintext requests are sent on to HTTPS.
    pub fn redirects_to_https(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.https_redirect.is_some_and(|claim| claim.value))
    }
}

impl ServerTls {
    /// Returns the transport: `PASSTHROUGH` where a block says none, by the zero of the enum.
    pub fn mode(&self) -> ServerTlsMode {
        self.mode.map_or(ServerTlsMode::Passthrough, |mode| mode.value)
    }

    /// Returns the lowest version.
    pub fn lowest(&self) -> TlsVersion {
        self.min_protocol_version.map_or(TlsVersion::Auto, |version| version.value)
    }

    /// Returns the highest version.
    pub fn highest(&self) -> TlsVersion {
        self.max_protocol_version.map_or(TlsVersion::Auto, |version| version.value)
    }

    /// Returns the Secrets that hold a certificate, in both spellings.
    pub fn credentials(&self) -> impl Iterator<Item = &Word> {
        self.credential_name.iter().chain(&self.credential_names)
    }
}

impl ServerTlsMode {
    /// Tells whether bytes go on as they come.
    pub fn passes_through(self) -> bool {
        matches!(self, Self::Passthrough | Self::AutoPassthrough)
    }

    /// Tells whether the client's TLS ends here, with a certificate of the gateway's own; not with one of the mesh.
    pub fn ends_tls(self) -> bool {
        matches!(self, Self::Simple | Self::Mutual | Self::OptionalMutual)
    }
}
