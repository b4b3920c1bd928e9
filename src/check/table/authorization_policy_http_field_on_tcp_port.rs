//! A rule asks for requests at a port where a proxy sees only bytes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, Operation, Word},
    mesh::{Pod, PortProtocol, Truth},
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-http-field-on-tcp-port",
    severity: Severity::Error,
    summary: "a rule asks for requests at a port where a proxy sees only bytes",
    happens: "On a TCP port no method, path, host or token can be seen. An ALLOW rule that asks for one is dropped \
              there, so that the flow is refused; a DENY rule loses the field and refuses everything.",
    mend: "Name the port `http-…` or give it `appProtocol: http` in the Service, or leave the field out.",
    silent: "For ports that no Service declares: their protocol is found out from the bytes.",
    source: "pilot/pkg/security/authz/model/model.go of Istio 1.21.1: a rule that is not supported for TCP",
    rules: &["AC4-7", "AP16", "J07"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let pods: Vec<&Pod<'_>> = scene
            .mesh
            .pods_authorized_by(policy)
            .into_iter()
            .map(|id| scene.mesh.pod(id))
            .filter(|pod| pod.injection.is_injected == Truth::Yes)
            .collect();
        let effect = match policy.action() {
            Action::Allow => "never matches there",
            Action::Deny => "refuses everything there",
            Action::Custom | Action::Audit => "is passed over there",
        };
        for operation in policy.rules.iter().flat_map(|rule| rule.operations()) {
            let Some(field) = http_field(operation) else { continue };
            let found = pods.iter().find_map(|pod| Some((pod, tcp_port(scene, pod, operation)?)));
            if let Some((pod, (port, place))) = found {
                findings
                    .report(
                        field.span,
                        format!(
                            "port {port} of `{}` speaks TCP, in which a proxy sees no requests",
                            pod.path()
                        ),
                        effect,
                    )
                    .context(place, "TCP by this Service")
                    .help("name the port `http-…` in the Service, or leave the field out");
            }
        }
    }
}

fn http_field(operation: &Operation) -> Option<&Word> {
    let Operation { hosts, not_hosts, ports: _, not_ports: _, methods, not_methods, paths, not_paths } =
        operation;
    [methods, paths, hosts, not_methods, not_paths, not_hosts].into_iter().find_map(|list| list.first())
}

/// Returns a port that the operation means and that a Service declares as TCP; where the operation names no port, only if
/// the pod has no other.
fn tcp_port(scene: &Scene<'_>, pod: &Pod<'_>, operation: &Operation) -> Option<(u16, Span)> {
    let declared: Vec<u16> = scene.mesh.declared_ports(pod);
    let named = |port: &&u16| operation.ports.iter().any(|word| word.value == port.to_string());
    let is_tcp = |port: &&u16| scene.mesh.protocol(pod, **port).protocol == PortProtocol::Tcp;
    let port = if operation.ports.is_empty() {
        declared.iter().all(|port| is_tcp(&port)).then(|| declared.first()).flatten()
    } else {
        declared.iter().filter(named).find(is_tcp)
    }?;
    let (_, place) = scene.mesh.protocol(pod, *port).because?;
    Some((*port, place))
}
