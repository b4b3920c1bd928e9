//! Addresses that would open more than their author can mean.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Cluster;
use crate::{
    diagnostic::{Diagnostic, Severity},
    source::Span,
    yaml::Node,
};

/// The widest network that one owner holds: `10.0.0.0/8`, and `fc00::/7` of RFC 4193.
const WIDEST: (u8, u8) = (8, 7);

/// Where the profile says addresses of the platform, what a wide network would do there, and the way out.
///
/// What is merely the same as leaving the key out is a warning.
const PLATFORM: &[(&[&str], Severity, &str, &str)] = &[
    (
        &["cluster", "podCIDRs"],
        Severity::Error,
        "would except nearly every address from egress",
        "write the range that the CNI plugin hands out",
    ),
    (
        &["cluster", "serviceCIDRs"],
        Severity::Error,
        "would except nearly every address from egress",
        "write the API server's `--service-cluster-ip-range`",
    ),
    (
        &["cluster", "nodeCIDRs"],
        Severity::Error,
        "would make nearly every address a node",
        "write the subnets of the nodes",
    ),
    (
        &["apiServer", "egress"],
        Severity::Warning,
        "opens no less than leaving it out",
        "write the API server's own addresses",
    ),
    (
        &["apiServer", "webhookFrom"],
        Severity::Warning,
        "opens no less than leaving it out",
        "write the control plane's own addresses",
    ),
    (
        &["gateway", "service", "sourceRanges"],
        Severity::Warning,
        "lets in nearly every client",
        "leave it out, or write the clients' ranges",
    ),
];

/// Reports wide networks among the addresses of the platform.
pub(super) fn of_platform(root: &Node, diagnostics: &mut Vec<Diagnostic>) {
    for (path, severity, why, instead) in PLATFORM {
        for item in root.at(path).map(Node::items).unwrap_or_default() {
            if let Some(cidr) = wide(item) {
                diagnostics.push(wide_opening(cidr, item.span, *severity, why, instead));
            }
        }
    }
    for resolver in root.at(&["dns", "peers"]).map(Node::items).unwrap_or_default() {
        if let Some((cidr, item)) = resolver.get("cidr").and_then(|item| Some((wide(item)?, item))) {
            let why = "would let every pod send DNS, and what hides in it, nearly anywhere";
            let instead = "write the resolver's own address";
            diagnostics.push(wide_opening(cidr, item.span, Severity::Error, why, instead));
        }
    }
}

/// Reports addresses at either end of a flow that are too many, or the cluster's own.
pub(super) fn of_peer(cidr: IpNet, span: Span, cluster: &Cluster) -> Option<Diagnostic> {
    if is_wide(cidr) {
        let instead = "write the peer's own addresses; what serves the public goes under `expose`, \
            what a workload calls by name under `egress`";
        return Some(wide_opening(cidr, span, Severity::Error, "names no peer", instead));
    }
    within(cidr, span, cluster)
}

/// Reports addresses of a host outside that are too many, or the cluster's own.
pub(super) fn of_host(cidr: IpNet, span: Span, cluster: &Cluster) -> Option<Diagnostic> {
    if is_wide(cidr) {
        let instead = "leave `cidrs` out to open every public address on that port, or write the host's own";
        return Some(wide_opening(
            cidr,
            span,
            Severity::Error,
            "would open the cluster's addresses too",
            instead,
        ));
    }
    within(cidr, span, cluster)
}

/// Reports a caller that is a node: it would be a plaintext caller under another name.
pub(super) fn of_caller(cidr: IpNet, span: Span, cluster: &Cluster) -> Option<Diagnostic> {
    let nodes = cluster.nodes.iter().find(|nodes| nodes.contains(&cidr) || cidr.contains(*nodes))?;
    Some(
        Diagnostic::error(
            "cluster-address",
            span,
            format!("`{cidr}` lies among the nodes, {nodes}"),
            "addresses outside the cluster were expected",
        )
        .with_help("a node holds no mesh certificate: declare the flow under `exceptions`, `from: nodes`"),
    )
}

/// Reports a way to the metadata service, from which a pod gets the credentials of its node.
///
/// The address is the same at AWS, Azure and Google, and at AWS there is one of IPv6 as well.
pub(super) fn metadata(cidr: IpNet, span: Span) -> Option<Diagnostic> {
    let addresses = ["169.254.169.254", "fd00:ec2::254"];
    let holds = |address: &&&str| address.parse::<IpAddr>().is_ok_and(|address| cidr.contains(&address));
    let address = addresses.iter().find(holds)?;
    let message = format!("`{cidr}` opens the metadata service of the cloud, {address}");
    let fault = Diagnostic::warning("metadata-service", span, message, "gives out the node's credentials");
    Some(fault.with_help("give the workload an identity of its own, and leave this out"))
}

/// Reports addresses that no public host has: what lies there is for the platform to open, not for a team.
pub(super) fn private(cidr: IpNet, span: Span) -> Option<Diagnostic> {
    const PRIVATE: [&str; 5] = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
    let mut ranges = PRIVATE.iter().map(|range| range.parse::<IpNet>().expect("a CIDR of ours"));
    let fault = Diagnostic::error(
        "fragment-grant",
        span,
        format!("`{cidr}` is private"),
        "a public address was expected",
    );
    ranges
        .any(|range| range.contains(&cidr) || cidr.contains(&range))
        .then(|| fault.with_help("the flow belongs into the profile"))
}

fn within(cidr: IpNet, span: Span, cluster: &Cluster) -> Option<Diagnostic> {
    let meets = |own: &&IpNet| own.contains(&cidr) || cidr.contains(*own);
    let (own, instead) = if let Some(own) = cluster.pods.iter().find(meets) {
        (own, "pods come and go with their addresses: name the workload, or `{unmeshed: ...}`")
    } else {
        let own = cluster.services.iter().find(meets)?;
        (own, "policies see pods, not Services: name the workload, or `{unmeshed: ...}`")
    };
    let message = format!("`{cidr}` lies in the cluster's own {own}");
    Some(
        Diagnostic::error("cluster-address", span, message, "addresses outside the cluster were expected")
            .with_help(instead),
    )
}

fn wide_opening(cidr: IpNet, span: Span, severity: Severity, why: &str, instead: &str) -> Diagnostic {
    let share = if cidr.prefix_len() == 0 { "every address" } else { "addresses of many owners" };
    let message = format!("`{cidr}` is {share}");
    let fault = match severity {
        Severity::Error => Diagnostic::error("wide-opening", span, message, why),
        Severity::Warning | Severity::Note => Diagnostic::warning("wide-opening", span, message, why),
    };
    fault.with_help(instead)
}

fn wide(item: &Node) -> Option<IpNet> {
    item.as_str()?.parse().ok().filter(|cidr| is_wide(*cidr))
}

/// Returns whether a network is larger than any that one owner holds.
pub(crate) fn is_wide(cidr: IpNet) -> bool {
    match cidr {
        IpNet::V4(cidr) => cidr.prefix_len() < WIDEST.0,
        IpNet::V6(cidr) => cidr.prefix_len() < WIDEST.1,
    }
}
