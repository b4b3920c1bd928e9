//! The facts of a release are what its sources say: derived again from the module that the judges are built from, they
//! are the committed bytes.

mod api;
mod data;

use std::{fs, process::Command, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::release::{Istio, Minor, Patch};

use self::data::Data;
use crate::{
    bench::{self, Bench, Extent},
    release_program::{
        istio,
        repository::{Repository, Tag},
    },
    support::{self, releases},
};

/// What the facts are derived from.
const SOURCES: [&str; 6] =
    ["istioctl/pkg/install/k8sversion", "manifests/charts", "pilot/cmd", "pilot/pkg", "pkg", "security/pkg"];

#[test]
fn a_release_derived_from_its_module_gives_the_committed_bytes() {
    let Some(bench) = Bench::of("releases") else { return };
    let mut releases: Vec<Patch> = releases::matrix().iter().map(|releases| releases.istio).collect();
    releases.dedup();
    releases.retain(|istio| module(&bench, *istio).is_some());
    assert!(!releases.is_empty(), "the charts come from a module at least");
    for istio in releases {
        let sources = module(&bench, istio).expect("kept for it");
        let clone = clone(&bench, &sources, istio);
        let repository = Repository::open(clone.as_str()).expect("a clone of ours");
        let tags = repository.tags().expect("one tag");
        assert_eq!(differences(&repository, tags[0]), "");
        bench.compared(format!("istio/istio {istio}, a Go module"), "its facts derived again, as committed");
    }
}

/// What a minor's data says of all its patches is what each of them alone gives.
#[test]
fn each_patch_of_a_clone_is_what_its_minor_says() {
    let Some(bench) = Bench::of("releases").filter(|bench| bench.extent == Extent::All) else { return };
    let Ok(clone) = std::env::var("MESHWRIGHT_ISTIO_CLONE") else {
        bench.compared("istio/istio, a clone", "NOT RUN: MESHWRIGHT_ISTIO_CLONE names none");
        return;
    };
    let repository = Repository::open(&clone).expect("a clone");
    let newest = |tag: &Tag| {
        Istio::of(minor(*tag)).filter(|istio| istio.minor == minor(*tag)).map(|istio| istio.newest_patch)
    };
    let mut tags = repository.tags().expect("tags");
    tags.retain(|tag| newest(tag).is_some_and(|newest| tag.patch <= newest));
    let differ: Vec<String> =
        tags.iter().map(|tag| differences(&repository, *tag)).filter(|it| !it.is_empty()).collect();
    for difference in &differ {
        eprintln!("releases: {difference}");
    }
    assert_eq!(differ.len(), 0, "patches differ");
    bench.compared(
        "istio/istio, a clone",
        format!("the facts of {} patches derived again, as committed", tags.len()),
    );
}

fn minor(tag: Tag) -> Minor {
    Minor { major: tag.major, minor: tag.minor }
}

/// Returns how the facts of one patch differ from what is committed; nothing where they do not.
fn differences(repository: &Repository, tag: Tag) -> String {
    let of = Patch { minor: minor(tag), patch: tag.patch };
    let derived = istio::derive(repository, &[tag]).expect("it can be derived");
    let path = support::home().join(format!("release/istio/{}.yaml", of.minor));
    let committed = Data::read(&fs::read_to_string(&path).expect("the data is there"));
    let derived = committed.silence(&Data::read(&derived), of).to_string();
    let committed = committed.silence(&committed.at(of), of).to_string();
    let differs = similar::TextDiff::from_lines(&committed, &derived).unified_diff().to_string();
    if differs.is_empty() { differs } else { format!("{path}, at {of}, is not what is derived:\n{differs}") }
}

/// Returns the module's folder; none where the release came from elsewhere, or not at all.
fn module(bench: &Bench, istio: Patch) -> Option<Utf8PathBuf> {
    let said = fs::read_to_string(bench.at(&format!("modules/{istio}"))).ok()?;
    Some(Utf8PathBuf::from(said.trim()))
}

/// Makes a repository of a module's sources, with the tag that they were released under.
fn clone(bench: &Bench, sources: &Utf8Path, istio: Patch) -> Utf8PathBuf {
    let name = istio.to_string();
    repository_of(bench, &name, &[(sources.to_owned(), name.clone())], &SOURCES)
}

/// Makes a repository of sources, each with its tag, and of them what some paths name.
fn repository_of(
    bench: &Bench,
    name: &str,
    sources: &[(Utf8PathBuf, String)],
    paths: &[&str],
) -> Utf8PathBuf {
    let clone = bench.scratch(name);
    let git = |folder: &Utf8Path, arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=conformance", "-c", "user.email=conformance@example.com"]);
        command.args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.safecrlf=false",
            "--git-dir",
            clone.as_str(),
        ]);
        let said = bench::run(command.args(arguments).current_dir(folder), "", Duration::from_secs(120));
        assert!(said.is_success, "git {arguments:?}: {}", said.err);
    };
    git(&clone, &["init", "--quiet", "--bare"]);
    for (folder, tag) in sources {
        git(folder, &["read-tree", "--empty"]);
        git(folder, &[&["--work-tree", ".", "add", "--force"], paths].concat());
        git(folder, &["--work-tree", ".", "commit", "--quiet", "--message", "Sources of a module"]);
        git(folder, &["tag", tag]);
    }
    clone
}
