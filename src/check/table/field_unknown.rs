//! No release knows a field, and nobody reads it.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "field-unknown",
    severity: Severity::Error,
    summary: "no release knows a field, and nobody reads it",
    happens: "Nobody reads the field, and the object says something else than its file: a policy without its \
              selector, or without its rule. kubectl refuses it, unless it is told not to validate. Flux reads \
              built-in kinds as it knows them, and drops the field without a word; of a kind that a \
              CustomResourceDefinition defines, the API server refuses what Flux applies, as the field is not \
              declared in its schema, and Flux stops before everything else of the Kustomization.",
    mend: "Write the name as the API has it; mind case and indentation.",
    silent: "Where a kind takes fields that nobody declared, and for kinds that are not modelled.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::Unknown, findings);
}
