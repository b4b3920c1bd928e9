//! Fits drafts to the place of their holes: the formatter cannot know the column, the spans can.

use std::ops::Range;

use minijinja::{OutputSpan, OutputSpanKind};

use super::{Fault, Violation, yaml};

/// A rendered text and where each part of it comes from.
#[derive(Debug)]
pub(super) struct Layout {
    /// The text as it will be written.
    pub(super) text: String,
    /// What the text is made of, in order and without overlap.
    pub(super) pieces: Vec<Piece>,
}

/// A part of the text that one place in the template produced.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Bytes of the text; for a hole exactly its node.
    pub(super) range: Range<usize>,
    /// Bytes of the template's source.
    pub(super) source: Range<usize>,
    /// What a hole became; nothing for the template's own text.
    pub(super) hole: Option<Form>,
}

/// What a hole became.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A plain or double-quoted scalar on one line.
    Scalar,
    /// A literal block scalar.
    Literal,
    /// A flow list or an empty collection, on one line.
    Flow,
    /// A block collection.
    Block,
}

/// Where on its line a hole stands.
enum Place {
    /// First on its line, or first behind `- `.
    Start { column: usize },
    /// The value of a key that begins at `column`.
    Key { column: usize },
    /// Anywhere else: in a flow collection, a comment, a scalar.
    Within,
}

impl Layout {
    /// Lays out a draft; the spans cover it in order.
    pub(super) fn new(draft: String, spans: &[OutputSpan]) -> Result<Self, Violation> {
        if spans.iter().all(|span| is_final(&draft, span)) {
            let pieces = spans.iter().map(|span| Piece::new(span.output_range(), span, form(&draft, span)));
            return Ok(Self { pieces: pieces.collect(), text: draft });
        }
        let text = String::with_capacity(draft.len() + draft.len() / 4);
        let mut layout = Self { text, pieces: Vec::with_capacity(spans.len()) };
        for span in spans {
            layout.place(&draft, span)?;
        }
        Ok(layout)
    }

    fn place(&mut self, draft: &str, span: &OutputSpan) -> Result<(), Violation> {
        let range = span.output_range();
        let ends_line = draft.as_bytes().get(range.end) == Some(&b'\n');
        let part = &draft[range];
        let start = self.text.len();
        let Some(form) = form(draft, span) else {
            self.text.push_str(part);
            self.pieces.push(Piece::new(start..self.text.len(), span, None));
            return Ok(());
        };
        let (start, form) = match form {
            Form::Scalar => self.whole(part, form),
            Form::Flow if is_empty_collection(part) => self.whole(part, form),
            Form::Flow => self.list(part, ends_line),
            Form::Literal => self.literal(part, ends_line),
            Form::Block if ends_line => self.block(part),
            Form::Block => return Err(not_at_line_end(span)),
        };
        self.pieces.push(Piece::new(start..self.text.len(), span, Some(form)));
        Ok(())
    }

    fn whole(&mut self, part: &str, form: Form) -> (usize, Form) {
        let start = self.text.len();
        self.text.push_str(part);
        (start, form)
    }

    fn list(&mut self, part: &str, ends_line: bool) -> (usize, Form) {
        let items = || part[1..part.len() - 1].split('\n');
        let width = part.len() + items().count() - 1;
        let is_flow = match place(self.line()) {
            Place::Within => true,
            Place::Start { .. } => !ends_line,
            Place::Key { .. } => !ends_line || self.line().len() + width <= yaml::WIDTH,
        };
        if is_flow {
            let start = self.text.len();
            yaml::flow(&mut self.text, items());
            return (start, Form::Flow);
        }
        let (start, column) = self.open_block();
        for (index, item) in items().enumerate() {
            if index > 0 {
                yaml::new_line(&mut self.text, column);
            }
            self.text.push_str("- ");
            self.text.push_str(item);
        }
        (start, Form::Block)
    }

    fn literal(&mut self, part: &str, ends_line: bool) -> (usize, Form) {
        let start = self.text.len();
        let (header, body) = part.split_once('\n').expect("a literal draft has a header line");
        match place(self.line()) {
            Place::Key { column } if ends_line => {
                self.text.push_str(header);
                for line in body.split('\n') {
                    yaml::text_line(&mut self.text, line, column + 2);
                }
                (start, Form::Literal)
            }
            _ if header == "|-" => self.quoted(body),
            _ => self.quoted(&format!("{body}\n")),
        }
    }

    fn quoted(&mut self, text: &str) -> (usize, Form) {
        let start = self.text.len();
        yaml::quoted(&mut self.text, text);
        (start, Form::Scalar)
    }

    fn block(&mut self, part: &str) -> (usize, Form) {
        let (start, column) = self.open_block();
        let mut lines = part[1..].split('\n');
        self.text.push_str(lines.next().unwrap_or_default());
        for line in lines {
            yaml::text_line(&mut self.text, line, column);
        }
        (start, Form::Block)
    }

    /// Moves to where the first entry of a block collection stands; returns that byte and its column.
    fn open_block(&mut self) -> (usize, usize) {
        let column = match place(self.line()) {
            Place::Start { column } => column,
            // The guard refuses a block collection here, so that its indentation does not matter.
            Place::Within => 0,
            Place::Key { column } => {
                self.text.truncate(self.text.trim_end_matches(' ').len());
                if let Some(piece) = self.pieces.last_mut() {
                    piece.range.end = piece.range.end.min(self.text.len());
                }
                yaml::new_line(&mut self.text, column + 2);
                column + 2
            }
        };
        (self.text.len(), column)
    }

    /// The line being written, up to here.
    fn line(&self) -> &str {
        &self.text[self.text.rfind('\n').map_or(0, |at| at + 1)..]
    }
}

impl Piece {
    fn new(range: Range<usize>, span: &OutputSpan, hole: Option<Form>) -> Self {
        Self { range, source: span.source_range(), hole }
    }
}

fn form(draft: &str, span: &OutputSpan) -> Option<Form> {
    let form = match draft.as_bytes()[span.output_range().start] {
        b'\n' => Form::Block,
        b'[' | b'{' => Form::Flow,
        b'|' => Form::Literal,
        _ => Form::Scalar,
    };
    Some(form).filter(|_| span.kind() == OutputSpanKind::Expression)
}

/// Whether a part of the draft stays as it is, wherever it stands.
fn is_final(draft: &str, span: &OutputSpan) -> bool {
    match form(draft, span) {
        None | Some(Form::Scalar) => true,
        Some(Form::Flow) => is_empty_collection(&draft[span.output_range()]),
        Some(Form::Literal | Form::Block) => false,
    }
}

fn is_empty_collection(part: &str) -> bool {
    matches!(part, "[]" | "{}")
}

fn place(line: &str) -> Place {
    let mut rest = line.trim_start_matches(' ');
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start_matches(' ');
    }
    let column = line.len() - rest.len();
    if rest.is_empty() {
        Place::Start { column }
    } else if rest.ends_with(": ") && !rest.starts_with(['[', '{', '#']) {
        Place::Key { column }
    } else {
        Place::Within
    }
}

fn not_at_line_end(span: &OutputSpan) -> Violation {
    Violation { source: span.source_range(), is_hole: true, fault: Fault::NotAtLineEnd }
}
