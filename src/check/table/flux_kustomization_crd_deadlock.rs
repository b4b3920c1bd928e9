//! A stage holds objects whose kinds a chart of the same stage brings.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene, findings::and_more},
    diagnostic::Severity,
    manifest::{HelmRelease, Meta, Object, helm_release::CrdsPolicy, istio_values::IstioChart},
    mesh::chart_of,
};

pub(super) const CHECK: Check = Check {
    code: "flux-kustomization-crd-deadlock",
    severity: Severity::Error,
    summary: "a stage holds objects whose kinds a chart of the same stage brings",
    happens: "Flux asks the API server about every object of a Kustomization before it applies the first. In a new cluster \
              the kinds are not known yet (`no matches for kind`), so that the HelmRelease that would bring them is never \
              applied: the stage fails for ever, with only its Namespaces there.",
    mend: "Put the objects into a Kustomization of their own that depends on this one, which waits for the release.",
    silent: "For charts other than Istio's `base`, cert-manager and Kyverno, for CRDs that the release leaves out or the \
             manifests hold themselves, and where no Flux Kustomization is shown.",
    source: "ApplyAllStaged in ssa/manager_apply.go of fluxcd/pkg; observed with kustomize-controller 1.9.6",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

const ISTIO: &[&str] =
    &["networking.istio.io", "security.istio.io", "telemetry.istio.io", "extensions.istio.io"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let mut held: BTreeMap<(&str, &str), Vec<&Meta>> = BTreeMap::new();
    for meta in manifests.metas() {
        if let Some(stage) = &meta.origin.applied_by {
            held.entry((stage, meta.group())).or_default().push(meta);
        }
    }
    let is_held_raw =
        |group: &str| manifests.custom_resource_definitions.iter().any(|crd| crd.group.value == group);
    for release in &manifests.helm_releases {
        let Some(stage) = release.meta.origin.applied_by.as_deref() else { continue };
        let groups = brought(scene, release).iter().filter(|group| !is_held_raw(group));
        let mut stuck: Vec<&Meta> =
            groups.filter_map(|group| held.get(&(stage, *group))).flatten().copied().collect();
        stuck.sort_by_key(|meta| meta.span);
        let Some(first) = stuck.first() else { continue };
        let more = and_more(stuck.len() - 1);
        findings
            .report(
                first.kind.span,
                format!("`{stage}` holds `{}`{more} of kinds that a chart in it brings", first.id()),
                "not known to a new cluster",
            )
            .context(release.meta.head(), "this release brings the CRDs, and is never applied")
            .help("put them into a Kustomization that depends on this one");
    }
}

/// Returns the API groups whose CRDs a release brings.
fn brought(scene: &Scene<'_>, release: &Object<HelmRelease>) -> &'static [&'static str] {
    if release.install.crds() == CrdsPolicy::Skip {
        return &[];
    }
    if chart_of(release) == Some(IstioChart::Base) {
        return if scene.is_istios(IstioChart::Base, release) { ISTIO } else { &[] };
    }
    let value = |path: &[&str]| release.values.as_ref().and_then(|values| values.at(path)?.as_bool());
    match chart(release) {
        // Its chart brings them only if it is told to.
        Some("cert-manager") if value(&["crds", "enabled"]).or(value(&["installCRDs"])) == Some(true) => {
            &["cert-manager.io"]
        }
        Some("kyverno") if value(&["crds", "install"]) != Some(false) => {
            &["kyverno.io", "policies.kyverno.io"]
        }
        Some(_) | None => &[],
    }
}

fn chart(release: &HelmRelease) -> Option<&str> {
    let name =
        release.chart().map(|chart| &chart.chart).or(release.chart_ref.as_ref().map(|source| &source.name));
    name?.rsplit('/').next()
}
