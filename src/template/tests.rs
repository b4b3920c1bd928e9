//! What a value may become in each place, and that it can become nothing else.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fault, TemplateError, Templates, emit, yaml};

fn render(source: &str, context: &Value) -> Result<String, TemplateError> {
    Templates::new(&[("test.yaml", source)])?.render("test.yaml", context)
}

fn rendered(source: &str, context: &Value) -> String {
    render(source, context).unwrap_or_else(|error| panic!("{error}\n{source}\n{context:#}"))
}

fn markdown(source: &str, context: &Value) -> String {
    let templates = Templates::new(&[("test.md", source)]).expect("the template compiles");
    templates.render("test.md", context).expect("the template renders")
}

fn refused(source: &str, context: &Value) -> TemplateError {
    render(source, context).expect_err(source)
}

fn refusal(line: usize, hole: Option<&str>, fault: Fault) -> TemplateError {
    TemplateError { template: "test.yaml".to_owned(), line, hole: hole.map(str::to_owned), fault }
}

/// Reads one document with a parser that shares nothing with the one the guard uses.
fn reread(text: &str) -> Value {
    yaml_serde::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

mod holes {
    use super::*;

    #[test]
    fn a_string_is_plain_where_every_reader_agrees() {
        for text in [
            "istio-system",
            "hello world",
            "/healthz",
            "1.29.0",
            "10.0.0.1",
            "10.0.0.0/8",
            "--log-level=info",
            "15m",
            "cluster.local/ns/a/sa/b",
            "spiffe://td/ns",
            "a:b",
            "a#b",
            "it's",
            "straße",
            "128Mi",
            "$(POD_NAME)",
        ] {
            assert_eq!(rendered("key: {{ x }}\n", &json!({ "x": text })), format!("key: {text}\n"));
        }
    }

    #[test]
    fn a_string_is_quoted_where_some_reader_would_take_it_for_something_else() {
        for text in [
            "",
            " ",
            " a",
            "a ",
            "y",
            "N",
            "yes",
            "No",
            "on",
            "OFF",
            "True",
            "FALSE",
            "null",
            "Null",
            "~",
            "0",
            "0123",
            "0o17",
            "0x1f",
            "0b11",
            "1_000",
            "1:30",
            "190:20:30",
            ".5",
            "+1",
            "-1",
            "1.",
            "1.5",
            "1e3",
            "1E+3",
            ".inf",
            "-.INF",
            ".nan",
            "2024-01-01",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43",
            "=",
            "<<",
            "-",
            "?",
            "- a",
            "a: b",
            "a:",
            "a #b",
            "# a",
            "[a",
            "a,b",
            "{a",
            "a}",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "'a'",
            "---",
            "...",
            "--- a",
            "${VAR}",
            "{{ .Values.x }}",
            "a?b",
            "a -",
        ] {
            assert_eq!(rendered("key: {{ x }}\n", &json!({ "x": text })), format!("key: \"{text}\"\n"));
        }
    }

    #[test]
    fn what_a_reviewer_cannot_see_is_escaped() {
        let text = "a\"b\\c\td\re\0f\u{7f}g\u{85}h\u{2028}i\u{feff}j\u{202e}k\u{a0}l\u{e0041}m\u{1f600}";
        let expected = r#"x: "a\"b\\c\td\re\u0000f\u007Fg\u0085h\u2028i\uFEFFj\u202Ek\u00A0l\U000E0041m😀""#;
        assert_eq!(rendered("x: {{ x }}\n", &json!({ "x": text })), format!("{expected}\n"));
    }

    #[test]
    fn numbers_booleans_and_null_stand_as_they_are() {
        let context =
            json!({ "x": [1, -2, 18_446_744_073_709_551_615_u64, 1.0, 0.5, 1e300, 1.5e-9, true, null] });
        let expected = "x: [1, -2, 18446744073709551615, 1.0, 0.5, 1.0e+300, 1.5e-9, true, null]\n";
        assert_eq!(rendered("x: {{ x }}\n", &context), expected);
    }

    #[test]
    fn a_text_of_several_lines_is_a_literal_behind_a_key() {
        let context = json!({ "x": "a: b\n\n  # c\n" });
        assert_eq!(
            rendered("- key: {{ x }}\n  next: 1\n", &context),
            "- key: |\n    a: b\n\n      # c\n  next: 1\n"
        );
        assert_eq!(rendered("- {{ x }}\n", &context), "- \"a: b\\n\\n  # c\\n\"\n");
        assert_eq!(rendered("key: {{ x }} # c\n", &context), "key: \"a: b\\n\\n  # c\\n\" # c\n");
        assert_eq!(rendered("key: {{ x }}\n", &json!({ "x": "a\nb" })), "key: |-\n  a\n  b\n");
    }

    #[test]
    fn a_short_list_behind_a_key_is_in_flow_style_and_a_long_one_is_not() {
        assert_eq!(rendered("key: {{ x }}\n", &json!({ "x": ["a", "b,c", 1] })), "key: [a, \"b,c\", 1]\n");
        assert_eq!(rendered("key: {{ x }}\n", &json!({ "x": [] })), "key: []\n");
        assert_eq!(rendered("key: {{ x }}  # why\n", &json!({ "x": ["a"] })), "key: [a]  # why\n");
        assert_eq!(rendered("key: { a: {{ x }} }\n", &json!({ "x": {} })), "key: { a: {} }\n");
        let (one, two) = ("a".repeat(60), "b".repeat(60));
        assert_eq!(
            rendered("key: {{ x }}\nnext: 1\n", &json!({ "x": [one, two] })),
            format!("key:\n  - {one}\n  - {two}\nnext: 1\n")
        );
    }

    #[test]
    fn a_list_elsewhere_is_in_block_style() {
        let context = json!({ "x": ["a", "b"] });
        assert_eq!(rendered("- {{ x }}\n", &context), "- - a\n  - b\n");
        assert_eq!(rendered("key:\n  {{ x }}\n", &context), "key:\n  - a\n  - b\n");
        assert_eq!(rendered("key: [{{ x }}, {{ x }}]\n", &context), "key: [[a, b], [a, b]]\n");
    }

    #[test]
    fn a_mapping_is_indented_by_the_place_of_its_hole() {
        let context = json!({ "x": { "b": { "d": [{ "e": 1, "f": [[2]] }] }, "a": {} } });
        assert_eq!(
            rendered("key: {{ x }}\nnext: 1\n", &context),
            "key:\n  b:\n    d:\n      - e: 1\n        f:\n          - - 2\n  a: {}\nnext: 1\n"
        );
        assert_eq!(
            rendered("- {{ x }}\n- key: {{ x }}\n  next: 1\n", &context),
            "- b:\n    d:\n      - e: 1\n        f:\n          - - 2\n  a: {}\n\
             - key:\n    b:\n      d:\n        - e: 1\n          f:\n            - - 2\n    a: {}\n  next: 1\n"
        );
    }

    #[test]
    fn a_key_may_be_a_hole() {
        let source = "labels:\n{% for key, value in x | items %}\n  {{ key }}: {{ value }}\n{% endfor %}\n";
        let context = json!({ "x": { "app.kubernetes.io/name": "a", "on": "off" } });
        assert_eq!(rendered(source, &context), "labels:\n  app.kubernetes.io/name: a\n  \"on\": \"off\"\n");
    }

    #[test]
    fn an_emitted_document_reads_like_a_values_file() {
        let value = json!({ "b": 1, "a": { "list": ["x", "z"], "text": "1\n2\n", "none": [], "deep": [{ "c": "d" }] } });
        assert_eq!(
            emit(&value),
            "b: 1\na:\n  list: [x, z]\n  text: |\n    1\n    2\n  none: []\n  deep:\n    - c: d\n"
        );
        assert_eq!(emit(&json!("yes")), "\"yes\"\n");
    }

    #[test]
    fn a_key_too_long_to_be_implicit_is_written_as_an_explicit_one() {
        let key = "k".repeat(2000);
        for value in [json!(1), json!({ "a": 1 }), json!([{ "a": "b\nc" }])] {
            let document = json!({ key.clone(): value });
            assert_eq!(reread(&emit(&document)), document);
            assert_eq!(
                reread(&rendered("x: {{ x }}\n", &json!({ "x": document }))),
                json!({ "x": document })
            );
        }
    }
}

mod guard {
    use super::*;

    fn context() -> Value {
        json!({ "name": "a", "list": ["a"], "map": { "b": 1 }, "deep": [{ "b": 1 }], "text": "a\nb\n", "odd": "a: b" })
    }

    #[test]
    fn a_hole_is_never_a_part_of_a_scalar() {
        for (source, hole) in [
            ("key: {{ name }}-gateway\n", "name"),
            ("key: x-{{ name }}\n", "name"),
            ("key: {{ name }} more\n", "name"),
            ("key: {{ name }}\n  more\n", "name"),
            ("key: more\n  {{ name }}\n", "name"),
            ("key: '{{ name }}'\n", "name"),
            ("key: \"{{ name }}\"\n", "name"),
            ("key: |\n  {{ name }}\n", "name"),
            ("key: {{ name }}{{ map.b }}\n", "name"),
            ("key: {{ map.b }}m\n", "map.b"),
            ("key: &{{ name }} x\n", "name"),
            ("key: !{{ name }} x\n", "name"),
            ("a: &a 1\nkey: *{{ name }}\n", "name"),
        ] {
            assert_eq!(refused(source, &context()).hole.as_deref(), Some(hole), "{source}");
        }
    }

    #[test]
    fn a_hole_is_never_in_a_comment() {
        let fault = Fault::NotOneNode;
        assert_eq!(refused("# {{ name }}\na: 1\n", &context()), refusal(1, Some("name"), fault.clone()));
        assert_eq!(refused("a: 1\n# a: {{ name }}\n", &context()), refusal(2, Some("name"), fault.clone()));
        assert_eq!(refused("a: {{ name }} # {{ name }}\n", &context()), refusal(1, Some("name"), fault));
    }

    #[test]
    fn a_hole_never_joins_what_the_template_says_around_it() {
        for source in [
            "{{ map }}\nother: 1\n",
            "other: 1\n{{ map }}\n",
            "- {{ map }}\n  other: 1\n",
            "{{ list }}\n- b\n",
            "- b\n{{ list }}\n",
            "{{ list }}: b\n",
            "{{ list }}: b\nc: d\n",
            "{ {{ map }} }\n",
            "[{{ deep }}]\n",
            "a: {{ text }}\n    # more\n",
            "a: {{ text }}\n     \nb: 1\n",
            "a: |\n  x\n  {{ map }}\n",
        ] {
            let fault = refused(source, &context()).fault;
            assert!(
                matches!(fault, Fault::NotOneNode | Fault::NotAtLineEnd | Fault::Unreadable(_)),
                "{source}"
            );
        }
    }

    #[test]
    fn a_fault_names_the_template_the_line_and_the_hole() {
        let source = "a: 1\n{% if name %}\nb: {{ name ~ \"x\" }}-gateway\n{% endif %}\n";
        let error = refused(source, &context());
        assert_eq!(error, refusal(3, Some("name ~ \"x\""), Fault::NotOneNode));
        assert_eq!(
            error.to_string(),
            "template `test.yaml`, line 3: `name ~ \"x\"`: the hole is not exactly one YAML node"
        );
    }

    #[test]
    fn a_fault_behind_characters_of_several_bytes_is_found() {
        let source = "# käse — 😀\nä: {{ name }}\nb: {{ name }}ö\n";
        assert_eq!(refused(source, &context()), refusal(3, Some("name"), Fault::NotOneNode));
        let good = "# käse — 😀\nä: {{ name }}\nö: { ü: {{ list }} }\n";
        assert_eq!(rendered(good, &context()), "# käse — 😀\nä: a\nö: { ü: [a] }\n");
    }

    #[test]
    fn a_whole_expression_may_be_built_in_the_hole() {
        assert_eq!(rendered("key: {{ name ~ \"-gateway\" }}\n", &context()), "key: a-gateway\n");
        assert_eq!(rendered("key: {{ name ~ \": b\" }} # why\n", &context()), "key: \"a: b\" # why\n");
    }

    #[test]
    fn several_lines_must_end_their_line() {
        let error = refused("a: 1\nb: {{ map }} # why\n", &context());
        assert_eq!(error, refusal(2, Some("map"), Fault::NotAtLineEnd));
    }

    #[test]
    fn a_key_given_twice_is_refused() {
        let twice = |key: &str| Fault::DuplicateKey(key.to_owned());
        assert_eq!(refused("a: 1\nb: 2\n'a': 3\n", &context()), refusal(3, None, twice("a")));
        assert_eq!(refused("a: 1\n{{ name }}: 3\n", &context()), refusal(2, Some("name"), twice("a")));
        let many = "{% for i in range(40) %}\n{{ \"k\" ~ i }}: 1\n{% endfor %}\nk7: 1\n";
        assert_eq!(refused(many, &context()).fault, twice("k7"));
        assert_eq!(rendered("- a: 1\n- a: 1\n", &context()), "- a: 1\n- a: 1\n");
    }

    #[test]
    fn the_documents_are_those_of_the_template() {
        let source = "{% for x in list %}\n---\na: {{ x }}\n{% endfor %}\n---\nb: {{ odd }}\n";
        assert_eq!(rendered(source, &context()), "---\na: a\n---\nb: \"a: b\"\n");
    }

    #[test]
    fn output_that_is_no_yaml_is_refused_with_its_line() {
        let error = refused("a: 1\nb: [\n", &context());
        assert!(matches!(error.fault, Fault::Unreadable(_)), "{error}");
    }

    #[test]
    fn an_undefined_name_is_refused_wherever_it_stands() {
        for source in
            ["a: {{ nobody }}\n", "a: {{ name ~ nobody }}\n", "a: {{ [nobody] }}\n", "a: {{ map.c }}\n"]
        {
            let error = refused(source, &context());
            assert_eq!(error.line, 1, "{source}");
            assert!(error.hole.is_some(), "{source}");
            assert!(
                matches!(&error.fault, Fault::Engine(message) if message.contains("undefined")),
                "{error}"
            );
        }
    }

    #[test]
    fn nothing_declares_a_value_safe() {
        for source in ["a: {{ name | safe }}\n", "a: {{ name | escape }}\n", "a: {{ name | e }}\n"] {
            assert!(matches!(refused(source, &context()).fault, Fault::Engine(_)), "{source}");
        }
        let captured = "{% set x %}{{ map }}{% endset %}\na: {{ x }}\n";
        assert!(matches!(refused(captured, &context()).fault, Fault::Engine(_)));
    }

    #[test]
    fn a_name_without_a_known_extension_is_refused() {
        let error = Templates::new(&[("test.txt", "")]).expect_err("nobody can say how to escape");
        assert_eq!(error.fault, Fault::UnknownSyntax);
    }

    /// Each would be structure if it were not quoted.
    const HOSTILE: [&str; 34] = [
        "\n- x",
        "a: b",
        "]",
        "}",
        "# c",
        " # c",
        "---",
        "\n---\n",
        "...",
        "\r",
        "\r\n---\r\n",
        "\t",
        "a\tb",
        "a:",
        "- a",
        "-",
        "? a",
        "&a",
        "*a",
        "!!str a",
        "!a",
        "| ",
        "|\n  a",
        ">\n  a",
        "\"",
        "'",
        "\"\nb: \"",
        "a\n b: c",
        "\u{85}---",
        "\u{2028}a: b",
        "\u{feff}",
        "{{ x }}",
        "%YAML 1.1",
        "a\n\n  \n\n",
    ];

    const PLACES: [&str; 10] = [
        "{{ x }}\n",
        "key: {{ x }}\nnext: {{ x }}\n",
        "- {{ x }}\n- key: {{ x }}\n  next: 1\n",
        "{{ x }}: {{ x }}\n",
        "a:\n  {{ x }}: 1\n  b: {{ [x, x] }}\n",
        "a: [{{ x }}, {{ x }}]\nb: { c: {{ x }} }\n",
        "a: {{ { x: { x: x } } }}\n",
        "- {{ [x, [x]] }}\n- 1\n",
        "a:\n  b:\n    c: {{ [{ x: x }] }}\nd: {{ x }} # why\n",
        "---\na: {{ x }}\n",
    ];

    /// Puts one string for another, as key and as value.
    fn replaced(value: &Value, from: &str, to: &str) -> Value {
        match value {
            Value::String(text) if text == from => json!(to),
            Value::Array(items) => items.iter().map(|item| replaced(item, from, to)).collect(),
            Value::Object(map) => {
                let key = |key: &String| if key == from { to.to_owned() } else { key.clone() };
                Value::Object(map.iter().map(|(k, v)| (key(k), replaced(v, from, to))).collect())
            }
            other => other.clone(),
        }
    }

    #[test]
    fn no_string_changes_the_shape_of_a_document() {
        let long = "a: b, [c] ".repeat(10_000);
        for source in PLACES {
            let harmless = reread(&rendered(source, &json!({ "x": "harmless" })));
            let is_key = source.contains("{{ x }}:");
            for hostile in HOSTILE.into_iter().chain([long.as_str()].into_iter().filter(|_| !is_key)) {
                let shape = reread(&rendered(source, &json!({ "x": hostile })));
                assert_eq!(replaced(&shape, hostile, "harmless"), harmless, "{hostile:?} in {source}");
            }
        }
    }

    fn hostile_string() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~]{0,12}",
            "[-+0-9.:_eExXoObBaAfFnNiI]{1,8}",
            "[ \t\r\n#:,\\-\\[\\]{}&*!|>'\"%@`?a~=<]{0,10}",
            "[a-c \n]{0,12}",
            "[ab][- ab]{0,6}",
            "\\$\\{[A-Z_]{1,5}(:=[a-z ]{0,3})?\\}",
            "\\{\\{ \\.Values\\.[a-z]{1,5} \\}\\}",
            "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([tT ][0-9:]{0,8}[zZ]?)?",
            prop::sample::select(HOSTILE.as_slice()).prop_map(str::to_owned),
            prop::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
        ]
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            4 => hostile_string().prop_map(Value::from),
            1 => any::<i64>().prop_map(Value::from),
            1 => any::<u64>().prop_map(Value::from),
            1 => any::<f64>().prop_filter("JSON has no other", |number| number.is_finite()).prop_map(Value::from),
            1 => any::<bool>().prop_map(Value::from),
            1 => Just(Value::Null),
        ];
        scalar.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((hostile_string(), inner), 0..6)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    #[test]
    fn underscores_hide_no_number() {
        assert!(["_0", "__1.5", "_.5", "_"].iter().all(|text| !yaml::is_plain(text)));
        assert!(["_a", "__a1", "a_0"].iter().all(|text| yaml::is_plain(text)));
    }

    proptest! {
        #[test]
        fn a_string_reads_back_as_itself(text in hostile_string()) {
            let source = "a: {{ x }}\nb:\n  - {{ x }}\n  - c: {{ x }}\nd: [{{ x }}, {{ x }}]\n";
            let expected = json!({ "a": text, "b": [text, { "c": text }], "d": [text, text] });
            prop_assert_eq!(reread(&rendered(source, &json!({ "x": text }))), expected);
        }

        #[test]
        fn a_string_is_a_key_that_reads_back_as_itself(text in hostile_string()) {
            let text = format!("{text}!");
            let expected = json!({ "a": { text.clone(): text.clone() } });
            prop_assert_eq!(reread(&rendered("a:\n  {{ x }}: {{ x }}\n", &json!({ "x": text }))), expected);
        }

        #[test]
        fn a_plain_string_is_a_string_in_yaml_1_1_too(text in hostile_string()) {
            prop_assert!(!(yaml::is_plain(&text) && yaml_1_1::is_something_else(&text)), "{:?}", text);
        }

        #[test]
        fn any_value_reads_back_as_itself_in_any_place(x in json_value()) {
            let context = json!({ "x": x });
            for (source, expected) in [
                ("{{ x }}\n", x.clone()),
                ("a: {{ x }}\nb: 1\n", json!({ "a": x, "b": 1 })),
                ("- {{ x }}\n- 1\n", json!([x, 1])),
                ("- - {{ x }}\n  - {{ x }}\n", json!([[x, x]])),
                ("- a: {{ x }}\n  b: {{ x }}\n- c:\n    d: {{ x }}\n", json!([{ "a": x, "b": x }, { "c": { "d": x } }])),
                ("a:\n    b:\n        {{ x }}\nc: 1\n", json!({ "a": { "b": x }, "c": 1 })),
                ("a:\n  - {{ x }}\n  - b: {{ x }}\n", json!({ "a": [x, { "b": x }] })),
            ] {
                prop_assert_eq!(reread(&rendered(source, &context)), expected, "{}", source);
            }
            prop_assert_eq!(reread(&emit(&x)), x);
        }
    }
}

