//! A range is written with the address of a host in it.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::{Edit, Severity},
    manifest::IpBlock,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-block-host-bits",
    severity: Severity::Note,
    summary: "a range is written with the address of a host in it",
    happens: "Only the part before the prefix counts: `10.0.0.1/24` is all of `10.0.0.0/24`. Whoever reads it may \
              think of one address.",
    mend: "Write the range by its first address, or `/32` for one.",
    silent: "Never.",
    source: "networking/v1 IPBlock of Kubernetes 1.29, and net.ParseCIDR",
    rules: &["NP18"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let peers = policy.ingress.iter().chain(&policy.egress).flat_map(|rule| &rule.peers);
        for block in peers.filter_map(|peer| peer.ip_block.as_ref()) {
            let IpBlock { cidr, except } = block;
            for range in [cidr].into_iter().chain(except).filter(|range| range.trunc() != range.value) {
                findings
                    .report(
                        range.span,
                        format!("{} is all of {}", range.value, range.trunc()),
                        "the part behind the prefix does not count",
                    )
                    .edit = Some(Edit { span: range.span, replacement: range.trunc().to_string() });
            }
        }
    }
}
