//! Each golden tree, committed as it is, from an empty cluster to Ready by real Flux, and then held against what runs.

use std::{collections::BTreeMap, fs, process::Command, time::Duration};

use camino::Utf8Path;
use meshwright::profile::Profile;
use serde_json::{Value, json};

use crate::{
    bench::{self, Bench},
    cluster::Cluster,
    trees::{self, Golden, id, text},
};

/// The kinds that Flux reports on.
const REPORTING: &str = "gitrepositories,helmrepositories,helmcharts,helmreleases,kustomizations";

#[test]
fn every_tree_comes_from_an_empty_cluster_to_ready() {
    let Some(bench) = Bench::of("flux") else { return };
    let (mut ready, mut objects, mut deployments, mut kubernetes) = (0, 0, 0, String::new());
    let trees = trees::golden();
    for tree in &trees {
        let mut cluster = Cluster::start(&bench, &tree.stem).with_controllers().with_flux();
        kubernetes = cluster.version();
        publish(tree, &cluster.folder);
        cluster.apply(&[platform(&tree.profile), entrance(&tree.profile, &tree.stem)].concat());
        ready += reconciled(tree, &mut cluster);
        objects += held(tree, &cluster);
        deployments += running(tree, &mut cluster);
    }
    let version = |name: &str| {
        let path = bench.at("bin").join(format!("{name}-controller.version"));
        format!("{name} {}", fs::read_to_string(path).expect("`build` writes it").trim())
    };
    bench.compared(
        ["source", "kustomize", "helm"].map(version).join(", "),
        format!("{} trees from empty to Ready: {ready} Flux objects on Kubernetes {kubernetes}", trees.len()),
    );
    bench.compared(
        format!("kube-apiserver {kubernetes}"),
        format!("{objects} objects run as rendered, {deployments} Deployments available"),
    );
}

/// Serves the golden tree as a git repository of its name.
fn publish(tree: &Golden, folder: &Utf8Path) {
    let (work, served) = (folder.join("work"), folder.join("git").join(format!("{}.git", tree.stem)));
    let copied = bench::run(
        Command::new("cp").args(["-r", tree.repository.as_str(), work.as_str()]),
        "",
        Duration::from_secs(30),
    );
    assert!(copied.is_success, "{}", copied.err);
    for name in waited_for(&tree.profile) {
        let folder = work.join("platform").join(name);
        fs::create_dir_all(&folder).expect("our own folder can be written");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}});
        fs::write(folder.join("map.yaml"), map.to_string()).expect("our own folder can be written");
    }
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=conformance", "-c", "user.email=conformance@example.com"]);
        command.args(["-c", "commit.gpgsign=false", "-C", work.as_str()]).args(arguments);
        let said = bench::run(&mut command, "", Duration::from_secs(30));
        assert!(said.is_success, "git {arguments:?}: {}", said.err);
    };
    git(&["init", "--quiet", "--initial-branch", "main"]);
    git(&["add", "--all", "--force"]);
    git(&["commit", "--quiet", "--message", "The golden tree"]);
    git(&["clone", "--quiet", "--bare", ".", served.as_str()]);
}

/// Returns the Kustomizations, not ours, that a stage waits for.
fn waited_for(profile: &Profile) -> Vec<&str> {
    let on = &profile.flux.depends_on;
    let all = [&on.control_plane, &on.mesh, &on.ingress, &on.namespaces];
    all.into_iter().flatten().map(String::as_str).collect()
}

/// Returns what the tree's README asks of others: namespaces that exist, an account for Flux, what stages wait for.
fn platform(profile: &Profile) -> Vec<Value> {
    let mut made = Vec::new();
    for namespace in profile.namespaces.iter().filter(|namespace| !namespace.is_rendered) {
        let level = json!(namespace.pod_security);
        made.push(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": namespace.name, "labels": {
                "istio-injection": "enabled",
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/warn": level,
                "pod-security.kubernetes.io/audit": level,
            }},
        }));
    }
    if let Some(name) = &profile.flux.service_account {
        let account = json!({"name": name, "namespace": profile.flux.namespace});
        made.push(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}));
        made.push(json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": profile.flux.namespace}],
        }));
    }
    made.extend(
        waited_for(profile).into_iter().map(|name| stage(profile, name, &format!("platform/{name}"))),
    );
    made
}

/// Returns what a platform's own repository holds to bring the tree: a source, and one Kustomization.
fn entrance(profile: &Profile, stem: &str) -> Vec<Value> {
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": profile.flux.source.kind,
        "metadata": {"name": profile.flux.source.name, "namespace": profile.flux.namespace},
        "spec": {"interval": "1m", "url": format!("https://git.example.test/{stem}.git"), "ref": {"branch": "main"}},
    });
    vec![source, stage(profile, "conformance", profile.path.as_str())]
}

fn stage(profile: &Profile, name: &str, path: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": name, "namespace": profile.flux.namespace},
        "spec": {
            "interval": "10m", "retryInterval": "15s", "timeout": "5m", "prune": true, "path": format!("./{path}"),
            "sourceRef": profile.flux.source,
        },
    })
}

