//! What is said of a text that cannot be read.

use super::place::{self, line_at, offset};
use super::{MAX_ALIAS_NODES, MAX_BYTES, MAX_DEPTH};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Says in a person's words what the scanner found at the byte `at`.
pub fn syntax(text: &str, file: u32, info: &str, at: usize) -> Diagnostic {
    let at = at.min(text.len());
    if info.contains("recursion limit") {
        return depth(Span { file, start: offset(at), end: offset(at + char_len(text, at)) });
    }
    let explanation =
        tab(text, at, info).or_else(|| known(text, info, at)).unwrap_or_else(|| unknown(text, info, at));
    let Explanation { at, len, message, label, help } = explanation;
    let span = Span { file, start: offset(at), end: offset(at + len) };
    let diagnostic = Diagnostic::error("yaml-syntax", span, message, label);
    if help.is_empty() { diagnostic } else { diagnostic.with_help(help) }
}

/// The same key stands twice in one mapping.
pub fn duplicate_key(key: &str, span: Span, first: Span) -> Diagnostic {
    let message = format!("the key `{}` is written twice", place::shown(key));
    Diagnostic::error("yaml-duplicate-key", span, message, "written again here")
        .with_context(first, "first written here")
        .with_help("remove one of the two")
}

/// A key is empty, a list or a mapping.
pub fn key_shape(span: Span) -> Diagnostic {
    Diagnostic::error("yaml-key", span, "a key must be a word", "this cannot be a key")
        .with_help("quote the whole value if braces or brackets belong to it")
}

/// `<<` stands where a key is expected.
pub fn merge_key(span: Span) -> Diagnostic {
    Diagnostic::error("yaml-merge-key", span, "the merge key `<<` is not read", "merges keys from elsewhere")
        .with_help("write the keys out, so that each has a line of its own")
}

/// What a merge key names holds no keys.
pub fn merge_value(span: Span) -> Diagnostic {
    let message = "the merge key `<<` needs a mapping";
    Diagnostic::error("yaml-merge-key", span, message, "a mapping was expected, or a list of them")
}

/// A key stands before a merge key that brings it as well.
///
/// sigs.k8s.io/yaml merges where `<<` stands, so that what is merged wins over keys before it (`decoder.merge` of
/// go.yaml.in/yaml/v2); kustomize and Flux let what is written win (`RNode.DeAnchor` of kyaml).
pub fn merge_order(key: &str, span: Span, merge: Span) -> Diagnostic {
    let message = format!("`{}` is written before a merge key that brings it as well", place::shown(key));
    Diagnostic::warning("yaml-merge-order", span, message, "kustomize and Flux keep this value")
        .with_context(merge, "kubectl takes the value that is merged here")
        .with_help("write `<<` before the keys that replace what it brings")
}

/// A tag that this reader does not follow, or that contradicts the value.
pub fn tag(tag: &str, span: Span) -> Diagnostic {
    // The namespace is how the parser spells `!!`; nobody writes it.
    let tag = tag.replace("tag:yaml.org,2002:!", "!!");
    let message = format!("the tag `{}` does not fit", place::shown(&tag));
    Diagnostic::error("yaml-tag", span, message, "this value has the tag").with_help("remove the tag")
}

/// An alias stands inside of what it names.
pub fn alias_cycle(alias: &str, span: Span) -> Diagnostic {
    let message = format!("the alias `{}` contains itself", place::shown(alias));
    Diagnostic::error("yaml-alias-cycle", span, message, "stands inside of its own anchor")
}

/// An alias names nothing in its document.
pub fn unknown_anchor(alias: &str, span: Span) -> Diagnostic {
    let name = place::shown(alias.trim_start_matches('*')).into_owned();
    Diagnostic::error(
        "yaml-unknown-anchor",
        span,
        format!("no anchor `&{name}` in this document"),
        "names nothing",
    )
    .with_help(format!("put `&{name}` before the value that is meant, or quote the value"))
}

/// The aliases of a text add too much.
pub fn alias_budget(alias: &str, span: Span, anchor: Span) -> Diagnostic {
    let message = format!("aliases add more than {MAX_ALIAS_NODES} values");
    Diagnostic::error(
        "yaml-alias-budget",
        span,
        message,
        format!("`{}` goes over the limit", place::shown(alias)),
    )
    .with_context(anchor, "the value that it repeats")
    .with_help("write the values out, or repeat less")
}

