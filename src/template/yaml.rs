//! Writes values as YAML that every reader reads alike.
//!
//! A scalar is plain only where YAML 1.2 and the YAML 1.1 of Kubernetes (go-yaml) agree that it is a string, in
//! block and in flow context; everything else is double-quoted. A hole is written as a draft at indentation 0,
//! which `layout` fits to its place; the four forms of a draft are told apart by their first byte:
//!
//! * `\n`: a block collection, one line break ahead of its first entry
//! * `[`: a list of scalars, with a line break between its items; flow or block is still open
//! * `|`: a literal block scalar, its lines as they are
//! * anything else: one scalar, or an empty collection, on one line

use std::fmt::Write;

use minijinja::value::{DynObject, Value, ValueKind};
use minijinja::{Error, ErrorKind, Output};

/// The column that a flow list should not pass.
pub(super) const WIDTH: usize = 100;

/// A longer key is written as `? key`: YAML refuses an implicit key of more than 1,024 characters.
const IMPLICIT_KEY: usize = 1000;

/// Writes one hole as a draft.
pub(super) fn write_hole(out: &mut Output, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return Err(refused("a captured block is no YAML node"));
    }
    let mut draft = String::new();
    match value.as_str() {
        Some(text) if is_plain(text) => return Ok(out.write_str(text)?),
        Some(text) if is_literal(text) => literal_draft(&mut draft, text),
        _ => node_draft(&mut draft, value)?,
    }
    Ok(out.write_str(&draft)?)
}

/// Returns a whole document in block style, with a final line break.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    match Node::new(value) {
        Ok(node) if node.is_block() => block(&mut text, &node, 0),
        Ok(node) => inline(&mut text, &node),
        Err(error) => Err(error),
    }
    .expect("every JSON value is a YAML node");
    text.push('\n');
    text
}

/// Writes a string as one scalar on one line.
pub(super) fn string(out: &mut String, text: &str) {
    if is_plain(text) { out.push_str(text) } else { quoted(out, text) }
}

/// Writes a list of scalars in flow style; `items` are scalars already written.
pub(super) fn flow<'a>(out: &mut String, items: impl Iterator<Item = &'a str>) {
    out.push('[');
    for (index, item) in items.enumerate() {
        out.push_str(if index == 0 { "" } else { ", " });
        out.push_str(item);
    }
    out.push(']');
}

/// Starts a new line at a column.
pub(super) fn new_line(out: &mut String, column: usize) {
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', column));
}

/// Writes a line of text at a column; an empty one stays empty, so that no line ends in spaces.
pub(super) fn text_line(out: &mut String, line: &str, column: usize) {
    new_line(out, if line.is_empty() { 0 } else { column });
    out.push_str(line);
}

/// A value with its children in hand.
enum Node {
    Scalar(Value),
    Sequence(Vec<Value>),
    Mapping(Vec<(Value, Value)>),
}

impl Node {
    fn new(value: &Value) -> Result<Self, Error> {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => Ok(Self::Sequence(value.try_iter()?.collect())),
            ValueKind::Map => Ok(Self::Mapping(pairs(value)?)),
            _ => Ok(Self::Scalar(value.clone())),
        }
    }

    /// Whether the node takes lines of its own.
    fn is_block(&self) -> bool {
        match self {
            Self::Scalar(_) => false,
            Self::Sequence(items) => !items.is_empty(),
            Self::Mapping(pairs) => !pairs.is_empty(),
        }
    }

    fn scalars(&self) -> Option<&[Value]> {
        match self {
            Self::Sequence(items) if !items.is_empty() && items.iter().all(is_scalar) => Some(items),
            _ => None,
        }
    }
}

fn pairs(value: &Value) -> Result<Vec<(Value, Value)>, Error> {
    let pairs = value.as_object().and_then(DynObject::try_iter_pairs);
    Ok(pairs.ok_or_else(|| refused("a mapping cannot be read"))?.collect())
}

fn is_scalar(value: &Value) -> bool {
    !matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
}

fn node_draft(out: &mut String, value: &Value) -> Result<(), Error> {
    let node = Node::new(value)?;
    if let Some(items) = node.scalars() {
        return list_draft(out, items);
    }
    if !node.is_block() {
        return inline(out, &node);
    }
    out.push('\n');
    block(out, &node, 0)
}

fn list_draft(out: &mut String, items: &[Value]) -> Result<(), Error> {
    for (index, item) in items.iter().enumerate() {
        out.push(if index == 0 { '[' } else { '\n' });
        scalar(out, item)?;
    }
    out.push(']');
    Ok(())
}

