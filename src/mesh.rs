//! Manifests resolved against each other: namespaces, pods, what selects them, and what governs their ports.
//!
//! ```text
//! Manifests ─ Mesh::resolve ─► Mesh ─┬─ check
//!                                    └─ reach
//! ```
//!
//! Everything is an index into [`Manifests`], so that each answer can point at the line behind it. What the manifests do
//! not tell is [`Truth::Unknown`], never a guess.

pub mod admission;
mod age;
mod capture;
mod config;
mod injection;
mod mode;
mod namespace;
mod pod;
mod protocol;
mod selection;
mod truth;

use std::collections::HashMap;

pub use capture::Capture;
pub use config::{Config, chart_of, control_planes, releases};
pub use injection::{IGNORED, Injection};
pub use mode::Decided;
pub use namespace::{NAME, NamespaceId, Scope};
pub use pod::{Pod, PodId};
pub use protocol::{PortProtocol, Spoken};
pub use truth::Truth;

use crate::{
    manifest::{
        AuthorizationPolicy, Gateway, LabelSelector, Labels, Manifests, Meta, NetworkPolicy, Object,
        Protocol, RequestAuthentication, Service, ServicePort, Sidecar, Word, Workload, WorkloadSelector,
    },
    source::Span,
    yaml::Spanned,
};

/// Manifests with all that follows from reading them together.
#[derive(Debug)]
pub struct Mesh<'m> {
    /// What was read.
    pub manifests: &'m Manifests,
    /// What holds for the whole mesh.
    pub config: Config,
    namespaces: Vec<Scope<'m>>,
    named: HashMap<&'m str, NamespaceId>,
    namespace_index: namespace::Index<'m>,
    pods: Vec<Pod<'m>>,
    selection: selection::Index<'m>,
    modes: mode::Modes<'m>,
    named_services: HashMap<(&'m str, &'m str), &'m Object<Service>>,
    /// Sidecars by namespace.
    sidecars: HashMap<&'m str, Vec<&'m Object<Sidecar>>>,
    /// EnvoyFilters and WasmPlugins by namespace, with the pods that they are for.
    filters: HashMap<&'m str, Vec<(&'m Meta, Option<&'m WorkloadSelector>)>>,
    /// Services by pod.
    services: Vec<Vec<&'m Object<Service>>>,
    /// Enforced or not, ordered as they were read.
    authorization: Vec<Vec<&'m Object<AuthorizationPolicy>>>,
    network: Vec<Vec<&'m Object<NetworkPolicy>>>,
    /// NetworkPolicies by namespace.
    network_by_namespace: Vec<Vec<&'m Object<NetworkPolicy>>>,
    /// Policies that are not modelled, by namespace.
    foreign: Vec<Vec<&'m Meta>>,
    /// Policies that are not modelled and live in no namespace.
    foreign_everywhere: Vec<&'m Meta>,
}

impl<'m> Mesh<'m> {
    /// Reads the manifests together.
    pub fn resolve(manifests: &'m Manifests, config: Config) -> Self {
        let (namespaces, named) = namespace::scopes(manifests, &config);
        let pods = pod::pods(manifests, &namespaces, &named, &config);
        let selection = selection::Index::new(&pods, namespaces.len());
        let modes = mode::Modes::new(manifests, &config, &selection, &pods, &named);
        let mut mesh = Self {
            manifests,
            config,
            named,
            selection,
            modes,
            named_services: named_services(manifests),
            sidecars: HashMap::new(),
            filters: HashMap::new(),
            services: vec![Vec::new(); pods.len()],
            authorization: vec![Vec::new(); pods.len()],
            network: vec![Vec::new(); pods.len()],
            network_by_namespace: vec![Vec::new(); namespaces.len()],
            foreign: vec![Vec::new(); namespaces.len()],
            foreign_everywhere: Vec::new(),
            namespace_index: namespace::Index::new(&namespaces),
            namespaces,
            pods,
        };
        mesh.attach();
        mesh
    }

