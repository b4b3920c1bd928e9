//! A Gateway of the Gateway API opens an entrance of its own.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-api-beside-gateway",
    severity: Severity::Warning,
    summary: "a Gateway of the Gateway API opens an entrance of its own",
    happens: "istiod makes a Deployment and a LoadBalancer Service for it, beside the gateway that is meant to be \
              the only one.",
    mend: "Serve the hosts by the one gateway, or switch off PILOT_ENABLE_GATEWAY_API_DEPLOYMENT_CONTROLLER.",
    silent: "For Gateways of other classes than Istio's, and where no Gateway of Istio's own is shown.",
    source: "pilot/pkg/config/kube/gateway/deploymentcontroller.go of Istio 1.21.1",
    rules: &["SC7-8"],
    controls: &[Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    for gateway in manifests.gateway_api_gateways.iter().filter(|_| !manifests.gateways.is_empty()) {
        findings.report(
            gateway.meta.head(),
            format!("`{}` opens a second entrance", gateway.meta.path()),
            "a Deployment and a load balancer of its own",
        );
    }
}
