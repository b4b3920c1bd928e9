//! Helm values of the profile that the charts of its release do not take.

use super::{Revisions, Values};
use crate::{
    api::{ChartSchema, value_faults},
    diagnostic::Diagnostic,
    release::{Flux, Istio, Minor, Patch},
};

/// The releases of a profile's charts.
pub(super) struct Releases<'a> {
    pub main: Patch,
    pub revisions: &'a Revisions,
    /// What the gateway follows.
    pub gateway: Option<&'a str>,
    pub flux: Minor,
}

/// Reports every value that the charts of these releases do not read or do not take.
pub(super) fn check(values: &Values, releases: &Releases<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let Releases { main, revisions, gateway, flux } = *releases;
    let canary = revisions.canary.as_ref();
    let of_canary = canary.and_then(|canary| canary.values.as_ref()).or(values.istiod.as_ref());
    let all = [
        ("base", values.base.as_ref(), Some(revisions.newest(main))),
        ("istiod", values.istiod.as_ref(), Some(main)),
        ("istiod", of_canary, canary.map(|canary| canary.version)),
        ("cni", values.cni.as_ref(), Some(main)),
        ("gateway", values.gateway.as_ref(), revisions.version(main, gateway)),
    ];
    for (name, node, version) in all {
        let (Some(node), Some(version)) = (node, version) else { continue };
        let faults = value_faults(name, version, schema(version, flux), node);
        diagnostics.extend(faults.into_iter().map(|fault| fault.diagnostic));
    }
}

fn schema(version: Patch, flux: Minor) -> ChartSchema {
    let Some(istio) = Istio::of(version.minor) else { return ChartSchema::Ignored };
    let is_sound = !istio.gateway_schema_is_broken(version.patch);
    let validates = Flux::of(flux).is_some_and(|flux| flux.validates(istio, version.patch));
    match (validates, is_sound) {
        (false, _) => ChartSchema::Ignored,
        (true, false) => ChartSchema::Lax,
        (true, true) => ChartSchema::Sound,
    }
}
