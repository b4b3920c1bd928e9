//! A gateway passes bytes on, without TLS of its own.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::AppProtocol,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-tcp-server",
    severity: Severity::Warning,
    summary: "a gateway passes bytes on, without TLS of its own",
    happens: "A bare TCP server ends no TLS and reads no request: what is sent is what the client chose, and no \
              route looks into it.",
    mend: "Serve TLS, or put the protocol behind a gateway of its own and waive it.",
    silent: "For TLS and HTTPS servers.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21",
    rules: &["SC7-9"],
    controls: &[Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for server in gateway
            .servers
            .iter()
            .filter(|server| server.protocol() == Some(AppProtocol::Tcp) && server.tls.is_none())
        {
            findings.report(
                server.span,
                format!("`{}` passes bytes on without TLS", gateway.meta.path()),
                "bare TCP",
            );
        }
    }
}
