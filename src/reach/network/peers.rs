//! Peers of rules as sets of endpoints.

use std::{collections::HashMap, fmt::Write as _};

use super::{Enforcement, Set};
use crate::{
    manifest::{Direction, IpBlock, LabelSelector, Object, Peer, PolicyType, Service},
    mesh::{NamespaceId, Truth},
    reach::{
        AddressSet, Endpoint, EndpointId, Endpoints,
        set::{self},
    },
    yaml::Spanned,
};

/// Resolves selectors, each distinct one once.
pub(super) struct Resolver<'a, 'm> {
    endpoints: &'a Endpoints<'m>,
    enforcement: Enforcement,
    known: HashMap<(Option<NamespaceId>, String), Selected>,
}

/// The pods that a selector means for certain, and for all that is known.
#[derive(Clone)]
struct Selected {
    certain: Set,
    possible: Set,
}

impl<'a, 'm> Resolver<'a, 'm> {
    pub(super) fn new(endpoints: &'a Endpoints<'m>, enforcement: Enforcement) -> Self {
        Self { endpoints, enforcement, known: HashMap::new() }
    }

    /// Returns the pods with the node's own network.
    pub(super) fn with_host_network(&self) -> Set {
        let pods = self.endpoints.mesh().pods().iter().filter(|pod| pod.workload.has_host_network());
        pods.map(|pod| self.endpoints.of(pod.id)).collect()
    }

    /// Returns whom a list of peers means: pods for certain, pods perhaps, and addresses outside (NP20, NP21).
    pub(super) fn peers(
        &mut self,
        namespace: NamespaceId,
        direction: Direction,
        peers: &'m [Spanned<Peer>],
    ) -> (Set, Set, AddressSet) {
        let addresses = peers.iter().filter_map(|peer| peer.ip_block.as_ref()).map(AddressSet::from);
        let addresses = addresses.fold(AddressSet::default(), |all, block| all.union(&block));
        let selected: Vec<Selected> =
            peers.iter().filter_map(|peer| self.peer(namespace, direction, peer)).collect();
        match selected.as_slice() {
            [one] => (Set::clone(&one.certain), Set::clone(&one.possible), addresses),
            many => (
                set::union(many.iter().map(|one| &*one.certain)).into(),
                set::union(many.iter().map(|one| &*one.possible)).into(),
                addresses,
            ),
        }
    }

    fn peer(&mut self, namespace: NamespaceId, direction: Direction, peer: &'m Peer) -> Option<Selected> {
        static EVERY: LabelSelector = LabelSelector::EVERYTHING;
        match (&peer.namespace_selector, &peer.pod_selector) {
            (None, None) if peer.ip_block.is_some() && self.enforcement.blocks_match_pods => {
                Some(self.perhaps_every_pod())
            }
            (None, None) if direction == PolicyType::Egress => {
                peer.ip_block.as_ref().and_then(|block| self.behind(block))
            }
            (None, None) => None,
            (None, Some(pods)) => Some(self.selected(Some(namespace), &EVERY, pods)),
            (Some(namespaces), pods) => {
                Some(self.selected(None, namespaces, pods.as_ref().unwrap_or(&EVERY)))
            }
        }
    }

    /// Returns the pods behind Services whose own address is in a block: whether the block means them depends on where the
    /// network translates the address (NP36).
    fn behind(&self, block: &IpBlock) -> Option<Selected> {
        let (mesh, addresses) = (self.endpoints.mesh(), AddressSet::from(block));
        let is_meant = |service: &&Object<Service>| {
            let address = service.cluster_ip.as_ref().and_then(|address| address.parse().ok());
            address.is_some_and(|address| addresses.contains(address))
        };
        let services = mesh.manifests.services.iter().filter(is_meant);
        let pods: Vec<EndpointId> = services
            .flat_map(|service| mesh.pods_behind(service))
            .map(|pod| self.endpoints.of(pod))
            .collect();
        let possible = set::union([pods.as_slice()]).into();
        (!pods.is_empty()).then(|| Selected { certain: Set::from([]), possible })
    }

    fn perhaps_every_pod(&self) -> Selected {
        Selected { certain: Set::from([]), possible: self.endpoints.all_pods().collect() }
    }

    fn selected(
        &mut self,
        own: Option<NamespaceId>,
        namespaces: &LabelSelector,
        pods: &LabelSelector,
    ) -> Selected {
        let key = (own, format!("{}/{}", spelled(namespaces), spelled(pods)));
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let selected = self.resolved(own, namespaces, pods);
        self.known.insert(key, selected.clone());
        selected
    }

    fn resolved(
        &self,
        own: Option<NamespaceId>,
        namespaces: &LabelSelector,
        pods: &LabelSelector,
    ) -> Selected {
        let scopes = match own {
            Some(id) => vec![(id, Truth::Yes)],
            None => self.endpoints.mesh().namespaces_selected_by(namespaces),
        };
        let shown = self.endpoints.mesh().selected_in(&scopes, pods).into_iter();
        let shown = shown
            .filter(|(id, _)| !self.endpoints.mesh().pod(*id).workload.has_host_network())
            .map(|(id, is_meant)| (self.endpoints.of(id), is_meant));
        let at_home = scopes.iter().flat_map(|(namespace, is_meant)| {
            self.endpoints.unseen_in(*namespace).iter().map(|id| (*id, *is_meant))
        });
        let elsewhere = match own {
            Some(_) => &[],
            None => self.endpoints.elsewhere(),
        };
        let elsewhere = elsewhere.iter().map(|id| (*id, self.is_in(*id, namespaces)));
        let unseen = at_home.chain(elsewhere).filter(|(id, _)| self.has_labels(*id, pods));
        let all: Vec<(EndpointId, Truth)> = shown.chain(unseen).collect();
        let of = |least: Truth| -> Set {
            let mut ids: Vec<_> = all.iter().filter(|(_, is)| *is >= least).map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids.into()
        };
        let possible = of(Truth::Unknown);
        let certain = if all.iter().all(|(_, is)| is.is_certain() || !is.is_possible()) {
            Set::clone(&possible)
        } else {
            of(Truth::Yes)
        };
        Selected { certain, possible }
    }

    fn is_in(&self, id: EndpointId, namespaces: &LabelSelector) -> Truth {
        match self.endpoints.endpoint(id) {
            Endpoint::Unseen(unseen) => unseen.is_in_selected(self.endpoints.mesh(), namespaces),
            Endpoint::Pod(_) | Endpoint::Node | Endpoint::Outside => Truth::No,
        }
    }

    fn has_labels(&self, id: EndpointId, pods: &LabelSelector) -> bool {
        match self.endpoints.endpoint(id) {
            Endpoint::Unseen(unseen) => unseen.is_selected(pods),
            Endpoint::Pod(_) | Endpoint::Node | Endpoint::Outside => false,
        }
    }
}

/// Spells a selector so that equal ones are equal, in whatever order they are written.
fn spelled(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().map(|requirement| {
        let mut values: Vec<&str> = requirement.values.iter().map(|value| value.as_str()).collect();
        values.sort_unstable();
        format!("{} {:?} {}", requirement.key, requirement.operator.value, values.join(","))
    });
    let mut parts: Vec<String> = labels.chain(expressions).collect();
    parts.sort_unstable();
    parts.iter().fold(String::new(), |mut all, part| {
        let _ = write!(all, "{part};");
        all
    })
}
