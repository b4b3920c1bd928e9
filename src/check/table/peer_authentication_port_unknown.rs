//! A mode is said for a port that none of the workloads has.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
    mesh::Pod,
};

pub(super) const CHECK: Check = Check {
    code: "peer-authentication-port-unknown",
    severity: Severity::Warning,
    summary: "a mode is said for a port that none of the workloads has",
    happens: "The key of `portLevelMtls` is the port of the pod. Where it is the Service's instead, the port that \
              is meant keeps the mode of the workload, and a port that nobody listens on gets the other.",
    mend: "Name the pod port, which is the Service's `targetPort`.",
    silent: "Where a workload declares no ports, since it may listen on any; and for ports that no Service has \
             either.",
    source: "security/v1beta1/peer_authentication.proto of istio/api 1.21, and ComposePeerAuthentication",
    rules: &["PA07"],
    controls: &[Control::Sc8, Control::Sc8Cryptography],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in scene.mesh.manifests.peer_authentications.iter().filter(|policy| policy.has_selector()) {
        let Some(selector) = &policy.selector else { continue };
        let pods: Vec<&Pod<'_>> = scene
            .mesh
            .labelled(policy.meta.namespace(), &selector.match_labels)
            .into_iter()
            .map(|id| scene.mesh.pod(id))
            .collect();
        for (port, _) in &policy.port_level_mtls {
            let Ok(number) = port.value.parse::<u16>() else { continue };
            let meant = scene.mesh.meant_pod_port(&pods, number);
            if let Some((target, place)) = meant {
                findings
                    .report(
                        port.span,
                        format!("{number} is no port of the workloads that `{}` selects", policy.meta.path()),
                        "a port of the Service",
                    )
                    .context(place, format!("leads to pod port {target}"))
                    .help(format!("name the pod port: \"{target}\""))
                    .edit = Some(Edit { span: port.span, replacement: format!("\"{target}\"") });
            }
        }
    }
}
