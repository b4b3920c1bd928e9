//! Decides which files a profile becomes, and what each holds.
//!
//! Everything that a template needs is decided here; a template chooses nothing but between what it is given.

mod access;
mod authorization;
mod chart;
mod control_plane;
mod egress;
mod ingress;
mod mesh;
mod namespace;
mod network;
mod readme;
mod stage;
mod weakening;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use crate::{
    profile::{Enforcement, Profile},
    release::{self, Flux, Istio},
    yaml::Node,
};
use access::Access;
pub use weakening::{Weakening, weakenings};

/// The release and the labels of the gateway; `istio: ingressgateway` is what readers of Istio's documents look for.
pub(crate) const GATEWAY: &str = "istio-ingressgateway";
/// The value of the gateway's `istio` label.
pub(crate) const GATEWAY_LABEL: &str = "ingressgateway";
/// The Gateway object that `VirtualServices` name.
pub(crate) const GATEWAY_OBJECT: &str = "public";
/// The suites that FIPS 140 approves among those that offer forward secrecy (`fipsCiphers` of
/// `security/pkg/pki/...`, istio/istio `pilot/pkg/security/model/authentication.go`).
pub(crate) const CIPHER_SUITES: [&str; 4] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
];

/// One file of the tree, still to be rendered.
#[derive(Debug)]
pub struct File {
    /// Where it goes, relative to the root of the Flux repository.
    pub path: Utf8PathBuf,
    /// Which template renders it.
    pub template: &'static str,
    /// What the template's holes take; a JSON object.
    pub context: Value,
    /// Helm values that become the context's `values`.
    pub values: Option<Values>,
    /// What it is to a reader of the tree.
    pub role: Role,
}

/// Helm values: a template's, with the profile's merged over them.
#[derive(Debug)]
pub struct Values {
    /// The template of our own values; takes the file's context.
    pub template: &'static str,
    /// The profile's.
    pub overlay: Option<Node>,
}

/// What a file is to a reader of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Kubernetes objects that Flux applies.
    Manifest,
    /// A kustomization.yaml.
    Kustomization,
    /// What the profile assumes of others; applied by nobody.
    Assumption,
    /// Prose.
    Document,
}

/// What every file's context holds besides its own.
struct Plan<'a> {
    profile: &'a Profile,
    istio: &'static Istio,
    flux: &'static Flux,
    common: Value,
    access: Access<'a>,
    files: Vec<File>,
}

/// Returns the files of a profile's tree, sorted by path, each path once.
pub fn plan(profile: &Profile) -> Vec<File> {
    let istio = Istio::of(profile.chart_version.minor).expect("a profile names a supported Istio");
    let flux = flux(profile);
    let common = common(profile, istio, flux);
    let mut plan = Plan { profile, istio, flux, common, access: Access::new(profile), files: Vec::new() };
    plan.control_plane();
    plan.mesh();
    plan.ingress();
    for index in 0..profile.namespaces.len() {
        plan.namespace(index);
    }
    plan.flux_kustomizations();
    plan.kustomizations();
    plan.readme();
    let mut files = plan.files;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The facts of the oldest Flux that has to take the tree.
///
/// Without a version the tree is written for 2.4, the first whose `HelmRelease` can pass over a chart's broken schema;
/// every later Flux takes it as well.
fn flux(profile: &Profile) -> &'static Flux {
    let named = profile.flux.version.as_ref().and_then(|version| version.value.parse().ok());
    let minor = named.unwrap_or(release::Minor { major: 2, minor: 4 });
    Flux::of(minor).expect("a profile names a supported Flux")
}

fn common(profile: &Profile, istio: &Istio, flux: &Flux) -> Value {
    let mut api = serde_json::to_value(&istio.api_versions).expect("names and versions are JSON");
    api["fluxKustomization"] = json!(flux.api_versions.kustomization);
    api["helmRelease"] = json!(flux.api_versions.helm_release);
    api["helmRepository"] = json!(flux.api_versions.helm_repository);
    json!({
        "api": api,
        "name": profile.name,
        "domain": profile.domain,
        "tlsSecret": profile.tls_secret,
        "meshNamespace": profile.mesh.namespace,
        "audit": profile.enforcement == Enforcement::Audit,
        "cipherSuites": CIPHER_SUITES,
        "flux": {
            "namespace": profile.flux.namespace,
            "interval": profile.flux.interval,
            "serviceAccount": profile.flux.service_account,
            "source": profile.flux.source,
            "charts": profile.flux.charts,
        },
        "gateway": {
            "namespace": profile.gateway.namespace,
            "name": GATEWAY_OBJECT,
            "labels": gateway_labels(),
        },
    })
}

/// The labels of the gateway's pods, in the chart and in every selector.
fn gateway_labels() -> BTreeMap<String, String> {
    [("app".into(), GATEWAY.into()), ("istio".into(), GATEWAY_LABEL.into())].into()
}

impl Plan<'_> {
    /// Adds a file that Flux applies.
    fn add(&mut self, path: impl AsRef<Utf8Path>, template: &'static str, own: Value) {
        self.add_as(Role::Manifest, path, template, own);
    }

    fn add_as(&mut self, role: Role, path: impl AsRef<Utf8Path>, template: &'static str, own: Value) {
        let context = self.context(own);
        self.files.push(File { path: self.profile.at(path), template, context, values: None, role });
    }

    fn context(&self, own: Value) -> Value {
        let (Value::Object(mut all), Value::Object(own)) = (self.common.clone(), own) else {
            unreachable!("contexts are objects");
        };
        all.extend(own);
        Value::Object(all)
    }

    /// Adds each folder's kustomization.yaml, which names the manifests in it and the folders below it.
    ///
    /// The root names the Flux Kustomizations alone: each of them points at a stage's folder.
    fn kustomizations(&mut self) {
        let root = &self.profile.path;
        let stages: BTreeSet<Utf8PathBuf> =
            self.stages().into_iter().map(|stage| root.join(&stage.folder)).collect();
        let mut folders: BTreeMap<Utf8PathBuf, BTreeSet<String>> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.role == Role::Manifest) {
            let mut child = file.path.as_path();
            while let Some(folder) = child.parent() {
                folders.entry(folder.to_owned()).or_default().extend(child.file_name().map(str::to_owned));
                if folder == root || stages.contains(folder) {
                    break;
                }
                child = folder;
            }
        }
        for (folder, resources) in folders {
            let below = folder.strip_prefix(root).expect("every file lies below the root").to_owned();
            self.add_as(
                Role::Kustomization,
                below.join("kustomization.yaml"),
                "kustomization.yaml",
                json!({"resources": resources}),
            );
        }
    }

    /// Whether mesh-wide policy bites.
    fn enforces(&self) -> bool {
        self.profile.enforcement == Enforcement::Enforce
    }
}

impl Profile {
    /// Returns the principal of an account, as `AuthorizationPolicy` compares it: without `spiffe://`.
    fn principal(&self, namespace: &str, account: &str) -> String {
        format!("{}/ns/{namespace}/sa/{account}", self.mesh.trust_domain)
    }
}
