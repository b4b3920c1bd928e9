//! Edits of a text, which may lie within each other.

use std::ops::Range;

use proc_macro2::Span;

/// A part of a text that becomes another. `MUTANT` in it asks whether the change is wanted.
#[derive(Debug, Clone)]
pub struct Edit {
    /// Bytes; an empty range where nothing goes.
    range: Range<usize>,
    to: String,
    place: Place,
}

/// Of several edits at one place, what closes comes before what opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Closing,
    Opening,
}

impl Edit {
    /// Something before and something after.
    pub fn around(span: Span, before: &str, after: &str) -> Vec<Self> {
        let range = span.byte_range();
        let opening = Self { range: range.start..range.start, to: before.to_owned(), place: Place::Opening };
        vec![opening, Self { range: range.end..range.end, to: after.to_owned(), place: Place::Closing }]
    }

    /// Something after.
    pub fn after(span: Span, to: &str) -> Self {
        let end = span.byte_range().end;
        Self { range: end..end, to: to.to_owned(), place: Place::Closing }
    }

    /// Something else.
    pub fn instead(span: Span, to: &str) -> Self {
        Self { range: span.byte_range(), to: to.to_owned(), place: Place::Opening }
    }
}

/// Returns a text with the edits of numbered changes, outer ones first, and where in it each change is.
pub fn apply(text: &str, changes: &[(usize, &[Edit])]) -> (String, Vec<(usize, Range<usize>)>) {
    let mut edits: Vec<(usize, usize, &Edit)> = changes
        .iter()
        .enumerate()
        .flat_map(|(order, (number, edits))| edits.iter().map(move |edit| (order, *number, edit)))
        .collect();
    edits.sort_by_key(|(order, _, edit)| {
        // An inner change opens after the outer one, and closes before it.
        let order = isize::try_from(*order).expect("there are few");
        let order = if edit.place == Place::Closing { -order } else { order };
        (edit.range.start, edit.place, order)
    });
    let (mut out, mut at) = (String::new(), 0);
    let mut places: Vec<(usize, Range<usize>)> = Vec::new();
    for (_, number, edit) in edits {
        out.push_str(&text[at..edit.range.start]);
        let start = out.len();
        out.push_str(&edit.to.replace("MUTANT", &format!("crate::mutation::is({number})")));
        at = edit.range.end;
        match places.iter_mut().find(|(known, _)| *known == number) {
            Some((_, range)) => range.end = out.len(),
            None => places.push((number, start..out.len())),
        }
    }
    out.push_str(&text[at..]);
    (out, places)
}
