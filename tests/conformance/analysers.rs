//! What others' evaluators of NetworkPolicies say of random trees, and what our engine says.
//!
//! kube-network-policies decides packet by packet for a data plane. network-config-analyzer computes all connections at once.
//! Both are told what an API server would have stored. None of the pods has a proxy.

mod connections;

use std::{collections::BTreeMap, fs, net::IpAddr, process::Command, time::Duration};

use meshwright::{
    manifest::{self, Protocol},
    mesh::{Config, Mesh, Truth},
    reach::{Client, Port, Question, Reach, Request, Target},
    source::Sources,
};
use serde::Serialize;
use serde_json::{Value, json};

use self::connections::Connections;
use crate::{
    bench::{self, Bench, Extent},
    naive::random::{self, Case},
};

/// Where the pods' addresses are.
const PODS: &str = "100.64.0.0/16";
/// Addresses outside, at the edges of the blocks that policies name, and in none.
const OUTSIDE: [&str; 7] =
    ["10.1.2.3", "10.1.2.4", "192.0.2.127", "192.0.2.128", "198.51.100.7", "2001:db8:1::1", "2001:db8:2::1"];
const PORTS: [u16; 9] = [78, 79, 80, 81, 82, 3306, 8079, 8080, 8082];
const PROTOCOLS: [(&str, Protocol); 3] =
    [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];

/// A random tree, as an API server would have stored it.
struct Tree {
    seed: u64,
    namespaces: Vec<Value>,
    /// By `NAMESPACE/NAME`.
    pods: BTreeMap<String, Value>,
    policies: Vec<Value>,
}

/// The first packet of a connection. At least one end is a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Packet {
    from: End,
    to: End,
    protocol: usize,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    Pod(String),
    Outside(IpAddr),
}

impl Tree {
    fn new(seed: u64) -> Self {
        let case = Case::new(seed, 0);
        let mut tree = Self { seed, namespaces: Vec::new(), pods: BTreeMap::new(), policies: Vec::new() };
        let mut labels: BTreeMap<String, Value> = BTreeMap::new();
        for object in case.cluster.objects {
            let value = object.value;
            if object.kind == "Namespace" {
                labels.insert(object.name, value["metadata"]["labels"].clone());
                continue;
            }
            labels.entry(object.namespace.clone()).or_default();
            if object.kind == "NetworkPolicy" {
                tree.policies.push(stored_policy(value));
            } else if let Some(template) = template(&value) {
                tree.add(&object.namespace, &object.name, template);
            }
        }
        for (name, labels) in labels {
            let mut labels = own_labels(&labels);
            labels["kubernetes.io/metadata.name"] = json!(name);
            let metadata = json!({"name": name, "labels": labels});
            tree.namespaces.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}));
        }
        tree
    }

    /// Adds the pod of a template. Policies say nothing sure of one with its node's network (semantics NP30).
    fn add(&mut self, namespace: &str, name: &str, template: &Value) {
        let spec = &template["spec"];
        if spec["hostNetwork"] == true {
            return;
        }
        let address = format!("100.64.0.{}", self.pods.len() + 1);
        let metadata = json!({"name": name, "namespace": namespace, "labels": own_labels(&template["metadata"]["labels"])});
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": {"containers": stored_containers(spec["containers"].clone())},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
        });
        self.pods.insert(format!("{namespace}/{name}"), pod);
    }

    fn objects(&self) -> impl Iterator<Item = &Value> + Clone {
        self.namespaces.iter().chain(self.pods.values()).chain(&self.policies)
    }

    fn text(&self) -> String {
        random::text(&self.objects().cloned().collect::<Vec<_>>())
    }

    /// Returns the tree without what network-config-analyzer refuses and Kubernetes takes.
    fn readable(&self) -> String {
        let mut objects: Vec<Value> = self.objects().cloned().collect();
        objects.iter_mut().filter(|object| object["kind"] == "NetworkPolicy").for_each(without_idle_rules);
        random::text(&objects)
    }

    /// Returns a packet for each pair that has a pod in it, each protocol and each port. A pod reaches itself (NP28).
    fn packets(&self) -> Vec<Packet> {
        let pods = || self.pods.keys().cloned().map(End::Pod);
        let outside = || OUTSIDE.map(|address| End::Outside(address.parse().expect("an address")));
        let within = pods().flat_map(|from| pods().map(move |to| (from.clone(), to)));
        let out = pods().flat_map(|from| outside().map(|to| (from.clone(), to)));
        let into = pods().flat_map(|to| outside().map(|from| (from, to.clone())));
        within
            .filter(|(from, to)| from != to)
            .chain(out)
            .chain(into)
            .flat_map(|(from, to)| {
                (0..PROTOCOLS.len()).flat_map(move |protocol| {
                    let (from, to) = (from.clone(), to.clone());
                    PORTS.map(move |port| Packet { from: from.clone(), to: to.clone(), protocol, port })
                })
            })
            .collect()
    }

    /// Returns what our engine says of each packet; all that it needs to know is there.
    fn verdicts(&self, packets: &[Packet]) -> Vec<bool> {
        let mut sources = Sources::default();
        let file = sources.add("all.yaml", self.text());
        let (manifests, faults) = manifest::load(&sources, [file]);
        assert_eq!(faults, [], "seed {}", self.seed);
        let mesh = Mesh::resolve(&manifests, Config::default());
        let reach = Reach::of(&mesh);
        let endpoints = reach.endpoints();
        let ids: BTreeMap<_, _> =
            mesh.pods().iter().map(|pod| (pod.path().clone(), endpoints.of(pod.id))).collect();
        let verdict = |packet: &Packet| {
            let from = match &packet.from {
                End::Pod(pod) => ids[pod],
                End::Outside(_) => endpoints.outside(),
            };
            let to = match &packet.to {
                End::Pod(pod) => Target::Pod(ids[pod]),
                End::Outside(address) => Target::Address(*address, None),
            };
            let source = if let End::Outside(address) = packet.from { Some(address) } else { None };
            let port = Port { protocol: PROTOCOLS[packet.protocol].1, number: packet.port };
            let request = Request { source, ..Request::default() };
            match reach.verdict(&Question { from, to, port, client: Client::PlainBytes, request }) {
                Truth::Yes => true,
                Truth::No => false,
                Truth::Unknown => panic!("seed {}: nothing is unknown here: {packet:?}", self.seed),
            }
        };
        packets.iter().map(verdict).collect()
    }

    /// Says where verdicts differ; nothing if nowhere.
    fn differences(&self, packets: &[Packet], ours: &[bool], theirs: &[bool]) -> Vec<String> {
        assert_eq!(
            (packets.len(), packets.len()),
            (ours.len(), theirs.len()),
            "each packet has its verdicts"
        );
        let all = packets.iter().zip(ours).zip(theirs);
        all.filter(|((_, ours), theirs)| ours != theirs)
            .map(|((packet, ours), _)| format!("seed {}: ours is {ours} of {packet:?}", self.seed))
            .collect()
    }
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

