//! A rule opens a port of the proxy itself.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::PortName,
};

pub(super) const CHECK: Check = Check {
    code: "network-policy-opens-proxy-port",
    severity: Severity::Warning,
    summary: "a rule opens a port of the proxy itself",
    happens: "Policies see the port that the caller meant, never 15006 or 15001, to which traffic is redirected \
              inside the pod. 15010 is istiod's configuration in plaintext, 15000 and 15004 its and the proxy's \
              debugging: nothing needs them from afar.",
    mend: "Open the ports of the application; for configuration, 15012.",
    silent: "For ranges, and for 15012, 15014, 15017, 15020, 15021 and 15090, which have callers.",
    source: "istio.io/latest/docs/ops/deployment/application-requirements, ports used by Istio; \
             tools/istio-iptables of Istio 1.21.1",
    rules: &["J01", "AC4-10"],
    controls: &[Control::Ac4, Control::Sc8],
    run,
};

const PORTS: [(u32, &str); 5] = [
    (15000, "the proxy's administration"),
    (15001, "where outbound traffic is redirected to"),
    (15004, "the proxy's debugging"),
    (15006, "where inbound traffic is redirected to"),
    (15010, "configuration in plaintext"),
];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.network_policies {
        for port in policy.ingress.iter().chain(&policy.egress).flat_map(|rule| &rule.ports) {
            let Some(stated) = port.port.as_ref().filter(|_| port.end_port.is_none()) else { continue };
            if let Some((number, what)) =
                PORTS.iter().find(|(number, _)| stated.value == PortName::Number(*number))
            {
                findings
                    .report(stated.span, format!("`{}` opens {number}", policy.meta.path()), *what)
                    .help("open the ports of the application; for configuration, 15012");
            }
        }
    }
}
