//! What istiod is given of a golden tree: its objects, Helm's, the assumed workloads, and whoever else a question needs.

use std::{collections::BTreeMap, fs};

use camino::Utf8Path;
use ipnet::IpNet;
use meshwright::profile::{Peer, Profile, Target, Unmeshed};
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    charts, cluster,
    trees::{Golden, text},
};

/// A workload that no profile knows: in a namespace of its own, and in each governed one.
pub const STRANGER: &str = "conformance-stranger";
/// A workload without a sidecar that no profile knows, and its namespace.
pub const OUTSIDER: &str = "conformance-outsider";

/// Writes the case into a folder, and returns the environment that istiod runs with in the tree.
pub fn write(
    bench: &Bench,
    tree: &Golden,
    folder: &Utf8Path,
    change: &dyn Fn(&mut Value),
) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::new();
    let mut objects: Vec<Value> = tree.objects().map(|(_, object)| object.clone()).collect();
    objects.iter_mut().for_each(change);
    for release in tree.of_kind("HelmRelease") {
        let chart = text(release, "/spec/chart/spec/chart");
        if chart == "istiod" || chart == "gateway" {
            let made = charts::rendered(bench, "helm3", release, tree);
            environment.extend(
                made.iter().filter(|object| object["metadata"]["name"] == "istiod").flat_map(variables),
            );
            objects.extend(made);
        }
    }
    objects.extend(others(&tree.profile));
    let mut namespaces = cluster::namespaces(objects.iter());
    for namespace in &mut namespaces {
        let name = text(namespace, "/metadata/name").to_owned();
        let is_governed = tree.profile.namespaces.iter().any(|governed| governed.name == name);
        if namespace["metadata"]["labels"].is_null() && (is_governed || name == STRANGER) {
            namespace["metadata"]["labels"] = json!({"istio-injection": "enabled"});
        }
    }
    objects.retain(|object| object["kind"] != "Namespace");
    let documents: Vec<String> = namespaces.iter().chain(&objects).map(Value::to_string).collect();
    let mut case = documents.join("\n---\n");
    for (there, here) in loopback(&tree.profile) {
        case = case.replace(&format!("\"{there}\""), &format!("\"{here}\""));
    }
    fs::write(folder.join("case.yaml"), case).expect("our own folder can be written");
    environment
}

/// Returns the addresses outside the cluster that may call, each with a part of loopback that stands in for it.
pub fn loopback(profile: &Profile) -> BTreeMap<IpNet, IpNet> {
    let callers = profile.flows.iter().filter_map(|flow| match &flow.from {
        Peer::Cidr(net @ IpNet::V4(_)) if net.prefix_len() >= 16 => Some(*net),
        _ => None,
    });
    let numbered = callers.enumerate().map(|(number, net)| {
        let stand_in = format!("127.{}.0.0/{}", 150 + number, net.prefix_len());
        (net, stand_in.parse().expect("a network"))
    });
    numbered.collect()
}

/// Returns the variables that a Deployment sets to a plain value.
fn variables(object: &Value) -> Vec<(String, String)> {
    let containers = object.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let variables = containers
        .into_iter()
        .flatten()
        .flat_map(|container| container["env"].as_array().into_iter().flatten());
    let plain = variables.filter_map(|variable| {
        Some((variable["name"].as_str()?.to_owned(), variable["value"].as_str()?.to_owned()))
    });
    plain.collect()
}

/// Returns strangers, and whoever stands outside the mesh at the end of a flow.
fn others(profile: &Profile) -> Vec<Value> {
    let mut made = Vec::new();
    let strangers = profile.namespaces.iter().map(|namespace| namespace.name.as_str()).chain([STRANGER]);
    for namespace in strangers {
        made.push(deployment(namespace, STRANGER, &json!({"app": STRANGER}), &[]));
    }
    made.push(deployment(OUTSIDER, OUTSIDER, &json!({"app": OUTSIDER}), &[]));
    for (index, (pods, ports)) in unmeshed(profile).into_iter().enumerate() {
        let mut labels = json!(pods.labels);
        labels["conformance"] = "unmeshed".into();
        let name = unmeshed_name(index);
        made.push(deployment(&pods.namespace, &name, &labels, &ports));
        if !ports.is_empty() {
            made.push(service(&pods.namespace, &name, &labels, &ports));
        }
    }
    let api = json!({"app": "kubernetes", "sidecar.istio.io/inject": "false"});
    made.push(deployment("default", "kubernetes", &api, &[443]));
    made.push(service("default", "kubernetes", &api, &[443]));
    if let Some(tracing) = &profile.tracing {
        let labels = json!({"app": tracing.service});
        made.push(deployment(&tracing.namespace, &tracing.service, &labels, &[tracing.port]));
        made.push(service(&tracing.namespace, &tracing.service, &labels, &[tracing.port]));
    }
    let gateway = json!({"name": profile.tls_secret, "namespace": profile.gateway.namespace});
    let pair = json!({"tls.crt": "", "tls.key": ""}); // the certificate that is served is the authority's
    made.push(json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": gateway, "data": pair}));
    made
}

/// Returns the pods without a sidecar that flows name, with the ports on which they are called.
pub fn unmeshed(profile: &Profile) -> BTreeMap<Unmeshed, Vec<u16>> {
    let mut found: BTreeMap<Unmeshed, Vec<u16>> = BTreeMap::new();
    for flow in &profile.flows {
        if let Peer::Unmeshed(pods) = &flow.from {
            found.entry(pods.clone()).or_default();
        }
        if let Target::Unmeshed(pods, port) = &flow.to {
            found.entry(pods.clone()).or_default().push(*port);
        }
    }
    found
}

/// Returns the name of the workload that stands for the pods at a place in [`unmeshed`].
pub fn unmeshed_name(index: usize) -> String {
    format!("conformance-unmeshed-{index}")
}

fn deployment(namespace: &str, name: &str, labels: &Value, ports: &[u16]) -> Value {
    let ports: Vec<Value> = ports.iter().map(|port| json!({"containerPort": port})).collect();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"serviceAccountName": name, "containers": [{"name": "it", "image": "none.invalid/none", "ports": ports}]},
        }},
    })
}

fn service(namespace: &str, name: &str, labels: &Value, ports: &[u16]) -> Value {
    let ports: Vec<Value> =
        ports.iter().map(|port| json!({"name": format!("tcp-{port}"), "port": port})).collect();
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": labels, "ports": ports},
    })
}
