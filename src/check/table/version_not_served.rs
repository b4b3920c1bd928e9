//! The release does not serve this version of a kind.

use crate::{
    api::Rule,
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "version-not-served",
    severity: Severity::Error,
    summary: "the release does not serve this version of a kind",
    happens: "The API server knows no such kind: it refuses the object, and Flux with it everything else of its \
              Kustomization.",
    mend: "Write a version that the release serves, or upgrade first.",
    silent: "Where no release is known and some release serves it: say --istio, or pin the charts.",
    source: "release/api, derived from: crd-all.gen.yaml of istio/istio 1.21.6 to 1.30.3; config/crd of fluxcd's \
              controllers up to Flux 2.9.4; config/crd/experimental of kubernetes-sigs/gateway-api 1.0.0 to 1.6.1; \
              applyconfigurations/internal of kubernetes/client-go 0.26.15 to 0.36.3",
    rules: &[],
    controls: &[Control::Ac4, Control::Sc7, Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    scene.structure(Rule::VersionNotServed, findings);
}
