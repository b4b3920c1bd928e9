//! What Flux says of its own objects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{cluster::Cluster, trees::text};

/// The kinds that Flux reports on.
const REPORTING: &str = "gitrepositories,helmrepositories,helmcharts,helmreleases,kustomizations";

/// Asks until there is an answer in what Flux says, and prints each change on the way.
pub fn wait<T>(
    cluster: &mut Cluster<'_>,
    what: &str,
    mut judge: impl FnMut(&Cluster<'_>, &[Value]) -> Result<T, String>,
) -> T {
    let cluster_name = cluster.folder.file_name().expect("a folder has a name").to_owned();
    let mut told = std::mem::take(&mut cluster.said);
    let answer = cluster.wait(&format!("{cluster_name}: {what}"), 300, |cluster| {
        let objects = cluster.list(REPORTING)?;
        let said = objects.iter().map(|object| (name(object), state(object).chars().take(200).collect()));
        let now: BTreeMap<String, String> = said.collect();
        for (name, state) in now.iter().filter(|(name, state)| told.get(*name) != Some(*state)) {
            eprintln!("flux: {cluster_name}: {name}: {state}");
        }
        told = now;
        judge(cluster, &objects)
    });
    cluster.said = told;
    answer
}

/// Returns what an object is called: `HelmRelease istiod`.
pub fn name(object: &Value) -> String {
    format!("{} {}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// Returns what an object is called, and how it is.
pub fn line(object: &Value) -> String {
    format!("{}: {}", name(object), state(object))
}

/// Returns whether an object is Ready, and what is said of that; `stale` where that was said of what it was before.
pub fn state(object: &Value) -> String {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let Some(ready) = conditions.into_iter().flatten().find(|condition| condition["type"] == "Ready") else {
        return "no state".into();
    };
    let is_current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let stale = if is_current { "" } else { "stale " };
    format!("{stale}{} {}", text(ready, "/status"), text(ready, "/message"))
}

/// Returns whether an object, as it is, is Ready.
pub fn is_ready(object: &Value) -> bool {
    state(object).starts_with("True ")
}
