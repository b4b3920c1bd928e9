//! A Role lets somebody write the policies of the mesh.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "role-grants-mesh-kinds",
    severity: Severity::Warning,
    summary: "a Role lets somebody write the policies of the mesh",
    happens: "Whoever may write PeerAuthentications, AuthorizationPolicies or EnvoyFilters in a namespace may undo \
              what protects it: a narrower policy beats the mesh-wide one.",
    mend: "Leave these kinds to the platform; let teams declare flows in their fragment.",
    silent: "For ClusterRoles of controllers, which are named `system:` or belong to Flux and Istio.",
    source: "rbac/v1 of Kubernetes; ComposePeerAuthentication of Istio 1.21.1",
    rules: &["SC8-2"],
    controls: &[Control::Ac3, Control::Sc8],
    run,
};

const GROUPS: [&str; 3] = ["security.istio.io", "networking.istio.io", "*"];
const WRITES: [&str; 6] = ["create", "update", "patch", "delete", "deletecollection", "*"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for role in &scene.mesh.manifests.roles {
        let name = role.meta.name.as_str();
        if ["system:", "istio", "flux", "crd-controller", "cluster-reconciler"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            continue;
        }
        for rule in &role.rules {
            let writes = rule.verbs.iter().any(|verb| WRITES.contains(&verb.as_str()));
            if let Some(group) =
                rule.api_groups.iter().find(|group| GROUPS.contains(&group.as_str())).filter(|_| writes)
            {
                findings.report(
                    group.span,
                    format!("`{}` may undo what protects the mesh", role.meta.id()),
                    "may write policies",
                );
            }
        }
    }
}
