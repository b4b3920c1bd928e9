//! The assessment in OSCAL 1.1.2, NIST's form for what assessors exchange.
//!
//! Three documents: what the mesh claims, what was to be looked at, and what was seen. Every identifier is a UUID of version 5
//! over a stable path, so that the same manifests give the same documents; every time is an argument. The forms are those
//! of the schemas of OSCAL v1.1.2, and hold under the later minors: no empty list, no property with a line break.

mod component;
mod id;
mod plan;
mod results;
mod text;

use serde_json::{Value, json};

use self::id::Ids;
use super::{Assessment, CATALOGUE, Rule};
use crate::{release::Patch, source::Sources};

/// What the documents are about, and when they are written.
#[derive(Debug, Clone, Copy)]
pub struct Dossier<'d> {
    /// What the mesh is called: the profile's name.
    pub name: &'d str,
    /// The program and its version.
    pub tool: &'d str,
    /// The release of Istio, where something says which.
    pub istio: Option<Patch>,
    /// When, in RFC 3339 with a time zone.
    pub time: &'d str,
    /// What every verdict is about.
    pub scope: &'d str,
}

/// A document, by the name of its file.
pub type Document = (&'static str, Value);

/// The file of the component definition.
pub const COMPONENT_DEFINITION: &str = "component-definition.json";
const ASSESSMENT_PLAN: &str = "assessment-plan.json";
const ASSESSMENT_RESULTS: &str = "assessment-results.json";

/// Returns the claim: what the mesh implements of each control, by which rules. It says nothing of whether they hold.
pub fn component_definition(dossier: &Dossier<'_>) -> Document {
    (COMPONENT_DEFINITION, component::document(dossier, &Ids::of(dossier.name)))
}

/// Returns what was to be looked at, and what was seen.
pub fn assessed(dossier: &Dossier<'_>, assessment: &Assessment, sources: &Sources) -> [Document; 2] {
    let ids = Ids::of(dossier.name);
    [
        (ASSESSMENT_PLAN, plan::document(dossier, &ids)),
        (ASSESSMENT_RESULTS, results::document(dossier, assessment, sources, &ids)),
    ]
}

/// The version that is written.
const VERSION: &str = "1.1.2";
/// Whose properties these are.
const NAMESPACE: &str = "urn:meshwright:oscal";
/// The baseline that all ten controls are in.
const BASELINE: &str = "https://raw.githubusercontent.com/usnistgov/oscal-content/v1.3.0/nist.gov/SP800-53/rev5/json/NIST_SP-800-53_rev5_MODERATE-baseline_profile.json";

fn metadata(dossier: &Dossier<'_>, title: &str) -> Value {
    json!({
        "title": text::line(&format!("{title} of the mesh {}", dossier.name)),
        "last-modified": dossier.time,
        "version": text::line(dossier.tool),
        "oscal-version": VERSION,
    })
}

fn property(name: &str, value: &str) -> Value {
    json!({"name": name, "ns": NAMESPACE, "value": text::line(value)})
}

/// Returns the id of a rule that no reader takes for a control's: `MESH-SC8-01` for `SC8-1`.
fn rule_id(rule: &Rule) -> String {
    let (group, number) = rule.id.rsplit_once('-').expect("a rule has a number");
    let digits = number.trim_end_matches(|c: char| c.is_ascii_lowercase());
    format!("MESH-{group}-{digits:0>2}{}", &number[digits.len()..])
}

/// Returns the controls and objectives that are looked at.
fn reviewed_controls() -> Value {
    let mut controls = Vec::new();
    let mut objectives = Vec::new();
    for entry in CATALOGUE {
        let mut statements: Vec<&str> =
            entry.objectives.iter().map(|objective| objective.statement).collect();
        statements.dedup();
        controls.push(json!({"control-id": entry.id, "statement-ids": statements}));
        objectives.extend(entry.objectives.iter().map(|objective| json!({"objective-id": objective.id})));
    }
    json!({
        "control-selections": [{"include-controls": controls}],
        "control-objective-selections": [{"include-objectives": objectives}],
    })
}

/// Returns the program as what assesses.
fn assessment_assets(dossier: &Dossier<'_>, ids: &Ids) -> Value {
    json!({
        "components": [{
            "uuid": ids.of_path("tool"),
            "type": "software",
            "title": text::line(dossier.tool),
            "description": "Reads manifests of a service mesh, and asks no cluster.",
            "status": {"state": "operational"},
        }],
        "assessment-platforms": [{
            "uuid": ids.of_path("platform"),
            "title": text::line(dossier.tool),
            "uses-components": [{"component-uuid": ids.of_path("tool")}],
        }],
    })
}

/// Returns the mesh as a component.
fn mesh(dossier: &Dossier<'_>, ids: &Ids) -> Value {
    let release = dossier.istio.map_or("a release that nothing states".to_owned(), |istio| istio.to_string());
    json!({
        "uuid": ids.of_path("mesh"),
        "type": "software",
        "title": "Istio service mesh",
        "description": format!("Istio, {release}, with the policies of the mesh {}, as the manifests describe it.", dossier.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::RULES;

    #[test]
    fn no_rule_reads_like_a_control() {
        let of = |id: &str| rule_id(RULES.iter().find(|rule| rule.id == id).expect("a rule"));
        assert_eq!([of("SC8-1"), of("AC4-11"), of("AU-6f")], ["MESH-SC8-01", "MESH-AC4-11", "MESH-AU-06f"]);
    }
}
