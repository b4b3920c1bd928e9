//! The assessment as a page.

use std::fmt::Write as _;

use super::{Report, scope};
use crate::{
    control::{Judgement, Ruled},
    source::Span,
};

pub(super) fn markdown(report: &Report<'_>) -> String {
    let mut text = format!("# Controls\n\n{}\n\n| control | verdict |\n|---|---|\n", escaped(&scope(report)));
    for control in &report.assessment.controls {
        let entry = control.entry;
        let _ = writeln!(text, "| {} {} | {} |", entry.control, entry.title, control.verdict);
    }
    for control in &report.assessment.controls {
        write_control(report, control, &mut text);
    }
    text += "\n## Rules\n";
    for ruled in &report.assessment.rules {
        write_rule(report, ruled, &mut text);
    }
    text += "\n## Exceptions\n\nNo verdict covers these.\n\n";
    for exception in &report.assessment.exceptions {
        let _ = writeln!(text, "- {}{}", escaped(&exception.what), at(report, exception.span));
    }
    text += "\n## Files\n\nThe sha256 is of the text, as UTF-8 without a byte order mark.\n\n| file | sha256 |\n|---|---|\n";
    for (path, hash) in report.evidence_files() {
        let _ = writeln!(text, "| `{path}` | `{hash}` |");
    }
    text
}

fn write_control(report: &Report<'_>, control: &Judgement, text: &mut String) {
    let entry = control.entry;
    let _ = writeln!(
        text,
        "\n## {} {}\n\n{}.\n",
        entry.control,
        entry.title,
        capital(&control.verdict.to_string())
    );
    *text += "| objective | verdict | claim | rules |\n|---|---|---|---|\n";
    for part in &control.parts {
        let rules: Vec<String> = report
            .assessment
            .rules_of(part.objective)
            .map(|ruled| format!("{} {}", ruled.rule.id, ruled.outcome))
            .collect();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} |",
            part.objective.id,
            part.verdict,
            escaped(part.objective.claim),
            rules.join("<br>")
        );
    }
    text.push('\n');
    for outside in entry.outside {
        let ids: Vec<String> = outside.objectives.iter().map(|id| format!("`{id}`")).collect();
        let which = if ids.is_empty() {
            "Not claimed".to_owned()
        } else {
            format!("Outside the manifests, {}", ids.join(", "))
        };
        let _ = writeln!(text, "- {which}: {}.", escaped(outside.what));
    }
}

fn write_rule(report: &Report<'_>, ruled: &Ruled, text: &mut String) {
    let waived = if ruled.is_waived() { ", and somebody bears that" } else { "" };
    let _ = writeln!(
        text,
        "\n### {} {}{waived}\n\n{}; {}.\n",
        ruled.rule.id,
        ruled.outcome,
        escaped(&capital(ruled.rule.holds)),
        ruled.looked_at(report.assessment.objects)
    );
    for fault in &ruled.look.breaks {
        let _ = writeln!(text, "- broken: {}{}", escaped(&fault.message), at(report, fault.span));
    }
    for doubt in &ruled.look.doubts {
        let _ = writeln!(text, "- not known: {}{}", escaped(&doubt.message), at(report, doubt.span));
    }
    for item in &ruled.look.items {
        let _ = writeln!(
            text,
            "- {} `{}`: {}{}",
            item.kind,
            item.path,
            escaped(&item.says),
            at(report, Some(item.span))
        );
    }
}

fn at(report: &Report<'_>, span: Option<Span>) -> String {
    span.map_or_else(String::new, |span| format!(", `{}`", report.place(span)))
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// A message may hold a user's words, among them what Markdown or HTML would take for its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace('*', "\\*").replace('\n', " ")
}
