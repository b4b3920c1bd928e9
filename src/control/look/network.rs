//! What packets pass, whatever the proxies say.

use super::asks_for_sidecars;
use crate::{
    control::{Look, Subject},
    manifest::{Direction, NetworkPolicy, Object},
};

/// AC4-10: the root namespace takes part, for whoever gets there may be given certificates.
pub(in crate::control) fn closing(subject: &Subject<'_, '_>, look: &mut Look) {
    let mesh = subject.scene.mesh;
    for policy in &mesh.manifests.network_policies {
        let directions: Vec<&str> = [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")]
            .into_iter()
            .filter(|(direction, _)| policy.isolates(*direction))
            .map(|(_, word)| word)
            .collect();
        let whom = if policy.pod_selector.is_empty() { "every pod" } else { "chosen pods" };
        look.at(&policy.meta, format!("isolates {whom}: {}", directions.join(", ")));
    }
    for scope in mesh.namespaces() {
        let takes_part = asks_for_sidecars(scope) || scope.name == mesh.config.root_namespace;
        let Some(object) = scope.object.filter(|_| takes_part) else { continue };
        for (direction, what) in [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")] {
            let closes = |policy: &&Object<NetworkPolicy>| {
                policy.pod_selector.is_empty() && policy.isolates(direction)
            };
            if !mesh.network_policies_in(scope.name).iter().any(closes) {
                look.breaks(
                    object.meta.head(),
                    format!("no NetworkPolicy closes {what} for every pod of `{}`", scope.name),
                );
            }
        }
    }
}
