use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

use super::*;
use crate::diagnostic::Diagnostic;
use crate::source::Sources;

fn parsed(text: &str) -> (Vec<Node>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let file = sources.add("profile.yaml", text);
    parse(&sources, file)
}

fn one(text: &str) -> Node {
    let (mut nodes, diagnostics) = parsed(text);
    assert_eq!(diagnostics, [], "{text}");
    assert_eq!(nodes.len(), 1, "{text}");
    nodes.remove(0)
}

/// Code, and the text under the first label.
fn faults(text: &str) -> Vec<(&'static str, &str)> {
    parsed(text).1.iter().map(|fault| (fault.code, &text[fault.labels[0].span.range()])).collect()
}

/// Every node with the text of its span, outer first.
fn spans<'t>(node: &Node, text: &'t str, found: &mut Vec<&'t str>) {
    found.push(&text[node.span.range()]);
    node.items().iter().for_each(|item| spans(item, text, found));
    for (key, value) in node.entries() {
        spans(key, text, found);
        spans(value, text, found);
    }
}

fn spans_of(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    parsed(text).0.iter().for_each(|node| spans(node, text, &mut found));
    found
}

#[test]
fn a_block_ends_at_its_last_token() {
    let text = "# head\na:\n  b: 1  # why\n  c:\n  - x\n  - y y\n\n# tail\nd: e\n";
    let expected = [
        "a:\n  b: 1  # why\n  c:\n  - x\n  - y y\n\n# tail\nd: e",
        "a",
        "b: 1  # why\n  c:\n  - x\n  - y y",
        "b",
        "1",
        "c",
        "- x\n  - y y",
        "x",
        "y y",
        "d",
        "e",
    ];
    assert_eq!(spans_of(text), expected);
}

#[test]
fn places_are_bytes_also_after_wide_characters() {
    assert_eq!(spans_of("ä: \"ö🙂\"\nb: [ü, 'x' ]\n")[1..], ["ä", "\"ö🙂\"", "b", "[ü, 'x' ]", "ü", "'x'"]);
}

#[test]
fn a_flow_collection_has_its_brackets() {
    let expected = [
        "{a: [1, {b: c} ], d: [e: f]}",
        "a",
        "[1, {b: c} ]",
        "1",
        "{b: c}",
        "b",
        "c",
        "d",
        "[e: f]",
        "e: f",
        "e",
        "f",
    ];
    assert_eq!(spans_of("{a: [1, {b: c} ], d: [e: f]}  # x\n"), expected);
}

#[test]
fn a_block_scalar_starts_at_its_header() {
    let text = "a: |  # note\n\n  one\n  two\n\nb: >-\n  three\nc:\n  - &x !!str |+\n    four\n";
    let expected = [
        "a",
        "|  # note\n\n  one\n  two",
        "b",
        ">-\n  three",
        "c",
        "- &x !!str |+\n    four",
        "|+\n    four",
    ];
    assert_eq!(spans_of(text)[1..], expected);
    assert_eq!(one(text).get("a").and_then(Node::text), Some("\none\ntwo\n"));
}

#[test]
fn anchors_and_tags_are_outside_of_the_value() {
    let text = "a: &x !!str 12\nb: &y\n  c: d\ne: !!seq [1]\nf: *x\n";
    assert_eq!(spans_of(text)[1..], ["a", "12", "b", "c: d", "c", "d", "e", "[1]", "1", "f", "*x"]);
    assert_eq!(one(text).get("f").and_then(Node::as_str), Some("12"));
}

#[test]
fn what_is_not_written_has_an_empty_span_after_its_indicator() {
    let places = |text: &str| -> Vec<(u32, u32)> {
        let node = one(text);
        let values = node.entries().iter().map(|(_, value)| value).chain(node.items());
        values.map(|value| (value.span.start, value.span.end)).collect()
    };
    assert_eq!(places("a:\n\n# x\nb: 1\n"), [(2, 2), (11, 12)]);
    assert_eq!(places("-\n- 1\n-\n"), [(1, 1), (4, 5), (7, 7)]);
    assert_eq!(places("{a, b: }"), [(2, 2), (6, 6)]);
}

#[test]
fn documents_are_read_one_by_one_and_empty_ones_skipped() {
    let (nodes, diagnostics) = parsed("---\n# nothing\n---\na: 1\n...\n---\n- b\n---\n~\n---\n");
    assert_eq!(diagnostics, []);
    assert_eq!(serde_json::to_value(&nodes).ok(), Some(json!([{"a": 1}, ["b"], null])));
}

