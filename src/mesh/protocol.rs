//! What Istio takes a port to speak (semantics T06, T07).

use crate::{
    manifest::{Object, Protocol, Service, ServicePort, Workload},
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
    /// Where a Service declares the port; none for one that no Service does (T06).
    pub because: Option<(&'m Object<Service>, Span)>,
    /// Another Service that says something else of the same port: the older one wins, and files have no age.
    pub rival: Option<&'m Object<Service>>,
}

/// Service ports that are TCP where nothing says otherwise: the server speaks first (`pkg/config/protocol`,
/// `ConvertPort` in `pkg/config/kube/conversion.go`@1.21.1).
const SERVER_FIRST: [u16; 4] = [25, 53, 3306, 27017];

/// Returns what a port may speak, that of the Service that is first by name before the others; never nothing.
pub(super) fn of<'m>(services: &[&'m Object<Service>], workload: &Workload, port: u16) -> Vec<Spoken<'m>> {
    let declared = services.iter().flat_map(|service| {
        let ports = service.spec.ports.iter().filter(move |declared| leads_to(declared, workload, port));
        ports.map(|declared| {
            let (protocol, word) = spoken(declared);
            Spoken { protocol, word, because: Some((service, declared.span)), rival: None }
        })
    });
    let mut declared: Vec<Spoken<'m>> = declared.collect();
    declared.sort_by(|a, b| name(a).cmp(name(b)));
    let mut distinct: Vec<Spoken<'m>> = Vec::new();
    for other in declared {
        if distinct.iter().all(|known| known.protocol != other.protocol) {
            distinct.push(other);
        }
    }
    let rival = distinct.get(1).and_then(|other| other.because).map(|(service, _)| service);
    match distinct.first_mut() {
        Some(first) => first.rival = rival,
        None => {
            distinct.push(Spoken { protocol: PortProtocol::Auto, word: None, because: None, rival: None });
        }
    }
    distinct
}

fn name<'m>(spoken: &Spoken<'m>) -> &'m str {
    spoken.because.map_or("", |(service, _)| service.meta.name.as_str())
}

/// Tells whether a Service's port leads to a port of a pod.
pub(super) fn leads_to(declared: &ServicePort, workload: &Workload, port: u16) -> bool {
    declared.protocol() == Protocol::Tcp && declared.numbers_at(workload).contains(&port)
}

fn spoken(port: &ServicePort) -> (PortProtocol, Option<&str>) {
    let stated = port.app_protocol.as_ref().or(port.name.as_ref());
    let word = stated.map(|word| word.as_str());
    match word.and_then(|word| parsed(word, port.app_protocol.is_some())) {
        Some(protocol) => (protocol, word),
        None if SERVER_FIRST.contains(&port.port.value) => (PortProtocol::Tcp, word),
        None => (PortProtocol::Auto, word),
    }
}

/// Reads a word as `protocol.Parse` does (`pkg/config/protocol/instance.go`@1.21.1), after `ConvertPort` has cut a port's
/// name at its first `-` unless it begins with `grpc-web`.
fn parsed(word: &str, is_app_protocol: bool) -> Option<PortProtocol> {
    let word = word.to_ascii_lowercase();
    let word = match word.as_str() {
        "kubernetes.io/h2c" if is_app_protocol => "http2",
        word if is_app_protocol || word.starts_with("grpc-web") => word,
        word => word.split('-').next().unwrap_or(word),
    };
    match word {
        "http" | "http2" | "http_proxy" | "grpc" | "grpc-web" => Some(PortProtocol::Http),
        word if word.starts_with("grpc-web") => Some(PortProtocol::Http),
        "tcp" | "https" | "tls" | "mongo" | "redis" | "mysql" => Some(PortProtocol::Tcp),
        _ => None,
    }
}
