//! What the API server takes.

use serde_json::Value;

use super::{
    super::{Object, pattern, read::list},
    Direction,
};

/// What the API server refuses in a policy (NP16, NP17, NP24, NP32).
pub fn invalid(policy: &Object) -> Option<&'static str> {
    let spec = &policy["spec"];
    for direction in [Direction::Ingress, Direction::Egress] {
        for rule in list(&spec[direction.key()]) {
            for peer in list(&rule[direction.peers()]) {
                let has = |key: &str| !peer[key].is_null();
                match (has("ipBlock"), has("podSelector") || has("namespaceSelector")) {
                    (false, false) => return Some("a peer says nothing (NP24)"),
                    (true, true) => return Some("a peer is both a block and a selector (NP24)"),
                    (true, false) if !is_block(&peer["ipBlock"]) => return Some("no such block (NP17)"),
                    (true, false) | (false, true) => {}
                }
                if [&peer["podSelector"], &peer["namespaceSelector"]].into_iter().any(|one| !is_selector(one))
                {
                    return Some("no such selector (NP32)");
                }
            }
            if list(&rule["ports"]).iter().any(|port| !is_range(port)) {
                return Some("no such range of ports (NP16)");
            }
        }
    }
    (!is_selector(&spec["podSelector"])).then_some("no such selector (NP32)")
}

fn is_block(block: &Value) -> bool {
    let network = |value: &Value| value.as_str().filter(|text| text.contains('/')).and_then(pattern::network);
    network(&block["cidr"]).is_some_and(|cidr| {
        list(&block["except"])
            .iter()
            .all(|except| network(except).is_some_and(|except| cidr.contains(&except) && cidr != except))
    })
}

fn is_range(port: &Value) -> bool {
    match (&port["port"], &port["endPort"]) {
        (_, Value::Null) => true,
        (Value::Number(first), Value::Number(last)) => first.as_u64() <= last.as_u64(),
        _ => false,
    }
}

fn is_selector(selector: &Value) -> bool {
    list(&selector["matchExpressions"]).iter().all(|expression| {
        let has_values = !list(&expression["values"]).is_empty();
        match expression["operator"].as_str() {
            Some("In" | "NotIn") => has_values,
            Some("Exists" | "DoesNotExist") => !has_values,
            _ => false,
        }
    })
}
