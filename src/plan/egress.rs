//! The callers' end: which hosts a workload's proxy knows, and what stands for a host outside the mesh.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{Plan, namespace::workload_policy};
use crate::profile::{Flow, HostProtocol, Peer, Target, WorkloadId};

/// What stands for a host or addresses outside the mesh.
#[derive(Default)]
struct Entry {
    ports: BTreeSet<(u16, &'static str)>,
    addresses: BTreeSet<IpNet>,
    resolution: Option<&'static str>,
}

/// What stands for the resolvers in the mesh's namespace.
const RESOLVERS: &str = "dns.addresses.internal";

impl Plan<'_> {
    /// Returns a Sidecar's context. One without hosts knows nothing outside its pod but the resolvers and, with
    /// tracing, the collector.
    pub(super) fn sidecar(
        &self,
        namespace: &str,
        name: &str,
        selector: Option<&BTreeMap<String, String>>,
        hosts: impl IntoIterator<Item = String>,
    ) -> Value {
        let tracing = self.profile.tracing.as_ref();
        let spans = tracing.map(|to| format!("{0}/{1}.{0}.svc.cluster.local", to.namespace, to.service));
        let resolvers = format!("{}/{RESOLVERS}", self.profile.mesh.namespace);
        let hosts: BTreeSet<String> = hosts.into_iter().chain(spans).chain([resolvers]).collect();
        json!({"name": name, "namespace": namespace, "selector": selector, "hosts": hosts, "mode": "REGISTRY_ONLY"})
    }

    /// Returns a namespace's Sidecars: one for each workload that may call somebody, one for what all of them may.
    pub(super) fn sidecars(&self, index: usize) -> Vec<Value> {
        let namespace = &self.profile.namespaces[index];
        if !self.enforces() {
            return Vec::new();
        }
        if !self.profile.enforces(namespace) {
            let all = json!({"name": "audit-not-enforced", "namespace": namespace.name, "selector": null, "hosts": ["*/*"], "mode": "ALLOW_ANY"});
            return vec![all];
        }
        let common: BTreeSet<String> = self
            .access
            .calls_from(&Peer::Namespace(index))
            .iter()
            .filter_map(|flow| self.known_hosts(flow))
            .collect();
        let mut sidecars = Vec::new();
        if !common.is_empty() {
            sidecars.push(self.sidecar(&namespace.name, "all-pods", None, common.clone()));
        }
        for (workload, about) in namespace.workloads.iter().enumerate() {
            let flows = self.access.calls_from(&Peer::Workload(WorkloadId { namespace: index, workload }));
            if !flows.is_empty() {
                // A workload's Sidecar replaces the namespace's; it adds nothing to it.
                let hosts =
                    flows.iter().filter_map(|flow| self.known_hosts(flow)).chain(common.iter().cloned());
                sidecars.push(self.sidecar(
                    &namespace.name,
                    &workload_policy(&about.name),
                    Some(&about.selector),
                    hosts,
                ));
            }
        }
        sidecars
    }

    /// Returns the hosts that a caller's proxy has to know for a flow, as `namespace/host`.
    fn known_hosts(&self, flow: &Flow) -> Option<String> {
        let profile = self.profile;
        Some(match &flow.to {
            Target::Workload(id, _) => {
                let namespace = &profile.namespace_of(*id).name;
                let service = profile.workload(*id).service.as_deref()?;
                format!("{namespace}/{service}.{namespace}.svc.cluster.local")
            }
            Target::KubernetesApi => "default/kubernetes.default.svc.cluster.local".into(),
            Target::Unmeshed(pods, _) => format!("{}/*", pods.namespace),
            Target::Nodes(_) => "./nodes.addresses.internal".into(),
            Target::Cidr(cidr, _) => format!("./{}", address_host(*cidr)),
            Target::Host { host, .. } => format!("./{host}"),
        })
    }

    /// Returns the `ServiceEntries` of what a namespace's workloads may call outside the mesh.
    pub(super) fn service_entries(&self, index: usize) -> Vec<Value> {
        let workloads = 0..self.profile.namespaces[index].workloads.len();
        let callers = workloads.map(|workload| Peer::Workload(WorkloadId { namespace: index, workload }));
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for flow in callers.chain([Peer::Namespace(index)]).flat_map(|caller| self.access.calls_from(&caller))
        {
            match &flow.to {
                Target::Workload(..) | Target::KubernetesApi | Target::Unmeshed(..) => {}
                Target::Nodes(port) => {
                    let entry = entries.entry("nodes.addresses.internal".into()).or_default();
                    entry.at_addresses(&self.profile.cluster.nodes, *port);
                }
                Target::Cidr(cidr, port) => {
                    entries.entry(address_host(*cidr)).or_default().at_addresses(&[*cidr], *port);
                }
                Target::Host { host, port, protocol, cidrs } => {
                    let entry = entries.entry(host.clone()).or_default();
                    match protocol {
                        HostProtocol::Tcp => entry.at_addresses(cidrs, *port),
                        HostProtocol::Tls => entry.named(host, *port, "TLS"),
                        HostProtocol::Http => entry.named(host, *port, "HTTP"),
                    }
                }
            }
        }
        entries.into_iter().map(|(host, entry)| entry.into_json(&host)).collect()
    }
}

impl Entry {
    fn at_addresses(&mut self, cidrs: &[IpNet], port: u16) {
        self.addresses.extend(cidrs);
        self.ports.insert((port, "TCP"));
        self.resolution = Some("NONE");
    }

    fn named(&mut self, host: &str, port: u16, protocol: &'static str) {
        self.ports.insert((port, protocol));
        // No resolver answers for a pattern; the proxy goes where the application was going.
        self.resolution.get_or_insert(if host.starts_with('*') { "NONE" } else { "DNS" });
    }

    fn into_json(self, host: &str) -> Value {
        let ports: Vec<Value> = self
            .ports
            .iter()
            .map(|(port, protocol)| {
                json!({"number": port, "name": format!("{}-{port}", protocol.to_lowercase()), "protocol": protocol})
            })
            .collect();
        json!({
            "name": entry_name(host),
            "host": host,
            "addresses": self.addresses,
            "ports": ports,
            "resolution": self.resolution,
            "exportTo": if host == RESOLVERS { "*" } else { "." },
        })
    }
}

/// Returns the `ServiceEntry` of the resolvers, for every proxy.
///
/// A long answer comes over TCP, which a proxy captures and, where it does not know the address, refuses
/// (`BlackHoleCluster`, istio/istio `pilot/pkg/networking/core/v1alpha3/listener_builder.go`). It sees the
/// Service's address, which no profile says; which addresses may be asked is for the `NetworkPolicies` to say.
pub(super) fn resolvers() -> Value {
    let anywhere = ["0.0.0.0/0", "::/0"].map(|cidr| cidr.parse().expect("a CIDR of ours"));
    let mut entry = Entry::default();
    entry.at_addresses(&anywhere, 53);
    entry.into_json(RESOLVERS)
}

/// Returns the name of a host's `ServiceEntry`, of which no two hosts share one.
///
/// A pattern has no name that no host could have, but for this: no host ends in a number.
fn entry_name(host: &str) -> String {
    host.strip_prefix("*.").map_or_else(|| host.to_owned(), |domain| format!("{domain}.0"))
}

/// Returns a name for addresses, which a `ServiceEntry` must have.
fn address_host(cidr: IpNet) -> String {
    let slug: String =
        cidr.to_string().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("cidr-{slug}.addresses.internal")
}
