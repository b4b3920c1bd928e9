//! Whether the cluster gets what the files say.

use std::collections::BTreeMap;

use super::{control_plane, mesh_config};
use crate::{
    control::{Look, Subject},
    manifest::{Meta, istio_values::IstiodValues},
    mesh::control_planes,
    release::Istio,
    yaml::Node,
};

/// PRE-1: an API server refuses a version that no CRD serves, and Flux then applies nothing of that Kustomization
/// (`spec.versions` of `manifests/charts/base/crds/crd-all.gen.yaml`).
pub(in crate::control) fn api_versions(subject: &Subject<'_, '_>, look: &mut Look) {
    let is_istios = |meta: &&Meta| meta.group().ends_with(".istio.io") && !meta.is_assumed();
    let Some(release) = subject.scene.releases.istio else {
        if let Some(meta) = subject.scene.mesh.manifests.metas().find(is_istios) {
            look.doubts(
                meta.head(),
                "nothing says which Istio is installed: no chart, no profile, no `--istio`",
            );
        }
        return;
    };
    let Some(facts) = Istio::of(release.minor) else {
        look.doubts(None, format!("Istio {release} is older than what is known of its CRDs"));
        return;
    };
    for meta in subject.scene.mesh.manifests.metas().filter(is_istios) {
        match facts.api_versions.served(meta.group(), &meta.kind) {
            Some(served) if served.iter().any(|version| version == meta.version()) => {
                look.at_place(
                    meta,
                    format!("{}, served by {release}", meta.api_version.value),
                    meta.api_version.span,
                );
            }
            Some(served) => look.breaks(
                meta.api_version.span,
                format!(
                    "Istio {release} does not serve `{}` as {}, only as {}",
                    meta.id(),
                    meta.version(),
                    served.join(", ")
                ),
            ),
            None => {}
        }
    }
}

/// PRE-2: what no kustomization names is a file, and no policy; such files were not read, and a check names each.
pub(in crate::control) fn named(subject: &Subject<'_, '_>, look: &mut Look) {
    let mut files = BTreeMap::<u32, &Meta>::new();
    for meta in subject.scene.mesh.manifests.metas().filter(|meta| !meta.is_assumed()) {
        let first = files.entry(meta.span.file).or_insert(meta);
        if meta.span.start < first.span.start {
            *first = meta;
        }
    }
    for (file, meta) in files {
        let path = subject.scene.sources.path(file);
        let says = match &meta.origin.applied_by {
            Some(stage) => format!("applied by `{stage}`"),
            None => "no kustomization says otherwise".to_owned(),
        };
        look.at_setting("file", path.as_str(), says, meta.head());
    }
}

/// PRE-3: every object can say that Flux leaves it alone.
pub(in crate::control) fn held(subject: &Subject<'_, '_>, look: &mut Look) {
    for meta in subject.scene.mesh.manifests.metas().filter(|meta| !meta.is_assumed()) {
        look.at(meta, "held to the file");
    }
}

/// PRE-4: patches, substitutions and post-renderers are not followed; what is followed is our word for kustomize's.
pub(in crate::control) fn unchanged(subject: &Subject<'_, '_>, look: &mut Look) {
    let manifests = subject.scene.mesh.manifests;
    for stage in &manifests.flux_kustomizations {
        if stage.edits() {
            look.doubts(
                stage.meta.head(),
                format!(
                    "`{}` patches or substitutes what it applies, which is not followed",
                    stage.meta.id()
                ),
            );
        } else {
            look.at(&stage.meta, "applies the files as they are");
        }
    }
    for edit in &subject.scene.delivery.followed {
        look.doubts(edit.edit, format!("a kustomization changes what it names by `{}`", edit.key));
    }
    for release in &manifests.helm_releases {
        look.at(&release.meta, "no post-renderer, no values from elsewhere");
    }
    if look.items.is_empty() {
        let own = manifests.metas().filter(|meta| !meta.is_assumed());
        own.for_each(|meta| look.at(meta, "no Kustomization of Flux and no HelmRelease is in the manifests"));
    }
}

/// PRE-5: values of the first control plane are read; others have to say the same.
pub(in crate::control) fn mesh_config_once(subject: &Subject<'_, '_>, look: &mut Look) {
    let manifests = subject.scene.mesh.manifests;
    if mesh_config(subject, look).is_none() {
        return;
    }
    super::at_mesh_config(subject, None, "the mesh config", look);
    let text = |node: Option<&Node>| {
        node.map_or("", |node| subject.scene.sources.get(node.span.file).text[node.span.range()].trim_end())
    };
    let mut planes = control_planes(manifests);
    let first = planes.next();
    let values = |release: &crate::manifest::HelmRelease| {
        IstiodValues::read(release.values.as_ref()).unwrap_or_default()
    };
    for other in planes {
        let own = first.map(|first| values(first)).unwrap_or_default();
        if text(own.mesh_config.as_ref()) == text(values(other).mesh_config.as_ref()) {
            look.at(&other.meta, "says the same of the mesh, word for word");
        } else {
            look.doubts(
                other.meta.head(),
                format!(
                    "`{}` says something else of the mesh, and only the first control plane is looked at",
                    other.meta.id()
                ),
            );
        }
    }
    let maps = manifests.config_maps.iter().filter(|map| map.mesh_config().is_some());
    for map in maps.filter(|_| first.is_some()) {
        look.doubts(
            map.meta.head(),
            format!(
                "`{}` holds a mesh config as well, and files do not say which one istiod reads",
                map.meta.id()
            ),
        );
    }
}

/// PRE-6: the istiod chart has no schema for its values in many releases, so that a wrong key is silent.
pub(in crate::control) fn dead_values(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(release) = control_plane(subject, look) else { return };
    let values = &subject.scene.mesh.config.control_plane;
    let dead = [
        ("pilot.accessLogFile", values.pilot.access_log_file.as_ref()),
        ("pilot.accessLogEncoding", values.pilot.access_log_encoding.as_ref()),
        ("global.mtls", values.global.mtls.as_ref()),
    ];
    for (key, node) in dead {
        if let Some(node) = node {
            look.breaks(node.head(), format!("`{}` says `{key}`, which no chart reads", release.meta.path()));
        }
    }
    look.at(&release.meta, "none of `pilot.accessLogFile`, `pilot.accessLogEncoding`, `global.mtls`");
}

/// PRE-7: anywhere else such a policy holds for its own namespace alone (`GetRootNamespace` in `pilot/pkg/model` of Istio
/// 1.21.1).
pub(in crate::control) fn mesh_wide(subject: &Subject<'_, '_>, look: &mut Look) {
    let (mesh, root) = (subject.scene.mesh, subject.scene.mesh.config.root_namespace.as_str());
    let is_told = mesh.config.knows_mesh() && mesh.config_place().is_some();
    for meta in subject.scene.policies_without_selector().filter(|meta| meta.namespace() == root) {
        if is_told {
            look.at(meta, "in the root namespace");
        } else {
            look.doubts(
                meta.head(),
                format!("no mesh config is shown that says whether `{root}` is the root namespace"),
            );
        }
    }
}
