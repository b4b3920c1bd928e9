//! A ServiceEntry opens its host to every namespace.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "service-entry-exported-to-all",
    severity: Severity::Warning,
    summary: "a ServiceEntry opens its host to every namespace",
    happens: "Without `exportTo`, or with `*`, every workload of the mesh may call the host, whoever asked for it.",
    mend: "Say `exportTo: [\".\"]`.",
    silent: "In the root namespace, whose entries are meant for all, and where the mesh config exports nothing \
             unless said.",
    source: "pilot/pkg/model/push_context.go of Istio 1.21.1: an absent exportTo is public",
    rules: &["SC7-3", "J13"],
    controls: &[Control::Sc7, Control::Sc7Deny],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    let default = &config.mesh.default_service_export_to;
    let is_public_by_default = default.is_empty() || default.iter().any(|to| to.value.0 == "*");
    for entry in scene
        .mesh
        .manifests
        .service_entries
        .iter()
        .filter(|entry| entry.meta.namespace() != config.root_namespace)
    {
        let (place, is_public) = match entry.export_to.first() {
            None => (entry.meta.head(), is_public_by_default),
            Some(first) => (first.span, entry.export_to.iter().any(|to| to.value == "*")),
        };
        if is_public {
            findings
                .report(
                    place,
                    format!("every workload may call what `{}` registers", entry.meta.path()),
                    "exported to every namespace",
                )
                .help("say `exportTo: [\".\"]`");
        }
    }
}