    fn attach(&mut self) {
        for sidecar in &self.manifests.sidecars {
            self.sidecars.entry(sidecar.meta.namespace()).or_default().push(sidecar);
        }
        let filters = self.manifests.envoy_filters.iter();
        let filters = filters.map(|filter| (&filter.meta, filter.workload_selector.as_ref()));
        let plugins = self.manifests.wasm_plugins.iter();
        let plugins = plugins.map(|plugin| (&plugin.meta, plugin.selector.as_ref()));
        for (meta, selector) in filters.chain(plugins) {
            self.filters.entry(meta.namespace()).or_default().push((meta, selector));
        }
        for service in &self.manifests.services {
            for pod in self.pods_behind(service) {
                self.services[pod.index()].push(service);
            }
        }
        for policy in &self.manifests.authorization_policies {
            for pod in self.pods_authorized_by(policy) {
                self.authorization[pod.index()].push(policy);
            }
        }
        for policy in &self.manifests.network_policies {
            self.network_by_namespace[self.named[policy.meta.namespace()].index()].push(policy);
            for pod in self.pods_isolated_by(policy) {
                self.network[pod.index()].push(policy);
            }
        }
        let unmodelled = self.manifests.unmodelled.iter().map(|policy| &policy.meta);
        let admin = self.manifests.admin_network_policies.iter().map(|policy| &policy.meta);
        for policy in unmodelled.filter(|meta| FOREIGN.contains(&meta.group())).chain(admin) {
            match policy.written_namespace.as_ref().map(|name| self.named.get(name.as_str())) {
                None => self.foreign_everywhere.push(policy),
                Some(Some(namespace)) => self.foreign[namespace.index()].push(policy),
                // Nothing lives there.
                Some(None) => {}
            }
        }
    }

    /// Returns every namespace that an object names or lives in, by name.
    pub fn namespaces(&self) -> &[Scope<'m>] {
        &self.namespaces
    }