#[test]
fn reading_goes_on_after_a_faulty_document() {
    let text = "a: 'open\n---\nb: 1\n---\n[1, 2\n---\nc: 2\n---\n- a\nb\n--- x: y\n---\nd: 3\n";
    let (nodes, diagnostics) = parsed(text);
    assert_eq!(serde_json::to_value(&nodes).ok(), Some(json!([{"b": 1}, {"c": 2}, {"d": 3}])));
    assert_eq!(diagnostics.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["yaml-syntax"; 4]);
}

#[test]
fn the_second_of_two_keys_is_dropped_and_reported() {
    let text = "a: 1\nb: 2\n\"a\": 3\n";
    let (nodes, diagnostics) = parsed(text);
    assert_eq!(serde_json::to_value(&nodes).ok(), Some(json!([{"a": 1, "b": 2}])));
    let labels: Vec<_> =
        diagnostics[0].labels.iter().map(|label| (&text[label.span.range()], label.span.start)).collect();
    assert_eq!(
        (diagnostics.len(), diagnostics[0].code, labels),
        (1, "yaml-duplicate-key", vec![("\"a\"", 10), ("a", 0)])
    );
}

#[test]
fn syntax_faults_are_said_in_plain_words() {
    let said = |text: &str| -> (String, String) {
        let (_, diagnostics) = parsed(text);
        let fault = &diagnostics[0];
        (fault.message.clone(), text[fault.labels[0].span.range()].to_owned())
    };
    let cases = [
        ("a:\n\tb: 1\n", "a tab indents this line", "\t"),
        ("a:\n  b: 1\n\tc: 2\n", "a tab indents this line", "\t"),
        ("a: \"open\nb: 1\n", "the quote \" is never closed", "\""),
        ("a: 1\nfoo\nb: 2\n", "this line is neither a key nor a list item", "foo"),
        ("a: 1\nfoo\n", "this line is neither a key nor a list item", "foo"),
        ("a: 1\nb:2\nc: 3\n", "this line is neither a key nor a list item", "b:2"),
        ("a: b: c\n", "a key where none can be", ":"),
        ("a: [1, 2\nb: 3\n", "the bracket `[` is never closed", "["),
        ("a: @x\n", "no value starts with this character", "@"),
        ("a: *x\n", "no anchor `&x` in this document", "*x"),
        ("a:\n  b: 1\n c: 2\n", "this line is indented wrongly", "c: 2"),
        ("- a\nb: 1\n", "this line is indented wrongly", "b: 1"),
        ("a: \"x\" y\n", "text after the closing quote", "y"),
        ("a: \"\\d\"\n", "no such escape in double quotes", "\\d"),
        ("a: *\n", "an alias or anchor without a name", "*"),
    ];
    for (text, message, place) in cases {
        assert_eq!(said(text), (message.to_owned(), place.to_owned()), "{text}");
    }
}

#[test]
fn merge_keys_are_followed_where_that_is_asked_for() {
    let cases = [
        ("a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\n", json!({"y": 3, "x": 1}), vec![]),
        ("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n", json!({"y": 3, "x": 1}), vec!["yaml-merge-order"]),
        ("a: [&a {x: 1}, &c {x: 2, z: 3}]\nb: {<<: [*a, *c]}\n", json!({"x": 1, "z": 3}), vec![]),
        ("a: &a {x: 1}\nc: &c\n  <<: *a\n  y: 2\nb:\n  <<: *c\n", json!({"y": 2, "x": 1}), vec![]),
        ("b: {<<: {x: 1}, '<<': 2}\n", json!({"<<": 2, "x": 1}), vec![]),
        ("b: {<<: 1, x: 2}\n", json!({"x": 2}), vec!["yaml-merge-key"]),
        ("b: {<<: [[{x: 1}]]}\n", json!({}), vec!["yaml-merge-key"]),
        ("b: {<<: {x: 1}, <<: {y: 2}}\n", json!({"x": 1}), vec!["yaml-duplicate-key"]),
    ];
    for (text, expected, codes) in cases {
        let mut sources = Sources::default();
        let file = sources.add("manifest.yaml", text);
        let (nodes, diagnostics) = parse_with(&sources, file, MergeKeys::Followed);
        let value = serde_json::to_value(nodes[0].get("b")).expect("a node is JSON");
        assert_eq!(value, expected, "{text}");
        assert_eq!(diagnostics.iter().map(|fault| fault.code).collect::<Vec<_>>(), codes, "{text}");
    }
}

