//! A strict API server takes every object of every golden tree, and of the workloads that it assumes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    bench::Bench,
    cluster::{self, Cluster},
    trees,
};

const STRICT: [&str; 5] = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f"];

/// Objects with one mistake each, and what the API server says of it: a judge that refuses nothing proves nothing.
fn mistakes() -> [(Value, &'static str); 3] {
    let object = |api: &str, kind: &str, spec: Value| json!({"apiVersion": api, "kind": kind, "metadata": {"name": "mistake", "namespace": "default"}, "spec": spec});
    let chart = json!({"spec": {"chart": "base", "sourceRef": {"kind": "HelmRepository", "name": "istio"}}});
    [
        (
            object(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"podSelector": {}, "polcyTypes": ["Egress"]}),
            ),
            "polcyTypes",
        ),
        (
            object("security.istio.io/v1beta1", "PeerAuthentication", json!({"mtls": {"mode": "STRICKT"}})),
            "STRICKT",
        ),
        (
            object(
                "helm.toolkit.fluxcd.io/v2",
                "HelmRelease",
                json!({"interval": "1m", "chart": chart, "disableSchemaValidation": true}),
            ),
            "disableSchemaValidation",
        ),
    ]
}

#[test]
fn every_object_passes_a_strict_dry_run() {
    let Some(bench) = Bench::of("apiserver") else { return };
    judge(&bench, Cluster::start(&bench, "newest"));
    if bench.has("kube-apiserver-oldest") {
        judge(&bench, Cluster::start_with(&bench, "oldest", "kube-apiserver-oldest", &[]));
    } else {
        bench.compared("an old kube-apiserver", "NOT RUN: a download was refused");
    }
}

fn judge(bench: &Bench, mut cluster: Cluster) {
    cluster.apply_crds();
    for (object, said) in mistakes() {
        let verdict = cluster.kubectl(&[&STRICT[..], &["-"]].concat(), &object.to_string());
        assert!(!verdict.is_success && verdict.err.contains(said), "{said}: {}{}", verdict.out, verdict.err);
    }
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let (mut files, mut objects) = (0, 0);
    for tree in trees::golden() {
        // A dry run keeps nothing, so what an object needs must be there before it.
        cluster.apply(&cluster::namespaces(tree.objects().map(|(_, object)| object)));
        for (path, held) in &tree.files {
            if path.file_name() == Some("kustomization.yaml") {
                continue;
            }
            let file = tree.repository.join(path);
            let verdict = cluster.kubectl(&[&STRICT[..], &[file.as_str()]].concat(), "");
            let accepted =
                verdict.out.lines().filter(|line| line.ends_with("serverside-applied (server dry run)"));
            assert_eq!(accepted.count(), held.len(), "{file}: {}{}", verdict.out, verdict.err);
            assert_eq!(verdict.err, "", "{file}: a warning");
            for object in held {
                *kinds.entry(object["kind"].to_string()).or_default() += 1;
            }
            files += 1;
            objects += held.len();
        }
    }
    bench.compared(
        format!("kube-apiserver {}", cluster.version()),
        format!("{objects} objects of {} kinds in {files} files accepted, 3 mistakes refused", kinds.len()),
    );
}
