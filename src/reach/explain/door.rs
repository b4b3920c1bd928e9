//! Who has a sidecar, and what the destination's makes of a connection.

use super::{Inquiry, Layer, Sent, State, Step, Try};
use crate::{
    manifest::{Meta, Mode},
    mesh::{Decided, Injection, Pod, PortProtocol, Spoken, Truth},
    reach::{Chain, Client, Door, End, Endpoint, text::normalized},
    source::Span,
};

impl<'m> Inquiry<'_, 'm> {
    /// Explains what stands before the policies of a destination.
    pub(super) fn doors(&self, pod: &Pod<'m>, sent: &Sent, best: Try) -> Vec<Step> {
        let door = Door::at(self.reach.mesh, pod, self.asked.port.number);
        vec![
            self.source(),
            injected(Layer::Destination, &pod.injection, ""),
            self.mutual_tls(pod, &door, best),
            self.protocol(pod, &door, sent, best),
        ]
    }

    /// Explains what the source can prove.
    pub(super) fn source(&self) -> Step {
        let fact = |sentence: &str| Step::new(Layer::Source, State::Fact, sentence);
        let End::Pod(id) = self.asked.from else {
            return fact("an address outside has no certificate of the mesh");
        };
        let proves = match self.reach.identity(id) {
            Some(identity) => format!("; it proves `{identity}`"),
            None => String::new(),
        };
        match self.reach.endpoints().endpoint(id) {
            Endpoint::Pod(pod) => {
                let pod = self.reach.mesh.pod(pod);
                match (pod.injection.is_injected, pod.workload.istiod_token()) {
                    (Truth::No, Some(token)) => {
                        fact(&format!("has no sidecar, but mounts a token for istiod{proves}"))
                            .at([token.span])
                    }
                    _ => injected(Layer::Source, &pod.injection, &proves),
                }
            }
            Endpoint::Unseen(unseen) if unseen.is_meshed => {
                fact(&format!("is taken to have a sidecar{proves}"))
            }
            Endpoint::Unseen(_) => fact("is taken to have no sidecar"),
            Endpoint::Node | Endpoint::Outside => fact("a node has no certificate of the mesh"),
        }
    }

    fn mutual_tls(&self, pod: &Pod<'m>, door: &Door<'m>, best: Try) -> Step {
        let step = |state, sentence: String| Step::new(Layer::MutualTls, state, sentence);
        let state = if best.way.is_some() { State::Open } else { State::Closed };
        if let Some(doubt) = self.door_doubt(pod)
            && (best.answer == Truth::Unknown || door.foreign.is_some())
        {
            return step(State::Unknown, doubt).at(doubtful(door, pod));
        }
        let bare = match (pod.injection.is_injected, door.is_captured) {
            (Truth::No, _) => Some("there is no sidecar".to_owned()),
            (_, Truth::No) => Some(format!("the sidecar does not see port {}", self.asked.port)),
            (_, Truth::Unknown | Truth::Yes) => None,
        };
        if let Some(bare) = bare {
            let (state, sentence) = if best.client.has_certificate() {
                (State::Closed, format!("{}, and nothing ends it: {bare}", self.sends(best)))
            } else {
                (State::Open, format!("nothing asks for it: {bare}"))
            };
            return step(state, sentence).at(pod.capture.because(self.asked.port.number));
        }
        let Some(decided) = door.modes.first() else {
            let sentence = "the sidecar's own port, behind which there is nothing".to_owned();
            return step(State::Closed, sentence);
        };
        let sends = self.sends(best);
        let sentence = format!("{}; {sends}", mode(decided));
        let places = decided.because.map(|(_, place)| place);
        step(state, sentence).at(places)
    }

    /// Says why it cannot be told what the door of the destination is, where that is so.
    pub(super) fn door_doubt(&self, pod: &Pod<'m>) -> Option<String> {
        Door::at(self.reach.mesh, pod, self.asked.port.number).doubt(self.reach.mesh, pod)
    }

    /// Says what a source sends, and who makes it so.
    fn sends(&self, best: Try) -> String {
        let what = wrapping(best.client);
        let has_proxy = self.reach.has_proxy(self.sender()).is_possible();
        match (has_proxy, best.is_own) {
            (true, true) => format!("the source's proxy sends {what}"),
            (true, false) => format!("around its proxy the source sends {what}"),
            (false, _) if self.reach.has_certificate(self.sender()).is_possible() => {
                format!("the source sends {what}")
            }
            (false, _) => format!("the source sends {what}, for it has no certificate of the mesh"),
        }
    }

    fn protocol(&self, pod: &Pod<'m>, door: &Door<'m>, sent: &Sent, best: Try) -> Step {
        if best.answer == Truth::Unknown && self.door_doubt(pod).is_some() {
            return Step::new(Layer::Protocol, State::Skipped, "it depends on what cannot be told");
        }
        let Some(chain) = best.way.and_then(|way| way.chain) else {
            let sentence = match best.way {
                Some(_) => "the application takes the bytes itself",
                None => "nothing gets so far",
            };
            return Step::new(Layer::Protocol, State::Skipped, sentence);
        };
        let spoken = door.protocols.first();
        let because = spoken.and_then(|spoken| spoken.because);
        let said = spoken.map_or_else(String::new, protocol_of);
        let step = |state, sentence| {
            Step::new(Layer::Protocol, state, sentence).at(because.map(|(_, place): (_, Span)| place))
        };
        match (chain, sent) {
            (Chain::Http, Sent::Bytes) => {
                step(State::Closed, format!("{said}; bytes that are no request are refused"))
            }
            (Chain::Http, Sent::Request(request))
                if normalized(&request.path, self.reach.mesh.config.mesh.normalization()).is_none() =>
            {
                step(State::Closed, format!("{said}; Envoy refuses the path `{}`", request.path))
            }
            (Chain::Http, Sent::Request(_)) => step(State::Fact, format!("{said}; policies see the request")),
            (Chain::Tcp, _) => step(State::Fact, format!("{said}; policies see a connection only")),
        }
    }
}

