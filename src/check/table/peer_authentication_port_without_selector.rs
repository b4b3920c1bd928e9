//! Modes of single ports stand beside no selector, and are ignored.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-port-without-selector",
    severity: Severity::Error,
    summary: "modes of single ports stand beside no selector, and are ignored",
    happens: "Istio reads `portLevelMtls` only of a policy that selects workloads; its webhook refuses any other, \
              and where the webhook is absent the ports keep the mode of the policy.",
    mend: "Add a selector, or say the mode for every port.",
    silent: "For an empty map.",
    source: "validatePeerAuthentication in pkg/config/validation/validation.go and ComposePeerAuthentication of \
             Istio 1.21.1",
    rules: &["PA06", "SC8-3"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in scene.mesh.manifests.peer_authentications.iter().filter(|policy| !policy.has_selector()) {
        if let Some((port, _)) = policy.port_level_mtls.first() {
            findings
                .report(
                    port.span,
                    format!("`{}` says a mode for single ports of no workload", policy.meta.path()),
                    "ignored without a selector",
                )
                .help("add a selector, or say one mode for every port");
        }
    }
}