fn literal_draft(out: &mut String, text: &str) {
    out.push_str(literal_header(text));
    out.push('\n');
    out.push_str(text.strip_suffix('\n').unwrap_or(text));
}

/// Writes a collection with its first entry here and the others on lines of their own at `indent`.
fn block(out: &mut String, node: &Node, indent: usize) -> Result<(), Error> {
    match node {
        Node::Scalar(value) => scalar(out, value),
        Node::Sequence(items) => block_sequence(out, items, indent),
        Node::Mapping(pairs) => block_mapping(out, pairs, indent),
    }
}

fn block_sequence(out: &mut String, items: &[Value], indent: usize) -> Result<(), Error> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            new_line(out, indent);
        }
        out.push_str("- ");
        let node = Node::new(item)?;
        if node.is_block() { block(out, &node, indent + 2)? } else { inline(out, &node)? }
    }
    Ok(())
}

fn block_mapping(out: &mut String, pairs: &[(Value, Value)], indent: usize) -> Result<(), Error> {
    for (index, (key, value)) in pairs.iter().enumerate() {
        if index > 0 {
            new_line(out, indent);
        }
        write_key(out, key, indent)?;
        write_value(out, value, indent)?;
    }
    Ok(())
}

fn write_key(out: &mut String, key: &Value, indent: usize) -> Result<(), Error> {
    let start = out.len();
    scalar(out, key)?;
    if out.len() - start > IMPLICIT_KEY {
        out.insert_str(start, "? ");
        new_line(out, indent);
    }
    out.push(':');
    Ok(())
}

fn write_value(out: &mut String, value: &Value, indent: usize) -> Result<(), Error> {
    if let Some(text) = value.as_str().filter(|text| is_literal(text)) {
        out.push(' ');
        literal(out, text, indent + 2);
        return Ok(());
    }
    let node = Node::new(value)?;
    if !node.is_block() {
        out.push(' ');
        return inline(out, &node);
    }
    if let Some(items) = node.scalars()
        && short_flow(out, items)?
    {
        return Ok(());
    }
    new_line(out, indent + 2);
    block(out, &node, indent + 2)
}

/// Writes a list of scalars in flow style behind a key, or nothing where it would be too wide.
fn short_flow(out: &mut String, items: &[Value]) -> Result<bool, Error> {
    let start = out.len();
    let column = start - out.rfind('\n').map_or(0, |at| at + 1);
    for (index, item) in items.iter().enumerate() {
        out.push_str(if index == 0 { " [" } else { ", " });
        scalar(out, item)?;
    }
    out.push(']');
    let fits = column + out.len() - start <= WIDTH;
    if !fits {
        out.truncate(start);
    }
    Ok(fits)
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push_str(literal_header(text));
    for line in text.lines() {
        text_line(out, line, indent);
    }
}

fn literal_header(text: &str) -> &'static str {
    if text.ends_with('\n') { "|" } else { "|-" }
}

fn inline(out: &mut String, node: &Node) -> Result<(), Error> {
    match node {
        Node::Scalar(value) => return scalar(out, value),
        Node::Sequence(_) => out.push_str("[]"),
        Node::Mapping(_) => out.push_str("{}"),
    }
    Ok(())
}

