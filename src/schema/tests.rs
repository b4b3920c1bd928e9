use serde_json::json;

use super::*;
use crate::source::Sources;
use crate::yaml;

const SHOP: &str = r##"{
  "type": "object", "additionalProperties": false, "required": ["name"],
  "properties": {
    "name": {"$ref": "#/definitions/label", "examples": ["shop"]},
    "tlsSecret": {"type": "string", "minLength": 3, "maxLength": 5},
    "port": {"type": "integer", "minimum": 1, "maximum": 65535},
    "version": {"type": ["string", "number"], "format": "version-minor"},
    "mode": {"enum": ["STRICT", "PERMISSIVE", "off"]},
    "open": {"type": "boolean"},
    "hosts": {"type": "array", "items": {"type": "string", "format": "dns-name"}, "minItems": 1, "uniqueItems": true},
    "labels": {"type": "object", "propertyNames": {"format": "label-key"}, "additionalProperties": {"type": "string"}, "maxProperties": 2},
    "free": {"type": "object"},
    "children": {"type": "array", "items": {"$ref": "#/definitions/shop"}},
    "peer": {"oneOf": [
      {"type": "string", "format": "peer"},
      {"type": "object", "required": ["cidr"], "additionalProperties": false, "properties": {"cidr": {"type": "string", "format": "cidr"}}},
      {"type": "object", "required": ["host"], "additionalProperties": false, "properties": {"host": {"type": "string"}, "port": {"type": "integer"}}}
    ]},
    "store": {"type": "object", "properties": {"file": {"type": "string", "examples": ["a.yaml"]}, "url": {"type": "string"}},
      "oneOf": [{"required": ["file"]}, {"required": ["url"]}]}
  },
  "definitions": {
    "label": {"type": "string", "format": "dns-label"},
    "shop": {"type": "object", "required": ["name"], "properties": {"name": {"$ref": "#/definitions/label"},
      "children": {"type": "array", "items": {"$ref": "#/definitions/shop"}}}}
  }
}"##;

