//! What a profile's words refer to.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{
    Cluster, Enforcement, Exception, Fragments, Gateway, Grammar, HostProtocol, Namespace, PodSecurity, Port,
    Profile, Replicas, Resolver, ResolverAt, Tracing, Workload, addresses,
    doubt::{self, Doubt},
    flow::{Basis, Flow, Peer, Target, Unmeshed, WorkloadId},
    platform::{self, GATEWAY_NAMESPACE, Platform},
    read, values,
    written::{self, DnsPreset, Document, Ownership},
};
use crate::{
    diagnostic::Diagnostic,
    release::{self, Istio, Minor, Patch},
    schema::nearest,
    source::{Source, Sources, Span},
    yaml::{self, Node, Spanned},
};

/// Ports that the proxy keeps for itself: what listens there is never captured (`pkg/test/framework` aside, the list of
/// `security.istio.io` docs "Ports used by Istio", and `excludeInboundPorts` of the injection template).
const PROXY_PORTS: [u16; 9] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// What a workload's port must be to stand behind the gateway.
const HTTP_PROTOCOLS: &str =
    "the gateway routes by host and path, so the port's `protocol` must be http, http2, grpc or grpc-web";

/// The longest name in DNS, in text (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 253;

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
    platform: &'a Platform<'a>,
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
    let chart_version = chart_version(document.chart_version.as_ref(), diagnostics);
    let chart_span = document.chart_version.as_ref().map(|version| version.span);
    let istio = chart_version.zip(chart_span);
    let kubernetes_version = kubernetes_version(document.kubernetes_version.as_ref(), istio, diagnostics);
    flux_version(document.flux.version.as_ref(), diagnostics);
    let path = match &document.path {
        Some(path) => path.value.clone().into(),
        None => format!("clusters/{name}/istio").into(),
    };
    platform::namespaces(&document, root, diagnostics);
    diagnostics.extend(platform::mesh_name(&name, document.name.as_ref(), root));
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
        diagnostics: &mut *diagnostics,
        platform: &platform,
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
        resolution.egress(index, &declared.written.egress);
    }
    resolution.exceptions(&document.exceptions);
    let tracing = document.tracing.as_ref().and_then(|tracing| resolution.tracing(tracing));
    let Resolution { namespaces, flows, exceptions, .. } = resolution;
    let governs = |name: &str| namespaces.iter().any(|namespace| namespace.name == name);
    platform::monitoring(root, &platform, governs, diagnostics);
    let values = values::read(root.get("values"), diagnostics);
    Some(Profile {
        name,
        path,
        domain: document.domain?.value,
        chart_version: chart_version?,
        tls_secret: document.tls_secret?.value,
        kubernetes_version,
        enforcement: document.enforcement.unwrap_or_default(),
        flux: document.flux,
        cluster: document.cluster,
        api_server: document.api_server,
        resolvers: resolvers(&document.dns, diagnostics),
        mesh: document.mesh,
        gateway: gateway(document.gateway, diagnostics),
        monitoring: document.monitoring,
        tracing,
        values,
        namespaces,
        flows,
        exceptions,
    })
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

fn chart_version(written: Option<&Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) -> Option<Patch> {
    let written = written?;
    let version: Patch = written.value.parse().ok()?;
    let known = release::istio();
    let (oldest, newest) = (known[0].minor, known[known.len() - 1].minor);
    if version.minor < oldest {
        diagnostics.push(
            Diagnostic::error(
                "unsupported-istio",
                written.span,
                format!("Istio {version} is older than what the tree is written for"),
                format!("{oldest} or later was expected"),
            )
            .with_help("upgrade Istio one minor at a time before you render for it"),
        );
    } else if version.minor > newest {
        diagnostics.push(
            Diagnostic::warning(
                "unknown-istio",
                written.span,
                format!("Istio {version} is newer than the facts in this meshwright"),
                format!("taken to be like {newest}"),
            )
            .with_help("look for a newer meshwright, or check the release's upgrade notes by hand"),
        );
    }
    Some(version)
}

