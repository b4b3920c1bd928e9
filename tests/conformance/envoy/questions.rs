//! What a profile's flows mean on the wire: what must pass, and what must not.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use meshwright::profile::{
    Basis, Flow, HostProtocol, PathNormalization, Peer, Port, Profile, Protocol, Target, WorkloadId,
};

use super::{
    bootstrap::{Generated, Pod, UNDECLARED_PORT},
    probe::{self, BYTES, Expect, Probe, Tls},
};
use crate::case::{self, OUTSIDER, STRANGER};

/// A probe and what must come of it.
pub struct Question {
    /// Which kind of question it is, for the count.
    pub kind: &'static str,
    /// What is asked, for whoever reads a failure.
    pub what: String,
    pub probe: Probe,
    pub expect: Expect,
    /// The peer that the callee's log line must name.
    pub logged: Option<String>,
}

const TLS12: u16 = 0x0303;
const TLS13: u16 = 0x0304;

/// Everything that is asked of one tree.
pub struct Questions<'a> {
    profile: &'a Profile,
    pods: BTreeMap<String, &'a Pod>,
    services: BTreeMap<String, &'a str>,
    certificates: &'a str,
    asked: Vec<Question>,
    /// The flows that no question covers, with the reason.
    pub unasked: Vec<String>,
}

/// Who calls, as the callee's proxy sees it.
#[derive(Clone, Copy)]
enum Caller {
    Workload(WorkloadId),
    /// A stranger; in a governed namespace, or elsewhere.
    Stranger(Option<usize>),
    Gateway,
}

/// A request, and the path that a proxy makes of it.
struct Request {
    method: String,
    path: String,
    meant: String,
}

impl<'a> Questions<'a> {
    pub fn new(profile: &'a Profile, generated: &'a Generated, certificates: &'a str) -> Self {
        let pods = generated.pods.iter().map(|pod| (pod.id(), pod)).collect();
        let services = &generated.services;
        let services = services
            .iter()
            .map(|service| (format!("{}/{}", service.namespace, service.name), service.ip.as_str()));
        Self {
            profile,
            pods,
            services: services.collect(),
            certificates,
            asked: Vec::new(),
            unasked: Vec::new(),
        }
    }

    /// Returns every question.
    pub fn all(mut self) -> (Vec<Question>, Vec<String>) {
        for flow in &self.profile.flows {
            self.declared(flow);
        }
        self.between_workloads();
        self.without_certificate();
        self.outbound();
        self.gateway();
        self.floors();
        (self.asked, self.unasked)
    }

    /// A declared flow passes, through the caller's own sidecar where it has one.
    fn declared(&mut self, flow: &Flow) {
        let name =
            format!("{} to {}", self.profile.peer_name(&flow.from), self.profile.target_name(&flow.to));
        match (&flow.from, &flow.to) {
            (Peer::Gateway, _) => {} // asked of the gateway, host by host
            (Peer::Workload(id), to) => self.by_workload(*id, flow, to),
            (Peer::Namespace(index), to) => {
                for workload in 0..self.profile.namespaces[*index].workloads.len() {
                    self.by_workload(WorkloadId { namespace: *index, workload }, flow, to);
                }
            }
            (Peer::Unmeshed(pods), Target::Workload(id, ports)) => {
                let index = case::unmeshed(self.profile)
                    .keys()
                    .position(|known| known == pods)
                    .expect("collected there");
                let from = self.pods[&format!("{}/{}", pods.namespace, case::unmeshed_name(index))];
                self.in_plaintext(&from.ip, *id, ports, flow);
            }
            (Peer::Cidr(net), Target::Workload(id, ports)) => match case::loopback(self.profile).get(net) {
                Some(stand_in) => self.by_addresses(stand_in, *id, ports, flow),
                None => self.unasked.push(format!("{name}: no stand-in on loopback")),
            },
            _ => self.unasked.push(format!("{name}: no such caller here")),
        }
    }