/// Waits until everything of Flux is Ready, prints each change on the way, and returns how many objects that are.
fn reconciled(tree: &Golden, cluster: &mut Cluster) -> usize {
    let of_kind = |kind| tree.of_kind(kind).count();
    let releases = of_kind("HelmRelease");
    // A source and a chart for each release; our Kustomization and the platform's.
    let expected = 1
        + of_kind("HelmRepository")
        + 2 * releases
        + of_kind("Kustomization")
        + 1
        + waited_for(&tree.profile).len();
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    cluster.wait(&format!("{}: Ready", tree.stem), 300, |cluster| {
        let said = cluster.kubectl(&["get", REPORTING, "--all-namespaces", "--output", "json"], "");
        let answer: Value = serde_json::from_str(&said.out).map_err(|_| said.err)?;
        let found = answer["items"].as_array().expect("a list");
        let now: BTreeMap<String, String> = found.iter().map(|object| (id(object), state(object))).collect();
        for (name, state) in &now {
            if last.get(name) != Some(state) {
                let state: String = state.chars().take(200).collect();
                eprintln!("flux: {}: {name}: {state}", tree.stem);
            }
        }
        last = now;
        let waiting: Vec<String> = last
            .iter()
            .filter(|(_, state)| !state.starts_with("True "))
            .map(|(name, state)| format!("{name}: {state}"))
            .collect();
        if last.len() == expected && waiting.is_empty() {
            Ok(expected)
        } else {
            Err(format!("{} of {expected} objects; {}", last.len(), waiting.join("\n")))
        }
    })
}

fn state(object: &Value) -> String {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let ready = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready");
    ready.map_or_else(
        || "no state".into(),
        |ready| format!("{} {}", text(ready, "/status"), text(ready, "/message")),
    )
}

/// Checks that each rendered object runs with every field that was rendered: Flux drops a misspelled one in silence.
fn held(tree: &Golden, cluster: &Cluster) -> usize {
    let (mut lost, mut count) = (Vec::new(), 0);
    for (path, rendered) in &tree.files {
        if matches!(path.file_name(), Some("kustomization.yaml" | "assumed-workloads.yaml")) {
            continue;
        }
        let file = tree.repository.join(path);
        let said = cluster.kubectl(&["get", "-f", file.as_str(), "--output", "json"], "");
        assert!(said.is_success, "{file}: {}", said.err);
        let live: Value = serde_json::from_str(&said.out).expect("kubectl answers in JSON");
        let live = live["items"].as_array().cloned().unwrap_or_else(|| vec![live.clone()]);
        let live = trees::by_id(live);
        for (name, object) in trees::by_id(rendered.iter().cloned()) {
            lose(&live[&name], &object, &name, &mut lost);
            count += 1;
        }
    }
    assert_eq!(lost, [""; 0], "{}: rendered fields that do not run", tree.stem);
    count
}

/// Notes each place where `live` lacks what `rendered` says.
fn lose(live: &Value, rendered: &Value, at: &str, lost: &mut Vec<String>) {
    match (rendered, live) {
        (Value::Object(keys), _) => {
            for (key, value) in keys {
                lose(&live[key], value, &format!("{at} {key}"), lost);
            }
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            for (index, (item, found)) in items.iter().zip(found).enumerate() {
                lose(found, item, &format!("{at} {index}"), lost);
            }
        }
        _ if live == rendered => {}
        _ => lost.push(format!("{at}: {rendered}, runs: {live}")),
    }
}

/// Applies the workloads that the profile assumes, and waits until every Deployment has its pods: the Pod Security level
/// of a namespace admits them.
fn running(tree: &Golden, cluster: &mut Cluster) -> usize {
    for path in tree.files.keys().filter(|path| path.file_name() == Some("assumed-workloads.yaml")) {
        let file = tree.repository.join(path);
        let said = cluster.kubectl(&["apply", "--server-side", "-f", file.as_str()], "");
        assert!(said.is_success && said.err.is_empty(), "{file}: {}", said.err);
    }
    cluster.wait(&format!("{}: Deployments", tree.stem), 60, |cluster| {
        let said = cluster.kubectl(&["get", "deployments", "--all-namespaces", "--output", "json"], "");
        let answer: Value = serde_json::from_str(&said.out).map_err(|_| said.err)?;
        let found = answer["items"].as_array().expect("a list");
        let is_available = |object: &&Value| {
            object["status"]["availableReplicas"].as_u64() >= object["spec"]["replicas"].as_u64()
        };
        let waiting: Vec<String> = found.iter().filter(|object| !is_available(object)).map(id).collect();
        if waiting.is_empty() { Ok(found.len()) } else { Err(waiting.join(", ")) }
    })
}

#[test]
fn a_field_that_does_not_run_is_found() {
    let rendered =
        json!({"spec": {"policyTypes": ["Egress"], "polcyTypes": ["Egress"], "rules": [{"port": 1}]}});
    let live = json!({"spec": {"policyTypes": ["Egress"], "rules": [{"port": 2, "protocol": "TCP"}]}});
    let mut lost = Vec::new();
    lose(&live, &rendered, "it", &mut lost);
    assert_eq!(lost, ["it spec polcyTypes: [\"Egress\"], runs: null", "it spec rules 0 port: 1, runs: 2"]);
}
