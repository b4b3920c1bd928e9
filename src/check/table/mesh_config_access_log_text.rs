//! Access logs are lines of text, which no collector reads without a guess.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::mesh_config::LogEncoding,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-access-log-text",
    severity: Severity::Warning,
    summary: "access logs are lines of text, which no collector reads without a guess",
    happens: "The default encoding is TEXT: fields are told apart by their place, and a path with a space shifts \
              them.",
    mend: "Say `meshConfig.accessLogEncoding: JSON`.",
    silent: "Where no access log is written to a file.",
    source: "DefaultMeshConfig in pkg/config/mesh/mesh.go of Istio 1.21.1",
    rules: &["AU-1"],
    controls: &[Control::Au3],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    let Some(file) = config.mesh.access_log_file.as_ref().filter(|file| !file.is_empty()) else { return };
    if config.mesh.access_log_encoding() == LogEncoding::Text {
        let place = config.mesh.access_log_encoding.map_or(file.span, |encoding| encoding.span);
        findings
            .report(place, "access logs are lines of text", "TEXT unless said")
            .help("say `accessLogEncoding: JSON`");
    }
}
