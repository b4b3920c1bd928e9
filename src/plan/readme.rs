//! The tree's README: what is here, who may call whom, and what others must provide.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{GATEWAY, Plan, admission::Guard, undeclared, weakenings};
use crate::profile::{Basis, ControlPlane, Enforcement, Flow, Namespace, Peer, PodSecurity, Profile, Target};

impl Plan<'_> {
    /// Returns the README's context.
    pub(super) fn readme(&self) -> Value {
        let profile = self.profile;
        let weakenings: Vec<Value> = weakenings(profile)
            .into_iter()
            .map(|weakening| json!({"what": weakening.what, "why": weakening.why}))
            .collect();
        let stages: Vec<Value> = self
            .stages()
            .into_iter()
            .map(|stage| json!({"folder": stage.folder, "name": stage.name, "holds": holds(stage.folder.as_str(), profile.guard())}))
            .collect();
        let names = |of: &dyn Fn(&&Namespace) -> bool| -> Vec<&str> {
            profile.namespaces.iter().filter(of).map(|namespace| namespace.name.as_str()).collect()
        };
        let existing: Vec<Value> = profile
            .namespaces
            .iter()
            .filter(|namespace| !namespace.is_rendered)
            .map(|namespace| {
                let labels = self.labels(namespace);
                let labels: Vec<String> = labels
                    .iter()
                    .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
                    .collect();
                json!({"name": namespace.name, "labels": labels, "revisioned": namespace.revision.is_some()})
            })
            .collect();
        let level = |namespace: &Namespace| {
            self.profile.enforces(namespace) && namespace.pod_security == PodSecurity::Restricted
        };
        let audited = match profile.enforcement {
            Enforcement::Audit => names(&|_| true),
            Enforcement::Enforce => names(&|namespace| namespace.enforcement == Enforcement::Audit),
        };
        json!({
            "rest": undeclared(profile),
            "versions": profile.control_planes().iter().map(|plane| plane.version.to_string()).collect::<Vec<_>>(),
            "planes": self.planes(),
            "path": profile.path,
            "weakenings": weakenings,
            "stages": stages,
            "flows": profile.flows.iter().map(|flow| self.row(flow)).collect::<Vec<_>>(),
            "outside": if profile.cluster.is_known(true) || profile.cluster.is_known(false) { "address outside the cluster" } else { "public address" },
            "wide": profile.flows.iter().filter_map(|flow| self.wide(flow)).collect::<Vec<_>>(),
            "unnamed": profile.flows.iter().filter_map(|flow| self.unnamed(flow)).collect::<Vec<_>>(),
            "addresses": profile.flows.iter().any(|flow| matches!((&flow.from, &flow.basis), (Peer::Cidr(_), Basis::Allow))),
            "monitoring": profile.monitoring.as_ref().map(|monitoring| json!({"namespace": monitoring.namespace})),
            "tracing": profile.tracing.as_ref().map(|to| json!({"service": to.service, "namespace": to.namespace, "port": to.port})),
            "admission": guard_name(profile.guard()),
            "issuer": profile.gateway.issuer.is_some(),
            "gatewayRelease": GATEWAY,
            "existing": existing,
            "assumed": names(&|namespace| !namespace.workloads.is_empty()),
            "outsiders": self.outsiders(),
            "restricted": profile.namespaces.iter().any(level),
            "nativeSidecars": profile.kubernetes_version.has_native_sidecars(),
            "fluxAccount": profile.flux.service_account,
            "awaited": awaited(profile),
            "fluxNamespace": profile.flux.namespace,
            "revisioned": profile.revisions.names().next().is_some(),
            "restarts": names(&|_| true),
            "audited": audited,
        })
    }

    /// Returns each control plane with its tags and with who follows it; none where the default one is alone.
    fn planes(&self) -> Vec<Value> {
        let profile = self.profile;
        let revisions = &profile.revisions;
        if revisions.names().next().is_none() {
            return Vec::new();
        }
        let row = |plane: ControlPlane<'_>| {
            let follows =
                |name: &Option<String>| profile.control_plane(name.as_deref()).revision == plane.revision;
            let tags = revisions.tags.iter().filter(|(_, revision)| plane.revision == Some(revision));
            let namespaces = profile.namespaces.iter().filter(|namespace| follows(&namespace.revision));
            json!({
                "revision": plane.revision.unwrap_or("default"),
                "version": plane.version.to_string(),
                "tags": tags.map(|(tag, _)| tag).collect::<Vec<_>>(),
                "gateway": follows(&profile.gateway.revision),
                "namespaces": namespaces.map(|namespace| &namespace.name).collect::<Vec<_>>(),
            })
        };
        profile.control_planes().into_iter().map(row).collect()
    }

    fn row(&self, flow: &Flow) -> Value {
        let list =
            |what: &[String], all: &str| if what.is_empty() { all.to_owned() } else { what.join(", ") };
        let requests = match &flow.to {
            _ if flow.is_http_only() => {
                format!("{} {}", list(&flow.methods, "any method"), list(&flow.paths, "any path"))
            }
            _ => "any".to_owned(),
        };
        let basis = match &flow.basis {
            Basis::Allow => "allow".to_owned(),
            Basis::Expose(host) => format!("expose {host}"),
            Basis::Egress => "egress".to_owned(),
            Basis::Exception(index) => format!("exception until {}", self.profile.exceptions[*index].expires),
        };
        json!({
            "from": self.profile.peer_name(&flow.from),
            "to": self.profile.target_name(&flow.to),
            "requests": requests,
            "basis": basis,
        })
    }

    fn wide(&self, flow: &Flow) -> Option<Value> {
        match &flow.to {
            Target::Host { host, port, cidrs, .. } if cidrs.is_empty() => {
                Some(json!({"from": self.profile.peer_name(&flow.from), "port": port, "host": host}))
            }
            _ => None,
        }
    }

    /// Returns a flow to pods without a sidecar: no Service of theirs is known, so the caller's proxy knows all of them.
    fn unnamed(&self, flow: &Flow) -> Option<Value> {
        let Target::Unmeshed(pods, _) = &flow.to else { return None };
        let (from, to) = (self.profile.peer_name(&flow.from), self.profile.target_name(&flow.to));
        Some(json!({"from": from, "to": to, "namespace": pods.namespace}))
    }

    /// Returns the pods without a sidecar that a flow begins or ends at, each once.
    fn outsiders(&self) -> Vec<String> {
        let ends = self.profile.flows.iter().filter_map(|flow| match (&flow.from, &flow.to) {
            (Peer::Unmeshed(pods), _) | (_, Target::Unmeshed(pods, _)) => Some(pods.name()),
            _ => None,
        });
        ends.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Returns the Flux Kustomizations that stages of ours wait for, each once.
fn awaited(profile: &Profile) -> BTreeSet<&String> {
    let on = &profile.flux.depends_on;
    let admission = profile.guard().map(|_| &on.admission);
    let stages = [&on.control_plane, &on.mesh, &on.ingress, &on.namespaces];
    admission.into_iter().chain(stages).flatten().collect()
}

/// Returns who refuses, as what it answers begins.
fn guard_name(guard: Option<Guard>) -> Option<&'static str> {
    guard.map(|guard| match guard {
        Guard::ApiServer(_) => "ValidatingAdmissionPolicy",
        Guard::Kyverno => "Kyverno",
    })
}

fn holds(folder: &str, guard: Option<Guard>) -> &'static str {
    match folder {
        "control-plane" => "the platform's namespaces, Istio's charts, their NetworkPolicies",
        "admission" if guard == Some(Guard::Kyverno) => {
            "what Kyverno refuses: objects that would weaken the mesh"
        }
        "admission" => "what the API server refuses: objects that would weaken the mesh",
        "mesh" => "mutual TLS, default deny, access logs, no way out but to DNS",
        "ingress" => "the gateway, what it serves and whom it may call",
        _ => "the namespace and what its workloads may do",
    }
}
