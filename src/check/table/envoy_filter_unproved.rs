//! An EnvoyFilter changes what proxies are told, and may undo anything.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::envoy_filter::{ApplyTo, ConfigPatch, PatchOperation},
};

pub(super) const CHECK: Check = Check {
    code: "envoy-filter-unproved",
    severity: Severity::Warning,
    summary: "an EnvoyFilter changes what proxies are told, and may undo anything",
    happens: "A patch can remove the filter that authorizes, the socket that encrypts or the log. Nothing here \
              proves that it does not, and a new release of Istio may apply it differently.",
    mend: "Replace it by a field of Istio's own API; where there is none, waive it with a reason and an owner.",
    silent: "For patches that only add a tracer, statistics or a rate limit behind everything of Istio's: none is \
             told apart, so each one is told.",
    source: "networking/v1alpha3/envoy_filter.proto of istio/api 1.21",
    rules: &["SC8-14", "AU-7"],
    controls: &[Control::Sc8, Control::Sc8Cryptography, Control::Ac4, Control::Au12],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for filter in &scene.mesh.manifests.envoy_filters {
        let place = filter.config_patches.first().map_or(filter.meta.head(), |patch| patch.span);
        let effect =
            filter.config_patches.iter().map(|patch| effect(patch)).max().unwrap_or("changes nothing");
        findings
            .report(place, format!("`{}` changes proxies past Istio's own API", filter.meta.path()), effect)
            .help("what it does is not proved: waive it with a reason, or use a field of Istio's API");
    }
}

/// What a patch may do, the worst of which sorts last.
fn effect(patch: &ConfigPatch) -> &'static str {
    match (patch.apply_to(), patch.operation()) {
        (_, PatchOperation::Remove | PatchOperation::Replace) => "takes parts out",
        (ApplyTo::Listener | ApplyTo::FilterChain | ApplyTo::NetworkFilter | ApplyTo::ListenerFilter, _) => {
            "may undo authorization and mutual TLS"
        }
        (ApplyTo::Cluster | ApplyTo::Bootstrap | ApplyTo::ExtensionConfig, _) => {
            "may change how peers are trusted"
        }
        (
            ApplyTo::Invalid
            | ApplyTo::HttpFilter
            | ApplyTo::RouteConfiguration
            | ApplyTo::VirtualHost
            | ApplyTo::HttpRoute,
            _,
        ) => "adds to requests or routes",
    }
}
