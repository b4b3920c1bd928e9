//! `exceptions`: what takes plaintext, on whose word and until when.

use super::Resolution;
use crate::{
    profile::{
        Exception,
        flow::{Basis, Flow, Peer, Target},
        written,
    },
    yaml::Spanned,
};

impl Resolution<'_> {
    pub(super) fn exceptions(&mut self, exceptions: &[Spanned<written::Exception>]) {
        for exception in exceptions {
            let written = &exception.value;
            let (Some(workload), Some(port), Some(from)) = (&written.workload, &written.port, &written.from)
            else {
                continue;
            };
            let (Some(reason), Some(owner), Some(expires)) =
                (&written.reason, &written.owner, &written.expires)
            else {
                continue;
            };
            let Some(id) = self.find(None, &workload.value, workload.span) else { continue };
            let (Some(port), Some(caller)) = (self.find_port(id, port), self.caller(id.namespace, from))
            else {
                continue;
            };
            if matches!(caller, Peer::Workload(_) | Peer::Namespace(_)) {
                self.error(
                    "needless-exception",
                    from.span,
                    "this caller has a sidecar, and so a certificate",
                    "a caller without one was expected",
                )
                .help("declare the flow under `allow` of the namespace that is called");
                continue;
            }
            let index = self.exceptions.len();
            let to = Target::Workload(id, vec![port]);
            let is_same = |flow: &&Flow| {
                matches!(flow.basis, Basis::Exception(_)) && flow.from == caller && flow.to == to
            };
            if let Some(first) = self.flows.iter().find(is_same).map(|flow| flow.span) {
                let message = "this caller is already excepted on this port";
                self.error("duplicate-exception", from.span, message, "excepted again here")
                    .context(first, "first here")
                    .help("keep the one that expires first, or merge their reasons");
            }
            self.flows.push(Flow {
                from: caller,
                to,
                methods: Vec::new(),
                paths: Vec::new(),
                basis: Basis::Exception(index),
                span: exception.span,
            });
            self.exceptions.push(Exception {
                workload: id,
                port,
                reason: reason.clone(),
                owner: owner.clone(),
                expires: expires.value.clone(),
                span: expires.span,
            });
        }
    }
}
