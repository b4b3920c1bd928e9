//! Random trees of pods with proxies, and of AuthorizationPolicies with what network-config-analyzer models of them.

use serde_json::{Value, json};

use super::tree::{Packet, Request, Tree};
use crate::naive::random::Dice;

const NAMESPACES: [&str; 2] = ["shop", "pay"];
/// The root namespace, whose name is fixed in network-config-analyzer (`nca/Parsers/IstioGenericYamlParser.py`).
const ROOT: &str = "istio-config";
const ACCOUNTS: [&str; 3] = ["default", "web", "cart"];
const VALUES: [&str; 2] = ["x", "y"];
const PORTS: [u16; 3] = [80, 81, 8080];
const METHODS: [&str; 3] = ["GET", "PUT", "DELETE"];
const HOSTS: [&str; 3] = ["a.b", "x.a.b", "b"];
const PATHS: [&str; 6] = ["/", "/a", "/ab", "/a/b", "/b", "/b/c"];

/// Returns the tree of a seed.
pub fn tree(seed: u64) -> Tree {
    let mut dice = Dice::new(seed);
    let injected = |name: &str| (name.to_owned(), json!({"istio-injection": "enabled"}));
    let mut tree = Tree::of(seed, NAMESPACES.map(injected));
    for at in 0..4 + dice.below(3) {
        let labels = json!({"k": dice.one(&VALUES), "l": dice.one(&VALUES)});
        let container =
            json!({"name": "c", "image": "i", "ports": [{"containerPort": 80, "protocol": "TCP"}]});
        let spec = json!({"serviceAccountName": dice.one(&ACCOUNTS), "containers": [container]});
        tree.add(dice.one(&NAMESPACES), &format!("p{at}"), &labels, &spec);
    }
    tree.policies = (0..=dice.below(5)).map(|at| policy(&mut dice, at)).collect();
    tree.policies.push(mesh_config());
    tree
}

/// Returns a request for each pair of pods and each port, method, host and path.
pub fn packets(tree: &Tree) -> Vec<Packet> {
    let mut packets = Vec::new();
    for (from, to) in tree.pairs() {
        for (port, method) in PORTS.into_iter().flat_map(|port| METHODS.map(|method| (port, method))) {
            for (host, path) in HOSTS.into_iter().flat_map(|host| PATHS.map(|path| (host, path))) {
                let (from, to) = (from.clone(), to.clone());
                let request = Some(Request { method, host, path });
                packets.push(Packet { from, to, protocol: "TCP", port, request });
            }
        }
    }
    packets
}

/// Returns the configuration that names the root namespace, as istiod reads it.
fn mesh_config() -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": json!({"rootNamespace": ROOT}).to_string()},
    })
}

fn policy(dice: &mut Dice, at: usize) -> Value {
    let action = dice.one(&["ALLOW", "ALLOW", "DENY"]);
    let mut spec = json!({"action": action});
    if dice.percent(60) {
        let (key, value) = (dice.one(&["k", "l"]), dice.one(&VALUES));
        spec["selector"] = json!({"matchLabels": {key: value}});
    }
    spec["rules"] = (0..=dice.below(2)).map(|_| rule(dice)).collect();
    json!({
        "apiVersion": "security.istio.io/v1beta1", "kind": "AuthorizationPolicy", "spec": spec,
        "metadata": {"name": format!("o{at}"), "namespace": dice.one(&["shop", "pay", ROOT])},
    })
}

fn rule(dice: &mut Dice) -> Value {
    let mut rule = json!({});
    let from = dice.some(2, |dice| {
        some_of(
            dice,
            "source",
            &[
                ("principals", principal),
                ("notPrincipals", principal),
                ("namespaces", namespace),
                ("notNamespaces", namespace),
            ],
        )
    });
    let to = dice.some(2, |dice| {
        some_of(
            dice,
            "operation",
            &[
                ("methods", |dice| json!(dice.one(&METHODS))),
                ("notMethods", |dice| json!(dice.one(&METHODS))),
                ("ports", |dice| json!(dice.one(&PORTS).to_string())),
                ("notPorts", |dice| json!(dice.one(&PORTS).to_string())),
                ("paths", path),
                ("notPaths", path),
                ("hosts", |dice| json!(dice.one(&["a.b", "*.b", "b"]))),
                ("notHosts", |dice| json!(dice.one(&["a.b", "*.b", "b"]))),
            ],
        )
    });
    for (key, items) in [("from", from), ("to", to)].into_iter().filter(|(_, items)| !items.is_empty()) {
        rule[key] = Value::Array(items);
    }
    rule
}

/// A field, and what one of its values may be.
type Field = (&'static str, fn(&mut Dice) -> Value);

/// Returns an object with one field of several, or with two.
fn some_of(dice: &mut Dice, called: &str, fields: &[Field]) -> Value {
    let mut one = json!({});
    for _ in 0..=dice.below(2) {
        let (name, value) = dice.one(fields);
        one[name] = (0..=dice.below(2)).map(|_| value(dice)).collect();
    }
    json!({called: one})
}

fn principal(dice: &mut Dice) -> Value {
    json!(format!("cluster.local/ns/{}/sa/{}", dice.one(&NAMESPACES), dice.one(&ACCOUNTS)))
}

fn namespace(dice: &mut Dice) -> Value {
    json!(dice.one(&NAMESPACES))
}

fn path(dice: &mut Dice) -> Value {
    json!(dice.one(&["/a", "/a*", "/a/*", "*/b", "/b", "/*", "/b/c"]))
}
