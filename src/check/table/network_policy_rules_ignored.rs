//! A NetworkPolicy has rules for a direction that it does not isolate.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Direction,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-rules-ignored",
    severity: Severity::Error,
    summary: "a NetworkPolicy has rules for a direction that it does not isolate",
    happens: "`policyTypes` says what is isolated, and rules of another direction are not looked at: the pods take \
              or make every connection, although the policy reads as if it named the only ones.",
    mend: "Add the direction to `policyTypes`.",
    silent: "Where `policyTypes` is left out: rules of egress then isolate by themselves.",
    source: "pkg/apis/networking/v1/defaults.go and types.go of Kubernetes 1.29",
    rules: &["NP06"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for (direction, word) in [(Direction::Ingress, "Ingress"), (Direction::Egress, "Egress")] {
            let Some(rule) = policy.rules(direction).first().filter(|_| !policy.isolates(direction)) else {
                continue;
            };
            let stated =
                policy.policy_types.iter().flatten().next().map_or(policy.meta.head(), |stated| stated.span);
            findings
                .report(
                    rule.span,
                    format!("rules of `{}` are not looked at", policy.meta.path()),
                    format!("{word} is not isolated"),
                )
                .context(stated, "only this is")
                .help(format!("add `{word}` to `policyTypes`"));
        }
    }
}
