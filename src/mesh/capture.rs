//! Which inbound ports of a pod its sidecar sees (semantics T08, T12).

use std::collections::BTreeSet;

use super::Config;
use crate::{
    manifest::{Word, Workload},
    source::Span,
};

/// Which inbound TCP ports are redirected to the sidecar. UDP never is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// The only ports that are; none means all.
    include: Option<BTreeSet<u16>>,
    /// Ports that are not, with what says so; none where it is said for the whole mesh.
    exclude: Vec<(u16, Option<Span>)>,
    /// What takes every port out.
    off: Option<Span>,
    /// What we do not model and may take ports out.
    pub unknown: Option<Span>,
}

/// Ports of the proxy's own, never redirected (`tools/istio-iptables/pkg/capture/run.go` and the injection template at
/// 1.21.1: 15008 for HBONE, 15020 and 15021 for status and health, 15090 for Envoy's metrics).
pub const NEVER: [u16; 4] = [15008, 15020, 15021, 15090];

const EXCLUDE: &str = "traffic.sidecar.istio.io/excludeInboundPorts";
const INCLUDE: &str = "traffic.sidecar.istio.io/includeInboundPorts";
const MODE: &str = "sidecar.istio.io/interceptionMode";
const STATUS: &str = "status.sidecar.istio.io/port";
const INTERFACES: &str = "traffic.sidecar.istio.io/excludeInterfaces";

impl Capture {
    pub(super) fn of(workload: &Workload, config: &Config) -> Self {
        let annotation = |key: &str| workload.template.metadata.annotations.named(key);
        let mut exclude: Vec<(u16, Option<Span>)> = NEVER.iter().map(|port| (*port, None)).collect();
        exclude
            .extend(annotation(STATUS).and_then(|word| Some((word.trim().parse().ok()?, Some(word.span)))));
        match annotation(EXCLUDE) {
            Some(word) => exclude.extend(ports(word).map(|port| (port, Some(word.span)))),
            None => exclude.extend(ports(&config.exclude_inbound_ports).map(|port| (port, None))),
        }
        let include = annotation(INCLUDE).map_or(config.include_inbound_ports.as_str(), |word| word.as_str());
        let is_none = |word: &&Word| word.eq_ignore_ascii_case("none");
        Self {
            include: (include.trim() != "*").then(|| ports(include).collect()),
            exclude,
            off: annotation(MODE).filter(is_none).map(|word| word.span),
            unknown: annotation(INTERFACES).map(|word| word.span),
        }
    }

    /// Tells whether the sidecar sees a port.
    pub fn includes(&self, port: u16) -> bool {
        self.off.is_none()
            && self.include.as_ref().is_none_or(|only| only.contains(&port))
            && !self.exclude.iter().any(|(excluded, _)| *excluded == port)
    }

    /// Returns ports that the sidecar does not see, the proxy's own left out, with what says so where a pod does.
    pub fn excluded(&self) -> impl Iterator<Item = (u16, Option<Span>)> {
        self.exclude.iter().filter(|(port, _)| !NEVER.contains(port)).copied()
    }

    /// Returns the only ports that the sidecar sees, where it does not see all.
    pub fn only(&self) -> Option<&BTreeSet<u16>> {
        self.include.as_ref()
    }

    /// Returns what keeps the sidecar from seeing any port, if anything does.
    pub fn off(&self) -> Option<Span> {
        self.off
    }
}

fn ports(list: &str) -> impl Iterator<Item = u16> {
    list.split(',').filter_map(|port| port.trim().parse().ok())
}
