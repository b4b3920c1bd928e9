//! What a profile's words refer to.

mod allow;
mod egress;
mod exception;
mod exposure;
mod name;
mod peer;
mod revision;
mod workload;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Cluster, Exception, Fragments, Gateway, Grammar, Namespace, Profile, Replicas, Resolver, ResolverAt,
    Revisions, Tracing, Waiver, addresses,
    doubt::{self, Doubt},
    flow::Flow,
    platform::{self, GATEWAY_NAMESPACE, Platform},
    read, releases, unread, values,
    written::{self, DnsPreset, Document},
};
use crate::{
    diagnostic::Diagnostic,
    source::{Source, Sources, Span},
    yaml::{self, Node, Spanned},
};

use revision::Beside;

/// Where a namespace was declared.
struct Declared {
    written: written::Namespace,
    name: Spanned<String>,
    /// A team's own file may open only its own workloads.
    is_fragment: bool,
    doubt: Doubt,
}

/// Every namespace that was declared.
#[derive(Default)]
struct Declarations {
    all: Vec<Declared>,
    /// Whether there may be others that could not be read.
    have_lost_names: bool,
}

/// Where the parts of a port are written.
#[derive(Clone, Copy)]
struct PortSpans {
    name: Span,
    number: Span,
    service: Span,
}

struct Resolution<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
    /// Where reading found faults, whose consequences are not told.
    faults: Vec<Span>,
    /// Whether a part of `cluster` could not be read.
    has_lost_addresses: bool,
    /// Whether a part of `mesh` could not be read.
    has_lost_revisions: bool,
    platform: &'a Platform<'a>,
    revisions: &'a Revisions,
    cluster: &'a Cluster,
    /// Names the mesh, and so its stages.
    mesh: &'a str,
    namespaces: Vec<Namespace>,
    /// What cannot be said of each of them.
    doubts: Vec<Doubt>,
    /// Whether a namespace may have been declared that is not among them.
    has_lost_namespaces: bool,
    /// Namespaces that were refused, and are not unknown.
    refused: BTreeSet<String>,
    flows: Vec<Flow>,
    exceptions: Vec<Exception>,
    /// The host that each exposure claims, and by whom first.
    hosts: BTreeMap<String, (usize, Span)>,
    /// Where each flow of `allow` was declared first.
    allowed: BTreeMap<String, Span>,
    domain: String,
}

