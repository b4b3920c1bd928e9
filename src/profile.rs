//! What a platform team declares of its mesh, typed, every name resolved.
//!
//! [`load`] reads a profile and the fragments that it names, and reports every fault at once. What it returns cannot
//! express a flow to a workload that does not exist, or plaintext without an exception.

mod addresses;
mod doubt;
mod flow;
mod platform;
mod releases;
mod resolve;
mod revision;
mod unread;
mod values;
mod written;

use std::{collections::BTreeMap, sync::LazyLock};

use camino::{Utf8Path, Utf8PathBuf};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    diagnostic::{Diagnostic, Severity},
    release::{Minor, Patch},
    schema::Schema,
    source::{Source, Sources, Span},
    yaml::{Node, Spanned},
};
pub(crate) use addresses::is_wide;
pub use flow::{Basis, Flow, HostProtocol, Peer, Target, Unmeshed, WorkloadId};
pub(crate) use platform::CNI_NAMESPACE;
use releases::DEFAULT_FLUX;
pub use releases::doubt_on;
pub use revision::{Canary, ControlPlane, Revisions};

/// A zero-trust mesh, as its owners declare it.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Names the mesh; a DNS label.
    pub name: String,
    /// Where the tree lives in the Flux repository; relative, forward slashes.
    pub path: Utf8PathBuf,
    /// The DNS domain under which the gateway serves.
    pub domain: String,
    /// The version of the Istio charts.
    pub chart_version: Patch,
    /// The Secret that holds the gateway's certificate.
    pub tls_secret: String,
    /// The oldest Kubernetes minor that the tree runs on.
    pub kubernetes_version: Minor,
    /// The day of its last change, `2026-11-01`, where the tree has what `controls` says of it on that day.
    pub revised: Option<String>,
    /// Whether the mesh enforces what it declares.
    pub enforcement: Enforcement,
    /// The Flux that reconciles the tree.
    pub flux: Flux,
    /// The cluster's own addresses.
    pub cluster: Cluster,
    /// Where the Kubernetes API server is.
    pub api_server: ApiServer,
    /// Who answers DNS; never empty.
    pub resolvers: Vec<Resolver>,
    /// Whether the cluster is OpenShift, whose CNI plugins are chained by Multus.
    pub is_openshift: bool,
    /// The control plane.
    pub mesh: Mesh,
    /// Who refuses what would weaken the mesh.
    pub admission: Admission,
    /// The control planes that have names, and those names.
    pub revisions: Revisions,
    /// The one entrance.
    pub gateway: Gateway,
    /// Who may scrape metrics.
    pub monitoring: Option<Monitoring>,
    /// Where proxies send spans.
    pub tracing: Option<Tracing>,
    /// Helm values merged over ours; each a mapping.
    pub values: Values,
    /// The governed namespaces, in the order in which they were declared.
    pub namespaces: Vec<Namespace>,
    /// Every declared flow: of `allow`, `expose`, `egress` and `exceptions`.
    pub flows: Vec<Flow>,
    /// The weakenings, each with its reason, owner and expiry.
    pub exceptions: Vec<Exception>,
    /// Findings that are borne for a while.
    pub waivers: Vec<Waiver>,
}

/// Whether policies bite.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// What is not declared is refused.
    #[default]
    Enforce,
    /// Nothing is refused; what would be is logged.
    Audit,
}

/// The Flux that reconciles the tree.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Flux {
    pub version: Option<Spanned<String>>,
    pub namespace: String,
    pub interval: String,
    pub source: FluxSource,
    pub service_account: Option<String>,
    pub charts: Charts,
    pub depends_on: DependsOn,
}

/// The Flux source that holds the repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct FluxSource {
    pub kind: String,
    pub name: String,
}

/// Where the Istio charts come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Charts {
    pub url: String,
}

/// The Flux Kustomizations, not ours, that a stage waits for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct DependsOn {
    pub control_plane: Vec<String>,
    pub admission: Vec<String>,
    pub mesh: Vec<String>,
    pub ingress: Vec<String>,
    pub namespaces: Vec<String>,
}

