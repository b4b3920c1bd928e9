//! Decides which files a profile becomes, and what each holds.
//!
//! Everything that a template needs is decided here; a template chooses nothing but between what it is given.

mod access;
mod admission;
mod authorization;
mod chart;
mod control_plane;
mod egress;
mod ingress;
mod mesh;
mod namespace;
mod network;
mod readme;
mod revision;
mod stage;
mod weakening;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use crate::{
    profile::{Enforcement, Profile},
    release::{Flux, Istio},
    yaml::Node,
};
use access::Access;
pub use weakening::{Weakening, undeclared, weakenings};

/// The release and the labels of the gateway; `istio: ingressgateway` is what readers of Istio's documents look for.
pub(crate) const GATEWAY: &str = "istio-ingressgateway";
/// The value of the gateway's `istio` label.
pub(crate) const GATEWAY_LABEL: &str = "ingressgateway";
/// The Gateway object that `VirtualServices` name.
pub(crate) const GATEWAY_OBJECT: &str = "public";
/// The suites that FIPS 140 approves among those that offer forward secrecy (`fipsCiphers` of istio/istio
/// `pilot/pkg/security/model/authentication.go`).
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
    /// Objects of another template that become the context's `objects`.
    pub reshaped: Option<Reshaped>,
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

/// Objects that another template says, to be said again in another shape: no expression is written twice.
#[derive(Debug)]
pub struct Reshaped {
    /// The template of the objects; takes the file's context.
    pub template: &'static str,
    /// Returns what the file's own template takes of an object; none of one that it leaves out.
    pub shape: fn(&Value) -> Option<Value>,
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
    /// Prose, and what else is no manifest.
    Document,
}

/// A profile with what is looked up once for all its files.
pub struct Plan<'a> {
    profile: &'a Profile,
    istio: &'static Istio,
    flux: &'static Flux,
    access: Access<'a>,
}

/// A part of the tree that is planned by itself, so that no more than a part is in memory at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What lies in the root: the Flux Kustomizations and the README.
    Root,
    /// `control-plane/`
    ControlPlane,
    /// `admission/`, where the cluster can refuse.
    Admission,
    /// `mesh/`
    Mesh,
    /// `ingress/`
    Ingress,
    /// `namespaces/<name>/`, by the index of the namespace in the profile.
    Namespace(usize),
}

impl<'a> Plan<'a> {
    /// Looks up what the profile's releases can do, and who calls whom.
    pub fn new(profile: &'a Profile) -> Self {
        let istio = Istio::of(profile.chart_version.minor).expect("a profile names a supported Istio");
        let flux = Flux::of(profile.flux_version()).expect("a profile names a supported Flux");
        Self { profile, istio, flux, access: Access::new(profile) }
    }

    /// Returns the parts of the tree.
    pub fn parts(&self) -> Vec<Part> {
        let namespaces = (0..self.profile.namespaces.len()).map(Part::Namespace);
        let platform = [Part::Root, Part::ControlPlane, Part::Admission, Part::Mesh, Part::Ingress];
        platform.into_iter().chain(namespaces).collect()
    }

    /// Returns the files of one part, each path once.
    pub fn files(&self, part: Part) -> Vec<File> {
        match part {
            Part::Root => self.root(),
            Part::ControlPlane => self.control_plane(),
            Part::Admission => self.admission(),
            Part::Mesh => self.mesh(),
            Part::Ingress => self.ingress(),
            Part::Namespace(index) => self.namespace(index),
        }
    }

    /// Returns what every template may take besides its file's own context; a JSON object.
    pub fn globals(&self) -> Value {
        globals(self.profile, self.istio, self.flux)
    }

    /// Plans the root. Its kustomization.yaml names the Flux Kustomizations alone: each of them points at a stage.
    fn root(&self) -> Vec<File> {
        let mut folder = self.folder("");
        folder.add("flux-kustomizations.yaml", "flux-kustomizations.yaml", self.flux_kustomizations());
        folder.add_as(Role::Document, "README.md", "README.md", self.readme());
        folder.into_files()
    }

    /// Starts a folder below the root.
    fn folder(&self, below: &str) -> Folder {
        // Joining with nothing would leave a slash at the end.
        let path = if below.is_empty() { self.profile.path.clone() } else { self.profile.path.join(below) };
        Folder { path, files: Vec::new() }
    }

    /// Whether mesh-wide policy bites.
    fn enforces(&self) -> bool {
        self.profile.enforcement == Enforcement::Enforce
    }
}

fn globals(profile: &Profile, istio: &Istio, flux: &Flux) -> Value {
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
pub(crate) fn gateway_labels() -> BTreeMap<String, String> {
    [("app".into(), GATEWAY.into()), ("istio".into(), GATEWAY_LABEL.into())].into()
}

/// A folder that Flux applies as one, in the making.
struct Folder {
    path: Utf8PathBuf,
    files: Vec<File>,
}

impl Folder {
    /// Adds a file that Flux applies.
    fn add(&mut self, below: impl AsRef<Utf8Path>, template: &'static str, context: Value) {
        self.add_as(Role::Manifest, below, template, context);
    }

    /// Adds a file that Flux applies, made of the objects that another template says.
    fn add_reshaped(&mut self, template: &'static str, context: Value, of: Reshaped) {
        self.add(template, template, context);
        let file = self.files.last_mut().expect("it was added");
        file.reshaped = Some(of);
    }

    fn add_as(&mut self, role: Role, below: impl AsRef<Utf8Path>, template: &'static str, context: Value) {
        let path = self.path.join(below);
        self.files.push(File { path, template, context, values: None, reshaped: None, role });
    }

    /// Returns the files, and a kustomization.yaml in each folder that names the manifests in it and the folders below.
    fn into_files(mut self) -> Vec<File> {
        let mut folders: BTreeMap<Utf8PathBuf, BTreeSet<String>> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.role == Role::Manifest) {
            let mut child = file.path.as_path();
            while let Some(folder) = child.parent() {
                folders.entry(folder.to_owned()).or_default().extend(child.file_name().map(str::to_owned));
                if folder == self.path {
                    break;
                }
                child = folder;
            }
        }
        for (folder, resources) in folders {
            let below = folder.strip_prefix(&self.path).expect("every file lies in the folder");
            let path = below.join("kustomization.yaml");
            self.add_as(Role::Kustomization, path, "kustomization.yaml", json!({"resources": resources}));
        }
        self.files
    }
}

impl Profile {
    /// Returns the principal of an account, as `AuthorizationPolicy` compares it: without `spiffe://`.
    fn principal(&self, namespace: &str, account: &str) -> String {
        format!("{}/ns/{namespace}/sa/{account}", self.mesh.trust_domain)
    }
}
