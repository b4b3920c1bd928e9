//! A VirtualService binds to a gateway that does not exist.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::host::qualified,
};

pub(super) const CHECK: Check = Check {
    code: "virtual-service-gateway-unknown",
    severity: Severity::Error,
    summary: "a VirtualService binds to a gateway that does not exist",
    happens: "No gateway serves the routes: the hosts answer 404.",
    mend: "Name the Gateway as `namespace/name`; without a namespace it is looked for in the VirtualService's own.",
    silent: "Where the manifests show no Gateway of that namespace.",
    source: "resolveGatewayName in pilot/pkg/model/config.go of Istio 1.21.1",
    rules: &["J10", "KIA1102", "IST0101"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let gateways: BTreeSet<(&str, &str)> = scene
        .mesh
        .manifests
        .gateways
        .iter()
        .map(|gateway| (gateway.meta.namespace(), gateway.meta.name.as_str()))
        .collect();
    for service in &scene.mesh.manifests.virtual_services {
        for name in service.gateways.iter().filter(|name| name.value != "mesh") {
            let (namespace, gateway) = qualified(name, service.meta.namespace());
            let is_shown = gateways.iter().any(|(other, _)| *other == namespace)
                || (!name.contains('/') && !gateways.is_empty());
            if is_shown && !gateways.contains(&(namespace, gateway)) {
                let elsewhere = gateways.iter().find(|(_, other)| *other == gateway);
                let label = elsewhere.map_or_else(
                    || format!("no Gateway `{namespace}/{gateway}`"),
                    |(other, _)| format!("it is in `{other}`: `{other}/{gateway}`"),
                );
                findings.report(
                    name.span,
                    format!("`{}` is served by no gateway", service.meta.path()),
                    label,
                );
            }
        }
    }
}
