//! What kustomize and Flux would find, walked from each tree's own lists.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{plan::Role, render::Rendered};
use serde_json::Value;

/// Follows the kustomization.yaml of a folder, counting how often it names each file.
fn walk(rendered: &Rendered, folder: &Utf8Path, seen: &mut BTreeMap<Utf8PathBuf, usize>) {
    let list = folder.join("kustomization.yaml");
    let text = rendered.tree.get(&list).unwrap_or_else(|| panic!("`{folder}` has no kustomization.yaml"));
    let [list] = support::documents(text).try_into().expect("one document");
    for resource in list["resources"].as_array().expect("a list of resources") {
        let resource = resource.as_str().expect("a path");
        assert!(!resource.contains(".."), "`{resource}` leads out of `{folder}`");
        let path = folder.join(resource);
        if rendered.tree.get(&path).is_some() {
            *seen.entry(path).or_default() += 1;
        } else {
            walk(rendered, &path, seen);
        }
    }
}

fn flux_kustomizations(rendered: &Rendered) -> Vec<Value> {
    let path = rendered.tree.root().join("flux-kustomizations.yaml");
    support::documents(rendered.tree.get(&path).expect("every tree has one"))
}

#[test]
fn every_manifest_is_reached_once_and_nothing_else_is() {
    for stem in support::shipped() {
        let rendered = support::golden(&stem);
        let mut seen = BTreeMap::new();
        walk(&rendered, rendered.tree.root(), &mut seen);
        for stage in flux_kustomizations(&rendered) {
            let path =
                stage["spec"]["path"].as_str().expect("a path").strip_prefix("./").expect("a relative path");
            walk(&rendered, Utf8Path::new(path), &mut seen);
        }
        let manifests = rendered
            .tree
            .iter()
            .map(|(path, _)| path)
            .filter(|path| rendered.role(path) == Some(Role::Manifest));
        let expected: BTreeMap<Utf8PathBuf, usize> = manifests.map(|path| (path.to_owned(), 1)).collect();
        assert_eq!(seen, expected, "{stem}");
    }
}

#[test]
fn every_folder_that_holds_a_manifest_has_its_kustomization() {
    for stem in support::shipped() {
        let rendered = support::golden(&stem);
        for (path, _) in rendered.tree.iter().filter(|(path, _)| rendered.role(path) == Some(Role::Manifest))
        {
            let list = path.parent().expect("a file has a folder").join("kustomization.yaml");
            assert_eq!(rendered.role(&list), Some(Role::Kustomization), "{path}");
        }
    }
}

#[test]
fn stages_wait_for_stages_that_exist_and_never_in_a_circle() {
    for stem in support::shipped() {
        let rendered = support::golden(&stem);
        let mut stages = flux_kustomizations(&rendered);
        let name = |stage: &Value| stage["metadata"]["name"].as_str().expect("a name").to_owned();
        let own: BTreeSet<String> = stages.iter().map(name).collect();
        let mut ready = BTreeSet::new();
        while !stages.is_empty() {
            let waiting = stages.len();
            stages.retain(|stage| {
                let needs = stage["spec"]["dependsOn"].as_array().into_iter().flatten();
                // What is not ours the platform brings, by the profile's `flux.dependsOn`.
                let mut needs = needs.filter_map(|on| on["name"].as_str()).filter(|need| own.contains(*need));
                let is_ready = needs.all(|need| ready.contains(need));
                if is_ready {
                    ready.insert(name(stage));
                }
                !is_ready
            });
            assert!(stages.len() < waiting, "{stem}: a circle among {stages:?}");
        }
        let others: BTreeSet<&str> = flux_kustomizations(&rendered)
            .iter()
            .flat_map(|stage| stage["spec"]["dependsOn"].as_array().cloned().unwrap_or_default())
            .filter_map(|on| on["name"].as_str().map(str::to_owned))
            .filter(|need| !own.contains(need))
            .map(|need| match need.as_str() {
                "cert-manager" => "cert-manager",
                "tenants" => "tenants",
                other => panic!("{stem}: nobody brings `{other}`"),
            })
            .collect();
        assert_eq!(others.is_empty(), stem != "full");
    }
}

#[test]
fn no_object_is_held_twice() {
    for stem in support::shipped() {
        let rendered = support::golden(&stem);
        let mut held = BTreeSet::new();
        for (path, text) in
            rendered.tree.iter().filter(|(path, _)| rendered.role(path) == Some(Role::Manifest))
        {
            for object in support::documents(text) {
                let metadata = &object["metadata"];
                let id = format!(
                    "{} {} {}/{}",
                    object["apiVersion"], object["kind"], metadata["namespace"], metadata["name"]
                );
                assert!(held.insert(id.clone()), "{path} holds {id} again");
            }
        }
    }
}