/// What YAML 1.1 resolves a plain scalar to, from the regular expressions of yaml.org/type and the resolver of
/// go-yaml v2; written apart from the code under test.
mod yaml_1_1 {
    pub fn is_something_else(text: &str) -> bool {
        is_word(text) || is_timestamp(text) || is_integer(unsigned(text)) || is_float(unsigned(text))
    }

    fn is_word(text: &str) -> bool {
        const WORDS: &str = "y Y yes Yes YES n N no No NO true True TRUE false False FALSE on On ON off Off OFF \
            ~ null Null NULL = << .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF";
        text.is_empty() || WORDS.split_whitespace().any(|word| word == text)
    }

    fn unsigned(text: &str) -> &str {
        text.strip_prefix(['+', '-']).unwrap_or(text)
    }

    /// At least one character, all of them digits of the base or underscores.
    fn digits(text: &str, base: u32) -> bool {
        text.contains(|c: char| c.is_digit(base)) && text.chars().all(|c| c == '_' || c.is_digit(base))
    }

    fn is_integer(text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        [("0b", 2), ("0o", 8), ("0x", 16)]
            .into_iter()
            .any(|(prefix, base)| lower.strip_prefix(prefix).is_some_and(|rest| digits(rest, base)))
            || text.starts_with(|c: char| c.is_ascii_digit()) && (digits(text, 10) || is_sexagesimal(text))
    }

