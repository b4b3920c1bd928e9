//! From the places that the scanner reports to byte spans.
//!
//! The scanner counts characters, puts anchors and tags into the span of the value that they decorate, starts a
//! block scalar at its content and gives values that are not written the place of some neighbour. The functions
//! here undo that.

use std::borrow::Cow;

/// What separates tokens; other white space of Unicode is text to YAML.
const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

/// Where each character of a text starts.
pub struct Offsets(Option<Vec<u32>>);

impl Offsets {
    /// Indexes `text`, whose length must fit a `u32`. ASCII needs no index.
    pub fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self(None);
        }
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        Self(Some(starts.map(offset).collect()))
    }

    /// Returns the byte offset of the character `index`; past the end, the length of the text.
    pub fn byte(&self, index: usize, text: &str) -> usize {
        match &self.0 {
            None => index.min(text.len()),
            Some(starts) => starts.get(index).map_or(text.len(), |start| *start as usize),
        }
    }
}

/// Returns `at` as spans carry it.
pub fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Returns where a value starts whose anchor or tag (as many as `decorations`) starts at `start`.
pub fn after_decorations(text: &str, start: usize, decorations: usize) -> usize {
    (0..decorations).fold(start, |at, _| skip_blank(text, skip_decoration(text, at)))
}

/// Returns where the header (`|` or `>`) of a block scalar is that follows the token which ends at `from`.
pub fn block_header(text: &str, from: usize) -> Option<usize> {
    let mut at = skip_blank(text, from);
    while is_indicator(text, at, b":-?") {
        at = skip_blank(text, at + 1);
    }
    let at = after_decorations(text, at, 2);
    matches!(text.as_bytes().get(at), Some(b'|' | b'>')).then_some(at)
}

/// Returns where the first `-` is of a block sequence that is a key or value after the token which ends at `from`.
pub fn first_dash(text: &str, from: usize) -> Option<usize> {
    let mut at = skip_blank(text, from);
    while is_indicator(text, at, b":?") {
        at = skip_blank(text, at + 1);
    }
    let at = after_decorations(text, at, 2);
    is_indicator(text, at, b"-").then_some(at)
}

/// Returns where a value would stand that is not written: after its indicator, else after the last token.
pub fn unwritten(text: &str, last_end: usize, indicator: u8) -> usize {
    let at = skip_blank(text, last_end);
    if is_indicator(text, at, &[indicator]) { at + 1 } else { last_end }
}

fn is_indicator(text: &str, at: usize, indicators: &[u8]) -> bool {
    let mut bytes = text.as_bytes()[at..].iter();
    bytes.next().is_some_and(|byte| indicators.contains(byte))
        && bytes.next().is_none_or(|next| b" \t\r\n,]}".contains(next))
}

/// Returns the end of the quoted scalar that starts at `start`: the scanner counts blanks behind the quote as well.
pub fn after_quote(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let quote = bytes[start];
    let mut at = start + 1;
    while at < end {
        let escapes_next =
            (quote == b'"' && bytes[at] == b'\\') || bytes[at..].starts_with(b"''") && quote == b'\'';
        match escapes_next {
            true => at += 2,
            false if bytes[at] == quote => return at + 1,
            false => at += 1,
        }
    }
    end
}

/// Returns the bracket before `at` that nothing before `at` closes. Brackets within quotes count as well: this serves
/// only to word a message.
pub fn open_bracket(text: &str, at: usize) -> Option<usize> {
    let mut closed = 0_usize;
    let brackets = text[..floor(text, at)].bytes().enumerate().rev();
    for (place, byte) in brackets {
        match byte {
            b']' | b'}' => closed += 1,
            b'[' | b'{' if closed == 0 => return Some(place),
            b'[' | b'{' => closed -= 1,
            _ => {}
        }
    }
    None
}

/// Returns `end` without the whitespace before it, but not less than `start`.
pub fn trimmed(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(start, |token| start + token.trim_end_matches(BLANK).len())
}

/// Returns the line that holds `at`, without its break, and where it starts.
pub fn line_at(text: &str, at: usize) -> (usize, &str) {
    let at = floor(text, at);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    (start, text[start..end].trim_end_matches('\r'))
}

/// Returns the offset of the next `---` line at `from` or after it.
pub fn next_document(text: &str, from: usize) -> Option<usize> {
    let from = floor(text, from);
    let is_marker = |at: &usize| {
        let rest = &text[*at..];
        let after = rest.strip_prefix("---");
        after.is_some_and(|after| after.is_empty() || after.starts_with([' ', '\t', '\n', '\r']))
    };
    let first = (from == 0 || text[..from].ends_with('\n')).then_some(from);
    let later = text[from..].match_indices('\n').map(|(newline, _)| from + newline + 1);
    first.into_iter().chain(later).find(is_marker)
}

/// Returns `at` or the nearest character boundary before it.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Returns `text` so that a message can show it: one short line.
pub fn shown(text: &str) -> Cow<'_, str> {
    const LIMIT: usize = 60;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(LIMIT) {
        Some((end, _)) => Cow::Owned(format!("{}…", &line[..end])),
        None if line.len() < text.trim_end().len() => Cow::Owned(format!("{line}…")),
        None => Cow::Borrowed(line),
    }
}

fn skip_decoration(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let end = match rest.as_bytes() {
        [b'!', b'<', ..] => rest.find('>').map(|close| close + 1),
        [b'!' | b'&', ..] => rest.find(|c: char| BLANK.contains(&c) || "[]{},".contains(c)),
        _ => Some(0),
    };
    at + end.unwrap_or(rest.len())
}

/// Skips whitespace, line breaks and comments.
fn skip_blank(text: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches(BLANK).len();
        let starts_comment = text[at..].starts_with('#') && (at == 0 || text[..at].ends_with(BLANK));
        if !starts_comment {
            return at;
        }
        at += text[at..].find('\n').unwrap_or(text.len() - at);
    }
}
