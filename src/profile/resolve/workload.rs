//! Namespaces, and what the profile takes to run in them.

use std::collections::BTreeMap;

use super::{Declared, PortSpans, Resolution};
use crate::{
    diagnostic::Diagnostic,
    profile::{
        Enforcement, Namespace, PodSecurity, Port, Workload, doubt::Doubt, platform, written,
        written::Ownership,
    },
    source::Span,
    yaml::Spanned,
};

/// Ports that the proxy keeps for itself: nothing that an application listens for there is captured (Istio's page
/// "Application Requirements", "Ports used by Istio"; the injection template excludes 15020, 15021 and 15090).
const PROXY_PORTS: [u16; 9] = [15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090];

impl Resolution<'_> {
    /// Resolves each namespace and its workloads; drops those that cannot be told apart or governed.
    pub(super) fn namespaces(&mut self, all: Vec<Declared>, cni: bool) -> Vec<Declared> {
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
            revision: self.follows(written.revision.as_ref()),
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
