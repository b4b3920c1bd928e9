//! `ingress/`: the gateway, its certificate, what it may serve and whom it may call.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{File, Folder, Plan, network::Openings};
use crate::profile::{Basis, Peer, Target};

impl Plan<'_> {
    pub(super) fn ingress(&self) -> Vec<File> {
        let mut folder = self.folder("ingress");
        self.gateway_release(&mut folder);
        let hosts = self.hosts();
        let bound: BTreeSet<String> = if hosts.is_empty() {
            [format!("./*.{}", self.profile.domain)].into()
        } else {
            hosts.iter().map(|(namespace, host)| format!("{namespace}/{host}")).collect()
        };
        folder.add("gateway.yaml", "gateway.yaml", json!({"hosts": bound}));
        let policies = json!({"policies": [self.gateway_policy()]});
        folder.add("authorization-policy-gateway.yaml", "authorization-policies.yaml", policies);
        if let Some(issuer) = &self.profile.gateway.issuer {
            let kind = issuer.kind.as_deref().unwrap_or("ClusterIssuer");
            let issuer = json!({"kind": kind, "name": issuer.name});
            folder.add("certificate.yaml", "certificate.yaml", json!({"issuer": issuer}));
        }
        if self.enforces() {
            self.backends(&mut folder);
        }
        folder.into_files()
    }

    /// Returns each exposed host with its namespace.
    fn hosts(&self) -> BTreeSet<(String, String)> {
        let profile = self.profile;
        let exposed = profile.flows.iter().filter_map(|flow| match (&flow.basis, &flow.to) {
            (Basis::Expose(host), Target::Workload(id, _)) => {
                Some((profile.namespace_of(*id).name.clone(), host.clone()))
            }
            _ => None,
        });
        exposed.collect()
    }

    /// Returns what opens the gateway's listeners: 80 for the redirect, which the router answers after authorization; 443
    /// for the exposed hosts.
    pub(super) fn gateway_policy(&self) -> Value {
        let profile = self.profile;
        let domain = &profile.domain;
        let hosts = self.hosts();
        let rule = |port: &str, hosts: Vec<String>| json!({"to": [{"operation": {"hosts": hosts, "ports": [port]}}]});
        let mut rules = vec![rule("80", vec![format!("*.{domain}"), format!("*.{domain}:80")])];
        if !hosts.is_empty() {
            // A Host header may carry the port, and the comparison is with the whole header.
            let served = hosts.iter().flat_map(|(_, host)| [host.clone(), format!("{host}:*")]);
            rules.push(rule("443", served.collect()));
        }
        json!({
            "name": "gateway",
            "namespace": profile.gateway.namespace,
            "selector": super::gateway_labels(),
            "dryRun": !self.enforces(),
            "rules": rules,
        })
    }

    /// Opens the way from the gateway to each exposed workload.
    fn backends(&self, folder: &mut Folder) {
        let profile = self.profile;
        let mut openings = Openings::default();
        for flow in self.access.calls_from(&Peer::Gateway) {
            if let Target::Workload(id, ports) = &flow.to {
                for port in profile.ports_of(*id, ports) {
                    openings.let_out([profile.pods(*id)], &[("TCP", port.port)]);
                }
            }
        }
        if !openings.is_empty() {
            let policy =
                openings.policy(&profile.gateway.namespace, "backends", Some(&super::gateway_labels()));
            folder.network_policies("backends", &[policy]);
        }
    }
}
