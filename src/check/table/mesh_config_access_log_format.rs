//! The format of access logs is no object, and Istio's own is used instead.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::mesh_config::LogEncoding,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-access-log-format",
    severity: Severity::Error,
    summary: "the format of access logs is no object, and Istio's own is used instead",
    happens: "With JSON encoding, `accessLogFormat` has to be a JSON object of texts. Anything else is reported in \
              istiod's own log, and the default format holds, which names no caller.",
    mend: "Write a JSON object.",
    silent: "Where no format is given.",
    source: "buildFileAccessLogHelper in pilot/pkg/model/telemetry_logging.go of Istio 1.21.1",
    rules: &["AU-2"],
    controls: &[Control::Au3],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = &scene.mesh.config.mesh;
    let Some(format) = mesh.access_log_format.as_ref().filter(|format| !format.is_empty()) else { return };
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(format).is_ok();
    if mesh.access_log_encoding() == LogEncoding::Json && !is_object {
        findings
            .report(format.span, "the format of access logs is no JSON object", "Istio's own is used instead")
            .help("write an object of texts");
    }
}
