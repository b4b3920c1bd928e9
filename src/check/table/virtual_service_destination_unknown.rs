//! A VirtualService leads to a Service that does not exist.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{VirtualService, Word},
};

pub(super) const CHECK: Check = Check {
    code: "virtual-service-destination-unknown",
    severity: Severity::Error,
    summary: "a VirtualService leads to a Service that does not exist",
    happens: "The route answers 503.",
    mend: "Name a Service, with its namespace where it is not the VirtualService's own.",
    silent: "For hosts with dots that are no name of the cluster, and where the manifests show no Service of the \
             namespace.",
    source: "networking/v1alpha3/virtual_service.proto of istio/api 1.21",
    rules: &["KIA1101", "IST0101"],
    controls: &[Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let inhabited: BTreeSet<&str> =
        scene.mesh.manifests.services.iter().map(|service| service.meta.namespace()).collect();
    for service in &scene.mesh.manifests.virtual_services {
        for host in hosts(service) {
            let mut parts = host.split('.');
            let (name, namespace, rest) = (
                parts.next().unwrap_or_default(),
                parts.next().unwrap_or(service.meta.namespace()),
                parts.next(),
            );
            let is_of_the_cluster = rest.map_or(!host.contains('.'), |rest| rest == "svc");
            if is_of_the_cluster
                && inhabited.contains(namespace)
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
