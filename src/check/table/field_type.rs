//! A value is of another type than its field.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-type",
    severity: Severity::Error,
    summary: "a value is of another type than its field",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization: what stood \
              there before stays in force. YAML takes `on`, `8080` and `1.0` for no text unless they are quoted.",
    mend: "Write a value of the type; quote what is meant as text.",
    silent: "For values that a variable of Flux fills in later, and, where no release is known, for what only \
              some releases refuse.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Type, findings);
}
