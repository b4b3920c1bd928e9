//! Sizes that grow with the number of namespaces, and those that must not.

mod support;

#[path = "../examples/fleet.rs"]
#[expect(dead_code, reason = "the example's `main` prints")]
mod fleet;

use std::collections::BTreeMap;

/// What one entry of a Flux Kustomization's inventory takes: `{"id":"<namespace>_<name>_<group>_<Kind>","v":"<version>"}`
/// (`api/v1/inventory_types.go` of fluxcd/kustomize-controller).
fn entry_bytes(object: &serde_json::Value) -> usize {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().len();
    let metadata = &object["metadata"];
    text(&metadata["namespace"])
        + text(&metadata["name"])
        + text(&object["apiVersion"])
        + text(&object["kind"])
        + 24
}

/// The objects of each stage: how many, and what its inventory takes.
fn stages(count: usize) -> BTreeMap<String, (usize, usize)> {
    let rendered = support::rendered(&fleet::profile(count));
    let mut stages: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (path, text) in rendered.tree.iter() {
        if rendered.role(path) == Some(meshwright::plan::Role::Manifest) {
            let below = path.strip_prefix(rendered.tree.root()).expect("a path below the root");
            let mut parts = below.components().map(|part| part.as_str());
            let stage = match (parts.next(), parts.next()) {
                (Some("namespaces"), Some(name)) => format!("namespaces/{name}"),
                (Some(folder), Some(_)) => folder.to_owned(),
                _ => "root".to_owned(),
            };
            for object in support::documents(text) {
                let (objects, bytes) = stages.entry(stage.clone()).or_default();
                *objects += 1;
                *bytes += entry_bytes(&object);
            }
        }
    }
    stages
}

/// A Kustomization's inventory is kept in the object itself, and etcd takes 1.5 MB at most. One Kustomization for all
/// namespaces would reach it with 20,000 objects; one a namespace stays small however many there are.
#[test]
fn a_stage_stays_small_however_many_namespaces_there_are() {
    let (few, many) = (stages(10), stages(120));
    let largest = |stages: &BTreeMap<String, (usize, usize)>| {
        let tenants = stages.iter().filter(|(name, _)| name.starts_with("namespaces/"));
        tenants.map(|(_, size)| *size).max().expect("there are namespaces")
    };
    assert_eq!(largest(&few).0, largest(&many).0, "objects of a namespace's stage");
    assert!(largest(&many).0 < 40 && largest(&many).1 < 4096, "{:?}", largest(&many));
    for stage in ["control-plane", "mesh", "ingress"] {
        assert_eq!(few[stage], many[stage], "{stage}");
    }
    // The root holds one small object for each stage.
    assert_eq!(many["root"].0 - few["root"].0, 110);
}
