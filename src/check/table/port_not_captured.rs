//! Ports that are kept from the sidecar.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "port-not-captured",
    severity: Severity::Error,
    summary: "inbound ports of a pod bypass its sidecar",
    happens: "A port that is excluded from redirection is served by the application itself: in plaintext, to everybody, \
              without an AuthorizationPolicy and without an access log.",
    mend: "Remove the annotation. For a scraper or a probe, give one port an exception by name instead.",
    silent: "For pods that have no sidecar, and for the ports of the proxy itself, which are never captured.",
    source: "the injection template and tools/istio-iptables of Istio 1.21.1",
    rules: &["SC8-7", "T08", "T12", "J08"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac4, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods().iter().filter(|pod| pod.injection.is_injected != Truth::No) {
        if let Some(span) = pod.capture.off() {
            findings.report(
                span,
                format!("no port of `{}` goes through its sidecar", pod.path()),
                "captures nothing",
            );
        }
        let mut places: Vec<_> =
            pod.capture.excluded().filter_map(|(port, span)| Some((span?, port))).collect();
        places.sort_unstable();
        for ports in places.chunk_by(|one, other| one.0 == other.0) {
            let list: Vec<String> = ports.iter().map(|(_, port)| port.to_string()).collect();
            let message =
                format!("`{}` answers on {} in plaintext, to everybody", pod.path(), list.join(", "));
            findings.report(ports[0].0, message, "bypasses the sidecar");
        }
    }
}