fn injected(layer: Layer, injection: &Injection, proves: &str) -> Step {
    let reason = injection.reason;
    let (state, sentence) = match injection.is_injected {
        Truth::Yes => (State::Fact, format!("has a sidecar: {reason}{proves}")),
        Truth::No => (State::Fact, format!("has no sidecar: {reason}")),
        Truth::Unknown => (State::Unknown, format!("may have a sidecar or not: {reason}")),
    };
    Step::new(layer, state, sentence).at(injection.because)
}

/// Returns the lines of what cannot be told of a door.
fn doubtful(door: &Door<'_>, pod: &Pod<'_>) -> Vec<Span> {
    let injection = pod.injection.because.filter(|_| pod.injection.is_injected == Truth::Unknown);
    if door.is_captured == Truth::Unknown {
        return injection.or(pod.capture.unknown).or(pod.capture.off()).into_iter().collect();
    }
    let tie = |decided: &Decided<'_>| decided.because.map(|(_, place)| place);
    let modes = door.modes.iter().filter(|_| door.modes.len() > 1).filter_map(tie);
    let spoken = door.protocols.iter().filter(|_| door.protocols.len() > 1);
    let spoken = spoken.filter_map(|spoken| spoken.because).map(|(_, place)| place);
    door.foreign.map(Meta::head).into_iter().chain(modes).chain(spoken).collect()
}

fn mode(decided: &Decided<'_>) -> String {
    let takes = match decided.mode {
        Mode::Strict => "takes mutual TLS only",
        Mode::Permissive | Mode::Unset => "takes plaintext as well",
        Mode::Disable => "takes plaintext only",
    };
    match decided.because {
        Some((policy, _)) => format!("PeerAuthentication `{}` {takes}", policy.meta.path()),
        None => format!("no PeerAuthentication says anything, so that the port {takes}"),
    }
}

/// Says how a client wraps what it sends.
pub(super) fn wrapping(client: Client) -> &'static str {
    match client {
        Client::MeshHttp | Client::MeshTcp | Client::MeshOther => "mutual TLS",
        Client::Tls | Client::TlsForged => "TLS without a certificate of the mesh",
        Client::PlainHttp | Client::PlainBytes => "plaintext",
    }
}

fn protocol_of(spoken: &Spoken<'_>) -> String {
    let taken = match spoken.protocol {
        PortProtocol::Http => "the port is taken for HTTP",
        PortProtocol::Tcp => "the port is taken for TCP",
        PortProtocol::Auto => "the first bytes decide what the port speaks",
    };
    match (spoken.because, spoken.word) {
        (Some(_), Some(word)) if spoken.protocol != PortProtocol::Auto => format!("{taken}, by `{word}`"),
        (Some((meta, _)), _) => format!("{taken}, for {} `{}` does not say", meta.kind, meta.path()),
        (None, _) => format!("{taken}, for no Service declares it"),
    }
}
