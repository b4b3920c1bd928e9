//! Why a connection passes, or what stops it: layer by layer, with the line that decides.
//!
//! ```text
//! Asked ─ witness: what to send, where nobody says ─► Sent ─┬─ outcome ─► verdict
//!                                                           └─ network, door, authorization, proxy ─► [Step]
//! ```
//!
//! A verdict is what the engine answers for every kind of client that the source can be; the steps follow the one that gets
//! furthest, its own proxy's before others.

mod authorization;
mod door;
mod network;
mod proxy;
mod witness;
mod words;

use std::{fmt, net::IpAddr};

use super::{
    Client, Door, End, EndpointId, Identity, Mark, Port, Question, Reach, Request, Scope, Target, Way,
};
use crate::{
    manifest::Protocol,
    mesh::{Pod, Truth},
    source::Span,
};

/// What is to be explained.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Who sends.
    pub from: End,
    /// To whom.
    pub to: End,
    /// The one address of an end outside that is meant, where one is.
    pub address: Option<IpAddr>,
    /// At which port of the destination.
    pub port: Port,
    /// What is sent; where nothing is said, something that passes, if anything does.
    pub sent: Option<Request>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Sent {
    /// A request of HTTP.
    Request(Box<Request>),
    /// Other bytes, or datagrams.
    Bytes,
}

/// Whether something passes, and what each layer says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// How it passes; nothing if it does not.
    pub verdict: Option<Mark>,
    /// What was sent.
    pub sent: Sent,
    /// Whom the receiver's proxy knows the caller for.
    pub identity: Option<Identity>,
    /// What each layer says, in order.
    pub steps: Vec<Step>,
    /// How a person can try what passes.
    pub command: Option<String>,
}

/// What stands between a source and a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// NetworkPolicies of the source.
    Egress,
    /// NetworkPolicies of the destination.
    Ingress,
    /// Whether the source has a sidecar.
    Source,
    /// Whether the destination has one.
    Destination,
    /// How the port takes connections.
    MutualTls,
    /// What the port is taken to speak.
    Protocol,
    /// AuthorizationPolicies that leave it to a provider.
    Custom,
    /// Those that refuse.
    Deny,
    /// Those that let through.
    Allow,
    /// What the source's own proxy makes of it, which binds nobody who goes around it.
    OwnProxy,
}

/// What a layer does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// It lets through.
    Open,
    /// It refuses.
    Closed,
    /// It cannot be told.
    Unknown,
    /// It is not asked.
    Skipped,
    /// It decides nothing by itself, and others depend on it.
    Fact,
}

/// What one layer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub layer: Layer,
    /// What it does.
    pub state: State,
    /// Why.
    pub sentence: String,
    /// The lines that decide, if any do.
    pub places: Vec<Span>,
    /// For what is refused: what would almost have let it through.
    pub nearest: Option<Nearest>,
}

/// A rule that almost lets something through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Which.
    pub rule: String,
    /// Where it stands.
    pub place: Span,
    /// What it lacks.
    pub lacks: Vec<String>,
}

/// Why nothing can be said at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unasked {
    /// Neither end is a workload of the manifests.
    NotShown,
    /// A node has no address that manifests tell.
    ToNode,
    /// A request goes over TCP.
    NoRequest,
}

/// One kind of client that a source can be, and what comes of it.
#[derive(Debug, Clone, Copy)]
struct Try {
    client: Client,
    /// Whether that is what its own proxy makes of it, or what it sends itself where it has none.
    is_own: bool,
    /// How it gets to the policies; nothing if it does not.
    way: Option<Way>,
    /// What the destination makes of it, and whether it can be sent.
    answer: Truth,
}

/// What comes of all tries together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Denied,
    /// But for the server's first words.
    Greeted,
    Unknown,
    AroundItsProxy,
    Allowed,
}

impl Try {
    /// Orders tries by how far they get; of those that are alike, its own proxy's is the last.
    fn rank(self) -> (Truth, bool, bool, bool) {
        let is_known = self.way.is_some_and(|way| way.is_known);
        (self.answer, self.way.is_some() && self.is_own, self.way.is_some(), is_known)
    }
}

