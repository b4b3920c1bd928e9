//! What a profile's words refer to.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Enforcement, Exception, Fragments, Gateway, Namespace, PodSecurity, Port, Profile, Replicas, Resolver,
    ResolverAt, Tracing, Workload,
    flow::{Basis, Flow, Peer, Target, Unmeshed, WorkloadId},
    read, values,
    written::{self, DnsPreset, Document, Ownership},
};
use crate::{
    diagnostic::Diagnostic,
    release::{self, Istio, Minor, Patch},
    schema::nearest,
    source::{Sources, Span},
    yaml::{self, Node, Spanned},
};

/// Ports that the proxy keeps for itself: what listens there is never captured (`pkg/test/framework` aside, the list of
/// `security.istio.io` docs "Ports used by Istio", and `excludeInboundPorts` of the injection template).
const PROXY_PORTS: [u16; 9] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

/// Namespaces in which Istio injects nothing (`IgnoredNamespaces`, `pkg/kube/inject/inject.go`).
const NEVER_INJECTED: [&str; 4] = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

/// Where a namespace was declared.
struct Declared {
    written: written::Namespace,
    name: Spanned<String>,
    /// A team's own file may open only its own workloads.
    is_fragment: bool,
}

struct Resolution<'a> {
    diagnostics: &'a mut Vec<Diagnostic>,
    namespaces: Vec<Namespace>,
    flows: Vec<Flow>,
    exceptions: Vec<Exception>,
    /// The host that each exposure claims, and by whom first.
    hosts: BTreeMap<String, (usize, Span)>,
    domain: String,
    node_cidrs_are_known: bool,
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
    let kubernetes_version =
        kubernetes_version(document.kubernetes_version.as_ref(), chart_version, diagnostics);
    flux_version(document.flux.version.as_ref(), diagnostics);
    let path = match &document.path {
        Some(path) => path.value.clone().into(),
        None => format!("clusters/{name}/istio").into(),
    };
    let gateway_namespace = document.gateway.namespace.as_ref();
    let platform: BTreeSet<&str> = [
        document.mesh.namespace.as_str(),
        gateway_namespace.map_or(GATEWAY_NAMESPACE, |name| &name.value),
        document.flux.namespace.as_str(),
        CNI_NAMESPACE,
    ]
    .into();
    if let Some(namespace) = gateway_namespace.filter(|name| name.value == document.mesh.namespace) {
        diagnostics.push(
            Diagnostic::error(
                "gateway-in-mesh-namespace",
                namespace.span,
                format!("the gateway shares `{}` with the control plane", namespace.value),
                "a namespace of its own was expected",
            )
            .with_help("a policy in the mesh's root namespace would count for every workload"),
        );
    }
    let declared = declared(root, sources, fragments, diagnostics);
    let mut resolution = Resolution {
        diagnostics,
        namespaces: Vec::new(),
        flows: Vec::new(),
        exceptions: Vec::new(),
        hosts: BTreeMap::new(),
        domain: document.domain.as_ref().map(|domain| domain.value.clone()).unwrap_or_default(),
        node_cidrs_are_known: !document.cluster.nodes.is_empty(),
    };
    let declared = resolution.namespaces(declared, &platform, document.mesh.cni);
    for (index, declared) in declared.iter().enumerate() {
        resolution.exposures(index, &declared.written.expose);
        resolution.allows(index, &declared.written.allow, declared.is_fragment);
        resolution.egress(index, &declared.written.egress);
    }
    resolution.exceptions(&document.exceptions);
    let tracing = document.tracing.as_ref().and_then(|tracing| resolution.tracing(tracing));
    let Resolution { diagnostics, namespaces, flows, exceptions, .. } = resolution;
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

