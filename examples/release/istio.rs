//! What differs between Istio minors, from a clone of istio/istio.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    rc::Rc,
};

use serde_json::Value;

use super::{
    api::Api,
    chart::{self, Chart},
    kind::{self, Kind},
    repository::{Repository, Tag},
    variable,
};

/// The charts that meshwright renders releases of, with their folders below `manifests/charts/`.
const CHARTS: [(&str, &str); 4] = [
    ("base", "base"),
    ("istiod", "istio-control/istio-discovery"),
    ("cni", "istio-cni"),
    ("gateway", "gateway"),
];

/// The packages that make up istiod; its agent, its command line and its tests are other programs.
const ISTIOD: [&str; 6] = [
    "pilot/pkg",
    "pilot/cmd/pilot-discovery",
    "pkg",
    "security/pkg",
    ":(exclude)pkg/test",
    ":(exclude)pkg/bootstrap",
];

type Files = Vec<(String, Rc<str>)>;

/// What one patch release is like.
struct Patch {
    kinds: BTreeMap<String, Kind>,
    crds: &'static str,
    kubernetes: String,
    cni_keys: Vec<&'static str>,
    default_tracer: String,
    config_validation: bool,
    gateway_schema_is_sound: bool,
    keeps_failure_policy: bool,
    charts: Vec<Chart>,
    variables: BTreeSet<String>,
}

/// Returns the data file of a minor, from its tags, oldest patch first.
pub fn derive(repository: &Repository, tags: &[Tag]) -> Result<String, String> {
    let mut patches = Vec::new();
    for tag in tags {
        patches.push((tag.patch, patch(repository, *tag)?));
    }
    one(&patches)?;
    Ok(write(tags, patches))
}

/// Returns the data file of the kinds' fields, from the newest patch of each minor, oldest first.
pub fn api(repository: &Repository, tags: &[Tag]) -> Result<String, String> {
    let folders = ["crds", "files"].map(|folder| format!("manifests/charts/base/{folder}/crd-all.gen.yaml"));
    let api = Api::of(repository, tags, &[&folders[0], &folders[1]])?;
    Ok(api.file("Istio", tags, "istio-api CLONE"))
}

/// Refuses what the file says once for a minor, but is not the same in all of its patches.
fn one(patches: &[(u16, Patch)]) -> Result<(), String> {
    let facts = |patch: &Patch| {
        (patch.crds, patch.cni_keys.clone(), patch.default_tracer.clone(), patch.config_validation)
    };
    let differs = patches.windows(2).find(|pair| facts(&pair[0].1) != facts(&pair[1].1));
    differs.map_or(Ok(()), |pair| {
        Err(format!("patch {} is not like the one before it; give the fact that differs a range", pair[1].0))
    })
}

fn patch(repository: &Repository, tag: Tag) -> Result<Patch, String> {
    let mut folders = BTreeMap::new();
    for (name, folder) in CHARTS {
        folders.insert(name, repository.files(tag, &[&format!("manifests/charts/{folder}")])?);
    }
    let istiod: Files = folders["istiod"].clone();
    let charts = charts(repository, tag, &folders)?;
    let (crds, definitions) = definitions(&folders["base"])?;
    let defaults = defaults(&istiod)?;
    let version = repository.file(tag, "istioctl/pkg/install/k8sversion/version.go")?;
    let all = || folders.values().flatten();
    Ok(Patch {
        kinds: kind::kinds(&definitions),
        crds,
        kubernetes: format!("1.{}", number_after(&version, "MinK8SVersion ").ok_or("MinK8SVersion is gone")?),
        cni_keys: cni_keys(&istiod),
        default_tracer: text(&defaults["global"]["proxy"]["tracer"]),
        config_validation: defaults["global"]["configValidation"] == true,
        gateway_schema_is_sound: schema_is_sound(&folders["gateway"])?,
        keeps_failure_policy: all().any(|(_, text)| text.contains("not .Release.IsUpgrade")),
        charts,
        variables: variable::registered(&repository.files_with(tag, "env.Register", &ISTIOD)?),
    })
}

/// Reads each chart, and, for istiod, what its injector reads of the values in Go.
fn charts(repository: &Repository, tag: Tag, folders: &BTreeMap<&str, Files>) -> Result<Vec<Chart>, String> {
    let mut charts = Vec::new();
    for (name, _) in CHARTS {
        let mut chart = chart::read(&folders[name])?;
        if name == "istiod" {
            let sources = repository.files_with(tag, "GetGlobal()", &["pkg/kube/inject", "pilot/pkg"])?;
            chart.add(&getters(&sources));
        }
        charts.push(chart);
    }
    Ok(charts)
}

/// Returns the values that Go code reads: `GetGlobal().GetMultiCluster().GetClusterName()`.
fn getters(files: &Files) -> BTreeSet<String> {
    let mut reads = BTreeSet::new();
    for (_, text) in files {
        let roots = [
            ("GetGlobal()", "global"),
            ("global", "global"),
            ("GetSidecarInjectorWebhook()", "sidecarInjectorWebhook"),
        ];
        for (root, key) in roots {
            for (at, _) in text.match_indices(&format!("{root}.Get")) {
                let chain = text[at + root.len()..].split("()").take_while(|call| call.starts_with(".Get"));
                let names = chain.map(|call| call.trim_start_matches(".Get")).filter(|name| *name != "Value");
                let names: Vec<String> =
                    names.filter(|name| name.chars().all(char::is_alphanumeric)).map(lower).collect();
                if !names.is_empty() {
                    reads.insert(format!("{key}.{}", names.join(".")));
                }
            }
        }
    }
    reads
}

