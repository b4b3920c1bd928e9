//! The texts that users wrote, and places in them.

use camino::{Utf8Path, Utf8PathBuf};

/// A byte range in one text of [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Which text: an index that [`Sources::add`] gave.
    pub file: u16,
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
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<String>) -> u16 {
        let file =
            u16::try_from(self.files.len()).expect("a run reads fewer than 65,536 profiles and fragments");
        self.files.push(Source { path: path.into(), text: text.into() });
        file
    }

    /// Returns how many texts there are.
    pub fn len(&self) -> u16 {
        u16::try_from(self.files.len()).expect("`add` keeps the number below 65,536")
    }

    /// Returns whether nothing was read yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Returns the text that `file` names.
    pub fn get(&self, file: u16) -> &Source {
        &self.files[usize::from(file)]
    }

    /// Returns the path that `file` names.
    pub fn path(&self, file: u16) -> &Utf8Path {
        &self.get(file).path
    }

    /// Returns the line of a span's first byte, from 1.
    pub fn line(&self, span: Span) -> usize {
        let text = &self.get(span.file).text;
        1 + text.bytes().take(span.start as usize).filter(|byte| *byte == b'\n').count()
    }
}
