//! A Sidecar takes a listener out of redirection.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Word, sidecar::CaptureMode},
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "sidecar-captures-nothing",
    severity: Severity::Error,
    summary: "a Sidecar takes a listener out of redirection",
    happens: "With `captureMode: NONE`, what workloads send or take at the listener does not go through the proxy \
              unless they address it themselves: no mutual TLS, no policy, no log for whoever does not.",
    mend: "Remove `captureMode`.",
    silent: "For listeners bound to a Unix socket, which nothing can be redirected to.",
    source: "networking/v1alpha3/sidecar.proto of istio/api 1.21",
    rules: &["SC8-13"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for sidecar in &scene.mesh.manifests.sidecars {
        let is_socket = |bind: &Option<Word>| bind.as_ref().is_some_and(|bind| bind.starts_with("unix://"));
        let ingress =
            sidecar.ingress.iter().map(|listener| (listener.capture_mode, is_socket(&listener.bind)));
        let egress = sidecar.egress.iter().map(|listener| (listener.capture_mode, is_socket(&listener.bind)));
        let modes = ingress.chain(egress).filter(|(_, is_socket)| !is_socket).filter_map(|(mode, _)| mode);
        for Spanned { span, .. } in modes.filter(|mode| mode.value == CaptureMode::None) {
            findings
                .report(
                    span,
                    format!("`{}` keeps traffic from its proxies", sidecar.meta.path()),
                    "nothing is redirected",
                )
                .help("remove `captureMode`");
        }
    }
}
