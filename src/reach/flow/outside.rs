//! The world outside, cut by the blocks that policies name, and what pods reach of it.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{Allowed, End, Flow, Mark, Passage, Scope, TakenFor};
use crate::{
    manifest::{Object, Protocol, ServiceEntry},
    mesh::{Mesh, Truth},
    reach::{
        AddressSet, Authorization, EndpointId, Port, PortSet, Reach,
        attribute::{Attribute, Values},
        caller::is_visible,
    },
};

/// Disjoint sets of addresses: each block that a policy names less the narrower ones in it, and all others.
#[derive(Debug)]
pub struct Blocks(Vec<(String, AddressSet)>);

impl Blocks {
    pub(in crate::reach) fn of(mesh: &Mesh<'_>, authorization: &Authorization<'_>) -> Self {
        let mut networks = BTreeSet::<IpNet>::new();
        let policies = mesh.manifests.network_policies.iter();
        let rules = policies.flat_map(|policy| policy.ingress.iter().chain(&policy.egress));
        for block in rules.flat_map(|rule| &rule.peers).filter_map(|peer| peer.ip_block.as_ref()) {
            networks.insert(block.cidr.value.trunc());
            networks.extend(block.except.iter().map(|except| except.value.trunc()));
        }
        let rules = authorization.policies().iter().flat_map(|policy| &policy.rules);
        let parts = rules.flat_map(|rule| rule.sources.iter().chain(&rule.operations));
        for condition in parts.flat_map(|part| &part.conditions) {
            if let (Attribute::SourceAddress, Values::Addresses(addresses)) =
                (&condition.attribute, &condition.values)
            {
                networks.extend(addresses.networks());
            }
        }
        let mut networks: Vec<IpNet> = networks.into_iter().collect();
        networks.sort_by_key(|network| (std::cmp::Reverse(network.prefix_len()), *network));
        let (mut taken, mut blocks) = (AddressSet::default(), Vec::new());
        for network in networks {
            let whole = AddressSet::from(&network);
            let rest = whole.difference(&taken);
            taken = taken.union(&whole);
            if !rest.is_empty() {
                blocks.push((network.to_string(), rest));
            }
        }
        let rest = taken.complement();
        if !rest.is_empty() {
            blocks.insert(0, ("outside".to_owned(), rest));
        }
        Self(blocks)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is none; never, for there is an outside.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name of a block: as a policy writes it, or `outside`.
    pub fn name(&self, block: usize) -> &str {
        &self.0[block].0
    }

    /// Returns the addresses of a block that are in no narrower one.
    pub fn addresses(&self, block: usize) -> &AddressSet {
        &self.0[block].1
    }

    /// Returns the blocks in a set of addresses, which takes each whole or not at all.
    pub(super) fn within<'a>(&'a self, set: &'a AddressSet) -> impl Iterator<Item = usize> + 'a {
        let is_in = |(_, block): &(usize, &(String, AddressSet))| set.is_all() || block.1.is_subset(set);
        self.0.iter().enumerate().filter(is_in).map(|(place, _)| place)
    }
}

impl Reach<'_> {
    /// Returns what pods reach outside the cluster. Of pods that are not shown nothing is known.
    pub(super) fn to_outside(&self, scope: &Scope) -> Vec<Flow> {
        let mut flows = Vec::new();
        for block in 0..self.blocks.len() {
            if !scope.is_to(End::Outside(block)) {
                continue;
            }
            let mut open = BTreeMap::<(PortSet, Passage), Vec<End>>::new();
            for pod in self.mesh.pods() {
                let from = self.endpoints().of(pod.id);
                if scope.is_from(End::Pod(from)) {
                    for (ports, passage) in self.out_of(from, block, scope) {
                        open.entry((ports, passage)).or_default().push(End::Pod(from));
                    }
                }
            }
            let flow = |((ports, passage), from)| Flow { from, to: End::Outside(block), ports, passage };
            flows.extend(open.into_iter().map(flow));
        }
        flows
    }

    fn out_of(&self, from: EndpointId, block: usize, scope: &Scope) -> Vec<(PortSet, Passage)> {
        let (mut certain, mut possible) = (PortSet::default(), PortSet::default());
        let addresses = self.blocks.addresses(block);
        for (open, ports, is_open) in self.network.to_outside(from) {
            if open.is_all() || addresses.is_subset(&open) {
                possible = possible.union(&ports);
                if is_open.is_certain() {
                    certain = certain.union(&ports);
                }
            }
        }
        let pod = self.endpoints().pod(from).expect("it is shown");
        let doubt = || Mark::Unknown(self.network_doubt(End::Pod(from), pod));
        let mut found = Vec::new();
        for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
            let own = PortSet::of(protocol);
            let registered = match protocol {
                Protocol::Tcp => self.registered(from, addresses),
                Protocol::Udp | Protocol::Sctp => PortSet::all(),
            };
            let taken_for = TakenFor::bare(protocol);
            let parts = [
                (certain.intersection(&registered), Mark::Open),
                (certain.difference(&registered), Mark::AroundItsProxy),
                (possible.difference(&certain), doubt()),
            ];
            for (ports, mark) in parts {
                let passage = Passage { taken_for, account: None, allowed: Allowed::default(), mark };
                let open = ports.intersection(&own);
                let asked: Vec<PortSet> = match &scope.ports {
                    None => vec![open],
                    Some(asked) => {
                        let asked = asked.iter().filter(|port| open.contains(**port));
                        asked.map(|port| PortSet::from(*port)).collect()
                    }
                };
                found.extend(
                    asked.into_iter().filter(|ports| !ports.is_empty()).map(|ports| (ports, passage.clone())),
                );
            }
        }
        found
    }

    /// Returns the TCP ports at which an endpoint's own proxy lets it call addresses outside (semantics J13).
    fn registered(&self, from: EndpointId, addresses: &AddressSet) -> PortSet {
        if self.has_proxy(from) == Truth::No || self.may_leave_registry(from).is_certain() {
            return PortSet::all();
        }
        let namespace = self.identity(from).map_or_else(String::new, |identity| identity.namespace);
        let holds = |entry: &Object<ServiceEntry>| {
            let written = entry.addresses.iter().filter_map(|word| {
                let address = word.parse::<std::net::IpAddr>().map(IpNet::from);
                word.parse::<IpNet>().or(address).ok()
            });
            let named = written.fold(AddressSet::default(), |all, one| all.union(&AddressSet::from(&one)));
            is_visible(&entry.export_to, entry.meta.namespace(), &namespace) && addresses.is_subset(&named)
        };
        let entries = self.mesh.manifests.service_entries.iter().filter(|entry| holds(entry));
        entries.flat_map(|entry| &entry.ports).map(|port| Port::tcp(port.number())).collect()
    }
}
