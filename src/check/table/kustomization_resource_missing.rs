//! A kustomization.yaml names what is not there.

use crate::{
    check::{Check, Control, Findings, Scene},
    delivery::FaultKind,
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "kustomization-resource-missing",
    severity: Severity::Error,
    summary: "a kustomization.yaml names what is not there",
    happens: "kustomize refuses the whole folder, and everything that uses it: Flux goes on with what \
              it applied last, and no later change reaches the cluster. A folder has to have a \
              kustomization.yaml of its own.",
    mend: "Name a file, or a folder with a kustomization.yaml; mind the spelling.",
    silent: "For what lies in another repository, behind a symbolic link, or outside of the PATHs \
              that were read.",
    source: "api/internal/target/kusttarget.go of kustomize 5.7, `accumulateResources`",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for fault in &scene.delivery.faults {
        let label = match fault.kind {
            FaultKind::Missing => "nothing is there",
            FaultKind::Unlisted => "a folder without a kustomization.yaml",
            FaultKind::Outside | FaultKind::Unread | FaultKind::Circle => continue,
        };
        findings.report(fault.entry, format!("`{}` cannot be built", fault.word), label).help(
            "name a file, or a folder that has a kustomization.yaml: kustomize refuses the whole folder",
        );
    }
}
