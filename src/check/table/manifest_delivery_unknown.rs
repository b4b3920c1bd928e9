//! Manifests that none of the Flux Kustomizations leads to.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "manifest-delivery-unknown",
    severity: Severity::Note,
    summary: "manifests that none of the Flux Kustomizations leads to",
    happens: "Flux applies the folders that its Kustomizations name. A folder or file beside them is \
              applied by nobody, or by something that was not read: what it says may not hold. It is \
              judged as if it held.",
    mend: "Give a Kustomization its path, or delete it; where another repository's Kustomization \
              applies it, read that as well.",
    silent: "Where no Flux Kustomization with a path in what was read lies below the same PATH, and \
              for folders that hold Flux Kustomizations, which something above has to apply.",
    source: "docs/spec/v1/kustomizations.md of kustomize-controller 1.9, path",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for place in &scene.delivery.unapplied {
        findings
            .report(
                *place,
                "no Flux Kustomization that was read leads here",
                "whether a cluster gets this cannot be told",
            )
            .help("give a Flux Kustomization its path, or read what applies it as well");
    }
}
