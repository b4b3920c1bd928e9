//! Istiod cannot read the mesh config, and loses all of it.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::istio_values::IstiodValues,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-unreadable",
    severity: Severity::Error,
    summary: "istiod cannot read the mesh config, and loses all of it",
    happens: "One wrong type or word, such as an unquoted `OFF`, which is a boolean to YAML, makes istiod drop the \
              whole mesh config: REGISTRY_ONLY, the access log and every provider with it. It starts with its \
              defaults, or keeps what it had.",
    mend: "Mend the value; quote words that YAML takes for something else.",
    silent: "For keys that istiod does not know: these are passed over.",
    source: "ApplyMeshConfig in pkg/config/mesh/mesh.go of Istio 1.21.1",
    rules: &["PRE-5", "PRE-6"],
    controls: &[Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for release in crate::mesh::control_planes(scene.mesh.manifests) {
        let Err(fault) = IstiodValues::read(release.values.as_ref()).and_then(|values| values.mesh_config())
        else {
            continue;
        };
        let place = fault.labels.first().map_or(release.meta.head(), |label| label.span);
        findings
            .report(
                place,
                format!("istiod cannot read what `{}` says of the mesh", release.meta.path()),
                fault.message.clone(),
            )
            .help("without it, the defaults hold: ALLOW_ANY, and no access log");
    }
}
