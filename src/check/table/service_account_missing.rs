//! A workload runs as an account that does not exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::Severity,
    manifest::Object,
    schema::nearest,
};

pub(super) const CHECK: Check = Check {
    code: "service-account-missing",
    severity: Severity::Warning,
    summary: "a workload runs as an account that does not exist",
    happens: "No pod of the workload is made: the API server refuses each for its account. A policy that names the \
              account opens a way for nobody.",
    mend: "Add the ServiceAccount, or name one that is there.",
    silent: "Where the manifests show no ServiceAccount of the namespace, and where a HelmRelease installs into it, for \
             charts bring their own.",
    source: "plugin/pkg/admission/serviceaccount/admission.go of Kubernetes 1.30, error looking up service account",
    rules: &["AC4-5"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let manifests = scene.mesh.manifests;
    let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for account in &manifests.service_accounts {
        shown.entry(account.meta.namespace()).or_default().insert(&account.meta.name);
    }
    let by_charts: BTreeSet<&str> = manifests.helm_releases.iter().map(Object::release_namespace).collect();
    for pod in scene.mesh.pods() {
        let (namespace, spec) = (scene.mesh.scope_of(pod).name, &pod.workload.template.spec);
        let Some(accounts) = shown.get(namespace).filter(|_| !by_charts.contains(namespace)) else {
            continue;
        };
        let account = pod.workload.service_account();
        // Every namespace has one of this name.
        if account == "default" || accounts.contains(account) {
            continue;
        }
        let written = spec.service_account_name.as_ref().or(spec.service_account.as_ref());
        let place = written.map_or(pod.workload.meta.head(), |word| word.span);
        let label = nearest(account, accounts.iter().copied())
            .map_or_else(|| "not there".to_owned(), |near| format!("did you mean `{near}`?"));
        findings.report(
            place,
            format!("`{}` runs as `{namespace}/{account}`, which is not there", pod.path()),
            label,
        );
    }
}
