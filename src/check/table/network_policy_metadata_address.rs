//! A rule lets pods call the cloud's metadata address.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-metadata-address",
    severity: Severity::Warning,
    summary: "a rule lets pods call the cloud's metadata address",
    happens: "Whoever can call 169.254.169.254 gets the node's own credentials from most clouds. A range that holds \
              it and does not except it opens it.",
    mend: "Add `169.254.169.254/32` to `except`, or narrow the range.",
    silent: "For a range that names the address alone: that is asked for.",
    source: "networking/v1 IPBlock of Kubernetes 1.29; the metadata services of AWS, Azure and Google Cloud",
    rules: &["NP17"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

/// Where instances ask for their credentials: on IPv4 every cloud, on IPv6 AWS.
const METADATA: [IpNet; 2] = [
    IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 169, 254), 32)),
    IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128)),
];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for block in
            policy.egress.iter().flat_map(|rule| &rule.peers).filter_map(|peer| peer.ip_block.as_ref())
        {
            let is_open = |address: &&IpNet| {
                let cidr = block.cidr.value;
                cidr.contains(*address)
                    && cidr.prefix_len() < address.max_prefix_len()
                    && !block.except.iter().any(|except| except.contains(*address))
            };
            if let Some(address) = METADATA.iter().find(is_open) {
                findings
                    .report(
                        block.cidr.span,
                        format!("`{}` opens the metadata address {}", policy.meta.path(), address.addr()),
                        "holds it",
                    )
                    .help(format!("add `{address}` to `except`"));
            }
        }
    }
}
