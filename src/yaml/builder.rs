//! Builds nodes from parser events, without recursion and within limits.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::place::{self, Offsets, offset};
use super::{Kind, Node, Scalar, Style, Value, fault};
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};

/// How deep lists and keys may nest; the API server's own readers stop far above any real manifest as well.
pub const MAX_DEPTH: usize = 128;

/// How many nodes all aliases of a text may add together; 32 bytes of text count as one more node.
pub const MAX_ALIAS_NODES: usize = 100_000;

/// How long a text may be.
pub const MAX_BYTES: usize = 64 << 20;

/// What becomes of a merge key (`<<`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeKeys {
    /// It is a fault, as in a profile, where every value has a line of its own.
    Refused,
    /// What it names is merged, as the readers of Kubernetes do. A key that is written wins; among several mappings, the
    /// first. Merged keys keep the places that they have under their anchor.
    Followed,
}

/// Reads every document of a text; an empty document gives no node, and a merge key is a fault.
///
/// Never panics. A document with a syntax fault gives a diagnostic and no node; reading goes on at the next `---`
/// line. Every other fault leaves the document in place without the faulty part.
pub fn parse(sources: &Sources, file: u32) -> (Vec<Node>, Vec<Diagnostic>) {
    parse_with(sources, file, MergeKeys::Refused)
}

/// Reads every document of a text like [`parse`], and says what becomes of merge keys.
pub fn parse_with(sources: &Sources, file: u32, merge_keys: MergeKeys) -> (Vec<Node>, Vec<Diagnostic>) {
    parse_text(&sources.get(file).text, file, merge_keys)
}

/// Reads every document of a text, as if it were the whole of a file.
pub(super) fn parse_text(text: &str, file: u32, merge_keys: MergeKeys) -> (Vec<Node>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        return (Vec::new(), vec![fault::too_long(file)]);
    }
    let mut builder = Builder::new(text, file, merge_keys);
    let mut next = Some(0);
    while let Some(start) = next {
        next = builder.read_from(start);
    }
    (builder.documents, builder.diagnostics)
}

/// After so many faulty documents, the rest of a text is not looked at.
const MAX_FAULTY_DOCUMENTS: usize = 100;

struct Builder<'a> {
    text: &'a str,
    file: u32,
    merge_keys: MergeKeys,
    /// Where the document starts that is being read.
    document: usize,
    /// How many documents could not be read to their end.
    abandoned: usize,
    documents: Vec<Node>,
    diagnostics: Vec<Diagnostic>,
    /// What the document that is being read consists of, once it is whole.
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchor>,
    /// What aliases may still add, in nodes.
    budget: usize,
    /// The end of the last token that is written.
    last_end: usize,
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    children: Children,
}

enum Children {
    Items(Vec<Node>),
    Entries { entries: Vec<(Node, Node)>, key: Option<Node> },
}

