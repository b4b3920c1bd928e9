//! The judge of the reachability engine: one packet or request at a time, straight from the API documentation.
//!
//! It loops over policies, rules and peers; it has no classes, caches, interning or atoms, reads YAML into plain JSON
//! values and shares nothing with the engine. Where it is slow or long-winded, it is so on purpose.
//! The codes (NP01, T05, PA03, AP16, J12 ...) are those of the semantics reference; `tests/semantics/` has a test for each.
//!
//! ```ignore
//! let cluster = Cluster::read(yaml);
//! let question = Question::new("shop/web", "shop/cart", 8080).get("/cart/1").by(Client::MeshHttp);
//! assert_eq!(answer(&cluster, &question).verdict, Verdict::Allowed);
//! ```
//!
//! What stays unknown, exactly: each of these is tried both ways, and the verdict is unknown only if they differ.
//! * Which of several PeerAuthentications, Services or Sidecars of a scope is the oldest, unless their ages are written
//!   (PA05, T07, T10).
//! * Whether a pod has a sidecar, if its Namespace is not there and the pod does not decide it (T11); whether the
//!   sidecar captures a port, if an annotation that is not modelled may change that (T12).
//! * Whether a host-network pod is a pod to the network or its node; never denied, since the node may be that of the
//!   pod at the other end (NP29, NP30).
//! * What a CUSTOM provider says, and without a mesh configuration whether there is one (J16).
//!
//! And each of these is open as it stands, AND and OR as Kleene has them: the labels of a Namespace that is not there
//! (NP34), a block that holds a Service's address (NP36), policies of other makers (NP40), filters of other makers, and
//! an object that the API server would refuse.
//!
//! Not followed: gateways and routes (J10), ambient (J02, PA09), and whether a CUSTOM provider's
//! Service exists.
#![allow(dead_code, reason = "each test crate uses its part")]

pub mod answer;
pub mod ask;
pub mod authorization;
pub mod client;
pub mod injection;
pub mod network_policy;
pub mod pattern;
pub mod random;
pub mod read;
pub mod transport;

use std::{collections::BTreeMap, net::IpAddr};

use serde_json::Value;

pub use self::answer::answer;
use self::pattern::Truth;

/// What the manifests say, as JSON values: nothing is defaulted, resolved or indexed.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Every object, lists unwrapped, in the order of the text.
    pub objects: Vec<Object>,
    /// The mesh configuration, as JSON; `None` where nobody gave one, and then CUSTOM cannot be told (J16).
    pub mesh: Option<Value>,
    /// The Istio release, as (minor, patch) of 1.x: some fields and quotings depend on it (AP34).
    pub release: (u32, u32),
}

/// An object, and what its first lines say.
#[derive(Debug, Clone)]
pub struct Object {
    pub group: String,
    pub kind: String,
    /// `default` where none is written (NP35).
    pub namespace: String,
    pub name: String,
    pub value: Value,
}

/// One packet or request.
#[derive(Debug, Clone)]
pub struct Question {
    pub source: Source,
    /// The address that the receiver sees. It decides `ipBlock` only for a source outside (NP19), `ipBlocks` always.
    pub source_ip: IpAddr,
    pub destination: Destination,
    pub protocol: Protocol,
    /// The pod's port, not the Service's (NP36).
    pub port: u16,
    /// How the bytes are wrapped; without meaning where no proxy listens.
    pub client: Client,
    /// The server name of the TLS handshake; without meaning in the clear.
    pub sni: String,
    /// The HTTP request that the bytes are; `None` for bytes that are no HTTP.
    pub request: Option<Request>,
}

/// Who sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A workload or pod of the manifests, `namespace/name`.
    Pod(String),
    /// A pod that the manifests do not show. No policy restricts what it sends, which is the worst case.
    Representative(Representative),
    /// The node that the destination runs on (NP29).
    Node,
    /// An address outside the cluster: `Question::source_ip`.
    Outside,
}

/// A pod that somebody could start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representative {
    pub namespace: String,
    /// The labels of its namespace; `None`: what the manifests say about it, which may be nothing (NP34).
    pub namespace_labels: Option<BTreeMap<String, String>>,
    pub labels: BTreeMap<String, String>,
    /// Whether it has a sidecar, and with it a certificate of its account.
    pub meshed: bool,
    pub service_account: String,
}

/// Who receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A workload or pod of the manifests, `namespace/name`.
    Pod(String),
    /// An address outside the cluster, with the host name that the client used for it.
    Outside(IpAddr, Option<String>),
}

/// The transport protocols that NetworkPolicy tells apart (NP31).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    Tcp,
    Udp,
    Sctp,
}

