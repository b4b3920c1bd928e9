//! A Sidecar lets workloads call hosts that nothing registers.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::sidecar::OutboundMode,
};

pub(super) const CHECK: Check = Check {
    code: "sidecar-outbound-allow-any",
    severity: Severity::Error,
    summary: "a Sidecar lets workloads call hosts that nothing registers",
    happens: "The Sidecar of a workload or namespace beats the mesh config: REGISTRY_ONLY does not hold for what it \
              selects.",
    mend: "Remove `outboundTrafficPolicy`, and declare the hosts as ServiceEntries.",
    silent: "Where it says REGISTRY_ONLY.",
    source: "pilot/pkg/model/sidecar.go of Istio 1.21.1",
    rules: &["SC7-2", "J13", "KIA1007"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for sidecar in &scene.mesh.manifests.sidecars {
        let mode = sidecar.outbound_traffic_policy.as_ref().and_then(|policy| policy.mode);
        if let Some(mode) = mode.filter(|mode| mode.value != OutboundMode::RegistryOnly) {
            findings
                .report(
                    mode.span,
                    format!("`{}` lets workloads call any host", sidecar.meta.path()),
                    "beats the mesh config",
                )
                .help("remove it, and declare the hosts as ServiceEntries");
        }
    }
}
