//! A gateway answers plaintext, and does not send it on to HTTPS.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::AppProtocol,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-plaintext-server",
    severity: Severity::Error,
    summary: "a gateway answers plaintext, and does not send it on to HTTPS",
    happens: "What a client sends to the port is open to whoever is on the way, and so is what it gets.",
    mend: "Say `tls: {httpsRedirect: true}` for the port, or serve it over HTTPS.",
    silent: "For servers within the mesh, `ISTIO_MUTUAL`, and for TCP ports, which are told as `gateway-tcp-server`.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21",
    rules: &["SC7-9"],
    controls: &[Control::Sc7, Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for server in &gateway.servers {
            let is_plain = server.protocol().is_some_and(AppProtocol::is_http);
            if is_plain && !server.redirects_to_https() {
                findings
                    .report(
                        server.span,
                        format!("`{}` answers plaintext", gateway.meta.path()),
                        "not sent on to HTTPS",
                    )
                    .help("say `tls: {httpsRedirect: true}`");
            }
        }
    }
}
