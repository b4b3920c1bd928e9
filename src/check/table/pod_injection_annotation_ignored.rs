//! An annotation asks for what the label or the namespace decides otherwise.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "pod-injection-annotation-ignored",
    severity: Severity::Warning,
    summary: "an annotation asks for what the label or the namespace decides otherwise",
    happens: "The label `sidecar.istio.io/inject` beats the annotation of the same name, and an annotation alone \
              brings no pod of an unlabelled namespace to the webhook. Whoever reads the annotation believes the \
              opposite of what is true.",
    mend: "Write the label instead, and remove the annotation.",
    silent: "Where annotation and label agree.",
    source: "injectRequired in pkg/kube/inject/inject.go of Istio 1.21.1, and its webhook template",
    rules: &["T11", "SC8-5"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods() {
        let template = &pod.workload.template.metadata;
        let Some(annotation) = template.annotations.named("sidecar.istio.io/inject") else { continue };
        let asks = ["y", "yes", "true", "on"].contains(&annotation.value.to_lowercase().as_str());
        let decided = match pod.injection.is_injected {
            Truth::Yes => true,
            Truth::No => false,
            Truth::Unknown => continue,
        };
        if asks != decided {
            let outcome = if decided { "has a sidecar" } else { "has no sidecar" };
            findings
                .report(
                    annotation.span,
                    format!("`{}` {outcome}, whatever its annotation says", pod.path()),
                    "ignored",
                )
                .help("the label of the pod and the namespace decide; remove the annotation");
        }
    }
}
