//! Proxies let workloads call hosts that nothing registers.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::sidecar::OutboundMode,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-outbound-allow-any",
    severity: Severity::Error,
    summary: "proxies let workloads call hosts that nothing registers",
    happens: "The default is ALLOW_ANY: a call to a host that no ServiceEntry names leaves the mesh as it is, \
              unlogged by name. REGISTRY_ONLY holds a cooperative workload to what is declared; NetworkPolicies \
              hold the others.",
    mend: "Say `meshConfig.outboundTrafficPolicy.mode: REGISTRY_ONLY`.",
    silent: "Where the manifests install no control plane, and where its values come from elsewhere.",
    source: "DefaultMeshConfig in pkg/config/mesh/mesh.go of Istio 1.21.1",
    rules: &["SC7-1", "J13"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    // Without a control plane the mesh config is elsewhere.
    let Some(place) = scene.mesh.config_place() else { return };
    if config.mesh.outbound_mode() == OutboundMode::RegistryOnly || config.unread.is_some() {
        return;
    }
    let written = config.mesh.outbound_traffic_policy.and_then(|policy| policy.mode);
    let (place, label) =
        written.map_or((place, "`outboundTrafficPolicy` is not said"), |mode| (mode.span, "any host"));
    findings
        .report(place, "workloads may call hosts that nothing registers", label)
        .help("say `outboundTrafficPolicy: {mode: REGISTRY_ONLY}` in the mesh config");
}