/// Lists and keys nest too deep.
pub fn depth(span: Span) -> Diagnostic {
    let message = format!("more than {MAX_DEPTH} levels of nesting");
    Diagnostic::error("yaml-depth", span, message, "one level too deep")
}

/// The text is too long.
pub fn too_long(file: u32) -> Diagnostic {
    let message = format!("the file is longer than {} MiB", MAX_BYTES >> 20);
    Diagnostic::error("yaml-size", Span { file, start: 0, end: 0 }, message, "")
}

/// A place of `len` bytes, and what to say of it.
struct Explanation {
    at: usize,
    len: usize,
    message: String,
    label: String,
    help: String,
}

fn explanation(at: usize, len: usize, message: &str, label: &str, help: &str) -> Explanation {
    Explanation { at, len, message: message.to_owned(), label: label.to_owned(), help: help.to_owned() }
}

/// A tab in the indentation is the fault, however the scanner puts it: it names the line, or the value before it.
fn tab(text: &str, at: usize, info: &str) -> Option<Explanation> {
    let (start, line) = line_at(text, at);
    let next = info.contains("tab").then(|| line_at(text, start + line.len() + 1));
    [Some((start, line)), next].into_iter().flatten().find_map(|(start, line)| tab_in_indent(start, line))
}

fn tab_in_indent(start: usize, line: &str) -> Option<Explanation> {
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let tab = line[..indent].find('\t')?;
    let help = "use spaces; most editors can replace the tabs of a whole file";
    Some(explanation(start + tab, indent - tab, "a tab indents this line", "only spaces may indent", help))
}

fn known(text: &str, info: &str, at: usize) -> Option<Explanation> {
    let has = |part: &str| info.contains(part);
    if has("quoted scalar, found unexpected") || has("invalid indentation in quoted scalar") {
        return Some(unclosed_quote(text, at));
    }
    if has("illegal placement of ':'") {
        return place::open_bracket(text, at).map(|at| unclosed_bracket(text, at));
    }
    if has("mapping values are not allowed") {
        return Some(second_colon(text, at));
    }
    if has("invalid indentation") && is_in_closed_list(text, at) {
        return Some(shallow(text, at));
    }
    if has("expected ',' or") || has("flow construct") {
        return Some(missing_comma(text, at));
    }
    if has("simple key expect") || has("did not find expected key") || has("expected <document start>") {
        return Some(stray_line(text, at));
    }
    if has("unknown anchor") {
        let word = word_at(text, at);
        let message = format!("no anchor `&{}` in this document", place::shown(word.trim_start_matches('*')));
        let help = "a value that starts with `*` must stand in quotes, unless it is an alias";
        return Some(explanation(at, word.len(), &message, "names nothing", help));
    }
    if has("expected alphabetic or numeric") {
        let help = "a value that starts with `*` or `&` must stand in quotes";
        return Some(explanation(
            at,
            char_len(text, at),
            "an alias or anchor without a name",
            "a name was expected",
            help,
        ));
    }
    if has("unprintable") {
        return Some(unprintable(text, at));
    }
    if has("unexpected character") {
        let help = "put the value in quotes";
        return Some(explanation(
            at,
            char_len(text, at),
            "no value starts with this character",
            "needs quotes",
            help,
        ));
    }
    if has("unknown escape") {
        let (at, len) = unknown_escape(text, at).unwrap_or((at, char_len(text, at)));
        let help = "write `\\\\` for a backslash, or use single quotes, in which it stands for itself";
        return Some(explanation(at, len, "no such escape in double quotes", "unknown escape", help));
    }
    if has("trailing content after double-quoted") {
        let help = "quote the whole value, or escape the quote within it";
        return Some(explanation(
            at,
            word_at(text, at).len(),
            "text after the closing quote",
            "unexpected",
            help,
        ));
    }
    if has("invalid indentation") || has("wrongly indented") || has("'-' indicator") {
        return Some(indentation(text, at));
    }
    None
}

fn unprintable(text: &str, at: usize) -> Explanation {
    let character = text[at..].chars().next().unwrap_or_default();
    let message = format!("the character U+{:04X} is not possible in YAML", u32::from(character));
    let help = "remove it; it may have been copied along invisibly";
    explanation(at, char_len(text, at), &message, "not printable", help)
}

fn unknown(text: &str, info: &str, at: usize) -> Explanation {
    let message = format!("this is not YAML: {info}");
    explanation(at, char_len(text, at), &message, "the reader stopped here", "")
}

