//! Access logs do not name who called.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-access-log-without-peer",
    severity: Severity::Warning,
    summary: "access logs do not name who called",
    happens: "Istio's own JSON format has 24 fields, and none is the identity of the caller or the called: a record \
              does not say who did what.",
    mend: "Give `accessLogFormat` with `%DOWNSTREAM_PEER_URI_SAN%` and `%UPSTREAM_PEER_URI_SAN%`.",
    silent: "Where no access log is written to a file.",
    source: "EnvoyJSONLogFormatIstio in pilot/pkg/model/telemetry_logging.go of Istio 1.21.1",
    rules: &["AU-6"],
    controls: &[Control::Au3],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mesh = &scene.mesh.config.mesh;
    let Some(file) = mesh.access_log_file.as_ref().filter(|file| !file.is_empty()) else { return };
    let format = mesh.access_log_format.as_ref().filter(|format| !format.is_empty());
    if !format.is_some_and(|format| {
        format.contains("DOWNSTREAM_PEER_URI_SAN") || format.contains("DOWNSTREAM_PEER_SUBJECT")
    }) {
        let place = format.map_or(file.span, |format| format.span);
        findings
            .report(place, "access logs do not name who called", "no identity of a peer")
            .help("add `%DOWNSTREAM_PEER_URI_SAN%` to `accessLogFormat`");
    }
}
