//! A Telemetry takes requests out of the access log.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{
        Object, Telemetry,
        telemetry::{AccessLogging, Side},
    },
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "telemetry-drops-access-log",
    severity: Severity::Error,
    summary: "a Telemetry takes requests out of the access log",
    happens: "Telemetry replaces what the mesh config says as soon as it resolves to a provider: disabled, \
              filtered, one-sided or sent to another provider, requests are missing from the log that is collected.",
    mend: "Name the provider `envoy`, both sides, no filter.",
    silent: "For an entry that names nothing, which changes nothing.",
    source: "mergeLogs in pilot/pkg/model/telemetry.go and accesslog.go of Istio 1.21.1",
    rules: &["AU-3"],
    controls: &[Control::Au2, Control::Au12, Control::Au3],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for telemetry in &scene.mesh.manifests.telemetries {
        for logging in &telemetry.access_logging {
            for (place, how) in losses(logging) {
                report(telemetry, place, how, findings);
            }
        }
    }
}

fn losses(logging: &AccessLogging) -> impl Iterator<Item = (Span, &'static str)> {
    let disabled = logging.disabled.filter(|off| off.value).map(|off| (off.span, "switched off"));
    let filtered = logging.filter.as_ref().map(|filter| (filter.span, "only what matches"));
    let side = logging
        .r#match
        .mode
        .filter(|side| side.value != Side::ClientAndServer)
        .map(|side| (side.span, "one side only"));
    let other = logging
        .providers()
        .find(|name| name.value != "envoy")
        .map(|name| (name.span, "another provider, and no longer the file"));
    [disabled, filtered, side, other].into_iter().flatten()
}

fn report(telemetry: &Object<Telemetry>, place: Span, how: &str, findings: &mut Findings) {
    findings
        .report(place, format!("`{}` takes requests out of the access log", telemetry.meta.path()), how)
        .help("log everything with the provider `envoy`");
}
