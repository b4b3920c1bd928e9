//! A policy names a target that no sidecar looks at.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-target-ref-ignored",
    severity: Severity::Warning,
    summary: "a policy names a target that no sidecar looks at",
    happens: "Sidecars pass over a policy with `targetRef` or `targetRefs` whole: it is held by a Gateway of the \
              Gateway API or by a waypoint, and by nothing else.",
    mend: "Select the workload by its labels.",
    silent: "For targets of kind Gateway and GatewayClass, and where a waypoint is shown.",
    source: "pkg/config/analysis and pilot/pkg/model/policyattachment.go of Istio 1.21.1 and 1.30",
    rules: &["AP03", "IST0167"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for target in
            policy.targets().filter(|target| !["Gateway", "GatewayClass"].contains(&target.kind.as_str()))
        {
            if !scene.mesh.has_waypoint() {
                findings
                    .report(
                        target.kind.span,
                        format!("no proxy holds `{}`", policy.meta.path()),
                        "only a waypoint looks at it",
                    )
                    .help("select the workload by its labels");
            }
        }
        let selects = policy.selector.as_ref().and_then(|selector| selector.match_labels.first());
        if let (Some(target), Some((key, _))) = (policy.targets().next(), selects) {
            findings
                .report(
                    target.kind.span,
                    format!("`{}` has a target and a selector", policy.meta.path()),
                    "the webhook refuses both",
                )
                .context(key.span, "and this")
                .help("keep one of them");
        }
    }
}
