//! The upgrade for people: at a terminal, or in an issue.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Changed, Report, fields::Field, title};
use crate::{
    diagnostic::Diagnostic,
    release::{Behaviour, Exposure, Patch, bulletin_range},
    source::Sources,
    tree::FileStatus,
    upgrade::{Act, Bound, Closed, Edit},
};

/// The most fields that a step shows; the rest is counted.
const FIELDS: usize = 8;
/// The most files that are named for a field.
const FILES: usize = 2;
/// Where sentences break at a terminal.
const WIDTH: usize = 110;

/// What is said of a step under one label.
struct Part {
    label: &'static str,
    lines: Vec<Line>,
}

enum Line {
    /// A sentence.
    Prose(String),
    /// What a program reads, or wrote: never broken.
    Code(String),
}

/// Returns the upgrade as text.
pub(super) fn text(report: &Report) -> String {
    let mut text = wrapped("", &head(report));
    text.extend(report.upgrade.end_of_life.iter().map(|said| wrapped("", said)));
    for (index, step) in report.upgrade.steps.iter().enumerate() {
        let _ = write!(text, "\n{}. {}\n", index + 1, title(step));
        for Part { label, lines } in parts(report, index) {
            for (number, line) in lines.iter().enumerate() {
                let margin = format!("   {:<8}", if number == 0 { label } else { "" });
                match line {
                    Line::Prose(sentence) => text += &wrapped(&margin, sentence),
                    Line::Code(code) => _ = writeln!(text, "{margin}{code}"),
                }
            }
        }
    }
    if !report.upgrade.open.is_empty() {
        let _ = write!(text, "\nopen at {}\n", report.upgrade.to);
        for line in open_briefly(report) {
            text += &wrapped("   ", &line);
        }
    }
    text + "\n" + &wrapped("", &range())
}

/// Returns the upgrade as a page: a heading a step, a list a label.
pub(super) fn markdown(report: &Report) -> String {
    let name = prose(&report.profile.name);
    let mut page = format!("## meshwright: upgrade of {name}\n\n{}\n", prose(&head(report)));
    page.extend(report.upgrade.end_of_life.iter().map(|said| format!("\n{}\n", prose(said))));
    for (index, step) in report.upgrade.steps.iter().enumerate() {
        let _ = write!(page, "\n### {}. {}\n", index + 1, prose(&title(step)));
        for Part { label, lines } in parts(report, index) {
            let _ = write!(page, "\n**{label}**\n\n");
            for line in lines {
                let item = match line {
                    Line::Prose(sentence) => prose(&sentence),
                    Line::Code(text) => code(&text),
                };
                let _ = writeln!(page, "* {item}");
            }
        }
    }
    let to = report.upgrade.to;
    if !report.upgrade.open.is_empty() {
        let _ = write!(page, "\n### Open at {to}\n\n");
        for open in &report.upgrade.open {
            let _ = writeln!(page, "* {}", prose(&bulletin(open, to)));
        }
    }
    page + "\n" + &prose(&range()) + "\n"
}

/// Says how long the way is, and why it ends where it does.
fn head(report: &Report) -> String {
    let upgrade = &report.upgrade;
    let way = match upgrade.steps.len() {
        0 => format!("Istio {}: nothing to do", upgrade.from),
        1 => format!("Istio {} to {}: 1 step, a commit that Flux brings", upgrade.from, upgrade.to),
        count => format!(
            "Istio {} to {}: {count} steps, each a commit that Flux has brought before the next",
            upgrade.from, upgrade.to
        ),
    };
    way + &match upgrade.bound {
        None => String::new(),
        Some(Bound::Newest) => "; no newer one is known".to_owned(),
        Some(Bound::Kubernetes { next, needs }) => format!(
            "; no further, since {next} is supported on Kubernetes {needs} and later, and `kubernetesVersion` is {}: `--to {next}` says the way",
            report.profile.kubernetes_version
        ),
        Some(Bound::Flux { next, needs }) => format!(
            "; no further, since {next} needs Flux {needs}, which takes the CRDs into the base chart's release, and `flux.version` is {}: `--to {next}` says the way",
            report.profile.flux_version()
        ),
    }
}

