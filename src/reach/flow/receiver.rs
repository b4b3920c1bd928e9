//! What a port of a pod lets through.

use std::collections::BTreeSet;

use super::{Allowed, Mark, Passage, TakenFor, allowed::Passing, caller::Caller};
use crate::{
    manifest::{Mode, Protocol, ServicePort},
    mesh::{Pod, PortProtocol},
    reach::{Call, Client, Door, Lock, Port, Reach, Way, transport::Chain},
};

/// A port of a pod, with what stands before it.
pub(super) struct Receiver<'r, 'm> {
    reach: &'r Reach<'m>,
    pod: &'r Pod<'m>,
    port: Port,
    /// Everything that the door may be.
    locks: Vec<Lock>,
    /// Why it is not told which.
    doubt: Option<String>,
    /// Whether something that is not modelled may change all of it.
    is_foreign: bool,
}

/// The two things that bytes can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A request of HTTP.
    Request,
    /// Anything else.
    Bytes,
}

impl Kind {
    /// Tells whether a way is one for such bytes. Where it is open what a port is, a request that passes as bytes passes.
    pub(super) fn is_taken(self, way: Way, locks: &[Lock]) -> bool {
        match (self, way.chain) {
            (Self::Request, Some(Chain::Http)) | (Self::Bytes, Some(Chain::Tcp) | None) => true,
            (Self::Request, Some(Chain::Tcp) | None) => {
                locks.len() > 1 && locks.iter().any(|lock| lock.reads_requests())
            }
            (Self::Bytes, Some(Chain::Http)) => false,
        }
    }
}

impl<'r, 'm> Receiver<'r, 'm> {
    /// Looks at a port. Only TCP has a door.
    pub(super) fn at(reach: &'r Reach<'m>, pod: &'r Pod<'m>, port: Port) -> Self {
        if port.protocol != Protocol::Tcp {
            return Self { reach, pod, port, locks: vec![Lock::Bare], doubt: None, is_foreign: false };
        }
        let door = Door::at(reach.mesh, pod, port.number);
        let (locks, doubt) = (door.locks(), door.doubt(reach.mesh, pod));
        Self { reach, pod, port, locks, is_foreign: door.foreign.is_some() && doubt.is_some(), doubt }
    }

    /// Returns what is open to a caller whose packets pass.
    pub(super) fn passages(&self, caller: &Caller) -> Vec<Passage> {
        if self.locks == [Lock::Bare] {
            let (taken_for, mark) = (TakenFor::bare(self.port.protocol), caller.bare_mark());
            return vec![Passage { taken_for, account: None, allowed: Allowed::default(), mark }];
        }
        let known =
            [true, false].into_iter().filter(|is_known| !is_known || caller.certificate.is_possible());
        let found = known.flat_map(|is_known| {
            let account = if is_known { caller.account() } else { None };
            let [requests, bytes] =
                [Kind::Request, Kind::Bytes].map(|kind| self.of_kind(caller, is_known, kind));
            let passages = self.joined(requests, bytes).into_iter();
            passages.map(move |passage| Passage { account: account.clone(), ..passage })
        });
        found.collect()
    }

    /// Returns what is open to a caller who is known or not and sends requests, or other bytes.
    fn of_kind(&self, caller: &Caller, is_known: bool, kind: Kind) -> Vec<(Allowed, Mark)> {
        let is_read = |lock: &Lock| kind == Kind::Bytes || lock.reads_requests();
        if !self.locks.iter().any(is_read) {
            return Vec::new();
        }
        let base = caller.mark(&self.locks, is_known, kind);
        if let (Some(doubt), true) = (&self.doubt, self.is_foreign) {
            return vec![(Allowed::default(), base.unsure(doubt))];
        }
        let behind = |lock: &Lock| self.behind(*lock, caller, is_known, kind);
        let passing: Vec<Passing> = self.locks.iter().map(behind).collect();
        let mut read = self.locks.iter().zip(&passing).filter(|(lock, _)| lock.reads_requests());
        if kind == Kind::Request && read.all(|(_, passing)| *passing == Passing::default()) {
            return Vec::new();
        }
        let mut found = Vec::new();
        for one in passing.iter().flat_map(|passing| &passing.certain) {
            let has =
                |passing: &Passing| passing.certain.iter().any(|other| other.is_everything() || other == one);
            let mark = match &self.doubt {
                Some(doubt) if !passing.iter().all(has) => base.clone().unsure(doubt),
                _ => base.clone(),
            };
            found.push((one.clone(), mark));
        }
        for (one, provider) in passing.iter().flat_map(|passing| &passing.judged) {
            found.push((one.clone(), base.clone().unsure(&format!("the provider `{provider}` decides"))));
        }
        if let ([lock], [passing], Kind::Bytes) = (self.locks.as_slice(), passing.as_slice(), kind)
            && !passing.certain.iter().any(Allowed::is_everything)
            && passing.judged.is_empty()
            && caller.doubt.is_none()
            && (!is_known || caller.certificate.is_certain())
            && self.is_heard(*lock, is_known)
        {
            found.push((Allowed::default(), Mark::GreetingOnly));
        }
        found.sort();
        found.dedup();
        // What is open anyway needs no doubt beside it.
        let is_open = |(allowed, mark): &(Allowed, Mark)| {
            allowed.is_everything() && matches!(mark, Mark::Open | Mark::AroundItsProxy)
        };
        if found.iter().any(is_open) {
            found.retain(is_open);
        }
        found
    }