/// What an alias may name.
struct Anchor {
    node: Node,
    cost: usize,
    height: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, file: u32, merge_keys: MergeKeys) -> Self {
        Self {
            text,
            file,
            merge_keys,
            document: 0,
            abandoned: 0,
            documents: Vec::new(),
            diagnostics: Vec::new(),
            root: None,
            open: Vec::new(),
            anchors: HashMap::new(),
            budget: MAX_ALIAS_NODES,
            last_end: 0,
        }
    }

    /// Reads documents from the byte `start`; after a fault that ends a document, returns where the next begins.
    fn read_from(&mut self, start: usize) -> Option<usize> {
        let diagnostic = *self.read_documents(start).err()?;
        // A document that the scanner looked at too early is met twice.
        if self.diagnostics.last() != Some(&diagnostic) {
            self.diagnostics.push(diagnostic);
            self.abandoned += 1;
        }
        // `---` at the start of a line ends a document, wherever it stands, so nothing readable is skipped.
        let opened_by = if self.text[self.document..].starts_with("---") { 3 } else { 0 };
        place::next_document(self.text, self.document + opened_by)
            .filter(|_| self.abandoned < MAX_FAULTY_DOCUMENTS)
    }

    fn read_documents(&mut self, start: usize) -> Result<(), Box<Diagnostic>> {
        let rest = &self.text[start..];
        let offsets = Offsets::new(rest);
        self.root = None;
        self.open.clear();
        self.anchors.clear();
        self.document = start;
        self.last_end = start;
        for event in Parser::new_from_str(rest) {
            let byte = |mark: &saphyr_parser::Marker| start + offsets.byte(mark.index(), rest);
            match event {
                Ok((event, span)) => self.take(event, byte(&span.start), byte(&span.end))?,
                Err(error) => {
                    let at = byte(error.marker());
                    return Err(Box::new(fault::syntax(self.text, self.file, error.info(), at)));
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), Box<Diagnostic>> {
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.document = start;
                self.last_end = if self.text[start..].starts_with("---") { start + 3 } else { start };
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, anchor, tag.as_deref(), start, end);
                self.remember(anchor, &node);
                self.place(node);
                Ok(())
            }
            Event::Alias(anchor) => {
                self.last_end = end;
                let node = self.expand(anchor, start, end)?;
                self.place(node);
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Children::Items(Vec::new()), anchor, tag.as_deref(), start)
            }
            Event::MappingStart(anchor, tag) => self.begin(
                Children::Entries { entries: Vec::new(), key: None },
                anchor,
                tag.as_deref(),
                start,
            ),
            Event::SequenceEnd | Event::MappingEnd => {
                self.finish(start, end);
                Ok(())
            }
            Event::DocumentEnd => {
                self.documents.extend(self.root.take());
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Node {
        let (start, end) = self.scalar_place(text, style, decorations(anchor, tag), start, end);
        self.last_end = self.last_end.max(end);
        let style = if style == ScalarStyle::Plain { Style::Plain } else { Style::Quoted };
        let mut scalar = Scalar { text: text.to_owned(), style };
        let span = self.span(start, end);
        if let Some(tag) = tag {
            self.apply_tag(&mut scalar, tag, span);
        }
        Node { span, value: Value::Scalar(scalar) }
    }

    fn scalar_place(
        &self,
        text: &str,
        style: ScalarStyle,
        decorations: usize,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = place::block_header(self.text, self.last_end).unwrap_or(start);
                (header, place::trimmed(self.text, header, end))
            }
            ScalarStyle::Plain if text.is_empty() && decorations > 0 => (end, end),
            ScalarStyle::Plain if text.is_empty() => {
                let at = self.unwritten();
                (at, at)
            }
            ScalarStyle::Plain => (place::after_decorations(self.text, start, decorations).min(end), end),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let start = place::after_decorations(self.text, start, decorations);
                (start, place::after_quote(self.text, start, end))
            }
        }
    }

    fn unwritten(&self) -> usize {
        match self.open.last().map(|open| &open.children) {
            Some(Children::Items(_)) => place::unwritten(self.text, self.last_end, b'-'),
            Some(Children::Entries { .. }) => place::unwritten(self.text, self.last_end, b':'),
            None => self.last_end,
        }
    }

    /// `!!str` and `!` make a string; any other tag must say what the spelling says already.
    fn apply_tag(&mut self, scalar: &mut Scalar, tag: &Tag, span: Span) {
        let agrees = match (core_tag(tag), scalar.kind()) {
            (Some("str"), _) => {
                scalar.style = Style::Quoted;
                true
            }
            (Some(name), kind) => matches!(
                (name, kind),
                ("null", Kind::Null)
                    | ("bool", Kind::Bool(_))
                    | ("int", Kind::Int(_))
                    | ("float", Kind::Float(_) | Kind::Int(_))
            ),
            (None, _) => false,
        };
        if !agrees {
            self.diagnostics.push(fault::tag(&tag.to_string(), span));
        }
    }

    fn begin(
        &mut self,
        children: Children,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
    ) -> Result<(), Box<Diagnostic>> {
        let start = self.collection_start(&children, decorations(anchor, tag), start);
        let span = self.span(start, start + self.text[start..].chars().next().map_or(0, char::len_utf8));
        if self.open.len() == MAX_DEPTH {
            return Err(Box::new(fault::depth(span)));
        }
        let expected = match children {
            Children::Items(_) => "seq",
            Children::Entries { .. } => "map",
        };
        if let Some(tag) = tag.filter(|tag| core_tag(tag) != Some(expected)) {
            self.diagnostics.push(fault::tag(&tag.to_string(), span));
        }
        self.last_end = self.last_end.max(start);
        self.open.push(Open { start, anchor, children });
        Ok(())
    }

    /// A list that is not indented below its key is reported at its first item, not at the dash.
    fn collection_start(&self, children: &Children, decorations: usize, start: usize) -> usize {
        let is_entry = self.open.last().is_some_and(|open| matches!(open.children, Children::Entries { .. }));
        let dash = match children {
            Children::Items(_) if is_entry => place::first_dash(self.text, self.last_end),
            Children::Items(_) | Children::Entries { .. } => None,
        };
        dash.unwrap_or_else(|| place::after_decorations(self.text, start, decorations))
    }

    fn finish(&mut self, start: usize, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let closes_brackets = start < end && matches!(self.text.as_bytes()[start], b']' | b'}');
        if closes_brackets {
            self.last_end = start + 1;
        }
        let first = match &open.children {
            Children::Items(items) => items.first(),
            Children::Entries { entries, .. } => entries.first().map(|(key, _)| key),
        };
        // A pair in a flow sequence (`[a: b]`) has no brackets, and its start is reported at the colon.
        let begin = if closes_brackets {
            open.start
        } else {
            first.map_or(open.start, |node| open.start.min(node.span.start as usize))
        };
        let end = self.last_end.max(begin);
        let value = match open.children {
            Children::Items(items) => Value::Sequence(items),
            Children::Entries { entries, .. } => Value::Mapping(self.without_duplicates(entries)),
        };
        let node = Node { span: self.span(begin, end), value };
        self.remember(open.anchor, &node);
        self.place(node);
    }

    /// Keeps the first of every key, and reports keys that cannot name anything.
    fn without_duplicates(&mut self, entries: Vec<(Node, Node)>) -> Vec<(Node, Node)> {
        let mut first: HashMap<String, Span> = HashMap::with_capacity(entries.len());
        let mut kept = Vec::with_capacity(entries.len());
        let mut merged = None;
        for (key, value) in entries {
            if is_merge(&key) {
                self.take_merge(key, value, &mut merged);
                continue;
            }
            let Some(text) = self.key_text(&key) else { continue };
            if let Some(earlier) = first.get(text) {
                self.diagnostics.push(fault::duplicate_key(text, key.span, *earlier));
                continue;
            }
            first.insert(text.to_owned(), key.span);
            kept.push((key, value));
        }
        if let Some((merge, value)) = merged {
            self.merge(&merge, value, &mut first, &mut kept);
        }
        kept
    }

    /// Keeps what a merge key names until every key of the mapping is known.
    fn take_merge(&mut self, key: Node, value: Node, merged: &mut Option<(Node, Node)>) {
        match (self.merge_keys, &merged) {
            (MergeKeys::Refused, _) => self.diagnostics.push(fault::merge_key(key.span)),
            (MergeKeys::Followed, Some((first, _))) => {
                self.diagnostics.push(fault::duplicate_key("<<", key.span, first.span));
            }
            (MergeKeys::Followed, None) => *merged = Some((key, value)),
        }
    }

    /// Adds what `value` holds and no key of the mapping says: a mapping, or several of which earlier ones win.
    fn merge(
        &mut self,
        merge: &Node,
        value: Node,
        first: &mut HashMap<String, Span>,
        kept: &mut Vec<(Node, Node)>,
    ) {
        let mappings = match value.value {
            Value::Sequence(items) => items,
            Value::Mapping(_) | Value::Scalar(_) => vec![value],
        };
        for mapping in mappings {
            let Value::Mapping(entries) = mapping.value else {
                self.diagnostics.push(fault::merge_value(mapping.span));
                continue;
            };
            for (key, value) in entries {
                let text = key.text().unwrap_or_default();
                match first.get(text) {
                    Some(earlier) if earlier.start < merge.span.start => {
                        self.diagnostics.push(fault::merge_order(text, *earlier, merge.span));
                    }
                    Some(_) => {}
                    None => {
                        first.insert(text.to_owned(), merge.span);
                        kept.push((key, value));
                    }
                }
            }
        }
    }

    fn key_text<'k>(&mut self, key: &'k Node) -> Option<&'k str> {
        let scalar = key.scalar().filter(|scalar| scalar.kind() != Kind::Null);
        if scalar.is_none() {
            self.diagnostics.push(fault::key_shape(key.head()));
        }
        scalar.map(|scalar| scalar.text.as_str())
    }

    /// Keeps what an anchor names, unless no alias could afford it.
    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor == 0 {
            return;
        }
        let cost = cost(node);
        if cost <= self.budget {
            // The copy is memory too: without this charge, anchors nested in anchors would multiply it.
            self.budget -= cost;
            self.anchors.insert(anchor, Anchor { node: node.clone(), cost, height: height(node) });
        } else {
            let node = Node { span: node.span, value: Value::Sequence(Vec::new()) };
            self.anchors.insert(anchor, Anchor { node, cost: usize::MAX, height: 0 });
        }
    }

    fn expand(&mut self, anchor: usize, start: usize, end: usize) -> Result<Node, Box<Diagnostic>> {
        let span = self.span(start, end);
        let name = self.text.get(start..end).unwrap_or_default();
        let Some(Anchor { node, cost, height }) = self.anchors.get(&anchor) else {
            let is_open = self.open.iter().any(|open| open.anchor == anchor);
            let fault =
                if is_open { fault::alias_cycle(name, span) } else { fault::unknown_anchor(name, span) };
            return Err(Box::new(fault));
        };
        if *cost > self.budget {
            return Err(Box::new(fault::alias_budget(name, span, node.span)));
        }
        if self.open.len() + height > MAX_DEPTH {
            return Err(Box::new(fault::depth(span)));
        }
        self.budget -= cost;
        Ok(Node { span, value: node.value.clone() })
    }

    /// Hands a finished node to the collection around it, or to the documents.
    fn place(&mut self, node: Node) {
        match self.open.last_mut().map(|open| &mut open.children) {
            Some(Children::Items(items)) => items.push(node),
            Some(Children::Entries { entries, key }) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => *key = Some(node),
            },
            None if is_unwritten(&node) => {}
            None => self.root = Some(node),
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: offset(start), end: offset(end.max(start)) }
    }
}

