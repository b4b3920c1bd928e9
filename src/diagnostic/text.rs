//! Diagnostics in the shape that rustc made familiar.

use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet};

use super::{Diagnostic, Edit, Label, Severity, in_order};
use crate::source::{Sources, Span};

/// Renders every diagnostic, in a stable order, with an empty line between two; the last line ends with a newline.
///
/// Returns the empty string if there are none.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let reports = in_order(diagnostics)
        .into_iter()
        .map(|diagnostic| renderer.render(&report(diagnostic, sources)) + "\n");
    reports.collect::<Vec<_>>().join("\n")
}

fn report<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let title = level(diagnostic.severity).primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut fault = Group::with_title(title).elements(snippets(&diagnostic.labels, sources));
    let (edit, helps) = match (&diagnostic.edit, diagnostic.help.split_first()) {
        (Some(edit), Some((first, rest))) => (Some(patch(edit, first, sources)), rest),
        (Some(edit), None) => {
            (Some(patch(edit, "this was probably meant", sources)), diagnostic.help.as_slice())
        }
        (None, _) => (None, diagnostic.help.as_slice()),
    };
    fault = fault.elements(helps.iter().map(|help| Level::HELP.message(help.as_str())));
    [fault].into_iter().chain(edit).collect()
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Note => Level::NOTE,
        Severity::Warning => Level::WARNING,
        Severity::Error => Level::ERROR,
    }
}

/// One snippet per file, that of the fault first.
fn snippets<'a>(labels: &'a [Label], sources: &'a Sources) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut files: Vec<u32> = Vec::new();
    for label in labels {
        if !files.contains(&label.span.file) {
            files.push(label.span.file);
        }
    }
    let snippet = |file: u32| {
        let source = sources.get(file);
        let here = labels.iter().enumerate().filter(move |(_, label)| label.span.file == file);
        let annotations = here.map(|(index, label)| annotation(index == 0, label, &source.text));
        Snippet::source(source.text.as_str()).path(source.path.as_str()).annotations(annotations)
    };
    files.into_iter().map(snippet).collect()
}

fn annotation<'a>(is_fault: bool, label: &'a Label, text: &str) -> Annotation<'a> {
    let kind = if is_fault { AnnotationKind::Primary } else { AnnotationKind::Context };
    let annotation = kind.span(first_line(text, label.span));
    if label.text.is_empty() { annotation } else { annotation.label(label.text.as_str()) }
}

fn patch<'a>(edit: &'a Edit, title: &'a str, sources: &'a Sources) -> Group<'a> {
    let source = sources.get(edit.span.file);
    let patch = Patch::new(within(&source.text, edit.span), edit.replacement.as_str());
    let snippet = Snippet::source(source.text.as_str()).path(source.path.as_str()).patch(patch);
    Group::with_title(Level::HELP.secondary_title(title)).element(snippet)
}

/// Returns the part of a span on its first line: a frame around a whole block would hide what matters in it.
fn first_line(text: &str, span: Span) -> Range<usize> {
    let Range { start, end } = within(text, span);
    let line = text[start..end].find(['\n', '\r']).unwrap_or(end - start);
    start..start + line
}

/// Returns the span as a range of whole characters of `text`.
fn within(text: &str, span: Span) -> Range<usize> {
    let start = boundary(text, span.start as usize);
    start..boundary(text, span.end as usize).max(start)
}

fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
