//! A policy of another kind bears on traffic, and is not read.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "policy-kind-unmodelled",
    severity: Severity::Note,
    summary: "a policy of another kind bears on traffic, and is not read",
    happens: "What it selects may be open or closed in ways that nothing here knows. Every verdict about these \
              workloads is unknown where the policy could change it.",
    mend: "Judge it by its own tools; or say the same in NetworkPolicies.",
    silent: "Never.",
    source: "the API groups of Cilium, Calico and Antrea",
    rules: &["NP40"],
    controls: &[Control::Ac4, Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for object in &scene.mesh.manifests.unmodelled {
        findings.report(
            object.meta.head(),
            format!("`{}` bears on traffic, and is not read", object.meta.id()),
            "verdicts may not hold",
        );
    }
}
