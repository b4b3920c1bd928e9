//! A NetworkPolicy selects pods with the node's own network, which it does not bind.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-host-network",
    severity: Severity::Note,
    summary: "a NetworkPolicy selects pods with the node's own network, which it does not bind",
    happens: "Such a pod sends and takes as the node: no policy isolates it, and no selector of another policy \
              matches it.",
    mend: "Take the pod off the node's network, or protect the node's ports by other means.",
    silent: "Where the selector is empty, as in a default deny.",
    source: "kubernetes.io/docs/concepts/services-networking/network-policies, hostNetwork pods",
    rules: &["NP30"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in
        scene.mesh.manifests.network_policies.iter().filter(|policy| !policy.pod_selector.is_empty())
    {
        let selected = scene.mesh.selected(Some(policy.meta.namespace()), &policy.pod_selector);
        for pod in selected.into_iter().map(|id| scene.mesh.pod(id)) {
            if let Some(network) = pod.workload.template.spec.host_network.filter(|network| network.value) {
                findings
                    .report(
                        policy.meta.head(),
                        format!("`{}` does not bind `{}`", policy.meta.path(), pod.path()),
                        "selects it in vain",
                    )
                    .context(network.span, "the node's own network");
            }
        }
    }
}
