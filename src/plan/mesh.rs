//! `mesh/`: what holds for every workload: mutual TLS, default deny, access logs, and no way out.

use serde_json::json;

use super::{File, Plan, egress::resolvers};

impl Plan<'_> {
    pub(super) fn mesh(&self) -> Vec<File> {
        let mut folder = self.folder("mesh");
        let mode = if self.enforces() { "STRICT" } else { "PERMISSIVE" };
        folder.add("peer-authentication.yaml", "peer-authentication.yaml", json!({"mode": mode}));
        folder.add("authorization-policy-default.yaml", "authorization-policy-default.yaml", json!({}));
        let tracing = self.profile.tracing.as_ref().map(|tracing| json!({"sampling": tracing.sampling}));
        folder.add("telemetry.yaml", "telemetry.yaml", json!({"tracing": tracing}));
        if self.enforces() {
            let sidecar = self.sidecar(&self.profile.mesh.namespace, "default", None, []);
            folder.add("sidecar-default.yaml", "sidecars.yaml", json!({"sidecars": [sidecar]}));
            let namespace = &self.profile.mesh.namespace;
            let dns = json!({"entries": [resolvers()], "namespace": namespace});
            folder.add("service-entry-dns.yaml", "service-entries.yaml", dns);
        }
        folder.into_files()
    }
}
