//! A ServiceEntry registers every host of a public suffix.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "service-entry-wide-host",
    severity: Severity::Warning,
    summary: "a ServiceEntry registers every host of a public suffix",
    happens: "A pattern such as `*.com` makes REGISTRY_ONLY hold nothing: half of the Internet is registered.",
    mend: "Name the hosts.",
    silent: "For patterns below a domain of one's own, `*.example.com`.",
    source: "ValidateServiceEntry in pkg/config/validation/validation.go of Istio 1.21.1",
    rules: &["SC7-3"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for entry in &scene.mesh.manifests.service_entries {
        let is_wide =
            |host: &str| host == "*" || host.strip_prefix("*.").is_some_and(|suffix| !suffix.contains('.'));
        for host in entry.hosts.iter().filter(|host| is_wide(host)) {
            findings
                .report(
                    host.span,
                    format!("`{}` registers every host of `{host}`", entry.meta.path()),
                    "far too wide",
                )
                .help("name the hosts");
        }
    }
}
