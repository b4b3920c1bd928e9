//! An AuthorizationPolicy selects no workload that is shown.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-selects-nothing",
    severity: Severity::Warning,
    summary: "an AuthorizationPolicy selects no workload that is shown",
    happens: "A label that no pod carries makes the policy protect nobody. An ALLOW policy that was to close a \
              workload leaves it as open as it was.",
    mend: "Compare the selector with the labels of the pod template, not with those of the Deployment.",
    silent: "Where the manifests show no workload in its scope, and for policies of a gateway or of what a target \
             names.",
    source: "pilot/pkg/model/authorization.go of Istio 1.21.1",
    rules: &["AC4-4", "AP02", "KIA0004", "IST0127"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for policy in &mesh.manifests.authorization_policies {
        let first = policy.selector.as_ref().and_then(|selector| selector.match_labels.first());
        let Some((key, _)) =
            first.filter(|_| policy.targets().next().is_none() && !mesh.is_for_a_gateway(policy))
        else {
            continue;
        };
        let is_root = policy.meta.namespace() == mesh.config.root_namespace;
        let is_shown = if is_root {
            !mesh.pods().is_empty()
        } else {
            mesh.pods_in(policy.meta.namespace()).next().is_some()
        };
        if is_shown && mesh.pods_authorized_by(policy).is_empty() {
            findings
                .report(
                    key.span,
                    format!("`{}` selects no workload", policy.meta.path()),
                    "no pod in its scope has these labels",
                )
                .help("a policy sees the labels of the pod template");
        }
    }
}
