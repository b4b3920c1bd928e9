//! An object is written down, and Flux leaves it as it is.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Meta,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "manifest-not-reconciled",
    severity: Severity::Error,
    summary: "an object is written down, and Flux leaves it as it is",
    happens: "A suspended Kustomization, HelmRelease or source, or an object whose reconciliation is disabled, is \
              not brought to what the file says: what is proved of the file is not proved of the cluster.",
    mend: "Remove `suspend`, or the annotation.",
    silent: "Where it is false.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9",
    rules: &["PRE-3"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let releases = manifests
        .helm_releases
        .iter()
        .filter_map(|one| Some((&one.meta, one.suspend.filter(|claim| claim.value)?.span)));
    let stages = manifests
        .flux_kustomizations
        .iter()
        .filter_map(|one| Some((&one.meta, one.suspend.filter(|claim| claim.value)?.span)));
    let annotated = manifests.metas().filter_map(|meta| Some((meta, disabled(meta)?)));
    for (meta, place) in releases.chain(stages).chain(annotated) {
        findings
            .report(place, format!("Flux leaves `{}` as it is", meta.id()), "not reconciled")
            .help("remove it: what is written does not hold");
    }
}

fn disabled(meta: &Meta) -> Option<Span> {
    let annotation = meta.annotations.named("kustomize.toolkit.fluxcd.io/reconcile")?;
    (annotation.value == "disabled").then_some(annotation.span)
}
