//! Proxies write no access log.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-access-log-off",
    severity: Severity::Error,
    summary: "proxies write no access log",
    happens: "Without a file, and without a Telemetry that names a provider, no request of the mesh leaves a record \
              of who called what.",
    mend: "Say `meshConfig.accessLogFile: /dev/stdout`.",
    silent: "Where the manifests install no control plane, where its values come from elsewhere, and where a \
             Telemetry of the root namespace names a provider of access logs.",
    source: "DefaultMeshConfig in pkg/config/mesh/mesh.go and accesslog.go of Istio 1.21.1",
    rules: &["AU-1"],
    controls: &[Control::Au2, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    // Without a control plane the mesh config is elsewhere.
    let Some(place) = scene.mesh.config_place() else { return };
    let root = config.root_namespace.as_str();
    let mut mesh_wide =
        scene.mesh.manifests.telemetries.iter().filter(|telemetry| telemetry.meta.namespace() == root);
    let is_logged = mesh_wide
        .any(|telemetry| telemetry.access_logging.iter().any(|logging| logging.providers().next().is_some()));
    let is_logged =
        is_logged || !config.mesh.default_providers.access_logging.is_empty() || config.unread.is_some();
    if config.mesh.access_log_file().is_empty() && !is_logged {
        findings
            .report(place, "proxies write no access log", "`accessLogFile` is not said")
            .help("say `accessLogFile: /dev/stdout` in the mesh config");
    }
}
