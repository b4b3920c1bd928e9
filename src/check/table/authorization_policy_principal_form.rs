//! A principal is written as no identity is.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-principal-form",
    severity: Severity::Error,
    summary: "a principal is written as no identity is",
    happens: "A principal is compared without its `spiffe://`: one that is written with it never matches, so that \
              an ALLOW rule stays closed and a DENY rule open. The same holds for one without `/ns/` and `/sa/`.",
    mend: "Write `<trust domain>/ns/<namespace>/sa/<account>`.",
    silent: "For patterns that begin or end with `*`.",
    source: "pilot/pkg/security/authz/model/generator.go of Istio 1.21.1: spiffe.URIPrefix is put before the value",
    rules: &["AC4-5", "AP21"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let sources = policy.rules.iter().flat_map(|rule| rule.sources());
        for word in sources.flat_map(|source| source.principals.iter().chain(&source.not_principals)) {
            let bare = word.strip_prefix("spiffe://");
            let is_pattern = word.starts_with('*') || word.ends_with('*');
            if let Some(bare) = bare {
                findings
                    .report(word.span, format!("`{word}` never matches"), "compared without `spiffe://`")
                    .help("leave the scheme out")
                    .edit = Some(Edit { span: word.span, replacement: bare.to_owned() });
            } else if !(is_pattern || word.contains("/ns/") && word.contains("/sa/")) {
                findings
                    .report(word.span, format!("`{word}` is no identity"), "never matches")
                    .help("write `<trust domain>/ns/<namespace>/sa/<account>`");
            }
        }
    }
}
