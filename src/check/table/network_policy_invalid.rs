//! A NetworkPolicy is one that the API server refuses.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{LabelSelector, NetworkPolicy, Operator, Peer, PolicyPort, PortName},
    source::Span,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-invalid",
    severity: Severity::Error,
    summary: "a NetworkPolicy is one that the API server refuses",
    happens: "The API server refuses the object, and Flux with it everything else of its Kustomization. Nothing \
              that it isolates is isolated.",
    mend: "Mend the rule as the message says.",
    silent: "For what the structure of the API already refuses: that is told of every kind.",
    source: "pkg/apis/networking/validation/validation.go of Kubernetes 1.29",
    rules: &["NP16", "NP17", "NP24", "NP32"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for (place, fault) in faults(policy) {
            findings.report(place, format!("the API server refuses `{}`", policy.meta.path()), fault);
        }
    }
}

fn faults(policy: &NetworkPolicy) -> Vec<(Span, String)> {
    let rules = || policy.ingress.iter().chain(&policy.egress);
    let ports = rules().flat_map(|rule| &rule.ports).filter_map(port);
    let peers = rules().flat_map(|rule| &rule.peers).flat_map(peer);
    selector(&policy.pod_selector).into_iter().chain(ports).chain(peers).collect()
}

fn port(port: &Spanned<PolicyPort>) -> Option<(Span, String)> {
    let end = port.end_port?;
    let fault = match port.port.as_ref().map(|first| &first.value) {
        None => "an end needs a `port` to begin with".to_owned(),
        Some(PortName::Name(name)) => format!("`{name}` has no end"),
        Some(PortName::Number(first)) if u32::from(end.value) < *first => format!("less than {first}"),
        Some(PortName::Number(_)) => return None,
    };
    Some((end.span, fault))
}

fn peer(peer: &Spanned<Peer>) -> Vec<(Span, String)> {
    let Peer { pod_selector, namespace_selector, ip_block } = &peer.value;
    let selectors = || [pod_selector, namespace_selector].into_iter().flatten();
    let mut faults: Vec<(Span, String)> = selectors().flat_map(selector).collect();
    match ip_block {
        None if selectors().next().is_none() => {
            faults.push((peer.span, "a peer names pods, namespaces or addresses".to_owned()));
        }
        None => {}
        Some(block) => {
            if selectors().next().is_some() {
                faults.push((block.cidr.span, "addresses stand alone in a peer".to_owned()));
            }
            let outside = block.except.iter().filter(|except| {
                !block.cidr.contains(&except.value) || except.value.trunc() == block.cidr.value.trunc()
            });
            faults.extend(
                outside.map(|except| (except.span, format!("lies not strictly within {}", block.cidr.value))),
            );
        }
    }
    faults
}

fn selector(selector: &LabelSelector) -> Vec<(Span, String)> {
    let fault = |requirement: &Spanned<crate::manifest::Requirement>| match (
        requirement.operator.value,
        requirement.values.is_empty(),
    ) {
        (Operator::In | Operator::NotIn, true) => Some((requirement.span, "needs `values`".to_owned())),
        (Operator::Exists | Operator::DoesNotExist, false) => {
            Some((requirement.span, "takes no `values`".to_owned()))
        }
        (Operator::In | Operator::NotIn, false) | (Operator::Exists | Operator::DoesNotExist, true) => None,
    };
    selector.match_expressions.iter().filter_map(fault).collect()
}
