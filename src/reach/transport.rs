//! Where a sidecar's listener puts a connection: the filter chain, and the identity that it sees there.
//!
//! The chains are those of `getFilterChainMatchOptions` in `pilot/pkg/networking/core/v1alpha3/filterchain_options.go` and
//! of `listener_inbound.go`, both of Istio 1.21.1 and unchanged in 1.30.3; every cell was also measured on Envoy 1.36.2
//! and 1.40.0.

use crate::{manifest::Mode, mesh::PortProtocol};

/// How a client wraps its bytes: the rows of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// The mesh's mutual TLS, as a sidecar offers it for HTTP: ALPN `istio-http/1.0`, `istio-http/1.1` or `istio-h2`.
    MeshHttp,
    /// The mesh's mutual TLS, as a sidecar offers it for TCP: ALPN `istio` or `istio-peer-exchange`.
    MeshTcp,
    /// The mesh's mutual TLS with any other ALPN or none.
    MeshOther,
    /// TLS without a client certificate.
    Tls,
    /// TLS without a client certificate that offers one of the five ALPNs of the mesh.
    TlsForged,
    /// HTTP/1.1 or h2c in the clear.
    PlainHttp,
    /// Any other bytes in the clear.
    PlainBytes,
}

/// Filters that a connection passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// Those of HTTP: a policy sees each request.
    Http,
    /// Those of TCP: a policy sees the connection only.
    Tcp,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arrival {
    /// A chain takes it.
    Taken {
        /// Which.
        chain: Chain,
        /// Whether the chain knows who calls.
        has_identity: bool,
        /// Whether the application is given the bytes of TLS, as they are.
        is_tls: bool,
    },
    /// No chain takes it, or the handshake fails.
    Refused,
    /// The codec answers 400.
    Malformed,
}

impl Client {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::MeshHttp,
        Self::MeshTcp,
        Self::MeshOther,
        Self::Tls,
        Self::TlsForged,
        Self::PlainHttp,
        Self::PlainBytes,
    ];

    /// Tells whether it shows a certificate of the mesh.
    pub fn has_certificate(self) -> bool {
        match self {
            Self::MeshHttp | Self::MeshTcp | Self::MeshOther => true,
            Self::Tls | Self::TlsForged | Self::PlainHttp | Self::PlainBytes => false,
        }
    }

    /// Tells whether an HTTP request can be sent so. TLS that no chain of the proxy ends can carry one as well, to an
    /// application that ends it itself.
    pub fn carries_http(self) -> bool {
        self != Self::PlainBytes
    }
}

const fn taken(chain: Chain, has_identity: bool) -> Arrival {
    Arrival::Taken { chain, has_identity, is_tls: false }
}

/// By HTTP, with an identity.
const HTTP_MUTUAL: Arrival = taken(Chain::Http, true);
/// By TCP, with an identity.
const TCP_MUTUAL: Arrival = taken(Chain::Tcp, true);
/// By HTTP, from nobody known.
const HTTP: Arrival = taken(Chain::Http, false);
/// By TCP, from nobody known.
const TCP: Arrival = taken(Chain::Tcp, false);
/// By TCP, from nobody known, TLS and all.
const TLS: Arrival = Arrival::Taken { chain: Chain::Tcp, has_identity: false, is_tls: true };

/// Returns what becomes of a connection at a port that the sidecar captures (semantics 3.4, T01 to T06, T14).
///
/// `UNSET` is no mode that a port can have; it counts as `PERMISSIVE` (PA03).
pub fn arrival(mode: Mode, protocol: PortProtocol, client: Client) -> Arrival {
    match mode {
        Mode::Strict => strict(protocol, client),
        Mode::Permissive | Mode::Unset => permissive(protocol, client),
        Mode::Disable => disabled(protocol, client),
    }
}

