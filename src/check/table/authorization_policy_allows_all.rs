//! An ALLOW policy has a rule that everything matches.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-allows-all",
    severity: Severity::Error,
    summary: "an ALLOW policy has a rule that everything matches",
    happens: "A rule without `from`, `to` and `when` matches every request: the policy opens its workloads to every \
              caller that the transport admits, and undoes a default deny, because one rule that matches is enough.",
    mend: "Say who may call: `from` with `principals` or `namespaces`.",
    silent: "For a policy of a gateway, whose callers have no identity in the mesh.",
    source: "pilot/pkg/security/authz/builder/builder.go and model/model.go of Istio 1.21.1",
    rules: &["AC4-2", "AP09", "AP14"],
    controls: &[Control::Ac3, Control::Ac4, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let is_meant = policy.action() == Action::Allow && !scene.mesh.is_for_a_gateway(policy);
        for rule in policy.rules.iter().filter(|rule| is_meant && rule.matches_everything()) {
            findings
                .report(
                    rule.span,
                    format!("`{}` allows everything", policy.meta.path()),
                    "matches every request",
                )
                .help("say who may call, in `from`");
        }
    }
}
