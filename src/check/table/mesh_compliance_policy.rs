//! The compliance policy of istiod is a word that it does not know.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::{Edit, Severity},
};

pub(super) const CHECK: Check = Check {
    code: "mesh-compliance-policy",
    severity: Severity::Error,
    summary: "the compliance policy of istiod is a word that it does not know",
    happens: "Any other value than `fips-140-2` restricts nothing, and leaves one line in istiod's own log: the \
              suites and versions are those without a policy.",
    mend: "Write `fips-140-2`.",
    silent: "Where the variable is not set.",
    source: "pkg/features and pilot/pkg/features COMPLIANCE_POLICY of Istio 1.21.1",
    rules: &["SC13-5"],
    controls: &[Control::Sc13],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let values = &scene.mesh.config.control_plane;
    if let Some(policy) = values
        .environment("COMPLIANCE_POLICY", true)
        .filter(|policy| !["", "fips-140-2"].contains(&policy.value.0.as_str()))
    {
        findings
            .report(policy.span, format!("`{}` restricts nothing", policy.value), "no such policy")
            .edit = Some(Edit { span: policy.span, replacement: "fips-140-2".to_owned() });
    }
}