impl Step {
    fn new(layer: Layer, state: State, sentence: impl Into<String>) -> Self {
        Self { layer, state, sentence: sentence.into(), places: Vec::new(), nearest: None }
    }

    fn at(mut self, places: impl IntoIterator<Item = Span>) -> Self {
        self.places.extend(places);
        self
    }

    fn almost(self, nearest: Option<Nearest>) -> Self {
        Self { nearest, ..self }
    }
}

impl Reach<'_> {
    /// Explains one connection.
    ///
    /// # Errors
    ///
    /// Where neither end is a workload of the manifests, the destination is a node, or a request is to go over something
    /// else than TCP.
    pub fn explain(&self, asked: &Asked) -> Result<Explanation, Unasked> {
        let inquiry = Inquiry { reach: self, asked };
        if asked.to == End::Pod(self.endpoints().node()) {
            return Err(Unasked::ToNode);
        }
        if inquiry.shown(asked.from).is_none() && inquiry.shown(asked.to).is_none() {
            return Err(Unasked::NotShown);
        }
        if asked.sent.is_some() && asked.port.protocol != Protocol::Tcp {
            return Err(Unasked::NoRequest);
        }
        Ok(inquiry.explanation())
    }
}

/// One question, and whom it is put to.
#[derive(Debug, Clone, Copy)]
struct Inquiry<'r, 'm> {
    reach: &'r Reach<'m>,
    asked: &'r Asked,
}