/// How a client wraps its bytes: the rows of the transport table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// Mutual TLS with the mesh's certificate, ALPN istio-http/1.0, istio-http/1.1 or istio-h2.
    MeshHttp,
    /// Mutual TLS with the mesh's certificate, ALPN istio or istio-peer-exchange.
    MeshTcp,
    /// Mutual TLS with the mesh's certificate, any other ALPN or none.
    MeshOtherAlpn,
    /// TLS without a client certificate, with an ALPN of its own or none.
    Tls,
    /// TLS without a client certificate, with one of the mesh's ALPNs.
    TlsForgedAlpn,
    /// HTTP/1.1 or h2c in the clear.
    PlaintextHttp,
    /// Any other bytes in the clear.
    PlaintextBytes,
}

/// One HTTP request as the client sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// The authority, verbatim: with its port if the client sends one.
    pub host: String,
    /// As sent: before normalisation, with its query.
    pub path: String,
    pub headers: Vec<(String, String)>,
    /// The claims of a valid token, if the request carries one.
    pub claims: Option<serde_json::Map<String, Value>>,
}

/// A value that can stay open. The order is Kleene's: AND is `min`, OR is `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Denied,
    Unknown,
    Allowed,
}

/// What the receiver's side makes of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Chain {
    /// The proxy's HTTP filters.
    Http,
    /// The proxy's TCP filters.
    Tcp,
    /// The application reads the bytes itself: no proxy takes them, or one hands on TLS that it does not terminate.
    App,
    /// Nothing takes the bytes.
    None,
}

/// Where a verdict fell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The client cannot send so, or its own proxy does not let it.
    Client,
    /// A NetworkPolicy that selects the source.
    Egress,
    /// A NetworkPolicy that selects the destination.
    Ingress,
    /// mTLS mode, port protocol and ALPN: no filter chain takes the connection, or its handshake fails.
    Transport,
    /// The HTTP codec refuses the bytes (400, 404).
    Codec,
    /// A token that the RequestAuthentication refuses (401).
    Token,
    /// An AuthorizationPolicy, by action.
    Custom,
    Deny,
    Allow,
    /// Nothing stood in the way.
    Open,
}

/// The verdict for one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub verdict: Verdict,
    /// The first layer that closes, or that cannot be told.
    pub layer: Layer,
    pub reason: String,
    /// The SPIFFE identity that the receiver sees, without the scheme: `cluster.local/ns/shop/sa/web`.
    pub identity: Option<String>,
    pub chain: Chain,
    /// Whether a denied client still receives what a server-first protocol says on connect (J15).
    pub greeting_leaks: bool,
}

/// What one layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub verdict: Verdict,
    pub layer: Layer,
    pub reason: String,
}

impl Client {
    /// Every kind, in the order of the transport table.
    pub const ALL: [Self; 7] = [
        Self::MeshHttp,
        Self::MeshTcp,
        Self::MeshOtherAlpn,
        Self::Tls,
        Self::TlsForgedAlpn,
        Self::PlaintextHttp,
        Self::PlaintextBytes,
    ];

    /// Whether it shows the mesh's certificate.
    pub fn is_mesh(self) -> bool {
        matches!(self, Self::MeshHttp | Self::MeshTcp | Self::MeshOtherAlpn)
    }
}

impl Finding {
    pub fn open(reason: &str) -> Self {
        Self { verdict: Verdict::Allowed, layer: Layer::Open, reason: reason.to_owned() }
    }

    /// What a layer says that is open as far as a condition holds.
    pub fn closed(unless: Truth, layer: Layer, reason: String) -> Self {
        Self { verdict: unless.into(), layer: if unless == Truth::Yes { Layer::Open } else { layer }, reason }
    }

    /// Both must let through: the first denial, else the first doubt.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.verdict < self.verdict { other } else { self }
    }
}

impl Answer {
    fn of(finding: Finding, chain: Chain, identity: Option<String>) -> Self {
        let Finding { verdict, layer, reason } = finding;
        Self { verdict, layer, reason, identity, chain, greeting_leaks: false }
    }

    /// Also needs what another layer says, which comes first.
    fn after(self, finding: Finding) -> Self {
        let Finding { verdict, layer, reason } =
            finding.and(Finding { verdict: self.verdict, layer: self.layer, reason: self.reason.clone() });
        let greeting_leaks = self.greeting_leaks && layer == self.layer;
        Self { verdict, layer, reason, greeting_leaks, ..self }
    }

    /// One of several answers holds, and nobody knows which: what they agree on, else unknown.
    fn either(self, other: Self, why: &str) -> Self {
        let identity = self.identity.clone().filter(|_| self.identity == other.identity);
        let greeting_leaks = self.greeting_leaks || other.greeting_leaks;
        let is_agreed = self.verdict == other.verdict;
        let kept = if other.verdict > self.verdict { other } else { self };
        if is_agreed {
            return Self { identity, greeting_leaks, ..kept };
        }
        let (verdict, layer) = (Verdict::Unknown, Layer::Transport);
        Self { verdict, layer, reason: why.to_owned(), greeting_leaks: false, ..kept }
    }
}
