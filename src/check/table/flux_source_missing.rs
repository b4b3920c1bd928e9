//! Something comes from a source that is not there.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Manifests, Meta, flux::Reference},
    schema::nearest,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "flux-source-missing",
    severity: Severity::Warning,
    summary: "something comes from a source that is not there",
    happens: "Flux waits for the source: nothing of the Kustomization is applied, or the chart is not installed, and what was \
              there before stays as it was.",
    mend: "Name a source that is there, with its kind, and with its namespace where it is another.",
    silent: "Where the manifests make nothing of the kind in the namespace, or not the namespace itself, and show no source of \
             the same or nearly the same name: it may then be made elsewhere, as `flux bootstrap` makes one. For kinds other \
             than HelmRepository, OCIRepository, GitRepository and Bucket, and for names with variables.",
    source: "getSource in internal/controller/kustomization_controller.go of kustomize-controller 1.9, Source not found; \
             docs/spec/v2/helmreleases.md of helm-controller 1.6, chart template and chart reference",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

/// A source by kind, namespace and name.
type Source<'m> = (&'m str, &'m str, &'m str);

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let known = sources(manifests);
    let made: BTreeSet<&str> =
        manifests.namespaces.iter().map(|namespace| namespace.meta.name.as_str()).collect();
    for (meta, reference) in references(manifests) {
        let (kind, name) = (reference.kind(), reference.name.as_str());
        let namespace = reference.namespace(meta.namespace());
        let is_told = KINDS.contains(&kind) && !name.contains("${") && !namespace.contains("${");
        if !is_told || known.contains(&(kind, namespace, name)) {
            continue;
        }
        let is_at_home = made.contains(namespace)
            && known.iter().any(|(other, home, _)| (*other, *home) == (kind, namespace));
        let likely = likely(&known, (kind, namespace, name));
        let Some(label) = likely.or_else(|| is_at_home.then(|| "not there".to_owned())) else { continue };
        findings.report(
            reference.name.span,
            format!("`{}` comes from the {kind} `{namespace}/{name}`, which is not there", meta.path()),
            label,
        );
    }
}

/// The kinds of sources that are read.
const KINDS: [&str; 4] = ["HelmRepository", "OCIRepository", "GitRepository", "Bucket"];

fn sources(manifests: &Manifests) -> BTreeSet<Source<'_>> {
    let helm = manifests.helm_repositories.iter().map(|source| &source.meta);
    let oci = manifests.oci_repositories.iter().map(|source| &source.meta);
    let git = manifests.git_repositories.iter().map(|source| &source.meta);
    let buckets = manifests.buckets.iter().map(|source| &source.meta);
    let all = helm.chain(oci).chain(git).chain(buckets);
    all.map(|meta| (meta.kind.as_str(), meta.namespace(), meta.name.as_str())).collect()
}

fn references(manifests: &Manifests) -> impl Iterator<Item = (&Meta, &Spanned<Reference>)> {
    let stages = manifests.flux_kustomizations.iter();
    let stages = stages.filter_map(|stage| Some((&stage.meta, stage.source_ref.as_ref()?)));
    let releases = manifests.helm_releases.iter();
    stages.chain(releases.filter_map(|release| Some((&release.meta, release.source()?))))
}

/// Says which source is likely to be meant: of the same name in another namespace or of another kind, or nearly of that name.
fn likely(known: &BTreeSet<Source<'_>>, (kind, namespace, name): Source<'_>) -> Option<String> {
    let elsewhere = known.iter().find(|(other, _, named)| (*other, *named) == (kind, name));
    let otherwise = known.iter().find(|(_, home, named)| (*home, *named) == (namespace, name));
    let beside = known.iter().filter(|(other, home, _)| (*other, *home) == (kind, namespace));
    match (elsewhere, otherwise, nearest(name, beside.map(|(_, _, named)| *named))) {
        (Some((_, home, _)), _, _) => Some(format!("it is in `{home}`: add `namespace: {home}`")),
        (None, Some((other, _, _)), _) => Some(format!("there is one of kind `{other}`")),
        (None, None, Some(near)) => Some(format!("did you mean `{near}`?")),
        (None, None, None) => None,
    }
}
