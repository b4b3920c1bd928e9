//! Each golden tree, committed as it is, from an empty cluster to Ready by real Flux, and then held against what runs;
//! and what happens to a mesh after that.

mod balancer;
mod life;
mod mistakes;
mod readme;

use std::{fs, time::Instant};

use crate::{
    bench::{Bench, Extent},
    cluster::Cluster,
    mesh::Mesh,
    trees::{self, Golden},
};

#[test]
fn every_tree_comes_from_an_empty_cluster_to_ready() {
    let Some(bench) = Bench::of("flux") else { return };
    let (mut ready, mut objects, mut deployments, mut kubernetes) = (0, 0, 0, String::new());
    let mut commands = readme::Commands::default();
    let trees = trees::golden(bench.extent);
    let count = trees.len();
    for tree in trees {
        let cluster = Cluster::start(&bench, &tree.stem).with_controllers().with_flux(&[]);
        kubernetes = cluster.version();
        let mut mesh = Mesh::publish(tree, cluster);
        mesh.enter();
        ready += mesh.settled(&[]);
        objects += mesh.held();
        deployments += mesh.populate();
        commands.run(&bench, &mut mesh);
    }
    let version = |name: &str| {
        let path = bench.at("bin").join(format!("{name}-controller.version"));
        format!("{name} {}", fs::read_to_string(path).expect("`build` writes it").trim())
    };
    bench.compared(
        ["source", "kustomize", "helm"].map(version).join(", "),
        format!("{count} trees from empty to Ready: {ready} Flux objects on Kubernetes {kubernetes}"),
    );
    bench.compared(
        format!("kube-apiserver {kubernetes}"),
        format!("{objects} objects run as rendered, {deployments} Deployments available"),
    );
    commands.note(&bench);
}

/// Lets a scenario happen, and notes what came of it and how long that took.
fn scenario(bench: &Bench, name: &str, happens: impl FnOnce() -> String) {
    let start = Instant::now();
    let what = happens();
    bench.compared(name, format!("{what} ({} s)", start.elapsed().as_secs()));
}

/// Returns a golden tree by its stem.
fn golden(stem: &str) -> Golden {
    let trees = trees::golden(Extent::All);
    trees.into_iter().find(|tree| tree.stem == stem).expect("it ships")
}
