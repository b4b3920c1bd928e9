//! A policy that refuses or asks a provider has no rules, and never does.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-without-rules",
    severity: Severity::Error,
    summary: "a policy that refuses or asks a provider has no rules, and never does",
    happens: "A DENY, CUSTOM or AUDIT policy acts on what its rules match, and without rules nothing matches. \
              Istio's webhook refuses such a policy; where the webhook is absent it does nothing.",
    mend: "Add the rules: `rules: [{}]` matches everything.",
    silent: "For ALLOW policies: without rules they close what they select.",
    source: "ValidateAuthorizationPolicy in pkg/config/validation/validation.go and authz/builder of Istio 1.21.1",
    rules: &["AP09"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in scene.mesh.manifests.authorization_policies.iter().filter(|policy| policy.rules.is_empty())
    {
        if let Some(action) = policy.action.filter(|action| action.value != Action::Allow) {
            findings
                .report(
                    action.span,
                    format!("`{}` never matches", policy.meta.path()),
                    "without rules, does nothing",
                )
                .help("add the rules: `rules: [{}]` matches everything");
        }
    }
}
