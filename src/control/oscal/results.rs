//! What was seen.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    ASSESSMENT_PLAN, COMPONENT_DEFINITION, Dossier, Ids, assessment_assets, mesh, metadata, property,
    reviewed_controls, rule_id, text,
};
use crate::{
    control::{Assessment, Break, Item, Outcome, Part, Ruled, Verdict},
    source::{Sources, Span},
    tree::Digest,
};

/// The rule that no manifest can bear out: what it cannot prove of images is no failure of theirs.
const MODULE: &str = "SC13-6";

pub(super) fn document(
    dossier: &Dossier<'_>,
    assessment: &Assessment,
    sources: &Sources,
    ids: &Ids,
) -> Value {
    let writer = Writer { dossier, assessment, sources, ids };
    let plan = ids.of_path("resource/assessment-plan");
    let resource = |uuid: &str, title: &str, file: &str| json!({"uuid": uuid, "title": title, "rlinks": [{"href": file, "media-type": "application/json"}]});
    json!({"assessment-results": {
        "uuid": ids.of_path("assessment-results"),
        "metadata": metadata(dossier, "Assessment results"),
        "import-ap": {"href": format!("#{plan}")},
        "results": [writer.result()],
        "back-matter": {"resources": [
            resource(&plan, "Assessment plan", ASSESSMENT_PLAN),
            resource(&ids.of_path("resource/component-definition"), "Component definition", COMPONENT_DEFINITION),
        ]},
    }})
}

struct Writer<'w> {
    dossier: &'w Dossier<'w>,
    assessment: &'w Assessment,
    sources: &'w Sources,
    ids: &'w Ids,
}