fn lower(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_lowercase() + rest
}

/// Returns how the definitions are delivered, and the definitions: `crds/` is Helm's own, `files/` goes by a template.
fn definitions(base: &Files) -> Result<(&'static str, Vec<Value>), String> {
    let (path, text) = base
        .iter()
        .find(|(path, _)| path.ends_with("crd-all.gen.yaml"))
        .ok_or("the base chart has no CRDs")?;
    let delivery = if path.contains("/crds/") { "folder" } else { "template" };
    Ok((delivery, kind::definitions(text)?))
}

/// Returns the chart's own values, less the wrapper around them.
fn defaults(chart: &Files) -> Result<Value, String> {
    let (_, text) =
        chart.iter().find(|(path, _)| path.ends_with("/values.yaml")).ok_or("istiod has no values")?;
    let values: Value = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    let wrapped =
        ["defaults", "_internal_defaults_do_not_set"].iter().find_map(|key| values.get(*key)).cloned();
    Ok(wrapped.unwrap_or(values))
}

fn cni_keys(istiod: &Files) -> Vec<&'static str> {
    let is_read = |key: &&str| {
        istiod
            .iter()
            .any(|(path, text)| !path.ends_with("NOTES.txt") && text.contains(&format!(".Values.{key}")))
    };
    ["istio_cni.enabled", "pilot.cni.enabled"].into_iter().filter(is_read).collect()
}

/// Whether Helm 3.18.5 and later take the chart: a root that forbids other keys, and takes its own in by `$ref`, refuses
/// every value (istio/istio#57354).
fn schema_is_sound(gateway: &Files) -> Result<bool, String> {
    let (_, text) = gateway
        .iter()
        .find(|(path, _)| path.ends_with("values.schema.json"))
        .ok_or("the gateway has no schema")?;
    let schema: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(schema["additionalProperties"] != false || schema.get("$ref").is_none())
}

fn number_after(text: &str, name: &str) -> Option<u16> {
    let rest = text.lines().find_map(|line| line.trim_start().strip_prefix(name))?;
    rest.trim_start_matches([' ', '=']).trim().parse().ok()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Returns the first patch from which on a claim holds to the end; none where it does not at the end.
fn from(patches: &[(u16, Patch)], holds: impl Fn(&Patch) -> bool) -> String {
    let held = patches.iter().rev().take_while(|(_, patch)| holds(patch)).last();
    held.map_or_else(|| "null".to_owned(), |(number, _)| number.to_string())
}

/// Returns the oldest Kubernetes that istioctl finds supported, by the first patch that says so: `0: "1.28", 4: "1.29"`.
fn minimum_kubernetes(patches: &[(u16, Patch)]) -> String {
    let mut changes: Vec<(u16, &str)> =
        patches.iter().map(|(number, patch)| (*number, patch.kubernetes.as_str())).collect();
    changes.dedup_by_key(|(_, version)| *version);
    let changes: Vec<String> =
        changes.iter().map(|(number, version)| format!("{number}: \"{version}\"")).collect();
    changes.join(", ")
}

fn write(tags: &[Tag], patches: Vec<(u16, Patch)>) -> String {
    let (oldest, newest) = (tags[0], tags[tags.len() - 1]);
    let (_, last) = patches.last().expect("a minor has a patch");
    let kinds: Vec<_> = patches.iter().map(|(_, patch)| patch.kinds.clone()).collect();
    let mut out = format!(
        "# Istio {oldest} to {newest}, derived: cargo run --example release -- istio CLONE {newest}\n\
         minor: \"{}.{}\"\n\
         newestPatch: {}\n\
         minimumKubernetes: {{{}}}\n\
         crds: {}\n\
         cniKeys: [{}]\n\
         defaultTracer: {}\n\
         configValidation: {}\n\
         gatewaySchemaSoundFrom: {}\n\
         failurePolicyKeptFrom: {}\n",
        newest.major,
        newest.minor,
        newest.patch,
        minimum_kubernetes(&patches),
        last.crds,
        last.cni_keys.join(", "),
        last.default_tracer,
        last.config_validation,
        from(&patches, |patch| patch.gateway_schema_is_sound),
        from(&patches, |patch| patch.keeps_failure_policy),
    );
    kind::write(&mut out, &kind::common(&kinds));
    out.push_str("---\n# What the charts' templates and istiod read.\n");
    let mut charts: Vec<Vec<(u16, Chart)>> = CHARTS.iter().map(|_| Vec::new()).collect();
    let mut variables = Vec::new();
    for (number, patch) in patches {
        for (chart, all) in patch.charts.into_iter().zip(&mut charts) {
            all.push((number, chart));
        }
        variables.push((number, patch.variables));
    }
    for ((name, _), patches) in CHARTS.iter().zip(&charts) {
        chart::write(&mut out, name, patches);
    }
    write_variables(&mut out, &variables);
    out
}

fn write_variables(out: &mut String, patches: &[(u16, BTreeSet<String>)]) {
    let all: BTreeSet<&String> = patches.iter().flat_map(|(_, names)| names).collect();
    out.push_str("variables:\n  names:\n");
    for name in all {
        writeln!(out, "    - {name}").expect("a string");
    }
    for (key, numbers) in [
        ("since", chart::since(patches, |names| names.iter())),
        ("until", chart::until(patches, |names| names.iter())),
    ] {
        if !numbers.is_empty() {
            writeln!(out, "  {key}:").expect("a string");
            for (name, patch) in numbers {
                writeln!(out, "    {name}: {patch}").expect("a string");
            }
        }
    }
}
