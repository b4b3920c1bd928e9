//! A namespace has both labels that ask for injection, and one of them is ignored.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "namespace-injection-labels-conflict",
    severity: Severity::Warning,
    summary: "a namespace has both labels that ask for injection, and one of them is ignored",
    happens: "`istio-injection` wins over `istio.io/rev`: pods get the sidecar of the default revision, and a \
              canary that was meant to be tried is not.",
    mend: "Remove `istio-injection` where a revision is meant, and the revision where the default is.",
    silent: "Where only one of them is there.",
    source: "manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml of Istio 1.21.1",
    rules: &["SC8-4", "T11", "IST0123"],
    controls: &[Control::Sc8],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for scope in scene.mesh.namespaces() {
        if let (Some(winner), Some(revision)) = (scope.label("istio-injection"), scope.label("istio.io/rev"))
        {
            findings
                .report(revision.span, format!("the revision of `{}` is ignored", scope.name), "loses")
                .context(winner.span, "wins")
                .help("remove the one that is not meant");
        }
    }
}
