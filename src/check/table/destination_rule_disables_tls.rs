//! A DestinationRule makes callers in the mesh send plaintext.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::destination_rule::ClientTlsMode,
};

pub(super) const CHECK: Check = Check {
    code: "destination-rule-disables-tls",
    severity: Severity::Error,
    summary: "a DestinationRule makes callers in the mesh send plaintext",
    happens: "Callers that the rule binds send plaintext to the host. A STRICT server refuses them; any other \
              answers them without knowing who calls, so that rules on principals do not match; outside the mesh \
              the bytes are open to whoever is on the way.",
    mend: "Remove the `tls` block: within the mesh, mutual TLS is automatic.",
    silent: "Never: a block without a mode means DISABLE as well.",
    source: "networking/v1alpha3/destination_rule.proto of istio/api 1.21 and \
             pilot/pkg/networking/core/v1alpha3/cluster_tls.go of Istio 1.21.1",
    rules: &["SC8-11", "J09", "KIA0205", "KIA0501"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for rule in &scene.mesh.manifests.destination_rules {
        for (_, tls) in rule.transports().filter(|(_, tls)| tls.mode() == ClientTlsMode::Disable) {
            let host = rule.host.as_ref().map_or("its host", |host| host.as_str());
            let (place, label) = match tls.mode {
                Some(mode) => (mode.span, "plaintext"),
                None => (tls.span, "without a mode, plaintext"),
            };
            findings
                .report(place, format!("`{}` sends plaintext to `{host}`", rule.meta.path()), label)
                .help("remove the `tls` block: within the mesh, mutual TLS is automatic");
        }
    }
}
