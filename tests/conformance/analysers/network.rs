//! Random trees of pods without proxies, and of NetworkPolicies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tree::{End, PODS, Packet, Tree};
use crate::naive::random::{self, Case};

/// Addresses outside, at the edges of the blocks that policies name, and in none.
const OUTSIDE: [&str; 7] =
    ["10.1.2.3", "10.1.2.4", "192.0.2.127", "192.0.2.128", "198.51.100.7", "2001:db8:1::1", "2001:db8:2::1"];
const PORTS: [u16; 9] = [78, 79, 80, 81, 82, 3306, 8079, 8080, 8082];

/// Returns the tree of a seed: what of a random mesh is no matter of Istio's.
pub fn tree(seed: u64) -> Tree {
    let objects = Case::new(seed, 0).cluster.objects;
    let mut namespaces: BTreeMap<String, Value> = BTreeMap::new();
    for object in &objects {
        if object.kind == "Namespace" {
            namespaces.insert(object.name.clone(), own_labels(&object.value["metadata"]["labels"]));
        } else {
            namespaces.entry(object.namespace.clone()).or_insert_with(|| json!({}));
        }
    }
    let mut tree = Tree::of(seed, namespaces);
    for object in objects {
        if object.kind == "NetworkPolicy" {
            tree.policies.push(stored_policy(object.value));
        } else if let Some(template) = template(&object.value)
            // Policies say nothing sure of a pod with its node's network (semantics NP30).
            && template["spec"]["hostNetwork"] != true
        {
            let labels = own_labels(&template["metadata"]["labels"]);
            let spec = json!({"containers": stored_containers(template["spec"]["containers"].clone())});
            tree.add(&object.namespace, &object.name, &labels, &spec);
        }
    }
    tree
}

/// Returns a packet for each pair that has a pod in it, each protocol and each port.
pub fn packets(tree: &Tree) -> Vec<Packet> {
    let outside = OUTSIDE.map(|address| End::Outside(address.parse().expect("an address")));
    let across = tree.pods.keys().flat_map(|pod| {
        let pod = End::Pod(pod.clone());
        let both =
            outside.iter().flat_map(move |end| [(pod.clone(), end.clone()), (end.clone(), pod.clone())]);
        both.collect::<Vec<_>>()
    });
    let mut packets = Vec::new();
    for (from, to) in tree.pairs().chain(across) {
        for protocol in ["TCP", "UDP", "SCTP"] {
            let packet = |port| Packet { from: from.clone(), to: to.clone(), protocol, port, request: None };
            packets.extend(PORTS.map(packet));
        }
    }
    packets
}

/// Returns what a workload makes pods of.
fn template(workload: &Value) -> Option<&Value> {
    match workload["kind"].as_str()? {
        "Pod" => Some(workload),
        "CronJob" => workload.pointer("/spec/jobTemplate/spec/template"),
        _ => workload.pointer("/spec/template"),
    }
}

/// Returns the labels that policies select by; those of Istio put a proxy into a pod.
fn own_labels(labels: &Value) -> Value {
    let own = labels.as_object().into_iter().flatten().filter(|(key, _)| !key.contains("istio"));
    own.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Returns containers as an API server takes them: a name stands for one port (`validateContainerPorts` in
/// `pkg/apis/core/validation` of Kubernetes).
fn stored_containers(mut containers: Value) -> Value {
    for container in containers.as_array_mut().into_iter().flatten() {
        let mut named = Vec::new();
        for port in container.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            default_to(port, "protocol", json!("TCP"));
            let name = port["name"].clone();
            if named.contains(&name) {
                port.as_object_mut().expect("it is one").remove("name");
            }
            named.push(name);
        }
    }
    containers
}

fn default_to(object: &mut Value, key: &str, value: Value) {
    if object[key].is_null() {
        object[key] = value;
    }
}

/// Returns a policy as an API server stores it (`SetDefaults_NetworkPolicy` in `pkg/apis/networking/v1/defaults.go` of
/// Kubernetes): a list of nothing is none, and protocols and types are written out.
fn stored_policy(mut policy: Value) -> Value {
    prune(&mut policy);
    let spec = &mut policy["spec"];
    for (rules, peers) in [("ingress", "from"), ("egress", "to")] {
        for rule in spec.get_mut(rules).and_then(Value::as_array_mut).into_iter().flatten() {
            for port in rule.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
                default_to(port, "protocol", json!("TCP"));
            }
            for peer in rule.get_mut(peers).and_then(Value::as_array_mut).into_iter().flatten() {
                except_pods(peer);
            }
        }
    }
    let types = if spec.get("egress").is_some() { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    default_to(spec, "policyTypes", types);
    policy
}

/// A block means no pods to us (semantics NP19), and pods by their addresses to others.
fn except_pods(peer: &mut Value) {
    if let Some(block) = peer.get_mut("ipBlock").filter(|block| block["cidr"] == "0.0.0.0/0") {
        default_to(block, "except", json!([]));
        block["except"].as_array_mut().expect("it is a list").push(json!(PODS));
    }
}

/// Returns a tree as documents, without what network-config-analyzer refuses and Kubernetes takes.
pub fn readable(tree: &Tree) -> String {
    let mut objects = tree.objects();
    objects.iter_mut().filter(|object| object["kind"] == "NetworkPolicy").for_each(without_idle_rules);
    random::text(&objects)
}

/// Rules of a direction that `policyTypes` does not name say nothing, and are an error to network-config-analyzer
/// (`nca/Parsers/K8sPolicyYamlParser.py`).
fn without_idle_rules(policy: &mut Value) {
    let spec = policy["spec"].as_object_mut().expect("it has one");
    let types = spec["policyTypes"].clone();
    let is_idle = |key: &str| !types.as_array().into_iter().flatten().any(|one| *one == key);
    for (key, named) in [("ingress", "Ingress"), ("egress", "Egress")] {
        if is_idle(named) {
            spec.remove(key);
        }
    }
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !(field.is_null() || field.as_array().is_some_and(Vec::is_empty)));
            fields.values_mut().for_each(prune);
        }
        Value::Array(items) => items.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
