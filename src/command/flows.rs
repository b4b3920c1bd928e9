//! Flows as lines, for people, and as fields, for programs: the same wherever flows are shown.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::reach::{Allowed, Mark, Passage, PortSet, Term, told};

/// Sources beyond so many characters push their line to the right, not every other.
const WIDEST: usize = 56;

/// A line in parts: sources, destination and ports, protocol, transport, requests, note.
pub(super) type Row = [String; 6];

/// Returns a flow in parts, without the sources that need no mention.
pub(super) fn row(from: &[String], to: &str, ports: &PortSet, passage: &Passage) -> Row {
    [
        told(from).join(", "),
        format!("{to}:{}", ports.spelled()),
        passage.taken_for.to_string(),
        transport(passage),
        passage.allowed.to_string(),
        passage.mark.to_string(),
    ]
}

/// Returns lines in columns: `sources -> destination:ports  protocol  transport  requests  note`.
pub(super) fn aligned(rows: &[Row]) -> Vec<String> {
    let mut widths = [0; 6];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths[0] = widths[0].min(WIDEST);
    let line = |row: &Row| {
        let [from, rest @ ..] = row;
        let mut line = format!("{from:<0$} ->", widths[0]);
        for (at, (cell, width)) in
            rest.iter().zip(&widths[1..]).enumerate().filter(|(_, (_, width))| **width > 0)
        {
            line += if at == 0 { " " } else { "  " };
            let _ = write!(line, "{cell:<width$}");
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

pub(super) fn transport(passage: &Passage) -> String {
    match &passage.account {
        None => "plaintext".to_owned(),
        Some(account) => format!("mtls {account}").trim_end().to_owned(),
    }
}

/// Returns ports as ranges.
pub(super) fn ports(ports: &PortSet) -> Vec<Value> {
    let range = |(protocol, first, last)| json!({"protocol": format!("{protocol:?}").to_uppercase(), "first": first, "last": last});
    ports.iter().map(range).collect()
}

/// Returns what passes, and how.
pub(super) fn passage(passage: &Passage) -> Value {
    let (verdict, reason) = match &passage.mark {
        Mark::Open => ("allowed", None),
        Mark::AroundItsProxy => ("allowed-around-proxy", None),
        Mark::GreetingOnly => ("greeting-only", None),
        Mark::Unknown(reason) => ("unknown", Some(reason)),
    };
    json!({
        "protocol": passage.taken_for.to_string(),
        "transport": if passage.account.is_some() { "mtls" } else { "plaintext" },
        "account": passage.account.as_ref().filter(|account| !account.is_empty()),
        "requests": requests(&passage.allowed),
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
