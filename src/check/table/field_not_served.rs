//! The API of this release does not have a field.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-not-served",
    severity: Severity::Error,
    summary: "the API of this release does not have a field",
    happens: "Nobody reads the field, and the object says something else than its file, often more: a rule without \
              its source is a rule for all. kubectl refuses it, unless it is told not to validate. Flux drops the \
              field of a built-in kind without a word; of a kind that a CustomResourceDefinition defines, the API \
              server refuses what Flux applies, and Flux stops before everything else of the Kustomization.",
    mend: "Write what this release has, or upgrade first.",
    silent: "Where no release is known: say --istio, or pin the charts.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::NotServed, findings);
}
