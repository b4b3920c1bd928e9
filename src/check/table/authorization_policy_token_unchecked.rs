//! A rule asks for a token where nothing checks tokens.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::AuthorizationRule,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-token-unchecked",
    severity: Severity::Warning,
    summary: "a rule asks for a token where nothing checks tokens",
    happens: "Only a RequestAuthentication that selects the workload has its proxy read a token. Without one no request \
              has a request principal: an ALLOW rule that asks for one never matches, and the calls that it was to let in \
              are refused; a DENY rule never bites.",
    mend: "Add a RequestAuthentication for the workload with the issuer of the tokens.",
    silent: "Where the policy selects no workload that is shown.",
    source: "security/v1beta1/request_authentication.proto of istio/api 1.21; pilot/pkg/security/authn of Istio 1.21.1",
    rules: &["AP35"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for policy in &mesh.manifests.authorization_policies {
        let Some(place) = policy.rules.iter().find_map(|rule| token(rule)) else { continue };
        let pods = mesh.pods_authorized_by(policy);
        let mut pods = pods.into_iter().map(|pod| mesh.pod(pod));
        if let Some(pod) = pods.find(|pod| mesh.issuers(pod).next().is_none()) {
            findings
                .report(
                    place,
                    format!("no RequestAuthentication has `{}` read a token", pod.path()),
                    "never matches",
                )
                .help("add a RequestAuthentication with the issuer of the tokens");
        }
    }
}

/// Returns where a rule asks for something that only a token has.
fn token(rule: &AuthorizationRule) -> Option<Span> {
    let principal = rule.sources().find_map(|source| source.request_principals.first());
    let asks = |key: &str| key.starts_with("request.auth.");
    let condition = rule.when.iter().find(|condition| asks(&condition.key) && !condition.values.is_empty());
    principal.map(|word| word.span).or(condition.map(|condition| condition.key.span))
}
