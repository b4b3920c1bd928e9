//! `namespaces/<name>/`: a team's namespace, what its workloads admit, and where they may call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    File, Folder, Plan, Role,
    control_plane::{default_deny, pod_security},
    network::{NetworkPeer, Openings},
    revision::injection,
};
use crate::profile::{Basis, Flow, Namespace, Peer, PodSecurity, Target, Workload, WorkloadId};

impl Plan<'_> {
    pub(super) fn namespace(&self, index: usize) -> Vec<File> {
        let namespace = &self.profile.namespaces[index];
        let mut folder = self.folder(&format!("namespaces/{}", namespace.name));
        if namespace.is_rendered {
            let own = json!({"namespaces": [{"name": namespace.name, "labels": self.labels(namespace)}]});
            folder.add("namespace.yaml", "namespaces.yaml", own);
        }
        let name = &namespace.name;
        folder.add_some("peer-authentications.yaml", "policies", &self.mutual_tls(index), name);
        folder.add_some("authorization-policies.yaml", "policies", &self.authorization(index), name);
        folder.add_some("virtual-services.yaml", "routes", &self.routes(index), name);
        folder.add_some("sidecars.yaml", "sidecars", &self.sidecars(index), name);
        folder.add_some("service-entries.yaml", "entries", &self.service_entries(index), name);
        if self.profile.enforces(namespace) {
            self.network(&mut folder, index);
        }
        assumptions(&mut folder, namespace);
        folder.into_files()
    }

    /// Returns the labels that the namespace needs: by them its pods get a sidecar and are held to a level.
    pub(super) fn labels(&self, namespace: &Namespace) -> serde_json::Map<String, Value> {
        let level =
            if self.profile.enforces(namespace) { namespace.pod_security } else { PodSecurity::Privileged };
        let mut labels = pod_security(level);
        let (label, value) = injection(namespace.revision.as_deref());
        labels.insert(label.into(), json!(value));
        labels
    }

    /// Returns what departs from the mesh's STRICT: the namespace in audit, and the profile's exceptions.
    pub(super) fn mutual_tls(&self, index: usize) -> Vec<Value> {
        let profile = self.profile;
        let namespace = &profile.namespaces[index];
        let mut policies = Vec::new();
        if !profile.enforces(namespace) && self.enforces() {
            policies.push(json!({
                "name": "default",
                "namespace": namespace.name,
                "annotations": {"meshwright/enforcement": "NOT ENFORCED: the profile says enforcement: audit"},
                "selector": null,
                "mode": "PERMISSIVE",
                "ports": [],
            }));
        }
        for (workload, about) in namespace.workloads.iter().enumerate() {
            let id = WorkloadId { namespace: index, workload };
            let exceptions: Vec<_> =
                profile.exceptions.iter().filter(|exception| exception.workload == id).collect();
            if exceptions.is_empty() {
                continue;
            }
            // A key is text: kustomize builds nothing that holds another.
            let ports: BTreeSet<String> =
                exceptions.iter().map(|exception| about.ports[exception.port].port.to_string()).collect();
            let join = |of: fn(&crate::profile::Exception) -> &str| {
                let all: BTreeSet<&str> = exceptions.iter().map(|exception| of(exception)).collect();
                all.into_iter().collect::<Vec<_>>().join("; ")
            };
            let mut annotations = BTreeMap::from([
                ("meshwright/exception", join(|exception| &exception.reason)),
                ("meshwright/exception-owner", join(|exception| &exception.owner)),
                ("meshwright/exception-expires", join(|exception| &exception.expires)),
            ]);
            if annotations.values().any(|text| text.contains("${")) {
                annotations.insert("kustomize.toolkit.fluxcd.io/substitute", "disabled".into());
            }
            policies.push(json!({
                "name": workload_policy(&about.name),
                "namespace": namespace.name,
                "annotations": annotations,
                "selector": about.selector,
                "mode": if profile.enforces(namespace) { "STRICT" } else { "PERMISSIVE" },
                "ports": ports,
            }));
        }
        policies
    }

    fn network(&self, folder: &mut Folder, index: usize) {
        let profile = self.profile;
        let namespace = &profile.namespaces[index];
        let mut all = Openings::default();
        profile.open_for_proxies(&mut all);
        for flow in self.access.calls_from(&Peer::Namespace(index)) {
            self.open_way_out(&mut all, flow);
        }
        let policies = [default_deny(&namespace.name), all.policy(&namespace.name, "all-pods", None)];
        folder.network_policies("namespace", &policies);
        let policies: Vec<Value> = namespace
            .workloads
            .iter()
            .enumerate()
            .filter_map(|(workload, about)| {
                self.workload_network(WorkloadId { namespace: index, workload }, about)
            })
            .collect();
        if !policies.is_empty() {
            folder.network_policies("workloads", &policies);
        }
    }

    fn workload_network(&self, id: WorkloadId, workload: &Workload) -> Option<Value> {
        let mut openings = Openings::default();
        for flow in self.access.calls_to(id) {
            let Target::Workload(_, ports) = &flow.to else { continue };
            let callers = self.profile.callers(&flow.from);
            for port in self.profile.ports_of(id, ports) {
                let port = [("TCP", port.port)];
                if callers.is_empty() {
                    openings.let_anyone_in(&port);
                } else {
                    openings.let_in(callers.iter().cloned(), &port);
                }
            }
        }
        for flow in self.access.calls_from(&Peer::Workload(id)) {
            self.open_way_out(&mut openings, flow);
        }
        let namespace = &self.profile.namespace_of(id).name;
        (!openings.is_empty())
            .then(|| openings.policy(namespace, &workload_policy(&workload.name), Some(&workload.selector)))
    }

    /// Opens the caller's end of a flow.
    fn open_way_out(&self, openings: &mut Openings, flow: &Flow) {
        let profile = self.profile;
        match &flow.to {
            Target::Workload(id, ports) => {
                for port in profile.ports_of(*id, ports) {
                    openings.let_out([profile.pods(*id)], &[("TCP", port.port)]);
                }
            }
            Target::KubernetesApi => profile.open_api_server(openings),
            Target::Nodes(port) => {
                openings.let_out(NetworkPeer::blocks(&profile.cluster.nodes), &[("TCP", *port)]);
            }
            Target::Cidr(cidr, port) => openings.let_out(NetworkPeer::blocks(&[*cidr]), &[("TCP", *port)]),
            Target::Unmeshed(pods, port) => openings.let_out([NetworkPeer::from(pods)], &[("TCP", *port)]),
            Target::Host { port, cidrs, .. } if cidrs.is_empty() => {
                openings.let_out(profile.outside(), &[("TCP", *port)]);
            }
            Target::Host { port, cidrs, .. } => {
                openings.let_out(NetworkPeer::blocks(cidrs), &[("TCP", *port)]);
            }
        }
    }

    /// Adds a `VirtualService` per exposed host, the most specific path first.
    fn routes(&self, index: usize) -> Vec<Value> {
        let profile = self.profile;
        let namespace = &profile.namespaces[index].name;
        let mut hosts: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
        for flow in self.access.calls_from(&Peer::Gateway) {
            let (Basis::Expose(host), Target::Workload(id, ports)) = (&flow.basis, &flow.to) else {
                continue;
            };
            if id.namespace == index {
                let port = &profile.workload(*id).ports[ports[0]];
                let service =
                    profile.workload(*id).service.as_deref().expect("a workload with a port has a Service");
                let destination = (format!("{service}.{namespace}.svc.cluster.local"), port.service_port);
                let routes = flow.paths.iter().map(|path| Route {
                    path,
                    methods: &flow.methods,
                    destination: destination.clone(),
                });
                hosts.entry(host).or_default().extend(routes);
            }
        }
        let routes = hosts.into_iter().map(|(host, mut routes)| {
            routes.sort_by_key(|route| (route.path.ends_with('*'), std::cmp::Reverse(route.path.len()), route.path));
            let rules: Vec<Value> = routes
                .chunk_by(|a, b| a.destination == b.destination)
                .map(|routes| {
                    let matches: Vec<Value> = routes.iter().flat_map(Route::matches).collect();
                    json!({"matches": matches, "host": routes[0].destination.0, "port": routes[0].destination.1})
                })
                .collect();
            json!({"host": host, "rules": rules})
        });
        routes.collect()
    }
}

