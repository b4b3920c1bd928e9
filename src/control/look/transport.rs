//! What transport is taken, and spoken.

use super::{all, at_mesh_config, mesh_config, variable};
use crate::{
    control::{Look, Subject},
    manifest::{Mode, Object, PeerAuthentication},
};

/// SC8-1: without a selector, in the root namespace; what has a selector there selects nothing
/// (`ComposePeerAuthentication` in `pilot/pkg/security/authn/policy_applier.go` of Istio 1.21.1).
pub(in crate::control) fn mesh_wide_strict(subject: &Subject<'_, '_>, look: &mut Look) {
    for policy in mesh_wide(subject) {
        let place =
            policy.mtls.as_ref().and_then(|tls| tls.mode).map_or(policy.meta.head(), |mode| mode.span);
        match policy.mode() {
            Mode::Strict => look.at_place(&policy.meta, "STRICT for the whole mesh", place),
            Mode::Permissive | Mode::Disable => {
                look.breaks(
                    place,
                    format!("`{}` does not say STRICT for the whole mesh", policy.meta.path()),
                );
            }
            // The finding `mesh-strict-missing`, unless another says more.
            Mode::Unset => {}
        }
    }
}

fn mesh_wide<'m>(subject: &Subject<'_, 'm>) -> impl Iterator<Item = &'m Object<PeerAuthentication>> {
    let (manifests, root) = (subject.scene.mesh.manifests, subject.scene.mesh.config.root_namespace.clone());
    manifests
        .peer_authentications
        .iter()
        .filter(move |policy| policy.meta.namespace() == root && !policy.has_selector())
}

/// SC8-2: the narrower policy wins, and a port wins over its pod.
pub(in crate::control) fn narrower_modes(subject: &Subject<'_, '_>, look: &mut Look) {
    let root = subject.scene.mesh.config.root_namespace.as_str();
    let is_narrower =
        |policy: &&Object<PeerAuthentication>| policy.meta.namespace() != root || policy.has_selector();
    for policy in subject.scene.mesh.manifests.peer_authentications.iter().filter(is_narrower) {
        let ports = policy.port_level_mtls.iter().count();
        let ports = if ports == 0 { String::new() } else { format!(", and for {ports} of its ports") };
        look.at(&policy.meta, format!("{}{ports}", word(policy.mode())));
    }
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::Unset => "leaves the mode to the mesh",
        Mode::Strict => "STRICT",
        Mode::Permissive => "PERMISSIVE",
        Mode::Disable => "DISABLE",
    }
}

/// SC8-11.
pub(in crate::control) fn destination_rules(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.destination_rules, "leaves the transport as it is", look);
}

/// SC8-12: `enableAutoMtls` is true unless said, and istiod's `VERIFY_CERTIFICATE_AT_CLIENT` likewise
/// (`pilot/pkg/features` of Istio 1.21.1).
pub(in crate::control) fn clients(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let span = mesh.enable_auto_mtls.map(|claim| claim.span);
    at_mesh_config(subject, span, format!("enableAutoMtls: {}", mesh.has_auto_mtls()), look);
    if let Some((value, place)) = variable(subject, "VERIFY_CERTIFICATE_AT_CLIENT") {
        if is_false(&value) {
            look.breaks(place, "clients do not verify certificates of servers outside the mesh");
        } else {
            at_mesh_config(subject, Some(place), format!("VERIFY_CERTIFICATE_AT_CLIENT: {value}"), look);
        }
    }
}

/// Go's `strconv.ParseBool`; istiod takes what that does not know for the default.
fn is_false(value: &str) -> bool {
    ["0", "f", "F", "false", "FALSE", "False"].contains(&value)
}

/// SC8-13.
pub(in crate::control) fn sidecars(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.sidecars, "leaves capture and transport as they are", look);
}

/// SC8-14: a ProxyConfig may choose another image, and set any variable of the proxy.
pub(in crate::control) fn filters(subject: &Subject<'_, '_>, look: &mut Look) {
    let manifests = subject.scene.mesh.manifests;
    all(&manifests.envoy_filters, "changes nothing that is unproved", look);
    all(&manifests.wasm_plugins, "changes nothing that is unproved", look);
    for config in &manifests.proxy_configs {
        look.doubts(
            config.meta.head(),
            format!("`{}` may choose the proxy's image and environment", config.meta.id()),
        );
    }
}
