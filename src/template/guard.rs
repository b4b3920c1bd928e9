//! Reads a rendered text back and refuses a hole that is anything but one whole node.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::layout::{Form, Layout, Piece};
use super::{Fault, Violation};

/// Mappings of up to this many keys are searched for duplicates pair by pair, larger ones by sorting.
const FEW_KEYS: usize = 16;

/// Checks that every hole is one whole node, no mapping has a key twice, and the documents are the template's.
pub(super) fn check(layout: &Layout) -> Result<(), Violation> {
    let offsets = Offsets::new(&layout.text);
    let mut guard = Guard::new(layout);
    for event in Parser::new_from_str(&layout.text) {
        let (event, span) = event.map_err(|error| guard.unreadable(&error, &offsets))?;
        guard.event(event, offsets.range(span))?;
    }
    guard.finish()
}

/// Turns the parser's character positions into bytes.
enum Offsets {
    /// Every character is one byte.
    Ascii,
    /// The byte of each character, and of the end.
    Table(Vec<usize>),
}

impl Offsets {
    fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self::Ascii;
        }
        Self::Table(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    fn byte(&self, index: usize) -> usize {
        match self {
            Self::Ascii => index,
            Self::Table(bytes) => bytes[index.min(bytes.len() - 1)],
        }
    }

    fn range(&self, span: Span) -> (usize, usize) {
        (self.byte(span.start.index()), self.byte(span.end.index()))
    }
}

/// A collection that has begun and not ended.
struct Open {
    /// Where its keys begin in [`Guard::keys`]; nothing for a sequence.
    keys: Option<usize>,
    /// Whether the next node is a key.
    at_key: bool,
}

/// Walks the events and the holes side by side; both are in order.
struct Guard<'a> {
    layout: &'a Layout,
    holes: Vec<&'a Piece>,
    /// The hole that has to come next, or is open.
    next: usize,
    /// How deep the collection lies that is the open hole.
    bound: Option<usize>,
    /// The byte at which the last hole ended.
    ended: usize,
    open: Vec<Open>,
    keys: Vec<(Cow<'a, str>, usize)>,
    documents: usize,
}

impl<'a> Guard<'a> {
    fn new(layout: &'a Layout) -> Self {
        let holes = layout.pieces.iter().filter(|piece| piece.hole.is_some()).collect();
        let (open, keys) = (Vec::with_capacity(16), Vec::with_capacity(64));
        Self { layout, holes, next: 0, bound: None, ended: 0, open, keys, documents: 0 }
    }

