//! A method is written in small letters, and never matches.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
    manifest::Word,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-method-case",
    severity: Severity::Error,
    summary: "a method is written in small letters, and never matches",
    happens: "Methods are compared letter by letter, and HTTP writes them in capitals: a request with a small one \
              is refused by the proxy as malformed.",
    mend: "Write the method in capitals.",
    silent: "For `*` alone.",
    source: "methodGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1; RFC 9110, 9.1",
    rules: &["AP28", "KIA0102"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let operations = policy.rules.iter().flat_map(|rule| rule.operations());
        let is_small = |word: &&Word| word.chars().any(|c| c.is_ascii_lowercase());
        for word in operations
            .flat_map(|operation| operation.methods.iter().chain(&operation.not_methods))
            .filter(is_small)
        {
            findings.report(word.span, format!("`{word}` never matches"), "methods are in capitals").edit =
                Some(Edit { span: word.span, replacement: word.to_uppercase() });
        }
    }
}
