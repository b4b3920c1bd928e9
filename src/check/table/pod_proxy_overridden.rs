//! A pod chooses its own proxy, or how it is configured.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "pod-proxy-overridden",
    severity: Severity::Warning,
    summary: "a pod chooses its own proxy, or how it is configured",
    happens: "Another image, bootstrap, injection template or proxy configuration may lack anything that the mesh \
              relies on: mutual TLS, the log, the policies. Nothing in the manifests proves that it does not.",
    mend: "Remove the annotation; what every proxy needs belongs into the mesh configuration.",
    silent: "For a gateway, whose template is the one named `gateway`, and for the resources, log levels and drain \
             times of a proxy.",
    source: "pkg/kube/inject/inject.go and the injection template of Istio 1.21.1",
    rules: &["SC8-7"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Au12],
    run,
};

const KEYS: [&str; 5] = [
    "sidecar.istio.io/proxyImage",
    "sidecar.istio.io/proxyImageType",
    "sidecar.istio.io/bootstrapOverride",
    "inject.istio.io/templates",
    "proxy.istio.io/config",
];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods() {
        for (key, value) in &pod.workload.template.metadata.annotations {
            let is_usual = match key.as_str() {
                "inject.istio.io/templates" => ["gateway", "sidecar"].contains(&value.as_str()),
                // A pod may wait for its proxy, which is stricter than not to.
                "proxy.istio.io/config" => {
                    let rest = value.replace("holdApplicationUntilProxyStarts", "");
                    rest.chars().all(|c| c.is_whitespace() || "{}\":true".contains(c))
                }
                _ => false,
            };
            if KEYS.contains(&key.as_str()) && !is_usual {
                findings.report(
                    value.span,
                    format!("`{}` changes its own proxy", pod.path()),
                    "what it leaves out is not proved",
                );
            }
        }
    }
}
