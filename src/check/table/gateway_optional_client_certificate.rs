//! A gateway asks for a client's certificate, and does without it.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::gateway::ServerTlsMode,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-optional-client-certificate",
    severity: Severity::Warning,
    summary: "a gateway asks for a client's certificate, and does without it",
    happens: "OPTIONAL_MUTUAL checks a certificate where one is shown; whoever shows none gets the same answer, \
              unless the backend tells them apart.",
    mend: "Use MUTUAL, or SIMPLE and check tokens.",
    silent: "For every other mode.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21",
    rules: &["SC7-9"],
    controls: &[Control::Ac3, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        let modes = gateway.servers.iter().filter_map(|server| server.tls.as_ref()?.mode);
        for mode in modes.filter(|mode| mode.value == ServerTlsMode::OptionalMutual) {
            findings
                .report(
                    mode.span,
                    format!("`{}` does without a client's certificate", gateway.meta.path()),
                    "whoever shows none gets in as well",
                )
                .help("use MUTUAL");
        }
    }
}
