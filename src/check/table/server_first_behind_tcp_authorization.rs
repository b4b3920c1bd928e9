//! Only an AuthorizationPolicy stands before a server that speaks first.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, Direction, Mode},
    mesh::{PortProtocol, Truth},
};

pub(super) const CHECK: Check = Check {
    code: "server-first-behind-tcp-authorization",
    severity: Severity::Warning,
    summary: "only an AuthorizationPolicy stands before a server that speaks first",
    happens: "On a TCP port Envoy decides at the client's first byte, and opens the way to the server before: \
              whoever connects gets the greeting of a MySQL, SMTP, FTP or SSH server, even if everything that it \
              then says is refused.",
    mend: "Close the port with a NetworkPolicy, and with STRICT mutual TLS, so that only the callers that are meant \
           can connect.",
    silent: "For protocols that the port does not name: an unknown one may be server-first as well. Where a \
             NetworkPolicy isolates the pod, it is taken to name the callers.",
    source: "envoyproxy/envoy#9023; source/extensions/filters/network/rbac of Envoy; measured on Envoy 1.36 and 1.40",
    rules: &["J15"],
    controls: &[Control::Ac4, Control::Sc7Deny],
    run,
};

const WORDS: [&str; 5] = ["mysql", "smtp", "ftp", "ssh", "imap"];
const PORTS: [u16; 4] = [21, 22, 25, 3306];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = scene.mesh;
    for pod in mesh.pods().iter().filter(|pod| pod.injection.is_injected == Truth::Yes) {
        let is_isolated =
            mesh.network_policies_of(pod).iter().any(|policy| policy.isolates(Direction::Ingress));
        let mut policies = mesh.authorization_of(pod).iter();
        let relies = policies.any(|policy| matches!(policy.action(), Action::Allow | Action::Deny));
        if is_isolated || !relies {
            continue;
        }
        for service in mesh.services_of(pod) {
            for port in &service.spec.ports {
                for number in port.numbers_at(&pod.workload.spec) {
                    let spoken = mesh.protocol(pod, number);
                    let word = spoken
                        .word
                        .unwrap_or_default()
                        .split('-')
                        .next()
                        .unwrap_or_default()
                        .to_ascii_lowercase();
                    let speaks_first = WORDS.contains(&word.as_str())
                        || PORTS.contains(&port.port.value)
                        || PORTS.contains(&number);
                    let is_open = mesh.mode(pod, Some(number)).mode != Mode::Strict;
                    if spoken.protocol != PortProtocol::Http && speaks_first {
                        let who = if is_open { "whoever connects" } else { "whoever has a mesh certificate" };
                        findings
                            .report(
                                port.span,
                                format!(
                                    "`{}` greets {who} at port {number}, before any policy is asked",
                                    pod.path()
                                ),
                                "the server speaks first",
                            )
                            .help("close the port with a NetworkPolicy as well");
                    }
                }
            }
        }
    }
}
