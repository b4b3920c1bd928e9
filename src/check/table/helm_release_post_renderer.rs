//! What a chart of Istio renders is changed before it is applied.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::istio_values::IstioChart,
};

pub(super) const CHECK: Check = Check {
    code: "helm-release-post-renderer",
    severity: Severity::Warning,
    summary: "what a chart of Istio renders is changed before it is applied",
    happens: "A post-renderer can take out a webhook, an argument or a whole object: what the chart is known to \
              install is not what runs.",
    mend: "Use a value of the chart.",
    silent: "For charts of others.",
    source: "docs/spec/v2/helmreleases.md of helm-controller 1.6, post renderers",
    rules: &["PRE-4"],
    controls: &[Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for chart in [IstioChart::Base, IstioChart::Istiod, IstioChart::Cni, IstioChart::Gateway] {
        for release in crate::mesh::releases(scene.mesh.manifests, chart) {
            if let Some(renderer) = release.post_renderers.first() {
                findings.report(
                    renderer.head(),
                    format!("what `{}` installs is changed", release.meta.path()),
                    "not what the chart renders",
                );
            }
        }
    }
}
