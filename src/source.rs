//! The texts that users wrote, and places in them.

use camino::{Utf8Path, Utf8PathBuf};

/// A byte range in one text of [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which text: an index that [`Sources::add`] gave.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// One past the last byte; never before `start`.
    pub end: u32,
}

impl Span {
    /// Returns the span as a range of `usize`, to slice the text with.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Returns whether `other` lies within this.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

/// One text with the path that messages name.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user would write it, with forward slashes.
    pub path: Utf8PathBuf,
    /// Valid UTF-8 without a byte order mark.
    pub text: String,
}

/// Every text that a run has read, so that a [`Span`] can be shown.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Takes a text in, and returns the `file` its spans carry.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> u32 {
        let file = u32::try_from(self.files.len()).expect("no machine holds four thousand million texts");
        self.files.push(Source { path: path.into(), text: text.into() });
        file
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.files.len()).expect("`add` keeps the number in bounds")
    }

    /// Returns whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns the text that `file` names.
    pub fn get(&self, file: u32) -> &Source {
        &self.files[file as usize]
    }

    /// Returns the path that `file` names.
    pub fn path(&self, file: u32) -> &Utf8Path {
        &self.get(file).path
    }

    /// Returns the line of a span's first byte, from 1.
    pub fn line(&self, span: Span) -> usize {
        self.position(span.file, span.start).line
    }

    /// Returns where a span begins and ends.
    pub fn region(&self, span: Span) -> Region {
        Region { start: self.position(span.file, span.start), end: self.position(span.file, span.end) }
    }

    /// Returns the whole line of a span's first byte, without its end.
    pub fn line_text(&self, span: Span) -> &str {
        let text = &self.get(span.file).text;
        let at = span.start as usize;
        let start =
            text.as_bytes().iter().take(at).rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
    }

    fn position(&self, file: u32, at: u32) -> Position {
        let before = self.get(file).text.as_bytes().iter().take(at as usize);
        let line = 1 + before.clone().filter(|byte| **byte == b'\n').count();
        // A character of UTF-8 has one byte that continues none.
        let in_line = before.rev().take_while(|byte| **byte != b'\n');
        Position { line, column: 1 + in_line.filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count() }
    }
}

/// A place as people count: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is what its name says")]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// Where something begins, and the place behind its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field is what its name says")]
pub struct Region {
    pub start: Position,
    pub end: Position,
}
