//! A policy in the root namespace that selects, and so selects nothing.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-root-selector",
    severity: Severity::Error,
    summary: "a PeerAuthentication with a selector stands in the root namespace, and is ignored",
    happens: "Istio takes a PeerAuthentication of the root namespace for the whole mesh only if it has no selector; with \
              one it is ignored entirely, for pods of the root namespace too. A mesh whose only STRICT policy is such a \
              one is PERMISSIVE.",
    mend: "Remove the selector for a mesh-wide mode, or move the policy into the namespace of the workloads.",
    silent: "Where no mesh configuration says which namespace is the root, `istio-system` is taken for it.",
    source: "ComposePeerAuthentication in pilot/pkg/security/authn/policy_applier.go of Istio 1.21.1",
    rules: &["PA04", "SC8-1"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let root = scene.mesh.config.root_namespace.as_str();
    for policy in &scene.mesh.manifests.peer_authentications {
        let labels = policy.selector.as_ref().and_then(|selector| selector.match_labels.first());
        if let Some((key, _)) = labels.filter(|_| policy.meta.namespace() == root) {
            findings
                .report(
                    key.span,
                    format!("`{}` is ignored: a selector in the root namespace", policy.meta.path()),
                    "selects nothing here",
                )
                .help("remove the selector, or move the policy into the namespace of the workloads");
        }
    }
}
