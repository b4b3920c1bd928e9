//! What the source's own proxy makes of a connection, which binds only who goes through it.

use super::{Inquiry, Layer, Sent, State, Step, Try, door::wrapping};
use crate::{
    manifest::Protocol,
    mesh::{Pod, Truth},
    reach::{AddressSet, End, EndpointId, Port},
    source::Span,
};

impl<'m> Inquiry<'_, 'm> {
    /// Tells whether the source's own proxy lets it call the destination at all.
    pub(super) fn is_registered(&self) -> Truth {
        let from = self.sender();
        if self.asked.port.protocol != Protocol::Tcp || !self.reach.has_proxy(from).is_possible() {
            return Truth::Yes;
        }
        match self.asked.to {
            End::Outside(_) => self.reach.registered(from, &self.meant()).contains(self.asked.port).into(),
            End::Pod(_) => match self.shown(self.asked.to) {
                Some(pod) => self.reach.may_call(from, pod, self.asked.port.number),
                None => Truth::Yes,
            },
        }
    }

    /// Returns the addresses of the end outside.
    fn meant(&self) -> AddressSet {
        let blocks = [self.asked.to, self.asked.from].into_iter().filter_map(|end| match end {
            End::Outside(block) => Some(self.reach.blocks.addresses(block).clone()),
            End::Pod(_) => None,
        });
        self.asked.address.map(AddressSet::from).or(blocks.into_iter().next()).unwrap_or_default()
    }

    /// Explains what a proxy makes of a connection to a pod.
    pub(super) fn own_proxy(&self, pod: &Pod<'m>, sent: &Sent, best: Try) -> Option<Step> {
        let from = self.sender();
        if !self.reach.has_proxy(from).is_possible() {
            return None;
        }
        let service = self.reach.known_services(from, pod, self.asked.port.number).next();
        let rule = service
            .and_then(|(service, declared, _)| self.reach.rule_for(from, service, declared.port.value));
        let (goes, places) = match (service, rule) {
            (None, _) => {
                let leaving = self.leaving(from, &self.unknown(pod));
                if leaving.state != State::Open {
                    return Some(leaving);
                }
                (format!("; {}", leaving.sentence), leaving.places)
            }
            (Some((service, ..)), None) => (format!(" to Service `{}`", service.meta.path()), Vec::new()),
            (Some(_), Some((rule, tls))) => {
                (format!(", as DestinationRule `{}` says", rule.meta.path()), vec![tls.span])
            }
        };
        let tries = self.tries(sent, pod);
        let own: Vec<&Try> = tries.iter().filter(|one| one.is_own).collect();
        let failing = own.iter().find(|one| !self.answer(sent, pod, one.client).is_certain());
        let one = failing.or(own.first())?;
        let sends = format!("it sends {}{goes}", wrapping(one.client));
        let step = |state, sentence| Step::new(Layer::OwnProxy, state, sentence).at(places);
        match failing {
            None => Some(step(State::Open, sends)),
            // What stops it is said above, unless something else gets further.
            Some(failing) if failing.client == best.client => Some(step(State::Fact, sends)),
            Some(failing) => {
                let stopped = self.stop(pod, sent, **failing)?;
                let passes = if stopped.state == State::Unknown { "perhaps does not" } else { "does not" };
                let sentence =
                    format!("{sends}, which {passes} pass: {}: {}", stopped.layer, stopped.sentence);
                Some(step(stopped.state, sentence).at(stopped.places))
            }
        }
    }

    /// Says why the source's own proxy knows no Service that leads to the port.
    fn unknown(&self, pod: &Pod<'m>) -> String {
        match self.reach.mesh.services_at(pod, self.asked.port.number).next() {
            Some((service, _)) => format!("its Sidecar does not import Service `{}`", service.meta.path()),
            None => format!("no Service leads to port {}", self.asked.port),
        }
    }

    /// Returns the first layer that does not let a try through.
    fn stop(&self, pod: &Pod<'m>, sent: &Sent, one: Try) -> Option<Step> {
        let steps = self.doors(pod, sent, one).into_iter().chain(self.policies(pod, sent, one));
        let steps: Vec<Step> = steps.collect();
        let of = |state: State| steps.iter().find(|step| step.state == state).cloned();
        of(State::Closed).or_else(|| of(State::Unknown))
    }

    /// Explains what is known of a destination that no manifest shows.
    pub(super) fn beyond(&self) -> Vec<Step> {
        if self.asked.port.protocol != Protocol::Tcp {
            return Vec::new();
        }
        let from = self.sender();
        let mut steps = vec![self.source()];
        if let (End::Pod(_), None) = (self.asked.to, self.shown(self.asked.to)) {
            let (state, sentence) = match self.is_taken(self.asked.to) {
                Truth::Yes => (State::Fact, "no manifest shows it; it is taken to have no sidecar"),
                Truth::No | Truth::Unknown => {
                    (State::Unknown, "no manifest shows what its sidecar would refuse")
                }
            };
            steps.push(Step::new(Layer::Destination, state, sentence));
            return steps;
        }
        if self.reach.has_proxy(from).is_possible() {
            steps.push(self.outward(from));
        }
        steps
    }

    fn outward(&self, from: EndpointId) -> Step {
        let meant = self.meant();
        let entry = self.reach.entries(from, &meant).find_map(|entry| {
            let port = entry.ports.iter().find(|port| Port::tcp(port.number()) == self.asked.port)?;
            self.reach.knows_entry(from, entry, port.number()).then_some((entry, port.span))
        });
        match entry {
            Some((entry, place)) => {
                let sentence = format!("ServiceEntry `{}` registers it", entry.meta.path());
                Step::new(Layer::OwnProxy, State::Open, sentence).at([place])
            }
            None => self.leaving(from, "no ServiceEntry registers its address at that port"),
        }
    }

    /// Returns where the mesh config says what becomes of calls to what nothing registers.
    fn mesh_place(&self) -> Option<Span> {
        self.reach.mesh.config.mesh.outbound_traffic_policy.as_ref().map(|policy| policy.span)
    }

    /// Explains what becomes of a call to what nothing registers.
    fn leaving(&self, from: EndpointId, what: &str) -> Step {
        let sidecars = match self.reach.endpoints().pod(from) {
            Some(pod) => self.reach.mesh.sidecars_of(pod),
            None => Vec::new(),
        };
        let own =
            sidecars.into_iter().flatten().filter_map(|sidecar| sidecar.outbound_traffic_policy.as_ref());
        let own: Vec<Span> = own.map(|policy| policy.span).collect();
        let places = if own.is_empty() { self.mesh_place().into_iter().collect() } else { own };
        let (state, then) = match self.reach.may_leave_registry(from) {
            Truth::Yes => (State::Open, "its proxy lets out what nothing registers"),
            Truth::No => (State::Closed, "REGISTRY_ONLY drops what nothing registers"),
            Truth::Unknown => (State::Unknown, "Sidecars tie over what nothing registers"),
        };
        Step::new(Layer::OwnProxy, state, format!("{what}, and {then}")).at(places)
    }
}
