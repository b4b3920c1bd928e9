//! Workloads are isolated by no NetworkPolicy in a direction.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Direction,
    mesh::Pod,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-without-default-deny",
    severity: Severity::Warning,
    summary: "workloads are isolated by no NetworkPolicy in a direction",
    happens: "A pod that no policy isolates takes every connection, or makes every one. What the mesh refuses is \
              refused by the proxy alone: a pod that leaves its proxy out, or has none, is bound by nothing.",
    mend: "Put a NetworkPolicy into the namespace with `podSelector: {}` and `policyTypes: [Ingress, Egress]`, and \
           then open what is meant.",
    silent: "For pods with the node's own network, which no policy isolates, and where policies of another kind are \
             shown that are not modelled.",
    source: "networking/v1 NetworkPolicy of Kubernetes; istio.io/latest/docs/ops/best-practices/security",
    rules: &["AC4-10", "SC7-4", "NP01", "NP03", "C-0260"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    if !mesh.manifests.unmodelled.is_empty() {
        return;
    }
    for scope in mesh.namespaces() {
        for (direction, what) in [(Direction::Ingress, "take"), (Direction::Egress, "make")] {
            let is_open = |pod: &&Pod<'_>| {
                !pod.workload.has_host_network()
                    && !mesh.network_policies_of(pod).iter().any(|policy| policy.isolates(direction))
            };
            let open: Vec<&Pod<'_>> = mesh.pods_in(scope.name).filter(is_open).collect();
            let Some(first) = open.first() else { continue };
            let workloads = if open.len() == 1 {
                format!("`{}`", first.path())
            } else {
                format!("{} workloads of `{}`", open.len(), scope.name)
            };
            let verb = if open.len() == 1 { format!("{what}s") } else { what.to_owned() };
            let word = if direction == Direction::Ingress { "Ingress" } else { "Egress" };
            findings
                .report(first.workload.meta.head(), format!("{workloads} {verb} every connection"), format!("no policy isolates {word}"))
                .help(format!("a NetworkPolicy in `{}` with `podSelector: {{}}` and `policyTypes: [Ingress, Egress]` closes both", scope.name));
        }
    }
}