/// The cluster's own addresses; an empty list is unknown.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Cluster {
    #[serde(rename = "podCIDRs")]
    pub pods: Vec<IpNet>,
    #[serde(rename = "serviceCIDRs")]
    pub services: Vec<IpNet>,
    #[serde(rename = "nodeCIDRs")]
    pub nodes: Vec<IpNet>,
}

impl Cluster {
    /// Returns whether pods, Services and nodes all have their IPv4, or their IPv6, addresses said; else any private
    /// one of that family may be the cluster's.
    pub fn is_known(&self, is_v4: bool) -> bool {
        let has = |cidrs: &Vec<IpNet>| cidrs.iter().any(|cidr| cidr.addr().is_ipv4() == is_v4);
        [&self.pods, &self.services, &self.nodes].into_iter().all(has)
    }
}

/// Where the Kubernetes API server is; an empty list is unknown.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct ApiServer {
    pub egress: Vec<IpNet>,
    pub webhook_from: Vec<IpNet>,
}

/// One place that answers DNS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolver {
    /// Pods of a namespace, or addresses.
    pub at: ResolverAt,
    /// The port that it listens on, after any Service.
    pub port: u16,
}

/// Where a resolver is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolverAt {
    /// Pods with these labels; all of the namespace where there are none.
    Pods {
        /// Their namespace.
        namespace: String,
        /// Their labels.
        labels: BTreeMap<String, String>,
    },
    /// Addresses, as of `NodeLocal` `DNSCache` on a link-local one.
    Cidr(IpNet),
}

/// The control plane.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Mesh {
    pub namespace: String,
    pub trust_domain: String,
    pub cni: bool,
    pub fips: bool,
    pub path_normalization: PathNormalization,
    pub images: Images,
}

/// Who refuses, when it is written, what would weaken the mesh.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Admission {
    pub engine: AdmissionEngine,
    pub beta: bool,
}

/// What evaluates admission policies.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum AdmissionEngine {
    /// The API server itself.
    #[default]
    ValidatingAdmissionPolicy,
    /// Kyverno, which others install.
    Kyverno,
    /// Nothing.
    #[serde(rename = "none")]
    None,
}

/// How a path is brought into one form before it is compared, and before it is sent on
/// (`ProxyPathNormalization.NormalizationType` of istio/api `mesh/v1alpha1/config.proto`).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PathNormalization {
    /// Encoded slashes become slashes, and several become one.
    #[default]
    DecodeAndMergeSlashes,
    /// Several slashes become one; an encoded one stays.
    MergeSlashes,
    /// Dot segments are resolved, nothing more.
    Base,
}

/// Where the proxy and control plane images come from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Images {
    pub hub: Option<String>,
    pub tag: Option<String>,
    pub variant: String,
}

/// The one entrance.
#[derive(Debug, Clone)]
pub struct Gateway {
    /// Its namespace.
    pub namespace: String,
    /// The revision or tag that it follows; unset, the default control plane.
    pub revision: Option<String>,
    /// Bounds of its autoscaler.
    pub replicas: Replicas,
    /// The Service in front of it.
    pub service: GatewayService,
    /// The cert-manager issuer of its certificate, where cert-manager writes it.
    pub issuer: Option<Issuer>,
}

/// Bounds of the gateway's autoscaler; `min` is at most `max`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Replicas {
    pub min: u32,
    pub max: u32,
}

/// The Service in front of the gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct GatewayService {
    #[serde(rename = "type")]
    pub kind: String,
    pub annotations: BTreeMap<String, String>,
    pub source_ranges: Vec<IpNet>,
    pub external_traffic_policy: String,
}

/// A cert-manager issuer.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Issuer {
    pub kind: Option<String>,
    pub name: String,
}

/// Who may scrape metrics.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the profile's schema describes each key")]
pub struct Monitoring {
    pub namespace: String,
    pub labels: BTreeMap<String, String>,
}