    fn by_workload(&mut self, caller: WorkloadId, flow: &Flow, to: &Target) {
        let from = self.pods[&self.profile.workload_name(caller)];
        let what = format!("{} to {}", from.id(), self.profile.target_name(to));
        match to {
            Target::Workload(id, ports) => {
                let workload = self.profile.workload(*id);
                let service = format!(
                    "{}/{}",
                    self.profile.namespace_of(*id).name,
                    workload.service.as_deref().expect("it has ports")
                );
                let host = format!(
                    "{}.{}.svc.cluster.local",
                    workload.service.as_deref().expect("it has ports"),
                    self.profile.namespace_of(*id).name
                );
                let ip = self.services[&service].to_owned();
                for port in self.profile.ports_of(*id, ports) {
                    for request in declared_requests(flow) {
                        let send = bytes(port, &host, &request);
                        let probe = from.through_sidecar(&ip, port.service_port, None, send);
                        let what = format!("{what} {} {} through the sidecar", request.method, request.path);
                        self.ask("declared", what, probe, Expect::Passes, Some(spiffe(from)));
                    }
                }
            }
            Target::KubernetesApi => {
                let ip = self.services["default/kubernetes"].to_owned();
                let probe = from.through_sidecar(&ip, 443, None, BYTES.into());
                self.ask("declared", what, probe, Expect::Passes, None);
            }
            Target::Unmeshed(pods, port) => {
                let index = case::unmeshed(self.profile)
                    .keys()
                    .position(|known| known == pods)
                    .expect("collected there");
                let ip =
                    self.services[&format!("{}/{}", pods.namespace, case::unmeshed_name(index))].to_owned();
                let probe = from.through_sidecar(&ip, *port, None, BYTES.into());
                self.ask("declared", what, probe, Expect::Passes, None);
            }
            Target::Nodes(port) => {
                match self.profile.cluster.nodes.first().copied().and_then(first_address) {
                    Some(ip) => {
                        let probe = from.through_sidecar(&ip, *port, None, BYTES.into());
                        self.ask("declared", what, probe, Expect::Passes, None);
                    }
                    None => self.unasked.push(format!("{what}: no IPv4 address of nodes is known")),
                }
            }
            Target::Cidr(net, port) => match first_address(*net) {
                Some(ip) => {
                    let probe = from.through_sidecar(&ip, *port, None, BYTES.into());
                    self.ask("declared", what, probe, Expect::Passes, None);
                }
                None => self.unasked.push(format!("{what}: IPv6")),
            },
            Target::Host { .. } => {
                let probe = self.to_host(from, to);
                self.ask("declared", what, probe, Expect::Passes, None);
            }
        }
    }

    /// An exception lets plaintext in.
    fn in_plaintext(&mut self, from: &str, id: WorkloadId, ports: &[usize], flow: &Flow) {
        let pod = self.pods[&self.profile.workload_name(id)];
        for port in self.profile.ports_of(id, ports) {
            for request in declared_requests(flow) {
                let send = bytes(port, "any", &request);
                let probe = Probe::new(from, format!("{}:{}", pod.ip, port.port), send);
                self.ask(
                    "declared",
                    format!("plaintext to {}:{}", pod.id(), port.port),
                    probe,
                    Expect::Passes,
                    None,
                );
            }
        }
    }

    /// A caller with a mesh certificate at a declared address passes; the same address in plaintext does not.
    fn by_addresses(&mut self, stand_in: &IpNet, id: WorkloadId, ports: &[usize], flow: &Flow) {
        let pod = self.pods[&self.profile.workload_name(id)];
        let stranger = self.pods[&format!("{STRANGER}/{STRANGER}")];
        let from = first_address(*stand_in).expect("a part of loopback is IPv4");
        for port in self.profile.ports_of(id, ports) {
            for request in declared_requests(flow) {
                let send = bytes(port, "any", &request);
                let mut probe = Probe::new(&from, format!("{}:{}", pod.ip, port.port), send);
                let plain = probe.clone();
                probe.tls = Some(self.mesh_tls(stranger, port.protocol.is_http()));
                let what = format!("{stand_in} to {}:{}", pod.id(), port.port);
                self.ask("declared", what.clone(), probe, Expect::Passes, Some(spiffe(stranger)));
                self.ask("undeclared", format!("{what} in plaintext"), plain, Expect::Closed, None);
            }
        }
    }

