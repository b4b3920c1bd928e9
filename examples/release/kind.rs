//! Which versions of its kinds a set of `CustomResourceDefinitions` serves.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize as _;
use serde_json::Value;

/// What is served of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The API group.
    pub group: String,
    /// The versions that the API server answers for, best first: `v1`, `v1beta1`, `v1alpha3`.
    pub served: Vec<String>,
    /// The version that etcd holds.
    pub storage: String,
}

/// Reads the definitions of a YAML text.
pub fn definitions(text: &str) -> Result<Vec<Value>, String> {
    let documents = yaml_serde::Deserializer::from_str(text);
    let documents = documents.map(|document| Value::deserialize(document).map_err(|error| error.to_string()));
    let is_definition = |value: &Value| value["kind"] == "CustomResourceDefinition";
    documents.filter(|value| value.as_ref().map_or(true, is_definition)).collect()
}

/// Returns what the definitions serve, by kind.
pub fn kinds(definitions: &[Value]) -> BTreeMap<String, Kind> {
    definitions
        .iter()
        .map(|definition| (text(&definition["spec"]["names"]["kind"]), kind(definition)))
        .collect()
}

fn kind(definition: &Value) -> Kind {
    let versions = definition["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = |key: &str| {
        let with = versions.iter().filter(|version| version[key] == true);
        with.map(|version| text(&version["name"])).collect::<Vec<_>>()
    };
    let mut served = named("served");
    served.sort_by_key(|version| std::cmp::Reverse(stability(version)));
    Kind { group: text(&definition["spec"]["group"]), served, storage: named("storage").remove(0) }
}

/// Keeps of each kind what every patch serves, with the storage version of the newest.
pub fn common(patches: &[BTreeMap<String, Kind>]) -> BTreeMap<String, Kind> {
    let mut common = patches.last().cloned().unwrap_or_default();
    common.retain(|name, _| patches.iter().all(|patch| patch.contains_key(name)));
    for (name, kind) in &mut common {
        kind.served.retain(|version| patches.iter().all(|patch| patch[name].served.contains(version)));
    }
    common
}

/// Writes a line for each kind.
pub fn write(out: &mut String, kinds: &BTreeMap<String, Kind>) {
    out.push_str("kinds:\n");
    for (name, Kind { group, served, storage }) in kinds {
        let served = served.join(", ");
        writeln!(out, "  {name}: {{group: {group}, served: [{served}], storage: {storage}}}")
            .expect("a string");
    }
}

/// Orders versions as Kubernetes does: general availability, beta, alpha, and the higher number first.
fn stability(version: &str) -> (u8, Vec<u32>) {
    let level = if version.contains("alpha") { 0 } else { 1 + u8::from(!version.contains("beta")) };
    (level, version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
