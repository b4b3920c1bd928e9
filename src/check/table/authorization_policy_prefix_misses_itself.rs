//! A prefix is refused, and the path without its slash passes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-prefix-misses-itself",
    severity: Severity::Warning,
    summary: "a prefix is refused, and the path without its slash passes",
    happens: "`/admin/*` matches `/admin/` and what is below it, not `/admin`, which most applications serve all \
              the same.",
    mend: "Refuse both: `/admin` and `/admin/*`.",
    silent: "For ALLOW rules, where the bare path is only refused too much.",
    source: "StringMatcher in pilot/pkg/security/authz/matcher/string.go of Istio 1.21.1; measured on Envoy 1.40",
    rules: &["AP24"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for operation in policy.rules.iter().flat_map(|rule| rule.operations()) {
            let refused = policy.action().refused(&operation.paths, &operation.not_paths);
            for word in refused {
                let Some(bare) = word.strip_suffix("/*").filter(|bare| !bare.is_empty()) else { continue };
                let covers = |other: &str| {
                    other == bare || other.strip_suffix('*').is_some_and(|prefix| bare.starts_with(prefix))
                };
                if !refused.iter().any(|other| covers(other)) {
                    findings
                        .report(
                            word.span,
                            format!("`{bare}` passes `{}`", policy.meta.path()),
                            "only what is below",
                        )
                        .help(format!("refuse `{bare}` as well"));
                }
            }
        }
    }
}
