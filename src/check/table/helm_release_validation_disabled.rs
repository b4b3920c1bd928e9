//! A chart of Istio's is installed unchecked, and need not be.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::{HelmRelease, Object, helm_release::Action, istio_values::IstioChart},
    mesh::releases,
    release::{Flux, Istio, Patch},
    source::Span,
    yaml::Spanned,
};

pub(super) const CHECK: Check = Check {
    code: "helm-release-validation-disabled",
    severity: Severity::Warning,
    summary: "a chart of Istio's is installed unchecked, and need not be",
    happens: "With `disableSchemaValidation` Helm takes every value that the schema of the gateway's chart refuses, and what is \
              misspelt is lost without a word; the other charts have no schema. With `disableOpenAPIValidation` it does not \
              hold what a chart renders against what the API server knows.",
    mend: "Remove the field. Only gateways of Istio up to 1.25.4, 1.26.3 and 1.27.0 need `disableSchemaValidation`, for their \
           schema refuses the chart's own defaults.",
    silent: "For a gateway whose version is a range or newer than what is known, or whose schema is broken, also under a Flux \
             that does not mind: it spares the day on which Flux is upgraded. For a Flux before 2.4, which does not know \
             `disableSchemaValidation`, and for charts whose source is not Istio's.",
    source: "internal/action/install.go and upgrade.go of helm-controller 1.6.3; manifests/charts/*/values.schema.json of \
             istio/istio, 1.21.1 to 1.30.3; istio/istio#57354",
    rules: &["PRE-6"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for chart in
        [IstioChart::Base, IstioChart::Istiod, IstioChart::Cni, IstioChart::Ztunnel, IstioChart::Gateway]
    {
        for release in releases(scene.mesh.manifests, chart).filter(|release| scene.is_istios(chart, release))
        {
            let label = schema(scene, chart, release);
            for (name, action) in [("install", &release.install), ("upgrade", &release.upgrade)] {
                look(release, name, action, label, findings);
            }
        }
    }
}

fn look(
    release: &Object<HelmRelease>,
    name: &str,
    action: &Action,
    schema: Option<&'static str>,
    findings: &mut Findings,
) {
    let said = |claim: Option<Spanned<bool>>| claim.filter(|claim| claim.value).map(|claim| claim.span);
    if let (Some(place), Some(label)) = (said(action.disable_schema_validation), schema) {
        let field = format!("{name}.disableSchemaValidation");
        report(release, place, &field, label, findings);
    }
    if let Some(place) = said(action.disable_open_api_validation) {
        let field = format!("{name}.disableOpenAPIValidation");
        report(release, place, &field, "no chart of Istio's needs it", findings);
    }
}

fn report(release: &Object<HelmRelease>, place: Span, field: &str, label: &str, findings: &mut Findings) {
    findings
        .report(place, format!("`{}` is installed unchecked by `{field}`", release.meta.path()), label)
        .help(format!("remove `{field}`"));
}

/// Says why nothing is gained where the chart's schema is passed over; nothing where something may be.
fn schema(scene: &Scene<'_>, chart: IstioChart, release: &HelmRelease) -> Option<&'static str> {
    let flux = scene.releases.flux.and_then(Flux::of);
    if flux.is_some_and(|flux| !flux.helm_release.disable_schema_validation) {
        return None;
    }
    if chart != IstioChart::Gateway {
        return Some("the chart has no schema");
    }
    let pinned: Option<Patch> = release.chart().and_then(|chart| chart.version().parse().ok());
    let version = pinned.or(scene.releases.istio)?;
    let istio = Istio::of(version.minor).filter(|istio| istio.minor == version.minor)?;
    (!istio.gateway_schema_is_broken(version.patch)).then_some("the schema of this chart is sound")
}
