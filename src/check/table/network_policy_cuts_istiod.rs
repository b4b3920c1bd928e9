//! Workloads of the mesh may not reach istiod.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{NetworkPolicy, NetworkRule, Object, Peer, Protocol},
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-cuts-istiod",
    severity: Severity::Error,
    summary: "workloads of the mesh may not reach istiod",
    happens: "A sidecar gets its certificate and its configuration from istiod at 15012. Without it no proxy \
              becomes ready, and no pod of the workload starts.",
    mend: "Open TCP 15012 to the pods of istiod.",
    silent: "Where a rule opens the port, and its peers may be the pods of istiod: a range of addresses, or pods by \
             labels other than the chart's `app: istiod`; and for workloads without a sidecar.",
    source: "istio.io/latest/docs/ops/deployment/application-requirements, ports used by Istio; the labels are those of \
             templates/deployment.yaml in the chart istiod of Istio 1.21 to 1.30",
    rules: &["J14"],
    controls: &[],
    run,
};

const CONFIGURATION: u16 = 15012;

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let meshed = scene.mesh.pods().iter().filter(|pod| pod.injection.is_injected == Truth::Yes);
    let opens =
        |_: &Object<NetworkPolicy>, rule: &NetworkRule| may_be_istiod(rule) && opens_configuration(rule);
    for (pod, policy) in scene.cut_off(meshed, opens) {
        findings
            .report(
                policy.meta.head(),
                format!("the sidecar of `{}` does not reach istiod", pod.path()),
                "isolates egress, and nothing opens 15012",
            )
            .help("open TCP 15012 to the pods of istiod");
    }
}

/// Tells whether the pods of istiod may be among the peers.
fn may_be_istiod(rule: &NetworkRule) -> bool {
    let is_other = |peer: &Peer| {
        let labels = peer.pod_selector.as_ref().map(|selector| &selector.match_labels);
        labels.and_then(|labels| labels.named("app")).is_some_and(|app| app.value != "istiod")
    };
    rule.peers.is_empty() || !rule.peers.iter().all(|peer| is_other(peer))
}

fn opens_configuration(rule: &NetworkRule) -> bool {
    rule.ports.is_empty() || rule.ports.iter().any(|port| port.may_mean(Protocol::Tcp, CONFIGURATION))
}
