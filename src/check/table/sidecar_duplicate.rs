//! Two Sidecars speak for all of one namespace, and one of them is ignored.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "sidecar-duplicate",
    severity: Severity::Warning,
    summary: "two Sidecars speak for all of one namespace, and one of them is ignored",
    happens: "Of two without a selector Istio takes one: what workloads may see and call depends on which was \
              created first.",
    mend: "Merge them, or give one a workload selector.",
    silent: "For Sidecars that select workloads.",
    source: "initSidecarScopes in pilot/pkg/model/push_context.go of Istio 1.21.1",
    rules: &["PRE-8", "KIA1002"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut first = BTreeMap::new();
    for sidecar in scene.mesh.manifests.sidecars.iter().filter(|one| !one.has_selector()) {
        match first.get(sidecar.meta.namespace()) {
            None => {
                first.insert(sidecar.meta.namespace(), sidecar);
            }
            Some(other) => {
                findings
                    .report(
                        sidecar.meta.head(),
                        format!(
                            "`{}` and `{}` speak for the same namespace",
                            other.meta.path(),
                            sidecar.meta.path()
                        ),
                        "one is ignored",
                    )
                    .context(other.meta.head(), "the other")
                    .help("merge them, or give one a workload selector");
            }
        }
    }
}