/// Code, message, marked text and edit of a fault.
type Told = (&'static str, String, String, Option<String>);

/// What is kept as JSON, and the faults.
fn checked(text: &str) -> (serde_json::Value, Vec<Told>) {
    let mut sources = Sources::default();
    let file = sources.add("profile.yaml", text);
    let (nodes, faults) = yaml::parse(&sources, file);
    assert_eq!(faults, []);
    let (kept, faults) = Schema::new(SHOP).expect("the schema compiles").check(&nodes[0]);
    let told = faults.into_iter().map(|fault| {
        let place = text[fault.labels[0].span.range()].to_owned();
        (fault.code, fault.message, place, fault.edit.map(|edit| edit.replacement))
    });
    (serde_json::to_value(kept).expect("a node is JSON"), told.collect())
}

fn fault(text: &str) -> Told {
    let (_, mut faults) = checked(&format!("name: a\n{text}\n"));
    assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    faults.remove(0)
}

fn is(code: &'static str, message: &str, place: &str, edit: Option<&str>) -> Told {
    (code, message.to_owned(), place.to_owned(), edit.map(str::to_owned))
}

#[test]
fn what_fits_is_kept_as_it_is() {
    let text = "name: shop\nport: 80\nversion: 1.30\nmode: off\nhosts: [a.b]\nlabels: {a: b}\nfree: {a: [1, ~]}\n\
                children: [{name: x, children: [{name: z}]}]\npeer: {host: x}\nstore: {url: x}\n";
    let expected = json!({"name": "shop", "port": 80, "version": 1.30, "mode": false, "hosts": ["a.b"],
        "labels": {"a": "b"}, "free": {"a": [1, null]}, "children": [{"name": "x", "children": [{"name": "z"}]}],
        "peer": {"host": "x"}, "store": {"url": "x"}});
    assert_eq!(checked(text), (expected, vec![]));
}

#[test]
fn the_faulty_parts_go_and_the_rest_stays() {
    let text = "nam: x\nport: many\nopen: yes\nhosts: [a.b, 1, c.d]\nchildren: [{name: X}, x]\n";
    let (kept, faults) = checked(text);
    assert_eq!(kept, json!({"open": true, "hosts": ["a.b", "c.d"], "children": [{}]}));
    let codes: Vec<_> = faults.iter().map(|fault| (fault.0, fault.2.as_str())).collect();
    let expected = [
        ("unknown-key", "nam"),
        ("wrong-type", "many"),
        ("invalid-dns-name", "1"),
        ("invalid-dns-label", "X"),
        ("wrong-type", "x"),
    ];
    assert_eq!(codes, expected);
}

#[test]
fn keys_and_values_that_are_nearly_right_are_corrected() {
    assert_eq!(
        fault("tlsSecert: abc"),
        is("unknown-key", "unknown key `tlsSecert`", "tlsSecert", Some("tlsSecret"))
    );
    assert_eq!(fault("zzz: abc"), is("unknown-key", "unknown key `zzz`", "zzz", None));
    assert_eq!(
        fault("mode: STRCT"),
        is("unknown-value", "unknown value `STRCT` of `mode`", "STRCT", Some("STRICT"))
    );
    assert_eq!(
        fault("mode: strict"),
        is("unknown-value", "unknown value `strict` of `mode`", "strict", Some("STRICT"))
    );
    assert_eq!(fault("mode: X"), is("unknown-value", "unknown value `X` of `mode`", "X", None));
}

#[test]
fn types_are_told_in_words() {
    let whole = |found: &str| format!("`port` is {found}, a whole number was expected");
    assert_eq!(fault("port: x"), is("wrong-type", &whole("text"), "x", None));
    assert_eq!(fault("port: '80'"), is("wrong-type", &whole("text in quotes"), "'80'", Some("80")));
    assert_eq!(fault("port: 1.5"), is("wrong-type", &whole("a number with a fraction"), "1.5", None));
    assert_eq!(fault("port:"), is("wrong-type", &whole("empty"), "", None));
    assert_eq!(fault("port: {a: b}"), is("wrong-type", &whole("a mapping"), "a", None));
    let text = "`tlsSecret` is a boolean, text was expected";
    assert_eq!(fault("tlsSecret: yes"), is("wrong-type", text, "yes", Some("\"yes\"")));
    let list = "`hosts` is text, a list was expected";
    assert_eq!(fault("hosts: a.b"), is("wrong-type", list, "a.b", Some("[a.b]")));
}

#[test]
fn bounds_hold_at_both_ends() {
    assert_eq!(fault("port: 0"), is("out-of-range", "`port` is 0", "0", None));
    assert_eq!(fault("port: 65536"), is("out-of-range", "`port` is 65536", "65536", None));
    assert_eq!(fault("tlsSecret: ab"), is("out-of-range", "`tlsSecret` has 2 characters", "ab", None));
    assert_eq!(
        fault("tlsSecret: abcdef"),
        is("out-of-range", "`tlsSecret` has 6 characters", "abcdef", None)
    );
    assert_eq!(fault("hosts: []"), is("too-few", "`hosts` is empty", "[]", None));
    assert_eq!(fault("labels: {a: b, c: d, e: f}"), is("too-many", "`labels` has 3 keys", "a", None));
    let (kept, faults) = checked("name: a\nport: 65535\ntlsSecret: äöü\nlabels: {a: b, c: d}\n");
    assert_eq!((kept["port"].clone(), faults), (json!(65535), vec![]));
}

#[test]
fn an_item_stands_once() {
    let expected = is("duplicate-item", "`a.b` stands twice in `hosts`", "'a.b'", None);
    assert_eq!(fault("hosts: [a.b, 'a.b']"), expected);
}

#[test]
fn formats_are_judged_in_values_and_keys() {
    assert_eq!(fault("hosts: [A.b]"), is("invalid-dns-name", "`A.b` is not a host name", "A.b", Some("a.b")));
    assert_eq!(
        fault("hosts: ['A.b']"),
        is("invalid-dns-name", "`A.b` is not a host name", "'A.b'", Some("\"a.b\""))
    );
    assert_eq!(fault("labels: {-a: b}"), is("invalid-label-key", "`-a` is not a label key", "-a", None));
    assert_eq!(fault("version: 1"), is("invalid-version-minor", "`1` is not a version", "1", None));
}

#[test]
fn a_branch_is_chosen_by_type_and_by_required_keys() {
    assert_eq!(fault("peer: '?'"), is("invalid-peer", "`?` names no peer", "'?'", None));
    let network = "`10.0.0.1` is an address, not a network";
    assert_eq!(fault("peer: {cidr: 10.0.0.1}"), is("invalid-cidr", network, "10.0.0.1", Some("10.0.0.1/32")));
    assert_eq!(
        fault("peer: {host: x, prot: 1}"),
        is("unknown-key", "unknown key `prot`", "prot", Some("port"))
    );
    assert_eq!(
        fault("peer: [x]"),
        is("wrong-type", "`peer` is a list, text or a mapping was expected", "[x]", None)
    );
}

#[test]
fn one_of_several_keys_is_required_and_only_one() {
    let missing = "`file` or `url` is missing in `store`";
    assert_eq!(fault("store: {}"), is("missing-key", missing, "{}", None));
    let text = "`file` is a number, text was expected";
    assert_eq!(fault("store: {file: 1}"), is("wrong-type", text, "1", Some("\"1\"")));
    let both = "`file` and `url` exclude each other";
    assert_eq!(fault("store: {file: x, url: z}"), is("conflicting-keys", both, "url", None));
}

#[test]
fn the_help_for_a_missing_key_shows_its_example() {
    let mut sources = Sources::default();
    let file = sources.add("profile.yaml", "port: 1\n");
    let (nodes, _) = yaml::parse(&sources, file);
    let (_, faults) = Schema::new(SHOP).expect("the schema compiles").check(&nodes[0]);
    assert_eq!(faults[0].help, ["add `name: shop`"]);
}

#[test]
fn invisible_characters_are_found_everywhere() {
    let message = "the character U+2028 is not possible in a text";
    let place = "\"\\L\"";
    assert_eq!(fault("free: {a: [\"\\L\"]}"), is("control-character", message, place, None));
    assert_eq!(fault("free: {\"\\L\": 1}"), is("control-character", message, place, None));
    for character in
        ["\\0", "\\e", "\\x7f", "\\N", "\\P", "\\uFEFF", "\\uFFFF", "\\uFDD0", "\\U0001FFFE", "\\r"]
    {
        assert_eq!(fault(&format!("free: {{a: \"{character}\"}}")).0, "control-character", "{character}");
    }
    assert_eq!(checked("name: a\nfree: {a: \"\\n\\t\"}\n").1, []);
}

#[test]
fn a_root_of_the_wrong_type_leaves_an_empty_mapping() {
    let (kept, faults) = checked("- a\n");
    let message = "the document is a list, a mapping was expected";
    assert_eq!((kept, faults), (json!({}), vec![is("wrong-type", message, "- a", None)]));
}

#[test]
fn a_schema_that_we_cannot_follow_is_refused() {
    let refused = |text: &str| Schema::new(text).expect_err("must be refused").to_string();
    assert_eq!(refused(r##"{"$ref": "#/definitions/x"}"##), "`$ref` to nowhere: #/definitions/x");
    assert_eq!(refused(r#"{"format": "colour"}"#), "unknown format `colour`");
    assert_eq!(refused(r#"{"type": "text"}"#), "unknown type \"text\"");
}

#[test]
fn an_independent_reader_of_the_schema_agrees() {
    let schema = serde_json::from_str(SHOP).expect("the schema is JSON");
    let independent = jsonschema::validator_for(&schema).expect("the schema is one");
    let texts = [
        "name: a",
        "port: 1",
        "name: a\nport: 0",
        "name: a\nport: x",
        "name: a\nx: 1",
        "name: a\nhosts: []",
        "name: a\nhosts: [a.b, a.b]",
        "name: a\npeer: {host: x}",
        "name: a\npeer: {host: x, cidr: 10.0.0.0/8}",
        "name: a\npeer: {}",
        "name: a\npeer: 1",
        "name: a\nstore: {}",
        "name: a\nstore: {file: x}",
        "name: a\nstore: {file: x, url: z}",
        "name: a\nlabels: {a: 1}",
        "name: a\nchildren: [{}]",
        "[]",
        "name: a\nchildren: [{name: b, children: [{name: 1}]}]",
        "name: a\nmode: STRICT",
        "name: a\nmode: strict",
    ];
    for text in texts {
        let mut sources = Sources::default();
        let file = sources.add("profile.yaml", text);
        let (nodes, _) = yaml::parse(&sources, file);
        let json = serde_json::to_value(&nodes[0]).expect("a node is JSON");
        let (_, faults) = Schema::new(SHOP).expect("the schema compiles").check(&nodes[0]);
        assert_eq!(faults.is_empty(), independent.is_valid(&json), "{text}: {faults:?}");
    }
}
