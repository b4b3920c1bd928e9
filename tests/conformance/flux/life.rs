//! What happens to a mesh that runs: somebody edits the cluster, the profile changes, a team breaks its own folder, the
//! charts are upgraded, a namespace is dropped. One cluster lives through all of it, and through git.

mod change;
mod departure;
mod drift;
mod tenant;
mod upgrade;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use meshwright::{diagnostic, profile::Profile, source::Source};
use serde_json::Value;

use super::{golden, scenario};
use crate::{
    bench::Bench,
    cluster::Cluster,
    mesh::Mesh,
    support,
    trees::{Golden, by_id, text},
};

/// What tells an object that was left alone: who it is, and how often it was changed, by the kind, namespace and name.
type Versions = BTreeMap<String, String>;

/// A mesh, and the profile that it is of.
struct Life<'a> {
    bench: &'a Bench,
    mesh: Mesh<'a>,
    profile: String,
}

#[test]
fn a_mesh_lives_through_edits_changes_faults_upgrades_and_departures() {
    let Some(bench) = Bench::of_all("flux") else { return };
    let cluster = Cluster::start(&bench, "life").with_controllers().with_flux(&[]);
    let mut mesh = Mesh::publish(golden("full"), cluster);
    mesh.enter();
    mesh.settled(&[]);
    mesh.populate();
    let profile = fs::read_to_string(support::home().join("profiles/full.yaml")).expect("it ships");
    let mut life = Life { bench: &bench, mesh, profile };
    for (name, happens) in [
        ("drift is repaired", drift::happens as fn(&mut Life<'_>) -> String),
        ("a changed profile", change::happens),
        ("a broken tenant", tenant::happens),
        ("a chart upgrade", upgrade::happens),
        ("a dropped namespace", departure::happens),
    ] {
        scenario(&bench, name, || happens(&mut life));
    }
}

impl Life<'_> {
    /// Edits the profile, renders it again and pushes what came of it. Returns the tree before.
    fn become_of(&mut self, message: &str, edits: &[(&str, &str)]) -> Golden {
        for (from, to) in edits {
            assert_eq!(self.profile.matches(from).count(), 1, "{from}");
            self.profile = self.profile.replace(from, to);
        }
        let profile = loaded(self.profile.clone());
        self.mesh.repository.render(&profile);
        self.mesh.push(message);
        self.mesh.renew(profile)
    }

    /// Returns the version of everything that Flux, Helm or a team brought.
    fn versions(&self) -> Versions {
        let kinds = self.mesh.tree.objects().map(|(_, object)| {
            let group = text(object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
            format!("{}.{group}", text(object, "/kind").to_lowercase())
        });
        let kinds: BTreeSet<String> = kinds.chain(["pod.".into()]).collect();
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.trim_end_matches('.')).collect();
        let objects = self.mesh.cluster.list(&kinds.join(",")).expect("all kinds are known");
        objects.iter().map(|object| (name(object), version(object))).collect()
    }
}

fn loaded(text: String) -> Profile {
    let source = Source { path: "full.yaml".into(), text };
    let (profile, diagnostics, sources) = support::from_text(source, &mut support::fragment);
    profile.unwrap_or_else(|| panic!("{}", diagnostic::render(&diagnostics, &sources, false)))
}

/// Returns what a tree renders, by the kind, namespace and name.
fn named(tree: &Golden) -> BTreeMap<String, Value> {
    let objects = by_id(tree.rendered().map(|(_, object)| object.clone()));
    objects.into_values().map(|object| (name(&object), object)).collect()
}

fn name(object: &Value) -> String {
    let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str).unwrap_or_default();
    format!("{} {namespace}/{}", text(object, "/kind"), text(object, "/metadata/name"))
}

/// A generation counts changes of what is asked; where a kind has none, the resource version counts all changes.
fn version(object: &Value) -> String {
    let metadata = &object["metadata"];
    let count = metadata.get("generation").unwrap_or(&metadata["resourceVersion"]);
    format!("{} {count}", metadata["uid"])
}

/// Returns the names under which two maps differ.
fn differing<T: PartialEq>(one: &BTreeMap<String, T>, other: &BTreeMap<String, T>) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}
