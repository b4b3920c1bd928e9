//! Workloads run in a namespace that asks for no sidecar.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::{IGNORED, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "namespace-not-injected",
    severity: Severity::Warning,
    summary: "workloads run in a namespace that asks for no sidecar",
    happens: "Nothing of the mesh holds for them: they speak plaintext, no AuthorizationPolicy protects them, no \
              access log names their callers, and STRICT workloads refuse them.",
    mend: "Label the namespace `istio-injection: enabled`, or with the revision of a control plane; if it is meant \
           to be outside the mesh, waive it where an assessor sees it.",
    silent: "For namespaces that nothing is ever injected into, for namespaces that the manifests do not hold, and \
             for those whose label opts out: that is written down already.",
    source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml of Istio 1.21.1",
    rules: &["SC8-4", "SC8-15", "T11", "IST0102"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac4, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for scope in scene.mesh.namespaces() {
        let Some(object) = scope.object else { continue };
        let says = scope.label("istio-injection").is_some() || scope.label("istio.io/rev").is_some();
        let is_apart = IGNORED.contains(&scope.name) || scope.name == scene.mesh.config.root_namespace;
        let outside =
            scene.mesh.pods_in(scope.name).filter(|pod| pod.injection.is_injected == Truth::No).count();
        if says || is_apart || outside == 0 {
            continue;
        }
        let workloads =
            if outside == 1 { "1 workload runs".to_owned() } else { format!("{outside} workloads run") };
        findings
            .report(
                object.meta.head(),
                format!("{workloads} in `{}` without a sidecar", scope.name),
                "no injection label",
            )
            .help("label it `istio-injection: enabled`, or with the revision of a control plane");
    }
}