#[test]
fn what_is_merged_stays_where_it_is_written() {
    let mut sources = Sources::default();
    let text = "a: &a\n  x: 1\nb:\n  <<: *a\n";
    let file = sources.add("manifest.yaml", text);
    let (nodes, _) = parse_with(&sources, file, MergeKeys::Followed);
    let (key, value) = nodes[0].get("b").expect("it is there").entry("x").expect("it is merged");
    assert_eq!((key.span.start, value.span.start), (8, 11));
}

#[test]
fn keys_merges_tags_and_cycles_are_refused() {
    assert_eq!(faults("a: 1\n? [x]\n: 2\n: 3\n"), [("yaml-key", "[x]"), ("yaml-key", "")]);
    assert_eq!(faults("a: &a {b: 1}\nc:\n  <<: *a\n"), [("yaml-merge-key", "<<")]);
    assert_eq!(faults("a: !!int x\nb: !custom {c: 1}\n"), [("yaml-tag", "x"), ("yaml-tag", "{")]);
    assert_eq!(faults("a: &a [*a]\n"), [("yaml-alias-cycle", "*a")]);
    assert_eq!(faults("a: &a 1\n---\nb: *a\n"), [("yaml-unknown-anchor", "*a")]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = format!("*a{}, ", level - 1).repeat(10);
        text.extend([format!("a{level}: &a{level} [{inner}]\n")]);
    }
    assert_eq!(faults(&text), [("yaml-alias-budget", "*a3")]);
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(1000));
    assert_eq!(faults(&long), [("yaml-alias-budget", "*a")]);
}

#[test]
fn deep_nesting_is_refused_however_it_is_written() {
    assert_eq!(faults(&"[".repeat(100_000)), [("yaml-depth", "[")]);
    assert_eq!(faults(&"- ".repeat(100_000)), [("yaml-depth", "-")]);
    let level = |n: usize| format!("{}x{}", "[".repeat(n), "]".repeat(n));
    assert_eq!(faults(&level(MAX_DEPTH)), []);
    assert_eq!(faults(&level(MAX_DEPTH + 1)), [("yaml-depth", "[")]);
    let aliased = format!("- &a {}\n- {}\n", level(100), level(28).replace('x', "*a"));
    assert_eq!(faults(&aliased), [("yaml-depth", "*a")]);
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    Strict,
    Every(u16),
    Range { from: i64, to: Option<i64> },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Loose {
    Flag(bool),
    Count(u32),
    Share(f64),
    Text(String),
    List(Vec<String>),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    version: String,
    port: Spanned<u16>,
    note: Option<Spanned<String>>,
    modes: Vec<Mode>,
    loose: Vec<Loose>,
    labels: Entries<Spanned<String>, Spanned<String>>,
    #[serde(default)]
    absent: Option<String>,
}

#[test]
fn a_struct_is_read_with_the_places_of_its_values() {
    let text = "version: 1.30\nport: 8080\nnote:\nmodes: [strict, every: 3, range: {from: -1}]\n\
                loose: [yes, 3, 0.5, x, ['1.0']]\nlabels: {b: 1, a: on}\n";
    let node = one(text);
    let shop: Shop = read(&node).expect("the text fits");
    let spanned = |start: u32, text: &str| Spanned {
        span: Span { file: 0, start, end: start + u32::try_from(text.len()).expect("short") },
        value: text.to_owned(),
    };
    let at = |part: &str| u32::try_from(text.find(part).expect("stands there")).expect("short");
    let expected = Shop {
        version: "1.30".to_owned(),
        port: spanned(at("8080"), "8080").map(|_| 8080),
        note: None,
        modes: vec![Mode::Strict, Mode::Every(3), Mode::Range { from: -1, to: None }],
        loose: vec![
            Loose::Flag(true),
            Loose::Count(3),
            Loose::Share(0.5),
            Loose::Text("x".to_owned()),
            Loose::List(vec!["1.0".to_owned()]),
        ],
        labels: Entries(vec![
            (spanned(at("b: 1"), "b"), spanned(at("1, a"), "1")),
            (spanned(at("a: on"), "a"), spanned(at("on}"), "on")),
        ]),
        absent: None,
    };
    assert_eq!(shop, expected);
}

#[derive(Debug, PartialEq, Deserialize)]
struct Kept {
    values: Node,
    #[serde(default)]
    absent: Option<Node>,
}

#[test]
fn a_node_is_kept_as_it_is_written() {
    let node = one("values: {a: [on, 'on', 0x10, ~, {}], 1: 'text'}\nabsent: ~\nother: 1\n");
    let kept: Kept = read(&node).expect("any value fits");
    assert_eq!(Some(&kept.values), node.get("values"));
    assert_eq!(kept.absent, None);
}

#[test]
fn what_does_not_fit_is_reported_at_the_innermost_value() {
    let fault = |text: &str| {
        let diagnostic = read::<Shop>(&one(text)).expect_err("must not fit");
        (diagnostic.message, text[diagnostic.labels[0].span.range()].to_owned())
    };
    let (message, place) = fault("version: a\nport: 70000\n");
    assert_eq!((message.as_str(), place.as_str()), ("invalid value: integer `70000`, expected u16", "70000"));
    let (message, place) = fault("version: a\nprot: 1\n");
    assert!(message.starts_with("unknown field `prot`"), "{message}");
    assert_eq!(place, "prot");
    let (message, place) = fault("version: a\nport: 1\n");
    assert_eq!((message.as_str(), place.as_str()), ("missing field `modes`", "version"));
    let (message, place) = fault("[a, 1]");
    assert_eq!(
        (message.as_str(), place.as_str()),
        ("invalid type: sequence, expected struct Shop", "[a, 1]")
    );
    let (message, place) = fault("version: a\nport: 1\nmodes: [strict, lax]\n");
    assert!(message.starts_with("unknown variant `lax`"), "{message}");
    assert_eq!(place, "lax");
}

#[test]
fn a_node_is_written_as_kubernetes_would_type_it() {
    let node =
        one("{a: on, b: 0x10, c: '1', d: 1.5, e: , f: 2024-01-01, 8080: [18446744073709551615, .nan]}");
    let expected = json!({"a": true, "b": 16, "c": "1", "d": 1.5, "e": null, "f": "2024-01-01",
        "8080": [18_446_744_073_709_551_615_u64, null]});
    assert_eq!(serde_json::to_value(&node).ok(), Some(expected));
}

/// Reads the text at `key`, and returns what it is with the texts of its spans in the file.
fn within<'t>(text: &'t str, key: &str) -> (Vec<&'t str>, Vec<(&'static str, &'t str)>) {
    let mut sources = Sources::default();
    let file = sources.add("outer.yaml", text);
    let (documents, faults) = parse(&sources, file);
    assert_eq!(faults, [], "{text}");
    let value = documents[0].get(key).expect("the key is there");
    let (nodes, faults) = parse_within(&sources, value.text().expect("the value is a scalar"), value.span);
    let mut found = Vec::new();
    for node in &nodes {
        spans(node, text, &mut found);
    }
    (found, faults.iter().map(|fault| (fault.code, &text[fault.labels[0].span.range()])).collect())
}

