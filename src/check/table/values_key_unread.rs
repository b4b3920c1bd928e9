//! No template of the pinned chart reads a value.

use crate::{
    api::Fate,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "values-key-unread",
    severity: Severity::Warning,
    summary: "no template of the pinned chart reads a value",
    happens: "Helm drops a key that no template reads without a word, and what it was to switch on stays off: \
              `global.mtls.enabled` and `pilot.accessLogFile` are read by no Istio that we know.",
    mend: "Write the key that took its place, or drop it.",
    silent: "For values that `valuesFrom` adds, for charts whose source is not Istio's, and for releases that are \
              newer than the facts.",
    source: "release/istio, derived from manifests/charts of istio/istio, every patch of 1.21 to 1.30",
    rules: &["PRE-6"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.values(Fate::Unread, findings);
}
