//! Clients of the mesh do not choose mutual TLS by themselves.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-auto-mtls-off",
    severity: Severity::Error,
    summary: "clients of the mesh do not choose mutual TLS by themselves",
    happens: "With `enableAutoMtls: false` a client speaks plaintext unless a DestinationRule tells it otherwise: \
              STRICT servers refuse it, others take it without an identity.",
    mend: "Remove it.",
    silent: "Where it is not said.",
    source: "mesh/v1alpha1/config.proto of istio/api 1.21",
    rules: &["SC8-12"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    if let Some(off) = scene.mesh.config.mesh.enable_auto_mtls.filter(|on| !on.value) {
        findings
            .report(
                off.span,
                "clients of the mesh speak plaintext unless told otherwise",
                "mutual TLS is not automatic",
            )
            .help("remove it");
    }
}