/// The scanner names the quote; this finds the escape behind it.
fn unknown_escape(text: &str, quote: usize) -> Option<(usize, usize)> {
    const KNOWN: &str = "0abt\tnvfre \"/\\N_LPxuU\r\n";
    let mut at = quote;
    loop {
        at += text[at..].find('\\')?;
        let escaped = text[at + 1..].chars().next()?;
        if !KNOWN.contains(escaped) {
            return Some((at, 1 + escaped.len_utf8()));
        }
        at += 1 + escaped.len_utf8();
    }
}

fn unclosed_quote(text: &str, at: usize) -> Explanation {
    let quote = text[at..].chars().next().unwrap_or('"');
    let message = format!("the quote {quote} is never closed");
    let help = format!("close it with {quote}, and indent every line of a longer text");
    explanation(at, char_len(text, at), &message, "opened here", &help)
}

fn second_colon(text: &str, at: usize) -> Explanation {
    let help = "quote the value if the colon belongs to it; else give the key a line of its own";
    explanation(
        at,
        char_len(text, at),
        "a key where none can be",
        "this colon makes a key of what stands before it",
        help,
    )
}

fn unclosed_bracket(text: &str, at: usize) -> Explanation {
    let message = format!("the bracket `{}` is never closed", &text[at..at + char_len(text, at)]);
    explanation(at, char_len(text, at), &message, "opened here", "")
}

fn missing_comma(text: &str, at: usize) -> Explanation {
    let help = "close the bracket, or put a comma between the items";
    explanation(
        at,
        char_len(text, at),
        "a comma or a closing bracket is missing",
        "expected before this",
        help,
    )
}

/// Tells whether a place is in a bracketed list that is closed below, before any key.
fn is_in_closed_list(text: &str, at: usize) -> bool {
    let opens = place::open_bracket(text, at).is_some_and(|open| text[open..].starts_with('['));
    let inside = text[at..].split_once(']').map(|(inside, _)| inside);
    opens && inside.is_some_and(|inside| !inside.contains(": ") && !inside.contains(":\n"))
}

/// YAML 1.2 asks for it (7.4, `s-flow-line-prefix`); go.yaml.in, with which all of Kubernetes reads, does not.
fn shallow(text: &str, at: usize) -> Explanation {
    let (start, line) = line_at(text, at);
    let (at, len) = content(start, line).unwrap_or((at, 0));
    let help = "indent it: YAML wants that, although kubectl and kustomize take the line as it is";
    explanation(at, len, "a line of a bracketed list stands no deeper than its key", "expected deeper", help)
}

fn indentation(text: &str, at: usize) -> Explanation {
    let (start, line) = line_at(text, at);
    let (at, len) = content(start, line).unwrap_or((at, 0));
    let help = "indent the line like those of the same list or block";
    explanation(at, len, "this line is indented wrongly", "does not line up with the lines above", help)
}

/// The scanner notices a line without a colon only at the next line; this goes back to it.
fn stray_line(text: &str, at: usize) -> Explanation {
    let lines = std::iter::successors(Some(line_at(text, at)), |(start, _)| {
        start.checked_sub(1).map(|newline| line_at(text, newline))
    });
    let stray = lines.take(3).find(|(_, line)| is_stray(line));
    let Some((at, len)) = stray.and_then(|(start, line)| content(start, line)) else {
        return indentation(text, at);
    };
    let help = "write `key: value`, with a space after the colon";
    explanation(at, len, "this line is neither a key nor a list item", "a colon is missing", help)
}

fn is_stray(line: &str) -> bool {
    let line = line.trim();
    let is_key = line.contains(": ") || line.ends_with(':') || line.contains(":\t");
    let is_something =
        is_key || line.is_empty() || line == "-" || line.starts_with(['#', '%']) || line.starts_with("- ");
    !is_something && !line.starts_with("---")
}

/// Returns the place and length of what a line holds besides whitespace.
fn content(start: usize, line: &str) -> Option<(usize, usize)> {
    let trimmed = line.trim_start();
    (!trimmed.is_empty()).then(|| (start + line.len() - trimmed.len(), trimmed.trim_end().len()))
}

fn word_at(text: &str, at: usize) -> &str {
    text[at..].split(|c: char| c.is_whitespace() || "[]{},".contains(c)).next().unwrap_or_default()
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8)
}