    /// Every pod of the mesh calls every port, with its own certificate and past its own sidecar: only the callee decides.
    fn between_workloads(&mut self) {
        let mut callers = vec![Caller::Gateway, Caller::Stranger(None)];
        for (namespace, governed) in self.profile.namespaces.iter().enumerate() {
            callers.push(Caller::Stranger(Some(namespace)));
            let ids = 0..governed.workloads.len();
            callers.extend(ids.map(|workload| Caller::Workload(WorkloadId { namespace, workload })));
        }
        for id in self.workloads() {
            for (index, port) in self.profile.workload(id).ports.iter().enumerate() {
                for caller in &callers {
                    for request in self.requests(port, |flow| calls(flow, id, index)) {
                        for host in self.hosts_of(*caller, id) {
                            self.one_between(*caller, id, index, &host, &request);
                        }
                    }
                }
            }
        }
    }

    /// Returns the hosts to ask a workload for: the gateway is admitted for those alone that are exposed there.
    fn hosts_of(&self, caller: Caller, id: WorkloadId) -> BTreeSet<String> {
        let is_gateway = matches!(caller, Caller::Gateway);
        let here = |flow: &&Flow| matches!(flow.to, Target::Workload(to, _) if to == id);
        let exposed = self.profile.flows.iter().filter(here).filter_map(host_of).filter(|_| is_gateway);
        exposed.cloned().chain(["any".to_owned()]).collect()
    }

    fn one_between(&mut self, caller: Caller, id: WorkloadId, index: usize, host: &str, request: &Request) {
        let pod = self.pods[&self.profile.workload_name(id)];
        let port = &self.profile.workload(id).ports[index];
        let is_enforced = self.profile.enforces(self.profile.namespace_of(id));
        let from = self.pods[&self.pod_name(caller)];
        let is_http = port.protocol.is_http();
        let is_declared = self.profile.flows.iter().any(|flow| {
            calls(flow, id, index)
                && is_from(flow, caller)
                && (!is_http || is_meant(flow, request) && host_of(flow).is_none_or(|meant| meant == host))
        });
        let expect = match (is_declared || !is_enforced, is_http) {
            (true, _) => Expect::Passes,
            (false, true) => Expect::Forbidden,
            (false, false) => Expect::Closed,
        };
        let mut probe = Probe::new(&from.ip, format!("{}:{}", pod.ip, port.port), bytes(port, host, request));
        probe.tls = Some(self.mesh_tls(from, is_http));
        let (method, path) = (&request.method, &request.path);
        let what = format!("{} to {}:{} {method} {host}{path}", from.id(), pod.id(), port.port);
        let kind = match (is_declared, is_enforced) {
            (true, _) => "declared",
            (false, true) => "undeclared",
            (false, false) => "undeclared, not enforced",
        };
        self.ask(kind, what, probe, expect, is_http.then(|| spiffe(from)));
    }

    /// Whoever has no certificate gets in nowhere but at an exception.
    fn without_certificate(&mut self) {
        let outsider = self.pods[&format!("{OUTSIDER}/{OUTSIDER}")];
        for id in self.workloads() {
            let pod = self.pods[&self.profile.workload_name(id)];
            let is_enforced = self.profile.enforces(self.profile.namespace_of(id));
            let ports = self.profile.workload(id).ports.iter().map(|port| port.port).chain([UNDECLARED_PORT]);
            for (index, number) in ports.enumerate() {
                let is_excepted =
                    self.profile.exceptions.iter().any(|it| it.workload == id && it.port == index);
                let expect = if is_excepted || !is_enforced { Expect::Passes } else { Expect::Closed };
                let get = Request { method: "GET".into(), path: "/".into(), meant: "/".into() };
                let mut probe = Probe::new(&outsider.ip, format!("{}:{number}", pod.ip), http("any", &get));
                let what = format!("plaintext to {}:{number}", pod.id());
                self.ask("plaintext", what.clone(), probe.clone(), expect, None);
                if expect == Expect::Closed {
                    probe.tls = Some(self.tls("any"));
                    self.ask(
                        "plaintext",
                        format!("{what}, in TLS without a certificate"),
                        probe,
                        expect,
                        None,
                    );
                }
            }
        }
    }

