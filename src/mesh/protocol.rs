//! What Istio takes a port to speak (semantics T06, T07).

use super::age::oldest;
use crate::{
    manifest::{AppProtocol, Meta, Object, Protocol, Service, ServicePort, Sidecar, Workload},
    source::Span,
};

/// How a sidecar treats an inbound TCP port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PortProtocol {
    /// Requests are read.
    Http,
    /// Bytes are passed on.
    Tcp,
    /// The client's first bytes decide, and so the client does (T14).
    Auto,
}

/// What a port speaks, and what says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Spoken<'m> {
    /// How a sidecar treats the port.
    pub protocol: PortProtocol,
    /// The word that says it, such as `mysql` of a port name; none where nothing does.
    pub word: Option<&'m str>,
    /// Where a Service or Sidecar declares the port; none where none does (T06).
    pub because: Option<(&'m Meta, Span)>,
    /// Another object that says something else of the same port: the older one wins, and files have no age.
    pub rival: Option<&'m Meta>,
}

/// Service ports that are TCP where nothing says otherwise: the server speaks first (`pkg/config/protocol`,
/// `ConvertPort` in `pkg/config/kube/conversion.go`@1.21.1).
const SERVER_FIRST: [u16; 4] = [25, 53, 3306, 27017];

/// Returns what a port may speak, that of the oldest object first; never nothing.
///
/// The ports that a Sidecar takes stand in for those of the Services, and then any other is looked at (T10).
pub(super) fn of<'m>(
    sidecars: &[Option<&'m Object<Sidecar>>],
    services: &[&'m Object<Service>],
    workload: &Workload,
    port: u16,
) -> Vec<Spoken<'m>> {
    let mut distinct: Vec<Spoken<'m>> = Vec::new();
    let said =
        sidecars.iter().flat_map(|sidecar| match sidecar.filter(|sidecar| !sidecar.ingress.is_empty()) {
            Some(sidecar) => vec![of_sidecar(sidecar, port)],
            None => of_services(services, workload, port),
        });
    for other in said {
        if distinct.iter().all(|known| known.protocol != other.protocol) {
            distinct.push(other);
        }
    }
    let rival = distinct.get(1).and_then(|other| other.because).map(|(meta, _)| meta);
    distinct[0].rival = rival;
    distinct
}

fn of_services<'m>(services: &[&'m Object<Service>], workload: &Workload, port: u16) -> Vec<Spoken<'m>> {
    let declared = |service: &'m Object<Service>| {
        service.spec.ports.iter().find(|declared| declared.numbers_at(workload).first() == Some(&port))
    };
    let declaring = oldest(services.iter().copied().filter(|service| declared(service).is_some()));
    if declaring.is_empty() {
        return vec![Spoken { protocol: PortProtocol::Auto, word: None, because: None, rival: None }];
    }
    let said = |service: &'m Object<Service>| {
        let declared = declared(service)?;
        let (protocol, word) = spoken(declared);
        Some(Spoken { protocol, word, because: Some((&service.meta, declared.span)), rival: None })
    };
    declaring.into_iter().filter_map(said).collect()
}

fn of_sidecar(sidecar: &Object<Sidecar>, port: u16) -> Spoken<'_> {
    let listener = sidecar.ingress.iter().find(|listener| listener.port.number() == port);
    let word = listener.and_then(|listener| listener.port.protocol.as_ref()).map(|word| word.as_str());
    Spoken {
        protocol: word.and_then(AppProtocol::parse).map_or(PortProtocol::Auto, PortProtocol::from),
        word,
        because: listener.map(|listener| (&sidecar.meta, listener.span)),
        rival: None,
    }
}

/// Tells whether a Service's port leads to a port of a pod.
pub(super) fn leads_to(declared: &ServicePort, workload: &Workload, port: u16) -> bool {
    declared.protocol() == Protocol::Tcp && declared.numbers_at(workload).contains(&port)
}

fn spoken(port: &ServicePort) -> (PortProtocol, Option<&str>) {
    let stated = port.app_protocol.as_ref().or(port.name.as_ref());
    let word = stated.map(|word| word.as_str());
    if port.protocol() == Protocol::Udp {
        // istiod makes a chain for TCP of it all the same (`getFilterChainMatchOptions`).
        return (PortProtocol::Tcp, word);
    }
    match word.and_then(|word| parsed(word, port.app_protocol.is_some())) {
        Some(protocol) => (protocol, word),
        None if SERVER_FIRST.contains(&port.port.value) => (PortProtocol::Tcp, word),
        None => (PortProtocol::Auto, word),
    }
}

/// Reads a word as `ConvertPort` does before `protocol.Parse`: it is cut at its first `-` unless it begins with `grpc-web`.
fn parsed(word: &str, is_app_protocol: bool) -> Option<PortProtocol> {
    let word = word.to_ascii_lowercase();
    let word = match word.as_str() {
        "kubernetes.io/h2c" if is_app_protocol => "http2",
        word if word.starts_with("grpc-web") => "grpc-web",
        word => word.split('-').next().unwrap_or(word),
    };
    AppProtocol::parse(word).map(PortProtocol::from)
}

impl PortProtocol {
    /// Returns how a sidecar treats a port of a Service, by what that says of it (T07).
    pub fn of(port: &ServicePort) -> Self {
        spoken(port).0
    }
}

impl From<AppProtocol> for PortProtocol {
    /// UDP, too, makes a chain for bytes.
    fn from(protocol: AppProtocol) -> Self {
        if protocol.is_http() { Self::Http } else { Self::Tcp }
    }
}
