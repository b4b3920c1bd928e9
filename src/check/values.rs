//! Values of Istio's charts, held against the releases that are pinned.

use super::{Findings, Scene};
use crate::{
    api::{ChartSchema, Fate, value_faults},
    manifest::{HelmRelease, Object, istio_values::IstioChart},
    mesh::{control_planes, releases},
    release::{Istio, Patch},
};

/// The charts that the facts hold, with their names there.
const CHARTS: [(IstioChart, &str); 4] = [
    (IstioChart::Base, "base"),
    (IstioChart::Istiod, "istiod"),
    (IstioChart::Cni, "cni"),
    (IstioChart::Gateway, "gateway"),
];

impl Scene<'_> {
    /// Reports the values of Istio's charts that meet a fate.
    pub(super) fn values(&self, fate: Fate, findings: &mut Findings) {
        for (chart, name) in CHARTS {
            let of_istio =
                releases(self.mesh.manifests, chart).filter(|release| self.is_istios(chart, release));
            for release in of_istio {
                let pinned = release.chart().and_then(|chart| chart.version().parse().ok());
                let (Some(values), Some(version)) = (&release.values, pinned.or(self.releases.istio)) else {
                    continue;
                };
                let faults = value_faults(name, version, schema(release, version), values);
                for fault in faults.iter().filter(|fault| fault.fate == fate) {
                    findings.repeat(&fault.diagnostic);
                }
            }
        }
    }

    /// Others call a chart `gateway` or `base` as well: Istio's comes from where its control plane does, or from a source that
    /// names it.
    pub(super) fn is_istios(&self, chart: IstioChart, release: &Object<HelmRelease>) -> bool {
        let source = |release: &HelmRelease| release.source().map(|source| source.name.value.clone());
        let own = source(release);
        chart == IstioChart::Istiod
            || own.as_ref().is_some_and(|name| name.contains("istio"))
            || control_planes(self.mesh.manifests).any(|istiod| source(istiod) == own)
    }
}

/// What Helm makes of the schema of the gateway's chart, unless the release passes over it.
fn schema(release: &HelmRelease, version: Patch) -> ChartSchema {
    if release.install.disables_schema() && release.upgrade.disables_schema() {
        return ChartSchema::Ignored;
    }
    let is_broken =
        Istio::of(version.minor).is_none_or(|istio| istio.gateway_schema_is_broken(version.patch));
    if is_broken { ChartSchema::Lax } else { ChartSchema::Sound }
}
