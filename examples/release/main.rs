//! Derives the facts in `release/` from clones of the upstream repositories. Reads git, writes data files, no network.
//!
//! ```text
//! cargo run --example release -- istio ISTIO [TAG...]
//! cargo run --example release -- flux FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER [TAG...]
//! ```
//!
//! A tag is a minor, `1.27`, or the newest patch to look at, `1.27.9`; without one, every minor that meshwright covers
//! and every newer one is derived. Each minor becomes one file, of which all patches up to the newest are the source.

#![allow(dead_code, reason = "tests/releases.rs uses its part of this program")]

pub mod chart;
pub mod flux;
pub mod istio;
pub mod kind;
pub mod repository;
pub mod variable;

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

use repository::{Repository, Tag};

/// The first Istio and the first Flux minor that meshwright writes for.
const OLDEST: [(u16, u16); 2] = [(1, 21), (2, 2)];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["istio", clone, tags @ ..] => write_istio(clone, tags),
        ["flux", flux2, helm, source, kustomize, tags @ ..] => {
            write_flux(&[flux2, helm, source, kustomize], tags)
        }
        _ => Err("usage: release istio ISTIO [TAG...] | release flux FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER [TAG...]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            say(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

fn write_istio(clone: &str, tags: &[&str]) -> Result<(), String> {
    let repository = Repository::open(clone)?;
    for (minor, patches) in wanted(repository.tags()?, OLDEST[0], tags) {
        write("istio", minor, &istio::derive(&repository, &patches)?)?;
    }
    Ok(())
}

fn write_flux(clones: &[&str; 4], tags: &[&str]) -> Result<(), String> {
    let sources = flux::Sources::open(clones)?;
    for (minor, patches) in wanted(sources.flux.tags()?, OLDEST[1], tags) {
        write("flux", minor, &flux::derive(&sources, &patches)?)?;
    }
    Ok(())
}

/// Groups the tags by minor, oldest patch first, and keeps those that were asked for.
pub fn wanted(tags: Vec<Tag>, oldest: (u16, u16), asked: &[&str]) -> BTreeMap<(u16, u16), Vec<Tag>> {
    let mut minors = BTreeMap::<_, Vec<Tag>>::new();
    for tag in tags.into_iter().filter(|tag| tag.minor() >= oldest) {
        let is_asked = |text: &&str| {
            let numbers: Vec<u16> =
                text.trim_start_matches('v').split('.').filter_map(|n| n.parse().ok()).collect();
            numbers.starts_with(&[tag.major, tag.minor])
                && numbers.get(2).is_none_or(|&patch| tag.patch <= patch)
        };
        if asked.is_empty() || asked.iter().any(is_asked) {
            minors.entry(tag.minor()).or_default().push(tag);
        }
    }
    minors
}

fn write(product: &str, (major, minor): (u16, u16), text: &str) -> Result<(), String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("release").join(product);
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let path = folder.join(format!("{major}.{minor}.yaml"));
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    let verdict = if before == text { "unchanged" } else { "written" };
    say(&format!("release/{product}/{major}.{minor}.yaml: {verdict}"));
    Ok(())
}

/// Tells the person at the terminal.
#[expect(clippy::print_stderr, reason = "this program is run by hand")]
pub fn say(message: &str) {
    eprintln!("{message}");
}
