//! A DestinationRule opens TLS without saying whose certificates it takes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::destination_rule::ClientTlsMode,
};

pub(super) const CHECK: Check = Check {
    code: "destination-rule-without-ca",
    severity: Severity::Warning,
    summary: "a DestinationRule opens TLS without saying whose certificates it takes",
    happens: "Without authorities of its own, a proxy takes what its image trusts: every public authority may vouch \
              for the host. Without a name to expect, it takes any certificate that they gave to anybody.",
    mend: "Name the authorities with `caCertificates` or `credentialName`, and the host with `subjectAltNames`.",
    silent: "Where `caCertificates` is said, also as `system`, and for the mesh's own mutual TLS.",
    source: "pilot/pkg/networking/core/v1alpha3/cluster_tls.go and VERIFY_CERTIFICATE_AT_CLIENT of Istio 1.21.1",
    rules: &["SC8-11", "IST0128", "IST0129"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for rule in &scene.mesh.manifests.destination_rules {
        for (_, tls) in rule.transports() {
            let is_own = matches!(tls.mode(), ClientTlsMode::Simple | ClientTlsMode::Mutual);
            if let Some(mode) =
                tls.mode.filter(|_| is_own && !tls.names_authorities() && !tls.skips_verification())
            {
                findings
                    .report(
                        mode.span,
                        format!("`{}` does not say whose certificates it takes", rule.meta.path()),
                        "any public authority's",
                    )
                    .help("add `caCertificates` or `credentialName`, and `subjectAltNames`");
            }
        }
    }
}
