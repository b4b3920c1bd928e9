//! The assessment for programs.

use serde_json::{Value, json};

use super::Report;
use crate::{
    control::{Break, Judgement, Outcome, Ruled, Verdict},
    source::Span,
};

/// Returns the document that `meshwright schema controls` describes.
pub(super) fn json(report: &Report<'_>) -> String {
    let Report { assessment, releases, .. } = report;
    let controls: Vec<Value> =
        assessment.controls.iter().map(|control| of_control(report, control)).collect();
    let rules: Vec<Value> = assessment.rules.iter().map(|ruled| rule(report, ruled)).collect();
    let exceptions: Vec<Value> =
        assessment.exceptions.iter().map(|exception| said(report, &exception.what, exception.span)).collect();
    let files: Vec<Value> = report
        .evidence_files()
        .into_iter()
        .map(|(path, hash)| json!({"file": path, "sha256": hash}))
        .collect();
    let document = json!({
        "version": 1,
        "tool": super::TOOL,
        "today": report.today,
        "releases": {
            "istio": releases.istio.map(|release| release.to_string()),
            "flux": releases.flux.map(|release| release.to_string()),
            "kubernetes": releases.kubernetes.map(|release| release.to_string()),
        },
        "scope": super::scope(report),
        "objects": assessment.objects,
        "controls": controls,
        "rules": rules,
        "exceptions": exceptions,
        "files": files,
    });
    format!("{document:#}\n")
}

fn of_control(report: &Report<'_>, control: &Judgement) -> Value {
    let entry = control.entry;
    let objectives: Vec<Value> = control
        .parts
        .iter()
        .map(|part| {
            let rules: Vec<&str> =
                report.assessment.rules_of(part.objective).map(|ruled| ruled.rule.id).collect();
            json!({
                "id": part.objective.id,
                "statement": part.objective.statement,
                "claim": part.objective.claim,
                "verdict": verdict(part.verdict),
                "rules": rules,
            })
        })
        .collect();
    let outside: Vec<Value> = entry
        .outside
        .iter()
        .map(|outside| json!({"objectives": outside.objectives, "what": outside.what}))
        .collect();
    json!({
        "control": entry.control.to_string(),
        "id": entry.id,
        "title": entry.title,
        "verdict": verdict(control.verdict),
        "objectives": objectives,
        "outside": outside,
    })
}

fn rule(report: &Report<'_>, ruled: &Ruled) -> Value {
    let evidence: Vec<Value> = ruled
        .look
        .items
        .iter()
        .map(|item| {
            json!({
                "kind": item.kind,
                "object": item.path,
                "says": item.says,
                "file": report.sources.path(item.span.file),
                "line": report.sources.line(item.span),
                "sha256": report.hash(item.span),
            })
        })
        .collect();
    let unknown: Vec<Value> =
        ruled.look.doubts.iter().map(|doubt| said(report, &doubt.message, doubt.span)).collect();
    let broken: Vec<Value> = ruled.look.breaks.iter().map(|fault| broken(report, fault)).collect();
    json!({
        "id": ruled.rule.id,
        "holds": ruled.rule.holds,
        "checks": ruled.rule.codes,
        "outcome": outcome(ruled.outcome),
        "lookedAt": ruled.looked_at(report.assessment.objects),
        "evidence": evidence,
        "broken": broken,
        "unknown": unknown,
    })
}

fn said(report: &Report<'_>, what: &str, span: Option<Span>) -> Value {
    json!({
        "what": what,
        "file": span.map(|span| report.sources.path(span.file)),
        "line": span.map(|span| report.sources.line(span)),
    })
}

fn broken(report: &Report<'_>, fault: &Break) -> Value {
    let mut row = said(report, &fault.message, fault.span);
    row["code"] = fault.code.into();
    row["waived"] = fault.waiver.as_ref().map_or(
        Value::Null,
        |waiver| json!({"reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires}),
    );
    row
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Satisfied => "satisfied",
        Verdict::NotDecidable => "not-decidable",
        Verdict::NotSatisfied => "not-satisfied",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Holds => "holds",
        Outcome::NonePresent => "none-present",
        Outcome::CannotTell => "cannot-tell",
        Outcome::Broken => "broken",
    }
}
