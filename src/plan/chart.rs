//! `HelmReleases`: which chart goes where, and what its values depend on.

use serde_json::{Map, Value, json};

use super::{Folder, GATEWAY, Plan, Values};
use crate::{
    profile::{ControlPlane, TracingProvider},
    release::{CniKey, Istio, Patch},
    yaml::Node,
};

/// A release of one of Istio's charts.
pub(super) struct Chart<'a> {
    pub name: &'static str,
    pub version: Patch,
    pub release: &'a str,
    pub namespace: &'a str,
    /// The release that has to be Ready before.
    pub depends_on: Option<&'a str>,
    pub template: &'static str,
    pub overlay: Option<&'a Node>,
}

impl Plan<'_> {
    fn helm_release(&self, folder: &mut Folder, path: &str, chart: &Chart<'_>, own: Value) {
        let (istio, installed) = (facts(chart.version), chart.version.patch);
        let is_gateway = chart.name == "gateway";
        // Only the gateway chart has a schema, and a broken one refuses the chart's own defaults. From Flux 2.4 on the
        // field exists; set there already, it spares the day on which Flux is upgraded.
        let disable_schema_validation = is_gateway
            && self.flux.helm_release.disable_schema_validation
            && istio.gateway_schema_is_broken(installed);
        let has_webhook = matches!(chart.name, "base" | "istiod") && istio.upgrade_resets_webhooks(installed);
        let overlay = chart.overlay.cloned();
        let Value::Object(mut context) = own else { unreachable!("contexts are objects") };
        context.extend(object(json!({
            "release": chart.release,
            "chart": chart.name,
            "version": chart.version.to_string(),
            "namespace": chart.namespace,
            "dependsOn": chart.depends_on,
            "crds": chart.name == "base",
            "disableSchemaValidation": disable_schema_validation,
            "webhook": has_webhook,
        })));
        folder.add(path, "helmrelease.yaml", Value::Object(context));
        let file = folder.files.last_mut().expect("it was added just now");
        file.values = Some(Values { template: chart.template, overlay });
    }

    /// Adds the chart that brings the CRDs, those of the newest release, and the webhook of the first control plane.
    pub(super) fn base(&self, folder: &mut Folder) {
        let profile = self.profile;
        let chart = Chart {
            name: "base",
            version: profile.revisions.newest(profile.chart_version),
            release: "istio-base",
            namespace: &profile.mesh.namespace,
            depends_on: None,
            template: "values/base.yaml",
            overlay: profile.values.base.as_ref(),
        };
        let validates = profile.revisions.main.as_deref().unwrap_or("default");
        self.helm_release(folder, "helmrelease-base.yaml", &chart, json!({"defaultRevision": validates}));
    }

    /// Adds the chart of the plugin, of which a node has one: it fits control planes one minor newer (istio.io, "Install
    /// the Istio CNI node agent"), so it follows the first.
    pub(super) fn cni(&self, folder: &mut Folder) {
        let profile = self.profile;
        let chart = Chart {
            name: "cni",
            version: profile.chart_version,
            release: "istio-cni",
            namespace: crate::profile::CNI_NAMESPACE,
            depends_on: Some("istio-base"),
            template: "values/cni.yaml",
            overlay: profile.values.cni.as_ref(),
        };
        let own = json!({"images": profile.mesh.images, "cniNamespace": crate::profile::CNI_NAMESPACE, "platform": self.platform(profile.chart_version)});
        self.helm_release(folder, "helmrelease-cni.yaml", &chart, own);
    }

    pub(super) fn istiod(&self, folder: &mut Folder, plane: &ControlPlane<'_>) {
        let profile = self.profile;
        let (cni, istio, name) = (profile.mesh.cni, facts(plane.version), plane.name());
        let chart = Chart {
            name: "istiod",
            version: plane.version,
            release: &name,
            namespace: &profile.mesh.namespace,
            depends_on: Some(if cni { "istio-cni" } else { "istio-base" }),
            template: "values/istiod.yaml",
            overlay: plane.values,
        };
        let native_sidecars = profile.kubernetes_version.has_native_sidecars();
        let tracing = profile.tracing.as_ref().map(|tracing| {
            json!({
                "key": match tracing.provider {
                    TracingProvider::Opentelemetry => "opentelemetry",
                    TracingProvider::Zipkin => "zipkin",
                },
                "service": format!("{}.{}.svc.cluster.local", tracing.service, tracing.namespace),
                "port": tracing.port,
            })
        });
        let own = json!({
            "revision": plane.revision,
            "images": plane.images,
            "legacyTracer": istio.default_tracer,
            "cni": cni,
            "legacyCni": istio.cni_key == CniKey::IstioCni,
            "platform": self.platform(plane.version),
            "nativeSidecars": native_sidecars,
            "holdApplication": !native_sidecars,
            "fips": profile.mesh.fips,
            "accessLogFormat": access_log_format(profile.namespaces.iter().any(|namespace| !profile.enforces(namespace))),
            "outbound": if self.enforces() { "REGISTRY_ONLY" } else { "ALLOW_ANY" },
            "trustDomain": profile.mesh.trust_domain,
            "pathNormalization": profile.mesh.path_normalization,
            // COMPLIANCE_POLICY turns any floor into 1.2 (istio/istio `pilot/pkg/security/model/authentication.go`).
            "meshTls": if profile.mesh.fips { "TLSV1_2" } else { "TLSV1_3" },
            "tracing": tracing,
        });
        self.helm_release(folder, &format!("helmrelease-{name}.yaml"), &chart, own);
    }

    /// Returns the key by which the charts learn of OpenShift, where they have to: a chart's profile up to 1.23
    /// (`files/profile-openshift.yaml`), `global.platform` from 1.24 on (`files/profile-platform-openshift.yaml`).
    fn platform(&self, version: Patch) -> Option<&'static str> {
        let is_openshift = self.profile.is_openshift && self.profile.mesh.cni;
        is_openshift.then_some(match facts(version).cni_key {
            CniKey::IstioCni => "profile",
            CniKey::PilotCni => "global.platform",
        })
    }

    pub(super) fn gateway_release(&self, folder: &mut Folder) {
        let profile = self.profile;
        let revision = profile.gateway.revision.as_deref();
        let plane = profile.control_plane(revision);
        let chart = Chart {
            name: "gateway",
            version: plane.version,
            release: GATEWAY,
            namespace: &profile.gateway.namespace,
            depends_on: Some(&plane.name()),
            template: "values/gateway.yaml",
            overlay: profile.values.gateway.as_ref(),
        };
        let own = json!({"revision": revision, "meant": plane.revision, "replicas": profile.gateway.replicas, "service": profile.gateway.service});
        self.helm_release(folder, "helmrelease-gateway.yaml", &chart, own);
    }
}