fn decorations(anchor: usize, tag: Option<&Tag>) -> usize {
    usize::from(anchor > 0) + usize::from(tag.is_some())
}

/// Returns the name of a tag of YAML's own; the bare `!` means a string.
fn core_tag(tag: &Tag) -> Option<&str> {
    if tag.is_yaml_core_schema() {
        return Some(&tag.suffix);
    }
    let is_bare =
        (tag.handle.is_empty() && tag.suffix == "!") || (tag.handle == "!" && tag.suffix.is_empty());
    is_bare.then_some("str")
}

fn is_merge(key: &Node) -> bool {
    key.scalar().is_some_and(|scalar| scalar.style == Style::Plain && scalar.text == "<<")
}

fn is_unwritten(node: &Node) -> bool {
    node.span.start == node.span.end && node.is_null()
}

fn cost(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar(scalar) => scalar.text.len() / 32,
        Value::Sequence(items) => items.iter().map(cost).sum(),
        Value::Mapping(entries) => entries.iter().map(|(key, value)| cost(key) + cost(value)).sum(),
    }
}

fn height(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(_) => 0,
        Value::Sequence(items) => 1 + items.iter().map(height).max().unwrap_or_default(),
        Value::Mapping(entries) => {
            let heights = entries.iter().map(|(key, value)| height(key).max(height(value)));
            1 + heights.max().unwrap_or_default()
        }
    }
}
