//! Two Telemetries speak for all of one namespace, and one of them is ignored.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "telemetry-duplicate",
    severity: Severity::Warning,
    summary: "two Telemetries speak for all of one namespace, and one of them is ignored",
    happens: "Of two without a selector Istio takes the older one; a cluster that is built anew may take the other.",
    mend: "Merge them.",
    silent: "For Telemetries that select workloads.",
    source: "pilot/pkg/model/telemetry.go of Istio 1.21.1",
    rules: &["PRE-8", "KIA0002"],
    controls: &[Control::Au2, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut first = BTreeMap::new();
    let wide = scene
        .mesh
        .manifests
        .telemetries
        .iter()
        .filter(|one| !one.has_selector() && one.targets().next().is_none());
    for telemetry in wide {
        match first.get(telemetry.meta.namespace()) {
            None => {
                first.insert(telemetry.meta.namespace(), telemetry);
            }
            Some(other) => {
                findings
                    .report(
                        telemetry.meta.head(),
                        format!(
                            "`{}` and `{}` speak for the same namespace",
                            other.meta.path(),
                            telemetry.meta.path()
                        ),
                        "one is ignored",
                    )
                    .context(other.meta.head(), "the other")
                    .help("merge them");
            }
        }
    }
}