fn facts(version: Patch) -> &'static Istio {
    Istio::of(version.minor).expect("a profile names a supported Istio")
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => unreachable!("contexts are objects"),
    }
}

/// The access log's keys: who called, as whom, over what, what was asked, and what became of it.
///
/// Istio's own JSON format names neither peer's identity nor the TLS version (`EnvoyJSONLogFormatIstio`,
/// istio/istio `pilot/pkg/model/telemetry_logging.go`). In audit the dry-run verdict is logged as well.
fn access_log_format(audit: bool) -> String {
    let mut keys = vec![
        ("start_time", "%START_TIME%"),
        ("source", "%DOWNSTREAM_REMOTE_ADDRESS%"),
        ("source_direct", "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%"),
        ("source_principal", "%DOWNSTREAM_PEER_URI_SAN%"),
        ("source_tls_version", "%DOWNSTREAM_TLS_VERSION%"),
        ("source_tls_cipher", "%DOWNSTREAM_TLS_CIPHER%"),
        ("requested_server_name", "%REQUESTED_SERVER_NAME%"),
        ("destination", "%DOWNSTREAM_LOCAL_ADDRESS%"),
        ("upstream", "%UPSTREAM_HOST%"),
        ("upstream_cluster", "%UPSTREAM_CLUSTER%"),
        ("upstream_principal", "%UPSTREAM_PEER_URI_SAN%"),
        ("upstream_transport_failure", "%UPSTREAM_TRANSPORT_FAILURE_REASON%"),
        ("method", "%REQ(:METHOD)%"),
        ("authority", "%REQ(:AUTHORITY)%"),
        ("path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"),
        ("protocol", "%PROTOCOL%"),
        ("user_agent", "%REQ(USER-AGENT)%"),
        ("forwarded_for", "%REQ(X-FORWARDED-FOR)%"),
        ("request_id", "%REQ(X-REQUEST-ID)%"),
        ("route", "%ROUTE_NAME%"),
        ("response_code", "%RESPONSE_CODE%"),
        ("response_code_details", "%RESPONSE_CODE_DETAILS%"),
        ("response_flags", "%RESPONSE_FLAGS%"),
        ("connection_termination", "%CONNECTION_TERMINATION_DETAILS%"),
        ("bytes_received", "%BYTES_RECEIVED%"),
        ("bytes_sent", "%BYTES_SENT%"),
        ("duration", "%DURATION%"),
    ];
    if audit {
        // HTTP and TCP have a filter each, and each keeps its own verdict.
        keys.extend([
            ("dry_run_verdict", "%DYNAMIC_METADATA(envoy.filters.http.rbac:istio_dry_run_allow_shadow_engine_result)%"),
            ("dry_run_policy", "%DYNAMIC_METADATA(envoy.filters.http.rbac:istio_dry_run_allow_shadow_effective_policy_id)%"),
            ("dry_run_tcp_verdict", "%DYNAMIC_METADATA(envoy.filters.network.rbac:istio_dry_run_allow_shadow_engine_result)%"),
            ("dry_run_tcp_policy", "%DYNAMIC_METADATA(envoy.filters.network.rbac:istio_dry_run_allow_shadow_effective_policy_id)%"),
        ]);
    }
    let keys: Map<String, Value> =
        keys.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    format!("{:#}", Value::Object(keys))
}
