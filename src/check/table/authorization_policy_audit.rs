//! A policy only has requests noted.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-audit",
    severity: Severity::Note,
    summary: "a policy only has requests noted",
    happens: "An AUDIT policy never refuses and never admits: it marks requests for a plugin that writes them down, and \
              without one it does nothing. It closes no workload, as an ALLOW policy does.",
    mend: "Say ALLOW or DENY where calls are to be decided.",
    silent: "Never.",
    source: "security/v1beta1/authorization_policy.proto of istio/api 1.21, AUDIT",
    rules: &["AP10"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        if let Some(action) = policy.action.filter(|action| action.value == Action::Audit) {
            findings
                .report(action.span, format!("`{}` decides nothing", policy.meta.path()), "only noted")
                .help("say ALLOW or DENY where calls are to be decided");
        }
    }
}
