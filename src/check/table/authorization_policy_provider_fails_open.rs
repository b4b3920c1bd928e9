//! A policy leaves the decision to a provider whose silence is a yes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-provider-fails-open",
    severity: Severity::Warning,
    summary: "a policy leaves the decision to a provider whose silence is a yes",
    happens: "With `failOpen` the proxy lets a request pass that the provider does not answer in time, or answers with an \
              error: whoever overloads the provider, or cuts it off, gets everything that the policy was to keep.",
    mend: "Remove `failOpen`, or write `failOpen: false`.",
    silent: "Where the mesh config is not shown or comes from elsewhere, and for control planes beside the first.",
    source: "FailureModeAllow in pilot/pkg/security/authz/builder/extauthz.go of Istio 1.21.1",
    rules: &["AC4-11", "J16"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    let policies = scene.mesh.manifests.authorization_policies.iter().filter(|_| config.knows_mesh());
    for policy in policies.filter(|policy| policy.action() == Action::Custom) {
        let name = policy.provider.as_ref().and_then(|provider| provider.name.as_ref());
        let Some((name, place)) =
            name.and_then(|name| Some((name, config.mesh.authorizer(name)?.fails_open()?)))
        else {
            continue;
        };
        findings
            .report(
                name.span,
                format!("requests pass `{}` where `{name}` does not answer", policy.meta.path()),
                "its silence is a yes",
            )
            .context(place, "so it is said here")
            .help("remove `failOpen`");
    }
}