#[test]
fn yaml_in_a_literal_block_knows_its_places_in_the_file() {
    for text in [
        "x: |\n  a: ä\n\n  b:\n    - 1\n    - c: '2'\ny: z\n",
        "x: |- # why\n  a: ä\n \n  b:\n    - 1\n    - c: '2'",
        "x: &anchor\n  |2+\r\n  a: ä\r\n\r\n  b:\r\n    - 1\r\n    - c: '2'\r\n\r\n\r\ny: z\r\n",
    ] {
        let (found, faults) = within(text, "x");
        let block =
            &text[text.find("a: ä").expect("it is there")..text.find("'2'").expect("it is there") + 3];
        let list = &block[block.find("- 1").expect("it is there")..];
        let expected =
            [block, "a", "ä", "b", list, "1", &list[list.find("c:").expect("it is there")..], "c", "'2'"];
        assert_eq!((found.as_slice(), faults.len()), (expected.as_slice(), 0), "{text:?}");
    }
}

#[test]
fn yaml_on_one_line_knows_its_places_and_any_other_has_that_of_the_whole() {
    assert_eq!(within("x: 'a: [1]'\n", "x").0, ["a: [1]", "a", "[1]", "1"]);
    assert_eq!(within("x: \"a: [1]\"\n", "x").0, ["a: [1]", "a", "[1]", "1"]);
    assert_eq!(within("x: a\n", "x").0, ["a"]);
    let folded = ">\n  a: 1\n\n  b: 2";
    assert_eq!(within(&format!("x: {folded}\n"), "x").0, [folded; 5]);
    let escaped = "\"a: 1\\nb: 2\"";
    assert_eq!(within(&format!("x: {escaped}\n"), "x").0, [escaped; 5]);
    assert_eq!(within("x: |\ny: 1\n", "x").0, [""; 0]);
    assert_eq!(within("y: &y |\n  a: 1\nx: *y\n", "x").0, ["*y"; 3]);
}

