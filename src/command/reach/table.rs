//! Flows as a table: for people, and as comma-separated values.

use super::Report;
use crate::{
    command::flows::{Row, aligned, row, transport},
    reach::Flow,
};

/// Returns a line for each flow.
pub(super) fn table(report: &Report<'_, '_>) -> String {
    let of = |(flow, from): (&Flow, Vec<String>)| {
        row(&from, &report.reach.end_name(flow.to), &flow.ports, &flow.passage)
    };
    let rows: Vec<Row> = report.lines().map(of).collect();
    aligned(&rows).into_iter().map(|line| line + "\n").collect()
}

/// Returns the same with a line for each source.
pub(super) fn csv(report: &Report<'_, '_>) -> String {
    let mut text = "from,to,ports,protocol,transport,requests,note\n".to_owned();
    for flow in report.flows {
        for from in &flow.from {
            let cells = [
                report.reach.end_name(*from),
                report.reach.end_name(flow.to),
                flow.ports.spelled(),
                flow.passage.taken_for.to_string(),
                transport(&flow.passage),
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
