//! A strict API server takes every object of every tree, and of the workloads that it assumes.

pub mod admission;
mod guard;
pub mod structure;

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use meshwright::release::{Minor, Product};
use serde_json::{Value, json};

use self::structure::Agreement;
use crate::{
    bench::{Bench, Extent, Said},
    cluster::{self, Cluster},
    support::releases::{self, Releases},
    trees::{self, Golden},
};

const STRICT: [&str; 4] = ["apply", "--server-side", "--dry-run=server", "--validate=strict"];

/// An API server that judges: its name, the program that it is, and how that is called.
const SERVERS: [(&str, &str, &[&str]); 2] =
    [("newest", "cluster", &["kube-apiserver"]), ("oldest", "kube-apiserver-oldest", &[])];

/// What an API server has taken.
#[derive(Default)]
struct Taken {
    trees: usize,
    objects: usize,
    kinds: BTreeSet<String>,
}

#[test]
fn every_object_passes_a_strict_dry_run() {
    let Some(bench) = Bench::of("apiserver") else { return };
    for (name, program, arguments) in asked(&bench) {
        let mut cluster = Cluster::start_with(&bench, name, program, arguments);
        cluster.apply_crds();
        let mut taken = Taken::default();
        for tree in trees::golden(bench.extent) {
            taken.add(&cluster, &tree);
        }
        let refused = refuses_mistakes(&cluster, &trees::golden(Extent::Core)[0]);
        bench.compared(
            format!("kube-apiserver {}", cluster.version()),
            format!("{}; {refused} mistakes refused", taken.said()),
        );
    }
    if bench.extent == Extent::All && !bench.has("kube-apiserver-oldest") {
        bench.compared("the oldest kube-apiserver", "NOT RUN: a download was refused");
    }
}

/// Each release takes what is rendered for it. The CRDs of two never meet in one API server.
#[test]
fn every_release_takes_what_is_rendered_for_it() {
    let Some(bench) = Bench::of("apiserver").filter(|bench| bench.extent == Extent::All) else { return };
    for (name, program, arguments) in asked(&bench) {
        let (mut taken, mut names, mut version) = (Taken::default(), Vec::new(), String::new());
        let mut agreement = Agreement::default();
        for releases in releases::matrix() {
            let Ok(crds) = crds(&bench, &releases) else { continue };
            if minor(&version).is_some_and(|minor| minor < releases.kubernetes) {
                continue; // rendered for a newer one
            }
            let folder = format!("{name}-{}", releases.name());
            let mut cluster = Cluster::start_with(&bench, &folder, program, arguments);
            version = cluster.version();
            cluster.apply_crds_of(&crds);
            let trees = trees::of_releases(&bench, &releases);
            for tree in &trees {
                taken.add(&cluster, tree);
            }
            let own = [(Product::Istio, releases.istio.minor), (Product::Flux, releases.flux)];
            agreement.ask(&mut cluster, &own);
            refuses_mistakes(&cluster, &trees[0]);
            refuses_the_newest(&cluster, &bench, &trees[0]);
            names.push(releases.name());
        }
        bench.compared(
            format!("kube-apiserver {version}, CRDs of the release"),
            format!("{}: {}", taken.said(), names.join(", ")),
        );
        bench.compared(format!("kube-apiserver {version}, CRDs of the release, structure"), agreement.said());
        agreement.assert();
    }
    for (releases, missing) in releases::matrix().iter().filter_map(|it| Some((it, crds(&bench, it).err()?)))
    {
        bench.compared(format!("CRDs of {}", releases.name()), format!("NOT RUN: {missing} was refused"));
    }
}

/// Returns the API servers that a run asks, as far as they could be had.
fn asked(bench: &Bench) -> Vec<(&'static str, &'static str, &'static [&'static str])> {
    let asked = SERVERS.into_iter().filter(|(name, ..)| bench.extent == Extent::All || *name == "newest");
    asked.filter(|(_, program, _)| bench.has(program)).collect()
}

