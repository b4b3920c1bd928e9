//! YAML within YAML: a text that stands in a value, read so that its own values know where they stand in the file.

use super::{MergeKeys, Node, Value, builder};
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};

/// Reads every document of a text that stands at `span`, such as the block scalar of a ConfigMap.
///
/// Places are exact where the file shows the text line by line: in a literal block scalar (`|`), in quotes or plain on one
/// line, and where the span is a whole file. Else (a folded block, escapes, a text that was edited on its way here) every
/// value has the place of the whole text.
pub fn parse_within(sources: &Sources, text: &str, span: Span) -> (Vec<Node>, Vec<Diagnostic>) {
    let places = Places::new(&sources.get(span.file).text, text, span);
    let (mut documents, mut diagnostics) = builder::parse_text(text, span.file, MergeKeys::Followed);
    for document in &mut documents {
        places.move_node(document);
    }
    for diagnostic in &mut diagnostics {
        places.move_diagnostic(diagnostic);
    }
    (documents, diagnostics)
}

/// Where the bytes of an inner text stand in the outer one.
struct Places {
    /// For each line, where it starts within and without, in order; none where the outer text does not show the lines.
    lines: Option<Vec<(usize, usize)>>,
    whole: Span,
}

impl Places {
    fn new(outer: &str, inner: &str, whole: Span) -> Self {
        let lines = as_it_stands(outer, inner, whole).or_else(|| in_block(outer, inner, whole));
        Self { lines, whole }
    }

    fn at(lines: &[(usize, usize)], inner: u32) -> u32 {
        let inner = inner as usize;
        let line = lines.partition_point(|(start, _)| *start <= inner).saturating_sub(1);
        let (start, outer) = lines[line];
        super::place::offset(outer + (inner - start))
    }

    fn span(&self, inner: Span) -> Span {
        let Some(lines) = &self.lines else { return self.whole };
        let end = self.whole.end;
        let (from, to) = (Self::at(lines, inner.start), Self::at(lines, inner.end));
        Span { file: inner.file, start: from.min(end), end: to.clamp(from.min(end), end) }
    }

    fn move_node(&self, node: &mut Node) {
        node.span = self.span(node.span);
        match &mut node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => items.iter_mut().for_each(|item| self.move_node(item)),
            Value::Mapping(entries) => entries.iter_mut().for_each(|(key, value)| {
                self.move_node(key);
                self.move_node(value);
            }),
        }
    }

    fn move_diagnostic(&self, diagnostic: &mut Diagnostic) {
        for label in &mut diagnostic.labels {
            label.span = self.span(label.span);
        }
        let is_exact = self.lines.is_some();
        diagnostic.edit = diagnostic.edit.take().filter(|_| is_exact);
        if let Some(edit) = &mut diagnostic.edit {
            edit.span = self.span(edit.span);
        }
    }
}

/// The text is the token, or what the token has within its quotes.
fn as_it_stands(outer: &str, inner: &str, whole: Span) -> Option<Vec<(usize, usize)>> {
    let token = outer.get(whole.range())?;
    let unquoted = [('"', '"'), ('\'', '\'')]
        .into_iter()
        .find_map(|(open, close)| token.strip_prefix(open)?.strip_suffix(close));
    let start = whole.start as usize;
    if token == inner { Some(vec![(0, start)]) } else { (unquoted? == inner).then(|| vec![(0, start + 1)]) }
}

/// Every line of the text is a line behind the header of a literal block, less its indent.
fn in_block(outer: &str, inner: &str, whole: Span) -> Option<Vec<(usize, usize)>> {
    let token = outer.get(whole.start as usize..)?;
    let header = token.starts_with('|').then(|| token.find('\n'))??;
    let (mut within, mut without) = (0, whole.start as usize + header + 1);
    let mut lines = Vec::new();
    for line in inner.lines() {
        let rest = outer.get(without..).unwrap_or_default();
        let shown = rest.split('\n').next().unwrap_or_default();
        let indent = indent(shown.trim_end_matches('\r'), line)?;
        lines.push((within, (without + indent).min(outer.len())));
        within += line.len() + 1;
        without += shown.len() + 1;
    }
    (!lines.is_empty()).then_some(lines)
}

/// Returns how far a line is indented that shows `line`; nothing where it shows another.
fn indent(shown: &str, line: &str) -> Option<usize> {
    let before = if line.is_empty() { shown } else { shown.strip_suffix(line)? };
    before.bytes().all(|byte| byte == b' ').then_some(before.len())
}
