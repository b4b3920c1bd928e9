//! A pod without a sidecar in a namespace that asks for one.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "pod-opts-out-of-injection",
    severity: Severity::Error,
    summary: "a pod has no sidecar although its namespace asks for one",
    happens: "Without a sidecar there is no mutual TLS, no AuthorizationPolicy and no access log for the pod, whatever its \
              namespace holds: only NetworkPolicies bind it. The label beats the annotation, and every word but true, \
              yes, y and on opts out, in any case.",
    mend: "Remove `sidecar.istio.io/inject`, or set it to \"true\"; remove `hostNetwork`.",
    silent: "In namespaces that ask for no sidecar, or that the manifests do not hold.",
    source: "injectRequired in pkg/kube/inject/inject.go of Istio 1.21.1",
    rules: &["SC8-5", "SC8-6", "T11"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac4, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods() {
        let scope = scene.mesh.scope_of(pod);
        let asks = scope.label("istio-injection").is_some_and(|label| label.value == "enabled")
            || (scope.label("istio-injection").is_none() && scope.label("istio.io/rev").is_some());
        let Some(because) = pod.injection.because.filter(|_| asks && pod.injection.is_injected == Truth::No)
        else {
            continue;
        };
        findings
            .report(
                because,
                format!("`{}` is outside the mesh: {}", pod.path(), pod.injection.reason),
                "no sidecar",
            )
            .help("without a sidecar, only NetworkPolicies bind it");
    }
}