    /// What is not declared is black-holed by the caller's own sidecar.
    fn outbound(&mut self) {
        let undeclared = |port, protocol| Target::Host {
            host: "undeclared.example.net".into(),
            port,
            protocol,
            cidrs: Vec::new(),
        };
        let mut hosts = vec![
            undeclared(443, HostProtocol::Tls),
            undeclared(80, HostProtocol::Http),
            undeclared(5555, HostProtocol::Tcp),
        ];
        for flow in &self.profile.flows {
            if matches!(flow.to, Target::Host { .. }) && !hosts.contains(&flow.to) {
                hosts.push(flow.to.clone());
            }
        }
        for id in self.workloads() {
            let from = self.pods[&self.profile.workload_name(id)];
            let is_enforced = self.profile.enforces(self.profile.namespace_of(id));
            for host in &hosts {
                let is_declared = self
                    .profile
                    .flows
                    .iter()
                    .any(|flow| flow.to == *host && is_from(flow, Caller::Workload(id)));
                if is_declared {
                    continue; // asked as such
                }
                let expect = if is_enforced { Expect::NotServed } else { Expect::Passes };
                let what = format!("{} to {}", from.id(), self.profile.target_name(host));
                let probe = self.to_host(from, host);
                self.ask("black hole", what, probe, expect, None);
            }
        }
    }

    /// The gateway serves what is exposed, redirects on 80, and knows no other host.
    fn gateway(&mut self) {
        let exposed: BTreeSet<&String> = self.profile.flows.iter().filter_map(host_of).collect();
        for host in &exposed {
            let any =
                Port { name: String::new(), port: 443, service_port: 443, protocol: Protocol::default() };
            for request in self.requests(&any, |flow| host_of(flow) == Some(host)) {
                let is_declared = self
                    .profile
                    .flows
                    .iter()
                    .any(|flow| host_of(flow) == Some(host) && is_meant(flow, &request));
                let expect = if is_declared { Expect::Passes } else { Expect::NotServed };
                let probe = self.to_gateway(443, host, Some(host), &request);
                let what = format!("{host} {} {}", request.method, request.path);
                self.ask(if is_declared { "exposed" } else { "not exposed" }, what, probe, expect, None);
            }
        }
        let get = Request { method: "GET".into(), path: "/conformance".into(), meant: String::new() };
        let undeclared = format!("conformance-undeclared.{}", self.profile.domain);
        for host in [undeclared.as_str(), "undeclared.example.net"] {
            // Behind its own server name, and behind that of a host that is served.
            for name in [host].into_iter().chain(exposed.first().map(|exposed| exposed.as_str())) {
                let probe = self.to_gateway(443, host, Some(name), &get);
                self.ask("not exposed", format!("{host} behind {name}"), probe, Expect::NotServed, None);
            }
        }
        for host in exposed.into_iter().chain([&undeclared]) {
            let probe = self.to_gateway(80, host, None, &get);
            self.ask("redirect", format!("{host}:80"), probe, Expect::Redirected, None);
        }
        let probe = self.to_gateway(80, "undeclared.example.net", None, &get);
        self.ask("redirect", "undeclared.example.net:80".into(), probe, Expect::NotServed, None);
    }

