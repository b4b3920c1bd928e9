//! What istiod is given of a tree: its objects, Helm's, the assumed workloads, and whoever else a question needs.

use std::{collections::BTreeMap, process::Command, time::Duration};

use camino::Utf8Path;
use ipnet::IpNet;
use meshwright::profile::{Peer, Profile, Target, Unmeshed};
use serde_json::{Value, json};

use crate::{
    bench::{self, Bench},
    charts, cluster,
    trees::Golden,
};

/// A workload that no profile knows: in a namespace of its own, and in each governed one.
pub const STRANGER: &str = "conformance-stranger";
/// A workload without a sidecar that no profile knows, and its namespace.
pub const OUTSIDER: &str = "conformance-outsider";

/// A cluster's objects, and the environment that istiod runs with there.
pub struct Case {
    pub environment: BTreeMap<String, String>,
    pub objects: Vec<Value>,
}

impl Case {
    /// Returns what the chart of istiod brings, as a tree has it: the configuration of mesh and injector, and istiod.
    pub fn control_plane(bench: &Bench, tree: &Golden) -> Self {
        let release = control_plane(tree);
        let mut objects = charts::rendered(bench, "helm3", release, tree);
        // The istiod that is asked is of one revision, and reads what the default one would.
        let suffix = release["spec"]["values"]["revision"].as_str().map(|revision| format!("-{revision}"));
        let of_it =
            |name: &str| suffix.as_deref().and_then(|suffix| name.strip_suffix(suffix)).map(str::to_owned);
        for object in &mut objects {
            let is_read = ["ConfigMap", "Deployment"].iter().any(|kind| object["kind"] == *kind);
            let name = object["metadata"]["name"].as_str().and_then(of_it).filter(|_| is_read);
            if let Some(name) = name {
                object["metadata"]["name"] = name.into();
            }
        }
        let environment =
            objects.iter().filter(|object| object["metadata"]["name"] == "istiod").flat_map(variables);
        Self { environment: environment.collect(), objects }
    }

    /// Returns what runs in the cluster of a tree, its charts and assumed workloads among them, with what its README asks
    /// of others: namespaces that exist, and the Secret of the gateway. What follows a canary follows the one istiod.
    pub fn of(bench: &Bench, tree: &Golden, folder: &Utf8Path) -> Self {
        let Self { environment, mut objects } = Self::control_plane(bench, tree);
        objects.extend(tree.objects().map(|(_, object)| object.clone()));
        let asked = &control_plane(tree)["metadata"]["name"];
        for release in tree.of_kind("HelmRelease") {
            if release["metadata"]["name"] != *asked {
                let made = charts::rendered(bench, "helm3", release, tree).into_iter();
                // Its pods go through the injector of the one istiod, so that the ConfigMaps of its own judge nothing.
                let is_canary = release["spec"]["chart"]["spec"]["chart"] == "istiod";
                objects.extend(made.filter(|object| !(is_canary && object["kind"] == "ConfigMap")));
            }
        }
        for namespace in tree.profile.namespaces.iter().filter(|namespace| !namespace.is_rendered) {
            objects.push(injected(&namespace.name, namespace.revision.as_deref()));
        }
        objects.push(secret(&tree.profile, folder));
        Self { environment, objects }
    }

    /// Adds strangers and whoever stands outside the mesh at the end of a flow, and moves what has to be on loopback there.
    pub fn with_others(mut self, profile: &Profile) -> Self {
        self.objects.push(injected(STRANGER, profile.revisions.main.as_deref()));
        self.objects.extend(others(profile));
        let namespaces = cluster::namespaces(self.objects.iter());
        self.objects.retain(|object| object["kind"] != "Namespace");
        self.objects.extend(namespaces);
        let mut text = Value::from(self.objects).to_string();
        for (there, here) in loopback(profile) {
            text = text.replace(&format!("\"{there}\""), &format!("\"{here}\""));
        }
        self.objects = serde_json::from_str(&text).expect("it was JSON before");
        self
    }
}

/// Returns the release of istiod that a tree's mesh is of; a canary's is another one's.
pub fn control_plane(tree: &Golden) -> &Value {
    let version = tree.profile.chart_version.to_string();
    let is_of_mesh = |release: &&Value| {
        let chart = &release["spec"]["chart"]["spec"];
        chart["chart"] == "istiod" && chart["version"] == *version
    };
    tree.of_kind("HelmRelease").find(is_of_mesh).expect("every tree has one")
}

/// Returns a namespace whose pods the injector of a revision, or the default one, gives a sidecar.
pub fn injected(name: &str, revision: Option<&str>) -> Value {
    let labels = match revision {
        Some(revision) => json!({"istio.io/rev": revision}),
        None => json!({"istio-injection": "enabled"}),
    };
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

/// Returns the Secret that the gateway serves, made by openssl.
fn secret(profile: &Profile, folder: &Utf8Path) -> Value {
    let openssl = |arguments: &[&str]| {
        let said = bench::run(
            Command::new("openssl").args(arguments).current_dir(folder),
            "",
            Duration::from_secs(30),
        );
        assert!(said.is_success, "openssl {arguments:?}: {}", said.err);
        said.out
    };
    let name = format!("/CN=*.{}", profile.domain);
    let key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key"];
    openssl(&[&["req", "-x509", "-days", "30", "-subj", &name, "-out", "tls.crt"], &key[..]].concat());
    let base64 = |file: &str| openssl(&["base64", "-A", "-in", file]);
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {"name": profile.tls_secret, "namespace": profile.gateway.namespace},
        "data": {"tls.crt": base64("tls.crt"), "tls.key": base64("tls.key")},
    })
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
        made.extend(workload(namespace, STRANGER, &json!({"app": STRANGER}), "tcp", &[]));
    }
    made.extend(workload(OUTSIDER, OUTSIDER, &json!({"app": OUTSIDER}), "tcp", &[]));
    for (index, (pods, ports)) in unmeshed(profile).into_iter().enumerate() {
        let mut labels = json!(pods.labels);
        labels["conformance"] = "unmeshed".into();
        let name = unmeshed_name(index);
        made.extend(workload(&pods.namespace, &name, &labels, "tcp", &ports));
    }
    let api = json!({"app": "kubernetes", "sidecar.istio.io/inject": "false"});
    made.extend(workload("default", "kubernetes", &api, "tcp", &[443]));
    if let Some(tracing) = &profile.tracing {
        let labels = json!({"app": tracing.service});
        made.extend(workload(&tracing.namespace, &tracing.service, &labels, "tcp", &[tracing.port]));
    }
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

/// Returns a Deployment with an account of its name, and the Service of its ports where it has any.
///
/// What they speak is `http`, `tcp` or what else Istio reads in a port's name.
pub fn workload(namespace: &str, name: &str, labels: &Value, speaks: &str, ports: &[u16]) -> Vec<Value> {
    let containers: Vec<Value> = ports.iter().map(|port| json!({"containerPort": port})).collect();
    let metadata = json!({"name": name, "namespace": namespace});
    let mut made = vec![json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata,
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels},
            "spec": {"serviceAccountName": name, "containers": [{"name": "it", "image": "none.invalid/none", "ports": containers}]},
        }},
    })];
    if !ports.is_empty() {
        let ports = ports.iter().map(|port| json!({"name": format!("{speaks}-{port}"), "port": port}));
        made.push(json!({
            "apiVersion": "v1", "kind": "Service", "metadata": metadata,
            "spec": {"selector": labels, "ports": ports.collect::<Vec<_>>()},
        }));
    }
    made
}