fn scalar(out: &mut String, value: &Value) -> Result<(), Error> {
    match value.kind() {
        ValueKind::String => string(out, value.as_str().unwrap_or_default()),
        ValueKind::None => out.push_str("null"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number if value.is_integer() => write!(out, "{value}")?,
        ValueKind::Number => float(out, f64::try_from(value.clone())?)?,
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        kind => return Err(refused(format!("a value of kind {kind} is no YAML node here"))),
    }
    Ok(())
}

/// Writes a float so that it stays one: YAML 1.1 wants a point in the mantissa and a sign in the exponent.
fn float(out: &mut String, number: f64) -> Result<(), Error> {
    if number.is_nan() {
        out.push_str(".nan");
    } else if number.is_infinite() {
        out.push_str(if number > 0.0 { ".inf" } else { "-.inf" });
    } else {
        let digits = format!("{number:?}");
        match digits.split_once('e') {
            None => out.push_str(&digits),
            Some((mantissa, exponent)) => {
                let point = if mantissa.contains('.') { "" } else { ".0" };
                let sign = if exponent.starts_with('-') { "" } else { "+" };
                write!(out, "{mantissa}{point}e{sign}{exponent}")?;
            }
        }
    }
    Ok(())
}

fn refused(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Returns whether every reader takes the bare text for this very string, wherever a scalar may stand.
pub(super) fn is_plain(text: &str) -> bool {
    has_plain_start(text) && has_plain_body(text) && !is_word(text) && !looks_numeric(text)
}

/// Whether the first characters are no indicator, number sign or document marker.
fn has_plain_start(text: &str) -> bool {
    let second = text.as_bytes().get(1).copied().unwrap_or_default();
    match text.as_bytes().first() {
        None => false,
        Some(b'/' | b'$' | b'(') => true,
        // Some readers of YAML 1.1 drop underscores before they look for a number.
        Some(b'_') => text.trim_start_matches('_').starts_with(|c: char| c.is_ascii_alphabetic()),
        Some(b'.') => second.is_ascii_alphabetic() || second == b'/',
        // A command line flag; a third dash would be a document marker.
        Some(b'-') => second == b'-' && text.as_bytes().get(2).is_some_and(u8::is_ascii_alphabetic),
        Some(first) => !first.is_ascii() || first.is_ascii_alphanumeric(),
    }
}

/// Whether no character ends a plain scalar, in block or flow context: `?` does so in go-yaml's flow context, and
/// saphyr refuses a last word `-` there.
fn has_plain_body(text: &str) -> bool {
    if text.ends_with(" -") {
        return false;
    }
    let bytes = text.as_bytes();
    let mut ascii = true;
    for (index, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(index + 1);
        let good = match byte {
            b' ' => next.is_some_and(|next| *next != b'#'),
            b':' => next.is_some_and(|next| *next != b' '),
            b',' | b'[' | b']' | b'{' | b'}' | b'?' | b'"' | b'\\' => false,
            _ => byte.is_ascii_graphic() || !byte.is_ascii(),
        };
        if !good {
            return false;
        }
        ascii &= byte.is_ascii();
    }
    ascii || text.chars().all(|c| c.is_ascii() || c.is_alphanumeric())
}

/// Whether some YAML reader takes the word for a boolean, null or a float, in any case.
fn is_word(text: &str) -> bool {
    const WORDS: [&str; 14] = [
        "y", "n", "no", "on", "yes", "off", "nan", "inf", "true", "null", "false", ".nan", ".inf", "infinity",
    ];
    text.len() <= 8 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// Whether the text could be an integer, float, sexagesimal or date to some reader; errs on that side.
fn looks_numeric(text: &str) -> bool {
    let is_numeric = |byte: &u8| {
        byte.is_ascii_hexdigit()
            || matches!(byte, b'_' | b'.' | b':' | b'+' | b'-' | b' ' | b'x' | b'X' | b'o' | b'O')
            || matches!(byte, b't' | b'T' | b'z' | b'Z')
    };
    text.as_bytes()[0].is_ascii_digit() && text.as_bytes().iter().all(is_numeric) && !is_version(text)
}

/// Whether the text is a version or an IPv4 address: no reader in use takes two points for a number.
fn is_version(text: &str) -> bool {
    let mut parts = 0;
    text.split('.')
        .inspect(|_| parts += 1)
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && parts > 2
}

/// Whether a string of several lines can stand as a literal block scalar, exactly and legibly.
fn is_literal(text: &str) -> bool {
    let body = text.strip_suffix('\n').unwrap_or(text);
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && !body.ends_with('\n')
        && body.split('\n').all(|line| !line.ends_with(' ') && !line.contains(is_escaped))
}

/// Writes a double-quoted scalar on one line.
pub(super) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut copied = 0;
    for (at, c) in text.char_indices().filter(|(_, c)| matches!(c, '"' | '\\') || is_escaped(*c)) {
        out.push_str(&text[copied..at]);
        escape(out, c);
        copied = at + c.len_utf8();
    }
    out.push_str(&text[copied..]);
    out.push('"');
}

fn escape(out: &mut String, c: char) {
    let written = match c {
        '"' => out.write_str("\\\""),
        '\\' => out.write_str("\\\\"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if u32::from(c) <= 0xFFFF => write!(out, "\\u{:04X}", u32::from(c)),
        c => write!(out, "\\U{:08X}", u32::from(c)),
    };
    written.expect("a string takes every write");
}

/// Whether a character is not printable in YAML, or would be invisible to a reviewer or reorder the line.
fn is_escaped(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control();
    }
    c.is_control()
        || c.is_whitespace()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}'
            | '\u{E0000}'..='\u{E0FFF}')
}
