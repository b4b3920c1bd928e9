//! An ALLOW rule says what may be called, and not by whom.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, AuthorizationRule},
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-without-caller",
    severity: Severity::Warning,
    summary: "an ALLOW rule says what may be called, and not by whom",
    happens: "Every caller that the transport admits may call these paths, methods or ports: every workload of the \
              mesh, and under PERMISSIVE mutual TLS everybody.",
    mend: "Say who may call: `from` with `principals` or `namespaces`.",
    silent: "For a policy of a gateway, and for a rule with a condition, which may name the caller.",
    source: "pilot/pkg/security/authz/model/model.go of Istio 1.21.1",
    rules: &["AC4-2", "AP14"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let is_meant = policy.action() == Action::Allow && !scene.mesh.is_for_a_gateway(policy);
        let is_open = |rule: &&Spanned<AuthorizationRule>| {
            rule.when.is_empty()
                && !rule.matches_everything()
                && !rule.sources().any(|source| !source.is_empty())
        };
        for rule in policy.rules.iter().filter(|_| is_meant).filter(is_open) {
            findings
                .report(
                    rule.span,
                    format!("`{}` does not say who may call", policy.meta.path()),
                    "every caller matches",
                )
                .help("say who may call, in `from`");
        }
    }
}
