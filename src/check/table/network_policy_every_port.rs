//! A rule opens every port of one protocol.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::Protocol,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-every-port",
    severity: Severity::Note,
    summary: "a rule opens every port of one protocol",
    happens: "An item of `ports` without a port is every port of its protocol, which is TCP unless said, and closes the other \
              protocols: `ports: [{}]` lets no query for a name over UDP pass, and every TCP port of the pods is open, those of \
              the proxy that it does not guard too.",
    mend: "Name the ports; leave `ports` out where really every one is meant.",
    silent: "Where another item of the rule does the same for the other of TCP and UDP, so that every port is meant.",
    source: "networking/v1/types.go of Kubernetes 1.30, NetworkPolicyPort",
    rules: &["NP11", "NP12"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for rule in policy.ingress.iter().chain(&policy.egress) {
            let every: Vec<_> = rule.ports.iter().filter(|port| port.port.is_none()).collect();
            let has = |protocol| every.iter().any(|port| port.protocol() == protocol);
            let [port] = every[..] else { continue };
            let name = match (has(Protocol::Tcp), has(Protocol::Udp)) {
                (true, false) => "TCP",
                (false, true) => "UDP",
                (true, true) | (false, false) => continue,
            };
            findings
                .report(
                    port.span,
                    format!("`{}` opens every {name} port", policy.meta.path()),
                    format!("{name} alone"),
                )
                .help("name the ports");
        }
    }
}