impl Folder {
    /// Adds a file that holds a list, rendered by the template of its name, unless the list is empty.
    pub(super) fn add_some(&mut self, name: &'static str, key: &str, list: &[Value], namespace: &str) {
        if !list.is_empty() {
            self.add(name, name, json!({key: list, "namespace": namespace}));
        }
    }
}

/// Adds what the profile takes the team's own manifests to hold.
fn assumptions(folder: &mut Folder, namespace: &Namespace) {
    let mut accounts = BTreeSet::new();
    let workloads: Vec<Value> = namespace
        .workloads
        .iter()
        .map(|workload| {
            json!({
                "name": workload.name,
                "selector": workload.selector,
                "serviceAccount": workload.service_account,
                "ownsAccount": accounts.insert(&workload.service_account),
                "service": workload.service,
                "ports": workload.ports,
            })
        })
        .collect();
    if !workloads.is_empty() {
        let own = json!({"workloads": workloads, "namespace": namespace.name});
        folder.add_as(Role::Assumption, "assumed-workloads.yaml", "assumed-workloads.yaml", own);
    }
}

/// One path of an exposed host.
struct Route<'a> {
    path: &'a str,
    methods: &'a [String],
    destination: (String, u16),
}

impl Route<'_> {
    /// Returns the matches of a `VirtualService` that mean the path and any of the methods.
    fn matches(&self) -> Vec<Value> {
        let uri = string_match(self.path);
        match self.methods {
            [] => vec![json!({"uri": uri})],
            methods => {
                methods.iter().map(|method| json!({"uri": uri, "method": string_match(method)})).collect()
            }
        }
    }
}

fn string_match(pattern: &str) -> Value {
    match pattern.strip_suffix('*') {
        Some(prefix) => json!({"prefix": prefix}),
        None => json!({"exact": pattern}),
    }
}

/// The name of a workload's own policies; no name of ours for a whole namespace begins like it.
pub(super) fn workload_policy(workload: &str) -> String {
    format!("workload-{workload}")
}