/// Returns the folders of the releases' CRDs, or the first that could not be had.
fn crds(bench: &Bench, releases: &Releases) -> Result<Vec<Utf8PathBuf>, String> {
    let wanted = [format!("istio-{}", releases.istio), format!("flux-{}", releases.flux)];
    let mut folders = vec![bench.at("crds/cert-manager")];
    for name in wanted {
        let folder = bench.at("releases").join(&name);
        folders.push(folder.exists().then_some(folder).ok_or(name)?);
    }
    Ok(folders)
}

fn minor(version: &str) -> Option<Minor> {
    version.trim_start_matches('v').parse().ok()
}

/// Asks for a dry run of the objects of some files.
fn dry_run(cluster: &Cluster, files: &[Utf8PathBuf]) -> Said {
    let files = files.iter().flat_map(|file| ["-f", file.as_str()]);
    cluster.kubectl(&STRICT.into_iter().chain(files).collect::<Vec<_>>(), "")
}

/// Returns the files of a tree that hold objects, kustomize's own lists left out.
fn files(tree: &Golden) -> Vec<Utf8PathBuf> {
    let files = tree.files.keys().filter(|path| path.file_name() != Some("kustomization.yaml"));
    files.map(|path| tree.repository.join(path)).collect()
}

impl Taken {
    /// Has an API server take a tree, without a warning.
    fn add(&mut self, cluster: &Cluster, tree: &Golden) {
        // A dry run keeps nothing, so what an object needs must be there before it.
        cluster.apply(&cluster::namespaces(tree.objects().map(|(_, object)| object)));
        let verdict = dry_run(cluster, &files(tree));
        let accepted =
            verdict.out.lines().filter(|line| line.ends_with("serverside-applied (server dry run)"));
        let objects = tree.objects().count();
        assert_eq!((accepted.count(), verdict.err.as_str()), (objects, ""), "{}", tree.stem);
        self.trees += 1;
        self.objects += objects;
        self.kinds.extend(tree.objects().map(|(_, object)| object["kind"].to_string()));
    }

    fn said(&self) -> String {
        format!("{} objects of {} kinds in {} trees accepted", self.objects, self.kinds.len(), self.trees)
    }
}

/// Checks that objects of a tree with one mistake each are refused for it, and returns how many: a judge that refuses
/// nothing proves nothing.
fn refuses_mistakes(cluster: &Cluster, tree: &Golden) -> usize {
    let mistakes = [
        ("NetworkPolicy", "/spec", "polcyTypes", json!(["Egress"])),
        ("PeerAuthentication", "/spec/mtls", "mode", json!("STRICKT")),
        ("HelmRelease", "/spec", "disableSchemaValidation", json!(true)),
    ];
    for (kind, at, key, value) in &mistakes {
        let mut object: Value = tree.of_kind(kind).next().expect("every tree has one").clone();
        let said = value.as_str().unwrap_or(key);
        object.pointer_mut(at).expect("it is there")[key] = value.clone();
        let verdict = cluster.kubectl(&[&STRICT[..], &["-f", "-"]].concat(), &object.to_string());
        assert!(!verdict.is_success && verdict.err.contains(said), "{said}: {}{}", verdict.out, verdict.err);
    }
    mistakes.len()
}

/// Checks that releases which serve another version of some kind refuse what is rendered for the newest.
fn refuses_the_newest(cluster: &Cluster, bench: &Bench, own: &Golden) {
    let newest = *releases::matrix().last().expect("the matrix has a last line");
    let newest = &trees::of_releases(bench, &newest)[0];
    let versions = |tree: &Golden| -> BTreeSet<_> {
        tree.objects().map(|(_, object)| object["apiVersion"].to_string()).collect()
    };
    if versions(own).is_superset(&versions(newest)) {
        return;
    }
    cluster.apply(&cluster::namespaces(newest.objects().map(|(_, object)| object)));
    let verdict = dry_run(cluster, &files(newest));
    assert!(!verdict.is_success, "{} takes {}", own.stem, newest.stem);
}
