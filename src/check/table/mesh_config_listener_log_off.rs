//! Connections that no chain takes leave no record.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-listener-log-off",
    severity: Severity::Warning,
    summary: "connections that no chain takes leave no record",
    happens: "With `disableEnvoyListenerLog`, a plaintext connection that a STRICT workload refuses is not in the \
              log: probing the mesh leaves no trace.",
    mend: "Remove `disableEnvoyListenerLog`.",
    silent: "Where it is not said.",
    source: "mesh/v1alpha1/config.proto of istio/api 1.21",
    rules: &["AU-4"],
    controls: &[Control::Au2, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    if let Some(off) = scene.mesh.config.mesh.disable_envoy_listener_log.filter(|off| off.value) {
        findings.report(off.span, "refused connections leave no record", "keeps them out of the log");
    }
}
