//! Workloads are isolated in egress, and may not ask for names.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{NetworkPolicy, NetworkRule, Object, Peer, Protocol},
    mesh::Pod,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-cuts-dns",
    severity: Severity::Warning,
    summary: "workloads are isolated in egress, and may not ask for names",
    happens: "Without a rule that opens UDP 53, no name is resolved: every call that is made by name fails, and the \
              proxy does not find istiod.",
    mend: "Open UDP and TCP 53 to the cluster's resolvers.",
    silent: "Where a rule opens UDP 53, 5353 (where the resolvers of OpenShift listen), or a port by its name to whoever \
             may be a resolver: addresses, namespaces that are not told by their name or show no pod, `kube-system`, \
             `openshift-dns`, and pods that declare the port.",
    source: "kubernetes.io/docs/concepts/services-networking/dns-pod-service; a policy compares the pod's port, which \
             the operator's DaemonSet `dns-default` of OpenShift sets to 5353",
    rules: &["NP39", "J14"],
    controls: &[],
    run,
};

/// Where a resolver listens.
const PORTS: [u16; 2] = [53, 5353];

/// Namespaces whose pods may be resolvers, whatever the manifests show of them.
const HOMES: [&str; 2] = ["kube-system", "openshift-dns"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let is_for_dns = |number: &u16, rule: &NetworkRule| {
        rule.ports.iter().any(|port| port.may_mean(Protocol::Udp, *number))
    };
    let opens = |policy: &Object<NetworkPolicy>, rule: &NetworkRule| {
        let may_be_resolver = |peer: &Spanned<Peer>| may_be_resolver(scene, policy, peer);
        (rule.ports.is_empty() || PORTS.iter().any(|number| is_for_dns(number, rule)))
            && (rule.peers.is_empty() || rule.peers.iter().any(may_be_resolver))
    };
    for (pod, policy) in scene.cut_off(scene.mesh.pods().iter(), opens) {
        findings
            .report(
                policy.meta.head(),
                format!("`{}` may not ask for names", pod.path()),
                "isolates egress, and nothing opens UDP 53 to a resolver",
            )
            .help("open UDP and TCP 53 to the cluster's resolvers");
    }
}

fn may_be_resolver(scene: &Scene<'_>, policy: &Object<NetworkPolicy>, peer: &Peer) -> bool {
    let Some(namespace) = peer.namespace(policy.meta.namespace()) else { return true };
    let listens = |pod: &Pod<'_>| pod.workload.ports().any(|port| PORTS.contains(&port.container_port.value));
    HOMES.contains(&namespace)
        || scene.mesh.pods_in(namespace).next().is_none()
        || scene.pods_of_peer(namespace, peer).into_iter().any(listens)
}
