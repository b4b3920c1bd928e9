//! A value is none of those that the API knows.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-enum",
    severity: Severity::Error,
    summary: "a value is none of those that the API knows",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization: what stood \
              there before stays in force.",
    mend: "Write one of the values that the message lists; case counts.",
    silent: "For values that a variable of Flux fills in later, and, where no release is known, for what only \
              some releases refuse.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Enum, findings);
}
