//! A peer stands beside one that lets every pod in.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{LabelSelector, Peer},
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-peer-shadowed",
    severity: Severity::Warning,
    summary: "a peer stands beside one that lets every pod in",
    happens: "The peers of a rule are alternatives. Where one is every pod of every namespace, the others narrow \
              nothing: a dash before `podSelector` turns `and` into `or`.",
    mend: "Put both selectors into one peer, or drop the peer that says nothing.",
    silent: "For peers beside a selection of namespaces that is not empty, and for ranges of addresses.",
    source: "networking/v1 NetworkPolicyIngressRule and NetworkPolicyPeer of Kubernetes",
    rules: &["NP20", "NP21", "NP23"],
    controls: &[Control::Ac4, Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for rule in policy.ingress.iter().chain(&policy.egress) {
            let Some(widest) = rule.peers.iter().find(|peer| is_every_pod(peer)) else { continue };
            for peer in rule.peers.iter().filter(|peer| peer.ip_block.is_none() && !is_every_pod(peer)) {
                findings
                    .report(
                        peer.span,
                        format!("a peer of `{}` narrows nothing", policy.meta.path()),
                        "an alternative",
                    )
                    .context(widest.span, "every pod of every namespace, already")
                    .help("write both selectors into one peer, without the second dash");
            }
        }
    }
}

fn is_every_pod(peer: &Peer) -> bool {
    peer.namespace_selector.as_ref().is_some_and(LabelSelector::is_empty)
        && peer.pod_selector.as_ref().is_none_or(LabelSelector::is_empty)
}
