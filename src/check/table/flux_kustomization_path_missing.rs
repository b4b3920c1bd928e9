//! A Flux Kustomization names a folder that is not there.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "flux-kustomization-path-missing",
    severity: Severity::Error,
    summary: "a Flux Kustomization names a folder that is not there",
    happens: "It fails (`kustomization path not found`), and nothing of it is applied; what it applied \
              before stays and is no longer held to any file.",
    mend: "Name the folder from the root of the repository; mind the spelling.",
    silent: "Where the folder would lie outside of the PATHs that were read, and for Kustomizations \
              of other repositories: the repository is the one whose paths are found the most.",
    source: "internal/controller/kustomization_controller.go of kustomize-controller 1.9.4",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for path in &scene.delivery.missing_paths {
        findings
            .report(
                path.span,
                format!("`{path}` is not there, and its Kustomization applies nothing"),
                "a folder was expected",
            )
            .help("name a folder from the root of the repository");
    }
}