/// Where proxies send spans.
#[derive(Debug, Clone)]
pub struct Tracing {
    /// The protocol.
    pub provider: TracingProvider,
    /// The collector's Service.
    pub service: String,
    /// The collector's namespace, which the profile does not govern.
    pub namespace: String,
    /// The collector's port, of the Service and of its pods.
    pub port: u16,
    /// The share of requests traced, in percent.
    pub sampling: f64,
}

/// How spans are sent.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TracingProvider {
    /// OTLP over gRPC.
    #[default]
    Opentelemetry,
    /// Zipkin's JSON.
    Zipkin,
}

/// Helm values merged over ours; each a mapping that undoes no guarantee.
#[derive(Debug, Default, Clone)]
#[expect(missing_docs, reason = "each field is named for the chart")]
pub struct Values {
    pub base: Option<Node>,
    pub istiod: Option<Node>,
    pub cni: Option<Node>,
    pub gateway: Option<Node>,
}

/// A governed namespace.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Whether the tree holds its Namespace object.
    pub is_rendered: bool,
    /// Whether policies bite in it.
    pub enforcement: Enforcement,
    /// The revision or tag that its sidecars follow; unset, the default control plane.
    pub revision: Option<String>,
    /// The Pod Security level that is enforced in it.
    pub pod_security: PodSecurity,
    /// What runs in it, by name.
    pub workloads: Vec<Workload>,
    /// Where the profile names it.
    pub span: Span,
}

/// A level of the Pod Security Standards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PodSecurity {
    /// No capability beyond the defaults of a hardened pod.
    Restricted,
    /// No known privilege escalation.
    Baseline,
    /// No restriction.
    Privileged,
}

/// What the profile assumes of one of a team's workloads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// Its name, unique in the namespace.
    pub name: String,
    /// The labels that its pods, and no other workload's, carry; never empty.
    pub selector: BTreeMap<String, String>,
    /// The `ServiceAccount` of its pods.
    pub service_account: String,
    /// Its Service; present if and only if it has ports.
    pub service: Option<String>,
    /// Its ports, names and numbers unique.
    pub ports: Vec<Port>,
}

/// A port of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Port {
    /// Its name in the Service.
    pub name: String,
    /// The number on the pod.
    pub port: u16,
    /// The number on the Service.
    pub service_port: u16,
    /// What it speaks.
    pub protocol: Protocol,
}

/// What a port speaks: a value of `appProtocol` that Istio knows (`pkg/config/protocol` of istio/istio).
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the protocol's own name")]
pub enum Protocol {
    #[default]
    Http,
    Http2,
    Grpc,
    GrpcWeb,
    Tcp,
    Tls,
    Https,
    Mongo,
    Mysql,
    Redis,
}

impl Protocol {
    /// Returns whether a proxy reads requests on such a port, so that methods and paths can be conditions.
    pub fn is_http(self) -> bool {
        match self {
            Self::Http | Self::Http2 | Self::Grpc | Self::GrpcWeb => true,
            Self::Tcp | Self::Tls | Self::Https | Self::Mongo | Self::Mysql | Self::Redis => false,
        }
    }

    /// Returns the protocol's name, as in `appProtocol`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Mongo => "mongo",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
        }
    }
}

/// A weakening that the profile asks for by name: a port that takes plaintext from callers that hold no certificate.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Whose port.
    pub workload: WorkloadId,
    /// Which port, an index into the workload's.
    pub port: usize,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// Where the profile says so.
    pub span: Span,
}

/// A finding of `check` that is borne for a while.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The check's code, as it is written.
    pub code: Spanned<String>,
    /// `Kind namespace/name`, as it is written.
    pub object: Spanned<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: Spanned<String>,
}

/// The grammar, as the `meshwright schema` command prints it.
static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::new(&schema().to_string()).expect("the profile's schema is well-formed"));

