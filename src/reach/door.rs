//! How a TCP port of a pod takes connections.

use super::{
    Client,
    transport::{Arrival, Chain, arrival},
};
use crate::{
    manifest::{Meta, Mode, sidecar::CaptureMode},
    mesh::{Decided, Mesh, Pod, PortProtocol, Spoken, Truth},
};

/// The port at which a sidecar takes what is redirected to it; what is sent there itself goes nowhere (semantics T13).
pub(super) const INBOUND: u16 = 15006;

/// What stands between a TCP port of a pod and whoever connects.
#[derive(Debug, Clone, PartialEq)]
pub struct Door<'m> {
    /// Whether the pod has a sidecar that sees the port.
    pub is_captured: Truth,
    /// The modes of mutual TLS that it may have: one, unless policies tie. Nothing at the sidecar's own port.
    pub modes: Vec<Decided<'m>>,
    /// What it may speak: one, unless Services or Sidecars tie.
    pub protocols: Vec<Spoken<'m>>,
    /// What is not modelled and may change what the sidecar makes of connections.
    pub foreign: Option<&'m Meta>,
}

/// One thing that a door may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// A sidecar stands behind it.
    Proxied(Mode, PortProtocol),
    /// Nothing goes through.
    Shut,
    /// The application takes the bytes itself.
    Bare,
}

/// How a client gets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// The filters that it meets; none where no sidecar takes it.
    pub chain: Option<Chain>,
    /// Whether those know who calls.
    pub is_known: bool,
    /// Whether the proxy reads the server name of a handshake, which the client chooses.
    pub has_server_name: bool,
}

impl<'m> Door<'m> {
    /// Returns the door at a port.
    pub fn at(mesh: &Mesh<'m>, pod: &Pod<'m>, port: u16) -> Self {
        // The port that takes what is redirected is not redirected itself, and the proxy listens there all the same.
        let is_seen = if port == INBOUND { Truth::Yes } else { pod.capture.sees(port) };
        Self {
            is_captured: pod.injection.is_injected.and(is_seen),
            modes: if port == INBOUND { Vec::new() } else { mesh.modes(pod, Some(port)) },
            protocols: mesh.protocols(pod, port),
            foreign: if port == INBOUND {
                None
            } else {
                mesh.foreign_filter_of(pod).or_else(|| own_listener(mesh, pod, port))
            },
        }
    }

    /// Returns everything that it may be; one, unless the manifests do not tell.
    pub fn locks(&self) -> Vec<Lock> {
        let mut locks = Vec::new();
        if self.is_captured.is_possible() {
            if self.modes.is_empty() {
                locks.push(Lock::Shut);
            }
            for mode in &self.modes {
                locks.extend(self.protocols.iter().map(|spoken| Lock::Proxied(mode.mode, spoken.protocol)));
            }
        }
        if !self.is_captured.is_certain() {
            locks.push(Lock::Bare);
        }
        locks
    }

    /// Says why it is not told what the door is, where that is so.
    pub fn doubt(&self, mesh: &Mesh<'m>, pod: &Pod<'m>) -> Option<String> {
        let tie = |one: &Meta, other: &Meta| format!("`{}` and `{}` tie", one.path(), other.path());
        if self.is_captured == Truth::Unknown {
            let is_injected = pod.injection.is_injected;
            return Some(if is_injected == Truth::Unknown {
                format!("injection in `{}` is not known", mesh.scope_of(pod).name)
            } else {
                "an annotation about capture is not modelled".to_owned()
            });
        }
        if self.is_captured == Truth::No {
            return None;
        }
        let of_filter = |meta: &Meta| format!("the {} `{}` is not modelled", meta.kind, meta.name);
        let of_mode = || {
            let (first, others) = self.modes.split_first()?;
            let (winner, _) = first.because?;
            let rival = first.rival.filter(|_| !others.is_empty())?;
            Some(tie(&winner.meta, &rival.meta))
        };
        let of_protocol = || {
            let first = self.protocols.first()?;
            let ((winner, _), rival) = (first.because?, first.rival?);
            Some(format!("`{}` and `{}` disagree", winner.path(), rival.path()))
        };
        self.foreign.map(of_filter).or_else(of_mode).or_else(of_protocol)
    }
}

impl Lock {
    /// Tells whether some client's requests are read as such.
    pub(super) fn reads_requests(self) -> bool {
        matches!(self, Self::Proxied(_, PortProtocol::Http | PortProtocol::Auto))
    }

    /// Returns how a client gets through; nothing where it does not.
    pub fn way(self, client: Client) -> Option<Way> {
        let (mode, protocol) = match self {
            Self::Proxied(mode, protocol) => (mode, protocol),
            Self::Shut => return None,
            Self::Bare => return Some(Way { chain: None, is_known: false, has_server_name: false }),
        };
        match arrival(mode, protocol, client) {
            Arrival::Taken { chain, has_identity, is_tls } => Some(Way {
                chain: Some(chain),
                is_known: has_identity,
                has_server_name: has_identity || is_tls && mode != Mode::Disable,
            }),
            Arrival::Refused | Arrival::Malformed => None,
        }
    }
}

/// Returns a Sidecar that gives a port a listener with an address or a TLS of its own, which is not modelled.
fn own_listener<'m>(mesh: &Mesh<'m>, pod: &Pod<'m>, port: u16) -> Option<&'m Meta> {
    let mut sidecars = mesh.sidecars_of(pod).into_iter().flatten();
    let is_own = |listener: &crate::manifest::sidecar::IngressListener| {
        listener.port.number() == port
            && (listener.capture_mode() == CaptureMode::None
                || listener.bind.is_some()
                || listener.tls.is_some())
    };
    let own = sidecars.find(|sidecar| sidecar.ingress.iter().any(|listener| is_own(listener)));
    own.map(|sidecar| &sidecar.meta)
}
