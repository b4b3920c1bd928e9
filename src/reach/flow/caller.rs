//! Who calls, as far as a receiver can tell callers apart.

use super::{End, Mark, receiver::Kind};
use crate::{
    manifest::Protocol,
    mesh::{Pod, Truth},
    reach::{Client, Endpoint, Identity, Lock, Port, Reach},
};

/// A caller; equal ones are answered alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Caller {
    /// Whether it has a certificate.
    pub(super) certificate: Truth,
    /// Whose.
    pub(super) identity: Option<Identity>,
    /// Whether it stands for pods of any account.
    is_anybody: bool,
    /// The place of the addresses that it calls from, where they are known.
    pub(super) addresses: Option<usize>,
    /// What its own proxy makes of requests.
    requests: Vec<Client>,
    /// What its own proxy makes of other bytes.
    bytes: Vec<Client>,
    /// Whether its own proxy lets it call the destination at all.
    is_registered: Truth,
    /// Why packets may not pass, where that cannot be told.
    pub(super) doubt: Option<String>,
}

impl<'m> Reach<'m> {
    /// Returns what tells an end from others toward a port of a pod that its packets reach, or may reach.
    pub(super) fn caller(&self, end: End, to: &Pod<'m>, port: Port, is_open: Truth) -> Caller {
        let doubt = (!is_open.is_certain()).then(|| self.network_doubt(end, to));
        let plain = |addresses| Caller {
            certificate: Truth::No,
            identity: None,
            is_anybody: false,
            addresses,
            requests: vec![Client::PlainHttp],
            bytes: vec![Client::PlainBytes],
            is_registered: Truth::Yes,
            doubt: doubt.clone(),
        };
        let from = match end {
            End::Outside(block) => return plain(Some(block)),
            End::Pod(from) => from,
        };
        let endpoint = self.endpoints().endpoint(from);
        let caller = Caller {
            certificate: self.has_certificate(from),
            identity: self.identity(from),
            is_anybody: matches!(endpoint, Endpoint::Unseen(unseen) if unseen.is_anybody()),
            ..plain(None)
        };
        if port.protocol != Protocol::Tcp || !self.has_proxy(from).is_possible() {
            return caller;
        }
        Caller {
            requests: self.own_clients(from, to, port.number, true),
            bytes: self.own_clients(from, to, port.number, false),
            is_registered: self.may_call(from, to, port.number),
            ..caller
        }
    }
}

impl Caller {
    /// Returns the account that a receiver who knows it names, `namespace/account`; empty where it stands for any.
    pub(super) fn account(&self) -> Option<String> {
        let Identity { namespace, account, .. } = self.identity.as_ref()?;
        Some(if self.is_anybody { String::new() } else { format!("{namespace}/{account}") })
    }

    /// Says how sure it is that what needs no more than packets passes, and whether its own proxy lets it.
    pub(super) fn bare_mark(&self) -> Mark {
        match &self.doubt {
            Some(doubt) => Mark::Unknown(doubt.clone()),
            None if self.is_registered.is_certain() => Mark::Open,
            None => Mark::AroundItsProxy,
        }
    }

    /// Says how sure it is that what passes behind a door passes for this caller, and whether its own proxy lets it.
    pub(super) fn mark(&self, locks: &[Lock], is_known: bool, kind: Kind) -> Mark {
        if self.doubt.is_none() && is_known && !self.certificate.is_certain() {
            let namespace = self.identity.as_ref().map_or("", |identity| &identity.namespace);
            return Mark::Unknown(format!("injection in `{namespace}` is not known"));
        }
        let own = match kind {
            Kind::Request => &self.requests,
            Kind::Bytes => &self.bytes,
        };
        let passes = |client: &Client| {
            let is_taken = |lock: &Lock| {
                lock.way(*client).is_some_and(|way| way.is_known == is_known && kind.is_taken(way, locks))
            };
            locks.iter().all(is_taken)
        };
        match self.bare_mark() {
            Mark::Open if !own.iter().all(passes) => Mark::AroundItsProxy,
            mark => mark,
        }
    }
}
