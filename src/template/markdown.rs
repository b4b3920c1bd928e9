//! Writes values as Markdown that stays text, in a paragraph as in a table cell.
//!
//! GitHub splits a table into cells before it reads anything else, and a backslash means nothing within a code
//! span; the characters that matter to either are written as character references, which are text everywhere.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output};

/// Writes one hole as prose.
pub(super) fn write_hole(out: &mut Output, value: &Value) -> Result<(), Error> {
    match (value.kind(), value.as_str()) {
        (_, Some(text)) if value.is_safe() => out.write_str(text)?,
        (_, Some(text)) => out.write_str(&prose(text))?,
        (ValueKind::None, _) => {}
        (ValueKind::Bool, _) => out.write_str(if value.is_true() { "true" } else { "false" })?,
        (ValueKind::Number, _) => write!(out, "{value}")?,
        (kind, _) => return Err(refused(kind)),
    }
    Ok(())
}

/// The filter `code`: returns a value as a code span, whatever is in it.
pub(super) fn code(value: &Value) -> Result<Value, Error> {
    let text = match (value.kind(), value.as_str()) {
        (_, Some(text)) => one_line(text),
        (ValueKind::Bool, _) => String::from(if value.is_true() { "true" } else { "false" }),
        (ValueKind::Number, _) => value.to_string(),
        (ValueKind::Undefined, _) => return Err(Error::from(ErrorKind::UndefinedError)),
        (kind, _) => return Err(refused(kind)),
    };
    Ok(Value::from_safe_string(code_span(&text)))
}

fn refused(kind: ValueKind) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("a value of kind {kind} is no text"))
}

/// Escapes everything that Markdown could take for structure.
fn prose(text: &str) -> String {
    let text = single_spaced(&one_line(text));
    let mut out = String::with_capacity(text.len() + 8);
    let marker = list_marker(&text);
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            '`' => out.push_str("&#96;"),
            '\\' => out.push_str("&#92;"),
            '*' | '_' | '[' | ']' | '~' | '#' => out.extend(['\\', c]),
            // These would make a link out of a bare address.
            ':' if rest.starts_with("://") => out.push_str("\\:"),
            '.' if text[..at].ends_with("www") => out.push_str("\\."),
            c if marker == Some(at) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// The byte that would make a list, a rule or an underline of a line that begins with this text.
fn list_marker(text: &str) -> Option<usize> {
    let start = text.len() - text.trim_start().len();
    let end = start + text[start..].bytes().take_while(u8::is_ascii_digit).count();
    let marker = text.as_bytes().get(end)?;
    let is_marker = if start == end { b"-+=".contains(marker) } else { b".)".contains(marker) };
    is_marker.then_some(end)
}

fn code_span(text: &str) -> String {
    if text.is_empty() {
        return "` `".to_owned();
    }
    // Within a table a code span cannot hold this character, and outside of one it cannot be escaped.
    if text.contains('|') {
        return format!("<code>{}</code>", references(text));
    }
    let fence = "`".repeat(1 + longest_run(text));
    let is_bare = !text.starts_with(['`', ' ']) && !text.ends_with(['`', ' ']);
    let pad = if is_bare { "" } else { " " };
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '-' | '/') {
            write!(out, "&#{};", u32::from(c)).expect("a string takes every write");
        } else {
            out.push(c);
        }
    }
    out
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

/// Puts one space for several: four would make a code block, two at the end a line break.
fn single_spaced(text: &str) -> String {
    let mut last = '\0';
    text.chars().filter(|c| !(std::mem::replace(&mut last, *c) == ' ' && *c == ' ')).collect()
}

/// Puts a space for every line break and control character, and a mark for what reorders a line.
fn one_line(text: &str) -> String {
    let replace = |c: char| match c {
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => '\u{FFFD}',
        '\u{2028}' | '\u{2029}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    };
    text.chars().map(replace).collect()
}
