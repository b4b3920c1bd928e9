//! A rule lets everybody connect to every port.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Direction,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-open-to-all",
    severity: Severity::Warning,
    summary: "a rule lets everybody connect to every port",
    happens: "A rule without peers and ports opens a direction whole: the policy isolates, and then lets everything \
              through.",
    mend: "Name the peers, or at least the ports.",
    silent: "Where the rule names peers or ports.",
    source: "networking/v1 NetworkPolicyIngressRule of Kubernetes 1.29",
    rules: &["NP08", "NP09", "KSV-0002"],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for (direction, what) in [
            (Direction::Ingress, "everybody may connect to every port"),
            (Direction::Egress, "every address and port may be called"),
        ] {
            let open =
                policy.rules(direction).iter().filter(|rule| rule.peers.is_empty() && rule.ports.is_empty());
            for rule in open.filter(|_| policy.isolates(direction)) {
                findings
                    .report(rule.span, format!("by `{}`, {what}", policy.meta.path()), "restricts nothing")
                    .help("name the peers, or at least the ports");
            }
        }
    }
}
