//! Proxies of the whole mesh leave ports or addresses uncaptured.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-captures-less",
    severity: Severity::Error,
    summary: "proxies of the whole mesh leave ports or addresses uncaptured",
    happens: "What is excluded for every sidecar is served and called in plaintext, past every policy and log.",
    mend: "Remove the value; for one workload, say it there, where it is told.",
    silent: "For values that say what is true anyway.",
    source: "manifests/charts/istio-control/istio-discovery/files/injection-template.yaml of Istio 1.21.1",
    rules: &["SC8-8", "T12"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Sc7, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let proxy = &scene.mesh.config.control_plane.global.proxy;
    let excluded = [&proxy.exclude_inbound_ports, &proxy.exclude_outbound_ports, &proxy.exclude_ip_ranges];
    let included = [&proxy.include_inbound_ports, &proxy.include_ip_ranges];
    let left_out = excluded.into_iter().flatten().filter(|word| !word.trim().is_empty());
    let narrower = included.into_iter().flatten().filter(|word| word.trim() != "*");
    for word in left_out.chain(narrower) {
        findings
            .report(word.span, "no proxy of the mesh captures all of its traffic", "for every sidecar")
            .help("remove it");
    }
}
