//! What the mesh claims.

use serde_json::{Value, json};

use super::{BASELINE, Dossier, Ids, NAMESPACE, mesh, metadata, rule_id, text};
use crate::control::{CATALOGUE, Entry, Objective, RULES, Rule};

pub(super) fn document(dossier: &Dossier<'_>, ids: &Ids) -> Value {
    let requirements: Vec<Value> = CATALOGUE.iter().map(|entry| requirement(entry, ids)).collect();
    let mut component = mesh(dossier, ids);
    component["props"] = properties(dossier).into();
    component["control-implementations"] = json!([{
        "uuid": ids.of_path("controls"),
        "source": BASELINE,
        "description": "What the mesh is set up to do for each control. Whether it does is the matter of an assessment.",
        "implemented-requirements": requirements,
    }]);
    json!({"component-definition": {
        "uuid": ids.of_path("component-definition"),
        "metadata": metadata(dossier, "Component definition"),
        "components": [component],
    }})
}

/// Rules as `compliance-trestle` groups them: by remarks.
fn properties(dossier: &Dossier<'_>) -> Vec<Value> {
    let version = dossier.istio.map(|istio| json!({"name": "version", "value": istio.to_string()}));
    let of_rule = |rule: &'static Rule| {
        let id = rule_id(rule);
        [("Rule_Id", id.as_str()), ("Rule_Description", rule.holds), ("Check_Id", id.as_str())].map(|(name, value)| {
            json!({"name": name, "ns": NAMESPACE, "value": text::line(value), "remarks": format!("rule_{id}")})
        })
    };
    version.into_iter().chain(RULES.iter().flat_map(of_rule)).collect()
}

fn requirement(entry: &Entry, ids: &Ids) -> Value {
    let mut statements: Vec<(&str, Vec<&Objective>)> = Vec::new();
    for objective in entry.objectives {
        match statements.last_mut() {
            Some((statement, objectives)) if *statement == objective.statement => objectives.push(objective),
            Some(_) | None => statements.push((objective.statement, vec![objective])),
        }
    }
    let path = |statement: &str| format!("ir/{}/{statement}", entry.id);
    let statement = |(statement, objectives): (&str, Vec<&Objective>)| {
        json!({
            "statement-id": statement,
            "uuid": ids.of_path(&path(statement)),
            "description": claims(objectives.into_iter()),
        })
    };
    let rules =
        RULES.iter().filter(|rule| entry.objectives.iter().any(|objective| objective.has_rule(rule.id)));
    let outside: Vec<String> =
        entry.outside.iter().map(|outside| format!("Not claimed: {}.", outside.what)).collect();
    json!({
        "uuid": ids.of_path(&format!("ir/{}", entry.id)),
        "control-id": entry.id,
        "description": claims(entry.objectives.iter()),
        "props": rules
            .map(|rule| json!({"name": "Rule_Id", "ns": NAMESPACE, "value": rule_id(rule)}))
            .collect::<Vec<_>>(),
        "statements": statements.into_iter().map(statement).collect::<Vec<_>>(),
        "remarks": outside.join("\n\n"),
    })
}

fn claims<'o>(objectives: impl Iterator<Item = &'o Objective>) -> String {
    objectives
        .map(|objective| format!("{}: {}.", objective.id, objective.claim))
        .collect::<Vec<_>>()
        .join("\n\n")
}
