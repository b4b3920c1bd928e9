//! Workloads share an account, so that no AuthorizationPolicy can tell them apart.

use std::collections::BTreeMap;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    mesh::{Pod, Truth},
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "service-account-shared",
    severity: Severity::Note,
    summary: "workloads share an account, so that no AuthorizationPolicy can tell them apart",
    happens: "The account is the identity: what one workload may call, every workload of the account may. A \
              NetworkPolicy can still tell them apart.",
    mend: "Give each workload a ServiceAccount of its own.",
    silent: "For workloads without a sidecar, and for several kinds of one name.",
    source: "srcPrincipalGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1",
    rules: &["J18", "J17"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let mut accounts: BTreeMap<(&str, &str), Vec<&Pod<'_>>> = BTreeMap::new();
    for pod in scene.mesh.pods().iter().filter(|pod| pod.injection.is_injected == Truth::Yes) {
        accounts
            .entry((pod.workload.meta.namespace(), pod.workload.service_account()))
            .or_default()
            .push(pod);
    }
    for ((namespace, account), pods) in accounts {
        let mut names: Vec<&str> = pods.iter().map(|pod| pod.workload.meta.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        if let [first, second, ..] = pods[..]
            && names.len() > 1
        {
            findings
                .report(
                    place(second),
                    format!("{} workloads of `{namespace}` share the account `{account}`", names.len()),
                    "the same identity",
                )
                .context(place(first), "as this one")
                .help("give each its own ServiceAccount");
        }
    }
}

fn place(pod: &Pod<'_>) -> Span {
    let named = pod.workload.template.spec.service_account_name.as_ref();
    named.map_or(pod.workload.meta.head(), |name| name.span)
}