    /// The oldest TLS and the cipher suites, at the gateway and between workloads.
    fn floors(&mut self) {
        let is_fips = self.profile.mesh.fips;
        let suites: [(u16, &str, u16, bool); 8] = [
            (0x0301, "TLS 1.0", 0xc009, false),
            (0x0302, "TLS 1.1", 0xc009, false),
            (TLS12, "TLS 1.2 ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b, true),
            (TLS12, "TLS 1.2 ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c, true),
            (TLS12, "TLS 1.2 ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9, false),
            (TLS12, "TLS 1.2 ECDHE-ECDSA-AES128-SHA", 0xc009, false),
            (TLS12, "TLS 1.2 AES128-GCM-SHA256", 0x009c, false),
            (TLS13, "TLS 1.3", 0x1301, !is_fips),
        ];
        let exposed = self.profile.flows.iter().find_map(host_of).cloned();
        let host = exposed.unwrap_or_else(|| format!("any.{}", self.profile.domain));
        let get = Request { method: "GET".into(), path: "/".into(), meant: String::new() };
        for (version, name, cipher, is_taken) in suites {
            let mut probe = self.to_gateway(443, &host, Some(&host), &get);
            let tls = probe.tls.as_mut().expect("443 is TLS");
            (tls.min, tls.max, tls.ciphers) = (version, version, vec![cipher]);
            let expect = if is_taken { Expect::Handshake } else { Expect::NoHandshake };
            self.ask("TLS floor", format!("gateway, {name}"), probe, expect, None);
        }
        for id in self.workloads() {
            let Some(port) = self.profile.workload(id).ports.first() else { continue };
            let pod = self.pods[&self.profile.workload_name(id)];
            let from = self.pods[&format!("{STRANGER}/{STRANGER}")];
            for (version, name, is_taken) in [(TLS12, "TLS 1.2", is_fips), (TLS13, "TLS 1.3", !is_fips)] {
                let mut probe = Probe::new(&from.ip, format!("{}:{}", pod.ip, port.port), BYTES.into());
                let tls = Tls { min: version, max: version, ..self.mesh_tls(from, port.protocol.is_http()) };
                probe.tls = Some(tls);
                let expect = if is_taken { Expect::Handshake } else { Expect::NoHandshake };
                self.ask("TLS floor", format!("{}:{}, {name}", pod.id(), port.port), probe, expect, None);
            }
        }
    }

    fn ask(
        &mut self,
        kind: &'static str,
        what: String,
        mut probe: Probe,
        expect: Expect,
        logged: Option<String>,
    ) {
        probe.send = probe.send.replace("{number}", &self.asked.len().to_string());
        self.asked.push(Question { kind, what, probe, expect, logged });
    }

    fn workloads(&self) -> Vec<WorkloadId> {
        let namespaces = self.profile.namespaces.iter().enumerate();
        let ids = namespaces.flat_map(|(namespace, governed)| {
            (0..governed.workloads.len()).map(move |workload| WorkloadId { namespace, workload })
        });
        ids.collect()
    }

    fn pod_name(&self, caller: Caller) -> String {
        match caller {
            Caller::Workload(id) => self.profile.workload_name(id),
            Caller::Stranger(Some(namespace)) => {
                format!("{}/{STRANGER}", self.profile.namespaces[namespace].name)
            }
            Caller::Stranger(None) => format!("{STRANGER}/{STRANGER}"),
            Caller::Gateway => self.gateway_pod().id(),
        }
    }

    fn gateway_pod(&self) -> &'a Pod {
        self.pods.values().find(|pod| pod.proxy == "router").expect("every tree has a gateway")
    }

    /// Returns requests that flows declare, and some beside them.
    fn requests(&self, port: &Port, concerns: impl Fn(&Flow) -> bool) -> Vec<Request> {
        if !port.protocol.is_http() {
            return vec![Request { method: String::new(), path: String::new(), meant: String::new() }];
        }
        let mut methods: BTreeSet<&str> = ["GET", "POST", "DELETE"].into();
        let mut paths = BTreeSet::from([("/undeclared".to_owned(), "/undeclared".to_owned())]);
        for flow in self.profile.flows.iter().filter(|flow| concerns(flow)) {
            methods.extend(flow.methods.iter().map(String::as_str));
            for pattern in &flow.paths {
                let sample = sample(pattern);
                paths.insert((sample.clone(), sample));
                let Some(folder) = pattern.strip_suffix("/*").filter(|folder| !folder.is_empty()) else {
                    continue;
                };
                paths.insert((folder.to_owned(), folder.to_owned()));
                let beside = format!("{folder}x/conformance");
                paths.insert((beside.clone(), beside));
                if self.profile.mesh.path_normalization == PathNormalization::DecodeAndMergeSlashes {
                    for detour in ["/../undeclared", "/..%2fundeclared", "/%2e%2e/undeclared"] {
                        paths.insert((format!("{folder}{detour}"), parent(folder)));
                    }
                    paths.insert((format!("/{folder}//conformance"), format!("{folder}/conformance")));
                }
            }
        }
        let all = paths.into_iter().flat_map(|(path, meant)| {
            methods.iter().map(move |method| Request {
                method: (*method).into(),
                path: path.clone(),
                meant: meant.clone(),
            })
        });
        all.collect()
    }

    fn to_host(&self, from: &Pod, target: &Target) -> Probe {
        let Target::Host { host, port, protocol, cidrs } = target else { unreachable!("asked of hosts") };
        let name = host.replacen("*.", "any.", 1);
        let ip = cidrs.iter().find_map(|net| first_address(*net)).unwrap_or_else(|| "127.99.0.1".into());
        let get = Request { method: "GET".into(), path: "/".into(), meant: String::new() };
        let (tls, send) = match protocol {
            HostProtocol::Tls => (Some(self.tls(&name)), http(&name, &get)),
            HostProtocol::Http => (None, http(&name, &get)),
            HostProtocol::Tcp => (None, BYTES.into()),
        };
        from.through_sidecar(&ip, *port, tls, send)
    }

    fn to_gateway(&self, port: u16, host: &str, name: Option<&str>, request: &Request) -> Probe {
        let outsider = self.pods[&format!("{OUTSIDER}/{OUTSIDER}")];
        let mut probe =
            Probe::new(&outsider.ip, format!("{}:{port}", self.gateway_pod().ip), http(host, request));
        probe.tls = name.map(|name| self.tls(name));
        probe
    }

    fn tls(&self, name: &str) -> Tls {
        Tls::new(self.certificates, name)
    }

    fn mesh_tls(&self, from: &Pod, is_http: bool) -> Tls {
        Tls::of_mesh(self.certificates, &from.certificate, is_http)
    }
}

fn calls(flow: &Flow, id: WorkloadId, port: usize) -> bool {
    matches!(&flow.to, Target::Workload(to, ports) if *to == id && ports.contains(&port))
}

fn is_from(flow: &Flow, caller: Caller) -> bool {
    match (&flow.from, caller) {
        (Peer::Gateway, Caller::Gateway) => true,
        (Peer::Workload(from), Caller::Workload(id)) => *from == id,
        (Peer::Namespace(from), Caller::Workload(id)) => *from == id.namespace,
        (Peer::Namespace(from), Caller::Stranger(Some(namespace))) => *from == namespace,
        _ => false,
    }
}

fn is_meant(flow: &Flow, request: &Request) -> bool {
    let is_method = flow.methods.is_empty() || flow.methods.contains(&request.method);
    let matches = |pattern: &String| match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(prefix), _) => request.meant.starts_with(prefix),
        (None, Some(suffix)) => request.meant.ends_with(suffix),
        (None, None) => request.meant == *pattern,
    };
    is_method && (flow.paths.is_empty() || flow.paths.iter().any(matches))
}

