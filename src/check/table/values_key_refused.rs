//! The pinned chart or its schema fails for a value.

use crate::{
    api::Fate,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "values-key-refused",
    severity: Severity::Error,
    summary: "the pinned chart or its schema fails for a value",
    happens: "Helm renders nothing: Flux leaves what was installed as it was, and the HelmRelease is not ready.",
    mend: "Write what the message lists, or drop the key.",
    silent: "For values that `valuesFrom` adds, for charts whose source is not Istio's, and for releases that are \
              newer than the facts. What the schema says counts only where the HelmRelease does not disable it.",
    source: "release/istio, derived from manifests/charts of istio/istio, every patch of 1.21 to 1.30; \
              values.schema.json of the gateway",
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.values(Fate::Refused, findings);
}
