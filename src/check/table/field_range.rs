//! A number or a size is out of its bounds.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-range",
    severity: Severity::Error,
    summary: "a number or a size is out of its bounds",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization: what stood \
              there before stays in force.",
    mend: "Write a value within the bounds that the message names.",
    silent: "For values that a variable of Flux fills in later, and, where no release is known, for what only \
              some releases refuse.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Range, findings);
}
