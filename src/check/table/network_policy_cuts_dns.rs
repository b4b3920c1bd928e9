//! Workloads are isolated in egress, and may not ask for names.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Direction, NetworkPolicy, Object, Protocol},
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
    let mut told = BTreeSet::new();
    for pod in scene.mesh.pods() {
        let isolating: Vec<&Object<NetworkPolicy>> = scene
            .mesh
            .network_policies_of(pod)
            .iter()
            .copied()
            .filter(|policy| policy.isolates(Direction::Egress))
            .collect();
        let opens = |policy: &&Object<NetworkPolicy>| {
            policy.egress.iter().any(|rule| {
                rule.ports.is_empty() || rule.ports.iter().any(|port| port.protocol() == Protocol::Udp)
            })
        };
        let Some(first) = isolating.first().filter(|_| !isolating.iter().any(opens)) else { continue };
        if told.insert(pod.namespace) {
            findings
                .report(
                    first.meta.head(),
                    format!("`{}` may not ask for names", pod.path()),
                    "isolates egress, and nothing opens UDP 53",
                )
                .help("open UDP and TCP 53 to the cluster's resolvers");
        }
    }
}