/// The namespace of Istio's CNI plugin, whose pods need a privileged level that nothing else should share.
pub(crate) const CNI_NAMESPACE: &str = "istio-cni";
const GATEWAY_NAMESPACE: &str = "istio-ingress";

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
    istio: Option<Patch>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Minor {
    let default = Minor { major: 1, minor: 29 };
    let version = written.and_then(|written| written.value.parse().ok()).unwrap_or(default);
    let (Some(istio), Some(span)) = (istio, written.map(|written| written.span)) else { return version };
    let Some(range) = Istio::of(istio.minor).map(|facts| facts.kubernetes) else { return version };
    if version < range.oldest {
        diagnostics.push(
            Diagnostic::error(
                "kubernetes-too-old",
                span,
                format!("Istio {istio} does not start on Kubernetes {version}"),
                format!("{} or later was expected", range.oldest),
            )
            .with_help("upgrade the cluster first, or stay on an older `chartVersion`"),
        );
    } else if let Some(newest) = range.newest_tested.filter(|newest| version > *newest) {
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
        diagnostics.push(Diagnostic::error(
            "replicas-out-of-order",
            written.span,
            format!("at least {} replicas, but at most {}", replicas.min, replicas.max),
            "`min` was expected to be at most `max`",
        ));
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
) -> Vec<Declared> {
    let mut declared = Vec::new();
    for item in root.get("namespaces").map(Node::items).unwrap_or_default() {
        if let Some(name) = item.as_str() {
            let name = Spanned { span: item.span, value: name.to_owned() };
            declared.push(Declared { written: written::Namespace::default(), name, is_fragment: false });
        } else if let Some(pattern) = item.get("file") {
            declared.extend(from_fragments(pattern, sources, fragments, diagnostics));
        } else {
            declared.extend(one(item, false, diagnostics));
        }
    }
    declared
}

fn one(node: &Node, is_fragment: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<Declared> {
    let mut written =
        yaml::read::<written::Namespace>(node).map_err(|fault| diagnostics.push(*fault)).ok()?;
    let name = written.name.take()?;
    Some(Declared { written, name, is_fragment })
}

fn from_fragments(
    pattern: &Node,
    sources: &mut Sources,
    fragments: &mut Fragments<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Declared> {
    let text = pattern.as_str().unwrap_or_default();
    let files = fragments(text)
        .and_then(|files| if files.is_empty() { Err("no file matches".to_owned()) } else { Ok(files) });
    let files = files.unwrap_or_else(|why| {
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
    });
    let read = |source| {
        let node = read(source, &super::FRAGMENT_SCHEMA, sources, diagnostics);
        one(&node, true, diagnostics)
    };
    files.into_iter().filter_map(read).collect()
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
    fn namespaces(&mut self, all: Vec<Declared>, platform: &BTreeSet<&str>, cni: bool) -> Vec<Declared> {
        let mut kept = Vec::new();
        let mut first: BTreeMap<String, Span> = BTreeMap::new();
        for declared in all {
            let name = &declared.name;
            if let Some(span) = first.insert(name.value.clone(), name.span) {
                let message = format!("namespace `{}` is declared twice", name.value);
                self.error("duplicate-namespace", name.span, message, "declared again here")
                    .context(span, "first declared here");
                continue;
            }
            if platform.contains(name.value.as_str()) || NEVER_INJECTED.contains(&name.value.as_str()) {
                let message = format!("namespace `{}` belongs to the platform", name.value);
                self.error("reserved-namespace", name.span, message, "a team's namespace was expected")
                    .help("what the platform itself needs there is rendered without being declared");
                continue;
            }
            let namespace = self.namespace(&declared, cni);
            self.namespaces.push(namespace);
            kept.push(declared);
        }
        kept
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
            workloads: self.workloads(written),
            span: declared.name.span,
        }
    }

    fn workloads(&mut self, written: &written::Namespace) -> Vec<Workload> {
        let mut workloads: Vec<(Workload, Span)> = Vec::new();
        for (name, written) in &written.workloads.0 {
            if ["nodes", "kubernetes-api"].contains(&name.value.as_str()) {
                let message = format!("a workload cannot be named `{}`", name.value);
                self.error("reserved-workload", name.span, message, "the word already names a peer")
                    .help("give it another name here and its own labels in `selector`");
                continue;
            }
            let workload = match written {
                Some(written) => self.workload(name, written),
                None => self.workload(name, &written::Workload::default()),
            };
            for (other, span) in &workloads {
                distinct(&workload, name.span, other, *span, self.diagnostics);
            }
            workloads.push((workload, name.span));
        }
        workloads.into_iter().map(|(workload, _)| workload).collect()
    }

    fn workload(&mut self, name: &Spanned<String>, written: &written::Workload) -> Workload {
        if let (Some(port), Some(list)) = (&written.port, written.ports.first()) {
            self.error(
                "port-and-ports",
                port.span,
                "`port` and `ports` both say where it listens",
                "one was expected",
            )
            .context(list.span, "and here");
        }
        let single =
            written.port.as_ref().map(|port| (None, Some(port), written.protocol, written.service_port));
        let listed = written.ports.iter().map(|port| {
            (port.value.name.as_ref(), port.value.port.as_ref(), port.value.protocol, port.value.service_port)
        });
        let mut ports: Vec<(Port, Span)> = Vec::new();
        for (name, number, protocol, service_port) in single.into_iter().chain(listed) {
            let Some(number) = number else { continue };
            let protocol = protocol.unwrap_or_default();
            let port = Port {
                name: name.map_or_else(|| protocol.name().to_owned(), |name| name.value.clone()),
                port: number.value,
                service_port: service_port.unwrap_or(number.value),
                protocol,
            };
            self.port(&port, name.map_or(number.span, |name| name.span), number.span, &ports);
            ports.push((port, number.span));
        }
        let ports: Vec<Port> = ports.into_iter().map(|(port, _)| port).collect();
        let own = |value: &Option<Spanned<String>>| {
            value.as_ref().map_or_else(|| name.value.clone(), |value| value.value.clone())
        };
        if let Some(service) = written.service.as_ref().filter(|_| ports.is_empty()) {
            self.error("service-without-port", service.span, "a Service needs a port", "for this Service")
                .help("add `port`, or leave `service` out");
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

    fn port(&mut self, port: &Port, name: Span, number: Span, others: &[(Port, Span)]) {
        if PROXY_PORTS.contains(&port.port) {
            let message = format!("port {} is the proxy's own", port.port);
            self.error("proxy-port", number, message, "another port was expected")
                .help("what listens there bypasses mutual TLS and authorization");
        }
        for (other, span) in others {
            if other.name == port.name {
                let message = format!("two ports are named `{}`", port.name);
                self.error("duplicate-port", name, message, "named again here").context(*span, "first here");
            }
            if other.port == port.port || other.service_port == port.service_port {
                let message = format!(
                    "port {} is declared twice",
                    if other.port == port.port { port.port } else { port.service_port }
                );
                self.error("duplicate-port", number, message, "declared again here")
                    .context(*span, "first here");
            }
        }
    }

    /// Finds a workload by `name` or `namespace/name`, as written in namespace `home`.
    fn find(&mut self, home: Option<usize>, text: &str, span: Span) -> Option<WorkloadId> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (self.find_namespace(namespace, span)?, name),
            None => (home?, text),
        };
        let workloads = &self.namespaces[namespace].workloads;
        if let Some(workload) = workloads.iter().position(|workload| workload.name == name) {
            return Some(WorkloadId { namespace, workload });
        }
        let near = nearest(name, workloads.iter().map(|workload| workload.name.as_str())).map(str::to_owned);
        let known = list(workloads.iter().map(|workload| workload.name.as_str()));
        let message = format!("unknown workload `{name}` in namespace `{}`", self.namespaces[namespace].name);
        let prefix = text.len() - name.len();
        let diagnostic = self.error("unknown-workload", span, message, "a workload was expected");
        suggest(diagnostic, near.map(|near| format!("{}{near}", &text[..prefix])), &known);
        None
    }

    fn find_namespace(&mut self, name: &str, span: Span) -> Option<usize> {
        if let Some(index) = self.namespaces.iter().position(|namespace| namespace.name == name) {
            return Some(index);
        }
        let near =
            nearest(name, self.namespaces.iter().map(|namespace| namespace.name.as_str())).map(str::to_owned);
        let diagnostic = self.error(
            "unknown-namespace",
            span,
            format!("unknown namespace `{name}`"),
            near.map_or_else(
                || "a namespace of this profile was expected".to_owned(),
                |near| format!("did you mean `{near}`?"),
            ),
        );
        diagnostic.help(
            "declare it under `namespaces`, or name its pods with `{unmeshed: ...}` if they have no sidecar",
        );
        None
    }

    /// Finds a port of a workload by name or number.
    fn find_port(&mut self, id: WorkloadId, port: &Spanned<String>) -> Option<usize> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let by_name = workload.ports.iter().position(|known| known.name == port.value);
        let found =
            by_name.or_else(|| workload.ports.iter().position(|known| known.port.to_string() == port.value));
        if found.is_some() {
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
        suggest(diagnostic, near, &known);
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
            let (owner, span) = *self.hosts.entry(full.clone()).or_insert((home, host.span));
            if owner != home {
                let message = format!("host `{full}` is exposed by two namespaces");
                self.error("duplicate-host", host.span, message, "claimed again here")
                    .context(span, "first claimed here");
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
                        .context(span, "first claimed here");
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
        let port = if let Some(port) = &exposure.value.port {
            self.find_port(id, port)?
        } else {
            let ports = &self.namespaces[id.namespace].workloads[id.workload].ports;
            let mut http = ports.iter().enumerate().filter(|(_, port)| port.protocol.is_http());
            let (first, second) = (http.next(), http.next());
            match (first, second) {
                (Some((port, _)), None) => port,
                (Some(_), Some(_)) => {
                    let known = list(ports.iter().map(|port| port.name.as_str()));
                    self.error(
                        "ambiguous-port",
                        workload,
                        "the workload has several HTTP ports",
                        "which one is exposed?",
                    )
                    .help(format!("add `port:` with one of {known}"));
                    return None;
                }
                (None, _) => {
                    self.error("expose-needs-http", workload, "the workload has no HTTP port", "an HTTP port was expected")
                        .help("the gateway routes by host and path, so the port's `protocol` must be http, http2, grpc or grpc-web");
                    return None;
                }
            }
        };
        let protocol = self.namespaces[id.namespace].workloads[id.workload].ports[port].protocol;
        if !protocol.is_http() {
            let message = format!("a port that speaks {} cannot be exposed", protocol.name());
            self.error(
                "expose-needs-http",
                exposure.value.port.as_ref().map_or(workload, |port| port.span),
                message,
                "an HTTP port was expected",
            );
            return None;
        }
        Some(port)
    }

    fn allows(&mut self, home: usize, allows: &[Spanned<written::Flow>], is_fragment: bool) {
        for allow in allows {
            let (Some(from), Some(to)) = (&allow.value.from, &allow.value.to) else { continue };
            let caller = self.caller(home, from);
            let targets = self.targets(home, to, allow.value.port.as_ref());
            let (Some(caller), Some(targets)) = (caller, targets) else { continue };
            if is_fragment && !self.may_grant(home, &caller, &targets, to.span) {
                continue;
            }
            if !self.can_authenticate(&caller, from.span) {
                continue;
            }
            let leaves_mesh = !matches!(targets.first(), Some(Target::Workload(..)) | None);
            if leaves_mesh && !matches!(caller, Peer::Workload(_) | Peer::Namespace(_)) {
                self.error(
                    "ungoverned-flow",
                    allow.span,
                    "neither end of the flow is a workload of this mesh",
                    "one end was expected to be",
                );
                continue;
            }
            for to in targets {
                self.only_http(&to, allow);
                self.flows.push(Flow {
                    from: caller.clone(),
                    to,
                    methods: allow
                        .value
                        .methods
                        .as_ref()
                        .map(|methods| methods.value.clone())
                        .unwrap_or_default(),
                    paths: allow.value.paths.as_ref().map(|paths| paths.value.clone()).unwrap_or_default(),
                    basis: Basis::Allow,
                    span: allow.span,
                });
            }
        }
    }

    /// A team opens its own workloads to others, and its own workloads' way out; never another team's workload.
    fn may_grant(&mut self, home: usize, caller: &Peer, targets: &[Target], span: Span) -> bool {
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
            self.error(
                "fragment-grant",
                span,
                "a fragment may open only its own workloads",
                "another team's",
            )
            .help("the flow belongs into the fragment of the team that is called, or into the profile");
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

    fn only_http(&mut self, to: &Target, allow: &Spanned<written::Flow>) {
        let Some(span) = allow.value.methods.as_ref().map(|methods| methods.span).or(allow
            .value
            .paths
            .as_ref()
            .map(|paths| paths.span))
        else {
            return;
        };
        let blind = match to {
            Target::Workload(id, ports) => {
                let all = &self.namespaces[id.namespace].workloads[id.workload].ports;
                ports.iter().map(|port| &all[*port]).find(|port| !port.protocol.is_http()).map(|port| {
                    format!(
                        "port `{}` speaks {}, in which a proxy sees no methods or paths",
                        port.name,
                        port.protocol.name()
                    )
                })
            }
            _ => Some("a proxy sees methods and paths only of calls to workloads of the mesh".to_owned()),
        };
        if let Some(message) = blind {
            self.error("http-condition", span, message, "an HTTP port was expected")
                .help("name an HTTP port with `port`, or drop `methods` and `paths`");
        }
    }

    /// Resolves who calls.
    fn caller(&mut self, home: usize, peer: &Spanned<written::Peer>) -> Option<Peer> {
        match &peer.value {
            written::Peer::Name(name) => match name.as_str() {
                "nodes" => self.nodes(peer.span).then_some(Peer::Nodes),
                "kubernetes-api" => Some(Peer::KubernetesApi),
                name => match name.strip_suffix("/*") {
                    Some(namespace) => self.find_namespace(namespace, peer.span).map(Peer::Namespace),
                    None => self.find(Some(home), name, peer.span).map(Peer::Workload),
                },
            },
            written::Peer::Cidr { cidr } => Some(Peer::Cidr(*cidr)),
            written::Peer::Unmeshed { unmeshed } => self.unmeshed(unmeshed, peer.span).map(Peer::Unmeshed),
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
                        );
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
                        let namespace = self.find_namespace(namespace, peer.span)?;
                        let all = 0..self.namespaces[namespace].workloads.len();
                        let with_ports =
                            all.map(|workload| WorkloadId { namespace, workload }).filter(|id| {
                                !self.namespaces[id.namespace].workloads[id.workload].ports.is_empty()
                            });
                        let ids: Vec<WorkloadId> = with_ports.collect();
                        ids.into_iter().map(|id| self.target(id, port, peer.span)).collect()
                    } else {
                        let id = self.find(Some(home), name, peer.span)?;
                        self.target(id, port, peer.span).map(|target| vec![target])
                    }
                }
            },
            written::Peer::Cidr { cidr } => {
                self.number(port, peer.span).map(|port| vec![Target::Cidr(*cidr, port)])
            }
            written::Peer::Unmeshed { unmeshed } => {
                let pods = self.unmeshed(unmeshed, peer.span);
                let port = self.number(port, peer.span);
                Some(vec![Target::Unmeshed(pods?, port?)])
            }
        }
    }

    fn target(&mut self, id: WorkloadId, port: Option<&Spanned<String>>, span: Span) -> Option<Target> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
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
            self.error(
                "missing-port",
                port.map_or(peer, |port| port.span),
                "this peer's port is not known",
                "a port number was expected",
            )
            .help("add `port:` with a number from 1 to 65535");
        }
        number
    }

    fn nodes(&mut self, span: Span) -> bool {
        let known = self.node_cidrs_are_known;
        if !known {
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
        };
        if self.namespaces.iter().any(|known| known.name == namespace) {
            let message = format!("pods of `{namespace}` have a sidecar");
            self.error("unmeshed-in-mesh", span, message, "the profile governs this namespace")
                .help(format!("name a workload, `{namespace}/<workload>`, or all of them, `{namespace}/*`"));
            return None;
        }
        Some(Unmeshed { namespace, labels })
    }

    fn egress(&mut self, home: usize, egress: &[Spanned<written::Egress>]) {
        for entry in egress {
            let (Some(from), Some(host)) = (&entry.value.from, &entry.value.host) else { continue };
            let protocol = entry.value.protocol;
            if protocol == super::HostProtocol::Tcp && entry.value.cidrs.is_empty() {
                self.error(
                    "tcp-host-needs-addresses",
                    host.span,
                    "bytes carry no host name, so any address on the port would count as this host",
                    "its addresses were expected",
                )
                .help("add `cidrs: [...]`, or say `protocol: tls` where the client begins with TLS");
            }
            if protocol == super::HostProtocol::Tcp && host.value.starts_with('*') {
                self.error(
                    "wildcard-needs-name",
                    host.span,
                    "bytes carry no host name to match",
                    "one host was expected",
                );
            }
            let Some(id) = self.find(Some(home), &from.value, from.span) else { continue };
            self.flows.push(Flow {
                from: Peer::Workload(id),
                to: Target::Host {
                    host: host.value.clone(),
                    port: entry.value.port.unwrap_or(443),
                    protocol,
                    cidrs: entry.value.cidrs.clone(),
                },
                methods: Vec::new(),
                paths: Vec::new(),
                basis: Basis::Egress,
                span: entry.span,
            });
        }
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
            self.flows.push(Flow {
                from: caller,
                to: Target::Workload(id, vec![port]),
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
            self.error("tracing-address", address.span, message, "`service.namespace:port` was expected");
            return None;
        };
        if self.namespaces.iter().any(|known| known.name == namespace) {
            let message = format!("the profile governs the collector's namespace `{namespace}`");
            self.error("tracing-in-mesh", address.span, message, "a namespace outside the mesh was expected")
                .help("proxies send spans without a workload's identity, so no policy of the mesh could name them");
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
fn distinct(
    workload: &Workload,
    span: Span,
    other: &Workload,
    first: Span,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let differs =
        |(key, value): (&String, &String)| other.selector.get(key).is_some_and(|theirs| theirs != value);
    if !workload.selector.iter().any(differs) {
        diagnostics.push(
            Diagnostic::error(
                "overlapping-selector",
                span,
                format!("a pod can belong to both `{}` and `{}`", other.name, workload.name),
                "selects the same pods",
            )
            .with_context(first, "as this one")
            .with_help("give both a label with the same key and different values"),
        );
    }
    if workload.service.is_some() && workload.service == other.service {
        diagnostics.push(
            Diagnostic::error(
                "duplicate-service",
                span,
                format!("`{}` and `{}` share a Service", other.name, workload.name),
                "a Service of its own was expected",
            )
            .with_context(first, "the other one"),
        );
    }
    if workload.service_account == other.service_account {
        diagnostics.push(
            Diagnostic::warning(
                "shared-service-account",
                span,
                format!("`{}` and `{}` share the account `{}`", other.name, workload.name, workload.service_account),
                "proxies cannot tell the two apart",
            )
            .with_context(first, "the other one")
            .with_help("give each a `serviceAccount`; until then only NetworkPolicies separate what the two may call"),
        );
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
