//! `mesh/`: what holds for every workload: mutual TLS, default deny, access logs, and no way out.

use serde_json::json;

use super::Plan;

impl Plan<'_> {
    pub(super) fn mesh(&mut self) {
        let mode = if self.enforces() { "STRICT" } else { "PERMISSIVE" };
        self.add("mesh/peer-authentication.yaml", "peer-authentication.yaml", json!({"mode": mode}));
        self.add("mesh/authorization-policy-default.yaml", "authorization-policy-default.yaml", json!({}));
        let tracing = self.profile.tracing.as_ref().map(|tracing| json!({"sampling": tracing.sampling}));
        self.add("mesh/telemetry.yaml", "telemetry.yaml", json!({"tracing": tracing}));
        if self.enforces() {
            let sidecar = self.sidecar(&self.profile.mesh.namespace, "default", None, []);
            self.add("mesh/sidecar-default.yaml", "sidecars.yaml", json!({"sidecars": [sidecar]}));
        }
    }
}
