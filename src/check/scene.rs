//! What checks look at.

use std::{collections::BTreeSet, sync::OnceLock};

use super::Findings;
use crate::{
    api::Rule,
    delivery::Delivery,
    manifest::{
        Direction, MeshConfig, Meta, NetworkPolicy, NetworkRule, Object, Peer, WorkloadSelector,
        virtual_service::MESH,
    },
    mesh::{Mesh, Pod},
    reach::{Reach, Route},
    release::{Minor, Patch, Product},
    source::Sources,
    yaml::{self, Node},
};

/// All that was read, and against which releases it is judged.
#[derive(Debug)]
pub struct Scene<'m> {
    /// The manifests, read together.
    pub mesh: &'m Mesh<'m>,
    /// How they come to a cluster.
    pub delivery: &'m Delivery,
    /// The texts.
    pub sources: &'m Sources,
    /// The releases.
    pub releases: Releases,
    /// What several checks ask and only one has to work out.
    routes: OnceLock<Vec<Route>>,
}

impl<'m> Scene<'m> {
    /// Returns what was read, to be judged against releases.
    pub fn new(mesh: &'m Mesh<'m>, delivery: &'m Delivery, sources: &'m Sources, releases: Releases) -> Self {
        Self { mesh, delivery, sources, releases, routes: OnceLock::new() }
    }

    /// Returns the pods that policies isolate in egress without a rule that `opens` the way, each namespace by its first,
    /// with a policy that isolates it.
    pub(super) fn cut_off<'a>(
        &self,
        pods: impl Iterator<Item = &'a Pod<'m>>,
        opens: impl Fn(&Object<NetworkPolicy>, &NetworkRule) -> bool,
    ) -> Vec<(&'a Pod<'m>, &'m Object<NetworkPolicy>)>
    where
        'm: 'a,
    {
        let mut told = BTreeSet::new();
        let mut cut = Vec::new();
        for pod in pods {
            let policies = self.mesh.network_policies_of(pod).iter().copied();
            let mut isolating = policies.filter(|policy| policy.isolates(Direction::Egress));
            let Some(first) = isolating.next() else { continue };
            let is_open = [first]
                .into_iter()
                .chain(isolating)
                .any(|policy| policy.egress.iter().any(|rule| opens(policy, rule)));
            if !is_open && told.insert(pod.namespace) {
                cut.push((pod, first));
            }
        }
        cut
    }

    /// Reports the objects that break a rule of structure in the release that they are judged against.
    pub(super) fn structure(&self, rule: Rule, findings: &mut Findings) {
        let faults = self.mesh.manifests.faults.iter().filter(|fault| fault.rule == rule);
        for fault in faults.filter(|fault| fault.holds_in(self.releases.minor(fault.product))) {
            findings.repeat(&fault.diagnostic);
        }
    }

    /// Returns the routes of gateways, and what becomes of their requests.
    pub(super) fn routes(&self) -> &[Route] {
        let mut services = self.mesh.manifests.virtual_services.iter();
        let is_needed = services.any(|service| service.gateways().any(|name| name != MESH));
        if is_needed { self.routes.get_or_init(|| Reach::of(self.mesh).routes()) } else { &[] }
    }

    /// Returns every mesh config, under its fields' JSON names, with the object that it stands in.
    pub(super) fn mesh_configs(&self) -> Vec<(&'m Meta, Node)> {
        let manifests = self.mesh.manifests;
        let by_chart = crate::mesh::control_planes(manifests)
            .filter_map(|release| Some((&release.meta, release.values.as_ref()?.get("meshConfig")?)));
        let by_operator = manifests
            .istio_operators
            .iter()
            .filter_map(|operator| Some((&operator.meta, operator.mesh_config.as_ref()?)));
        let written = by_chart.chain(by_operator).map(|(meta, node)| (meta, MeshConfig::normalized(node)));
        let texts = manifests.config_maps.iter().filter_map(|map| Some((&map.meta, map.mesh_config()?)));
        let read = texts.filter_map(|(meta, text)| {
            let (documents, _) = yaml::parse_within(self.sources, text, text.span);
            Some((meta, MeshConfig::normalized(documents.first()?)))
        });
        written.chain(read).collect()
    }

    /// Returns the mesh config, where the manifests show all of it, and no other control plane beside the one that has it.
    pub(crate) fn sole_mesh_config(&self) -> Option<&'m MeshConfig> {
        let config = &self.mesh.config;
        let is_told = config.knows_mesh() && self.mesh.config_place().is_some();
        let is_alone = crate::mesh::control_planes(self.mesh.manifests).nth(1).is_none();
        (is_told && is_alone && self.mesh_configs().len() < 2).then_some(&config.mesh)
    }

    /// Returns the policies of Istio that hold for the whole of their namespace, or in the root namespace for the mesh.
    pub(crate) fn policies_without_selector(&self) -> impl Iterator<Item = &'m Meta> + use<'m> {
        let manifests = self.mesh.manifests;
        let authorization = manifests.authorization_policies.iter();
        let authorization = authorization
            .map(|policy| (&policy.meta, !policy.has_selector() && policy.targets().next().is_none()));
        let authentication =
            manifests.peer_authentications.iter().map(|policy| (&policy.meta, !policy.has_selector()));
        let requests = manifests.request_authentications.iter();
        let requests = requests
            .map(|policy| (&policy.meta, !policy.has_selector() && policy.targets().next().is_none()));
        let telemetries = manifests.telemetries.iter();
        let telemetries = telemetries
            .map(|policy| (&policy.meta, !policy.has_selector() && policy.targets().next().is_none()));
        let sidecars = manifests.sidecars.iter().map(|policy| (&policy.meta, !policy.has_selector()));
        let proxies = manifests.proxy_configs.iter();
        let proxies = proxies
            .map(|policy| (&policy.meta, policy.selector.as_ref().is_none_or(WorkloadSelector::is_empty)));
        let all = authorization.chain(authentication).chain(requests).chain(telemetries);
        all.chain(sidecars).chain(proxies).filter_map(|(meta, is_wide)| is_wide.then_some(meta))
    }

    /// Returns the pods in a namespace that a peer selects, among those that the manifests show.
    pub(super) fn pods_of_peer(&self, namespace: &str, peer: &Peer) -> Vec<&'m Pod<'m>> {
        match &peer.pod_selector {
            None => self.mesh.pods_in(namespace).collect(),
            Some(selector) => {
                let selected = self.mesh.selected(Some(namespace), selector);
                selected.into_iter().map(|id| self.mesh.pod(id)).collect()
            }
        }
    }
}

/// The releases that manifests are judged against; none where neither the command line nor the manifests say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Releases {
    /// Istio.
    pub istio: Option<Patch>,
    /// Flux.
    pub flux: Option<Minor>,
    /// Kubernetes.
    pub kubernetes: Option<Minor>,
}

impl Releases {
    /// Returns the minor of a product.
    pub fn minor(&self, product: Product) -> Option<Minor> {
        match product {
            Product::Flux => self.flux,
            Product::GatewayApi => None,
            Product::Istio | Product::MeshConfig => self.istio.map(|istio| istio.minor),
            Product::Kubernetes => self.kubernetes,
        }
    }
}
