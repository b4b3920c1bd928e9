//! Derives the facts in `release/` from clones of the upstream repositories. Reads git, writes data files, no network.
//!
//! ```text
//! cargo run --example release -- istio ISTIO [TAG...]
//! cargo run --example release -- flux FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER [TAG...]
//! cargo run --example release -- istio-api ISTIO
//! cargo run --example release -- flux-api FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER
//! cargo run --example release -- mesh-config ISTIO-API
//! cargo run --example release -- gateway-api GATEWAY-API
//! cargo run --example release -- kubernetes-api CLIENT-GO API
//! ```
//!
//! A tag is a minor, `1.27`, or the newest patch to look at, `1.27.9`; without one, every minor that meshwright covers
//! and every newer one is derived. Each minor becomes one file, of which all patches up to the newest are the source. The
//! fields of kinds (`…-api`) become one file a product, from the newest patch of each minor.

#![allow(dead_code, reason = "tests/releases.rs uses its part of this program")]

pub mod api;
pub mod chart;
pub mod flux;
pub mod gateway_api;
pub mod istio;
pub mod kind;
pub mod kubernetes;
pub mod mesh;
pub mod repository;
pub mod variable;

use std::{collections::BTreeMap, fs, path::Path, process::ExitCode};

use repository::{Repository, Tag};

/// The first Istio and the first Flux minor that meshwright writes for.
const OLDEST: [(u16, u16); 2] = [(1, 21), (2, 2)];

/// The first Gateway API and the first client-go minor whose kinds' fields are derived.
const OLDEST_API: [(u16, u16); 2] = [(1, 0), (0, 26)];

const USAGE: &str = "istio ISTIO [TAG...]
flux FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER [TAG...]
istio-api ISTIO
flux-api FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER
mesh-config ISTIO-API
gateway-api GATEWAY-API
kubernetes-api CLIENT-GO API";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments.as_slice() {
        ["istio", clone, tags @ ..] => write_istio(clone, tags),
        ["istio-api", clone] => write_istio_api(clone),
        ["gateway-api", clone] => write_gateway_api(clone),
        ["kubernetes-api", client, types] => write_kubernetes_api(client, types),
        ["mesh-config", clone] => write_mesh_config(clone),
        ["flux-api", flux2, helm, source, kustomize] => write_flux_api(&[flux2, helm, source, kustomize]),
        ["flux", flux2, helm, source, kustomize, tags @ ..] => {
            write_flux(&[flux2, helm, source, kustomize], tags)
        }
        _ => Err(format!("usage: release ARGUMENTS, which are one of\n{USAGE}")),
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

fn write_istio_api(clone: &str) -> Result<(), String> {
    let repository = Repository::open(clone)?;
    write_api("istio", &istio::api(&repository, &newest_of_each(repository.tags()?, OLDEST[0]))?)
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

fn write_flux_api(clones: &[&str; 4]) -> Result<(), String> {
    let sources = flux::Sources::open(clones)?;
    write_api("flux", &flux::api(&sources, &newest_of_each(sources.flux.tags()?, OLDEST[1]))?)
}

fn write_mesh_config(clone: &str) -> Result<(), String> {
    let repository = Repository::open(clone)?;
    let mut tags = repository.tags()?;
    // Each release has two tags here.
    tags.retain(|tag| !tag.has_v);
    write_api("mesh-config", &mesh::api(&repository, &newest_of_each(tags, OLDEST[0]))?)
}

fn write_gateway_api(clone: &str) -> Result<(), String> {
    let repository = Repository::open(clone)?;
    let tags = newest_of_each(repository.tags()?, OLDEST_API[0]);
    write_api("gateway-api", &gateway_api::api(&repository, &tags)?)
}

fn write_kubernetes_api(client: &str, types: &str) -> Result<(), String> {
    let (client, types) = (Repository::open(client)?, Repository::open(types)?);
    let mut tags = newest_of_each(client.tags()?, OLDEST_API[1]);
    // client-go counted otherwise before 2019.
    tags.retain(|tag| tag.major == 0);
    write_api("kubernetes", &kubernetes::api(&client, &types, &tags)?)
}

/// Returns the newest patch of each minor, oldest first.
pub fn newest_of_each(tags: Vec<Tag>, oldest: (u16, u16)) -> Vec<Tag> {
    wanted(tags, oldest, &[]).into_values().filter_map(|patches| patches.last().copied()).collect()
}

fn write(product: &str, (major, minor): (u16, u16), text: &str) -> Result<(), String> {
    write_file(&format!("release/{product}/{major}.{minor}.yaml"), text)
}

fn write_api(product: &str, text: &str) -> Result<(), String> {
    write_file(&format!("release/api/{product}.txt"), text)
}

fn write_file(name: &str, text: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::create_dir_all(path.parent().expect("a file is in a folder")).map_err(|error| error.to_string())?;
    let before = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    say(&format!("{name}: {}", if before == text { "unchanged" } else { "written" }));
    Ok(())
}

/// Tells the person at the terminal.
#[expect(clippy::print_stderr, reason = "this program is run by hand")]
pub fn say(message: &str) {
    eprintln!("{message}");
}
