//! `AuthorizationPolicies`: which identities may ask what, where the mesh denies all else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{GATEWAY, Plan, namespace::workload_policy};
use crate::profile::{Basis, Flow, Peer, Profile, Target, WorkloadId};

/// What may be asked: ports, hosts, methods and paths; an empty list is any.
type Operation<'a> = (Vec<String>, Vec<String>, &'a [String], &'a [String]);

/// Who may ask.
#[derive(Default)]
struct Sources {
    principals: BTreeSet<String>,
    namespaces: BTreeSet<String>,
    others: Vec<Value>,
}

impl Plan<'_> {
    /// Returns a namespace's policies: one for each workload that somebody may call.
    pub(super) fn authorization(&self, index: usize) -> Vec<Value> {
        let profile = self.profile;
        let namespace = &profile.namespaces[index];
        let enforces = profile.enforces(namespace);
        let mut policies = Vec::new();
        if !enforces && self.enforces() {
            // The mesh's default deny would bite here too, so what audit does not enforce is allowed out loud; the
            // dry-run twin of the default deny has the proxies log what would be refused.
            let policy = |name: &str, dry_run: bool, rules: Value| json!({"name": name, "namespace": namespace.name, "dryRun": dry_run, "selector": null, "rules": rules});
            policies.push(policy("audit-not-enforced", false, json!([{}])));
            policies.push(policy("default-deny", true, json!([])));
        }
        for (workload, about) in namespace.workloads.iter().enumerate() {
            let flows = self.access.calls_to(WorkloadId { namespace: index, workload });
            if !flows.is_empty() {
                policies.push(json!({
                    "name": workload_policy(&about.name),
                    "namespace": namespace.name,
                    "dryRun": !enforces,
                    "selector": about.selector,
                    "rules": rules(profile, flows),
                }));
            }
        }
        policies
    }
}

/// Returns the rules for flows into one workload: one for each thing that may be asked, with all who may ask it.
fn rules(profile: &Profile, flows: &[&Flow]) -> Vec<Value> {
    let mut rules: BTreeMap<Operation<'_>, Sources> = BTreeMap::new();
    for flow in flows {
        let Target::Workload(id, ports) = &flow.to else { continue };
        let ports = profile.ports_of(*id, ports).map(|port| port.port.to_string()).collect();
        // Every path needs no condition; a condition would shut out requests whose path does not begin with a slash.
        let paths = if flow.paths == ["/*"] { &[] } else { flow.paths.as_slice() };
        // Without it, whoever can write a route for one host could send another host's requests here. A Host header may
        // carry the port.
        let hosts = match &flow.basis {
            Basis::Expose(host) => vec![host.clone(), format!("{host}:*")],
            Basis::Allow | Basis::Egress | Basis::Exception(_) => Vec::new(),
        };
        rules.entry((ports, hosts, &flow.methods, paths)).or_default().add(profile, flow);
    }
    let rule = |((ports, hosts, methods, paths), sources): (Operation<'_>, Sources)| {
        let mut operation = json!({"ports": ports});
        if !hosts.is_empty() {
            operation["hosts"] = json!(hosts);
        }
        if !methods.is_empty() {
            operation["methods"] = json!(methods);
        }
        if !paths.is_empty() {
            operation["paths"] = json!(paths);
        }
        json!({"from": sources.into_json(), "to": [{"operation": operation}]})
    };
    rules.into_iter().map(rule).collect()
}

impl Sources {
    fn add(&mut self, profile: &Profile, flow: &Flow) {
        let is_exception = matches!(flow.basis, Basis::Exception(_));
        match &flow.from {
            Peer::Gateway => {
                self.principals.insert(profile.principal(&profile.gateway.namespace, GATEWAY));
            }
            Peer::Workload(id) => {
                let account = &profile.workload(*id).service_account;
                self.principals.insert(profile.principal(&profile.namespace_of(*id).name, account));
            }
            Peer::Namespace(index) => {
                self.namespaces.insert(profile.namespaces[*index].name.clone());
            }
            // Addresses alone would admit plaintext wherever an exception makes the port take it.
            Peer::Cidr(cidr) if !is_exception => {
                let any = format!("{}/*", profile.mesh.trust_domain);
                self.others.push(json!({"ipBlocks": [cidr], "principals": [any]}));
            }
            Peer::Cidr(cidr) => self.add_plaintext(&[*cidr]),
            Peer::Nodes => self.add_plaintext(&profile.cluster.nodes),
            Peer::KubernetesApi => self.add_plaintext(&profile.api_server.webhook_from),
            Peer::Unmeshed(_) => self.add_plaintext(&[]),
        }
    }

    /// Admits callers that show no certificate, and only them: `notPrincipals: ["*"]` matches nobody else (`authz/
    /// model/generator.go` of istio/istio). Which pods they are is for the `NetworkPolicy` to say.
    fn add_plaintext(&mut self, cidrs: &[ipnet::IpNet]) {
        let source = match cidrs {
            [] => json!({"notPrincipals": ["*"]}),
            cidrs => json!({"ipBlocks": cidrs, "notPrincipals": ["*"]}),
        };
        if !self.others.contains(&source) {
            self.others.push(source);
        }
    }

    fn into_json(self) -> Vec<Value> {
        let mut sources = Vec::new();
        if !self.principals.is_empty() {
            sources.push(json!({"principals": self.principals}));
        }
        if !self.namespaces.is_empty() {
            sources.push(json!({"namespaces": self.namespaces}));
        }
        let mut others = self.others;
        others.sort_by_cached_key(Value::to_string);
        sources.extend(others);
        sources.into_iter().map(|source| json!({"source": source})).collect()
    }
}
