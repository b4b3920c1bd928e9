//! The API of this release does not have a field.

use crate::{
    api::Rule,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-not-served",
    severity: Severity::Error,
    summary: "the API of this release does not have a field",
    happens: "kubectl apply drops the field: a rule without it says something else, often more. An apply by the \
              server refuses the object, as the field is not declared in its schema, and Flux with it everything \
              else of its Kustomization.",
    mend: "Write what this release has, or upgrade first.",
    silent: "Where no release is known: say --istio, or pin the charts.",
    source: "manifests/charts/base/files/crd-all.gen.yaml of Istio 1.21.6 to 1.30.3",
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::NotServed, findings);
}
