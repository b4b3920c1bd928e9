//! The commands of a tree's own README, run on the cluster that the tree is on.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, process::Command, time::Duration};

use camino::Utf8PathBuf;
use serde_json::Value;

use crate::{
    bench::{self, Bench},
    mesh::Mesh,
    trees::text,
};

/// How many commands were run, and how many were not, by the reason.
#[derive(Default)]
pub struct Commands {
    run: usize,
    not_run: BTreeMap<&'static str, usize>,
}

/// What comes of a command.
enum Fate {
    /// It runs, and for each of these some line of its output has all the words.
    Says(Vec<Vec<String>>),
    /// It cannot run here.
    NotRun(&'static str),
}

impl Commands {
    /// Runs the commands of the README of the tree that a cluster has.
    pub fn run(&mut self, bench: &Bench, mesh: &mut Mesh<'_>) {
        let programs = programs(bench, mesh);
        let folder = mesh.tree.repository.join(&mesh.tree.profile.path);
        let readme = fs::read_to_string(folder.join("README.md")).expect("each tree has a README");
        for line in commands(&readme) {
            let wanted = match fate(bench, mesh, line) {
                Fate::Says(wanted) => wanted,
                Fate::NotRun(reason) => {
                    eprintln!("flux: {}: NOT RUN, {reason}: {line}", mesh.tree.stem);
                    *self.not_run.entry(reason).or_default() += 1;
                    continue;
                }
            };
            let mut command = Command::new("sh");
            command.args(["-c", &format!("PATH={programs}:$PATH; {line}")]).current_dir(&folder);
            command.env("KUBECONFIG", mesh.cluster.folder.join("admin.kubeconfig"));
            let said = bench::run(&mut command, "", Duration::from_secs(60));
            assert!(said.is_success, "{line}: {}{}", said.out, said.err);
            let is_said = |words: &&Vec<String>| {
                said.out.lines().any(|line| words.iter().all(|word| line.contains(word)))
            };
            let unsaid: Vec<_> = wanted.iter().filter(|words| !is_said(words)).collect();
            assert!(unsaid.is_empty(), "{line}: does not say {unsaid:?}:\n{}{}", said.out, said.err);
            self.run += 1;
        }
        mesh.running();
    }

    /// Notes how many were run, and why others were not.
    pub fn note(&self, bench: &Bench) {
        let run = format!("{} commands of the trees' READMEs run", self.run);
        let not_run = self.not_run.iter().map(|(reason, count)| format!("{count} NOT RUN: {reason}"));
        let all: Vec<String> = [run].into_iter().chain(not_run).collect();
        bench.compared("kubectl, flux", all.join("; "));
    }
}

/// Returns a folder with the programs that a README names.
fn programs(bench: &Bench, mesh: &Mesh<'_>) -> Utf8PathBuf {
    let folder = mesh.cluster.folder.join("programs");
    fs::create_dir_all(&folder).expect("our own folder can be written");
    for (name, call) in [("kubectl", "cluster kubectl"), ("flux", "flux")] {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\nexec {}/{call} \"$@\"\n", bench.at("bin")))
            .expect("our own folder can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("our own file");
    }
    folder
}

/// Returns the commands of a README: every line of a block, and what its prose sets as code and names a program.
fn commands(readme: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, part) in readme.split("```").enumerate() {
        if index % 2 == 1 {
            found.extend(part.lines().filter(|line| !line.is_empty()));
        } else {
            let spans = part.split('`').skip(1).step_by(2);
            found.extend(spans.filter(|span| {
                ["sha256sum ", "curl ", "kubectl ", "flux "].iter().any(|name| span.starts_with(name))
            }));
        }
    }
    found
}

fn fate(bench: &Bench, mesh: &Mesh<'_>, command: &str) -> Fate {
    let words: Vec<&str> = command.split(' ').collect();
    let tree = &mesh.tree;
    match words[..] {
        ["sha256sum", "-c", "meshwright.lock"] => {
            let files = tree
                .files
                .keys()
                .map(|path| path.strip_prefix(&tree.profile.path).expect("the tree is there"));
            Fate::Says(files.map(|path| vec![format!("{path}: OK")]).collect())
        }
        ["flux", ..] if !bench.has("flux") => Fate::NotRun("flux is not built"),
        ["flux", "get", "kustomizations", ..] => Fate::Says(lines(tree.of_kind("Kustomization"), |stage| {
            vec![
                text(stage, "/metadata/name").into(),
                mesh.revision[.."main@sha1:01234567".len()].into(),
                "True".into(),
            ]
        })),
        ["flux", "get", "helmreleases", ..] => Fate::Says(lines(tree.of_kind("HelmRelease"), |release| {
            vec![
                text(release, "/metadata/name").into(),
                text(release, "/spec/chart/spec/version").into(),
                "True".into(),
            ]
        })),
        ["kubectl", "get", kinds, "--all-namespaces"] => {
            let of_kind = tree.rendered().map(|(_, object)| object).filter(|object| {
                let plural = text(object, "/kind").to_lowercase().trim_end_matches('y').to_owned();
                kinds.starts_with(&plural)
            });
            Fate::Says(lines(of_kind, |object| {
                vec![text(object, "/metadata/namespace").into(), text(object, "/metadata/name").into()]
            }))
        }
        // Nothing is injected here, so that no pod tells the revision of a proxy.
        ["kubectl", "get", "pods", "--all-namespaces", "--output", columns]
            if columns.contains("REVISION:.metadata.annotations.") =>
        {
            Fate::Says(lines(tree.of_kind("Deployment"), |object| {
                vec![
                    text(object, "/metadata/namespace").into(),
                    text(object, "/metadata/name").into(),
                    "<none>".into(),
                ]
            }))
        }
        [
            "kubectl",
            "rollout",
            "restart",
            "deployments,statefulsets,daemonsets",
            "--namespace",
            namespace,
        ] => {
            let deployments =
                tree.of_kind("Deployment").filter(|object| object["metadata"]["namespace"] == namespace);
            Fate::Says(lines(deployments, |object| {
                vec![format!("deployment.apps/{} restarted", text(object, "/metadata/name"))]
            }))
        }
        ["kubectl", "logs", ..] => Fate::NotRun("pods without containers write no log"),
        ["curl", ..] => Fate::NotRun("it is for a pod with a proxy"),
        _ => panic!("`{command}` of the README of {} is new: say here what comes of it", tree.stem),
    }
}

fn lines<'o>(
    objects: impl Iterator<Item = &'o Value>,
    words: impl Fn(&Value) -> Vec<String>,
) -> Vec<Vec<String>> {
    objects.map(words).collect()
}