/// Resolves what the schema left of a profile. Returns none only where a key without a default is missing.
pub(super) fn resolve(
    root: &Node,
    stem: &str,
    sources: &mut Sources,
    fragments: &mut Fragments<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Profile> {
    let document = yaml::read::<Document>(root).map_err(|fault| diagnostics.push(*fault)).ok()?;
    let name = name(document.name.as_ref(), stem, root.span, diagnostics);
    let chart_version = releases::istio(document.chart_version.as_ref(), diagnostics);
    let chart_span = document.chart_version.as_ref().map(|version| version.span);
    let kubernetes = document.kubernetes_version.as_ref();
    let kubernetes_version = releases::kubernetes(kubernetes);
    let on = |(version, span)| releases::istio_on(kubernetes_version, kubernetes, version, span);
    diagnostics.extend(chart_version.zip(chart_span).and_then(on));
    let has_lost_revisions = doubt::has_lost(root, diagnostics)
        || root.get("mesh").is_some_and(|mesh| doubt::is_faulty(mesh.span, diagnostics));
    let beside = Beside {
        version: chart_version,
        mesh: &document.mesh,
        kubernetes: kubernetes_version,
        kubernetes_said: kubernetes,
    };
    let revisions = revision::revisions(root, &beside, diagnostics);
    let flux_version = releases::flux(document.flux.version.as_ref(), kubernetes, diagnostics);
    let path = match &document.path {
        Some(path) => path.value.clone().into(),
        None => format!("clusters/{name}/istio").into(),
    };
    platform::namespaces(&document, root, diagnostics);
    diagnostics.extend(platform::mesh_name(&name, document.name.as_ref(), root));
    diagnostics.extend(platform::policy_name(&name, document.name.as_ref(), document.admission, root));
    platform::gateway_service(root, diagnostics);
    diagnostics.extend(document.domain.as_ref().and_then(platform::domain));
    platform::dependencies(root, &name, diagnostics);
    addresses::of_platform(root, diagnostics);
    let platform = Platform::of(&document);
    let declarations = declared(root, sources, fragments, diagnostics);
    let has_lost_addresses = doubt::has_lost(root, diagnostics)
        || root.get("cluster").is_some_and(|cluster| doubt::is_faulty(cluster.span, diagnostics));
    let mut resolution = Resolution {
        faults: doubt::faults(diagnostics).collect(),
        has_lost_addresses,
        has_lost_revisions,
        diagnostics: &mut *diagnostics,
        platform: &platform,
        revisions: &revisions,
        cluster: &document.cluster,
        mesh: &name,
        namespaces: Vec::new(),
        doubts: Vec::new(),
        has_lost_namespaces: declarations.have_lost_names,
        refused: BTreeSet::new(),
        flows: Vec::new(),
        exceptions: Vec::new(),
        hosts: BTreeMap::new(),
        allowed: BTreeMap::new(),
        domain: document.domain.as_ref().map(|domain| domain.value.clone()).unwrap_or_default(),
    };
    let declared = resolution.namespaces(declarations.all, document.mesh.cni);
    for (index, declared) in declared.iter().enumerate() {
        resolution.exposures(index, &declared.written.expose);
        resolution.allows(index, &declared.written.allow, declared.is_fragment);
        resolution.egress(index, &declared.written.egress, declared.is_fragment);
    }
    resolution.exceptions(&document.exceptions);
    let gateway_follows = resolution.follows(document.gateway.revision.as_ref());
    let tracing = document.tracing.as_ref().and_then(|tracing| resolution.tracing(tracing));
    let Resolution { namespaces, flows, exceptions, .. } = resolution;
    let governs = |name: &str| namespaces.iter().any(|namespace| namespace.name == name);
    platform::monitoring(root, &platform, governs, diagnostics);
    let values = values::read(root.get("values"), diagnostics);
    if let Some(main) = chart_version {
        let gateway = gateway_follows.as_deref();
        let releases = unread::Releases { main, revisions: &revisions, gateway, flux: flux_version };
        unread::check(&values, &releases, diagnostics);
    }
    Some(Profile {
        name,
        path,
        domain: document.domain?.value,
        chart_version: chart_version?,
        tls_secret: document.tls_secret?.value,
        kubernetes_version,
        revised: document.revised,
        enforcement: document.enforcement.unwrap_or_default(),
        flux: document.flux,
        cluster: document.cluster,
        api_server: document.api_server,
        is_openshift: document.dns.is_openshift(),
        resolvers: resolvers(&document.dns, diagnostics),
        mesh: document.mesh,
        admission: document.admission,
        revisions,
        gateway: gateway(document.gateway, gateway_follows, diagnostics),
        monitoring: document.monitoring,
        tracing,
        values,
        namespaces,
        flows,
        exceptions,
        waivers: document.waivers.into_iter().filter_map(waiver).collect(),
    })
}

/// What lacks a key was reported by the grammar.
fn waiver(written: written::Waiver) -> Option<Waiver> {
    let written::Waiver { code, object, reason, owner, expires } = written;
    Some(Waiver { code: code?, object: object?, reason: reason?, owner: owner?, expires: expires? })
}

fn name(
    written: Option<&Spanned<String>>,
    stem: &str,
    root: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> String {
    if let Some(name) = written {
        return name.value.clone();
    }
    if crate::schema::format::check("dns-label", stem).is_some() {
        let start = Span { end: root.start, ..root };
        diagnostics.push(
            Diagnostic::error(
                "missing-key",
                start,
                format!("the file's stem `{stem}` cannot name the mesh"),
                "`name` was expected",
            )
            .with_help("add `name:` with a DNS label, lower-case letters, digits and `-`"),
        );
    }
    stem.to_owned()
}

fn gateway(
    written: written::Gateway,
    revision: Option<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Gateway {
    let replicas = written.replicas.as_ref().map_or_else(Replicas::default, |replicas| replicas.value);
    if let Some(written) = written.replicas.filter(|_| replicas.min > replicas.max) {
        diagnostics.push(
            Diagnostic::error(
                "replicas-out-of-order",
                written.span,
                format!("at least {} replicas, but at most {}", replicas.min, replicas.max),
                "`min` was expected to be at most `max`",
            )
            .with_help(format!("raise `max` to {} or more; where it is not said, it is 5", replicas.min)),
        );
    }
    Gateway {
        namespace: written.namespace.map_or_else(|| GATEWAY_NAMESPACE.to_owned(), |name| name.value),
        revision,
        replicas,
        service: written.service,
        issuer: written.certificate.and_then(|certificate| certificate.issuer),
    }
}

/// The addresses and pods that answer DNS, by provider.
///
/// `NodeLocal` `DNSCache` listens on 169.254.20.10 (Kubernetes, "Using `NodeLocal` `DNSCache`"). Cloud DNS for GKE answers on the
/// metadata server's address. `OpenShift`'s resolver pods listen on 5353 (`openshift/cluster-dns-operator`).
fn resolvers(dns: &written::Dns, diagnostics: &mut Vec<Diagnostic>) -> Vec<Resolver> {
    let pods = |namespace: &str, key: &str, value: &str, port| Resolver {
        at: ResolverAt::Pods { namespace: namespace.into(), labels: [(key.into(), value.into())].into() },
        port,
    };
    let address =
        |cidr: &str| Resolver { at: ResolverAt::Cidr(cidr.parse().expect("a CIDR of ours")), port: 53 };
    if dns.peers.is_empty() {
        return match dns.preset {
            DnsPreset::Coredns => {
                vec![pods("kube-system", "k8s-app", "kube-dns", 53), address("169.254.20.10/32")]
            }
            DnsPreset::GkeClouddns => vec![address("169.254.169.254/32"), address("169.254.20.10/32")],
            DnsPreset::Openshift => {
                vec![pods("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default", 5353)]
            }
        };
    }
    let resolve = |peer: &Spanned<written::Resolver>, diagnostics: &mut Vec<Diagnostic>| {
        let port = peer.value.port.unwrap_or(53);
        match (&peer.value.namespace, peer.value.cidr) {
            (Some(namespace), None) => {
                let at = ResolverAt::Pods { namespace: namespace.clone(), labels: peer.value.labels.clone() };
                Some(Resolver { at, port })
            }
            (None, Some(cidr)) if peer.value.labels.is_empty() => {
                Some(Resolver { at: ResolverAt::Cidr(cidr), port })
            }
            _ if doubt::is_faulty(peer.span, diagnostics) => None,
            _ => {
                diagnostics.push(
                    Diagnostic::error(
                        "dns-peer",
                        peer.span,
                        "a resolver is either pods or addresses",
                        "`namespace` (with `labels`) or `cidr` was expected",
                    )
                    .with_help("write one entry for the pods and one for the addresses"),
                );
                None
            }
        }
    };
    dns.peers.iter().filter_map(|peer| resolve(peer, diagnostics)).collect()
}

/// Collects the namespaces of the profile and of the fragments it names.
fn declared(
    root: &Node,
    sources: &mut Sources,
    fragments: &mut Fragments<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Declarations {
    let Some(list) = root.get("namespaces") else { return Declarations::default() };
    let mut declarations =
        Declarations { all: Vec::new(), have_lost_names: doubt::has_lost(list, diagnostics) };
    for item in list.items() {
        if let Some(name) = item.as_str() {
            let name = Spanned { span: item.span, value: name.to_owned() };
            let (written, doubt) = (written::Namespace::default(), Doubt::default());
            declarations.all.push(Declared { written, name, is_fragment: false, doubt });
        } else if let Some(pattern) = item.get("file") {
            let files = from_pattern(pattern, fragments, diagnostics);
            declarations.have_lost_names |= files.is_empty();
            for source in files {
                let node = read(source, &Grammar::FRAGMENT, sources, diagnostics);
                declarations.add(&node, true, diagnostics);
            }
        } else {
            declarations.add(item, false, diagnostics);
        }
    }
    declarations
}

impl Declarations {
    fn add(&mut self, node: &Node, is_fragment: bool, diagnostics: &mut Vec<Diagnostic>) {
        let one = one(node, is_fragment, diagnostics);
        self.have_lost_names |= one.is_none();
        self.all.extend(one);
    }
}

fn one(node: &Node, is_fragment: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<Declared> {
    let mut written =
        yaml::read::<written::Namespace>(node).map_err(|fault| diagnostics.push(*fault)).ok()?;
    let name = written.name.take()?;
    Some(Declared { written, name, is_fragment, doubt: Doubt::of(node, diagnostics) })
}

fn from_pattern(
    pattern: &Node,
    fragments: &mut Fragments<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Source> {
    let text = pattern.as_str().unwrap_or_default();
    let files = fragments(text)
        .and_then(|files| if files.is_empty() { Err("no file matches".to_owned()) } else { Ok(files) });
    files.unwrap_or_else(|why| {
        diagnostics.push(
            Diagnostic::error(
                "missing-fragment",
                pattern.span,
                format!("`{text}`: {why}"),
                "files were expected here",
            )
            .with_help("a fragment's path is relative to this profile's folder, and stays below it"),
        );
        Vec::new()
    })
}

impl Resolution<'_> {
    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::error(code, span, message, label));
        self.diagnostics.last_mut().expect("it was pushed just now")
    }

    fn tracing(&mut self, written: &written::Tracing) -> Option<Tracing> {
        let address = written.address.as_ref()?;
        let parts = address.value.rsplit_once(':').and_then(|(host, port)| {
            let host = host.strip_suffix(".cluster.local").unwrap_or(host);
            let (service, namespace) = host.strip_suffix(".svc").unwrap_or(host).split_once('.')?;
            (!namespace.contains('.')).then(|| (service.to_owned(), namespace.to_owned(), port.parse().ok()))
        });
        let Some((service, namespace, Some(port))) = parts else {
            let message = format!("`{}` names no Service of this cluster", address.value);
            self.error("tracing-address", address.span, message, "`service.namespace:port` was expected")
                .help("write such as `otel.observability:4317`; that Service can lead out of the cluster");
            return None;
        };
        if self.namespaces.iter().any(|known| known.name == namespace) {
            let message = format!("the profile governs the collector's namespace `{namespace}`");
            self.error("tracing-in-mesh", address.span, message, "a namespace outside the mesh was expected")
                .help("proxies send spans without a workload's identity, so no policy of the mesh could name them");
            return None;
        }
        if self.platform.is_closed(&namespace) {
            let owner = self.platform.owner(&namespace).unwrap_or_default();
            let message = format!("the collector's namespace `{namespace}` is {owner}");
            self.error("tracing-in-mesh", address.span, message, "a namespace outside the mesh was expected")
                .help(
                    "the mesh closes its own namespaces; run the collector in one that is not the platform's",
                );
            return None;
        }
        Some(Tracing {
            provider: written.provider,
            service,
            namespace,
            port,
            sampling: written.sampling.unwrap_or(1.0),
        })
    }
}

/// Returns the place of a part of a text, where it is written without quotes; else of the whole.
fn part(span: Span, text: &str, part: std::ops::Range<usize>) -> Span {
    let offset = |at: usize| span.start + u32::try_from(at).unwrap_or_default();
    if span.range().len() == text.len() {
        Span { file: span.file, start: offset(part.start), end: offset(part.end) }
    } else {
        span
    }
}

/// Says the likely word, with the edit, or else the words that there are.
fn suggest(diagnostic: &mut Diagnostic, near: Option<String>, known: &str) {
    let span = diagnostic.labels[0].span;
    if let Some(near) = near {
        diagnostic.labels[0].text = format!("did you mean `{near}`?");
        diagnostic.edit = Some(crate::diagnostic::Edit { span, replacement: near });
    } else if known.is_empty() {
        diagnostic.help.push("there are none; declare it first".into());
    } else {
        diagnostic.help.push(format!("known: {known}"));
    }
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
