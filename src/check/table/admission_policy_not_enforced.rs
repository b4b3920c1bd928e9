//! An admission policy for the mesh's kinds refuses nothing.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::Scope,
    mesh::admission::{GUARDED, Hold, guards},
};

pub(super) const CHECK: Check = Check {
    code: "admission-policy-not-enforced",
    severity: Severity::Warning,
    summary: "an admission policy for the mesh's kinds refuses nothing",
    happens: "Istio itself lets a namespace weaken what the mesh says, so that a policy at admission is what keeps it from \
              that. One that nobody binds, that only warns or notes, that lets pass what it cannot decide, or that an \
              object's own labels leave, is written down and refuses nothing.",
    mend: "Bind it with `validationActions: [Deny]`, say `failurePolicy: Fail`, and select no objects by their labels; for \
           Kyverno, say `Enforce`.",
    silent: "For what a policy's expressions refuse, which are not evaluated, for conditions and exclusions, and for \
             policies of Kyverno that are of one namespace.",
    source: "policy/validating in apiserver/pkg/admission/plugin of Kubernetes 1.30; api/kyverno/v1 of Kyverno 1.19.0",
    rules: &["PRE-9"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for guard in GUARDED.into_iter().flat_map(|guarded| guards(scene.mesh, guarded)) {
        let Hold::Nowhere(why, span) = guard.hold else { continue };
        if guard.policy.scope == Scope::Cluster && told.insert(guard.policy.id()) {
            findings
                .report(span, format!("`{}` refuses nothing: it {why}", guard.policy.id()), "not enforced")
                .help("a policy holds where a binding denies, failures fail, and no label leaves it");
        }
    }
}
