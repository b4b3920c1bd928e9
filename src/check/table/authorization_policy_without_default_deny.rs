//! Workloads of the mesh that no policy closes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
    mesh::{Pod, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-without-default-deny",
    severity: Severity::Error,
    summary: "no enforced ALLOW policy selects a workload, so that everybody may call it",
    happens: "Istio refuses what no rule allows only where an ALLOW policy selects the workload. Where none does, every \
              caller that the transport admits may call it; DENY policies take single requests out of that, no more.",
    mend: "Put an AuthorizationPolicy with an empty `spec` into the root namespace: it allows nothing, and so closes every \
           workload of the mesh. Then allow what is meant.",
    silent: "For pods that have no sidecar, or of which that is unknown.",
    source: "pilot/pkg/security/authz/builder/builder.go of Istio 1.21.1; istio.io/latest/docs/concepts/security",
    rules: &["AC4-1", "AP07", "AP08", "KIA1301"],
    controls: &[Control::Ac3, Control::Ac4, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let is_in_mesh = |pod: &&Pod<'_>| pod.injection.is_injected == Truth::Yes;
    for pod in scene.mesh.pods().iter().filter(is_in_mesh) {
        let mut policies = scene.mesh.authorization_of(pod).iter();
        let is_closed =
            policies.any(|policy| policy.action() == Action::Allow && !policy.is_dry_run(&policy.meta));
        if !is_closed {
            findings
                .report(
                    pod.workload.meta.head(),
                    format!("everybody may call `{}`", pod.path()),
                    "no ALLOW policy selects it",
                )
                .help(format!(
                    "an AuthorizationPolicy with `spec: {{}}` in `{}` closes every workload",
                    scene.mesh.config.root_namespace
                ));
        }
    }
}
