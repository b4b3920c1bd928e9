//! Diagnostics for programs.

use serde::Serialize;
use serde_json::Value;

use super::{Diagnostic, Edit, Severity};
use crate::source::{Sources, Span};

/// What a program learns of a diagnostic; lines and columns count from 1, columns in characters.
#[derive(Serialize)]
struct View<'a> {
    code: &'a str,
    severity: &'static str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    help: &'a [String],
    edit: Option<EditView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EditView<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    replacement: &'a str,
}

/// Returns a diagnostic as `{code, severity, message, file, line, column, help, edit}`.
///
/// `file`, `line` and `column` are null without a place, `edit` without an edit.
pub fn to_json(diagnostic: &Diagnostic, sources: &Sources) -> Value {
    let span = diagnostic.labels.first().map(|label| label.span);
    let place = span.map(|span| place(sources, span.file, span.start));
    let view = View {
        code: diagnostic.code,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        file: span.map(|span| sources.path(span.file).as_str()),
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
        help: &diagnostic.help,
        edit: diagnostic.edit.as_ref().map(|edit| edit_view(edit, sources)),
    };
    serde_json::to_value(view).expect("a view has only texts and numbers")
}

fn edit_view<'a>(edit: &'a Edit, sources: &'a Sources) -> EditView<'a> {
    let Span { file, start, end } = edit.span;
    let (line, column) = place(sources, file, start);
    let (end_line, end_column) = place(sources, file, end);
    EditView {
        file: sources.path(file).as_str(),
        line,
        column,
        end_line,
        end_column,
        replacement: &edit.replacement,
    }
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Returns line and column of a byte.
fn place(sources: &Sources, file: u16, at: u32) -> (usize, usize) {
    let text = &sources.get(file).text;
    let before: Vec<char> =
        text.char_indices().take_while(|(start, _)| *start < at as usize).map(|(_, c)| c).collect();
    let line = 1 + before.iter().filter(|c| **c == '\n').count();
    let column = 1 + before.iter().rev().take_while(|c| **c != '\n').count();
    (line, column)
}
