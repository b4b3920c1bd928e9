//! A DENY rule names callers by an identity that plaintext does not have.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, Mode},
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-deny-misses-plaintext",
    severity: Severity::Warning,
    summary: "a DENY rule names callers by an identity that plaintext does not have",
    happens: "A caller of the namespace or account that speaks plaintext has no identity, so that the rule does not \
              match it: what is meant to be refused is refused only to those who use their sidecar.",
    mend: "Make mutual TLS STRICT for the workloads, so that every caller has an identity; or deny by \
           `notPrincipals: [\"*\"]` as well.",
    silent: "Where mutual TLS is STRICT for every workload that the policy selects.",
    source: "pilot/pkg/security/authz/model/generator.go of Istio 1.21.1; measured on Envoy 1.40",
    rules: &["AP23", "J05"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for policy in
        mesh.manifests.authorization_policies.iter().filter(|policy| policy.action() == Action::Deny)
    {
        let open =
            mesh.pods_authorized_by(policy).into_iter().map(|id| mesh.pod(id)).find(|pod| {
                pod.injection.is_injected == Truth::Yes && mesh.mode(pod, None).mode != Mode::Strict
            });
        let Some(pod) = open else { continue };
        for source in policy.rules.iter().flat_map(|rule| rule.sources()) {
            let named = [&source.principals, &source.namespaces, &source.service_accounts];
            if let Some(word) = named.iter().find_map(|list| list.first()) {
                findings
                    .report(
                        word.span,
                        format!("`{}` does not refuse plaintext to `{}`", policy.meta.path(), pod.path()),
                        "plaintext has no identity",
                    )
                    .help("make mutual TLS STRICT, so that every caller has one");
            }
        }
    }
}
