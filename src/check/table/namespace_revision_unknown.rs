//! A namespace names a revision that no control plane has.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::Truth,
};

pub(super) const CHECK: Check = Check {
    code: "namespace-revision-unknown",
    severity: Severity::Error,
    summary: "a namespace names a revision that no control plane has",
    happens: "No injector answers for the revision, so that pods start without a sidecar, and nobody is told.",
    mend: "Name a revision or tag that is installed.",
    silent: "Where the manifests hold no control plane.",
    source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml of Istio 1.21.1",
    rules: &["SC8-4", "T11"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac4, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    for scope in scene.mesh.namespaces() {
        let (label, revision) = match (scope.label("istio-injection"), scope.label("istio.io/rev")) {
            (Some(label), _) if label.value == "enabled" => (label, "default"),
            (None, Some(label)) => (label, label.as_str()),
            (Some(_), _) | (None, None) => continue,
        };
        if config.has_revision(revision) == Truth::No {
            let known: Vec<String> =
                config.revisions.iter().flatten().map(|name| format!("`{name}`")).collect();
            findings
                .report(
                    label.span,
                    format!("no control plane injects into `{}`", scope.name),
                    format!("asks for the revision `{revision}`"),
                )
                .help(format!("installed are {}", known.join(", ")));
        }
    }
}