    fn is_sexagesimal(text: &str) -> bool {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        whole.contains(':')
            && whole.split(':').all(|part| digits(part, 10))
            && (fraction.is_empty() || digits(fraction, 10))
    }

    fn is_float(text: &str) -> bool {
        let text = text.replace('_', "");
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        !(whole.is_empty() && fraction.is_empty())
            && all_digits(whole)
            && all_digits(fraction)
            && digits(unsigned(exponent), 10)
    }

    fn is_timestamp(text: &str) -> bool {
        let date = text.split(['t', 'T', ' ', '\t']).next().unwrap_or_default();
        let parts: Vec<&str> = date.split('-').collect();
        let lengths = parts.iter().map(|part| part.len());
        parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
            && parts.len() == 3
            && lengths.zip([4..=4, 1..=2, 1..=2]).all(|(length, range)| range.contains(&length))
    }
}

mod prose {
    use super::*;

    #[test]
    fn a_value_stays_text_in_markdown() {
        for (text, expected) in [
            ("istio-system", "istio-system"),
            ("a|b", "a&#124;b"),
            ("`a`", "&#96;a&#96;"),
            ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
            ("*a* _b_ ~c~", "\\*a\\* \\_b\\_ \\~c\\~"),
            ("[a](b)", "\\[a\\](b)"),
            ("a\\", "a&#92;"),
            ("# a\n# b\r\n", "\\# a \\# b "),
            ("    - a", " \\- a"),
            ("===", "\\==="),
            ("1. a", "1\\. a"),
            ("1.5", "1\\.5"),
            ("https://evil", "https\\://evil"),
            ("www.evil", "www\\.evil"),
            ("a\u{202e}b", "a\u{fffd}b"),
        ] {
            assert_eq!(markdown("| {{ x }} |\n", &json!({ "x": text })), format!("| {expected} |\n"));
        }
    }

