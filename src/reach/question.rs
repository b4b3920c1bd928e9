//! One question: does this reach that?

use std::net::IpAddr;

use super::{
    Call, Client, Door, Endpoint, EndpointId, Port, Reach, Request, Requests, Universe,
    door::{Lock, Way},
    text::normalized,
    transport::Chain,
};
use crate::{
    manifest::Protocol,
    mesh::{Pod, Truth},
};

/// Where something goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A pod.
    Pod(EndpointId),
    /// An address outside the cluster, with the host name that the client used for it.
    Address(IpAddr, Option<String>),
}

/// One connection, or request.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Who sends; the outside by the address of [`Question::request`].
    pub from: EndpointId,
    /// To whom.
    pub to: Target,
    /// The pod's port, not the Service's (semantics NP36).
    pub port: Port,
    /// How the bytes are wrapped, where a sidecar takes them.
    pub client: Client,
    /// What they are.
    pub request: Request,
}

impl<'m> Reach<'m> {
    /// Answers for a client that does as the question says, past its own proxy.
    pub fn verdict(&self, question: &Question) -> Truth {
        match &question.to {
            Target::Address(address, _) => self.to_address(question.from, *address, question.port),
            Target::Pod(to) => {
                let pod = self.endpoints().pod(*to).expect("a target is a pod that is shown");
                self.packets(question, *to).and(self.at_pod(question, pod))
            }
        }
    }

    /// What NetworkPolicies say of an address outside; nodes and the outside itself have none.
    fn to_address(&self, from: EndpointId, address: IpAddr, port: Port) -> Truth {
        match self.endpoints().endpoint(from) {
            Endpoint::Node | Endpoint::Outside => return Truth::Yes,
            Endpoint::Pod(_) | Endpoint::Unseen(_) => {}
        }
        let open = self.network.to_outside(from).into_iter();
        let holding = open.filter(|(set, ports, _)| set.contains(address) && ports.contains(port));
        holding.fold(Truth::No, |any, (_, _, is_open)| any.or(is_open))
    }

    fn packets(&self, question: &Question, to: EndpointId) -> Truth {
        match self.endpoints().endpoint(question.from) {
            Endpoint::Outside => {
                let Some(address) = question.request.source else { return Truth::Unknown };
                let open = self.network.from_outside(to).into_iter();
                let holding =
                    open.filter(|(set, ports, _)| set.contains(address) && ports.contains(question.port));
                holding.fold(Truth::No, |any, (_, _, is_open)| any.or(is_open))
            }
            Endpoint::Pod(_) | Endpoint::Unseen(_) | Endpoint::Node => {
                self.network.between(question.from, to).at(question.port)
            }
        }
    }

    fn at_pod(&self, question: &Question, pod: &Pod<'m>) -> Truth {
        if question.port.protocol != Protocol::Tcp {
            return Truth::Yes;
        }
        let sendable =
            if question.client.has_certificate() { self.has_certificate(question.from) } else { Truth::Yes };
        sendable.and(self.behind_door(question, pod))
    }

    /// What a TCP port of a pod makes of what arrives there, as if its sender could send it.
    pub(super) fn behind_door(&self, question: &Question, pod: &Pod<'m>) -> Truth {
        let door = Door::at(self.mesh, pod, question.port.number);
        let behind = |lock: &Lock| match lock.way(question.client) {
            Some(way) => self.through(question, pod, way),
            None => Truth::No,
        };
        let answers: Vec<Truth> = door.locks().iter().map(behind).collect();
        let is_agreed = answers.iter().all(|answer| *answer == answers[0]);
        let is_told = is_agreed && (door.foreign.is_none() || !door.is_captured.is_possible());
        if is_told { answers[0] } else { Truth::Unknown }
    }

    /// What the policies behind a door say.
    fn through(&self, question: &Question, pod: &Pod<'m>, way: Way) -> Truth {
        let Some(chain) = way.chain else { return Truth::Yes };
        let is_request = || {
            let path = normalized(&question.request.path, self.mesh.config.mesh.normalization());
            !question.request.method.is_empty() && path.is_some()
        };
        if chain == Chain::Http && !is_request() {
            return Truth::No;
        }
        let caller = self.identity(question.from).filter(|_| way.is_known);
        let call = Call { chain, caller: caller.as_ref(), port: question.port.number };
        let requests = self.authorization.requests(pod, call);
        let mut request = question.request.clone();
        if !way.has_server_name {
            request.server_name.clear();
        }
        holds(&requests, &request)
    }
}

fn holds(requests: &Requests<'_, '_>, request: &Request) -> Truth {
    // A token whose issuer nobody names is refused where tokens are read at all (semantics AP35).
    let issuer = request.token.as_ref().map(|token| token.get("iss").and_then(serde_json::Value::as_str));
    let is_believed =
        |issuer: Option<&str>| requests.issuers.iter().any(|known| Some(known.as_str()) == issuer);
    if requests.chain == Chain::Http
        && !requests.issuers.is_empty()
        && issuer.is_some_and(|issuer| !is_believed(issuer))
    {
        return Truth::No;
    }
    let mut universe = Universe::new(&[requests]);
    let set = universe.set(&[requests]);
    universe.holds(set, request)
}
