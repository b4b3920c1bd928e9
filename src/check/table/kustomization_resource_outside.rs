//! A kustomization.yaml names a file outside of its folder.

use crate::{
    check::{Check, Control, Findings, Scene},
    delivery::FaultKind,
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "kustomization-resource-outside",
    severity: Severity::Note,
    summary: "a kustomization.yaml names a file outside of its folder",
    happens: "`kustomize build` and `kubectl apply --kustomize` refuse it unless they are told not to \
              (`security; file is not in or below`), and so does whatever checks a change with them. \
              Flux builds it.",
    mend: "Move the file into the folder, or give its folder a kustomization.yaml and name that.",
    silent: "For folders, which may lie anywhere.",
    source: "api/internal/loader/loadrestrictions.go of kustomize 5.7, `RestrictionRootOnly`; `Build` in kustomize/kustomize_generator.go of fluxcd/pkg",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for fault in scene.delivery.faults.iter().filter(|fault| fault.kind == FaultKind::Outside) {
        findings
            .report(
                fault.entry,
                format!("`kustomize build` refuses `{}`", fault.word),
                "not in or below this folder",
            )
            .help("give the file's folder a kustomization.yaml, and name that; Flux alone takes it as it is");
    }
}
