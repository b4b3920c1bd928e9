//! The charts of Istio are of different versions.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{HelmRelease, Object, Word, istio_values::IstioChart},
};

pub(super) const CHECK: Check = Check {
    code: "helm-release-versions-differ",
    severity: Severity::Error,
    summary: "the charts of Istio are of different versions",
    happens: "The control plane, its CRDs and the gateway are tested as one: a base that is older lacks fields, a \
              gateway of another version is a proxy of another version.",
    mend: "Give all of them one version.",
    silent: "For a canary, whose second istiod has a revision of its own, and for ranges.",
    source: "istio.io/latest/docs/setup/upgrade/helm",
    rules: &["PRE-1"],
    controls: &[Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut istiods = crate::mesh::control_planes(scene.mesh.manifests).filter_map(version);
    let (Some(first), None) = (istiods.next(), istiods.next()) else { return };
    for chart in [IstioChart::Base, IstioChart::Cni, IstioChart::Gateway] {
        let others = crate::mesh::releases(scene.mesh.manifests, chart).filter_map(version);
        for other in others.filter(|other| other.value != first.value) {
            findings
                .report(other.span, format!("{other} beside an istiod of {first}"), "another version")
                .context(first.span, "istiod")
                .help("give all charts one version");
        }
    }
}

fn version(release: &Object<HelmRelease>) -> Option<&Word> {
    release.spec.chart()?.version.as_ref()
}