fn kubernetes_version(
    written: Option<&Spanned<String>>,
    istio: Option<(Patch, Span)>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Minor {
    let default = Minor { major: 1, minor: 29 };
    let version = written.and_then(|written| written.value.parse().ok()).unwrap_or(default);
    let Some((istio, chart_span)) = istio else { return version };
    let Some(range) = Istio::of(istio.minor).map(|facts| facts.kubernetes) else { return version };
    if version < range.oldest {
        let (span, label, help) = match written {
            Some(written) => (
                written.span,
                format!("{} or later was expected", range.oldest),
                "upgrade the cluster first, or stay on an older `chartVersion`".to_owned(),
            ),
            None => (
                chart_span,
                format!("`kubernetesVersion` is {default} where it is not said"),
                format!("add `kubernetesVersion: \"{}\"`, or later, if the cluster is", range.oldest),
            ),
        };
        let message = format!("Istio {istio} does not start on Kubernetes {version}");
        diagnostics.push(Diagnostic::error("kubernetes-too-old", span, message, label).with_help(help));
    } else if let (Some(newest), Some(span)) =
        (range.newest_tested.filter(|newest| version > *newest), written.map(|written| written.span))
    {
        diagnostics.push(
            Diagnostic::warning(
                "untested-kubernetes",
                span,
                format!("the Istio project did not test {istio} on Kubernetes {version}"),
                format!("tested up to {newest}"),
            )
            .with_help("plan the upgrade of Istio; the tree is the same"),
        );
    }
    version
}

fn flux_version(written: Option<&Spanned<String>>, diagnostics: &mut Vec<Diagnostic>) {
    let Some(written) = written else { return };
    let Ok(version) = written.value.parse::<Minor>() else { return };
    let known = release::flux();
    let (oldest, newest) = (known[0].minor, known[known.len() - 1].minor);
    if version < oldest {
        diagnostics.push(
            Diagnostic::error(
                "unsupported-flux",
                written.span,
                format!("Flux {version} is older than what the tree is written for"),
                format!("{oldest} or later was expected"),
            )
            .with_help("upgrade Flux before you render for it"),
        );
    } else if version > newest {
        diagnostics.push(
            Diagnostic::warning(
                "unknown-flux",
                written.span,
                format!("Flux {version} is newer than the facts in this meshwright"),
                format!("taken to be like {newest}"),
            )
            .with_help("look for a newer meshwright, or read Flux's changelog for removed APIs"),
        );
    }
}

fn gateway(written: written::Gateway, diagnostics: &mut Vec<Diagnostic>) -> Gateway {
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

    /// Resolves each namespace and its workloads; drops those that cannot be told apart or governed.
    fn namespaces(&mut self, all: Vec<Declared>, cni: bool) -> Vec<Declared> {
        let mut kept: Vec<Declared> = Vec::new();
        for mut declared in all {
            if !self.is_new(&declared.name, &kept) {
                continue;
            }
            let namespace = self.namespace(&declared, cni);
            let refused = |name: &&Spanned<String>| {
                namespace.workloads.iter().all(|workload| workload.name != name.value)
            };
            let names = declared.written.workloads.0.iter().map(|(name, _)| name);
            declared.doubt.workloads.extend(names.filter(refused).map(|name| name.value.clone()));
            self.namespaces.push(namespace);
            self.doubts.push(std::mem::take(&mut declared.doubt));
            kept.push(declared);
        }
        kept
    }

    fn is_new(&mut self, name: &Spanned<String>, kept: &[Declared]) -> bool {
        if let Some(index) = kept.iter().position(|first| first.name.value == name.value) {
            let message = format!("namespace `{}` is declared twice", name.value);
            self.error("duplicate-namespace", name.span, message, "declared again here")
                .context(kept[index].name.span, "first declared here")
                .help("write both into one entry; a file that two patterns match counts twice");
            // What the second would have added is not known.
            self.doubts[index].has_lost_names = true;
            return false;
        }
        if let Some(owner) = self.platform.owner(&name.value) {
            let message = format!("`{}` is {owner} namespace", name.value);
            self.error("reserved-namespace", name.span, message, "a team's namespace was expected")
                .help("what the platform itself needs there is rendered without being declared");
            self.refused.insert(name.value.clone());
            return false;
        }
        self.diagnostics.extend(platform::stage_name(self.mesh, name));
        true
    }

    fn namespace(&mut self, declared: &Declared, cni: bool) -> Namespace {
        let written = &declared.written;
        if declared.is_fragment {
            let enforcement =
                written.enforcement.as_ref().filter(|written| written.value == Enforcement::Audit);
            let security =
                written.pod_security.as_ref().filter(|written| written.value != PodSecurity::Restricted);
            for span in enforcement
                .map(|written| written.span)
                .into_iter()
                .chain(security.map(|written| written.span))
            {
                self.error(
                    "fragment-weakens",
                    span,
                    "a fragment cannot weaken the mesh",
                    "only the profile can",
                )
                .help("move the key to the profile: declare the namespace there in place of the fragment");
            }
        }
        let strictest = if cni { PodSecurity::Restricted } else { PodSecurity::Privileged };
        let pod_security = written.pod_security.as_ref().map_or(strictest, |written| written.value);
        if let Some(written) =
            written.pod_security.as_ref().filter(|level| !cni && level.value != PodSecurity::Privileged)
        {
            self.error(
                "pod-security-needs-cni",
                written.span,
                "without the CNI plugin every pod has an init container that this level refuses",
                "`privileged` was expected",
            )
            .help("set `mesh.cni: true`; then `restricted` is the default");
        }
        Namespace {
            name: declared.name.value.clone(),
            is_rendered: written.namespace == Ownership::Create,
            enforcement: written.enforcement.as_ref().map_or(Enforcement::Enforce, |written| written.value),
            pod_security,
            workloads: self.workloads(written, &declared.doubt),
            span: declared.name.span,
        }
    }

    fn workloads(&mut self, written: &written::Namespace, doubt: &Doubt) -> Vec<Workload> {
        let mut workloads: Vec<Workload> = Vec::new();
        let mut whole: Vec<(Workload, Span)> = Vec::new();
        for (name, written) in &written.workloads.0 {
            if ["nodes", "kubernetes-api"].contains(&name.value.as_str()) {
                let message = format!("a workload cannot be named `{}`", name.value);
                self.error("reserved-workload", name.span, message, "the word already names a peer")
                    .help("give it another name here and its own labels in `selector`");
                continue;
            }
            let is_doubtful = doubt.workloads.contains(&name.value);
            let workload = match written {
                Some(written) => self.workload(name, written, is_doubtful),
                None => self.workload(name, &written::Workload::default(), is_doubtful),
            };
            if !is_doubtful {
                distinct(&workload, name.span, &whole, self.diagnostics);
                whole.push((workload.clone(), name.span));
            }
            workloads.push(workload);
        }
        workloads
    }

    fn workload(
        &mut self,
        name: &Spanned<String>,
        written: &written::Workload,
        is_doubtful: bool,
    ) -> Workload {
        if let (Some(port), Some(list)) = (&written.port, written.ports.first()) {
            self.error(
                "port-and-ports",
                port.span,
                "`port` and `ports` both say where it listens",
                "one was expected",
            )
            .context(list.span, "and here");
        }
        let ports = self.ports(written);
        let own = |value: &Option<Spanned<String>>| {
            value.as_ref().map_or_else(|| name.value.clone(), |value| value.value.clone())
        };
        let lacks_port = ports.is_empty() && !is_doubtful;
        if let Some(service) = written.service.as_ref().filter(|_| lacks_port) {
            self.error("service-without-port", service.span, "a Service needs a port", "for this Service")
                .help("add `port`, or leave `service` out");
        }
        if !ports.is_empty() {
            self.service_name(written.service.as_ref().unwrap_or(name), written.service.is_some());
        }
        if let Some(account) = written.service_account.as_ref().filter(|account| account.value == "default") {
            self.diagnostics.push(
                Diagnostic::warning(
                    "default-service-account",
                    account.span,
                    "every pod that names no account runs as `default`",
                    "so each of them has this workload's identity",
                )
                .with_help("give the workload a ServiceAccount of its own"),
            );
        }
        Workload {
            name: name.value.clone(),
            selector: written
                .selector
                .as_ref()
                .map_or_else(|| [("app".into(), name.value.clone())].into(), |labels| labels.value.clone()),
            service_account: own(&written.service_account),
            service: (!ports.is_empty()).then(|| own(&written.service)),
            ports,
        }
    }

    /// The API server takes only names of RFC 1035 for Services (`ValidateServiceName`, `pkg/apis/core/validation`).
    fn service_name(&mut self, name: &Spanned<String>, is_said: bool) {
        if !name.value.starts_with(|first: char| first.is_ascii_digit()) {
            return;
        }
        let help = if is_said {
            "name the Service that stands before these pods"
        } else {
            "add `service:` with the name of the Service that stands before these pods"
        };
        let message = format!("no Service can be named `{}`", name.value);
        self.error("service-name", name.span, message, "a letter was expected in front").help(help);
    }

    fn ports(&mut self, written: &written::Workload) -> Vec<Port> {
        let single = written::Port {
            name: None,
            port: written.port,
            protocol: written.protocol,
            service_port: written.service_port,
        };
        let all = std::iter::once(&single).chain(written.ports.iter().map(|port| &port.value));
        let mut ports: Vec<(Port, PortSpans)> = Vec::new();
        for written in all {
            let Some(number) = written.port else { continue };
            let protocol = written.protocol.unwrap_or_default();
            let name = written.name.as_ref();
            let port = Port {
                name: name.map_or_else(|| protocol.name().to_owned(), |name| name.value.clone()),
                port: number.value,
                service_port: written.service_port.unwrap_or(number).value,
                protocol,
            };
            let spans = PortSpans {
                name: name.map_or(number.span, |name| name.span),
                number: number.span,
                service: written.service_port.unwrap_or(number).span,
            };
            self.port(&port, spans, &ports);
            ports.push((port, spans));
        }
        ports.into_iter().map(|(port, _)| port).collect()
    }

    fn port(&mut self, port: &Port, at: PortSpans, others: &[(Port, PortSpans)]) {
        if PROXY_PORTS.contains(&port.port) {
            let message = format!("port {} is the proxy's own", port.port);
            self.error("proxy-port", at.number, message, "another port was expected")
                .help("what listens there bypasses mutual TLS and authorization");
        }
        for (other, first) in others {
            let (message, here, there) = if other.port == port.port {
                (format!("port {} is declared twice", port.port), at.number, first.number)
            } else if other.name == port.name {
                (format!("two ports are named `{}`", port.name), at.name, first.name)
            } else if other.service_port == port.service_port {
                (format!("the Service has port {} twice", port.service_port), at.service, first.service)
            } else {
                continue;
            };
            self.error("duplicate-port", here, message, "again here")
                .context(there, "first here")
                .help("give each port its own `name`, `port` and `servicePort`");
        }
    }

    /// Finds a workload by `name` or `namespace/name`, as written in namespace `home`.
    fn find(&mut self, home: Option<usize>, text: &str, span: Span) -> Option<WorkloadId> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (self.find_namespace(namespace, text, span)?, name),
            None => (home?, text),
        };
        let workloads = &self.namespaces[namespace].workloads;
        if let Some(workload) = workloads.iter().position(|workload| workload.name == name) {
            return Some(WorkloadId { namespace, workload });
        }
        let doubt = &self.doubts[namespace];
        let near = nearest(name, workloads.iter().map(|workload| workload.name.as_str())).map(str::to_owned);
        if doubt.workloads.contains(name) || (doubt.has_lost_names && near.is_none()) {
            return None;
        }
        let known = list(workloads.iter().map(|workload| workload.name.as_str()));
        let message = format!("unknown workload `{name}` in namespace `{}`", self.namespaces[namespace].name);
        let prefix = text.len() - name.len();
        let place = part(span, text, prefix..text.len());
        let diagnostic = self.error("unknown-workload", place, message, "a workload was expected");
        let near = near.map(|near| if place == span { format!("{}{near}", &text[..prefix]) } else { near });
        suggest(diagnostic, near, &known);
        None
    }

    /// Finds a namespace, the beginning of `text`.
    fn find_namespace(&mut self, name: &str, text: &str, span: Span) -> Option<usize> {
        if let Some(index) = self.namespaces.iter().position(|namespace| namespace.name == name) {
            return Some(index);
        }
        let near =
            nearest(name, self.namespaces.iter().map(|namespace| namespace.name.as_str())).map(str::to_owned);
        if self.refused.contains(name) || (self.has_lost_namespaces && near.is_none()) {
            return None;
        }
        let place = part(span, text, 0..name.len());
        let message = format!("unknown namespace `{name}`");
        let diagnostic =
            self.error("unknown-namespace", place, message, "a namespace of this profile was expected");
        match near {
            Some(near) if place == span => suggest(diagnostic, Some(near + &text[name.len()..]), ""),
            Some(near) => suggest(diagnostic, Some(near), ""),
            None => {
                diagnostic.help(
                    "declare it under `namespaces`, or name its pods with `{unmeshed: ...}` if they have no sidecar",
                );
            }
        }
        None
    }

    /// Tells whether a part of a workload could not be read, so that a port may be lost with it.
    fn is_doubtful(&self, id: WorkloadId) -> bool {
        let name = &self.namespaces[id.namespace].workloads[id.workload].name;
        self.doubts[id.namespace].workloads.contains(name)
    }

    /// Finds a port of a workload by name or number.
    fn find_port(&mut self, id: WorkloadId, port: &Spanned<String>) -> Option<usize> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let by_name = workload.ports.iter().position(|known| known.name == port.value);
        let found =
            by_name.or_else(|| workload.ports.iter().position(|known| known.port.to_string() == port.value));
        if found.is_some() || self.is_doubtful(id) {
            return found;
        }
        let near =
            nearest(&port.value, workload.ports.iter().map(|port| port.name.as_str())).map(str::to_owned);
        let known: Vec<String> =
            workload.ports.iter().map(|port| format!("{} ({})", port.name, port.port)).collect();
        let known = list(known.iter().map(String::as_str));
        let by_service = workload.ports.iter().any(|known| known.service_port.to_string() == port.value);
        let message = format!("`{}` has no port `{}`", workload.name, port.value);
        let diagnostic =
            self.error("unknown-port", port.span, message, "a port of the workload was expected");
        if by_service {
            diagnostic.help("that is the Service's port; policies see the pod's");
        }
        if known.is_empty() {
            diagnostic.help("add `port:` to the workload");
        } else {
            suggest(diagnostic, near, &known);
        }
        None
    }

    fn exposures(&mut self, home: usize, exposures: &[Spanned<written::Exposure>]) {
        let mut routes: BTreeMap<(String, String), Span> = BTreeMap::new();
        for exposure in exposures {
            let (Some(workload), Some(host)) = (&exposure.value.workload, &exposure.value.host) else {
                continue;
            };
            let found = self.find(Some(home), &workload.value, workload.span);
            let full = format!("{}.{}", host.value, self.domain);
            if full.len() > LONGEST_HOST {
                let message = format!("the host `{full}` has {} characters", full.len());
                let label = format!("at most {LONGEST_HOST} are possible, `domain` included");
                self.error("long-host", host.span, message, label).help("write a shorter `host` or `domain`");
            }
            let (owner, span) = *self.hosts.entry(full.clone()).or_insert((home, host.span));
            if owner != home {
                let message = format!("host `{full}` is exposed by two namespaces");
                self.error("duplicate-host", host.span, message, "claimed again here")
                    .context(span, "first claimed here")
                    .help("give one of the two another `host`");
            }
            let default = Spanned { span: exposure.span, value: "/*".to_owned() };
            let paths = match exposure.value.paths.as_slice() {
                [] => std::slice::from_ref(&default),
                paths => paths,
            };
            for path in paths {
                if path.value.starts_with('*') {
                    let message = format!("`{}` cannot be routed", path.value);
                    self.error("exposed-path", path.span, message, "an exact path or a prefix was expected")
                        .help("a route matches `/exact` or `/prefix/*`; state suffixes in `allow` between workloads");
                }
                if let Some(span) = routes.insert((full.clone(), path.value.clone()), path.span) {
                    let message = format!("`{full}{}` is exposed twice", path.value);
                    self.error("duplicate-host", path.span, message, "claimed again here")
                        .context(span, "first claimed here")
                        .help("give one of the two other `paths`, or another `host`");
                }
            }
            let Some(id) = found else { continue };
            let Some(port) = self.exposed_port(id, exposure, workload.span) else { continue };
            self.flows.push(Flow {
                from: Peer::Gateway,
                to: Target::Workload(id, vec![port]),
                methods: exposure.value.methods.clone(),
                paths: paths.iter().map(|path| path.value.clone()).collect(),
                basis: Basis::Expose(full),
                span: exposure.span,
            });
        }
    }

    fn exposed_port(
        &mut self,
        id: WorkloadId,
        exposure: &Spanned<written::Exposure>,
        workload: Span,
    ) -> Option<usize> {
        let port = match &exposure.value.port {
            Some(port) => self.find_port(id, port)?,
            None if self.is_damaged(exposure.span) => return None,
            None => self.only_http_port(id, workload)?,
        };
        let of = &self.namespaces[id.namespace].workloads[id.workload];
        let spoken = of.ports[port].protocol;
        if !spoken.is_http() {
            let message = format!("port `{}` of `{}` speaks {}", of.ports[port].name, of.name, spoken.name());
            let span = exposure.value.port.as_ref().map_or(workload, |port| port.span);
            self.error("expose-needs-http", span, message, "an HTTP port was expected").help(HTTP_PROTOCOLS);
            return None;
        }
        Some(port)
    }

    fn only_http_port(&mut self, id: WorkloadId, span: Span) -> Option<usize> {
        if self.is_doubtful(id) {
            return None;
        }
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let http: Vec<usize> =
            (0..workload.ports.len()).filter(|port| workload.ports[*port].protocol.is_http()).collect();
        match http.as_slice() {
            [port] => Some(*port),
            [] => {
                let message = format!("`{}` has no HTTP port", workload.name);
                let help =
                    if workload.ports.is_empty() { "add `port:` to the workload" } else { HTTP_PROTOCOLS };
                self.error("expose-needs-http", span, message, "a workload with an HTTP port was expected")
                    .help(help);
                None
            }
            several => {
                let known = list(several.iter().map(|port| workload.ports[*port].name.as_str()));
                let message = format!("`{}` has several HTTP ports", workload.name);
                self.error("ambiguous-port", span, message, "which one is exposed?")
                    .help(format!("add `port:` with one of {known}"));
                None
            }
        }
    }

    fn allows(&mut self, home: usize, allows: &[Spanned<written::Flow>], is_fragment: bool) {
        for allow in allows {
            let (Some(from), Some(to)) = (&allow.value.from, &allow.value.to) else { continue };
            let caller = self.caller(home, from);
            if allow.value.port.is_none() && self.is_damaged(allow.span) {
                // The port may be what could not be read, so only the name is looked for.
                self.caller(home, to);
                continue;
            }
            let targets = self.targets(home, to, allow.value.port.as_ref());
            let (Some(caller), Some(targets)) = (caller, targets) else { continue };
            if is_fragment && !self.may_grant(home, &caller, &targets, (from.span, to.span)) {
                continue;
            }
            if !self.can_authenticate(&caller, from.span) {
                continue;
            }
            if let Peer::Cidr(cidr) = caller
                && let Some(fault) = addresses::of_caller(cidr, from.span, self.cluster)
            {
                self.diagnostics.push(fault);
                continue;
            }
            let leaves_mesh = !matches!(targets.first(), Some(Target::Workload(..)) | None);
            if leaves_mesh && !matches!(caller, Peer::Workload(_) | Peer::Namespace(_)) {
                self.error(
                    "ungoverned-flow",
                    allow.span,
                    "neither end of the flow is a workload of this mesh",
                    "one end was expected to be",
                )
                .help("name a workload in `from` or in `to`; the mesh decides nothing between others");
                continue;
            }
            self.only_http(&targets, allow);
            let list = |written: &Option<Spanned<Vec<String>>>| {
                written.as_ref().map(|list| list.value.clone()).unwrap_or_default()
            };
            let flows: Vec<Flow> = targets
                .into_iter()
                .map(|to| Flow {
                    from: caller.clone(),
                    to,
                    methods: list(&allow.value.methods),
                    paths: list(&allow.value.paths),
                    basis: Basis::Allow,
                    span: allow.span,
                })
                .collect();
            self.declared_before(&flows, allow.span);
            self.flows.extend(flows);
        }
    }

    /// Reports an entry of `allow` that says nothing new.
    fn declared_before(&mut self, flows: &[Flow], span: Span) {
        let mut first = Vec::new();
        for Flow { from, to, methods, paths, .. } in flows {
            let said = format!("{:?}", (from, to, methods, paths));
            first.extend(self.allowed.get(&said).copied());
            self.allowed.entry(said).or_insert(span);
        }
        if let Some(earlier) = first.first().filter(|_| first.len() == flows.len()) {
            self.diagnostics.push(
                Diagnostic::warning("duplicate-flow", span, "this flow is already allowed", "adds nothing")
                    .with_context(*earlier, "allowed here")
                    .with_help("remove one of the two"),
            );
        }
    }

    /// A team opens its own workloads to others, and its own workloads' way out; never another team's workload.
    fn may_grant(
        &mut self,
        home: usize,
        caller: &Peer,
        targets: &[Target],
        (from, to): (Span, Span),
    ) -> bool {
        let own = |id: &WorkloadId| id.namespace == home;
        let ok = targets.iter().all(|target| match target {
            Target::Workload(id, _) => own(id),
            _ => match caller {
                Peer::Workload(id) => own(id),
                Peer::Namespace(index) => *index == home,
                _ => false,
            },
        });
        if !ok {
            let is_called = matches!(targets.first(), Some(Target::Workload(..)));
            self.error(
                "fragment-grant",
                if is_called { to } else { from },
                "a fragment may open only its own workloads",
                "another team's",
            )
            .help(if is_called {
                "the flow belongs into the fragment of the team that is called, or into the profile"
            } else {
                "the flow belongs into the fragment of the team that calls, or into the profile"
            });
        }
        ok
    }

    /// STRICT refuses a caller without a mesh certificate, whatever is allowed.
    fn can_authenticate(&mut self, caller: &Peer, span: Span) -> bool {
        match caller {
            Peer::Gateway | Peer::Workload(_) | Peer::Namespace(_) | Peer::Cidr(_) => true,
            Peer::Nodes | Peer::KubernetesApi | Peer::Unmeshed(_) => {
                self.error(
                    "plaintext-caller",
                    span,
                    "this caller holds no mesh certificate, so mutual TLS refuses it",
                    "a workload of the mesh was expected",
                )
                .help("give the caller a sidecar, or declare the flow under `exceptions` with `mtls: permissive`, a reason, an owner and an expiry");
                false
            }
        }
    }

    fn only_http(&mut self, targets: &[Target], allow: &Spanned<written::Flow>) {
        let flow = &allow.value;
        let methods = flow.methods.as_ref().map(|methods| methods.span);
        let Some(span) = methods.or(flow.paths.as_ref().map(|paths| paths.span)) else { return };
        if let Some((message, help)) = targets.iter().find_map(|to| self.blindness(to)) {
            self.error("http-condition", span, message, "needs an HTTP port").help(help);
        }
    }

    /// Says why a proxy sees no requests on the way to a target.
    fn blindness(&self, to: &Target) -> Option<(String, &'static str)> {
        let Target::Workload(id, ports) = to else {
            let message = "a proxy sees methods and paths only of calls to workloads of the mesh";
            return Some((message.to_owned(), "drop `methods` and `paths`"));
        };
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let port = ports.iter().map(|port| &workload.ports[*port]).find(|port| !port.protocol.is_http())?;
        let message = format!(
            "port `{}` of `{}` speaks {}, in which a proxy sees no methods or paths",
            port.name,
            workload.name,
            port.protocol.name()
        );
        Some((message, "name an HTTP port with `port`, or drop `methods` and `paths`"))
    }

    /// Resolves who calls.
    fn caller(&mut self, home: usize, peer: &Spanned<written::Peer>) -> Option<Peer> {
        match &peer.value {
            written::Peer::Name(name) => match name.as_str() {
                "nodes" => self.nodes(peer.span).then_some(Peer::Nodes),
                "kubernetes-api" => Some(Peer::KubernetesApi),
                name => match name.strip_suffix("/*") {
                    Some(namespace) => self.find_namespace(namespace, name, peer.span).map(Peer::Namespace),
                    None => self.find(Some(home), name, peer.span).map(Peer::Workload),
                },
            },
            written::Peer::Cidr { cidr } => self.is_outside(*cidr, peer.span).then_some(Peer::Cidr(*cidr)),
            written::Peer::Unmeshed { unmeshed } => self.unmeshed(unmeshed, peer.span).map(Peer::Unmeshed),
            written::Peer::Unread(_) => None,
        }
    }

    /// Resolves what is called, each workload of a namespace for itself.
    fn targets(
        &mut self,
        home: usize,
        peer: &Spanned<written::Peer>,
        port: Option<&Spanned<String>>,
    ) -> Option<Vec<Target>> {
        match &peer.value {
            written::Peer::Name(name) => match name.as_str() {
                "kubernetes-api" => {
                    if let Some(port) = port {
                        self.error(
                            "unused-port",
                            port.span,
                            "the API server's port is known",
                            "no `port` was expected",
                        )
                        .help("remove `port`; where it is, `apiServer.egress` says");
                    }
                    Some(vec![Target::KubernetesApi])
                }
                "nodes" => {
                    let known = self.nodes(peer.span);
                    let port = self.number(port, peer.span);
                    known.then_some(()).and(port).map(|port| vec![Target::Nodes(port)])
                }
                name => {
                    if let Some(namespace) = name.strip_suffix("/*") {
                        let namespace = self.find_namespace(namespace, name, peer.span)?;
                        let ids = self.with_ports(namespace, peer.span);
                        ids.into_iter().map(|id| self.target(id, port, peer.span)).collect()
                    } else {
                        let id = self.find(Some(home), name, peer.span)?;
                        self.target(id, port, peer.span).map(|target| vec![target])
                    }
                }
            },
            written::Peer::Cidr { cidr } => {
                let is_outside = self.is_outside(*cidr, peer.span);
                self.diagnostics.extend(addresses::metadata(*cidr, peer.span).filter(|_| is_outside));
                let port = self.number(port, peer.span).filter(|_| is_outside);
                port.map(|port| vec![Target::Cidr(*cidr, port)])
            }
            written::Peer::Unmeshed { unmeshed } => {
                let pods = self.unmeshed(unmeshed, peer.span);
                let port = self.number(port, peer.span);
                Some(vec![Target::Unmeshed(pods?, port?)])
            }
            written::Peer::Unread(_) => None,
        }
    }

    /// Returns the workloads of a namespace that can be called.
    fn with_ports(&mut self, namespace: usize, span: Span) -> Vec<WorkloadId> {
        let workloads = &self.namespaces[namespace].workloads;
        let callable = (0..workloads.len()).filter(|workload| !workloads[*workload].ports.is_empty());
        let ids: Vec<WorkloadId> = callable.map(|workload| WorkloadId { namespace, workload }).collect();
        let doubt = &self.doubts[namespace];
        if ids.is_empty() && !doubt.has_lost_names && doubt.workloads.is_empty() {
            let message = format!("no workload of `{}` has a port to call", self.namespaces[namespace].name);
            self.error("no-port", span, message, "workloads with a port were expected")
                .help("add `port:` to the workloads that are called");
        }
        ids
    }

    fn is_outside(&mut self, cidr: IpNet, span: Span) -> bool {
        let fault = addresses::of_peer(cidr, span, self.cluster);
        let is_outside = fault.is_none();
        self.diagnostics.extend(fault);
        is_outside
    }

    fn target(&mut self, id: WorkloadId, port: Option<&Spanned<String>>, span: Span) -> Option<Target> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        if workload.ports.is_empty() && self.is_doubtful(id) {
            return None;
        }
        if workload.ports.is_empty() {
            let message = format!("`{}` has no port to call", workload.name);
            self.error("no-port", span, message, "a workload with a port was expected")
                .help("add `port:` to the workload");
            return None;
        }
        let ports = match port {
            Some(port) => vec![self.find_port(id, port)?],
            None => (0..workload.ports.len()).collect(),
        };
        Some(Target::Workload(id, ports))
    }

    fn number(&mut self, port: Option<&Spanned<String>>, peer: Span) -> Option<u16> {
        let number = port.and_then(|port| port.value.parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            let message = port.map_or_else(
                || "this peer's port is not known".to_owned(),
                |port| format!("`{}` is not the number of a port", port.value),
            );
            let help = if port.is_some() {
                "write a number from 1 to 65535; only workloads of the mesh have ports with names"
            } else {
                "add `port:` with a number from 1 to 65535"
            };
            let span = port.map_or(peer, |port| port.span);
            self.error("missing-port", span, message, "a port number was expected").help(help);
        }
        number
    }

    fn is_damaged(&self, place: Span) -> bool {
        self.faults.iter().any(|fault| doubt::lies_in(*fault, place))
    }

    fn nodes(&mut self, span: Span) -> bool {
        let known = !self.cluster.nodes.is_empty();
        if !known && !self.has_lost_addresses {
            self.error(
                "missing-node-cidrs",
                span,
                "the nodes' addresses are not known",
                "`nodes` needs them",
            )
            .help("add `cluster: {nodeCIDRs: [...]}`");
        }
        known
    }

    fn unmeshed(&mut self, written: &written::Unmeshed, span: Span) -> Option<Unmeshed> {
        let (namespace, labels) = match written {
            written::Unmeshed::Namespace(namespace) => (namespace.clone(), BTreeMap::new()),
            written::Unmeshed::Pods { namespace, labels } => (namespace.clone(), labels.clone()),
            written::Unmeshed::Unread(_) => return None,
        };
        if self.namespaces.iter().any(|known| known.name == namespace) {
            let message = format!("pods of `{namespace}` have a sidecar");
            self.error("unmeshed-in-mesh", span, message, "the profile governs this namespace")
                .help(format!("name a workload, `{namespace}/<workload>`, or all of them, `{namespace}/*`"));
            return None;
        }
        if self.platform.is_closed(&namespace) {
            let owner = self.platform.owner(&namespace).unwrap_or_default();
            let message = format!("`{namespace}` is {owner} namespace");
            self.error("unmeshed-in-mesh", span, message, "the mesh closes this namespace")
                .help("what the gateway serves goes under `expose`; nothing else there is for workloads");
            return None;
        }
        Some(Unmeshed { namespace, labels })
    }

    fn egress(&mut self, home: usize, egress: &[Spanned<written::Egress>]) {
        let mut spoken: BTreeMap<(&str, u16), (HostProtocol, Span)> = BTreeMap::new();
        for entry in egress {
            let (Some(from), Some(host)) = (&entry.value.from, &entry.value.host) else { continue };
            let port = entry.value.port.as_ref().map_or(443, |port| port.value);
            self.egress_host(host);
            self.egress_protocol(host, port, &entry.value);
            let first = *spoken.entry((&host.value, port)).or_insert((entry.value.protocol, host.span));
            if first.0 != entry.value.protocol {
                let message = format!("port {port} of `{}` speaks two protocols", host.value);
                self.error("egress-protocols-differ", host.span, message, "another one here")
                    .context(first.1, "than here")
                    .help("a proxy reads a port in one way: say the same `protocol` for every workload");
            }
            for cidr in &entry.value.cidrs {
                let fault = addresses::of_host(cidr.value, cidr.span, self.cluster);
                self.diagnostics.extend(fault.or_else(|| addresses::metadata(cidr.value, cidr.span)));
            }
            let Some(id) = self.find(Some(home), &from.value, from.span) else { continue };
            self.flows.push(Flow {
                from: Peer::Workload(id),
                to: Target::Host {
                    host: host.value.clone(),
                    port,
                    protocol: entry.value.protocol,
                    cidrs: entry.value.cidrs.iter().map(|cidr| cidr.value).collect(),
                },
                methods: Vec::new(),
                paths: Vec::new(),
                basis: Basis::Egress,
                span: entry.span,
            });
        }
    }

    /// Reports hosts that are not outside: Services, and what the gateway serves.
    fn egress_host(&mut self, host: &Spanned<String>) {
        let name = host.value.strip_prefix("*.").unwrap_or(&host.value);
        let lies_below = |domain: &str| {
            name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if lies_below("addresses.internal") {
            let message = format!("`{}` is a name that the tree gives to addresses", host.value);
            self.error("egress-in-cluster", host.span, message, "a host outside was expected")
                .help("declare addresses under `allow`, `to: {cidr: ...}`");
        } else if lies_below("cluster.local") || lies_below("svc") {
            let message = format!("`{}` is in the cluster", host.value);
            self.error("egress-in-cluster", host.span, message, "a host outside was expected").help(
                "declare the flow under `allow`, `to` the workload, or to `{unmeshed: ...}` if it has no sidecar",
            );
        } else if !self.domain.is_empty() && lies_below(&self.domain) {
            let message = format!("`{}` is under this mesh's own domain", host.value);
            self.diagnostics.push(
                Diagnostic::warning("egress-to-own-domain", host.span, message, "the gateway serves it")
                    .with_help(
                        "a call to a workload of the mesh goes under `allow`, without leaving the cluster",
                    ),
            );
        }
    }

    fn egress_protocol(&mut self, host: &Spanned<String>, port: u16, entry: &written::Egress) {
        let is_tcp = entry.protocol == HostProtocol::Tcp;
        if is_tcp && host.value.starts_with('*') {
            self.error(
                "wildcard-needs-name",
                host.span,
                "bytes carry no host name to match",
                "one host was expected",
            )
            .help("name each host with its `cidrs`, or say `protocol: tls` where the client begins with TLS");
        } else if is_tcp && entry.cidrs.is_empty() {
            self.error(
                "tcp-host-needs-addresses",
                host.span,
                "bytes carry no host name, so any address on the port would count as this host",
                "its addresses were expected",
            )
            .help("add `cidrs: [...]`, or say `protocol: tls` where the client begins with TLS");
        }
        let (said, usual) = match (entry.protocol, port) {
            (HostProtocol::Tls, 80) => ("tls", "http"),
            (HostProtocol::Http, 443) => ("http", "tls"),
            (HostProtocol::Tls | HostProtocol::Http | HostProtocol::Tcp, _) => return,
        };
        let span = entry.port.as_ref().map_or(host.span, |port| port.span);
        let message = format!("port {port} of `{}` is said to speak {said}", host.value);
        self.diagnostics.push(
            Diagnostic::warning("egress-protocol", span, message, format!("usually speaks {usual}"))
                .with_help(format!("say `protocol: {usual}`, unless this host differs")),
        );
    }

    fn exceptions(&mut self, exceptions: &[Spanned<written::Exception>]) {
        for exception in exceptions {
            let written = &exception.value;
            let (Some(workload), Some(port), Some(from)) = (&written.workload, &written.port, &written.from)
            else {
                continue;
            };
            let (Some(reason), Some(owner), Some(expires)) =
                (&written.reason, &written.owner, &written.expires)
            else {
                continue;
            };
            let Some(id) = self.find(None, &workload.value, workload.span) else { continue };
            let (Some(port), Some(caller)) = (self.find_port(id, port), self.caller(id.namespace, from))
            else {
                continue;
            };
            if matches!(caller, Peer::Workload(_) | Peer::Namespace(_)) {
                self.error(
                    "needless-exception",
                    from.span,
                    "this caller has a sidecar, and so a certificate",
                    "a caller without one was expected",
                )
                .help("declare the flow under `allow` of the namespace that is called");
                continue;
            }
            let index = self.exceptions.len();
            let to = Target::Workload(id, vec![port]);
            let is_same = |flow: &&Flow| {
                matches!(flow.basis, Basis::Exception(_)) && flow.from == caller && flow.to == to
            };
            if let Some(first) = self.flows.iter().find(is_same).map(|flow| flow.span) {
                let message = "this caller is already excepted on this port";
                self.error("duplicate-exception", from.span, message, "excepted again here")
                    .context(first, "first here")
                    .help("keep the one that expires first, or merge their reasons");
            }
            self.flows.push(Flow {
                from: caller,
                to,
                methods: Vec::new(),
                paths: Vec::new(),
                basis: Basis::Exception(index),
                span: exception.span,
            });
            self.exceptions.push(Exception {
                workload: id,
                port,
                reason: reason.clone(),
                owner: owner.clone(),
                expires: expires.value.clone(),
                span: expires.span,
            });
        }
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

/// Reports what would make two workloads one: pods that both select, one Service, one identity.
///
/// Each is reported once, with the first workload that it holds for.
fn distinct(workload: &Workload, span: Span, others: &[(Workload, Span)], diagnostics: &mut Vec<Diagnostic>) {
    let first = |is_same: &dyn Fn(&Workload) -> bool| others.iter().find(|(other, _)| is_same(other));
    if let Some((other, first)) = first(&|other| overlap(&workload.selector, &other.selector)) {
        diagnostics.push(
            Diagnostic::error(
                "overlapping-selector",
                span,
                format!("a pod can belong to both `{}` and `{}`", other.name, workload.name),
                "selects the same pods",
            )
            .with_context(*first, "as this one")
            .with_help("give both a label with the same key and different values"),
        );
    }
    let service = |other: &Workload| workload.service.is_some() && workload.service == other.service;
    if let Some((other, first)) = first(&service) {
        let name = workload.service.as_deref().unwrap_or_default();
        diagnostics.push(
            Diagnostic::error(
                "duplicate-service",
                span,
                format!("`{}` and `{}` share the Service `{name}`", other.name, workload.name),
                "a Service of its own was expected",
            )
            .with_context(*first, "the other one")
            .with_help("give each another `service`; a client would reach either of the two"),
        );
    }
    if let Some((other, first)) = first(&|other| workload.service_account == other.service_account) {
        diagnostics.push(
            Diagnostic::warning(
                "shared-service-account",
                span,
                format!("`{}` and `{}` share the account `{}`", other.name, workload.name, workload.service_account),
                "proxies cannot tell the two apart",
            )
            .with_context(*first, "the other one")
            .with_help("give each a `serviceAccount`; until then only NetworkPolicies separate what the two may call"),
        );
    }
}

/// Tells whether a pod can carry the labels of both.
fn overlap(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    !one.iter().any(|(key, value)| other.get(key).is_some_and(|theirs| theirs != value))
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
