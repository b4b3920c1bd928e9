//! A VirtualService leads to a Service that does not exist.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{VirtualService, Word},
};

pub(super) const CHECK: Check = Check {
    code: "virtual-service-destination-unknown",
    severity: Severity::Error,
    summary: "a VirtualService leads to a Service that does not exist",
    happens: "The route answers 503.",
    mend: "Name a Service, with its namespace where it is not the VirtualService's own.",
    silent: "For hosts with dots that are no name of the cluster, where the manifests show no Service of the \
             namespace, and where a chart brings some: in istiod's own, and in that of a HelmRelease.",
    source: "networking/v1alpha3/virtual_service.proto of istio/api 1.21",
    rules: &["KIA1101", "IST0101"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let mut shown: BTreeSet<&str> =
        manifests.services.iter().map(|service| service.meta.namespace()).collect();
    shown.remove(scene.mesh.config.root_namespace.as_str());
    for release in &manifests.helm_releases {
        shown.remove(release.release_namespace());
    }
    for service in &manifests.virtual_services {
        for host in hosts(service) {
            let mut parts = host.split('.');
            let (name, namespace, rest) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or(service.meta.namespace()),
                parts.next(),
            );
            let is_of_the_cluster = rest.map_or(!host.contains('.'), |rest| rest == "svc");
            if is_of_the_cluster
                && shown.contains(namespace)
                && scene.mesh.service(host, service.meta.namespace()).is_none()
            {
                findings.report(
                    host.span,
                    format!("`{}` leads nowhere", service.meta.path()),
                    format!("no Service `{namespace}/{name}`"),
                );
            }
        }
    }
}

fn hosts(service: &VirtualService) -> impl Iterator<Item = &Word> {
    service.http.iter().flat_map(|route| &route.route).filter_map(|route| route.destination.host.as_ref())
}
