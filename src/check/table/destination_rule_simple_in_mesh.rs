//! A DestinationRule makes callers speak a TLS of their own to a service of the mesh.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::destination_rule::ClientTlsMode,
    mesh::{PodId, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "destination-rule-simple-in-mesh",
    severity: Severity::Error,
    summary: "a DestinationRule makes callers speak a TLS of their own to a service of the mesh",
    happens: "SIMPLE and MUTUAL are not the mesh's mutual TLS: the server's proxy sees a client without an identity \
              of the mesh, or hands the bytes to the application unread. A STRICT server refuses it, and rules on \
              principals do not match.",
    mend: "Use ISTIO_MUTUAL, or remove the block; keep SIMPLE for hosts outside the mesh.",
    silent: "For hosts that no Service of the manifests stands for, since they may be outside the cluster, and for \
             Services whose pods have no sidecar.",
    source: "networking/v1alpha3/destination_rule.proto of istio/api 1.21; table 3.4 of what a sidecar makes of \
             each client",
    rules: &["SC8-11", "J09", "KIA0205"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for rule in &mesh.manifests.destination_rules {
        let service = rule.host.as_ref().and_then(|host| mesh.service(host, rule.meta.namespace()));
        let is_meshed = |id: &PodId| mesh.pod(*id).injection.is_injected == Truth::Yes;
        let Some(service) = service.filter(|service| mesh.pods_behind(service).iter().any(is_meshed)) else {
            continue;
        };
        for (_, tls) in rule.transports() {
            let Some(mode) =
                tls.mode.filter(|mode| matches!(mode.value, ClientTlsMode::Simple | ClientTlsMode::Mutual))
            else {
                continue;
            };
            findings
                .report(
                    mode.span,
                    format!(
                        "`{}` is in the mesh, and is not spoken to with its mutual TLS",
                        service.meta.path()
                    ),
                    "no identity of the mesh",
                )
                .help("use ISTIO_MUTUAL, or remove the block");
        }
    }
}
