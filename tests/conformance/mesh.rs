//! A tree on a cluster: Flux brings it from a repository, and what runs is held against what was rendered.

use std::collections::BTreeSet;

use meshwright::profile::Profile;
use serde_json::{Value, json};

use crate::{
    cluster::Cluster,
    platform::{ENTRANCE, entrance, platform, waited_for},
    repository::Repository,
    status,
    trees::{self, Golden, id, text},
};

/// A tree on a cluster.
pub struct Mesh<'a> {
    pub tree: Golden,
    pub cluster: Cluster<'a>,
    pub repository: Repository,
    pub revision: String,
}

impl<'a> Mesh<'a> {
    /// Serves a tree to a cluster whose Flux knows nothing of it yet.
    pub fn publish(tree: Golden, cluster: Cluster<'a>) -> Self {
        let served = cluster.folder.join("git").join(format!("{}.git", tree.stem));
        let repository = Repository::begin(&tree.repository, cluster.folder.join("work"), &served);
        for name in waited_for(&tree.profile) {
            let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}});
            repository.write(format!("platform/{name}/map.yaml"), &map.to_string());
        }
        let revision = repository.push("The golden tree");
        Self { tree, cluster, repository, revision }
    }

    /// Gives Flux what the tree asks of others, and a way in to it.
    pub fn enter(&self) {
        let profile = &self.tree.profile;
        self.cluster.apply(&[platform(profile), entrance(profile, &self.tree.stem)].concat());
    }

    /// Reads the tree of a profile again, which was written over the last one.
    pub fn renew(&mut self, profile: Profile) -> Golden {
        let tree = trees::read(self.tree.stem.clone(), profile, self.repository.work.clone());
        std::mem::replace(&mut self.tree, tree)
    }

    /// Commits, pushes, and has Flux look for it, as a webhook of the git server would.
    pub fn push(&mut self, message: &str) {
        self.revision = self.repository.push(message);
        self.ask("gitrepositories", &self.revision);
    }

    /// Has Flux reconcile everything now, as it does by itself after each interval, and waits for it.
    pub fn reconcile(&mut self, token: &str) {
        self.ask("kustomizations,helmreleases", token);
        status::wait(&mut self.cluster, "everything reconciled", |_, objects| {
            let is_behind = |object: &&Value| object["status"]["lastHandledReconcileAt"] != token;
            nothing(objects.iter().filter(|object| is_named(object)).filter(is_behind).map(status::name))
        });
        self.settled(&[]);
    }

    fn ask(&self, kinds: &str, token: &str) {
        let asked = format!("reconcile.fluxcd.io/requestedAt={token}");
        let namespace = self.tree.profile.flux.namespace.as_str();
        self.cluster.order(&["annotate", "--overwrite", kinds, "--all", "--namespace", namespace, &asked]);
    }

    /// Waits until Flux has what the tree says, and no more, and all but some of it is Ready at the revision. Returns how
    /// many objects are.
    pub fn settled(&mut self, but: &[&str]) -> usize {
        let wanted = self.wanted();
        let revision = self.revision.clone();
        status::wait(&mut self.cluster, "Ready", |_, objects| {
            let found: BTreeSet<String> =
                objects.iter().filter(|object| is_named(object)).map(status::name).collect();
            let differs =
                wanted.symmetric_difference(&found).map(|name| format!("{name}: missing, or too many"));
            let is_demanded = |object: &&Value| !but.contains(&text(object, "/metadata/name"));
            let waiting = objects.iter().filter(is_demanded).filter(|object| !is_settled(object, &revision));
            nothing(differs.chain(waiting.map(status::line)))?;
            Ok(objects.iter().filter(|object| status::is_ready(object)).count())
        })
    }

    /// Returns the Kustomizations and HelmReleases that there are to be: the tree's, ours and the platform's.
    fn wanted(&self) -> BTreeSet<String> {
        let rendered = ["Kustomization", "HelmRelease"]
            .into_iter()
            .flat_map(|kind| self.tree.of_kind(kind))
            .map(status::name);
        let others = waited_for(&self.tree.profile).into_iter().chain([ENTRANCE]);
        rendered.chain(others.map(|name| format!("Kustomization {name}"))).collect()
    }

    /// Checks that each rendered object runs with every field that was rendered: Flux drops a misspelled one in silence.
    pub fn held(&self) -> usize {
        let (mut lost, mut count) = (Vec::new(), 0);
        let files: BTreeSet<_> = self.tree.rendered().map(|(path, _)| path).collect();
        for path in files {
            let file = self.tree.repository.join(path);
            let said = self.cluster.order(&["get", "-f", file.as_str(), "--output", "json"]);
            let live: Value = serde_json::from_str(&said).expect("kubectl answers in JSON");
            let live = live["items"].as_array().cloned().unwrap_or_else(|| vec![live.clone()]);
            let live = trees::by_id(live);
            for (name, object) in trees::by_id(self.tree.files[path].iter().cloned()) {
                lose(&live[&name], &object, &name, &mut lost);
                count += 1;
            }
        }
        assert_eq!(lost, [""; 0], "{}: rendered fields that do not run", self.tree.stem);
        count
    }

    /// Applies the workloads that the profile assumes, and waits until every Deployment has its pods: the Pod Security
    /// level of a namespace admits them.
    pub fn populate(&mut self) -> usize {
        for path in self.tree.files.keys().filter(|path| path.file_name() == Some("assumed-workloads.yaml")) {
            let file = self.tree.repository.join(path);
            let said = self.cluster.kubectl(&["apply", "--server-side", "-f", file.as_str()], "");
            assert!(said.is_success && said.err.is_empty(), "{file}: {}", said.err);
        }
        self.running()
    }

    /// Waits until every Deployment has its pods, of its last revision alone and as many as its autoscaler wants at least.
    /// Returns how many there are.
    pub fn running(&mut self) -> usize {
        let what = format!("{}: Deployments", self.tree.stem);
        self.cluster.wait(&what, 60, |cluster| {
            let found = cluster.list("deployments")?;
            let scalers = cluster.list("horizontalpodautoscalers")?;
            let is_waited_for = |object: &&Value| {
                !is_rolled_out(object) || scalers.iter().any(|scaler| is_short(object, scaler))
            };
            nothing(found.iter().filter(is_waited_for).map(id))?;
            Ok(found.len())
        })
    }
}

