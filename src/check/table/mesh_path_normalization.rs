//! Paths are compared before they are brought into one form.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::mesh_config::Normalization,
};

pub(super) const CHECK: Check = Check {
    code: "mesh-path-normalization",
    severity: Severity::Warning,
    summary: "paths are compared before they are brought into one form",
    happens: "Policies compare `/admin` with what the client wrote: under less than MERGE_SLASHES `//admin` is \
              another path, under less than DECODE_AND_MERGE_SLASHES `/x%2f..%2fadmin` is. Applications mostly take \
              them for the same.",
    mend: "Say `meshConfig.pathNormalization.normalization: DECODE_AND_MERGE_SLASHES`.",
    silent: "Where no policy compares a path.",
    source: "istio.io/latest/docs/ops/best-practices/security, path normalization; measured on Envoy 1.40",
    rules: &["AC4-9", "AP25"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let config = &scene.mesh.config;
    let Some(place) = scene.mesh.config_place().filter(|_| config.unread.is_none()) else { return };
    if config.mesh.normalization() == Normalization::DecodeAndMergeSlashes {
        return;
    }
    let operations = scene
        .mesh
        .manifests
        .authorization_policies
        .iter()
        .flat_map(|policy| &policy.rules)
        .flat_map(|rule| rule.operations());
    let path = operations
        .flat_map(|operation| operation.paths.iter().chain(&operation.not_paths))
        .find(|path| path.value != "*" && path.value != "/*");
    if let Some(path) = path {
        let written = config.mesh.path_normalization.normalization.map_or(place, |choice| choice.span);
        findings
            .report(
                written,
                "an encoded or doubled slash slips past the paths of policies",
                "less than DECODE_AND_MERGE_SLASHES",
            )
            .context(path.span, "such as this")
            .help("say `pathNormalization: {normalization: DECODE_AND_MERGE_SLASHES}`");
    }
}