/// Says what stays open: what is said of the release in full, the rest by name.
fn open_briefly(report: &Report) -> Vec<String> {
    let (to, open) = (report.upgrade.to, &report.upgrade.open);
    let of = |exposure| open.iter().filter(move |open| open.exposure == exposure);
    let untold: Vec<&str> = of(Exposure::NotSaid).map(|open| open.bulletin.id.as_str()).collect();
    let mut lines: Vec<String> = of(Exposure::Affected).map(|open| bulletin(open, to)).collect();
    if !untold.is_empty() {
        let why = "mended in later minors, and nothing is said of this one";
        lines.push(format!("{why}: {}; `--format markdown` says what they are", untold.join(", ")));
    }
    lines
}

/// Says how far the facts go.
fn range() -> String {
    let (first, last) = bulletin_range();
    format!(
        "Bulletins are known from {first} to {last}; behaviour is from Istio's release notes, and Envoy's were not read."
    )
}

fn parts(report: &Report, index: usize) -> Vec<Part> {
    let (step, files) = (&report.upgrade.steps[index], &report.trees[index]);
    let before = match index {
        0 => report.upgrade.from,
        _ => report.upgrade.steps[index - 1].profile.chart_version,
    };
    let all = [
        Part { label: "first", lines: step.first.iter().map(act).collect() },
        Part { label: "profile", lines: step.edits.iter().map(edit).collect() },
        Part { label: "tree", lines: tree(files) },
        Part { label: "behaves", lines: step.news.behaviours.iter().map(|one| behaviour(one)).collect() },
        Part {
            label: "values",
            lines: step.news.values.iter().map(|fault| value(fault, &report.sources)).collect(),
        },
        Part { label: "closes", lines: step.news.closed.iter().map(|one| closes(one, before)).collect() },
        Part { label: "note", lines: step.notes.iter().cloned().map(Line::Prose).collect() },
        Part { label: "then", lines: step.then.iter().map(act).collect() },
    ];
    all.into_iter().filter(|part| !part.lines.is_empty()).collect()
}

fn act(act: &Act) -> Line {
    match act {
        Act::Say(what) => Line::Prose(what.clone()),
        Act::Run(command) => Line::Code(command.clone()),
    }
}

fn edit(edit: &Edit) -> Line {
    match &edit.value {
        Some(value) => Line::Code(format!("{}: {}", edit.key, flow(value))),
        None => Line::Prose(format!("remove `{}`", edit.key)),
    }
}

/// Says how many files change, which come and go, and each changed field once, with the files that it changes in.
fn tree(files: &[Changed]) -> Vec<Line> {
    let count = |status| files.iter().filter(|file| file.status == status).count();
    let [added, changed, removed] = [FileStatus::Added, FileStatus::Changed, FileStatus::Removed].map(count);
    let mut lines = vec![Line::Prose(format!("{added} added, {changed} changed, {removed} removed"))];
    let whole = files.iter().filter(|file| file.status != FileStatus::Changed);
    lines.extend(whole.map(|file| Line::Code(format!("{} {}", file.status.name(), file.path))));
    let fields = once(files);
    lines.extend(fields.iter().take(FIELDS).map(|(field, paths)| Line::Code(changed_field(field, paths))));
    if let Some(more @ 1..) = fields.len().checked_sub(FIELDS) {
        let fields = if more == 1 { "field" } else { "fields" };
        lines.push(Line::Prose(format!("and {more} {fields} more, which `--format json` has")));
    }
    lines
}

/// Returns each change of a field once, with the files that it is in.
fn once(files: &[Changed]) -> Vec<(&Field, Vec<&str>)> {
    let mut once: Vec<(&Field, Vec<&str>)> = Vec::new();
    for (file, field) in files.iter().flat_map(|file| file.fields.iter().map(move |field| (file, field))) {
        let is_same = |(known, _): &&mut (&Field, Vec<&str>)| {
            (&known.path, &known.before, &known.after) == (&field.path, &field.before, &field.after)
                && (!field.path.is_empty() || known.object == field.object)
        };
        let path = file.path.as_str();
        match once.iter_mut().find(is_same) {
            Some((_, paths)) if paths.last() == Some(&path) => {}
            Some((_, paths)) => paths.push(path),
            None => once.push((field, vec![path])),
        }
    }
    once
}

