//! Policies of every kind, with every field.

use serde_json::{Value, json};

use super::{ACCOUNTS, Dice, KEYS, NAMESPACES, NUMBERS, PORT_NAMES, VALUES, optional, selector_labels};

fn selector(dice: &mut Dice) -> Value {
    let mut selector = json!({});
    if dice.percent(60) {
        selector["matchLabels"] = Value::Object(selector_labels(dice));
    }
    if dice.percent(35) {
        let expressions = dice.some(2, |dice| {
            let operator = dice.one(&["In", "NotIn", "Exists", "DoesNotExist"]);
            let mut expression = json!({"key": dice.one(KEYS), "operator": operator});
            if operator.ends_with("In") {
                expression["values"] = (0..=dice.below(2)).map(|_| json!(dice.one(VALUES))).collect();
            }
            expression
        });
        optional(dice, &mut selector, "matchExpressions", expressions);
    }
    selector
}

pub fn network_policy(dice: &mut Dice) -> (&'static str, &'static str, Value) {
    let mut spec = json!({"podSelector": selector(dice)});
    if dice.percent(60) {
        spec["policyTypes"] =
            dice.one(&[json!([]), json!(["Ingress"]), json!(["Egress"]), json!(["Ingress", "Egress"])]);
    }
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
        if key == "egress" && dice.percent(50) {
            continue;
        }
        let rules = dice.some(3, |dice| {
            let mut rule = json!({});
            let ends = dice.some(3, peer);
            optional(dice, &mut rule, peers, ends);
            let ports = dice.some(3, policy_port);
            optional(dice, &mut rule, "ports", ports);
            rule
        });
        optional(dice, &mut spec, key, rules);
    }
    ("networking.k8s.io/v1", "NetworkPolicy", spec)
}

fn peer(dice: &mut Dice) -> Value {
    let names = json!({"matchLabels": {"kubernetes.io/metadata.name": dice.one(NAMESPACES)}});
    match dice.below(6) {
        0 => json!({"podSelector": selector(dice)}),
        1 => json!({"namespaceSelector": selector(dice)}),
        2 => json!({"namespaceSelector": names}),
        3 => json!({"namespaceSelector": names, "podSelector": selector(dice)}),
        4 => json!({"namespaceSelector": selector(dice), "podSelector": selector(dice)}),
        _ => json!({"ipBlock": dice.one(&[
            json!({"cidr": "0.0.0.0/0"}),
            json!({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8", "192.0.2.128/25"]}),
            json!({"cidr": "192.0.2.9/24", "except": null}),
            json!({"cidr": "::/0", "except": []}),
            json!({"cidr": "2001:db8::/32", "except": ["2001:db8:1::/48"]}),
            json!({"cidr": "10.1.2.3/32"}),
        ])}),
    }
}

fn policy_port(dice: &mut Dice) -> Value {
    let mut port = json!({});
    match dice.below(6) {
        0 => {}
        1 | 2 => port["port"] = json!(dice.one(NUMBERS)),
        3 => port["port"] = json!(dice.one(PORT_NAMES)),
        _ => {
            let first = dice.one(&[79, 80, 81]);
            port["port"] = json!(first);
            port["endPort"] = json!(first + dice.one(&[0, 1, 8000]));
        }
    }
    match dice.below(5) {
        0 => port["protocol"] = json!("UDP"),
        1 => port["protocol"] = json!("SCTP"),
        2 => port["protocol"] = json!("TCP"),
        _ => {}
    }
    port
}

/// A selector as Istio's kinds have it: absent, null, empty, or by labels; expressions are pruned.
pub fn istio_selector(dice: &mut Dice, spec: &mut Value) {
    match dice.below(8) {
        0 | 1 => {}
        2 => spec["selector"] = Value::Null,
        3 => spec["selector"] = json!({"matchExpressions": [{"key": "k", "operator": "Exists"}]}),
        _ => spec["selector"] = json!({"matchLabels": selector_labels(dice)}),
    }
}

fn mutual_tls(dice: &mut Dice) -> Value {
    match dice.below(8) {
        0 => json!({}),
        1 => json!({"mode": "UNSET"}),
        2 | 3 => json!({"mode": "PERMISSIVE"}),
        4 => json!({"mode": "DISABLE"}),
        _ => json!({"mode": "STRICT"}),
    }
}

pub fn peer_authentication(dice: &mut Dice) -> (&'static str, &'static str, Value) {
    let mut spec = json!({});
    istio_selector(dice, &mut spec);
    if dice.percent(80) {
        spec["mtls"] = mutual_tls(dice);
    }
    if dice.percent(60) {
        let ports = (0..dice.below(4)).map(|_| (dice.one(NUMBERS).to_string(), mutual_tls(dice)));
        spec["portLevelMtls"] = Value::Object(ports.collect());
    }
    ("security.istio.io/v1beta1", "PeerAuthentication", spec)
}

pub fn authorization_policy(dice: &mut Dice) -> (&'static str, &'static str, Value) {
    let mut spec = json!({});
    istio_selector(dice, &mut spec);
    match dice.below(20) {
        0..=2 => {}
        3..=10 => spec["action"] = json!("ALLOW"),
        11..=16 => spec["action"] = json!("DENY"),
        17 => spec["action"] = json!("AUDIT"),
        _ => {
            spec["action"] = json!("CUSTOM");
            spec["provider"] = json!({"name": dice.one(&["web", "rpc", "web", "rpc", "nobody"])});
        }
    }
    if dice.percent(3) {
        let target = json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "x"});
        if dice.percent(50) {
            spec["targetRef"] = target;
        } else {
            spec["targetRefs"] = json!([target]);
        }
    }
    let rules = dice.some(4, rule);
    optional(dice, &mut spec, "rules", rules);
    ("security.istio.io/v1", "AuthorizationPolicy", spec)
}

