//! Who calls, and what its own proxy makes of that.

use std::collections::HashMap;

use super::{Client, Endpoint, EndpointId, Identity, Reach};
use crate::{
    manifest::{
        DestinationRule, Mode, Object, Service, ServicePort, Sidecar, Word,
        destination_rule::{ClientTls, ClientTlsMode},
        host::is_scope_of,
        sidecar::OutboundMode,
    },
    mesh::{Mesh, Pod, PortProtocol, Truth},
    yaml::Spanned,
};

impl<'m> Reach<'m> {
    /// Returns the identity that an endpoint can prove, if it has a certificate; none for nodes and the outside.
    pub fn identity(&self, id: EndpointId) -> Option<Identity> {
        let endpoints = self.endpoints();
        let (namespace, account) = match endpoints.endpoint(id) {
            Endpoint::Pod(pod) => {
                let pod = self.mesh.pod(pod);
                (self.mesh.scope_of(pod).name, pod.workload.service_account())
            }
            Endpoint::Unseen(unseen) => (unseen.namespace(), unseen.account.as_str()),
            Endpoint::Node | Endpoint::Outside => return None,
        };
        Some(Identity {
            trust_domain: self.mesh.config.trust_domain.clone(),
            namespace: namespace.to_owned(),
            account: account.to_owned(),
        })
    }

    /// Tells whether an endpoint has a certificate of the mesh: with a sidecar, or with a token that istiod takes for one.
    pub fn has_certificate(&self, id: EndpointId) -> Truth {
        match self.endpoints().endpoint(id) {
            Endpoint::Pod(pod) => {
                let pod = self.mesh.pod(pod);
                pod.injection.is_injected.or(pod.workload.istiod_token().is_some().into())
            }
            Endpoint::Unseen(unseen) => unseen.is_meshed.into(),
            Endpoint::Node | Endpoint::Outside => Truth::No,
        }
    }

    /// Tells whether what an endpoint sends goes through a proxy of its own.
    pub fn has_proxy(&self, id: EndpointId) -> Truth {
        match self.endpoints().endpoint(id) {
            Endpoint::Pod(pod) => self.mesh.pod(pod).injection.is_injected,
            Endpoint::Unseen(unseen) => unseen.is_meshed.into(),
            Endpoint::Node | Endpoint::Outside => Truth::No,
        }
    }

    /// Returns the kinds of client that an endpoint's own proxy may be toward a TCP port of a pod; one, unless the
    /// manifests do not tell.
    ///
    /// Without a DestinationRule that says how, a proxy speaks mutual TLS to a pod that has one, unless the port's mode is
    /// DISABLE (semantics J09; `checkMtlsEnabled` in `pilot/pkg/xds/endpoints/mtls_checker.go` of Istio 1.21.1).
    pub fn own_clients(&self, from: EndpointId, to: &Pod<'m>, port: u16, is_http: bool) -> Vec<Client> {
        let clear = if is_http { Client::PlainHttp } else { Client::PlainBytes };
        let mut kinds = match self.has_proxy(from) {
            Truth::No => return vec![clear],
            Truth::Yes => Vec::new(),
            Truth::Unknown => vec![clear],
        };
        // Without a Service there is no cluster, and the bytes go out as they are.
        let Some((service, declared, is_known)) = self.known_services(from, to, port).next() else {
            return vec![clear];
        };
        if !is_known.is_certain() {
            kinds.push(clear);
        }
        for spoken in self.mesh.protocols(to, port) {
            let mesh = match (spoken.protocol, is_http) {
                (PortProtocol::Http, _) | (PortProtocol::Auto, true) => Client::MeshHttp,
                (PortProtocol::Tcp, _) | (PortProtocol::Auto, false) => Client::MeshTcp,
            };
            match self.rule_for(from, service, declared.port.value).map(|(_, tls)| tls.mode()) {
                Some(ClientTlsMode::IstioMutual) => kinds.push(mesh),
                Some(ClientTlsMode::Disable) => kinds.push(clear),
                Some(ClientTlsMode::Simple | ClientTlsMode::Mutual) => kinds.push(Client::Tls),
                None => {
                    for decided in self.mesh.modes(to, Some(port)) {
                        let is_mutual = decided.mode != Mode::Disable;
                        if is_mutual && to.injection.is_injected.is_possible() {
                            kinds.push(mesh);
                        }
                        if !is_mutual || !to.injection.is_injected.is_certain() {
                            kinds.push(clear);
                        }
                    }
                }
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }

    /// Returns what the DestinationRule for a Service's port says of TLS, and the rule: that of the caller's namespace, else
    /// the Service's, else the root namespace's.
    pub(super) fn rule_for(
        &self,
        from: EndpointId,
        service: &Object<Service>,
        port: u16,
    ) -> Option<(&'m Object<DestinationRule>, &'m Spanned<ClientTls>)> {
        let (caller, home) = (self.identity(from)?.namespace, service.meta.namespace());
        let rules = self.rules.get(&format!("{}.{home}.svc.cluster.local", service.meta.name))?;
        let is_for = |rule: &&&'m Object<DestinationRule>, namespace: &str| {
            rule.meta.namespace() == namespace && is_visible(&rule.export_to, namespace, &caller)
        };
        let scopes = [caller.as_str(), home, self.mesh.config.root_namespace.as_str()];
        let rule = scopes.iter().find_map(|scope| rules.iter().find(|rule| is_for(rule, scope)))?;
        rule.transport(None, port).map(|tls| (*rule, tls))
    }

    /// Returns the Services that lead to a TCP port of a pod and that an endpoint's own proxy knows, or may know: those that
    /// its Sidecar imports.
    pub(super) fn known_services(
        &self,
        from: EndpointId,
        to: &Pod<'m>,
        port: u16,
    ) -> impl Iterator<Item = (&'m Object<Service>, &'m Spanned<ServicePort>, Truth)> {
        let known = self.mesh.services_at(to, port).map(move |(service, declared)| {
            let home = service.meta.namespace();
            let host = || format!("{}.{home}.svc.cluster.local", service.meta.name);
            (service, declared, self.knows(from, home, host, declared.port.value))
        });
        known.filter(|(.., is_known)| is_known.is_possible())
    }

    /// Tells whether an endpoint's own proxy knows a port of a host, which its Sidecar has to import where it imports any.
    ///
    /// Pods that no manifest shows are taken to have no Sidecar.
    pub(super) fn knows(
        &self,
        from: EndpointId,
        namespace: &str,
        host: impl Fn() -> String,
        port: u16,
    ) -> Truth {
        let Endpoint::Pod(pod) = self.endpoints().endpoint(from) else { return Truth::Yes };
        let pod = self.mesh.pod(pod);
        let own = self.mesh.scope_of(pod).name;
        let by = |sidecar: &'m Object<Sidecar>| {
            let host = host();
            let importing =
                sidecar.listeners_at(port).filter(|listener| listener.imports(own, namespace, &host));
            importing.fold(Truth::No, |any, listener| {
                any.or(if listener.is_redirected_to() { Truth::Yes } else { Truth::Unknown })
            })
        };
        let sidecars = self.mesh.sidecars_of(pod).into_iter();
        let answers = sidecars
            .map(|sidecar| sidecar.filter(|sidecar| !sidecar.egress.is_empty()).map_or(Truth::Yes, by));
        let both = |one, other| if one == other { one } else { Truth::Unknown };
        answers.reduce(both).unwrap_or(Truth::Yes)
    }

