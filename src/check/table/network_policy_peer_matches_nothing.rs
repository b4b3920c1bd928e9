//! A rule opens a way for pods of its own namespace that do not exist.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-peer-matches-nothing",
    severity: Severity::Warning,
    summary: "a rule opens a way for pods of its own namespace that do not exist",
    happens: "The labels match no pod of the namespace: the flow that the rule was to open stays closed, and \
              whoever labels a pod so later gets it.",
    mend: "Compare the selector with the labels of the pod template of the other end.",
    silent: "For peers in other namespaces, and where the manifests show no workload of the policy's own.",
    source: "networking/v1 NetworkPolicyPeer of Kubernetes",
    rules: &["NP22"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let namespace = policy.meta.namespace();
        if scene.mesh.pods_in(namespace).next().is_none() {
            continue;
        }
        for peer in policy.ingress.iter().chain(&policy.egress).flat_map(|rule| &rule.peers) {
            let Some(selector) = peer.pod_selector.as_ref().filter(|_| peer.namespace_selector.is_none())
            else {
                continue;
            };
            let place = selector
                .match_labels
                .first()
                .map(|(key, _)| key.span)
                .or(selector.match_expressions.first().map(|one| one.span));
            if let Some(place) = place.filter(|_| scene.mesh.selected(Some(namespace), selector).is_empty()) {
                findings
                    .report(
                        place,
                        format!("a peer of `{}` is nobody", policy.meta.path()),
                        "no pod of the namespace has these labels",
                    )
                    .help("for a pod of another namespace, add a `namespaceSelector` to the same peer");
            }
        }
    }
}
