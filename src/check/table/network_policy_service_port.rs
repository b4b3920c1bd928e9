//! A rule opens the port of a Service where the port of the pod is compared.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
    manifest::{NetworkPolicy, NetworkRule, Object, Peer, PolicyPort, PortName, Protocol},
    mesh::Pod,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-service-port",
    severity: Severity::Warning,
    summary: "a rule opens the port of a Service where the port of the pod is compared",
    happens: "A NetworkPolicy sees the pod's own port: the Service's was replaced before. The rule opens a port \
              that nobody listens on, and the one that is meant stays closed.",
    mend: "Name the pod port.",
    silent: "For egress to addresses, or to pods of namespaces that are not told by their name or show none; where a \
             workload declares no ports; and for ports that neither a pod nor a Service has.",
    source: "networking/v1 NetworkPolicyPort of Kubernetes 1.29, and the Service's targetPort",
    rules: &["NP36"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let own: Vec<&Pod<'_>> =
            scene.mesh.pods_isolated_by(policy).into_iter().map(|id| scene.mesh.pod(id)).collect();
        for rule in &policy.ingress {
            report(scene, policy, rule, &own, findings);
        }
        for rule in &policy.egress {
            if let Some(pods) = destinations(scene, policy, rule) {
                report(scene, policy, rule, &pods, findings);
            }
        }
    }
}

/// Returns the pods that a rule of egress leads to; none where one of its peers may be anybody else.
fn destinations<'m>(
    scene: &Scene<'m>,
    policy: &Object<NetworkPolicy>,
    rule: &NetworkRule,
) -> Option<Vec<&'m Pod<'m>>> {
    let pods_of = |peer: &Spanned<Peer>| {
        let namespace = peer.namespace(policy.meta.namespace())?;
        Some(scene.pods_of_peer(namespace, peer)).filter(|pods| !pods.is_empty())
    };
    let pods: Option<Vec<_>> = rule.peers.iter().map(pods_of).collect();
    pods.map(|pods| pods.concat())
}

fn report(
    scene: &Scene<'_>,
    policy: &Object<NetworkPolicy>,
    rule: &NetworkRule,
    pods: &[&Pod<'_>],
    findings: &mut Findings,
) {
    let single = |port: &&Spanned<PolicyPort>| port.protocol() == Protocol::Tcp && port.end_port.is_none();
    for port in rule.ports.iter().filter(single) {
        let Some(stated) = &port.port else { continue };
        let PortName::Number(number) = stated.value else { continue };
        let Some((target, place)) =
            u16::try_from(number).ok().and_then(|number| scene.mesh.meant_pod_port(pods, number))
        else {
            continue;
        };
        findings
            .report(
                stated.span,
                format!("{number} is no port of the pods that `{}` opens it on", policy.meta.path()),
                "a port of the Service",
            )
            .context(place, format!("leads to pod port {target}"))
            .help(format!("name the pod port: {target}"))
            .edit = Some(Edit { span: stated.span, replacement: target.to_string() });
    }
}
