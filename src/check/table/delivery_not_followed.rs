//! What a cluster gets differs from the files in a way that is not followed.

use crate::{
    check::{Check, Control, Findings, Scene},
    delivery::FaultKind,
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "delivery-not-followed",
    severity: Severity::Note,
    summary: "what a cluster gets differs from the files in a way that is not followed",
    happens: "An edit that kustomize or Flux makes after the files, or a resource that lies elsewhere: \
              a policy may be changed, added or taken out. What is said of the objects is said of them \
              as they are written.",
    mend: "Write the objects as they are to be applied, or judge the output of `kustomize build` or \
              `flux build kustomization`.",
    silent: "For patches, names' prefixes and suffixes, the namespace and plain labels, where what kustomize makes of \
             them is certain, so that it is followed; for images and replicas, which bear on nothing; for patches of \
             kinds that do not bear on traffic; for values of a HelmRelease.",
    source: "api/types/kustomization.go of kustomize 5.8, with which tests/kustomize/ agrees; docs/spec/v1/kustomizations.md of kustomize-controller 1.9",
    rules: &["PRE-4"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for unfollowed in &scene.delivery.unfollowed {
        findings
            .report(
                unfollowed.edit,
                format!("`{}` changes objects after the files", unfollowed.key),
                "not followed: what a cluster gets may differ",
            )
            .help("judge what comes out as well: `kustomize build` or `flux build kustomization`, then `check -`");
    }
    for fault in scene.delivery.faults.iter().filter(|fault| fault.kind == FaultKind::Unread) {
        findings
            .report(fault.entry, format!("`{}` was not read", fault.word), "what it brings is not known")
            .help("name its folder as well, or judge the output of `kustomize build`");
    }
}