impl<'m> Inquiry<'_, 'm> {
    fn explanation(&self) -> Explanation {
        let sent = self.sent();
        let outcome = self.outcome(&sent);
        let mut steps = self.packets();
        let mut identity = None;
        match self.shown(self.asked.to) {
            Some(pod) if self.asked.port.protocol == Protocol::Tcp => {
                let tries = self.tries(&sent, pod);
                let best = *tries.iter().max_by_key(|one| one.rank()).expect("plaintext can always be sent");
                identity =
                    self.reach.identity(self.sender()).filter(|_| best.way.is_some_and(|way| way.is_known));
                steps.extend(self.doors(pod, &sent, best));
                steps.extend(self.policies(pod, &sent, best));
                steps.extend(self.own_proxy(pod, &sent, best));
            }
            Some(_) | None => steps.extend(self.beyond()),
        }
        let verdict = match outcome {
            Outcome::Allowed => Some(Mark::Open),
            Outcome::AroundItsProxy => Some(Mark::AroundItsProxy),
            Outcome::Unknown => Some(Mark::Unknown(doubt(&steps))),
            Outcome::Greeted => Some(Mark::GreetingOnly),
            Outcome::Denied => None,
        };
        let command = if verdict == Some(Mark::Open) { self.command(&sent) } else { None };
        Explanation { verdict, sent, identity, steps, command }
    }

    /// Says what comes of sending something, whatever client the source makes of itself.
    fn outcome(&self, sent: &Sent) -> Outcome {
        let is_registered = self.is_registered();
        let (arrives, is_own) = match self.shown(self.asked.to) {
            Some(pod) if self.asked.port.protocol == Protocol::Tcp => {
                let tries = self.tries(sent, pod);
                let arrives = tries.iter().fold(Truth::No, |any, one| any.or(one.answer));
                // Whatever its own proxy may be, it has the certificate that it would show.
                let mut own = tries.iter().filter(|one| one.is_own);
                (arrives, own.all(|one| self.answer(sent, pod, one.client).is_certain()))
            }
            Some(_) => (Truth::Yes, true),
            None => (self.is_taken(self.asked.to), true),
        };
        match self.is_packet_open().and(arrives) {
            Truth::No if *sent == Sent::Bytes && self.is_greeted() => Outcome::Greeted,
            Truth::No => Outcome::Denied,
            Truth::Unknown => Outcome::Unknown,
            Truth::Yes if is_own && is_registered.is_certain() => Outcome::Allowed,
            Truth::Yes => Outcome::AroundItsProxy,
        }
    }

    /// Tells whether an end takes what comes that no manifest shows; of one with a sidecar nobody knows.
    fn is_taken(&self, to: End) -> Truth {
        match to {
            End::Outside(_) => Truth::Yes,
            End::Pod(id) => match self.reach.has_proxy(id) {
                Truth::No => Truth::Yes,
                Truth::Unknown | Truth::Yes => Truth::Unknown,
            },
        }
    }

    /// Tries every kind of client that a source can be.
    fn tries(&self, sent: &Sent, pod: &Pod<'m>) -> Vec<Try> {
        let is_request = matches!(sent, Sent::Request(_));
        let (from, number) = (self.sender(), self.asked.port.number);
        let own = self.reach.own_clients(from, pod, number, is_request);
        let certificate = self.reach.has_certificate(from);
        let locks = Door::at(self.reach.mesh, pod, number).locks();
        let clients = Client::ALL.into_iter().filter(|client| {
            (client.carries_http() || !is_request)
                && (certificate.is_possible() || !client.has_certificate() || own.contains(client))
        });
        let attempt = |client: Client| {
            let sendable = if client.has_certificate() { certificate } else { Truth::Yes };
            let answer = sendable.and(self.answer(sent, pod, client));
            let way = locks.iter().find_map(|lock| lock.way(client));
            Try { client, is_own: own.contains(&client), way, answer }
        };
        clients.map(attempt).collect()
    }

    /// Returns what the destination makes of something that a client sends.
    ///
    /// Mutual TLS of the mesh is nothing to an application that takes the bytes itself.
    fn answer(&self, sent: &Sent, pod: &Pod<'m>, client: Client) -> Truth {
        let to = Target::Pod(self.reach.endpoints().of(pod.id));
        let (from, port, request) = (self.sender(), self.asked.port, self.request(sent));
        let question = Question { from, to, port, client, request };
        let is_seen = Door::at(self.reach.mesh, pod, port.number).is_captured;
        let is_read = if client.has_certificate() { is_seen } else { Truth::Yes };
        is_read.and(self.reach.behind_door(&question, pod))
    }

    /// Returns what is sent as the engine is asked about it.
    fn request(&self, sent: &Sent) -> Request {
        let request = match sent {
            Sent::Request(request) => request.as_ref().clone(),
            Sent::Bytes => Request::default(),
        };
        Request { source: self.address(self.asked.from), ..request }
    }

    /// Tells whether a server's first words get out of what is refused.
    fn is_greeted(&self) -> bool {
        let scope = Scope {
            from: Some(vec![self.asked.from]),
            to: Some(vec![self.asked.to]),
            ports: Some(vec![self.asked.port]),
        };
        self.reach.flows(&scope).iter().any(|flow| flow.passage.mark == Mark::GreetingOnly)
    }

    /// Returns the pod of an end that is a workload of the manifests.
    fn shown(&self, end: End) -> Option<&'m Pod<'m>> {
        match end {
            End::Pod(id) => self.reach.endpoints().pod(id),
            End::Outside(_) => None,
        }
    }

    /// Returns the address of an end outside.
    fn address(&self, end: End) -> Option<IpAddr> {
        match end {
            End::Pod(_) => None,
            End::Outside(block) => {
                self.asked.address.or_else(|| self.reach.blocks.addresses(block).example())
            }
        }
    }

    /// Returns who sends.
    fn sender(&self) -> EndpointId {
        match self.asked.from {
            End::Pod(id) => id,
            End::Outside(_) => self.reach.endpoints().outside(),
        }
    }

    /// Returns the name of an end, with the address that is meant.
    fn called(&self, end: End) -> String {
        match (end, self.asked.address) {
            (End::Outside(_), Some(address)) => address.to_string(),
            (End::Outside(_) | End::Pod(_), _) => self.reach.end_name(end),
        }
    }
}

/// Returns the first reason for which something cannot be told.
fn doubt(steps: &[Step]) -> String {
    let unsure = steps.iter().find(|step| step.state == State::Unknown);
    unsure.map_or_else(String::new, |step| step.sentence.clone())
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Egress => "egress",
            Self::Ingress => "ingress",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::MutualTls => "mutual TLS",
            Self::Protocol => "protocol",
            Self::Custom => "CUSTOM",
            Self::Deny => "DENY",
            Self::Allow => "ALLOW",
            Self::OwnProxy => "own proxy",
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Fact => "fact",
        })
    }
}
