//! Values of a control plane come from elsewhere.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::istio_values::IstioChart,
};

pub(super) const CHECK: Check = Check {
    code: "helm-release-values-from",
    severity: Severity::Note,
    summary: "values of a control plane come from elsewhere",
    happens: "A ConfigMap or Secret that is not in the manifests may say anything, and with a `targetPath` it beats \
              what is written here: nothing that depends on the values is proved.",
    mend: "Write the values here.",
    silent: "For charts of others.",
    source: "docs/spec/v2/helmreleases.md of helm-controller 1.6, values references",
    rules: &["PRE-4"],
    controls: &[Control::Sc7, Control::Sc8, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for chart in [IstioChart::Base, IstioChart::Istiod, IstioChart::Cni, IstioChart::Gateway] {
        for release in crate::mesh::releases(scene.mesh.manifests, chart) {
            for from in &release.values_from {
                let label = if from.target_path.is_some() {
                    "beats what is written"
                } else {
                    "merged under what is written"
                };
                findings.report(
                    from.span,
                    format!("`{}` takes values from {} `{}`", release.meta.path(), from.kind, from.name),
                    label,
                );
            }
        }
    }
}