fn host_of(flow: &Flow) -> Option<&String> {
    match &flow.basis {
        Basis::Expose(host) => Some(host),
        Basis::Allow | Basis::Egress | Basis::Exception(_) => None,
    }
}

/// Returns each method with each path that a flow declares, or one of its own where it leaves them open.
fn declared_requests(flow: &Flow) -> Vec<Request> {
    let any_method = ["GET".to_owned()];
    let any_path = ["/*".to_owned()];
    let methods = if flow.methods.is_empty() { &any_method[..] } else { &flow.methods };
    let paths = if flow.paths.is_empty() { &any_path[..] } else { &flow.paths };
    let all = methods.iter().flat_map(|method| {
        paths.iter().map(|path| Request { method: method.clone(), path: sample(path), meant: sample(path) })
    });
    all.collect()
}

/// Returns a path that a pattern matches.
fn sample(pattern: &str) -> String {
    pattern
        .strip_prefix('*')
        .map_or_else(|| pattern.replace('*', "conformance"), |suffix| format!("/conformance{suffix}"))
}

/// Returns what `<folder>/../undeclared` is.
fn parent(folder: &str) -> String {
    let (above, _) = folder.rsplit_once('/').expect("a path begins with a slash");
    format!("{above}/undeclared")
}

fn first_address(net: IpNet) -> Option<String> {
    match net {
        IpNet::V4(net) => net.hosts().next().map(|address| address.to_string()),
        IpNet::V6(_) => None,
    }
}

fn spiffe(pod: &Pod) -> String {
    let [domain, namespace, account] =
        pod.certificate.split('~').collect::<Vec<_>>().try_into().expect("three parts");
    format!("spiffe://{domain}/ns/{namespace}/sa/{account}")
}

/// Returns what is sent to a port.
fn bytes(port: &Port, host: &str, request: &Request) -> String {
    if port.protocol.is_http() { http(host, request) } else { BYTES.into() }
}

/// Returns a request, whose user agent is the number of the question.
fn http(host: &str, request: &Request) -> String {
    probe::http(&request.method, host, &request.path, "User-Agent: question-{number}\r\n")
}
