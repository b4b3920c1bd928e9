//! A default of the mesh config lowers the gateway's TLS in this release.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-tls-defaults",
    severity: Severity::Error,
    summary: "a default of the mesh config lowers the gateway's TLS in this release",
    happens: "Before 1.27.6, 1.28.4 and 1.29.1, `tlsDefaults.minProtocolVersion` is read as another list of \
              versions: TLSV1_2 becomes TLS 1.0 at the gateway, TLSV1_3 becomes 1.1.",
    mend: "Remove it, and say `minProtocolVersion` in each server of the Gateway.",
    silent: "Where the release is not known, or has it mended.",
    source: "pilot/pkg/networking/core/v1alpha3/listener.go of Istio 1.21.1; istio/istio#58912",
    rules: &["SC13-3"],
    controls: &[Control::Sc8Cryptography, Control::Sc13],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let defaults =
        scene.mesh.config.mesh.tls_defaults.as_ref().and_then(|defaults| defaults.min_protocol_version);
    let is_broken = scene.releases.istio.is_some_and(|release| !crate::release::mends_tls_defaults(release));
    if let Some(version) = defaults.filter(|_| is_broken) {
        findings
            .report(
                version.span,
                "this release reads the version as an older one",
                "TLS 1.0 or 1.1 at the gateway",
            )
            .help("remove it, and say `minProtocolVersion` in each server of the Gateway");
    }
}