fn strict(protocol: PortProtocol, client: Client) -> Arrival {
    match (client, protocol) {
        (_, _) if !client.has_certificate() => Arrival::Refused,
        (_, PortProtocol::Http) | (Client::MeshHttp, PortProtocol::Auto) => HTTP_MUTUAL,
        (_, PortProtocol::Tcp | PortProtocol::Auto) => TCP_MUTUAL,
    }
}

fn permissive(protocol: PortProtocol, client: Client) -> Arrival {
    match (client, protocol) {
        // The chains for TLS ask for one of the five ALPNs, and then for a certificate.
        (Client::MeshHttp | Client::MeshTcp, _) => strict(protocol, client),
        (Client::TlsForged, _) => Arrival::Refused,
        // Other TLS is for the application, if bytes are what the port takes.
        (Client::MeshOther | Client::Tls, PortProtocol::Http) => Arrival::Refused,
        (Client::MeshOther | Client::Tls, PortProtocol::Tcp | PortProtocol::Auto) => TLS,
        (Client::PlainHttp | Client::PlainBytes, _) => plain(protocol, client),
    }
}

fn disabled(protocol: PortProtocol, client: Client) -> Arrival {
    match (client, protocol) {
        (Client::PlainHttp | Client::PlainBytes, _) => plain(protocol, client),
        (_, PortProtocol::Http) => Arrival::Malformed,
        (_, PortProtocol::Tcp | PortProtocol::Auto) => TLS,
    }
}

fn plain(protocol: PortProtocol, client: Client) -> Arrival {
    match (protocol, client == Client::PlainHttp) {
        (PortProtocol::Http | PortProtocol::Auto, true) => HTTP,
        (PortProtocol::Http, false) => Arrival::Malformed,
        (PortProtocol::Tcp, _) | (PortProtocol::Auto, false) => TCP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cell as the reference writes it: the chain, `+` with an identity and `-` without; `app` is TLS for the
    /// application; `x` is refused.
    fn cell(arrival: Arrival) -> &'static str {
        match arrival {
            Arrival::Taken { is_tls: true, .. } => "app",
            Arrival::Taken { chain: Chain::Http, has_identity: true, .. } => "H+",
            Arrival::Taken { chain: Chain::Http, has_identity: false, .. } => "H-",
            Arrival::Taken { chain: Chain::Tcp, has_identity: true, .. } => "T+",
            Arrival::Taken { chain: Chain::Tcp, has_identity: false, .. } => "T-",
            Arrival::Refused => "x",
            Arrival::Malformed => "400",
        }
    }

    #[test]
    fn t01_to_t06_every_cell_is_as_measured() {
        let rows = Client::ALL.map(|client| {
            let modes = [Mode::Strict, Mode::Permissive, Mode::Disable];
            let protocols = [PortProtocol::Http, PortProtocol::Tcp, PortProtocol::Auto];
            let cells = modes.iter().flat_map(|mode| {
                protocols.iter().map(move |protocol| cell(arrival(*mode, *protocol, client)))
            });
            cells.collect::<Vec<_>>().join(" ")
        });
        assert_eq!(
            rows,
            [
                "H+ T+ H+ H+ T+ H+ 400 app app",
                "H+ T+ T+ H+ T+ T+ 400 app app",
                "H+ T+ T+ x app app 400 app app",
                "x x x x app app 400 app app",
                "x x x x x x 400 app app",
                "x x x H- T- H- H- T- H-",
                "x x x 400 T- T- 400 T- T-",
            ]
        );
    }

    #[test]
    fn t14_on_a_port_that_is_detected_the_client_chooses_the_chain() {
        let chains = |clients: &[Client]| -> Vec<Arrival> {
            clients.iter().map(|client| arrival(Mode::Strict, PortProtocol::Auto, *client)).collect()
        };
        assert_eq!(chains(&[Client::MeshHttp, Client::MeshTcp]), [HTTP_MUTUAL, TCP_MUTUAL]);
    }
}
