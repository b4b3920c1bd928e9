//! The assessment as it is read in a terminal.

use std::fmt::Write as _;

use super::{Report, scope};
use crate::control::{Judgement, Outcome, Part, Ruled};

/// How many objects a rule names here; JSON and Markdown name all.
const SHOWN: usize = 3;

/// How wide prose is set.
const WIDTH: usize = 110;

pub(super) fn text(report: &Report<'_>) -> String {
    let mut text = prose(&scope(report), "") + "\n";
    for control in &report.assessment.controls {
        write_control(report, control, &mut text);
    }
    text += "Rules\n";
    for ruled in &report.assessment.rules {
        write_rule(report, ruled, &mut text);
    }
    text += "\nExceptions, which no verdict covers\n";
    for exception in &report.assessment.exceptions {
        let place = exception.span.map_or_else(String::new, |span| format!("{}: ", report.place(span)));
        text += &item(&format!("{place}{}", exception.what));
    }
    text += "\nFiles, by the sha256 of their text\n";
    for (path, hash) in report.evidence_files() {
        let _ = writeln!(text, "  {hash}  {path}");
    }
    text
}

fn prose(text: &str, indent: &str) -> String {
    textwrap::indent(&textwrap::fill(text, WIDTH - indent.len()), indent) + "\n"
}

fn item(text: &str) -> String {
    let options = textwrap::Options::new(WIDTH).initial_indent("  - ").subsequent_indent("    ");
    textwrap::fill(text, options) + "\n"
}

fn write_control(report: &Report<'_>, control: &Judgement, text: &mut String) {
    let entry = control.entry;
    let _ = writeln!(text, "{} {}: {}", entry.control, entry.title, control.verdict);
    for part in &control.parts {
        write_part(report, part, text);
    }
    for outside in entry.outside {
        let which = if outside.objectives.is_empty() {
            "not claimed".to_owned()
        } else {
            format!("{} outside the manifests", outside.objectives.join(", "))
        };
        *text += &item(&format!("{which}: {}", outside.what));
    }
    text.push('\n');
}

fn write_part(report: &Report<'_>, part: &Part, text: &mut String) {
    let _ = writeln!(text, "  {}: {}", part.objective.id, part.verdict);
    *text += &prose(&format!("claim: {}", part.objective.claim), "    ");
    let rules: Vec<&Ruled> = report.assessment.rules_of(part.objective).collect();
    for outcome in [Outcome::Broken, Outcome::CannotTell, Outcome::Holds, Outcome::NonePresent] {
        let of: Vec<&str> =
            rules.iter().filter(|ruled| ruled.outcome == outcome).map(|ruled| ruled.rule.id).collect();
        if !of.is_empty() {
            let options = textwrap::Options::new(WIDTH).initial_indent("    ").subsequent_indent("      ");
            *text += &textwrap::fill(&format!("{outcome}: {}", of.join(", ")), options);
            text.push('\n');
        }
    }
}

fn write_rule(report: &Report<'_>, ruled: &Ruled, text: &mut String) {
    let waived = if ruled.is_waived() { ", and somebody bears that" } else { "" };
    let _ = writeln!(
        text,
        "  {} {}{waived}: {} ({})",
        ruled.rule.id,
        ruled.outcome,
        ruled.rule.holds,
        ruled.looked_at(report.assessment.objects)
    );
    let at = |span: Option<_>| span.map_or_else(String::new, |span| format!("{}: ", report.place(span)));
    for fault in &ruled.look.breaks {
        let _ = writeln!(text, "      broken: {}{}", at(fault.span), fault.message);
    }
    for doubt in &ruled.look.doubts {
        let _ = writeln!(text, "      not known: {}{}", at(doubt.span), doubt.message);
    }
    for item in ruled.look.items.iter().take(SHOWN) {
        let _ = writeln!(text, "      {}{} {}: {}", at(Some(item.span)), item.kind, item.path, item.says);
    }
    if let Some(more) = ruled.look.items.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "      and {more} more");
    }
}
