//! `kustomize build` of every folder, and `flux build kustomization` of every stage, give the objects that its files hold,
//! as we read them.

use std::{process::Command, time::Duration};

use camino::Utf8Path;
use serde_json::Value;

use crate::{
    bench::{self, Bench},
    support,
    trees::{self, Golden, by_id, text},
};

/// Returns the objects that a folder's kustomization.yaml leads to.
fn reached(tree: &Golden, folder: &Utf8Path) -> Vec<Value> {
    let list = &tree.files[&folder.join("kustomization.yaml")][0];
    let resources = list["resources"].as_array().expect("a list of resources");
    let paths = resources.iter().map(|resource| folder.join(resource.as_str().expect("a path")));
    paths.flat_map(|path| tree.files.get(&path).cloned().unwrap_or_else(|| reached(tree, &path))).collect()
}

#[test]
fn every_folder_builds_to_the_objects_of_its_files() {
    let Some(bench) = Bench::of("kustomize") else { return };
    let (mut folders, mut objects) = (0, 0);
    for tree in trees::golden(bench.extent) {
        for list in tree.files.keys().filter(|path| path.file_name() == Some("kustomization.yaml")) {
            let folder = list.parent().expect("a file has a folder");
            let mut command = bench.command("kustomize");
            command.arg("build").arg(tree.repository.join(folder));
            let said = bench::run(&mut command, "", Duration::from_secs(20));
            assert!(said.is_success, "{} {folder}: {}", tree.stem, said.err);
            let built = by_id(support::documents(&said.out));
            assert_eq!(built, by_id(reached(&tree, folder)), "{} {folder}", tree.stem);
            folders += 1;
            objects += built.len();
        }
    }
    assert!(folders > 0, "there are golden trees");
    let version = bench::run(bench.command("kustomize").arg("version"), "", Duration::from_secs(20)).out;
    bench.compared(
        format!("kustomize {}", version.trim()),
        format!("{folders} folders, {objects} objects equal"),
    );
}

/// What `tests/kustomize.rs` holds our edits against is what the real kustomize makes of them.
#[test]
fn every_edit_is_made_as_the_expectations_say() {
    let Some(bench) = Bench::of("kustomize") else { return };
    let (mut trees, mut objects) = (0, 0);
    for entry in support::home().join("tests/kustomize").read_dir_utf8().expect("it is there") {
        let folder = entry.expect("it can be read").into_path();
        let said =
            bench::run(bench.command("kustomize").arg("build").arg(&folder), "", Duration::from_secs(20));
        assert!(said.is_success, "{folder}: {}", said.err);
        let expected =
            std::fs::read_to_string(folder.join("expected.yaml")).expect("it says what it expects");
        let built = by_id(support::documents(&said.out));
        assert_eq!(built, by_id(support::documents(&expected)), "{folder}");
        trees += 1;
        objects += built.len();
    }
    bench.compared("kustomize, edits", format!("{trees} trees, {objects} objects equal"));
}

#[test]
fn every_stage_is_to_flux_the_objects_of_its_files() {
    let Some(bench) = Bench::of_all("kustomize") else { return };
    if !bench.has("flux") {
        return bench.compared("flux", "NOT RUN: a download was refused");
    }
    let (mut stages, mut objects) = (0, 0);
    for tree in trees::golden(bench.extent) {
        let copy = bench.scratch(&tree.stem).join("repository"); // it writes where it builds
        let mut command = Command::new("cp");
        command.args(["-r", tree.repository.as_str(), copy.as_str()]);
        assert!(bench::run(&mut command, "", Duration::from_secs(20)).is_success, "{command:?}");
        for stage in tree.of_kind("Kustomization") {
            let (name, namespace) = (text(stage, "/metadata/name"), text(stage, "/metadata/namespace"));
            let folder = text(stage, "/spec/path").trim_start_matches("./");
            let mut command = bench.command("flux");
            command.args(["build", "kustomization", name, "--namespace", namespace, "--dry-run"]);
            command.arg("--path").arg(copy.join(folder));
            command.arg("--kustomization-file");
            command.arg(copy.join(&tree.profile.path).join("flux-kustomizations.yaml"));
            let said = bench::run(&mut command, "", Duration::from_secs(20));
            assert!(said.is_success, "{} {name}: {}", tree.stem, said.err);
            let built = by_id(support::documents(&said.out));
            let mut read = reached(&tree, folder.into());
            for object in &mut read {
                own(object, name, namespace);
            }
            assert_eq!(built, by_id(read), "{} {name}", tree.stem);
            stages += 1;
            objects += built.len();
        }
    }
    assert!(stages > 0, "there are golden trees");
    let version = bench::run(bench.command("flux").arg("--version"), "", Duration::from_secs(20)).out;
    bench.compared(version.trim(), format!("{stages} stages, {objects} objects equal"));
}

/// Labels an object as Flux labels what a Kustomization of its holds.
fn own(object: &mut Value, name: &str, namespace: &str) {
    let labels = &mut object["metadata"]["labels"];
    labels["kustomize.toolkit.fluxcd.io/name"] = name.into();
    labels["kustomize.toolkit.fluxcd.io/namespace"] = namespace.into();
}
