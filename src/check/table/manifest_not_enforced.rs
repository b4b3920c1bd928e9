//! An object is written down, and Flux does not hold the cluster to it.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "manifest-not-enforced",
    severity: Severity::Error,
    summary: "an object is written down, and Flux does not hold the cluster to it",
    happens: "With `ssa: IfNotPresent` Flux never changes what is there, with `Ignore` it never applies it, with \
              `Merge` fields that others add stay: a policy may be weaker than its file.",
    mend: "Remove the annotation.",
    silent: "For `Override`, which is the default.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9, controlling the apply behavior",
    rules: &["PRE-3"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for meta in scene.mesh.manifests.metas() {
        let how = meta
            .annotations
            .named("kustomize.toolkit.fluxcd.io/ssa")
            .filter(|how| how.value.to_lowercase() != "override");
        if let Some(how) = how {
            findings
                .report(
                    how.span,
                    format!("the cluster may hold another `{}`", meta.id()),
                    "not held to the file",
                )
                .help("remove the annotation");
        }
    }
}
