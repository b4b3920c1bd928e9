//! The world outside, cut by the blocks that policies name, and what pods reach of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;

use super::{Allowed, End, Flow, Mark, Passage, Scope, TakenFor};
use crate::{
    manifest::{Object, Protocol, ServiceEntry, Word},
    mesh::{Mesh, Truth},
    reach::{
        AddressSet, Authorization, Endpoint, EndpointId, Open, Port, PortSet, Reach,
        attribute::{Attribute, Values},
        caller::is_visible,
    },
};

/// Disjoint sets of addresses: each block that a policy names less the narrower ones in it, and all others.
#[derive(Debug)]
pub struct Blocks(Vec<(String, AddressSet)>);

impl Blocks {
    /// Parts the addresses by networks.
    pub(in crate::reach) fn of(networks: &BTreeSet<IpNet>) -> Self {
        let mut networks: Vec<IpNet> = networks.iter().copied().collect();
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

    /// Returns the block that holds an address.
    pub fn holding(&self, address: IpAddr) -> Option<usize> {
        self.0.iter().position(|(_, block)| block.contains(address))
    }

    /// Returns the blocks in a set of addresses, which takes each whole or not at all.
    pub(super) fn within<'a>(&'a self, set: &'a AddressSet) -> impl Iterator<Item = usize> + 'a {
        let is_in = |(_, block): &(usize, &(String, AddressSet))| set.is_all() || block.1.is_subset(set);
        self.0.iter().enumerate().filter(is_in).map(|(place, _)| place)
    }
}

/// Returns every network that a policy compares addresses with.
pub(in crate::reach) fn networks(mesh: &Mesh<'_>, authorization: &Authorization<'_>) -> BTreeSet<IpNet> {
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
    networks
}

impl<'m> Reach<'m> {
    /// Returns what pods reach outside the cluster. Of pods that are not shown nothing is known.
    pub(super) fn to_outside(&self, scope: &Scope) -> Vec<Flow> {
        let asked = (0..self.blocks.len()).filter(|block| scope.is_to(End::Outside(*block)));
        let to_block = |block| {
            let pods = self.mesh.pods().iter().map(|pod| self.endpoints().of(pod.id));
            let left =
                |from| (from, self.open_to(from, block), self.registered(from, self.blocks.addresses(block)));
            self.left_open(End::Outside(block), pods.map(left), scope)
        };
        asked.flat_map(to_block).collect()
    }

    /// Returns what pods reach of those that are not shown, as far as policies on packets say; each as if it had no sidecar
    /// and were registered: what proxies would refuse is not known.
    pub(super) fn to_unseen(&self, scope: &Scope) -> Vec<Flow> {
        let ends = self.endpoints();
        let is_asked = |to: &EndpointId| match ends.endpoint(*to) {
            Endpoint::Unseen(unseen) => !unseen.is_meshed && scope.is_to(End::Pod(*to)),
            Endpoint::Pod(_) | Endpoint::Node | Endpoint::Outside => false,
        };
        let to_pod = |to| {
            let mut open = BTreeMap::<EndpointId, Open>::new();
            for inbound in self.network.into_pod(to) {
                let shown = inbound.sources.iter().filter(|from| ends.pod(**from).is_some());
                shown.for_each(|from| open.entry(*from).or_default().add(&inbound.ports, inbound.is_open));
            }
            let left = open.into_iter().map(|(from, open)| (from, open, PortSet::all()));
            self.left_open(End::Pod(to), left, scope)
        };
        ends.all_pods().filter(is_asked).flat_map(to_pod).collect()
    }

    /// Returns the flows to an end whose side is not known: what leaves each source, and what its own proxy knows of that.
    fn left_open(
        &self,
        to: End,
        sources: impl Iterator<Item = (EndpointId, Open, PortSet)>,
        scope: &Scope,
    ) -> Vec<Flow> {
        let mut flows = BTreeMap::<(PortSet, Passage), Vec<End>>::new();
        for (from, open, registered) in sources.filter(|(from, ..)| scope.is_from(End::Pod(*from))) {
            for (ports, passage) in self.passing(from, &open, &registered, scope) {
                flows.entry((ports, passage)).or_default().push(End::Pod(from));
            }
        }
        flows.into_iter().map(|((ports, passage), from)| Flow { from, to, ports, passage }).collect()
    }

    fn passing(
        &self,
        from: EndpointId,
        open: &Open,
        registered: &PortSet,
        scope: &Scope,
    ) -> Vec<(PortSet, Passage)> {
        let Open { certain, possible } = open;
        let pod = self.endpoints().pod(from).expect("it is shown");
        let doubt = || Mark::Unknown(self.network_doubt(End::Pod(from), pod));
        let mut found = Vec::new();
        for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp] {
            let own = PortSet::of(protocol);
            // Only TCP goes through a proxy.
            let registered = if protocol == Protocol::Tcp { registered } else { &own };
            let parts = [
                (certain.intersection(registered), Mark::Open),
                (certain.difference(registered), Mark::AroundItsProxy),
                (possible.difference(certain), doubt()),
            ];
            for (ports, mark) in parts {
                let taken_for = TakenFor::bare(protocol);
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

    /// Returns the ports that an endpoint reaches at every address of a block.
    fn open_to(&self, from: EndpointId, block: usize) -> Open {
        let (mut open, addresses) = (Open::default(), self.blocks.addresses(block));
        for (set, ports, is_open) in self.network.to_outside(from) {
            if set.is_all() || addresses.is_subset(&set) {
                open.add(&ports, is_open);
            }
        }
        open
    }

    /// Returns the TCP ports at which an endpoint's own proxy lets it call addresses outside (semantics J13).
    pub(in crate::reach) fn registered(&self, from: EndpointId, addresses: &AddressSet) -> PortSet {
        if self.has_proxy(from) == Truth::No || self.may_leave_registry(from).is_certain() {
            return PortSet::all();
        }
        let entries = self.entries(from, addresses);
        let ports = entries.flat_map(|entry| entry.ports.iter().map(move |port| (entry, port.number())));
        ports
            .filter(|(entry, port)| self.knows_entry(from, entry, *port))
            .map(|(_, port)| Port::tcp(port))
            .collect()
    }

    /// Tells whether an endpoint's own proxy knows a port of a ServiceEntry for sure.
    pub(in crate::reach) fn knows_entry(
        &self,
        from: EndpointId,
        entry: &Object<ServiceEntry>,
        port: u16,
    ) -> bool {
        let knows = |host: &Word| self.knows(from, entry.meta.namespace(), || host.value.clone(), port);
        entry.hosts.iter().any(|host| knows(host).is_certain())
    }

    /// Returns the ServiceEntries that are shown to an endpoint's namespace and that name every one of some addresses.
    pub(in crate::reach) fn entries(
        &self,
        from: EndpointId,
        addresses: &AddressSet,
    ) -> impl Iterator<Item = &'m Object<ServiceEntry>> {
        let namespace = self.identity(from).map_or_else(String::new, |identity| identity.namespace);
        let holds = move |entry: &&'m Object<ServiceEntry>| {
            let written = entry.addresses.iter().filter_map(|word| {
                let address = word.parse::<IpAddr>().map(IpNet::from);
                word.parse::<IpNet>().or(address).ok()
            });
            let named = written.fold(AddressSet::default(), |all, one| all.union(&AddressSet::from(&one)));
            is_visible(&entry.export_to, entry.meta.namespace(), &namespace) && addresses.is_subset(&named)
        };
        self.mesh.manifests.service_entries.iter().filter(holds)
    }
}