/// Returns an answer if nothing is waited for.
pub fn nothing(waiting: impl Iterator<Item = String>) -> Result<(), String> {
    let waiting: Vec<String> = waiting.collect();
    if waiting.is_empty() { Ok(()) } else { Err(waiting.join("\n")) }
}

/// Returns whether an object is of a kind that a tree names; the others follow from these.
fn is_named(object: &Value) -> bool {
    ["Kustomization", "HelmRelease"].contains(&text(object, "/kind"))
}

fn is_settled(object: &Value, revision: &str) -> bool {
    status::is_ready(object)
        && (object["kind"] != "Kustomization" || object["status"]["lastAppliedRevision"] == revision)
}

fn is_rolled_out(deployment: &Value) -> bool {
    let (spec, status) = (&deployment["spec"], &deployment["status"]);
    status["observedGeneration"] == deployment["metadata"]["generation"]
        && ["replicas", "updatedReplicas", "availableReplicas"]
            .iter()
            .all(|key| status[key] == spec["replicas"])
}

fn is_short(deployment: &Value, scaler: &Value) -> bool {
    let is_target = scaler["metadata"]["namespace"] == deployment["metadata"]["namespace"]
        && scaler["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"];
    is_target && deployment["spec"]["replicas"].as_u64() < scaler["spec"]["minReplicas"].as_u64()
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

#[test]
fn a_field_that_does_not_run_is_found() {
    let rendered =
        json!({"spec": {"policyTypes": ["Egress"], "polcyTypes": ["Egress"], "rules": [{"port": 1}]}});
    let live = json!({"spec": {"policyTypes": ["Egress"], "rules": [{"port": 2, "protocol": "TCP"}]}});
    let mut lost = Vec::new();
    lose(&live, &rendered, "it", &mut lost);
    assert_eq!(lost, ["it spec polcyTypes: [\"Egress\"], runs: null", "it spec rules 0 port: 1, runs: 2"]);
}