#[test]
fn a_fault_in_yaml_in_yaml_has_its_place_in_the_file() {
    assert_eq!(within("x: |\n  a: 1\n  a: 2\n", "x").1, [("yaml-duplicate-key", "a")]);
    assert_eq!(within("x: \"a: 1\\na: 2\"\n", "x").1, [("yaml-duplicate-key", "\"a: 1\\na: 2\"")]);
}

fn every_span_is_sound(node: &Node, text: &str) {
    assert!(text.get(node.span.range()).is_some(), "{:?}", node.span);
    if let Some(scalar) = node.scalar().filter(|scalar| scalar.style == Style::Plain) {
        let token = &text[node.span.range()];
        let is_alias = token.starts_with('*');
        // A plain scalar over several lines is folded, so only its words are the same.
        let same = token.split_whitespace().eq(scalar.text.split_whitespace());
        let one_line = !token.contains(['\n', '\r']);
        assert!(is_alias || same && (!one_line || token == scalar.text), "{token:?} {scalar:?}");
    }
    let inner = |child: &Node| {
        let within = node.span.start <= child.span.start && child.span.end <= node.span.end;
        assert!(within || text[node.span.range()].starts_with('*'), "{:?} in {:?}", child.span, node.span);
    };
    node.items().iter().for_each(inner);
    node.entries().iter().for_each(|(key, value)| (inner(key), inner(value)).1);
    if !text[node.span.range()].starts_with('*') {
        for item in node.items() {
            every_span_is_sound(item, text);
        }
        for (key, value) in node.entries() {
            every_span_is_sound(key, text);
            every_span_is_sound(value, text);
        }
    }
}

fn everything_is_sound(text: &str) {
    let (nodes, diagnostics) = parsed(text);
    for node in &nodes {
        every_span_is_sound(node, text);
    }
    for label in diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        assert!(text.get(label.span.range()).is_some(), "{label:?}");
    }
}

/// Pieces that matter to YAML, so that random texts get past the first line.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b: ",
        "ä: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "\r\n",
        "? ",
        ": ",
        ", ",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "&x ",
        "*x",
        "!!str ",
        "!t ",
        "# c",
        "\n---\n",
        "\n...\n",
        "\t",
        "\u{feff}",
        "🙂",
        "1.30",
        "%YAML 1.2\n",
        "<<: ",
        "\\",
        "\u{85}",
        "\u{2028}",
        "@",
        "-",
        "\0",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        everything_is_sound(&text);
    }

    #[test]
    fn any_heap_of_yaml_is_read_without_panic(text in pieces()) {
        everything_is_sound(&text);
    }

    #[test]
    fn any_yaml_in_yaml_shows_the_same_tokens_in_the_file(inner in pieces()) {
        let block = inner.lines().fold(String::new(), |block, line| block + "  " + line + "\n");
        let outer = format!("x: |2\n{block}y: 1\n");
        let mut sources = Sources::default();
        let (file, alone) = (sources.add("outer.yaml", outer.as_str()), sources.add("inner.yaml", ""));
        let (documents, _) = parse(&sources, file);
        let Some(value) = documents.first().and_then(|document| document.get("x")) else { return Ok(()) };
        let text = value.text().unwrap_or_default();
        let (nodes, faults) = parse_within(&sources, text, value.span);
        let (expected, _) = builder::parse_text(text, alone, MergeKeys::Followed);
        let (mut found, mut tokens) = (Vec::new(), Vec::new());
        for (node, alone) in nodes.iter().zip(&expected) {
            spans(node, &outer, &mut found);
            spans(alone, text, &mut tokens);
        }
        let is_whole = |token: &&str| outer.get(value.span.range()) == Some(*token);
        let words = |token: &str| token.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (found, token) in found.into_iter().zip(tokens).filter(|(found, _)| !is_whole(found)) {
            prop_assert_eq!(words(found), words(token));
        }
        for label in faults.iter().flat_map(|fault| &fault.labels) {
            prop_assert!(outer.get(label.span.range()).is_some(), "{label:?}");
        }
    }

    #[test]
    fn any_damaged_yaml_is_read_without_panic(at in 0_usize..100, len in 0_usize..9, insert in pieces()) {
        let whole = "a: &x\n  ä: [1, 'ö', \"🙂\"]\n  c: |\n    text\n    more\nd: *x\n---\n- e: {f: g}\n  h: >-\n   i\n- # j\n";
        let mut characters: Vec<char> = whole.chars().collect();
        let start = at.min(characters.len());
        let end = (start + len).min(characters.len());
        characters.splice(start..end, insert.chars());
        everything_is_sound(&characters.into_iter().collect::<String>());
    }
}