    fn event(&mut self, event: Event<'a>, (start, end): (usize, usize)) -> Result<(), Violation> {
        match event {
            Event::Scalar(value, style, ..) => self.scalar(value, style, start, end),
            Event::Alias(_) => self.scalar(Cow::Borrowed(""), ScalarStyle::Folded, start, end),
            Event::SequenceStart(..) => self.collection(None, start),
            Event::MappingStart(..) => self.collection(Some(self.keys.len()), start),
            Event::SequenceEnd | Event::MappingEnd => self.end(start),
            Event::DocumentStart(is_explicit) => {
                self.documents += usize::from(is_explicit);
                Ok(())
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn scalar(
        &mut self,
        value: Cow<'a, str>,
        style: ScalarStyle,
        start: usize,
        end: usize,
    ) -> Result<(), Violation> {
        if self.enter() && style != ScalarStyle::Folded {
            self.keys.push((value, start));
        }
        // An empty node has no text of its own, and a hole is never empty.
        if start == end {
            return Ok(());
        }
        self.after_last_hole(start)?;
        let Some(hole) = self.holes.get(self.next) else { return Ok(()) };
        if self.bound.is_some() {
            return if start < hole.range.end && self.ends_with(hole, style, end) {
                Ok(())
            } else {
                Err(self.refuse(self.next))
            };
        }
        if end <= hole.range.start {
            return Ok(());
        }
        if !self.is_whole(hole, style, start, end) {
            return Err(self.refuse(self.next));
        }
        self.pass();
        Ok(())
    }

    fn collection(&mut self, keys: Option<usize>, start: usize) -> Result<(), Violation> {
        self.enter();
        self.after_last_hole(start)?;
        if let Some(hole) = self.holes.get(self.next) {
            let is_collection = matches!(hole.hole, Some(Form::Flow | Form::Block));
            let limit = if self.bound.is_some() { hole.range.end } else { hole.range.start + 1 };
            if start >= limit {
                return Err(self.refuse(self.next));
            }
            if self.bound.is_none() && is_collection && start == hole.range.start {
                self.bound = Some(self.open.len());
            }
        }
        self.open.push(Open { keys, at_key: keys.is_some() });
        Ok(())
    }

    fn end(&mut self, start: usize) -> Result<(), Violation> {
        if let Some(Open { keys: Some(first), .. }) = self.open.pop() {
            self.unique_keys(first)?;
        }
        if self.bound != Some(self.open.len()) {
            return Ok(());
        }
        let hole = self.holes[self.next];
        // The parser counts blanks and a comment to a closing bracket, so that only its start is exact.
        if hole.hole == Some(Form::Flow) && start + 1 != hole.range.end {
            return Err(self.refuse(self.next));
        }
        self.bound = None;
        self.pass();
        Ok(())
    }

    fn finish(&self) -> Result<(), Violation> {
        if self.next < self.holes.len() {
            return Err(self.refuse(self.next));
        }
        let separators = separators(&self.layout.text);
        if separators == self.documents {
            return Ok(());
        }
        let fault = Fault::Documents { separators, documents: self.documents };
        Err(Violation { source: 0..0, is_hole: false, fault })
    }

    /// Takes a node into the collection around it; returns whether it is a key there.
    fn enter(&mut self) -> bool {
        let Some(open) = self.open.last_mut().filter(|open| open.keys.is_some()) else { return false };
        let is_key = open.at_key;
        open.at_key = !is_key;
        is_key
    }

    fn pass(&mut self) {
        self.ended = self.holes[self.next].range.end;
        self.next += 1;
    }

    fn after_last_hole(&self, start: usize) -> Result<(), Violation> {
        if start < self.ended { Err(self.refuse(self.next - 1)) } else { Ok(()) }
    }

    /// Whether a scalar is exactly the hole.
    fn is_whole(&self, hole: &Piece, style: ScalarStyle, start: usize, end: usize) -> bool {
        let (expected, starts) = match hole.hole {
            Some(Form::Scalar) => (self.style(hole), start == hole.range.start),
            // The parser's position is that of the first line, not of the header.
            Some(Form::Literal) => (ScalarStyle::Literal, hole.range.contains(&start)),
            Some(Form::Flow | Form::Block) | None => return false,
        };
        style == expected && starts && end >= hole.range.end && self.ends_with(hole, style, end)
    }

    /// The style in which a scalar was written.
    fn style(&self, hole: &Piece) -> ScalarStyle {
        let is_quoted = self.layout.text.as_bytes()[hole.range.start] == b'"';
        if is_quoted { ScalarStyle::DoubleQuoted } else { ScalarStyle::Plain }
    }

    /// Whether a scalar that begins in a hole ends in it. The parser counts more to a scalar than is its own: blanks
    /// and a comment to a quoted one, line breaks and the next line's indentation to a literal. A line of spaces
    /// behind a literal, though, would be the template's text in it.
    fn ends_with(&self, hole: &Piece, style: ScalarStyle, end: usize) -> bool {
        let behind = self.layout.text.get(hole.range.end..end).unwrap_or_default();
        match style {
            ScalarStyle::Plain | ScalarStyle::Folded => behind.is_empty(),
            ScalarStyle::Literal => behind.trim_start_matches('\n').bytes().all(|byte| byte == b' '),
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                let rest = behind.trim_start_matches([' ', '\t']);
                rest.is_empty() || rest.starts_with('#')
            }
        }
    }

    fn unique_keys(&mut self, first: usize) -> Result<(), Violation> {
        let keys = &mut self.keys[first..];
        let twice = if keys.len() <= FEW_KEYS { twice_among_few(keys) } else { twice_among_many(keys) };
        if let Some(index) = twice {
            let (key, at) = &self.keys[first + index];
            return Err(self.violation_at(*at, Fault::DuplicateKey(key.clone().into_owned())));
        }
        self.keys.truncate(first);
        Ok(())
    }

    fn refuse(&self, hole: usize) -> Violation {
        let source = self.holes[hole].source.clone();
        Violation { source, is_hole: true, fault: Fault::NotOneNode }
    }

    fn unreadable(&self, error: &ScanError, offsets: &Offsets) -> Violation {
        self.violation_at(offsets.byte(error.marker().index()), Fault::Unreadable(error.info().to_owned()))
    }

    /// A fault at a byte of the text, traced to the hole or to the template's own text.
    fn violation_at(&self, at: usize, fault: Fault) -> Violation {
        let pieces = &self.layout.pieces;
        let index = pieces.partition_point(|piece| piece.range.start <= at).saturating_sub(1);
        let Some(piece) = pieces.get(index) else {
            return Violation { source: 0..0, is_hole: false, fault };
        };
        if piece.hole.is_some() {
            return Violation { source: piece.source.clone(), is_hole: true, fault };
        }
        let start = (piece.source.start + at.saturating_sub(piece.range.start)).min(piece.source.end);
        Violation { source: start..start, is_hole: false, fault }
    }
}

fn twice_among_few(keys: &[(Cow<str>, usize)]) -> Option<usize> {
    (1..keys.len()).find(|&index| keys[..index].iter().any(|(key, _)| *key == keys[index].0))
}

fn twice_among_many(keys: &mut [(Cow<str>, usize)]) -> Option<usize> {
    keys.sort_unstable();
    keys.windows(2).position(|pair| pair[0].0 == pair[1].0).map(|index| index + 1)
}

/// Counts the lines that begin a document.
fn separators(text: &str) -> usize {
    let begins = |rest: &str| {
        rest.strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
    };
    usize::from(begins(text)) + text.match_indices("\n---").filter(|(at, _)| begins(&text[at + 1..])).count()
}