    /// Tells whether an endpoint's own proxy lets it call a TCP port of a pod: it knows a Service that leads there, or lets
    /// out what it does not know.
    pub(super) fn may_call(&self, from: EndpointId, to: &Pod<'m>, port: u16) -> Truth {
        let known = self.known_services(from, to, port);
        let is_known = known.fold(Truth::No, |any, (.., is_known)| any.or(is_known));
        if is_known.is_certain() { is_known } else { is_known.or(self.may_leave_registry(from)) }
    }

    /// Tells whether an endpoint's own proxy lets it call what nothing registers (semantics J12, J13).
    ///
    /// A Sidecar that says nothing of it leaves it to the mesh config, not to a wider Sidecar.
    pub fn may_leave_registry(&self, from: EndpointId) -> Truth {
        let Endpoint::Pod(pod) = self.endpoints().endpoint(from) else {
            return (self.mesh.config.mesh.outbound_mode() != OutboundMode::RegistryOnly).into();
        };
        let sidecars = self.mesh.sidecars_of(self.mesh.pod(pod));
        let mode = |sidecar: Option<&Object<Sidecar>>| {
            let own = sidecar.and_then(|sidecar| sidecar.outbound_traffic_policy.as_ref());
            own.map_or_else(|| self.mesh.config.mesh.outbound_mode(), |policy| policy.mode())
        };
        let is_open = |sidecar: Option<&Object<Sidecar>>| mode(sidecar) != OutboundMode::RegistryOnly;
        match (sidecars.iter().copied().all(is_open), sidecars.iter().copied().any(is_open)) {
            (true, _) => Truth::Yes,
            (false, true) => Truth::Unknown,
            (false, false) => Truth::No,
        }
    }
}

/// Tells whether an object is shown to a namespace: to every one where nothing is said, to its own by a dot.
pub(super) fn is_visible(export_to: &[Word], home: &str, namespace: &str) -> bool {
    export_to.is_empty() || export_to.iter().any(|scope| is_scope_of(scope, home, namespace))
}

/// Returns the DestinationRules of each host.
pub(super) fn rules_by_host<'m>(mesh: &Mesh<'m>) -> HashMap<String, Vec<&'m Object<DestinationRule>>> {
    let mut rules = HashMap::<_, Vec<_>>::new();
    for rule in &mesh.manifests.destination_rules {
        if let Some(host) = &rule.host {
            rules.entry(full(host, rule.meta.namespace())).or_default().push(rule);
        }
    }
    rules
}

/// A name without dots is of the rule's own namespace (`ResolveShortnameToFQDN` in `pkg/config/model`@1.21.1).
fn full(host: &str, namespace: &str) -> String {
    if host.contains('.') { host.to_owned() } else { format!("{host}.{namespace}.svc.cluster.local") }
}