/// The part of the grammar that a team's fragment follows.
static FRAGMENT_SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let part = json!({"definitions": schema()["definitions"], "$ref": "#/definitions/namespace"});
    Schema::new(&part.to_string()).expect("the profile's schema is well-formed")
});

/// What a file is read as.
struct Grammar {
    schema: &'static LazyLock<Schema>,
    /// What to do about a file that holds nothing.
    start: &'static str,
}

impl Grammar {
    const PROFILE: Self = Self { schema: &SCHEMA, start: "`meshwright init` writes a profile to start from" };
    const FRAGMENT: Self =
        Self { schema: &FRAGMENT_SCHEMA, start: "start with `name:` and the namespace's name" };
}

/// Returns the profile's grammar as a JSON Schema, draft-07.
pub fn schema() -> serde_json::Value {
    yaml_serde::from_str(include_str!("profile/schema.yaml")).expect("the profile's schema is YAML")
}

/// How [`load`] gets at fragments: given a pattern, the files that match, in order of their paths, with their texts.
///
/// An `Err` says in a few words why there are none.
pub type Fragments<'a> = dyn FnMut(&str) -> Result<Vec<Source>, String> + 'a;

/// Reads a profile and the fragments that it names.
///
/// Adds the texts to `sources`, the profile's first. Returns every diagnostic that a reader can act on at once, and
/// the profile where none of them is an error.
pub fn load(
    source: Source,
    sources: &mut Sources,
    fragments: &mut Fragments<'_>,
) -> (Option<Profile>, Vec<Diagnostic>) {
    let stem = source.path.file_stem().unwrap_or_default().to_owned();
    let mut diagnostics = Vec::new();
    let root = read(source, &Grammar::PROFILE, sources, &mut diagnostics);
    let profile = resolve::resolve(&root, &stem, sources, fragments, &mut diagnostics);
    let diagnostics = without_repetitions(diagnostics);
    let sound = diagnostics.iter().all(|diagnostic| diagnostic.severity < Severity::Error);
    (profile.filter(|_| sound), diagnostics)
}

/// Keeps the first of what is said twice: a fault under an anchor is met again at each of its aliases.
fn without_repetitions(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut kept: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    for diagnostic in diagnostics {
        if !kept.contains(&diagnostic) {
            kept.push(diagnostic);
        }
    }
    kept
}

/// Reads one text, and returns what of it has the schema's shape.
fn read(source: Source, grammar: &Grammar, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) -> Node {
    let file = sources.add(source.path, source.text);
    let (documents, faults) = crate::yaml::parse(sources, file);
    let is_silent = faults.is_empty();
    let broken: Vec<Span> = faults.iter().flat_map(|fault| &fault.labels).map(|label| label.span).collect();
    diagnostics.extend(faults);
    let mut documents = documents.into_iter();
    let nothing = Span { file, start: 0, end: 0 };
    let Some(root) = documents.next() else {
        if is_silent {
            let (message, label) = ("the file holds nothing", "a mapping was expected");
            let fault = Diagnostic::error("empty-profile", nothing, message, label);
            diagnostics.push(fault.with_help(grammar.start));
        }
        return Node::empty_mapping(nothing);
    };
    if let Some(second) = documents.next() {
        let (message, label) = ("a second document", "one document was expected");
        let fault = Diagnostic::error("second-document", second.head(), message, label);
        diagnostics.push(fault.with_help("put it into a file of its own"));
    }
    if let Some(fault) = manifest(&root) {
        diagnostics.push(fault);
        return Node::empty_mapping(nothing);
    }
    let (node, faults) = grammar.schema.check(&root);
    // What could not be read as YAML is not of the wrong type as well.
    let follows = |fault: &Diagnostic| {
        fault.code == "wrong-type"
            && fault.labels.iter().any(|label| broken.iter().any(|place| doubt::lies_in(*place, label.span)))
    };
    diagnostics.extend(faults.into_iter().filter(|fault| !follows(fault)));
    node
}

