//! A DestinationRule takes any certificate.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::destination_rule::ClientTlsMode,
};

pub(super) const CHECK: Check = Check {
    code: "destination-rule-skips-verification",
    severity: Severity::Error,
    summary: "a DestinationRule takes any certificate",
    happens: "Whoever is on the way can answer in the server's place: the connection is encrypted, to nobody in \
              particular.",
    mend: "Remove `insecureSkipVerify`, and name the authorities with `caCertificates` or `credentialName`.",
    silent: "Where the mode is ISTIO_MUTUAL or DISABLE, for which the field has no meaning.",
    source: "networking/v1alpha3/destination_rule.proto of istio/api 1.21",
    rules: &["SC8-11", "IST0129"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for rule in &scene.mesh.manifests.destination_rules {
        for (_, tls) in rule.transports() {
            let verifies = matches!(tls.mode(), ClientTlsMode::Simple | ClientTlsMode::Mutual);
            if let Some(skip) = tls.insecure_skip_verify.filter(|skip| skip.value && verifies) {
                findings
                    .report(
                        skip.span,
                        format!("`{}` takes any certificate", rule.meta.path()),
                        "verifies nothing",
                    )
                    .help("remove it, and name the authorities");
            }
        }
    }
}
