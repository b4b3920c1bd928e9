//! The release does not serve this version of a kind.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "version-not-served",
    severity: Severity::Error,
    summary: "the release does not serve this version of a kind",
    happens: "The API server knows no such kind: it refuses the object, and Flux with it everything else of its \
              Kustomization.",
    mend: "Write a version that the release serves, or upgrade first.",
    silent: "Where no release is known and some release serves it: say --istio, or pin the charts.",
    source: api::SOURCE,
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::VersionNotServed, findings);
}
