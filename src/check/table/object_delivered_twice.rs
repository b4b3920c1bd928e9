//! Two Flux Kustomizations hold the same object.

use crate::{
    check::{Check, Control, Findings, Scene, findings::and_more},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "object-delivered-twice",
    severity: Severity::Warning,
    summary: "two Flux Kustomizations hold the same object",
    happens: "Each applies its own version over the other's, without a word and for ever: labels and \
              rules come and go, both are Ready. Removed from one, the object is deleted from the \
              cluster.",
    mend: "Leave the object to one of them.",
    silent: "For Kustomizations of other clusters: those with a `kubeConfig`, and where a name is \
              there twice those of another folder.",
    source: "observed with kustomize-controller 1.9.6, whose field manager is the same for every Kustomization",
    rules: &["PRE-2"],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for twice in &scene.delivery.twice {
        let [first, second] = &twice.by;
        let more = and_more(twice.others);
        findings
            .report(
                twice.object,
                format!("`{}` and `{}` both hold `{}`{more}", first.name, second.name, twice.id),
                "held twice",
            )
            .context(first.span, "by this one")
            .context(second.span, "and by this one")
            .help("leave it to one of them");
    }
}
