//! A text is not of the form that its field has.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-pattern",
    severity: Severity::Error,
    summary: "a text is not of the form that its field has",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization: what stood \
              there before stays in force.",
    mend: "Write a text that matches the expression in the message.",
    silent: "For values that a variable of Flux fills in later, and, where no release is known, for what only \
              some releases refuse.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Pattern, findings);
}
