//! Mutual TLS below STRICT, said by a policy.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Mode, MutualTls, Object, PeerAuthentication},
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-not-strict",
    severity: Severity::Error,
    summary: "a PeerAuthentication accepts plaintext",
    happens: "The narrower policy wins: one namespace, workload or port in PERMISSIVE or DISABLE answers callers without a \
              certificate, whatever the mesh-wide policy says. Rules on principals or namespaces then meet callers that \
              have neither.",
    mend: "Remove the mode, so that the wider policy holds, or set it to STRICT. A caller that cannot hold a certificate \
           is better given one port of one workload than a namespace.",
    silent: "Where the policy selects nothing that runs, and where a mode is left out or UNSET.",
    source: "ComposePeerAuthentication in pilot/pkg/security/authn/policy_applier.go of Istio 1.21.1",
    rules: &["SC8-2", "SC8-3", "PA02", "PA06"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.peer_authentications {
        if let Some(tls) = &policy.mtls {
            report(policy, tls, None, findings);
        }
        for (port, tls) in policy.port_level_mtls.iter().filter(|_| policy.has_selector()) {
            report(policy, tls, Some(port), findings);
        }
    }
}

fn report(policy: &Object<PeerAuthentication>, tls: &MutualTls, port: Option<&str>, findings: &mut Findings) {
    let Some(mode) = tls.mode else { return };
    let (word, effect) = match mode.value {
        Mode::Strict | Mode::Unset => return,
        Mode::Permissive => ("PERMISSIVE", "accepts plaintext beside mutual TLS"),
        Mode::Disable => ("DISABLE", "accepts plaintext only"),
    };
    let where_ = port.map_or_else(String::new, |port| format!(" at port {port}"));
    findings
        .report(mode.span, format!("`{}` is {word}{where_}", policy.meta.path()), effect)
        .help("remove it, so that the wider policy holds, or set it to STRICT");
}