/// A pair of fields, with what their values may be.
type Field = ((&'static str, &'static str), fn(&mut Dice) -> Value);

const SOURCE: &[Field] = &[
    (("principals", "notPrincipals"), principal),
    (("namespaces", "notNamespaces"), |dice| {
        json!(dice.one(&["shop", "pay", "ops", "sh*", "*op", "*p*", "*", "s.op"]))
    }),
    (("ipBlocks", "notIpBlocks"), block),
    (("remoteIpBlocks", "notRemoteIpBlocks"), block),
    (("requestPrincipals", "notRequestPrincipals"), |dice| {
        json!(dice.one(&["*", "id/ann", "id/*", "*/bob", "i*"]))
    }),
];

const OPERATION: &[Field] = &[
    (("paths", "notPaths"), |dice| json!(path_pattern(dice))),
    (("methods", "notMethods"), |dice| json!(dice.one(&["GET", "PUT", "P*", "*", "*ET", "DELETE"]))),
    (("hosts", "notHosts"), |dice| json!(dice.one(&["a.b", "A.B", "*.b", "a.*", "*", "a.b:*"]))),
    (("ports", "notPorts"), port),
];

fn rule(dice: &mut Dice) -> Value {
    let mut rule = json!({});
    for (key, part, fields) in [("from", "source", SOURCE), ("to", "operation", OPERATION)] {
        let alternatives = dice.some(2, |dice| {
            let mut one = json!({});
            for ((yes, no), value) in fields {
                for (name, chance) in [(yes, 35), (no, 12)] {
                    let values = if dice.percent(chance) { dice.some(3, value) } else { Vec::new() };
                    optional(dice, &mut one, name, values);
                }
            }
            json!({part: one})
        });
        optional(dice, &mut rule, key, alternatives);
    }
    let conditions = if dice.percent(40) { dice.some(2, condition) } else { Vec::new() };
    optional(dice, &mut rule, "when", conditions);
    rule
}

fn principal(dice: &mut Dice) -> Value {
    let (namespace, account) = (dice.one(NAMESPACES), dice.one(ACCOUNTS));
    json!(match dice.below(9) {
        0 => "*".to_owned(),
        1 => format!("cluster.local/ns/{namespace}/*"),
        2 => format!("*/sa/{account}"),
        3 => format!("td1/ns/{namespace}/sa/{account}"),
        4 => format!("*/ns/{namespace}/sa/w.b"),
        5 => format!("spiffe://cluster.local/ns/{namespace}/sa/{account}"),
        _ => format!("cluster.local/ns/{namespace}/sa/{account}"),
    })
}

fn block(dice: &mut Dice) -> Value {
    json!(dice.one(&[
        "10.1.0.0/16",
        "10.1.0.1",
        "192.0.2.0/25",
        "198.51.100.7/8",
        "2001:db8::/33",
        "0.0.0.0/0",
        "x"
    ]))
}

fn port(dice: &mut Dice) -> Value {
    json!(dice.one(&["80", "81", "8080", "3306", "80", "web"]))
}

/// A path or a pattern over few characters.
fn path_pattern(dice: &mut Dice) -> String {
    let body: String = (0..dice.below(5)).map(|_| dice.one(&['/', 'a', 'b', '%', '.', '*', 'a'])).collect();
    match dice.below(8) {
        0 => format!("*{body}"),
        1 => body,
        2..=4 => format!("/{body}*"),
        _ => format!("/{body}"),
    }
}

fn condition(dice: &mut Dice) -> Value {
    let (key, value): (&str, fn(&mut Dice) -> Value) = match dice.below(17) {
        0 => ("source.ip", block),
        1 => ("source.namespace", |dice| json!(dice.one(&["shop", "pay", "*p"]))),
        2 => ("source.principal", principal),
        3 => ("destination.port", port),
        4 => ("remote.ip", block),
        5 => ("request.auth.claims[groups]", |dice| json!(dice.one(&["dev", "ops", "*"]))),
        6 => ("source.name", |_| json!("a")),
        7 => ("request.headers", |_| json!("a")),
        8 => ("destination.ip", block),
        9 => ("request.auth.principal", |dice| json!(dice.one(&["id/ann", "*", "id/*", "*/bob"]))),
        10 => ("request.auth.audiences", |dice| json!(dice.one(&["shop", "s*", "*"]))),
        11 => ("request.auth.presenter", |dice| json!(dice.one(&["cli", "*li", "*"]))),
        12 => ("request.auth.claims[realm][roles]", |dice| json!(dice.one(&["dev", "d*", "ops"]))),
        13 => ("connection.sni", |dice| json!(dice.one(&["a.b", "*"]))),
        _ => ("request.headers[X-Tok]", |dice| json!(dice.one(&["a", "a*", "*b", "*"]))),
    };
    let mut condition = json!({"key": key});
    let (yes, no) = (dice.some(2, value), dice.some(2, value));
    optional(dice, &mut condition, "values", yes);
    optional(dice, &mut condition, "notValues", no);
    condition
}
