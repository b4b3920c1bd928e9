//! A template takes a value for something else than it is.

use crate::{
    api::Fate,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "values-key-type",
    severity: Severity::Warning,
    summary: "a template takes a value for something else than it is",
    happens: "A template asks whether a text is empty, not what it says: `\"false\"` is true. A list or a mapping \
              where it expects a single value is printed as Go prints it, and a single value where it expects a \
              mapping breaks the object.",
    mend: "Write a value of the type that the chart's own values have there.",
    silent: "For keys that have no value in the chart's own. For values that `valuesFrom` adds, for charts whose \
              source is not Istio's, and for releases that are newer than the facts.",
    source: "release/istio, derived from the values.yaml of manifests/charts of istio/istio, every patch of 1.21 \
              to 1.30",
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.values(Fate::Misread, findings);
}