/// Returns what kube-network-policies says of each packet.
fn accepted(bench: &Bench, tree: &Tree, packets: &[Packet]) -> Vec<bool> {
    #[derive(Serialize)]
    struct Asked<'a> {
        from: &'a str,
        to: &'a str,
        protocol: &'a str,
        port: u16,
    }
    let outside: BTreeMap<IpAddr, String> =
        OUTSIDE.iter().map(|text| (text.parse().expect("an address"), (*text).to_owned())).collect();
    let address = |end: &End| match end {
        End::Pod(pod) => tree.pods[pod]["status"]["podIP"].as_str().expect("it has one").to_owned(),
        End::Outside(address) => outside[address].clone(),
    };
    let asked: Vec<Value> = packets
        .iter()
        .map(|packet| {
            let (from, to) = (address(&packet.from), address(&packet.to));
            json!(Asked { from: &from, to: &to, protocol: PROTOCOLS[packet.protocol].0, port: packet.port })
        })
        .collect();
    let pods: Vec<&Value> = tree.pods.values().collect();
    let request =
        json!({"namespaces": tree.namespaces, "pods": pods, "policies": tree.policies, "packets": asked});
    let said = bench::run(&mut bench.command("policies"), &request.to_string(), Duration::from_secs(60));
    assert!(said.is_success, "kube-network-policies: {}", said.err);
    serde_json::from_str(&said.out).expect("it answers in JSON")
}

/// Returns what network-config-analyzer says of all connections.
fn connections(bench: &Bench, tree: &Tree) -> Connections {
    let folder = bench.scratch("tree");
    fs::write(folder.join("all.yaml"), tree.readable()).expect("our own folder can be written");
    let mut command = Command::new(bench.at("analyzer/bin/nca"));
    command.args(["--connectivity", "-r", folder.as_str(), "-o", "txt_no_fw_rules", "--print_ipv6"]);
    let said = bench::run(command.args(["--output_endpoints", "pods"]), "", Duration::from_secs(60));
    assert!(said.is_success, "seed {}: network-config-analyzer: {}", tree.seed, said.err);
    Connections::read(&said.out)
}

#[test]
fn a_data_plane_lets_through_what_we_say() {
    let Some(bench) = Bench::of("analysers") else { return };
    let count = if bench.extent == Extent::All { 400 } else { 60 };
    let (mut open, mut all) = (0, 0);
    for seed in 0..count {
        let tree = Tree::new(seed);
        let packets = tree.packets();
        let ours = tree.verdicts(&packets);
        let faults = tree.differences(&packets, &ours, &accepted(&bench, &tree, &packets));
        assert!(
            faults.is_empty(),
            "{} differ: {}\n{}",
            faults.len(),
            faults[..faults.len().min(5)].join("\n"),
            tree.text()
        );
        open += ours.iter().filter(|is_open| **is_open).count();
        all += ours.len();
    }
    assert!(open > all / 10 && open < all * 9 / 10, "{open} of {all} are open");
    bench.compared(
        "kube-network-policies",
        format!("{all} packets in {count} trees as we say, {open} of them accepted"),
    );
}

#[test]
fn an_analyzer_finds_the_connections_that_we_find() {
    let Some(bench) = Bench::of("analysers") else { return };
    let count = if bench.extent == Extent::All { 100 } else { 20 };
    let (mut open, mut all) = (0, 0);
    for seed in 1000..1000 + count {
        let tree = Tree::new(seed);
        let packets = tree.packets();
        let ours = tree.verdicts(&packets);
        let found = connections(&bench, &tree);
        let theirs: Vec<bool> = packets.iter().map(|packet| found.allow(packet)).collect();
        let faults = tree.differences(&packets, &ours, &theirs);
        assert!(
            faults.is_empty(),
            "{} differ: {}\n{}",
            faults.len(),
            faults[..faults.len().min(5)].join("\n"),
            tree.text()
        );
        open += ours.iter().filter(|is_open| **is_open).count();
        all += ours.len();
    }
    bench.compared(
        "network-config-analyzer",
        format!("{all} packets in {count} trees as we say, {open} of them allowed"),
    );
}
