//! What `check` prints: the same findings for people, programs, code scanning and pull requests.

use serde_json::{Value, json};

use super::Report;
use crate::{
    check::{CHECKS, waiver::Waiver},
    diagnostic::{self, Diagnostic, Rule, Severity},
};

/// Returns the findings as they are read in a terminal, grouped by file; then those that are waived.
pub(super) fn text(report: &Report<'_>) -> String {
    let open = diagnostic::render(&report.judged.open, report.sources, true);
    let waived: String =
        report.judged.waived.iter().map(|(finding, waiver)| waived_line(report, finding, waiver)).collect();
    match (open.is_empty(), waived.is_empty()) {
        (false, false) => format!("{open}\n{waived}"),
        _ => open + &waived,
    }
}

fn waived_line(report: &Report<'_>, finding: &Diagnostic, waiver: &Waiver) -> String {
    let place = finding.labels.first().map_or_else(String::new, |label| {
        format!("{}:{}: ", report.sources.path(label.span.file), report.sources.line(label.span))
    });
    let Waiver { reason, owner, expires, .. } = waiver;
    format!("waived[{}]: {place}{}: {reason} ({owner}, until {expires})\n", finding.code, finding.message)
}

/// Returns one line on all of it: a verb and what it speaks of.
pub(super) fn summary(report: &Report<'_>) -> (&'static str, String) {
    let objects = report.input.manifests.metas().count();
    let mut parts =
        vec![format!("{} in {}", counted(objects, "object"), counted(report.input.files, "file"))];
    let found: Vec<String> =
        [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Note, "note")]
            .into_iter()
            .map(|(severity, word)| (count(report, severity), word))
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| counted(count, word))
            .collect();
    parts.push(if found.is_empty() { "no findings".to_owned() } else { found.join(", ") });
    if !report.judged.waived.is_empty() {
        parts.push(format!("{} waived", report.judged.waived.len()));
    }
    let passed: Vec<String> =
        report.input.passed_over.iter().map(|(reason, count)| reason.counted(*count)).collect();
    if !passed.is_empty() {
        parts.push(format!("passed over: {}", passed.join(", ")));
    }
    parts.push(format!("on {}", report.today));
    ("checked", parts.join("; "))
}

/// Returns a number of things, in words.
pub(in crate::command) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn count(report: &Report<'_>, severity: Severity) -> usize {
    report.judged.open.iter().filter(|finding| finding.severity == severity).count()
}

/// Returns the document that `meshwright schema findings` describes.
pub(super) fn json(report: &Report<'_>) -> String {
    let open = diagnostic::in_order(&report.judged.open).into_iter().map(|finding| (finding, None));
    let waived = report.judged.waived.iter().map(|(finding, waiver)| (finding, Some(waiver)));
    let findings: Vec<Value> =
        open.chain(waived).map(|(finding, waiver)| row(report, finding, waiver)).collect();
    let passed: serde_json::Map<String, Value> = report
        .input
        .passed_over
        .iter()
        .map(|(reason, count)| (reason.label().to_owned(), (*count).into()))
        .collect();
    let releases = report.releases;
    let document = json!({
        "version": 1,
        "tool": concat!("meshwright ", env!("CARGO_PKG_VERSION")),
        "today": report.today,
        "releases": {
            "istio": releases.istio.map(|release| release.to_string()),
            "flux": releases.flux.map(|release| release.to_string()),
            "kubernetes": releases.kubernetes.map(|release| release.to_string()),
        },
        "summary": {
            "objects": report.input.manifests.metas().count(),
            "files": report.input.files,
            "passedOver": passed,
            "errors": count(report, Severity::Error),
            "warnings": count(report, Severity::Warning),
            "notes": count(report, Severity::Note),
            "waived": report.judged.waived.len(),
        },
        "findings": findings,
    });
    format!("{document:#}\n")
}

fn row(report: &Report<'_>, finding: &Diagnostic, waiver: Option<&Waiver>) -> Value {
    let mut row = diagnostic::to_json(finding, report.sources);
    row["waived"] = waiver.map_or(
        Value::Null,
        |waiver| json!({"reason": waiver.reason, "owner": waiver.owner, "expires": waiver.expires}),
    );
    row
}

/// Returns a SARIF log; what is waived is in it, suppressed.
pub(super) fn sarif(report: &Report<'_>) -> String {
    let helps: Vec<String> =
        CHECKS.iter().map(|check| format!("{}\n\n{}", check.happens, check.mend)).collect();
    let rules: Vec<Rule<'_>> = CHECKS
        .iter()
        .zip(&helps)
        .map(|(check, help)| Rule {
            code: check.code,
            severity: check.severity,
            summary: check.summary,
            help,
        })
        .collect();
    let version = env!("CARGO_PKG_VERSION");
    let mut log = diagnostic::to_sarif(&report.judged.open, report.sources, &rules, version);
    let waived: Vec<Diagnostic> = report.judged.waived.iter().map(|(finding, _)| finding.clone()).collect();
    let suppressed = diagnostic::to_sarif(&waived, report.sources, &rules, version);
    if let (Some(results), Some(more)) =
        (log["runs"][0]["results"].as_array_mut(), suppressed["runs"][0]["results"].as_array())
    {
        results.extend(more.iter().cloned().map(|mut result| {
            result["suppressions"] = json!([{"kind": "external"}]);
            result
        }));
    }
    format!("{log:#}\n")
}

/// Returns annotations of what is open.
pub(super) fn github(report: &Report<'_>) -> String {
    diagnostic::to_github(&report.judged.open, report.sources)
}