fn changed_field(field: &Field, paths: &[&str]) -> String {
    let what = if field.path.is_empty() { &field.object } else { &field.path };
    let value =
        |value: &Value| if field.path.is_empty() { String::new() } else { format!(": {}", short(value)) };
    let change = match (&field.before, &field.after) {
        (Some(before), Some(after)) => format!("{what}: {} -> {}", short(before), short(after)),
        (None, Some(after)) => format!("new {what}{}", value(after)),
        (Some(before), None) => format!("gone {what}{}", value(before)),
        (None, None) => what.clone(),
    };
    let more = match paths.len().saturating_sub(FILES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{change} ({}{more})", paths[..paths.len().min(FILES)].join(", "))
}

fn behaviour(behaviour: &Behaviour) -> Line {
    let here = behaviour.here.as_ref().map_or_else(String::new, |here| format!(" {here}"));
    Line::Prose(format!("{}: {}{here} ({})", behaviour.bears.name(), behaviour.what, behaviour.source))
}

fn value(fault: &Diagnostic, sources: &Sources) -> Line {
    let span = fault.labels[0].span;
    let place = format!("{}:{}", sources.path(span.file), sources.line(span));
    let said: Vec<&str> = std::iter::once(&fault.message).chain(&fault.help).map(String::as_str).collect();
    Line::Prose(format!("{place}: {}", said.join("; ")))
}

/// Says what a bulletin is about, what it says of a release, and which have the fix.
fn bulletin(closed: &Closed, version: Patch) -> String {
    let bulletin = closed.bulletin;
    let exposure = match closed.exposure {
        Exposure::Affected | Exposure::None => format!("{version} is affected"),
        Exposure::NotSaid => format!("Of {version} nothing is said"),
    };
    let fixed: Vec<String> = bulletin.fixed.first().iter().map(ToString::to_string).collect();
    format!("{}: {} {exposure}; mended in {}.", bulletin.id, bulletin.what, fixed.join(", "))
}

fn closes(closed: &Closed, before: Patch) -> Line {
    let cves = closed.bulletin.cves.join(", ");
    let cves = if cves.is_empty() { String::new() } else { format!(" ({cves})") };
    Line::Prose(bulletin(closed, before) + &cves)
}

/// Writes a value as YAML on one line.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(keys) => {
            let pairs: Vec<String> =
                keys.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        // What reads like a number keeps its last zero only in quotes.
        Value::String(text) if text.parse::<f64>().is_ok() => format!("{text:?}"),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Writes a value, or its beginning.
fn short(value: &Value) -> String {
    let text = flow(value).replace('\n', " ");
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Breaks a sentence at spaces, with `margin` before it and as much space before what follows.
fn wrapped(margin: &str, sentence: &str) -> String {
    let indent = margin.chars().count();
    let (mut text, mut width) = (margin.to_owned(), indent);
    for word in sentence.split(' ') {
        let length = word.chars().count();
        if width > indent && width + 1 + length > WIDTH {
            let _ = write!(text, "\n{:indent$}", "");
            width = indent;
        } else if width > indent {
            text.push(' ');
            width += 1;
        }
        text += word;
        width += length;
    }
    text + "\n"
}

/// Returns words as words in Markdown; what stands between backticks stays code.
fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        match c {
            '`' => {
                is_code = !is_code;
                escaped.push(c);
            }
            '\\' | '*' | '_' | '[' | ']' | '~' | '|' | '<' | '>' | '#' if !is_code => {
                escaped.extend(['\\', c]);
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn code(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let (fence, space) = ("`".repeat(longest + 1), if longest > 0 { " " } else { "" });
    format!("{fence}{space}{text}{space}{fence}")
}
