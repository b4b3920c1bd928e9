//! A field is missing that the API requires.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-required",
    severity: Severity::Error,
    summary: "a field is missing that the API requires",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization: what stood \
              there before stays in force.",
    mend: "Add the field.",
    silent: "For patches of kustomize, and, where no release is known, for what only some releases require.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Required, findings);
}