    /// Returns what one lock lets through.
    fn behind(&self, lock: Lock, caller: &Caller, is_known: bool, kind: Kind) -> Passing {
        let clients = Client::ALL.into_iter().filter(|client| match kind {
            Kind::Request => client.carries_http(),
            Kind::Bytes => true,
        });
        let ways: BTreeSet<Way> = clients
            .filter(|client| lock != Lock::Bare || !client.has_certificate())
            .filter_map(|client| lock.way(client))
            .filter(|way| way.is_known == is_known && kind.is_taken(*way, &self.locks))
            .collect();
        ways.into_iter().map(|way| self.passing(caller, way)).collect()
    }

    fn passing(&self, caller: &Caller, way: Way) -> Passing {
        let Some(chain) = way.chain else { return Passing::everything() };
        let identity = caller.identity.as_ref().filter(|_| way.is_known);
        let call = Call { chain, caller: identity, port: self.port.number };
        let requests = self.reach.authorization.requests(self.pod, call);
        let addresses = caller.addresses.map(|block| self.reach.blocks.addresses(block));
        Passing::of(&requests, way, addresses)
    }

    /// Joins what is the same for requests and for bytes, and names the rest by its half.
    fn joined(&self, requests: Vec<(Allowed, Mark)>, bytes: Vec<(Allowed, Mark)>) -> Vec<Passage> {
        let is_auto = |lock: &Lock| matches!(lock, Lock::Proxied(_, PortProtocol::Auto));
        let of = |taken_for, found: Vec<(Allowed, Mark)>| {
            found.into_iter().map(move |(allowed, mark)| Passage { taken_for, account: None, allowed, mark })
        };
        if self.locks.iter().all(is_auto) && requests == bytes {
            return of(TakenFor::Auto, bytes).collect();
        }
        let (http, tcp) = if self.locks.iter().any(is_auto) {
            (TakenFor::AutoHttp, TakenFor::AutoTcp)
        } else {
            (TakenFor::Http, TakenFor::Tcp)
        };
        of(http, requests).chain(of(tcp, bytes)).collect()
    }

    /// Tells whether a server's first words get out before its sidecar's policies are asked (semantics J15).
    ///
    /// Measured: an inspector waits for the client's first bytes, and for ever unless `protocolDetectionTimeout` is set.
    fn is_heard(&self, lock: Lock, is_known: bool) -> bool {
        let Lock::Proxied(mode, protocol) = lock else { return false };
        let mut ways = Client::ALL.into_iter().filter_map(|client| lock.way(client));
        let has_way = ways.any(|way| way.chain == Some(Chain::Tcp) && way.is_known == is_known);
        let waits = self.reach.mesh.config.mesh.waits_for_first_bytes();
        let is_chosen = mode == Mode::Disable && protocol == PortProtocol::Tcp || !waits;
        has_way && (is_known || is_chosen) && self.is_server_first()
    }

    fn is_server_first(&self) -> bool {
        const PORTS: [u16; 4] = [21, 22, 25, 3306];
        const WORDS: [&str; 4] = ["mysql", "smtp", "ftp", "ssh"];
        let speaks = |declared: &ServicePort| {
            let word =
                declared.app_protocol.as_ref().or(declared.name.as_ref()).map(|word| word.to_lowercase());
            PORTS.contains(&declared.port.value)
                || word.is_some_and(|word| WORDS.contains(&word.split('-').next().unwrap_or_default()))
        };
        let number = self.port.number;
        PORTS.contains(&number)
            || self.reach.mesh.services_at(self.pod, number).any(|(_, declared)| speaks(declared))
    }
}
