//! A `*` stands where it means itself.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{AuthorizationRule, Word},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-wildcard-in-middle",
    severity: Severity::Warning,
    summary: "a `*` stands where it means itself",
    happens: "Only a `*` at the very begin or end is a wildcard, and at the begin alone if there is one at both. \
              Anywhere else it is compared as a character that hardly any request has: an ALLOW rule stays closed, \
              a DENY rule open.",
    mend: "Cut the pattern to a prefix or a suffix; for parts of a path, use the templates `{*}` and `{**}` from \
           1.22 on.",
    silent: "For namespaces, where it is a wildcard anywhere.",
    source: "StringMatcher in pilot/pkg/security/authz/matcher/string.go of Istio 1.21.1; measured on Envoy 1.40",
    rules: &["AP19"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for word in policy.rules.iter().flat_map(|rule| words(rule)) {
            let Some(inner) = word
                .strip_prefix('*')
                .or_else(|| word.strip_suffix('*'))
                .or(Some(word))
                .filter(|inner| inner.contains('*'))
            else {
                continue;
            };
            if !word.contains('{') {
                findings
                    .report(
                        word.span,
                        format!("`{word}` compares a `*` with a `*`"),
                        if inner.ends_with('*') {
                            "the one at the end means itself"
                        } else {
                            "means itself here"
                        },
                    )
                    .help("a wildcard stands at the begin or at the end, and nowhere else");
            }
        }
    }
}

fn words(rule: &AuthorizationRule) -> impl Iterator<Item = &Word> {
    let operations = rule.operations().flat_map(|operation| {
        [
            &operation.hosts,
            &operation.not_hosts,
            &operation.methods,
            &operation.not_methods,
            &operation.paths,
            &operation.not_paths,
        ]
    });
    let sources = rule.sources().flat_map(|source| {
        [
            &source.principals,
            &source.not_principals,
            &source.request_principals,
            &source.not_request_principals,
        ]
    });
    operations.chain(sources).flatten()
}
