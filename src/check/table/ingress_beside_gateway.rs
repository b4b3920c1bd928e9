//! An Ingress opens hosts past the Gateway.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::mesh_config::IngressControllerMode,
};

pub(super) const CHECK: Check = Check {
    code: "ingress-beside-gateway",
    severity: Severity::Warning,
    summary: "an Ingress opens hosts past the Gateway",
    happens: "istiod serves Ingresses of its class at the gateway's port 80, for any host, without a redirect to \
              HTTPS; another controller is an entrance of its own.",
    mend: "Write a VirtualService, and say `meshConfig.ingressControllerMode: \"OFF\"`.",
    silent: "Where the mesh config says OFF and the Ingress is of Istio's class.",
    source: "pilot/pkg/config/kube/ingress/conversion.go of Istio 1.21.1",
    rules: &["SC7-7", "J11"],
    controls: &[Control::Sc7],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let is_off = scene.mesh.config.mesh.ingress_controller_mode() == IngressControllerMode::Off;
    for ingress in &scene.mesh.manifests.ingresses {
        let class = ingress.annotated_class().map(|class| class.as_str()).or(ingress.class());
        if is_off && class == Some("istio") {
            continue;
        }
        findings.report(
            ingress.meta.head(),
            format!("`{}` opens hosts past the Gateway", ingress.meta.path()),
            class
                .map_or_else(|| "of the default class".to_owned(), |class| format!("of the class `{class}`")),
        );
    }
}
