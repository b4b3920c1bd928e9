//! An ALLOW rule only says who may not call, and so lets callers without an identity in.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, Mode, Source, Word},
    mesh::{Mesh, Pod, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-negative-allow",
    severity: Severity::Error,
    summary: "an ALLOW rule only says who may not call, and so lets callers without an identity in",
    happens: "Whoever speaks plaintext has no principal and no namespace, so that `notPrincipals` and \
              `notNamespaces` match: the rule lets everybody in who leaves the mesh out (ISTIO-SECURITY-2021-004).",
    mend: "Say who may call, with `principals` or `namespaces`; or refuse the others in a DENY policy.",
    silent: "Where mutual TLS is STRICT for every workload that the policy selects, and where another field of the \
             source asks for an identity.",
    source: "ISTIO-SECURITY-2021-004, and pilot/pkg/security/authz/model/model.go of Istio 1.21.1",
    rules: &["AC4-6", "AP23", "KIA0105"],
    controls: &[Control::Ac3, Control::Ac4, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in
        scene.mesh.manifests.authorization_policies.iter().filter(|policy| policy.action() == Action::Allow)
    {
        for source in policy.rules.iter().flat_map(|rule| rule.sources()) {
            let Some(word) = negative(source).filter(|_| !asks_for_an_identity(source)) else { continue };
            if let Some(pod) = scene
                .mesh
                .pods_authorized_by(policy)
                .iter()
                .map(|id| scene.mesh.pod(*id))
                .find(|pod| takes_plaintext(scene.mesh, pod))
            {
                findings
                    .report(
                        word.span,
                        format!(
                            "`{}` lets callers without an identity call `{}`",
                            policy.meta.path(),
                            pod.path()
                        ),
                        "plaintext matches this",
                    )
                    .help("say who may call, with `principals` or `namespaces`");
            }
        }
    }
}

fn negative(source: &Source) -> Option<&Word> {
    source.not_principals.first().or(source.not_namespaces.first()).or(source.not_service_accounts.first())
}

fn asks_for_an_identity(source: &Source) -> bool {
    [&source.principals, &source.namespaces, &source.service_accounts, &source.request_principals]
        .iter()
        .any(|list| !list.is_empty())
}

fn takes_plaintext(mesh: &Mesh<'_>, pod: &Pod<'_>) -> bool {
    let ports = mesh.ports_with_a_mode(pod).into_iter().map(Some).chain([None]);
    pod.injection.is_injected == Truth::Yes
        && ports.into_iter().any(|port| mesh.mode(pod, port).mode != Mode::Strict)
}
