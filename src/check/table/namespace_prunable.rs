//! Flux deletes a Namespace, and all in it, when its file goes.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "namespace-prunable",
    severity: Severity::Warning,
    summary: "Flux deletes a Namespace, and all in it, when its file goes",
    happens: "A Namespace that falls out of a Kustomization with `prune: true` is deleted with every workload that \
              runs there, also where only the file was moved.",
    mend: "Annotate it `kustomize.toolkit.fluxcd.io/prune: disabled`.",
    silent: "Where the manifests hold no Kustomization of Flux that prunes.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9, garbage collection",
    rules: &["PRE-3"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let prunes =
        manifests.flux_kustomizations.iter().any(|stage| stage.prune.is_some_and(|claim| claim.value));
    for namespace in manifests.namespaces.iter().filter(|_| prunes) {
        let annotation = namespace
            .meta
            .annotations
            .named("kustomize.toolkit.fluxcd.io/prune")
            .or(namespace.meta.labels.named("kustomize.toolkit.fluxcd.io/prune"));
        if annotation.is_none_or(|value| value.value != "disabled") {
            findings
                .report(
                    namespace.meta.head(),
                    format!("`{}` and all in it go when this file does", namespace.meta.name),
                    "may be pruned",
                )
                .help("annotate it `kustomize.toolkit.fluxcd.io/prune: disabled`");
        }
    }
}
