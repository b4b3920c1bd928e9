//! An ALLOW rule takes any identity of the mesh.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Action,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-allows-any-principal",
    severity: Severity::Warning,
    summary: "an ALLOW rule takes any identity of the mesh",
    happens: "`*` asks only that there is an identity: every workload that holds a certificate of the mesh may \
              call, in every namespace, and every one that will be added.",
    mend: "Name the principals or namespaces that are meant.",
    silent: "For request principals, where any valid token may be enough, and for DENY policies.",
    source: "pilot/pkg/security/authz/matcher/string.go and model/generator.go of Istio 1.21.1",
    rules: &["AC4-2", "AP22"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in
        scene.mesh.manifests.authorization_policies.iter().filter(|policy| policy.action() == Action::Allow)
    {
        for source in policy.rules.iter().flat_map(|rule| rule.sources()) {
            let words = source.principals.iter().chain(&source.namespaces).chain(&source.service_accounts);
            for word in words.filter(|word| word.value == "*" || word.value == "*/*") {
                findings
                    .report(
                        word.span,
                        format!("`{}` lets every workload of the mesh in", policy.meta.path()),
                        "any identity",
                    )
                    .help("name those that are meant");
            }
        }
    }
}
