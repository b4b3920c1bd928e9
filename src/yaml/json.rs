//! Reads JSON, several values one after the other among them: YAML takes in nearly all of it, but for escapes of surrogates.

use std::collections::HashMap;

use super::{MAX_DEPTH, Node, Scalar, Style, Value, fault, place::offset};
use crate::{
    diagnostic::Diagnostic,
    source::{Sources, Span},
};

/// Reads every value of a text that starts with `{`; nothing if it is not JSON throughout, which it may be as YAML.
///
/// kubectl does so as well (`GuessJSONStream` of apimachinery). Of two equal keys the first is kept, and told.
pub fn parse_json(sources: &Sources, file: u32) -> Option<(Vec<Node>, Vec<Diagnostic>)> {
    let text = sources.get(file).text.as_str();
    let mut reader = Reader { text, file, at: 0, diagnostics: Vec::new() };
    let mut values = Vec::new();
    while reader.skip_blank() == Some(b'{') {
        values.push(reader.value(0)?);
    }
    (reader.at == text.len() && !values.is_empty()).then_some((values, reader.diagnostics))
}

struct Reader<'a> {
    text: &'a str,
    file: u32,
    at: usize,
    diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips white space, and returns what follows.
    fn skip_blank(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.peek() {
            self.at += 1;
        }
        self.peek()
    }

    fn take(&mut self, expected: u8) -> Option<()> {
        (self.skip_blank()? == expected).then(|| self.at += 1)
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let next = self.skip_blank()?;
        let start = self.at;
        let value = match next {
            _ if depth == MAX_DEPTH => return None,
            b'{' => Value::Mapping(self.mapping(depth + 1)?),
            b'[' => Value::Sequence(self.sequence(depth + 1)?),
            b'"' => Value::Scalar(Scalar { text: self.string()?, style: Style::Quoted }),
            _ => Value::Scalar(Scalar { text: self.word()?, style: Style::Plain }),
        };
        Some(Node { span: self.span(start), value })
    }

    fn span(&self, start: usize) -> Span {
        Span { file: self.file, start: offset(start), end: offset(self.at) }
    }

    fn mapping(&mut self, depth: usize) -> Option<Vec<(Node, Node)>> {
        self.take(b'{')?;
        let (mut entries, mut first) = (Vec::new(), HashMap::new());
        if self.skip_blank()? == b'}' {
            self.at += 1;
            return Some(entries);
        }
        loop {
            self.skip_blank()?;
            let start = self.at;
            let text = self.string()?;
            let span = self.span(start);
            self.take(b':')?;
            let value = self.value(depth)?;
            if let Some(earlier) = first.get(&text) {
                self.diagnostics.push(fault::duplicate_key(&text, span, *earlier));
            } else {
                first.insert(text.clone(), span);
                let key = Node { span, value: Value::Scalar(Scalar { text, style: Style::Quoted }) };
                entries.push((key, value));
            }
            match self.skip_blank()? {
                b',' => self.at += 1,
                _ => return self.take(b'}').map(|()| entries),
            }
        }
    }

    fn sequence(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.take(b'[')?;
        let mut items = Vec::new();
        if self.skip_blank()? == b']' {
            self.at += 1;
            return Some(items);
        }
        loop {
            items.push(self.value(depth)?);
            match self.skip_blank()? {
                b',' => self.at += 1,
                _ => return self.take(b']').map(|()| items),
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.take(b'"')?;
        while self.peek()? != b'"' {
            self.at += if self.peek()? == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    /// Reads a number, `true`, `false` or `null`.
    fn word(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        let word =
            serde_json::from_str::<serde_json::Value>(&rest[..end]).ok().map(|_| rest[..end].to_owned());
        self.at += end;
        word
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<(Vec<Node>, Vec<Diagnostic>)> {
        let mut sources = Sources::default();
        let file = sources.add("a.json", text);
        parse_json(&sources, file)
    }

    #[test]
    fn values_know_their_places() {
        let text = " {\"a\":\t[1, {\"b\": null}],\n\"\\u00e4\": \"x\\n\"} {}";
        let (values, _) = read(text).expect("it is JSON");
        let part = |node: &Node| text[node.span.range()].to_owned();
        let (key, value) = &values[0].entries()[1];
        assert_eq!(
            (part(key), part(value), key.text()),
            ("\"\\u00e4\"".into(), "\"x\\n\"".into(), Some("ä"))
        );
        let inner = &values[0].get("a").expect("it is there").items()[1];
        assert_eq!((part(inner), inner.get("b").map(part)), ("{\"b\": null}".into(), Some("null".into())));
        assert_eq!(values.len(), 2);
    }

    #[test]
    fn what_is_not_json_throughout_is_not_read() {
        let texts = [
            "",
            "1",
            "[]",
            "{a: 1}",
            "{\"a\": 1,}",
            "{\"a\" 1}",
            "{\"a\": 'b'}",
            "{} x",
            "{\"a\": 01}",
            "{\"a",
        ];
        for text in texts {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&format!("{}1{}", "{\"a\":".repeat(200), "}".repeat(200))), None);
        assert_eq!(read("{\"a\": 1, \"a\": 2}").expect("it is JSON").1[0].code, "yaml-duplicate-key");
    }

    proptest! {
        #[test]
        fn json_is_what_another_reader_says(
            keys in prop::collection::btree_map(".{0,6}", ".{0,9}", 0..6),
            numbers in prop::collection::vec(any::<i64>(), 0..4),
        ) {
            let value = serde_json::json!({"keys": keys, "numbers": numbers, "more": [true, null, 1.5, {}]});
            for text in [value.to_string(), format!("{value:#}")] {
                let (values, faults) = read(&text).expect("it is JSON");
                prop_assert_eq!(faults, []);
                prop_assert_eq!(serde_json::to_value(&values[0]).expect("it is JSON"), value.clone());
            }
        }
    }
}