    /// Returns a namespace by name, if any object names it.
    pub fn namespace(&self, name: &str) -> Option<&Scope<'m>> {
        self.named.get(name).map(|id| &self.namespaces[id.index()])
    }

    /// Returns the place of a namespace by name, if any object names it.
    pub fn namespace_id(&self, name: &str) -> Option<NamespaceId> {
        self.named.get(name).copied()
    }

    /// Returns a namespace.
    pub fn scope(&self, id: NamespaceId) -> &Scope<'m> {
        &self.namespaces[id.index()]
    }

    /// Returns the namespaces that a selector matches or may match, in order.
    pub fn namespaces_selected_by(&self, selector: &LabelSelector) -> Vec<(NamespaceId, Truth)> {
        self.namespace_index.selected(selector, &self.namespaces, &self.named)
    }

    /// Returns every class of pods: what one workload makes.
    pub fn pods(&self) -> &[Pod<'m>] {
        &self.pods
    }

    /// Returns a pod.
    pub fn pod(&self, id: PodId) -> &Pod<'m> {
        &self.pods[id.index()]
    }

    /// Returns whether a workload's pods would get a sidecar, one that is not among the pods as well.
    pub fn injection_of(&self, workload: &Object<Workload>) -> Option<Injection> {
        let scope = self.namespace(workload.meta.namespace())?;
        Some(injection::of(workload, scope, &self.config))
    }

    /// Returns the namespace of a pod.
    pub fn scope_of(&self, pod: &Pod<'m>) -> &Scope<'m> {
        &self.namespaces[pod.namespace.index()]
    }

    /// Returns the pods of a namespace, by name.
    pub fn pods_in(&self, namespace: &str) -> impl Iterator<Item = &Pod<'m>> {
        let found = self.named.get(namespace).map_or(&[][..], |id| self.selection.of_namespace(*id));
        found.iter().map(|id| &self.pods[id.index()])
    }

    /// Returns the pods behind a Service: those of its namespace that carry every label of its selector. One without a
    /// selector has none.
    pub fn pods_behind(&self, service: &Object<Service>) -> Vec<PodId> {
        match self.named.get(service.meta.namespace()) {
            Some(id) if !service.selector.is_empty() => {
                self.selection.labelled(Some(*id), &service.selector, &self.pods)
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// Returns the Service that a host stands for, as seen from a namespace: `cart`, `cart.shop`, `cart.shop.svc` or in full.
    ///
    /// Only a name without dots is short (`ResolveShortnameToFQDN` in `pkg/config/model`@1.21.1); the longer forms are what
    /// DNS makes of them.
    pub fn service(&self, host: &str, namespace: &str) -> Option<&'m Object<Service>> {
        let mut parts = host.split('.');
        let (name, space) = (parts.next()?, parts.next().unwrap_or(namespace));
        let is_service = parts.next().is_none_or(|part| part == "svc");
        self.named_services.get(&(space, name)).copied().filter(|_| is_service)
    }

    /// Returns the Services that a pod is behind.
    pub fn services_of(&self, pod: &Pod<'m>) -> &[&'m Object<Service>] {
        &self.services[pod.id.index()]
    }

    /// Returns the pods whose proxies an AuthorizationPolicy is given to (semantics AP01 to AP03, AP05).
    ///
    /// That is every pod in scope with the labels, whether or not it has a proxy: [`Pod::injection`] tells. A policy
    /// that attaches to something by name is given to no sidecar.
    pub fn pods_authorized_by(&self, policy: &Object<AuthorizationPolicy>) -> Vec<PodId> {
        if policy.target_ref.is_some() || self.config.has_target_refs() && !policy.target_refs.is_empty() {
            return Vec::new();
        }
        let namespace = policy.meta.namespace();
        let scope = (namespace != self.config.root_namespace).then(|| self.named[namespace]);
        match &policy.selector {
            Some(selector) if !selector.is_empty() => {
                self.selection.labelled(scope, &selector.match_labels, &self.pods)
            }
            Some(_) | None => self.selection.in_scope(scope),
        }
    }

    /// Tells whether a policy selects the pods of a Gateway, whose callers come from outside the mesh.
    pub fn is_for_a_gateway(&self, policy: &Object<AuthorizationPolicy>) -> bool {
        let Some(labels) = policy.selector.as_ref().map(|selector| &selector.match_labels) else {
            return false;
        };
        let selects = |gateway: &Object<Gateway>| {
            !labels.is_empty()
                && labels.iter().all(|(key, value)| {
                    gateway.selector.named(key).is_some_and(|stated| stated.value == value.value)
                })
        };
        self.manifests.gateways.iter().any(selects)
    }

    /// Returns where the mesh config stands, or the release that installs a control plane without one; nothing where the
    /// manifests install none.
    pub fn config_place(&self) -> Option<Span> {
        self.config.place.or_else(|| control_planes(self.manifests).next().map(|release| release.meta.head()))
    }

    /// Tells whether a waypoint is shown, the proxy of namespaces in ambient mode.
    pub fn has_waypoint(&self) -> bool {
        self.pods
            .iter()
            .any(|pod| pod.label("gateway.istio.io/managed").is_some_and(|by| by.contains("mesh")))
    }

    /// Returns a filter in a pod's proxy that is not modelled: what it does to requests nobody can tell.
    pub fn foreign_filter_of(&self, pod: &Pod<'m>) -> Option<&'m Meta> {
        let scopes = [self.scope_of(pod).name, self.config.root_namespace.as_str()];
        let found = scopes.into_iter().flat_map(|scope| self.filters.get(scope).into_iter().flatten());
        let is_for = |selector: Option<&WorkloadSelector>| {
            selector.is_none_or(|selector| selector.matches(|key| pod.label(key)))
        };
        found.filter(|(_, selector)| is_for(*selector)).map(|(meta, _)| *meta).next()
    }

    /// Returns the AuthorizationPolicies that a pod's proxy is given, dry-run ones among them.
    pub fn authorization_of(&self, pod: &Pod<'m>) -> &[&'m Object<AuthorizationPolicy>] {
        &self.authorization[pod.id.index()]
    }

    /// Returns the issuers whose tokens a pod's proxy believes: those of every RequestAuthentication of its namespace and of
    /// the root namespace that selects it (`GetJwtPoliciesForWorkload` in `pilot/pkg/model/authentication.go`@1.21.1).
    pub fn issuers(&self, pod: &Pod<'m>) -> impl Iterator<Item = &'m Word> {
        let namespace = self.scope_of(pod).name;
        let is_for = move |policy: &&'m Object<RequestAuthentication>| {
            let home = policy.meta.namespace();
            let selector = policy.spec.selector.as_ref();
            (home == namespace || home == self.config.root_namespace)
                && policy.spec.target_ref.is_none()
                && (policy.spec.target_refs.is_empty() || !self.config.has_target_refs())
                && selector.is_none_or(|selector| selector.matches(|key| pod.label(key)))
        };
        let policies = self.manifests.request_authentications.iter().filter(is_for);
        policies.flat_map(|policy| &policy.spec.jwt_rules).filter_map(|rule| rule.issuer.as_ref())
    }

    /// Returns the pods that a NetworkPolicy isolates; pods with the node's own network are left out (NP30).
    pub fn pods_isolated_by(&self, policy: &Object<NetworkPolicy>) -> Vec<PodId> {
        let Some(namespace) = self.named.get(policy.meta.namespace()) else { return Vec::new() };
        let mut found = self.selection.selected(Some(*namespace), &policy.pod_selector, &self.pods);
        found.retain(|id| !self.pods[id.index()].workload.has_host_network());
        found
    }

    /// Returns the NetworkPolicies that isolate a pod in either direction.
    pub fn network_policies_of(&self, pod: &Pod<'m>) -> &[&'m Object<NetworkPolicy>] {
        &self.network[pod.id.index()]
    }

    /// Returns the NetworkPolicies of a namespace.
    pub fn network_policies_in(&self, namespace: &str) -> &[&'m Object<NetworkPolicy>] {
        self.named.get(namespace).map_or(&[], |id| &self.network_by_namespace[id.index()])
    }

    /// Returns the policies of kinds that are not modelled and may speak of a pod: those of its namespace, and those of
    /// none (NP40).
    pub fn foreign_policies_of(&self, pod: &Pod<'m>) -> impl Iterator<Item = &'m Meta> {
        let own = &self.foreign[pod.namespace.index()];
        own.iter().chain(&self.foreign_everywhere).copied()
    }

    /// Returns the mode of mutual TLS at a port of a pod, by the rules PA01 to PA08; `None` asks for ports that no policy
    /// names.
    pub fn mode(&self, pod: &Pod<'m>, port: Option<u16>) -> Decided<'m> {
        self.modes.of(pod, port)
    }

    /// Returns the ports that a policy names for a pod, in order.
    pub fn ports_with_a_mode(&self, pod: &Pod<'m>) -> Vec<u16> {
        self.modes.ports(pod)
    }

    /// Returns every mode that a port of a pod may have, where several policies of one scope say different things: the
    /// first is that of [`Mesh::mode`].
    pub fn modes(&self, pod: &Pod<'m>, port: Option<u16>) -> Vec<Decided<'m>> {
        self.modes.all(pod, port)
    }

    /// Returns what Istio takes a port of a pod to speak (semantics T06, T07).
    pub fn protocol(&self, pod: &Pod<'m>, port: u16) -> Spoken<'m> {
        self.protocols(pod, port).swap_remove(0)
    }

    /// Returns everything that Istio may take a port of a pod to speak, where Services say different things of it: the
    /// first is that of [`Mesh::protocol`].
    pub fn protocols(&self, pod: &Pod<'m>, port: u16) -> Vec<Spoken<'m>> {
        protocol::of(&self.sidecars_of(pod), self.services_of(pod), &pod.workload.spec, port)
    }

    /// Returns the Sidecars that may speak of a pod; one, unless several of a scope tie, and never nothing.
    ///
    /// One that is for the pod's labels before that of its namespace, and that before the root namespace's
    /// (`initSidecarScopes` and `getSidecarScope` in `pilot/pkg/model/push_context.go`@1.21.1).
    pub fn sidecars_of(&self, pod: &Pod<'m>) -> Vec<Option<&'m Object<Sidecar>>> {
        let of = |namespace: &str, has_selector: bool| {
            let is_for = |sidecar: &&'m Object<Sidecar>| {
                let labels =
                    sidecar.workload_selector.iter().flat_map(|selector| selector.match_labels.iter());
                let mut labels = labels.map(|(key, value)| (key.as_str(), value.as_str()));
                sidecar.has_selector() == has_selector
                    && labels.all(|(key, value)| pod.label(key) == Some(value))
            };
            let found = self.sidecars.get(namespace).map_or(&[][..], Vec::as_slice);
            age::oldest(found.iter().copied().filter(is_for))
        };
        let own = self.scope_of(pod).name;
        let scopes = [(own, true), (own, false), (self.config.root_namespace.as_str(), false)];
        let found = scopes.into_iter().map(|(namespace, selector)| of(namespace, selector));
        let found = found.into_iter().find(|found| !found.is_empty());
        found.map_or_else(|| vec![None], |found| found.into_iter().map(Some).collect())
    }

    /// Returns the ports of a Service that lead to a TCP port of a pod, with the Service.
    pub fn services_at(
        &self,
        pod: &Pod<'m>,
        port: u16,
    ) -> impl Iterator<Item = (&'m Object<Service>, &'m Spanned<ServicePort>)> {
        self.services_of(pod).iter().flat_map(move |service| {
            let ports = service.spec.ports.iter();
            let leading =
                ports.filter(move |declared| protocol::leads_to(declared, &pod.workload.spec, port));
            leading.map(move |declared| (*service, declared))
        })
    }

    /// Returns the pods of a namespace that carry every one of the labels.
    pub fn labelled(&self, namespace: &str, labels: &Labels) -> Vec<PodId> {
        let id = self.named.get(namespace);
        id.map_or_else(Vec::new, |id| self.selection.labelled(Some(*id), labels, &self.pods))
    }

    /// Returns the TCP ports of a pod that Services lead to, in order.
    pub fn declared_ports(&self, pod: &Pod<'m>) -> Vec<u16> {
        let declared = self.services_of(pod).iter().flat_map(|service| &service.spec.ports);
        let tcp = declared.filter(|port| port.protocol() == Protocol::Tcp);
        let mut numbers: Vec<u16> = tcp.flat_map(|port| port.numbers_at(&pod.workload.spec)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Returns the pod port that is meant where the port of a Service is named, and where the Service says so; nothing where
    /// one of the pods may listen at the number itself.
    pub fn meant_pod_port(&self, pods: &[&Pod<'m>], number: u16) -> Option<(u16, Span)> {
        let may_listen = |pod: &&Pod<'m>| {
            let mut ports = pod.workload.ports().map(|port| port.container_port.value).peekable();
            ports.peek().is_none() || ports.any(|port| port == number)
        };
        if pods.iter().any(may_listen) {
            return None;
        }
        pods.iter().find_map(|pod| {
            let declared = self.services_of(pod).iter().flat_map(|service| &service.spec.ports);
            let mut meant =
                declared.filter(|port| port.port.value == number && port.protocol() == Protocol::Tcp);
            let port = meant.find(|port| port.target_port.is_some())?;
            let target = port.numbers_at(&pod.workload.spec).first().copied()?;
            Some((target, port.target_port.as_ref()?.span))
        })
    }

    /// Returns the pods of several namespaces, in order, whose labels a selector wants, each with what is known of its
    /// namespace. The namespaces have to be in order.
    pub fn selected_in(
        &self,
        namespaces: &[(NamespaceId, Truth)],
        selector: &LabelSelector,
    ) -> Vec<(PodId, Truth)> {
        self.selection.selected_in(namespaces, selector, &self.pods)
    }

    /// Returns every pod whose labels a selector wants, in one namespace or in all.
    pub fn selected(&self, namespace: Option<&str>, selector: &LabelSelector) -> Vec<PodId> {
        match namespace.map(|name| self.named.get(name)) {
            None => self.selection.selected(None, selector, &self.pods),
            Some(Some(id)) => self.selection.selected(Some(*id), selector, &self.pods),
            Some(None) => Vec::new(),
        }
    }
}

/// API groups of policies about packets that are not modelled (NP40).
const FOREIGN: [&str; 5] =
    ["cilium.io", "crd.projectcalico.org", "projectcalico.org", "crd.antrea.io", "policy.networking.k8s.io"];

fn named_services(manifests: &Manifests) -> HashMap<(&str, &str), &Object<Service>> {
    let entry = |service| (name_of(service), service);
    manifests.services.iter().map(entry).collect()
}

fn name_of(service: &Object<Service>) -> (&str, &str) {
    (service.meta.namespace(), service.meta.name.as_str())
}

#[cfg(test)]
mod tests;
