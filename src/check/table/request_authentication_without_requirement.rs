//! Tokens are checked where there are any, and nobody has to bring one.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{AuthorizationRule, Source},
};

pub(super) const CHECK: Check = Check {
    code: "request-authentication-without-requirement",
    severity: Severity::Warning,
    summary: "tokens are checked where there are any, and nobody has to bring one",
    happens: "A RequestAuthentication refuses invalid tokens only. A request without a token passes, unless an \
              AuthorizationPolicy asks for a request principal.",
    mend: "Add an AuthorizationPolicy that asks for `requestPrincipals`, or that denies `notRequestPrincipals: \
           [\"*\"]`.",
    silent: "Where a policy that selects the workload asks for anything of a token.",
    source: "security/v1beta1/request_authentication.proto of istio/api 1.21; pilot/pkg/security/authn of Istio \
             1.21.1",
    rules: &["AP23"],
    controls: &[Control::Ac3],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for authentication in
        mesh.manifests.request_authentications.iter().filter(|found| !found.jwt_rules.is_empty())
    {
        let namespace = authentication.meta.namespace();
        let pods = match &authentication.selector {
            Some(selector) if !selector.is_empty() => mesh.labelled(namespace, &selector.match_labels),
            Some(_) | None => mesh.pods_in(namespace).map(|pod| pod.id).collect(),
        };
        let open = pods.into_iter().map(|id| mesh.pod(id)).find(|pod| {
            !mesh
                .authorization_of(pod)
                .iter()
                .any(|policy| policy.rules.iter().any(|rule| asks_for_a_token(rule)))
        });
        if let Some(pod) = open {
            findings
                .report(
                    authentication.meta.head(),
                    format!("`{}` is called without a token", pod.path()),
                    "checks a token if there is one",
                )
                .help("ask for `requestPrincipals` in an AuthorizationPolicy");
        }
    }
}

fn asks_for_a_token(rule: &AuthorizationRule) -> bool {
    let names =
        |source: &Source| !source.request_principals.is_empty() || !source.not_request_principals.is_empty();
    rule.sources().any(|source| names(source))
        || rule.when.iter().any(|condition| condition.key.starts_with("request.auth."))
}
