//! Calls of a pod bypass its sidecar.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "pod-outbound-not-captured",
    severity: Severity::Warning,
    summary: "calls of a pod bypass its sidecar",
    happens: "What leaves for the excluded addresses and ports has no mutual TLS, no access log, and is not held to \
              the registry. In-mesh callers that are excluded meet STRICT servers in plaintext and are refused.",
    mend: "Remove the annotation, and declare the host as a ServiceEntry where one is missing.",
    silent: "For pods that have no sidecar.",
    source: "the injection template and tools/istio-iptables of Istio 1.21.1",
    rules: &["SC8-7"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Sc7, Control::Au12],
    run,
};

const KEYS: [&str; 3] = [
    "traffic.sidecar.istio.io/excludeOutboundPorts",
    "traffic.sidecar.istio.io/excludeOutboundIPRanges",
    "traffic.sidecar.istio.io/kubevirtInterfaces",
];

/// These capture less only if they do not name everything.
const NARROWING: [&str; 2] =
    ["traffic.sidecar.istio.io/includeOutboundIPRanges", "traffic.sidecar.istio.io/includeOutboundPorts"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for pod in scene.mesh.pods().iter().filter(|pod| pod.injection.is_injected != Truth::No) {
        for (key, value) in &pod.workload.template.metadata.annotations {
            let excludes = KEYS.contains(&key.as_str()) && !value.trim().is_empty();
            let narrows = NARROWING.contains(&key.as_str()) && value.trim() != "*";
            // Beside every address, single ports are added and nothing is left out.
            let adds = key.value.ends_with("includeOutboundPorts") && value.trim() != "";
            if excludes || (narrows && !adds) {
                findings.report(
                    value.span,
                    format!("calls of `{}` bypass its sidecar", pod.path()),
                    "not captured",
                );
            }
        }
    }
}
