//! Workloads are isolated in egress, and may not ask for names.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{NetworkRule, Protocol},
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-cuts-dns",
    severity: Severity::Warning,
    summary: "workloads are isolated in egress, and may not ask for names",
    happens: "Without a rule that opens UDP 53, no name is resolved: every call that is made by name fails, and the \
              proxy does not find istiod.",
    mend: "Open UDP and TCP 53 to the cluster's resolvers.",
    silent: "Where any rule opens a UDP port, since resolvers may listen at another than 53, and where egress is \
             open to some peers at every port.",
    source: "kubernetes.io/docs/concepts/services-networking/dns-pod-service",
    rules: &["NP39", "J14"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for (pod, policy) in scene.cut_off(scene.mesh.pods().iter(), opens_udp) {
        findings
            .report(
                policy.meta.head(),
                format!("`{}` may not ask for names", pod.path()),
                "isolates egress, and nothing opens UDP 53",
            )
            .help("open UDP and TCP 53 to the cluster's resolvers");
    }
}

fn opens_udp(rule: &NetworkRule) -> bool {
    rule.ports.is_empty() || rule.ports.iter().any(|port| port.protocol() == Protocol::Udp)
}
