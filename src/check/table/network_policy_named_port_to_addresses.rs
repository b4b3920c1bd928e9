//! A rule opens a named port of addresses, which have no names.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::PortName,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-named-port-to-addresses",
    severity: Severity::Error,
    summary: "a rule opens a named port of addresses, which have no names",
    happens: "A name is looked up at a pod. For an `ipBlock` there is none, so that the port opens nothing.",
    mend: "Write the number.",
    silent: "Where the rule has a peer that selects pods as well.",
    source: "networking/v1 NetworkPolicyPort of Kubernetes 1.29",
    rules: &["NP15"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for rule in &policy.egress {
            let only_addresses =
                !rule.peers.is_empty() && rule.peers.iter().all(|peer| peer.ip_block.is_some());
            let named = rule
                .ports
                .iter()
                .filter_map(|port| port.port.as_ref())
                .find(|name| matches!(name.value, PortName::Name(_)));
            if let Some(name) = named.filter(|_| only_addresses) {
                findings
                    .report(
                        name.span,
                        format!("`{}` opens nothing at `{}`", policy.meta.path(), name.value),
                        "addresses have no named ports",
                    )
                    .help("write the number");
            }
        }
    }
}
