//! A file with manifests that the kustomization.yaml above it leaves out.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "manifest-not-delivered",
    severity: Severity::Warning,
    summary: "a file with manifests that the kustomization.yaml above it leaves out",
    happens: "kustomize and Flux take from a folder what its kustomization.yaml names, and nothing \
              else: what the file says is on no cluster, and is not judged.",
    mend: "Name the file under `resources`, or delete it.",
    silent: "For files that hold nothing that bears on traffic, that a kustomization.yaml names as a \
              patch or a source of values, or that only say what a profile assumes; for folders \
              without a kustomization.yaml above them.",
    source: "api/internal/target/kusttarget.go of kustomize 5.7, `accumulateTarget`",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for left in &scene.delivery.left_out {
        findings
            .report(
                left.object,
                format!("`{}` is on no cluster", left.name),
                "no kustomization.yaml names it",
            )
            .context(left.list, "left out here")
            .help("name it under `resources`, or delete it: it is judged no further");
    }
}
