//! A Sidecar ends TLS of its own at a port, in place of the mesh's.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "sidecar-ingress-tls",
    severity: Severity::Error,
    summary: "a Sidecar ends TLS of its own at a port, in place of the mesh's",
    happens: "Istio honours it only where PeerAuthentication says DISABLE for the port; callers then need no \
              identity of the mesh, and rules on principals do not match.",
    mend: "Remove the `tls` block; what comes from outside belongs behind a gateway.",
    silent: "Never.",
    source: "networking/v1alpha3/sidecar.proto of istio/api 1.21 and \
             pilot/pkg/networking/core/v1alpha3/listener_inbound.go of Istio 1.21.1",
    rules: &["SC8-13", "T10"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for sidecar in &scene.mesh.manifests.sidecars {
        for listener in &sidecar.ingress {
            if let Some(tls) = &listener.tls {
                findings
                    .report(
                        tls.span,
                        format!("`{}` ends a TLS that is not the mesh's", sidecar.meta.path()),
                        "callers need no identity of the mesh",
                    )
                    .help("remove the block");
            }
        }
    }
}
