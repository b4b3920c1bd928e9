//! A server that ends TLS names no certificate.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-without-credential",
    severity: Severity::Error,
    summary: "a server that ends TLS names no certificate",
    happens: "Without a certificate the listener is not served: the port answers nothing.",
    mend: "Name the Secret with `credentialName`, in the namespace of the gateway's pods.",
    silent: "Where the certificate is a file.",
    source: "validateTLSOptions in pkg/config/validation/validation.go of Istio 1.21.1",
    rules: &["SC7-9"],
    controls: &[Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for tls in gateway.servers.iter().filter_map(|server| server.tls.as_ref()) {
            if tls.mode().ends_tls() && tls.credentials().next().is_none() && tls.server_certificate.is_none()
            {
                findings
                    .report(
                        tls.span,
                        format!("`{}` ends TLS without a certificate", gateway.meta.path()),
                        "no `credentialName`",
                    )
                    .help("name the Secret that holds it");
            }
        }
    }
}