impl Writer<'_> {
    fn result(&self) -> Value {
        let Dossier { time, .. } = self.dossier;
        let observations: Vec<Value> =
            self.assessment.rules.iter().map(|ruled| self.observation(ruled)).collect();
        let risks: Vec<Value> = self.assessment.rules.iter().flat_map(|ruled| self.risks(ruled)).collect();
        let parts = self.assessment.controls.iter().flat_map(|control| &control.parts);
        let findings: Vec<Value> = parts.map(|part| self.finding(part)).collect();
        let mut mesh = mesh(self.dossier, self.ids);
        mesh["status"] = json!({"state": "other", "remarks": "Manifests were read, and no cluster."});
        let mut definitions = json!({
            "components": [mesh],
            "assessment-assets": assessment_assets(self.dossier, self.ids),
        });
        let inventory = self.inventory();
        if !inventory.is_empty() {
            definitions["inventory-items"] = inventory.into();
        }
        let mut result = json!({
            "uuid": self.ids.of_path("result"),
            "title": "Static reading of manifests",
            "description": self.dossier.scope,
            "start": time,
            "end": time,
            "local-definitions": definitions,
            "reviewed-controls": reviewed_controls(),
            "observations": observations,
            "findings": findings,
            "remarks": self.exceptions(),
        });
        if !risks.is_empty() {
            result["risks"] = risks.into();
        }
        result
    }

    /// Every object that a rule looked at, once.
    fn inventory(&self) -> Vec<Value> {
        let items = self.assessment.rules.iter().flat_map(|ruled| &ruled.look.items);
        let known: BTreeMap<String, &Item> = items.map(|item| (path_of(item), item)).collect();
        let item = |(path, item): (String, &Item)| {
            json!({
                "uuid": self.ids.of_path(&path),
                "description": text::line(&format!("{} {}", item.kind, item.path)),
                "implemented-components": [{"component-uuid": self.ids.of_path("mesh")}],
            })
        };
        known.into_iter().map(item).collect()
    }

    fn observation(&self, ruled: &Ruled) -> Value {
        let id = rule_id(ruled.rule);
        let mut observation = json!({
            "uuid": self.ids.of_path(&format!("obs/{id}")),
            "title": id,
            "description": ruled.rule.holds,
            "props": [property("assessment-rule-id", &id), property("result", result_of(ruled.outcome))],
            "methods": ["EXAMINE"],
            "types": ["control-objective"],
            "origins": [{"actors": [{"type": "tool", "actor-uuid": self.ids.of_path("tool")}]}],
            "collected": self.dossier.time,
            "remarks": self.remarks(ruled),
        });
        let subjects = self.subjects(ruled);
        if !subjects.is_empty() {
            observation["subjects"] = subjects.into();
        }
        let items = ruled.look.items.iter().map(|item| self.evidence(item.span, &item.says));
        let breaks =
            ruled.look.breaks.iter().filter_map(|fault| Some(self.evidence(fault.span?, &fault.message)));
        let evidence: Vec<Value> = items.chain(breaks).collect();
        if !evidence.is_empty() {
            observation["relevant-evidence"] = evidence.into();
        }
        observation
    }

    fn subjects(&self, ruled: &Ruled) -> Vec<Value> {
        let known: BTreeMap<String, &Item> =
            ruled.look.items.iter().map(|item| (path_of(item), item)).collect();
        let subject = |(path, item): (String, &Item)| {
            let name = format!("{} {}", item.kind, item.path);
            json!({
                "subject-uuid": self.ids.of_path(&path),
                "type": "inventory-item",
                "title": text::line(&name),
                "props": [property("resource-id", &name)],
            })
        };
        known.into_iter().map(subject).collect()
    }

    fn evidence(&self, span: Span, says: &str) -> Value {
        let (path, line) = (self.sources.path(span.file).as_str(), self.sources.line(span));
        json!({
            "href": text::reference(path, line),
            "description": text::line(says),
            "props": [
                property("file", path),
                property("line", &line.to_string()),
                property("sha256", &Digest::of(&self.sources.get(span.file).text).to_string()),
            ],
        })
    }

    fn remarks(&self, ruled: &Ruled) -> String {
        let looked = format!("It {}: {}.", ruled.outcome, ruled.looked_at(self.assessment.objects));
        let broken = ruled.look.breaks.iter().map(|fault| format!("Broken: {}.", fault.message));
        let unknown = ruled.look.doubts.iter().map(|doubt| format!("Not known: {}.", doubt.message));
        std::iter::once(looked).chain(broken).chain(unknown).collect::<Vec<_>>().join("\n\n")
    }

    fn finding(&self, part: &Part) -> Value {
        let (objective, id) = (part.objective, part.objective.id);
        let rules: Vec<&Ruled> = self.assessment.rules_of(objective).collect();
        let observations: Vec<Value> = rules
            .iter()
            .map(|ruled| json!({"observation-uuid": self.ids.of_path(&format!("obs/{}", rule_id(ruled.rule)))}))
            .collect();
        let (state, reason) = match part.verdict {
            Verdict::Satisfied => ("satisfied", "pass"),
            Verdict::NotSatisfied if is_broken(&rules) => ("not-satisfied", "fail"),
            Verdict::NotSatisfied | Verdict::NotDecidable => ("not-satisfied", "other"),
        };
        let mut finding = json!({
            "uuid": self.ids.of_path(&format!("finding/{id}")),
            "title": id,
            "description": format!("The claim is that {}.", objective.claim),
            "target": {
                "type": "objective-id",
                "target-id": id,
                "status": {"state": state, "reason": reason, "remarks": why(part, &rules)},
            },
            "related-observations": observations,
        });
        let risks: Vec<Value> = rules
            .iter()
            .flat_map(|ruled| ruled.look.breaks.iter().map(|fault| self.risk_path(ruled, fault)))
            .map(|path| json!({"risk-uuid": self.ids.of_path(&path)}))
            .collect();
        if !risks.is_empty() {
            finding["related-risks"] = risks.into();
        }
        finding
    }

    /// A risk for each thing that breaks a rule; what somebody bears is a deviation that is approved until its day.
    fn risks(&self, ruled: &Ruled) -> Vec<Value> {
        let mut risks = BTreeMap::new();
        for fault in &ruled.look.breaks {
            let path = self.risk_path(ruled, fault);
            let mut risk = json!({
                "uuid": self.ids.of_path(&path),
                "title": text::line(&fault.message),
                "description": fault.message,
                "statement": format!("It is not so that {}.", ruled.rule.holds),
                "status": if fault.waiver.is_some() { "deviation-approved" } else { "open" },
                "origins": [{"actors": [{"type": "tool", "actor-uuid": self.ids.of_path("tool")}]}],
                "related-observations": [
                    {"observation-uuid": self.ids.of_path(&format!("obs/{}", rule_id(ruled.rule)))}
                ],
            });
            if let Some(code) = fault.code {
                risk["props"] = json!([property("check-code", code)]);
            }
            if let Some(waiver) = &fault.waiver {
                risk["deadline"] = format!("{}T23:59:59Z", waiver.expires).into();
                risk["statement"] = format!(
                    "{} It is borne by {} until {}: {}",
                    risk["statement"].as_str().unwrap_or_default(),
                    waiver.owner,
                    waiver.expires,
                    waiver.reason
                )
                .into();
            }
            risks.insert(path, risk);
        }
        risks.into_values().collect()
    }

    /// A risk is the same as long as the same is said of the same file.
    fn risk_path(&self, ruled: &Ruled, fault: &Break) -> String {
        let file = fault.span.map_or("", |span| self.sources.path(span.file).as_str());
        let code = fault.code.unwrap_or_default();
        format!("risk/{}/{code}/{file}/{}", rule_id(ruled.rule), fault.message)
    }

    fn exceptions(&self) -> String {
        let place = |span: Option<Span>| {
            span.map_or_else(String::new, |span| {
                format!(" ({}:{})", self.sources.path(span.file), self.sources.line(span))
            })
        };
        let exceptions = self.assessment.exceptions.iter();
        let listed = exceptions.map(|exception| format!("- {}{}", exception.what, place(exception.span)));
        std::iter::once("No finding covers these:\n".to_owned()).chain(listed).collect::<Vec<_>>().join("\n")
    }
}

/// Says what a verdict stands on, or what is missing.
fn why(part: &Part, rules: &[&Ruled]) -> String {
    let named = |outcome: Outcome| {
        let of = rules.iter().filter(|ruled| ruled.outcome == outcome);
        of.map(|ruled| rule_id(ruled.rule)).collect::<Vec<_>>().join(", ")
    };
    let list = [Outcome::Broken, Outcome::CannotTell, Outcome::Holds, Outcome::NonePresent]
        .map(|outcome| (outcome, named(outcome)));
    let listed =
        list.iter().filter(|(_, ids)| !ids.is_empty()).map(|(outcome, ids)| format!("{outcome}: {ids}"));
    let verdict = match part.verdict {
        Verdict::Satisfied => "Satisfied, as far as the claim goes.",
        Verdict::NotSatisfied => "Not satisfied.",
        Verdict::NotDecidable => "Not decidable from manifests.",
    };
    std::iter::once(verdict.to_owned()).chain(listed).collect::<Vec<_>>().join("\n\n")
}

fn path_of(item: &Item) -> String {
    format!("item/{}/{}/{}", item.group, item.kind, item.path)
}

fn result_of(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds | Outcome::NonePresent => "pass",
        Outcome::CannotTell => "other",
        Outcome::Broken => "fail",
    }
}

fn is_broken(rules: &[&Ruled]) -> bool {
    rules.iter().any(|ruled| ruled.outcome == Outcome::Broken && ruled.rule.id != MODULE)
}
