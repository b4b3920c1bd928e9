//! Diagnostics for programs.

use serde::Serialize;
use serde_json::Value;

use super::{Diagnostic, Edit, Severity};
use crate::source::{Region, Sources};

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
    let place = span.map(|span| sources.region(span).start);
    let view = View {
        code: diagnostic.code,
        severity: word(diagnostic.severity),
        message: &diagnostic.message,
        file: span.map(|span| sources.path(span.file).as_str()),
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
        help: &diagnostic.help,
        edit: diagnostic.edit.as_ref().map(|edit| edit_view(edit, sources)),
    };
    serde_json::to_value(view).expect("a view has only texts and numbers")
}

fn edit_view<'a>(edit: &'a Edit, sources: &'a Sources) -> EditView<'a> {
    let Region { start, end } = sources.region(edit.span);
    EditView {
        file: sources.path(edit.span.file).as_str(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
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
