//! `control-plane/`: namespaces, Istio's charts, and the `NetworkPolicies` around them. No Istio object: the CRDs come
//! with this stage.

use serde_json::{Value, json};

use super::{
    File, Folder, Plan,
    network::{NetworkPeer, Openings, XDS},
    revision::injection,
};
use crate::profile::{CNI_NAMESPACE, PodSecurity};

/// The labels that hold a namespace to a level of the Pod Security Standards, and tell what the strictest would say.
pub(super) fn pod_security(level: PodSecurity) -> serde_json::Map<String, Value> {
    let label = |mode: &str, level: PodSecurity| (format!("pod-security.kubernetes.io/{mode}"), json!(level));
    [label("audit", PodSecurity::Restricted), label("enforce", level), label("warn", PodSecurity::Restricted)]
        .into_iter()
        .collect()
}

impl Plan<'_> {
    pub(super) fn control_plane(&self) -> Vec<File> {
        let mut folder = self.folder("control-plane");
        self.platform_namespaces(&mut folder);
        let oci = self.profile.flux.charts.url.starts_with("oci://");
        folder.add("helm-repository.yaml", "helm-repository.yaml", json!({"oci": oci}));
        self.base(&mut folder);
        if self.profile.mesh.cni {
            self.cni(&mut folder);
        }
        for plane in self.profile.control_planes() {
            self.istiod(&mut folder, &plane);
        }
        folder.add_some("revision-tags.yaml", "tags", &self.revision_tags(), &self.profile.mesh.namespace);
        if self.enforces() {
            self.mesh_network(&mut folder);
            self.gateway_network(&mut folder);
            if self.profile.mesh.cni {
                self.cni_network(&mut folder);
            }
        }
        folder.into_files()
    }

    fn platform_namespaces(&self, folder: &mut Folder) {
        let profile = self.profile;
        let namespace = |name: &str, (label, value): (&str, &str)| {
            let mut labels = pod_security(PodSecurity::Restricted);
            labels.insert(label.into(), json!(value));
            json!({"name": name, "labels": labels})
        };
        let mut namespaces = vec![
            namespace(&profile.mesh.namespace, ("istio-injection", "disabled")),
            namespace(&profile.gateway.namespace, injection(profile.gateway.revision.as_deref())),
        ];
        if profile.mesh.cni {
            // It writes to its node's disk, and no stricter level has anything to say to that.
            let labels = json!({"istio-injection": "disabled", "pod-security.kubernetes.io/enforce": PodSecurity::Privileged});
            namespaces.push(json!({"name": CNI_NAMESPACE, "labels": labels}));
        }
        folder.add("namespaces.yaml", "namespaces.yaml", json!({"namespaces": namespaces}));
    }

    fn mesh_network(&self, folder: &mut Folder) {
        let profile = self.profile;
        let mut istiod = Openings::default();
        istiod.let_in(profile.meshed().into_iter().chain([profile.gateway_pods()]), &XDS);
        let webhook = [("TCP", 15017)];
        if profile.api_server.webhook_from.is_empty() {
            istiod.let_anyone_in(&webhook);
        } else {
            istiod.let_in(NetworkPeer::blocks(&profile.api_server.webhook_from), &webhook);
        }
        profile.open_for_scraping(&mut istiod, 15014);
        profile.open_dns(&mut istiod);
        profile.open_api_server(&mut istiod);
        let selector = [("app".into(), "istiod".into())].into();
        let namespace = &profile.mesh.namespace;
        let policies = [default_deny(namespace), istiod.policy(namespace, "istiod", Some(&selector))];
        folder.network_policies(namespace, &policies);
    }

    fn gateway_network(&self, folder: &mut Folder) {
        let profile = self.profile;
        let mut gateway = Openings::default();
        let service = &profile.gateway.service;
        let served = [("TCP", 80), ("TCP", 443)];
        // Behind a load balancer that rewrites the source a range would refuse the clients it names.
        if service.external_traffic_policy == "Local" && !service.source_ranges.is_empty() {
            gateway.let_in(NetworkPeer::blocks(&service.source_ranges), &served);
        } else {
            gateway.let_anyone_in(&served);
        }
        gateway.let_anyone_in(&[("TCP", 15021)]);
        profile.open_for_proxies(&mut gateway);
        let namespace = &profile.gateway.namespace;
        let policies =
            [default_deny(namespace), gateway.policy(namespace, "gateway", Some(&super::gateway_labels()))];
        folder.network_policies(namespace, &policies);
    }

    fn cni_network(&self, folder: &mut Folder) {
        let mut cni = Openings::default();
        self.profile.open_api_server(&mut cni);
        self.profile.open_for_scraping(&mut cni, 15014);
        let selector = [("k8s-app".into(), "istio-cni-node".into())].into();
        let policies = [default_deny(CNI_NAMESPACE), cni.policy(CNI_NAMESPACE, "istio-cni", Some(&selector))];
        folder.network_policies(CNI_NAMESPACE, &policies);
    }
}

impl Folder {
    /// Adds `network-policies/<file>.yaml`.
    pub(super) fn network_policies(&mut self, file: &str, policies: &[Value]) {
        self.add(
            format!("network-policies/{file}.yaml"),
            "network-policies.yaml",
            json!({"policies": policies}),
        );
    }
}

/// The policy that isolates every pod of a namespace, both ways.
pub(super) fn default_deny(namespace: &str) -> Value {
    Openings::default().policy(namespace, "default-deny", None)
}
