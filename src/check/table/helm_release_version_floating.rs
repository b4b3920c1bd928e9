//! A chart of Istio has no fixed version.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::istio_values::IstioChart,
};

pub(super) const CHECK: Check = Check {
    code: "helm-release-version-floating",
    severity: Severity::Warning,
    summary: "a chart of Istio has no fixed version",
    happens: "Flux takes the newest that fits: the control plane is upgraded by whoever publishes, a minor at a \
              time or several.",
    mend: "Pin the version.",
    silent: "For charts of others.",
    source: "docs/spec/v2/helmreleases.md of helm-controller 1.6: a version is a semver range",
    rules: &["PRE-1"],
    controls: &[Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for chart in [IstioChart::Base, IstioChart::Istiod, IstioChart::Cni, IstioChart::Gateway] {
        for release in crate::mesh::releases(scene.mesh.manifests, chart) {
            let Some(spec) = release.chart() else { continue };
            let is_pinned = spec.version().parse::<crate::release::Patch>().is_ok();
            if !is_pinned {
                let place = spec.version.as_ref().map_or(spec.chart.span, |version| version.span);
                findings
                    .report(
                        place,
                        format!("`{}` follows whatever is published", release.meta.path()),
                        "no fixed version",
                    )
                    .help("pin the version");
            }
        }
    }
}
