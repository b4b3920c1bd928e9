//! What others' evaluators say of random trees, and what our engine says.
//!
//! kube-network-policies decides packet by packet for a data plane. network-config-analyzer computes all connections at once,
//! by NetworkPolicies or by AuthorizationPolicies. Both are told what an API server would have stored.

mod authorization;
mod connections;
mod network;
mod texts;
mod tree;

use std::{fs, process::Command, time::Duration};

use serde_json::{Value, json};

use self::{
    connections::Connections,
    tree::{End, Packet, Tree},
};
use crate::bench::{self, Bench, Extent};

/// Puts trees to an evaluator and to our engine, and notes how many packets they agree on.
fn judge(
    bench: &Bench,
    judge: &str,
    trees: impl Iterator<Item = Tree>,
    packets: fn(&Tree) -> Vec<Packet>,
    verdicts: impl Fn(&Tree, &[Packet]) -> Vec<bool>,
) {
    let (mut count, mut open, mut all) = (0, 0, 0);
    for tree in trees {
        let packets = packets(&tree);
        open += tree.assert_agreed(&packets, &verdicts(&tree, &packets));
        all += packets.len();
        count += 1;
    }
    assert!((all / 10..all * 9 / 10).contains(&open), "{open} of {all} are open, which tells little");
    bench.compared(judge, format!("{all} packets in {count} trees as we say, {open} of them open"));
}

#[test]
fn a_data_plane_lets_through_what_we_say() {
    let Some(bench) = Bench::of("analysers") else { return };
    let count = if bench.extent == Extent::All { 400 } else { 60 };
    let verdicts = |tree: &Tree, packets: &[Packet]| accepted(&bench, tree, packets);
    judge(&bench, "kube-network-policies", (0..count).map(network::tree), network::packets, verdicts);
}

#[test]
fn an_analyzer_finds_the_connections_that_we_find() {
    let Some(bench) = Bench::of("analysers") else { return };
    let count = if bench.extent == Extent::All { 100 } else { 15 };
    let name = "network-config-analyzer";
    let verdicts = |tree: &Tree, packets: &[Packet]| allowed(&bench, tree, packets);
    let of_network = (1000..1000 + count).map(network::tree);
    judge(&bench, &format!("{name}, NetworkPolicies"), of_network, network::packets, verdicts);
    let of_mesh = (2000..2000 + count).map(authorization::tree);
    judge(&bench, &format!("{name}, AuthorizationPolicies"), of_mesh, authorization::packets, verdicts);
}

/// Returns which packets kube-network-policies accepts.
fn accepted(bench: &Bench, tree: &Tree, packets: &[Packet]) -> Vec<bool> {
    let address = |end: &End| match end {
        End::Pod(pod) => tree.pods[pod]["status"]["podIP"].clone(),
        End::Outside(address) => json!(address),
    };
    let packet = |packet: &Packet| {
        let (from, to) = (address(&packet.from), address(&packet.to));
        json!({"from": from, "to": to, "protocol": packet.protocol, "port": packet.port})
    };
    let pods: Vec<&Value> = tree.pods.values().collect();
    let packets: Vec<Value> = packets.iter().map(packet).collect();
    let request =
        json!({"namespaces": tree.namespaces, "pods": pods, "policies": tree.policies, "packets": packets});
    let said = bench::run(&mut bench.command("policies"), &request.to_string(), Duration::from_secs(60));
    assert!(said.is_success, "kube-network-policies: {}", said.err);
    serde_json::from_str(&said.out).expect("it answers in JSON")
}

/// Returns which packets are of a connection that network-config-analyzer finds.
fn allowed(bench: &Bench, tree: &Tree, packets: &[Packet]) -> Vec<bool> {
    let folder = bench.scratch("tree");
    fs::write(folder.join("all.yaml"), network::readable(tree)).expect("our own folder can be written");
    let mut command = Command::new(bench.at("analyzer/bin/nca"));
    command.args(["--connectivity", "-r", folder.as_str(), "-o", "txt_no_fw_rules", "--print_ipv6"]);
    let said = bench::run(command.args(["--output_endpoints", "pods"]), "", Duration::from_secs(60));
    assert!(said.is_success, "seed {}: network-config-analyzer: {}", tree.seed, said.err);
    let found = Connections::read(&said.out);
    packets.iter().map(|packet| found.allow(packet)).collect()
}
