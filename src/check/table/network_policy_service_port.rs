//! A rule opens the port of a Service where the port of the pod is compared.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
    manifest::{PortName, Protocol},
    mesh::Pod,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-service-port",
    severity: Severity::Warning,
    summary: "a rule opens the port of a Service where the port of the pod is compared",
    happens: "A NetworkPolicy sees the pod's own port: the Service's was replaced before. The rule opens a port \
              that nobody listens on, and the one that is meant stays closed.",
    mend: "Name the pod port.",
    silent: "For egress, whose destinations may be elsewhere; where a workload declares no ports; and for ports \
             that neither a pod nor a Service has.",
    source: "networking/v1 NetworkPolicyPort of Kubernetes 1.29, and the Service's targetPort",
    rules: &["NP36"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let pods: Vec<&Pod<'_>> =
            scene.mesh.pods_isolated_by(policy).into_iter().map(|id| scene.mesh.pod(id)).collect();
        for port in policy
            .ingress
            .iter()
            .flat_map(|rule| &rule.ports)
            .filter(|port| port.protocol() == Protocol::Tcp && port.end_port.is_none())
        {
            let Some(stated) = &port.port else { continue };
            let PortName::Number(number) = stated.value else { continue };
            let Some((target, place)) =
                u16::try_from(number).ok().and_then(|number| scene.mesh.meant_pod_port(&pods, number))
            else {
                continue;
            };
            findings
                .report(
                    stated.span,
                    format!("{number} is no port of the workloads that `{}` selects", policy.meta.path()),
                    "a port of the Service",
                )
                .context(place, format!("leads to pod port {target}"))
                .help(format!("name the pod port: {target}"))
                .edit = Some(Edit { span: stated.span, replacement: target.to_string() });
        }
    }
}
