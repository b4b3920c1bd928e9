//! A rule names the port of a Service where the port of the pod is compared.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
    mesh::Pod,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-service-port",
    severity: Severity::Warning,
    summary: "a rule names the port of a Service where the port of the pod is compared",
    happens: "`ports` is compared with the port at which the connection reached the pod, which is the Service's \
              `targetPort`. A rule for the Service's own port never matches.",
    mend: "Name the pod port.",
    silent: "Where a workload declares no ports, and for ports that neither a pod nor a Service has.",
    source: "destPortGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1",
    rules: &["AP29"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let pods: Vec<&Pod<'_>> =
            scene.mesh.pods_authorized_by(policy).into_iter().map(|id| scene.mesh.pod(id)).collect();
        let operations = policy.rules.iter().flat_map(|rule| rule.operations());
        for word in operations.flat_map(|operation| operation.ports.iter().chain(&operation.not_ports)) {
            let Some((target, place)) =
                word.parse().ok().and_then(|number| scene.mesh.meant_pod_port(&pods, number))
            else {
                continue;
            };
            findings
                .report(
                    word.span,
                    format!("{word} is no port of the workloads that `{}` selects", policy.meta.path()),
                    "a port of the Service",
                )
                .context(place, format!("leads to pod port {target}"))
                .help(format!("name the pod port: \"{target}\""))
                .edit = Some(Edit { span: word.span, replacement: format!("\"{target}\"") });
        }
    }
}
