//! A rule names callers that do not exist, or have no identity.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Word,
    mesh::{Pod, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-source-unknown",
    severity: Severity::Warning,
    summary: "a rule names callers that do not exist, or have no identity",
    happens: "No workload that is shown runs as the account, or none in the namespace has a sidecar: an ALLOW rule \
              then never matches, and the flow that it was to open is refused; a DENY rule never bites.",
    mend: "Name the account of the pods (`serviceAccountName`), and give callers a sidecar.",
    silent: "Where the manifests show no workload of the namespace, for patterns, and for accounts of gateways, \
             whose pods a chart makes.",
    source: "srcPrincipalGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1",
    rules: &["AC4-5", "KIA0106", "KIA0101", "IST0101", "J03", "J04"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for policy in &mesh.manifests.authorization_policies {
        for source in policy.rules.iter().flat_map(|rule| rule.sources()) {
            let principals = source.principals.iter().filter_map(|word| Some((word, account(word)?)));
            for (word, (namespace, account)) in principals {
                let named = mesh.pods_in(namespace).filter(|pod| pod.workload.service_account() == account);
                if mesh.pods_in(namespace).next().is_some() && !is_in_mesh(named) {
                    findings
                        .report(
                            word.span,
                            format!("no workload in the mesh runs as `{account}` of `{namespace}`"),
                            "never matches",
                        )
                        .help("name the `serviceAccountName` of the callers, which need a sidecar");
                }
            }
            let literal = |word: &&Word| !word.contains('*');
            for word in source.namespaces.iter().filter(literal) {
                if mesh.pods_in(word).next().is_some() && !is_in_mesh(mesh.pods_in(word)) {
                    findings
                        .report(word.span, format!("no workload of `{word}` has a sidecar"), "never matches")
                        .help("without a sidecar a caller has no identity");
                }
            }
        }
    }
}

fn is_in_mesh<'m>(mut pods: impl Iterator<Item = &'m Pod<'m>>) -> bool {
    pods.any(|pod| pod.injection.is_injected != Truth::No)
}

/// Returns the namespace and account of a principal that names both, `<trust domain>/ns/<namespace>/sa/<account>`.
fn account(principal: &str) -> Option<(&str, &str)> {
    let (_, rest) = principal.split_once("/ns/")?;
    let (namespace, account) = rest.split_once("/sa/")?;
    (!principal.contains('*')).then_some((namespace, account))
}
