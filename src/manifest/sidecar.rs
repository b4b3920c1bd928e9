//! `networking.istio.io` Sidecar.

use serde::Deserialize;

use super::{
    IstioPort, Word, WorkloadSelector,
    gateway::ServerTls,
    host::{holds, is_scope_of},
    selector,
    virtual_service::Destination,
};
use crate::yaml::Spanned;

/// What the proxies of workloads take, and know of others (`networking/v1alpha3/sidecar.proto`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sidecar {
    /// The workloads, in its own namespace; see [`Sidecar::has_selector`].
    #[serde(deserialize_with = "selector::by_labels")]
    pub workload_selector: Option<WorkloadSelector>,
    /// What they take; where empty, what Services and the proxy's defaults say (semantics T10).
    pub ingress: Vec<Spanned<IngressListener>>,
    /// What they know of; where empty, every host that is exported to the namespace.
    pub egress: Vec<Spanned<EgressListener>>,
    /// What becomes of calls to hosts that they do not know; where absent, a wider Sidecar or the mesh config says
    /// (semantics J13).
    pub outbound_traffic_policy: Option<Spanned<OutboundTrafficPolicy>>,
}

/// A port that proxies take traffic at.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressListener {
    /// The port, of the pod.
    pub port: IstioPort,
    /// The address; the pod's own where absent.
    pub bind: Option<Word>,
    /// How traffic comes to the proxy.
    pub capture_mode: Option<Spanned<CaptureMode>>,
    /// Where the application listens: `127.0.0.1:PORT`, `[::1]:PORT`, `0.0.0.0:PORT`, `[::]:PORT` or `unix:///PATH`.
    pub default_endpoint: Option<Word>,
    /// A transport of its own, which works only where PeerAuthentication says DISABLE (semantics T10).
    pub tls: Option<Spanned<ServerTls>>,
}

/// Hosts that proxies know of.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EgressListener {
    /// The port; every one where absent.
    pub port: Option<IstioPort>,
    /// The address.
    pub bind: Option<Word>,
    /// How traffic comes to the proxy.
    pub capture_mode: Option<Spanned<CaptureMode>>,
    /// `namespace/host`, where the namespace may be `*`, `.` or `~` and the host `*`.
    pub hosts: Vec<Word>,
}

/// How traffic comes to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CaptureMode {
    /// As for the rest of the proxy.
    Default,
    /// By redirection.
    Iptables,
    /// Not at all: whoever calls has to address the listener.
    None,
}

/// What becomes of calls to hosts that nothing registers.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OutboundTrafficPolicy {
    /// The choice; see [`OutboundTrafficPolicy::mode`] for what is true where absent.
    pub mode: Option<Spanned<OutboundMode>>,
    /// Where such calls go instead.
    pub egress_proxy: Option<Destination>,
}

/// What becomes of calls to hosts that nothing registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutboundMode {
    /// The proxy drops them.
    RegistryOnly,
    /// They go where they want.
    AllowAny,
    /// They go where DNS says, from 1.30; in the mesh config only.
    AllowAnyDynamicDns,
}

impl Sidecar {
    /// Tells whether it speaks of chosen workloads, and so beats one of the namespace: also with an empty selector
    /// (`initSidecarScopes` in `pilot/pkg/model/push_context.go` of Istio 1.21.1).
    pub fn has_selector(&self) -> bool {
        self.workload_selector.is_some()
    }

    /// Returns the listeners that decide at a port of Services what proxies know: those of that port, else those of none
    /// (`convertToSidecarScope` and `GetEgressListenerForRDS` in `pilot/pkg/model/sidecar.go` of Istio 1.21.1).
    ///
    /// A Sidecar without listeners imports every host, and has none of them.
    pub fn listeners_at(&self, port: u16) -> impl Iterator<Item = &Spanned<EgressListener>> {
        let number =
            |listener: &EgressListener| listener.port.as_ref()?.number.as_ref().map(|number| number.value);
        let wanted = self.egress.iter().any(|listener| number(listener) == Some(port)).then_some(port);
        self.egress.iter().filter(move |listener| number(listener) == wanted)
    }
}

impl EgressListener {
    /// Tells whether proxies of the namespace `own` get to know a host of another one by it (`selectServices` in
    /// `pilot/pkg/model/sidecar.go` of Istio 1.21.1): `.` is their own, not the Sidecar's.
    pub fn imports(&self, own: &str, namespace: &str, host: &str) -> bool {
        let mut parts = self.hosts.iter().filter_map(|word| word.split_once('/'));
        parts.any(|(scope, wanted)| is_scope_of(scope, own, namespace) && holds(wanted, host))
    }

    /// Tells whether what pods send comes to it by redirection: it has neither an address nor a way of its own.
    pub fn is_redirected_to(&self) -> bool {
        self.bind.is_none() && self.capture_mode.is_none_or(|mode| mode.value != CaptureMode::None)
    }
}

impl IngressListener {
    /// Returns how traffic comes to the proxy.
    pub fn capture_mode(&self) -> CaptureMode {
        self.capture_mode.map_or(CaptureMode::Default, |mode| mode.value)
    }
}

impl EgressListener {
    /// Returns how traffic comes to the proxy.
    pub fn capture_mode(&self) -> CaptureMode {
        self.capture_mode.map_or(CaptureMode::Default, |mode| mode.value)
    }
}

impl OutboundTrafficPolicy {
    /// Returns the choice: `REGISTRY_ONLY` where a block says none, by the zero of the enum.
    pub fn mode(&self) -> OutboundMode {
        self.mode.map_or(OutboundMode::RegistryOnly, |mode| mode.value)
    }
}