    #[test]
    fn code_is_a_span_that_its_content_cannot_end() {
        for (text, expected) in [
            ("mode: STRICT", "`mode: STRICT`"),
            ("a`b", "``a`b``"),
            ("``", "``` `` ```"),
            ("a\nb", "`a b`"),
            ("", "` `"),
            (" a ", "`  a  `"),
            ("a|`b`", "<code>a&#124;&#96;b&#96;</code>"),
            ("a|</code>", "<code>a&#124;&#60;/code&#62;</code>"),
        ] {
            assert_eq!(markdown("| {{ x | code }} |\n", &json!({ "x": text })), format!("| {expected} |\n"));
        }
    }

    #[test]
    fn spans_of_code_may_be_joined() {
        let context = json!({ "x": ["a_b", "c|d"], "y": "_" });
        assert_eq!(
            markdown("{{ x | map(\"code\") | join(\", \") }} {{ y ~ (1 | code) }}\n", &context),
            "`a_b`, <code>c&#124;d</code> \\_`1`\n"
        );
    }

    #[test]
    fn a_collection_is_no_text() {
        let templates = Templates::new(&[("test.md", "a\n{{ x }}\n")]).expect("the template compiles");
        let error = templates.render("test.md", json!({ "x": [1] })).expect_err("a list is no text");
        assert_eq!((error.line, error.hole.as_deref()), (2, Some("x")));
    }
}

#[test]
fn templates_are_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Templates>();
    is_shared::<TemplateError>();
}
