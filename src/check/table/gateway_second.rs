//! A second gateway runs beside the first.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{
        Meta,
        istio_values::{GatewayValues, IstioChart},
    },
    mesh::{Pod, releases},
};

pub(super) const CHECK: Check = Check {
    code: "gateway-second",
    severity: Severity::Note,
    summary: "a second gateway runs beside the first",
    happens: "Whatever Gateway selects its labels opens ports there, and no PeerAuthentication speaks of these: it is a second \
              boundary to guard, and what is proved of the first says nothing of it.",
    mend: "Serve the hosts by one gateway; or waive this, with the reason for two.",
    silent: "For gateways of one namespace with the same label `istio`, which are one gateway in two versions, for those of the \
             way out or between clusters, which a network (`networkGateway`, `topology.istio.io/network`) or Istio's own \
             label (`istio: egressgateway`, `istio: eastwestgateway`) declares, and for Gateways of the Gateway API, which \
             `gateway-api-beside-gateway` tells.",
    source: "the template `gateway` in manifests/charts/istio-control/istio-discovery/files/gateway-injection-template.yaml, \
             manifests/charts/gateways/istio-egress/values.yaml and samples/multicluster of Istio 1.21.1",
    rules: &["SC7-11", "J10"],
    controls: &[Control::Sc7],
    run,
};

/// A gateway, by what Gateways select it.
struct Found<'m> {
    meta: &'m Meta,
    namespace: &'m str,
    label: String,
    network: bool,
}

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut known: Vec<Found<'_>> = Vec::new();
    for found in by_charts(scene).chain(by_workloads(scene)).filter(|found| !found.is_declared()) {
        let is_same = |other: &Found<'_>| (other.namespace, &other.label) == (found.namespace, &found.label);
        if let Some(first) = known.first().filter(|_| !known.iter().any(is_same)) {
            findings
                .report(
                    found.meta.head(),
                    format!("`{}` is a gateway beside `{}`", found.meta.path(), first.meta.path()),
                    format!("selected by `istio: {}`", found.label),
                )
                .context(first.meta.head(), "the first");
        }
        known.push(found);
    }
}

fn by_charts<'m>(scene: &Scene<'m>) -> impl Iterator<Item = Found<'m>> {
    let gateways = releases(scene.mesh.manifests, IstioChart::Gateway)
        .filter(|release| scene.is_istios(IstioChart::Gateway, release));
    gateways.filter_map(|release| {
        let values = GatewayValues::read(release.values.as_ref()).ok()?;
        let name = release.release_name();
        let [_, (_, label)] = values.selector_labels(&name);
        let network = values.network_gateway.as_ref().is_some_and(|network| !network.is_empty());
        let namespace = release.release_namespace();
        Some(Found { meta: &release.meta, namespace, label: label.to_owned(), network })
    })
}

fn by_workloads<'m>(scene: &Scene<'m>) -> impl Iterator<Item = Found<'m>> {
    let is_own = |pod: &&Pod<'_>| {
        pod.is_gateway()
            && pod.label("gateway.networking.k8s.io/gateway-name").is_none()
            && !pod.workload.meta.is_assumed()
    };
    scene.mesh.pods().iter().filter(is_own).map(|pod| Found {
        meta: &pod.workload.meta,
        namespace: pod.workload.meta.namespace(),
        label: pod.label("istio").unwrap_or(&pod.workload.meta.name).to_owned(),
        network: pod.label("topology.istio.io/network").is_some(),
    })
}

impl Found<'_> {
    /// Tells whether it is said to be for the way out, or between clusters.
    fn is_declared(&self) -> bool {
        self.network || ["egressgateway", "eastwestgateway"].contains(&self.label.as_str())
    }
}
