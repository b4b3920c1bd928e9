//! A rule opens a port to callers that mutual TLS refuses.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{Mode, NetworkPolicy, Object, Peer, PolicyPort, PortName, Protocol},
    mesh::{Mesh, Pod, Truth},
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-peer-without-sidecar",
    severity: Severity::Warning,
    summary: "a rule opens a port to callers that mutual TLS refuses",
    happens: "The callers have no sidecar and so no certificate, and the port takes STRICT mutual TLS only: the NetworkPolicy \
              lets their packets in, and the proxy resets every connection, whatever an AuthorizationPolicy allows.",
    mend: "Give the callers a sidecar; or, where they cannot have one, except the port in a PeerAuthentication \
           (`portLevelMtls`), and say in the NetworkPolicy alone who may call it.",
    silent: "For rules without ports or with names of ports or ranges, for callers in namespaces that are not told by their \
             name, of which the manifests show none, or one that is in the node's network, or that has or may have a certificate, and for ports that the sidecar \
             of one of the workloads may not see.",
    source: "ComposePeerAuthentication in pilot/pkg/security/authn/policy_applier.go of Istio 1.21.1, and the filter chains of \
             pilot/pkg/networking/core/v1alpha3/listener_inbound.go",
    rules: &["J03", "T01"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let pods: Vec<&Pod<'_>> =
            scene.mesh.pods_isolated_by(policy).into_iter().map(|id| scene.mesh.pod(id)).collect();
        for rule in &policy.ingress {
            for caller in rule.peers.iter().filter_map(|peer| outsider(scene, policy, peer)) {
                for port in &rule.ports {
                    look(scene.mesh, policy, &pods, port, caller, findings);
                }
            }
        }
    }
}

/// What gives a pod an identity of the mesh without a sidecar (`pkg/config/constants/constants.go` of Istio 1.21.1).
const AMBIENT: &str = "istio.io/dataplane-mode";

/// Returns one of a peer's pods, where all of them are shown to be without a sidecar and any other certificate.
fn outsider<'m>(scene: &Scene<'m>, policy: &Object<NetworkPolicy>, peer: &Peer) -> Option<&'m Pod<'m>> {
    let namespace = peer.namespace(policy.meta.namespace())?;
    let callers = scene.pods_of_peer(namespace, peer);
    let is_ambient = |pod: &Pod<'_>| {
        [pod.label(AMBIENT), scene.mesh.scope_of(pod).label(AMBIENT).map(|word| word.as_str())]
            .contains(&Some("ambient"))
    };
    let is_outside = |pod: &&Pod<'_>| {
        pod.injection.is_injected == Truth::No
            && !is_ambient(pod)
            && !pod.workload.has_host_network()
            && pod.workload.istiod_token().is_none()
    };
    callers.first().copied().filter(|_| callers.iter().all(is_outside))
}

fn look(
    mesh: &Mesh<'_>,
    policy: &Object<NetworkPolicy>,
    pods: &[&Pod<'_>],
    port: &Spanned<PolicyPort>,
    caller: &Pod<'_>,
    findings: &mut Findings,
) {
    let single = port.port.as_ref().filter(|_| port.protocol() == Protocol::Tcp && port.end_port.is_none());
    let Some(stated) = single else { return };
    let PortName::Number(number) = stated.value else { return };
    let Ok(number) = u16::try_from(number) else { return };
    let Some(pod) = pods.first().filter(|_| pods.iter().all(|pod| refuses_plaintext(mesh, pod, number)))
    else {
        return;
    };
    let because = mesh.mode(pod, Some(number)).because;
    let finding = findings.report(
        stated.span,
        format!(
            "`{}` opens port {number} to `{}`, which has no sidecar and which STRICT refuses",
            policy.meta.path(),
            caller.path()
        ),
        "no connection of theirs gets through",
    );
    if let Some((_, place)) = because {
        finding.context(place, "mutual TLS only");
    }
    finding.help("give the callers a sidecar, or except the port from mutual TLS");
}

/// Tells whether a port takes mutual TLS only, by every policy that may decide.
fn refuses_plaintext(mesh: &Mesh<'_>, pod: &Pod<'_>, port: u16) -> bool {
    pod.injection.is_injected == Truth::Yes
        && !pod.is_gateway()
        && pod.capture.sees(port) == Truth::Yes
        && mesh.modes(pod, Some(port)).iter().all(|decided| decided.mode == Mode::Strict)
}
