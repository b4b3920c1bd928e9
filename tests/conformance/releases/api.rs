//! The fields of kinds are what their sources say: derived again from the modules of every minor, they are the committed
//! bytes. Where the module proxy serves not all of them, the product is NOT RUN; `tests/releases.rs` has clones say it then.

use std::{fs, process::Command, time::Duration};

use camino::Utf8PathBuf;
use serde_json::Value;

use super::repository_of;
use crate::{
    bench::{self, Bench},
    release_program::{
        gateway_api, kubernetes, mesh,
        repository::{Repository, Tag},
    },
    support,
};

/// What a product's data file is derived from: modules, with what is read of them.
type Modules = &'static [(&'static str, &'static str)];

/// Derives a data file from repositories of the modules, in their order.
type Derive = fn(&[Repository], &[Tag]) -> Result<String, String>;

const PRODUCTS: [(&str, Modules, Derive); 3] = [
    (
        "kubernetes",
        &[
            ("k8s.io/client-go", "applyconfigurations/internal"),
            ("k8s.io/api", ":(glob)**/zz_generated.prerelease-lifecycle.go"),
        ],
        |repositories, tags| kubernetes::api(&repositories[0], &repositories[1], tags),
    ),
    ("gateway-api", &[("sigs.k8s.io/gateway-api", "config/crd/experimental")], |repositories, tags| {
        gateway_api::api(&repositories[0], tags)
    }),
    ("mesh-config", &[("istio.io/api", "mesh/v1alpha1")], |repositories, tags| {
        mesh::api(&repositories[0], tags)
    }),
];

#[test]
fn fields_derived_from_modules_give_the_committed_bytes() {
    let Some(bench) = Bench::of_all("releases") else { return };
    for (product, modules, derive) in PRODUCTS {
        let committed = fs::read_to_string(support::home().join(format!("release/api/{product}.txt")));
        let committed = committed.expect("the data is there");
        let tags = tags(&committed);
        let of_module = |(module, below): &(&str, &str)| repository(&bench, module, below, &tags);
        match modules.iter().map(of_module).collect::<Result<Vec<_>, _>>() {
            Ok(repositories) => {
                let derived = derive(&repositories, &tags).expect("it can be derived");
                assert_eq!(derived, committed, "{product}");
                bench.compared(
                    format!("release/api/{product}.txt, Go modules"),
                    format!("the fields of {} minors derived again, as committed", tags.len()),
                );
            }
            Err(refused) => bench
                .compared(format!("release/api/{product}.txt"), format!("NOT RUN: {refused} was refused")),
        }
    }
}

/// Returns the releases that a data file was derived from, which its first line names.
fn tags(committed: &str) -> Vec<Tag> {
    let first = committed.lines().next().expect("a data file has a first line");
    first.split([' ', ',']).filter_map(Tag::parse).collect()
}

/// Makes a repository of a module's releases; the first that is refused is an error.
fn repository(bench: &Bench, module: &str, below: &str, tags: &[Tag]) -> Result<Repository, String> {
    let folders = tags.iter().map(|tag| Ok((folder(module, *tag)?, tag.to_string())));
    let folders: Vec<(Utf8PathBuf, String)> = folders.collect::<Result<_, String>>()?;
    let clone = repository_of(bench, module, &folders, &[below]);
    Repository::open(clone.as_str())
}

/// Returns the folder of a module's sources.
fn folder(module: &str, tag: Tag) -> Result<Utf8PathBuf, String> {
    let named = format!("{module}@v{}.{}.{}", tag.major, tag.minor, tag.patch);
    let mut command = Command::new("go");
    command.args(["mod", "download", "-json", &named]).current_dir("/").env("GOWORK", "off");
    let said = bench::run(&mut command, "", Duration::from_secs(120));
    let answer: Value = serde_json::from_str(&said.out).unwrap_or_default();
    answer["Dir"].as_str().map(Utf8PathBuf::from).ok_or(named)
}
