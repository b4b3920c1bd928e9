//! A rule opens a port by a name that its pods do not have.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::PortName,
    mesh::PodId,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-named-port-unknown",
    severity: Severity::Warning,
    summary: "a rule opens a port by a name that its pods do not have",
    happens: "A named port is looked up among the container ports of the destination pod, with the protocol of the \
              rule. Where no container declares it, the rule opens nothing.",
    mend: "Declare the name among the container's ports, or write the number.",
    silent: "For egress, whose destinations may be elsewhere, and where the manifests show none of the pods.",
    source: "networking/v1 NetworkPolicyPort of Kubernetes 1.29",
    rules: &["NP13", "NP14"],
    controls: &[Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        let pods = scene.mesh.pods_isolated_by(policy);
        for port in policy.ingress.iter().flat_map(|rule| &rule.ports) {
            let Some(name) = port.port.as_ref().filter(|name| matches!(name.value, PortName::Name(_))) else {
                continue;
            };
            let has =
                |id: &PodId| !scene.mesh.pod(*id).workload.numbers(&name.value, port.protocol()).is_empty();
            if !pods.is_empty() && !pods.iter().any(has) {
                findings
                    .report(
                        name.span,
                        format!("`{}` opens nothing at `{}`", policy.meta.path(), name.value),
                        "no pod that it selects has this port",
                    )
                    .help("declare the name among the container's ports, or write the number");
            }
        }
    }
}
