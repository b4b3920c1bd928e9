//! No release knows a field, and nobody reads it.

use crate::{
    api::Rule,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-unknown",
    severity: Severity::Error,
    summary: "no release knows a field, and nobody reads it",
    happens: "kubectl apply drops the field, and the object says something else than its file: a policy without \
              its selector or its rule. An apply by the server refuses a kind of a CustomResourceDefinition, as \
              the field is not declared in its schema, and Flux with it everything else of its Kustomization.",
    mend: "Write the name as the API has it; mind case and indentation.",
    silent: "Where a kind takes fields that nobody declared, and for kinds that are not modelled.",
    source: "manifests/charts/base/files/crd-all.gen.yaml of Istio 1.21.6 to 1.30.3",
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Unknown, findings);
}
