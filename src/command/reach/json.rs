//! Flows for programs.

use serde_json::{Value, json};

use super::Report;
use crate::{command::flows, reach::Flow};

/// Returns one document: every end that a flow can have, and the flows between them.
pub(super) fn json(report: &Report<'_, '_>) -> String {
    let ends: Vec<String> = report.reach.ends().into_iter().map(|end| report.reach.end_name(end)).collect();
    let flows: Vec<Value> = report.flows.iter().map(|flow| of(report, flow)).collect();
    format!("{:#}\n", json!({"version": 1, "ends": ends, "flows": flows}))
}

fn of(report: &Report<'_, '_>, flow: &Flow) -> Value {
    let name = |end| report.reach.end_name(end);
    let mut fields = flows::passage(&flow.passage);
    fields["from"] = flow.from.iter().map(|end| name(*end)).collect();
    fields["to"] = name(flow.to).into();
    fields["ports"] = flows::ports(&flow.ports).into();
    fields
}
