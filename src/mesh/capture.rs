//! Which inbound ports of a pod its sidecar sees (semantics T08, T12).

use std::collections::BTreeSet;

use super::{Config, Truth};
use crate::{
    manifest::{Word, Workload},
    source::Span,
};

/// Which inbound TCP ports are redirected to the sidecar. UDP never is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The only ports that are, with what says so where a pod does; none means all.
    include: Option<(BTreeSet<u16>, Option<Span>)>,
    /// Ports that are not, with what says so; none where it is said for the whole mesh.
    exclude: Vec<(u16, Option<Span>)>,
    /// What takes every port out.
    off: Option<Span>,
    /// What we do not model and may take ports out.
    pub unknown: Option<Span>,
}

/// Ports of the proxy's own, never redirected (`tools/istio-iptables/pkg/capture/run.go` and the injection template at
/// 1.21.1: 15008 for HBONE, 15021 for health, 15090 for Envoy's metrics). The port of the agent's status is one as well.
const NEVER: [u16; 3] = [15008, 15021, 15090];

/// The port of the agent's status, unless a pod moves it.
const STATUS_PORT: u16 = 15020;

const EXCLUDE: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
const INCLUDE: &str = "traffic.sidecar.istio.io/includeInboundPorts";
const MODE: &str = "sidecar.istio.io/interceptionMode";
const STATUS: &str = "status.sidecar.istio.io/port";

/// Annotations that are not modelled and may change what is redirected.
const UNUSUAL: [&str; 4] = [
    "traffic.sidecar.istio.io/excludeInterfaces",
    "traffic.sidecar.istio.io/kubevirtInterfaces",
    "sidecar.istio.io/bootstrapOverride",
    "inject.istio.io/templates",
];
const PROXY_CONFIG: &str = "proxy.istio.io/config";

impl Capture {
    pub(super) fn of(workload: &Workload, config: &Config) -> Self {
        let annotation = |key: &str| workload.template.metadata.annotations.named(key);
        let mut exclude: Vec<(u16, Option<Span>)> = NEVER.iter().map(|port| (*port, None)).collect();
        let status = annotation(STATUS).and_then(|word| Some((word.trim().parse().ok()?, Some(word.span))));
        exclude.push(status.unwrap_or((STATUS_PORT, None)));
        match annotation(EXCLUDE) {
            Some(word) => exclude.extend(ports(word).map(|port| (port, Some(word.span)))),
            None => exclude.extend(ports(&config.exclude_inbound_ports).map(|port| (port, None))),
        }
        let own = annotation(INCLUDE);
        let include = own.map_or(config.include_inbound_ports.as_str(), |word| word.as_str());
        let is_none = |word: &&Word| word.eq_ignore_ascii_case("none");
        Self {
            include: (include.trim() != "*").then(|| (ports(include).collect(), own.map(|word| word.span))),
            exclude,
            off: annotation(MODE).filter(is_none).map(|word| word.span),
            unknown: unusual(workload),
        }
    }

    /// Tells whether the sidecar sees a port.
    pub fn includes(&self, port: u16) -> bool {
        self.off.is_none() && self.is_redirected(port)
    }

    /// Tells whether the sidecar sees a port, where what is not modelled may decide otherwise (semantics T12).
    pub fn sees(&self, port: u16) -> Truth {
        match (self.is_redirected(port), self.off.or(self.unknown)) {
            (false, _) => Truth::No,
            (true, Some(_)) => Truth::Unknown,
            (true, None) => Truth::Yes,
        }
    }

    /// Where only some ports are redirected, nothing is left to exclude (`run.go`).
    fn is_redirected(&self, port: u16) -> bool {
        match &self.include {
            Some((only, _)) => only.contains(&port) && port != NEVER[0],
            None => !self.exclude.iter().any(|(excluded, _)| *excluded == port),
        }
    }

    /// Returns the ports that are told from others.
    pub fn told_apart(&self) -> impl Iterator<Item = u16> {
        self.exclude.iter().map(|(port, _)| *port).chain(self.only().into_iter().flatten().copied())
    }

    /// Returns ports that the sidecar does not see, the proxy's own left out, with what says so where a pod does.
    pub fn excluded(&self) -> impl Iterator<Item = (u16, Option<Span>)> {
        let is_own = |port| port == STATUS_PORT || NEVER.contains(&port);
        self.exclude.iter().filter(move |(port, _)| !is_own(*port)).copied()
    }

    /// Returns the only ports that the sidecar sees, where it does not see all.
    pub fn only(&self) -> Option<&BTreeSet<u16>> {
        self.include.as_ref().map(|(only, _)| only)
    }

    /// Returns what of the pod decides whether the sidecar sees a port; nothing where the mesh or the proxy itself does.
    pub fn because(&self, port: u16) -> Option<Span> {
        let of_list = match &self.include {
            Some((_, place)) => *place,
            None => self.exclude.iter().find(|(excluded, _)| *excluded == port).and_then(|(_, place)| *place),
        };
        of_list.or(self.off).or(self.unknown)
    }

    /// Returns what keeps the sidecar from seeing any port, if anything does.
    pub fn off(&self) -> Option<Span> {
        self.off
    }
}

fn unusual(workload: &Workload) -> Option<Span> {
    let annotation = |key: &str| workload.template.metadata.annotations.named(key);
    let written = UNUSUAL.iter().filter_map(|key| annotation(key)).find(|word| !word.is_empty());
    let moves = |word: &&Word| ["interceptionMode", "statusPort"].iter().any(|key| word.contains(key));
    written.or_else(|| annotation(PROXY_CONFIG).filter(moves)).map(|word| word.span)
}

fn ports(list: &str) -> impl Iterator<Item = u16> {
    list.split(',').filter_map(|port| port.trim().parse().ok())
}
