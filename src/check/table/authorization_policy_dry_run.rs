//! A policy that is only tried out.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-dry-run",
    severity: Severity::Warning,
    summary: "an AuthorizationPolicy is a dry run: it enforces nothing",
    happens: "With `istio.io/dry-run: \"true\"` the proxy notes what the policy would have decided, and decides nothing. A \
              workload whose only ALLOW policies are dry runs is open.",
    mend: "Remove the annotation once the shadow denials have been read.",
    silent: "Where the annotation's value is no boolean: Istio then enforces the policy.",
    source: "pilot/pkg/security/authz/builder/builder.go of Istio 1.21.1, and strconv.ParseBool",
    rules: &["AC4-3", "AP11"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        if let Some(annotation) =
            policy.meta.annotations.named("istio.io/dry-run").filter(|_| policy.is_dry_run(&policy.meta))
        {
            findings
                .report(
                    annotation.span,
                    format!("`{}` enforces nothing", policy.meta.path()),
                    "only tried out",
                )
                .help("remove the annotation to enforce the policy");
        }
    }
}
