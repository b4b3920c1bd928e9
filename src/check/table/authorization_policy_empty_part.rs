//! A part of a rule says nothing.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-empty-part",
    severity: Severity::Error,
    summary: "a part of a rule says nothing",
    happens: "istiod's webhook refuses a source or an operation without any field, and Flux then applies nothing of the \
              stage. Where the webhook does not answer, it is taken and restricts nothing: any caller, any request. A field \
              that this release does not know leaves such a part behind, since the API server prunes it.",
    mend: "Say who calls or what is called, or take the part out.",
    silent: "For an empty list of sources or operations.",
    source: "validateAuthorizationPolicy in pkg/config/validation/validation.go of Istio 1.21.1",
    rules: &["AP36"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for rule in &policy.rules {
            let sources =
                rule.sources().filter(|source| source.is_empty()).map(|source| (source.span, "source"));
            let operations = rule.operations().filter(|operation| operation.is_empty());
            let operations = operations.map(|operation| (operation.span, "operation"));
            let unsaid = rule.from.iter().any(|from| from.source.is_none()).then_some((rule.span, "source"));
            let undone = rule.to.iter().any(|to| to.operation.is_none()).then_some((rule.span, "operation"));
            for (place, part) in sources.chain(operations).chain(unsaid).chain(undone) {
                findings
                    .report(
                        place,
                        format!("a rule of `{}` has an empty {part}", policy.meta.path()),
                        "refused, or restricts nothing",
                    )
                    .help("say who calls or what is called, or take it out");
            }
        }
    }
}
