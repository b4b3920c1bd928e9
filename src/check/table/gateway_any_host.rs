//! A gateway serves every host.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-any-host",
    severity: Severity::Warning,
    summary: "a gateway serves every host",
    happens: "With `*` any VirtualService of any namespace may bind any name to the gateway, and a client gets an \
              answer under whatever name it asks.",
    mend: "Name the domain: `*.example.com`, or `namespace/host` to say whose routes count.",
    silent: "For servers that only send on to HTTPS.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21",
    rules: &["SC7-10"],
    controls: &[Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for server in gateway.servers.iter().filter(|server| !server.redirects_to_https()) {
            for host in server.hosts.iter().filter(|host| host.rsplit('/').next() == Some("*")) {
                findings
                    .report(
                        host.span,
                        format!("`{}` serves every host", gateway.meta.path()),
                        "any name, of any namespace",
                    )
                    .help("name the domain");
            }
        }
    }
}
