//! A kustomization.yaml leads back to itself.

use crate::{
    check::{Check, Control, Findings, Scene},
    delivery::FaultKind,
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "kustomization-resource-circle",
    severity: Severity::Error,
    summary: "a kustomization.yaml leads back to itself",
    happens: "kustomize refuses the whole folder, and everything that uses it: no change of it reaches \
              a cluster.",
    mend: "Take one of the references out.",
    silent: "Where a part of the circle lies outside of what was read.",
    source: "api/internal/loader/fileloader.go of kustomize, `errIfArgEqualOrHigher`",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for fault in scene.delivery.faults.iter().filter(|fault| fault.kind == FaultKind::Circle) {
        findings
            .report(fault.entry, format!("`{}` leads back to this folder", fault.word), "a circle")
            .help("take one of the references out: kustomize refuses every folder of the circle");
    }
}
