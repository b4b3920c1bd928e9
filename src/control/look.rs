//! What each rule looks at, a file for what belongs together.

pub(super) mod authorization;
pub(super) mod boundary;
pub(super) mod capture;
pub(super) mod cryptography;
pub(super) mod delivery;
pub(super) mod flows;
pub(super) mod log;
pub(super) mod network;
pub(super) mod transport;

pub(super) use flows::PROXY_PORTS;

use super::{Look, Subject};
use crate::{
    manifest::{HelmRelease, Manifests, MeshConfig, Meta, Object},
    mesh::{Scope, control_planes},
    source::Span,
};

/// Notes every object of a list.
fn all<'k, K: 'k>(objects: impl IntoIterator<Item = &'k Object<K>>, says: &str, look: &mut Look) {
    for object in objects {
        look.at(&object.meta, says);
    }
}

/// Returns the mesh config, if all of it is in the manifests; what is missing is a doubt.
fn mesh_config<'s>(subject: &'s Subject<'_, '_>, look: &mut Look) -> Option<&'s MeshConfig> {
    let config = &subject.scene.mesh.config;
    if let Some(unread) = config.unread {
        look.doubts(unread, "values of the control plane come from elsewhere, and may say anything");
        return None;
    }
    config.knows_mesh().then_some(&config.mesh)
}

/// Notes what the mesh config says, at the place where it does, or where it would.
fn at_mesh_config(subject: &Subject<'_, '_>, span: Option<Span>, says: impl Into<String>, look: &mut Look) {
    let place = span.or_else(|| subject.scene.mesh.config_place());
    if let Some(place) = place {
        look.at_setting("mesh config", &holder(subject.scene.mesh.manifests, place), says, place);
    }
}

/// Returns the name of the object that a place is in.
fn holder(manifests: &Manifests, place: Span) -> String {
    let holds = |meta: &&Meta| {
        meta.span.file == place.file && meta.span.start <= place.start && place.end <= meta.span.end
    };
    manifests.metas().find(holds).map_or_else(String::new, |meta| meta.id().to_string())
}

/// Returns the release that installs the control plane whose values are read, if they are all in the manifests.
fn control_plane<'m>(subject: &Subject<'_, 'm>, look: &mut Look) -> Option<&'m Object<HelmRelease>> {
    mesh_config(subject, look)?;
    control_planes(subject.scene.mesh.manifests).next()
}

/// Returns a variable of istiod's environment.
fn variable(subject: &Subject<'_, '_>, name: &str) -> Option<(String, Span)> {
    let config = &subject.scene.mesh.config;
    let variable = config.control_plane.environment(name, config.release.0 >= 24)?;
    Some((variable.value.0.clone(), variable.span))
}

/// Tells whether a namespace asks for sidecars.
fn asks_for_sidecars(scope: &Scope<'_>) -> bool {
    match (scope.label("istio-injection"), scope.label("istio.io/rev")) {
        (Some(word), _) => word.value == "enabled",
        (None, revision) => revision.is_some(),
    }
}

/// Leaves a rule about workloads open where a profile alone speaks of some.
fn doubt_assumed(subject: &Subject<'_, '_>, look: &mut Look) {
    let assumed: Vec<_> = subject.assumed_pods().collect();
    let Some(first) = assumed.first() else { return };
    let (count, name) = (assumed.len(), first.path());
    let message = if count == 1 {
        format!("a profile only assumes the workload `{name}`, and no manifest here applies it")
    } else {
        format!(
            "a profile only assumes {count} workloads, `{name}` among them, and no manifest here applies them"
        )
    };
    look.doubts(first.workload.meta.head(), message);
}

/// Returns what is written at a place.
fn written<'s>(subject: &'s Subject<'_, '_>, span: Span) -> &'s str {
    subject.scene.sources.get(span.file).text[span.range()].trim()
}
