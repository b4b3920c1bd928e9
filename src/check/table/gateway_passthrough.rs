//! A gateway hands the client's TLS to the backend unread.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::gateway::ServerTlsMode,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-passthrough",
    severity: Severity::Warning,
    summary: "a gateway hands the client's TLS to the backend unread",
    happens: "With PASSTHROUGH the gateway sees the name that the client asks for and nothing else: its suites, its \
              log and its routes do not hold. AUTO_PASSTHROUGH leads to every Service of the mesh by name.",
    mend: "End TLS at the gateway: SIMPLE or MUTUAL with a credential.",
    silent: "Where it is waived: some protocols cannot be ended.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21: a block without a mode is PASSTHROUGH",
    rules: &["SC7-9", "J10"],
    controls: &[Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for server in &gateway.servers {
            let Some(tls) =
                server.tls.as_ref().filter(|tls| tls.mode().passes_through() && !server.redirects_to_https())
            else {
                continue;
            };
            let place = tls.mode.map_or(tls.span, |mode| mode.span);
            let label = match tls.mode.map(|mode| mode.value) {
                None => "without a mode, PASSTHROUGH",
                Some(ServerTlsMode::AutoPassthrough) => "leads to every Service of the mesh",
                Some(_) => "sees a name, and nothing else",
            };
            findings
                .report(place, format!("`{}` hands TLS on unread", gateway.meta.path()), label)
                .help("end TLS at the gateway");
        }
    }
}
