//! `kustomize build` of every folder gives the objects that its files hold, as we read them.

use std::time::Duration;

use camino::Utf8Path;
use serde_json::Value;

use crate::{
    bench::{self, Bench},
    support,
    trees::{self, Golden, by_id},
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
    for tree in trees::golden() {
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
