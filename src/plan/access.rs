//! The declared flows by either end, so that a workload's are found without a search.

use std::collections::BTreeMap;

use crate::profile::{Flow, Peer, Profile, Target, WorkloadId};

/// The declared flows by either end.
pub(super) struct Access<'a> {
    inbound: BTreeMap<WorkloadId, Vec<&'a Flow>>,
    outbound: BTreeMap<&'a Peer, Vec<&'a Flow>>,
}

impl<'a> Access<'a> {
    pub(super) fn new(profile: &'a Profile) -> Self {
        let mut access = Self { inbound: BTreeMap::new(), outbound: BTreeMap::new() };
        for flow in &profile.flows {
            if let Target::Workload(id, _) = flow.to {
                access.inbound.entry(id).or_default().push(flow);
            }
            access.outbound.entry(&flow.from).or_default().push(flow);
        }
        access
    }

    /// Returns the flows that end at a workload.
    pub(super) fn calls_to(&self, id: WorkloadId) -> &[&'a Flow] {
        self.inbound.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Returns the flows that begin at a peer, as it was declared: those of `shop/*` are not those of `shop/web`.
    pub(super) fn calls_from(&self, peer: &Peer) -> &[&'a Flow] {
        self.outbound.get(peer).map_or(&[], Vec::as_slice)
    }
}
