//! Findings as SARIF 2.1.0, the subset that code scanning reads.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Diagnostic, Edit, Severity, in_order};
use crate::source::{Position, Sources, Span};

/// What a code means, for whoever meets it in a viewer.
#[derive(Debug, Clone, Copy)]
pub struct Rule<'a> {
    /// The code.
    pub code: &'a str,
    /// How much a finding weighs.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub summary: &'a str,
    /// What happens, and how to mend it, in Markdown.
    pub help: &'a str,
}

/// Returns a SARIF log with one run: every rule that is given, and a result for each diagnostic.
///
/// Paths are relative to the root of the repository, as the user named them. A fingerprint is made of the code, the path,
/// the message and the text of the line, so that it outlives lines that come and go above it.
pub fn to_sarif(diagnostics: &[Diagnostic], sources: &Sources, rules: &[Rule<'_>], version: &str) -> Value {
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        in_order(diagnostics).into_iter().map(|finding| result(finding, sources, rules, &mut seen)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "meshwright",
                "version": version,
                "semanticVersion": version,
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(rule: &Rule<'_>) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": level(rule.severity)},
    })
}

fn result(
    finding: &Diagnostic,
    sources: &Sources,
    rules: &[Rule<'_>],
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let help = finding.help.iter().map(|help| format!(" {help}."));
    let message: String = [format!("{}.", finding.message)].into_iter().chain(help).collect();
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": {"text": message},
        "partialFingerprints": {"meshwright/v1": fingerprint(finding, sources, seen)},
    });
    if let Some(index) = rules.iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = index.into();
    }
    if let Some((first, rest)) = finding.labels.split_first() {
        result["locations"] = json!([location(first.span, "", sources)]);
        let related: Vec<Value> =
            rest.iter().map(|label| location(label.span, &label.text, sources)).collect();
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
    }
    if let Some(edit) = &finding.edit {
        result["fixes"] = json!([fix(edit, sources)]);
    }
    result
}

fn fix(edit: &Edit, sources: &Sources) -> Value {
    json!({"artifactChanges": [{
        "artifactLocation": artifact(edit.span, sources),
        "replacements": [{
            "deletedRegion": region(edit.span, sources),
            "insertedContent": {"text": edit.replacement},
        }],
    }]})
}

fn location(span: Span, text: &str, sources: &Sources) -> Value {
    let mut location = json!({"physicalLocation": {
        "artifactLocation": artifact(span, sources),
        "region": region(span, sources),
    }});
    if !text.is_empty() {
        location["message"] = json!({"text": text});
    }
    location
}

/// A relative URI: what has a meaning in URIs is escaped.
fn artifact(span: Span, sources: &Sources) -> Value {
    let path = sources.path(span.file).as_str();
    let escaped: String = path
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                (byte as char).into()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    json!({"uri": escaped})
}

fn region(span: Span, sources: &Sources) -> Value {
    let region = sources.region(span);
    let Position { line: start_line, column: start_column } = region.start;
    let Position { line: end_line, column: end_column } = region.end;
    json!({"startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column})
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn fingerprint(finding: &Diagnostic, sources: &Sources, seen: &mut BTreeMap<String, usize>) -> String {
    let span = finding.labels.first().map(|label| label.span);
    let (path, line) =
        span.map_or(("", ""), |span| (sources.path(span.file).as_str(), sources.line_text(span)));
    let identity = [finding.code, path, &finding.message, line.trim()].join("\0");
    let count = seen.entry(identity.clone()).or_default();
    *count += 1;
    let digest = Sha256::digest(format!("{identity}\0{count}"));
    let half = digest.first_chunk::<16>().expect("a SHA-256 has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*half))
}
