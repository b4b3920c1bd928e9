//! Flows for programs.

use serde_json::{Value, json};

use super::Report;
use crate::reach::{Allowed, Flow, Mark, Term};

/// Returns one document: every end that a flow can have, and the flows between them.
pub(super) fn json(report: &Report<'_, '_>) -> String {
    let ends: Vec<String> = report.reach.ends().into_iter().map(|end| report.reach.end_name(end)).collect();
    let flows: Vec<Value> = report.flows.iter().map(|flow| of(report, flow)).collect();
    format!("{:#}\n", json!({"version": 1, "ends": ends, "flows": flows}))
}

fn of(report: &Report<'_, '_>, flow: &Flow) -> Value {
    let name = |end| report.reach.end_name(end);
    let ports: Vec<Value> = flow
        .ports
        .iter()
        .map(|(protocol, first, last)| json!({"protocol": format!("{protocol:?}").to_uppercase(), "first": first, "last": last}))
        .collect();
    let (verdict, reason) = match &flow.passage.mark {
        Mark::Open => ("allowed", None),
        Mark::AroundItsProxy => ("allowed-around-proxy", None),
        Mark::GreetingOnly => ("greeting-only", None),
        Mark::Unknown(reason) => ("unknown", Some(reason)),
    };
    json!({
        "from": flow.from.iter().map(|end| name(*end)).collect::<Vec<_>>(),
        "to": name(flow.to),
        "ports": ports,
        "protocol": flow.passage.taken_for.to_string(),
        "transport": if flow.passage.account.is_some() { "mtls" } else { "plaintext" },
        "account": flow.passage.account.as_ref().filter(|account| !account.is_empty()),
        "requests": requests(&flow.passage.allowed),
        "verdict": verdict,
        "reason": reason,
    })
}

fn requests(allowed: &Allowed) -> Value {
    if allowed.is_everything() {
        return Value::Null;
    }
    json!({"match": term(&allowed.term), "except": allowed.except.iter().map(term).collect::<Vec<_>>()})
}

fn term(of: &Term) -> Value {
    let conditions: Vec<Value> = of
        .conditions
        .iter()
        .map(|(attribute, words)| json!({"attribute": attribute.to_string(), "values": words}))
        .collect();
    json!({"conditions": conditions, "unless": of.unless.iter().map(term).collect::<Vec<_>>()})
}
