//! A condition names an attribute that does not exist.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    schema::nearest,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-unknown-condition",
    severity: Severity::Error,
    summary: "a condition names an attribute that does not exist",
    happens: "Istio's webhook refuses the policy; where the webhook is absent the rule cannot be built, and the \
              whole policy is not what it says.",
    mend: "Name one of the attributes of the reference.",
    silent: "For `experimental.envoy.filters.` attributes, which may be anything.",
    source: "ValidateAttribute in pkg/config/security/security.go of Istio 1.21.1",
    rules: &["AP14"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

const NAMES: [&str; 12] = [
    "source.ip",
    "remote.ip",
    "source.namespace",
    "source.principal",
    "source.serviceAccount",
    "source.trustDomain",
    "request.auth.principal",
    "request.auth.audiences",
    "request.auth.presenter",
    "destination.ip",
    "destination.port",
    "connection.sni",
];
const MAPS: [&str; 3] = ["request.headers", "request.auth.claims", "experimental.envoy.filters."];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for condition in policy.rules.iter().flat_map(|rule| &rule.when) {
            let key = &condition.key;
            let is_map =
                MAPS.iter().any(|name| key.starts_with(name)) && key.ends_with(']') && key.contains('[');
            if NAMES.contains(&key.as_str()) || is_map {
                continue;
            }
            let known = NAMES.into_iter().chain(["request.headers[...]", "request.auth.claims[...]"]);
            let label = nearest(key, known)
                .map_or_else(|| "no such attribute".to_owned(), |near| format!("did you mean `{near}`?"));
            findings.report(
                key.span,
                format!("`{}` asks for the unknown attribute `{key}`", policy.meta.path()),
                label,
            );
        }
    }
}
