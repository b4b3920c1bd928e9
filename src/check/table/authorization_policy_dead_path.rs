//! A path is compared that no request has.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Word,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-dead-path",
    severity: Severity::Error,
    summary: "a path is compared that no request has",
    happens: "A path is compared without its query, and begins with `/`: a pattern with `?` or `#`, or one that \
              begins with neither `/` nor `*`, never matches. An ALLOW rule stays closed, a DENY rule open.",
    mend: "Begin the path with `/`, and leave the query out; a query can be compared nowhere.",
    silent: "For templates, which 1.22 brought.",
    source: "url_path matcher in pilot/pkg/security/authz/matcher/path.go of Istio 1.21.1; measured on Envoy 1.40",
    rules: &["AP24", "AP26"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let operations = policy.rules.iter().flat_map(|rule| rule.operations());
        for word in operations.flat_map(|operation| operation.paths.iter().chain(&operation.not_paths)) {
            if let Some(why) = dead(word) {
                findings
                    .report(word.span, format!("`{word}` never matches"), why)
                    .help("a path begins with `/`, and is compared without its query");
            }
        }
    }
}

fn dead(word: &Word) -> Option<&'static str> {
    match word.as_str() {
        "" => Some("an empty path"),
        text if text.contains(['?', '#']) => Some("compared without its query"),
        text if !text.starts_with(['/', '*', '{']) => Some("a path begins with `/`"),
        _ => None,
    }
}
