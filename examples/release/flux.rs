//! What differs between Flux minors, from clones of fluxcd/flux2 and of its controllers.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::Value;

use super::{
    api::Api,
    kind::{self, Kind},
    repository::{Repository, Tag},
    say,
};

/// The clones that a Flux release is put together from.
pub struct Sources {
    /// fluxcd/flux2, whose `manifests/bases` name the controllers' versions.
    pub flux: Repository,
    /// helm-controller, source-controller and kustomize-controller.
    controllers: Vec<Controller>,
}

/// A controller's name, clone and tags.
type Controller = (&'static str, Repository, Vec<Tag>);

/// The fields of a `HelmRelease` that some controllers know and others do not.
const FIELDS: [(&str, &[&str]); 3] = [
    ("chartRef", &["chartRef"]),
    ("disableSchemaValidation", &["install", "disableSchemaValidation"]),
    ("strategy", &["install", "strategy"]),
];

/// What one patch release is like.
struct Patch {
    controllers: BTreeMap<&'static str, String>,
    helm: String,
    kubernetes: String,
    kinds: BTreeMap<String, Kind>,
    fields: Vec<bool>,
}

impl Sources {
    /// Opens the clones of flux2, helm-controller, source-controller and kustomize-controller, in this order.
    pub fn open(clones: &[&str; 4]) -> Result<Self, String> {
        let mut controllers = Vec::new();
        for (name, clone) in ["helm", "source", "kustomize"].into_iter().zip(&clones[1..]) {
            let repository = Repository::open(clone)?;
            let tags = repository.tags()?;
            controllers.push((name, repository, tags));
        }
        Ok(Self { flux: Repository::open(clones[0])?, controllers })
    }
}

/// Returns the data file of a minor, from its tags, oldest patch first.
pub fn derive(sources: &Sources, tags: &[Tag]) -> Result<String, String> {
    let mut patches = Vec::new();
    for tag in tags {
        patches.push(patch(sources, *tag)?);
    }
    Ok(write(tags, &patches))
}

/// Returns the data file of the kinds' fields, from the newest patch of each minor, oldest first.
pub fn api(sources: &Sources, tags: &[Tag]) -> Result<String, String> {
    let mut api = Api::default();
    for tag in tags {
        let mut definitions = Vec::new();
        for controller in &sources.controllers {
            let (_, there) = version(sources, controller, *tag)?;
            for (_, text) in controller.1.files(there, &["config/crd/bases"])? {
                definitions.extend(kind::definitions(&text)?);
            }
        }
        api.add(&format!("{}.{}", tag.major, tag.minor), &definitions)?;
    }
    Ok(api.file("Flux", tags, "flux-api FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER"))
}

/// Returns the version of a controller that a Flux release names, and the one that its clone has for it.
fn version(sources: &Sources, (name, _, tags): &Controller, tag: Tag) -> Result<(Tag, Tag), String> {
    let base = sources.flux.file(tag, &format!("manifests/bases/{name}-controller/kustomization.yaml"))?;
    let version = base.split_once("/download/").and_then(|(_, rest)| rest.split('/').next());
    let named = version.and_then(Tag::parse).ok_or_else(|| format!("{tag} names no {name}-controller"))?;
    Ok((named, present(name, named, tags)?))
}

fn patch(sources: &Sources, tag: Tag) -> Result<Patch, String> {
    let mut definitions = Vec::new();
    let mut controllers = BTreeMap::new();
    let mut helm = String::new();
    for controller in &sources.controllers {
        let (name, repository, _) = controller;
        let (named, there) = version(sources, controller, tag)?;
        for (_, text) in repository.files(there, &["config/crd/bases"])? {
            definitions.extend(kind::definitions(&text)?);
        }
        if *name == "helm" {
            helm = helm_version(&repository.file(there, "go.mod")?).ok_or("go.mod names no Helm")?;
        }
        controllers.insert(*name, named.to_string().trim_start_matches('v').to_owned());
    }
    let check = sources.flux.file(tag, "cmd/flux/check.go")?;
    let helm_release = definitions.iter().find(|crd| crd["spec"]["names"]["kind"] == "HelmRelease").cloned();
    let helm_release = helm_release.ok_or("helm-controller defines no HelmRelease")?;
    Ok(Patch {
        controllers,
        helm,
        kubernetes: kubernetes(&check).ok_or("cmd/flux/check.go asks for no Kubernetes")?,
        kinds: kind::kinds(&definitions),
        fields: FIELDS.iter().map(|(_, path)| has_field(&helm_release, path)).collect(),
    })
}

/// Returns the named tag, or, where the clone lacks it, the newest before it of the same minor, and says so.
fn present(name: &str, named: Tag, tags: &[Tag]) -> Result<Tag, String> {
    let before = tags.iter().rev().find(|tag| tag.minor() == named.minor() && **tag <= named);
    let found =
        *before.ok_or_else(|| format!("the clone of {name}-controller has no {named}; fetch its tags"))?;
    if found != named {
        say(&format!(
            "note: the clone of {name}-controller lacks {named}; its definitions are read at {found}"
        ));
    }
    Ok(found)
}

/// Returns the Helm that is built in: a replacement, where go.mod has one.
fn helm_version(go_mod: &str) -> Option<String> {
    let code = go_mod.lines().map(str::trim_start).filter(|line| !line.starts_with("//"));
    let lines: Vec<&str> = code.filter(|line| line.contains("helm.sh/helm/")).collect();
    let replaced = lines.iter().find(|line| line.contains("=>"));
    let is_version =
        |word: &&str| word.strip_prefix('v').is_some_and(|rest| rest.starts_with(char::is_numeric));
    let version = replaced.or(lines.first())?.split_whitespace().rfind(is_version)?;
    Some(version.trim_start_matches('v').to_owned())
}

/// Returns the oldest Kubernetes that `flux check` passes: `">=1.33.0-0"`.
fn kubernetes(check: &str) -> Option<String> {
    let (_, rest) = check.split_once("\">=")?;
    rest.split('"').next()?.strip_suffix(".0-0").map(str::to_owned)
}

/// Whether the version that is stored, which is the one that we write, has the field.
fn has_field(definition: &Value, path: &[&str]) -> bool {
    let versions = definition["spec"]["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let current = versions.iter().filter(|version| version["storage"] == true);
    current.into_iter().all(|version| {
        let spec = &version["schema"]["openAPIV3Schema"]["properties"]["spec"];
        path.iter().try_fold(spec, |at, key| at["properties"].get(key)).is_some()
    })
}

fn write(tags: &[Tag], patches: &[Patch]) -> String {
    let (oldest, newest) = (tags[0], tags[tags.len() - 1]);
    let last = &patches[patches.len() - 1];
    let mut out = format!(
        "# Flux {oldest} to {newest}, derived: cargo run --example release -- flux FLUX2 HELM-CONTROLLER SOURCE-CONTROLLER KUSTOMIZE-CONTROLLER {newest}\n\
         minor: \"{}.{}\"\n\
         newestPatch: {}\n\
         minimumKubernetes: \"{}\"\n\
         helm: \"{}\"\n\
         controllers:\n",
        newest.major, newest.minor, newest.patch, last.kubernetes, last.helm,
    );
    for (name, version) in &last.controllers {
        writeln!(out, "  {name}: {version}").expect("a string");
    }
    out.push_str("helmReleaseFields:\n");
    for (index, (name, _)) in FIELDS.iter().enumerate() {
        writeln!(out, "  {name}: {}", patches.iter().all(|patch| patch.fields[index])).expect("a string");
    }
    let kinds: Vec<_> = patches.iter().map(|patch| patch.kinds.clone()).collect();
    kind::write(&mut out, &kind::common(&kinds));
    out
}
