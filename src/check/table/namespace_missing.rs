//! Objects stand in a namespace that nothing makes.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::{Check, Control, Findings, Scene, findings::and_more},
    diagnostic::Severity,
    manifest::{Meta, Object},
    schema::nearest,
};

pub(super) const CHECK: Check = Check {
    code: "namespace-missing",
    severity: Severity::Warning,
    summary: "objects stand in a namespace that nothing makes",
    happens: "Until the namespace is there, the API server refuses them, and Flux applies nothing of a Kustomization that \
              holds one of them.",
    mend: "Add the Namespace, or name one that is there.",
    silent: "Where the manifests make no more than half of the namespaces that their objects stand in, for then those come \
             from elsewhere; for namespaces in which a profile assumes workloads, for those that Kubernetes, Flux or a \
             chart makes, and for the mesh's root namespace, which the platform's own repository may make.",
    source: "ApplyAllStaged in ssa/manager_apply.go of fluxcd/pkg: one object that fails its dry run stops all of them",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

/// Namespaces that every cluster has, and the one that `flux bootstrap` makes.
const ALWAYS: [&str; 5] = ["default", "kube-system", "kube-public", "kube-node-lease", "flux-system"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let by_charts = manifests
        .helm_releases
        .iter()
        .filter(|release| release.install.create_namespace.is_some_and(|claim| claim.value))
        .map(Object::release_namespace);
    let made: BTreeSet<&str> =
        manifests.namespaces.iter().map(|namespace| namespace.meta.name.as_str()).collect();
    let root = scene.mesh.config.root_namespace.as_str();
    let always = ALWAYS.into_iter().chain([root]);
    // Whoever assumes workloads in a namespace says that somebody else makes it.
    let by_others = manifests.metas().filter(|meta| meta.is_assumed()).map(Meta::namespace);
    let there: BTreeSet<&str> =
        made.iter().copied().chain(by_charts).chain(by_others).chain(always).collect();
    let mut missing: BTreeMap<&str, Vec<&Meta>> = BTreeMap::new();
    for meta in manifests.metas().filter(|meta| !meta.is_assumed()) {
        let is_missing = |name: &&str| !(name.is_empty() || name.contains("${") || there.contains(name));
        if let Some(name) = Some(meta.namespace()).filter(is_missing) {
            missing.entry(name).or_default().push(meta);
        }
    }
    if missing.len() >= made.len() {
        return;
    }
    for (name, mut metas) in missing {
        metas.sort_by_key(|meta| meta.span);
        let (first, more) = (metas[0], and_more(metas.len() - 1));
        let place = first.written_namespace.as_ref().map_or(first.head(), |word| word.span);
        let near = nearest(name, made.iter().copied());
        let label = near.map_or_else(|| "not there".to_owned(), |near| format!("did you mean `{near}`?"));
        findings.report(
            place,
            format!("nothing makes the namespace `{name}` of `{}`{more}", first.id()),
            label,
        );
    }
}
