//! Istiod cannot read the mesh config, and loses all of it.

use crate::{
    api::{self, Rule},
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::istio_values::IstiodValues,
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-config-unreadable",
    severity: Severity::Error,
    summary: "istiod cannot read the mesh config, and loses all of it",
    happens: "One wrong type or word, such as an unquoted `OFF`, which is a boolean to YAML, makes istiod drop the \
              whole mesh config: REGISTRY_ONLY, the access log and every provider with it. It starts with its \
              defaults, or keeps what it had.",
    mend: "Mend the value; quote words that YAML takes for something else.",
    silent: "For keys that istiod does not know: these are passed over, and told by `mesh-config-key-unknown`.",
    source: "ApplyMeshConfig in pkg/config/mesh/mesh.go of Istio 1.21.1",
    rules: &["PRE-5", "PRE-6"],
    controls: &[Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

const LOST: &str = "without it, the defaults hold: ALLOW_ANY, and no access log";

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut told = Vec::new();
    for release in crate::mesh::control_planes(scene.mesh.manifests) {
        let Err(fault) = IstiodValues::read(release.values.as_ref()).and_then(|values| values.mesh_config())
        else {
            continue;
        };
        let place = fault.labels.first().map_or(release.meta.head(), |label| label.span);
        told.push(place);
        findings
            .report(
                place,
                format!("istiod cannot read what `{}` says of the mesh", release.meta.path()),
                fault.message.clone(),
            )
            .help(LOST);
    }
    of_structure(scene, &told, findings);
}

/// Reports what no type that is read here holds: the structure of every other field.
fn of_structure(scene: &Scene<'_>, told: &[Span], findings: &mut Findings) {
    let minor = scene.releases.istio.map(|istio| istio.minor);
    for (meta, config) in scene.mesh_configs() {
        let faults = api::mesh_config_faults(&config);
        let unreadable = faults.iter().filter(|fault| match fault.rule {
            Rule::Type | Rule::Enum | Rule::Exclusive => fault.holds_in(minor),
            Rule::NotServed
            | Rule::Pattern
            | Rule::Range
            | Rule::Required
            | Rule::Unknown
            | Rule::VersionNotServed => false,
        });
        for fault in unreadable.filter(|fault| !told.contains(&fault.diagnostic.labels[0].span)) {
            let place = fault.diagnostic.labels[0].span;
            findings
                .report(
                    place,
                    format!("istiod cannot read what `{}` says of the mesh", meta.path()),
                    fault.diagnostic.message.clone(),
                )
                .help(LOST);
        }
    }
}