/// Reports a Kubernetes manifest, in which every single key would be unknown.
fn manifest(root: &Node) -> Option<Diagnostic> {
    let (_, kind) = root.entry("apiVersion").and(root.entry("kind"))?;
    let message = format!("a Kubernetes manifest of kind `{}`", kind.text().unwrap_or_default());
    let fault = Diagnostic::error("not-a-profile", kind.span, message, "a profile was expected");
    Some(
        fault.with_help(
            "`meshwright init` writes a profile; manifests are what `meshwright render` makes of it",
        ),
    )
}

impl Profile {
    /// Returns a workload.
    pub fn workload(&self, id: WorkloadId) -> &Workload {
        &self.namespaces[id.namespace].workloads[id.workload]
    }

    /// Returns a workload's namespace.
    pub fn namespace_of(&self, id: WorkloadId) -> &Namespace {
        &self.namespaces[id.namespace]
    }

    /// Returns `namespace/workload`.
    pub fn workload_name(&self, id: WorkloadId) -> String {
        format!("{}/{}", self.namespace_of(id).name, self.workload(id).name)
    }

    /// Returns whether policies bite in a namespace.
    pub fn enforces(&self, namespace: &Namespace) -> bool {
        self.enforcement == Enforcement::Enforce && namespace.enforcement == Enforcement::Enforce
    }

    /// Returns the oldest Flux that has to take the tree; where none is said, one that every later Flux takes as well.
    pub fn flux_version(&self) -> Minor {
        let named = self.flux.version.as_ref().and_then(|version| version.value.parse().ok());
        named.unwrap_or(DEFAULT_FLUX)
    }

    /// Sets the oldest Flux that has to take the tree.
    pub fn set_flux_version(&mut self, version: Minor) {
        let nowhere = Span { file: 0, start: 0, end: 0 };
        let span = self.flux.version.as_ref().map_or(nowhere, |version| version.span);
        self.flux.version = Some(Spanned { span, value: version.to_string() });
    }

    /// Returns what the charts of its releases do not read of its values, or do not take.
    pub fn value_faults(&self) -> Vec<Diagnostic> {
        let mut faults = Vec::new();
        let releases = unread::Releases {
            main: self.chart_version,
            revisions: &self.revisions,
            gateway: self.gateway.revision.as_deref(),
            flux: self.flux_version(),
        };
        unread::check(&self.values, &releases, &mut faults);
        without_repetitions(faults)
    }

    /// Returns where the tree's README, lock and stages are, for a path below [`Profile::path`].
    pub fn at(&self, below: impl AsRef<Utf8Path>) -> Utf8PathBuf {
        self.path.join(below)
    }
}

impl Default for Flux {
    fn default() -> Self {
        Self {
            version: None,
            namespace: "flux-system".into(),
            interval: "30m".into(),
            source: FluxSource::default(),
            service_account: None,
            charts: Charts::default(),
            depends_on: DependsOn::default(),
        }
    }
}

impl Default for FluxSource {
    fn default() -> Self {
        Self { kind: "GitRepository".into(), name: "flux-system".into() }
    }
}

impl Default for Charts {
    fn default() -> Self {
        Self { url: "https://istio-release.storage.googleapis.com/charts".into() }
    }
}

impl Default for Mesh {
    fn default() -> Self {
        Self {
            namespace: "istio-system".into(),
            trust_domain: "cluster.local".into(),
            cni: false,
            fips: false,
            path_normalization: PathNormalization::default(),
            images: Images::default(),
        }
    }
}

impl Default for Images {
    fn default() -> Self {
        Self { hub: None, tag: None, variant: "distroless".into() }
    }
}

impl Default for Replicas {
    fn default() -> Self {
        Self { min: 2, max: 5 }
    }
}

impl Default for GatewayService {
    fn default() -> Self {
        Self {
            kind: "LoadBalancer".into(),
            annotations: BTreeMap::new(),
            source_ranges: Vec::new(),
            external_traffic_policy: "Cluster".into(),
        }
    }
}
