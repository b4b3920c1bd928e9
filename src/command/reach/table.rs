//! Flows as a table: for people, and as comma-separated values.

use std::fmt::Write as _;

use super::Report;
use crate::reach::{End, Flow};

/// Sources beyond so many characters push their line to the right, not every other.
const WIDEST: usize = 56;

/// Returns a line for each flow: `sources -> destination:ports  protocol  transport  requests  note`.
pub(super) fn table(report: &Report<'_, '_>) -> String {
    let rows: Vec<[String; 6]> = report.lines().map(|(flow, from)| row(report, flow, &from)).collect();
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths[0] = widths[0].min(WIDEST);
    let line = |row: &[String; 6]| {
        let [from, rest @ ..] = row;
        let mut line = format!("{from:<0$} ->", widths[0]);
        for (at, (cell, width)) in
            rest.iter().zip(&widths[1..]).enumerate().filter(|(_, (_, width))| **width > 0)
        {
            line += if at == 0 { " " } else { "  " };
            let _ = write!(line, "{cell:<width$}");
        }
        line.trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

/// Returns the same with a line for each source.
pub(super) fn csv(report: &Report<'_, '_>) -> String {
    let mut text = "from,to,ports,protocol,transport,requests,note\n".to_owned();
    for flow in report.flows {
        for from in &flow.from {
            let cells = [
                report.reach.end_name(*from),
                report.reach.end_name(flow.to),
                flow.ports_text(),
                flow.passage.taken_for.to_string(),
                transport(flow),
                flow.passage.allowed.to_string(),
                flow.passage.mark.to_string(),
            ];
            text += &cells.map(|cell| quoted(&cell)).join(",");
            text += "\n";
        }
    }
    text
}

/// As RFC 4180 has it.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

fn row(report: &Report<'_, '_>, flow: &Flow, from: &[End]) -> [String; 6] {
    let name = |end: &End| report.reach.end_name(*end);
    let from: Vec<String> = from.iter().map(name).collect();
    [
        from.join(", "),
        format!("{}:{}", name(&flow.to), flow.ports_text()),
        flow.passage.taken_for.to_string(),
        transport(flow),
        flow.passage.allowed.to_string(),
        flow.passage.mark.to_string(),
    ]
}

pub(super) fn transport(flow: &Flow) -> String {
    match &flow.passage.account {
        None => "plaintext".to_owned(),
        Some(account) => format!("mtls {account}").trim_end().to_owned(),
    }
}
