//! A label on a pod makes its callers speak plaintext to it.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "pod-tls-mode-label",
    severity: Severity::Error,
    summary: "a label on a pod makes its callers speak plaintext to it",
    happens: "Proxies choose mutual TLS for endpoints whose `security.istio.io/tlsMode` is `istio`; the injector \
              sets it. Written by hand with another value, it makes callers send plaintext: a STRICT pod then \
              refuses them, any other answers.",
    mend: "Remove the label.",
    silent: "Where the value is `istio`.",
    source: "GetTLSModeFromEndpointLabels in pilot/pkg/model/service.go of Istio 1.21.1",
    rules: &["SC8-9"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods() {
        if let Some(label) =
            pod.labels().named("security.istio.io/tlsMode").filter(|label| label.value != "istio")
        {
            findings
                .report(
                    label.span,
                    format!("callers of `{}` speak plaintext", pod.path()),
                    "only `istio` means mutual TLS",
                )
                .help("remove the label; the injector sets it");
        }
    }
}
