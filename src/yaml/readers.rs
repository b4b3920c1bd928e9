//! Plain scalars that readers take for different things.
//!
//! Two readers decide what a cluster gets of a text. `kubectl apply --filename` reads with sigs.k8s.io/yaml
//! (go.yaml.in/yaml/v2), which knows the booleans of YAML 1.1. kustomize and Flux read with kyaml (go.yaml.in/yaml/v3),
//! which takes `yes`, `on`, `y` and their opposites for text (`resolve.go`, `resolveMap`), and hand on JSON: for what they
//! deliver, kyaml is authoritative, and [`kustomized`] makes a node what kyaml would. Both take `0123` for octal and
//! `1_000` for a number, where YAML 1.2 does not, and neither knows the sexagesimals of YAML 1.1, which other tools do.

use super::{Kind, Node, Scalar, Style, Value, timestamp};
use crate::source::Span;

/// A plain scalar whose meaning depends on the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ambiguous {
    /// Where it stands.
    pub span: Span,
    /// Why readers disagree.
    pub spelling: Spelling,
    /// The key whose value it is, or stands below; empty at the root.
    pub key: String,
}

/// Why readers disagree about a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Spelling {
    /// `on`, `no`, `y`: a boolean to kubectl, text to kustomize, Flux and YAML 1.2.
    Boolean,
    /// `0123`: octal to every reader of Kubernetes, decimal to YAML 1.2.
    Octal,
    /// `1_000`: a number to every reader of Kubernetes, text to YAML 1.2.
    Underscore,
    /// `0b101`: a number to every reader of Kubernetes, text to YAML 1.2.
    Binary,
    /// `2024-01-01`: text to kubectl and YAML 1.2; kustomize and Flux write `2024-01-01T00:00:00Z`.
    Timestamp,
    /// `12:30:45`: text to every reader of Kubernetes and to YAML 1.2, a number to YAML 1.1.
    Sexagesimal,
}

/// Lists the plain scalars of an object that readers take for different things, keys among them, in the order in which
/// they are written. What a ConfigMap or a Secret carries (`data` and the like) bears on nothing and is left out.
pub fn ambiguous(object: &Node) -> Vec<Ambiguous> {
    let is_payload = |key: &str| matches!(key, "data" | "stringData" | "binaryData");
    let mut found = Vec::new();
    for (key, value) in object.entries() {
        let name = key.text().unwrap_or_default();
        if !is_payload(name) {
            collect(key, name, &mut found);
            collect(value, name, &mut found);
        }
    }
    found
}

fn collect(node: &Node, key: &str, found: &mut Vec<Ambiguous>) {
    match &node.value {
        Value::Scalar(scalar) => found.extend(spelling(scalar).map(|spelling| Ambiguous {
            span: node.span,
            spelling,
            key: key.to_owned(),
        })),
        Value::Sequence(items) => items.iter().for_each(|item| collect(item, key, found)),
        Value::Mapping(entries) => entries.iter().for_each(|(name, value)| {
            let key = name.text().unwrap_or_default();
            collect(name, key, found);
            collect(value, key, found);
        }),
    }
}

/// Lists the keys of an object that are numbers, booleans or dates to kyaml. kustomize cannot write an object with such a
/// key, and fails on all that it builds: `json: unsupported type: map[interface {}]interface {}` (observed with 5.8.2).
pub fn keys_not_text(object: &Node) -> Vec<Span> {
    let mut found = Vec::new();
    collect_keys(object, &mut found);
    found
}

fn collect_keys(node: &Node, found: &mut Vec<Span>) {
    node.items().iter().for_each(|item| collect_keys(item, found));
    for (key, value) in node.entries() {
        found.extend(key.scalar().filter(|scalar| !is_text_to_kyaml(scalar)).map(|_| key.span));
        collect_keys(value, found);
    }
}

fn is_text_to_kyaml(scalar: &Scalar) -> bool {
    let is_date = || scalar.style == Style::Plain && timestamp::as_written_by_go(&scalar.text).is_some();
    spelling(scalar) == Some(Spelling::Boolean) || scalar.kind() == Kind::String && !is_date()
}

/// Returns why readers disagree about a scalar; nothing where they agree.
pub fn spelling(scalar: &Scalar) -> Option<Spelling> {
    if scalar.style == Style::Quoted {
        return None;
    }
    let text = scalar.text.as_str();
    match scalar.kind() {
        Kind::Bool(_) => is_old_boolean(text).then_some(Spelling::Boolean),
        Kind::Int(_) | Kind::Float(_) if text.contains('_') => Some(Spelling::Underscore),
        Kind::Int(_) => integer(text.trim_start_matches(['+', '-'])),
        Kind::String if timestamp::as_written_by_go(text).is_some_and(|written| written != text) => {
            Some(Spelling::Timestamp)
        }
        Kind::String => is_sexagesimal(text).then_some(Spelling::Sexagesimal),
        Kind::Null | Kind::Float(_) => None,
    }
}

fn integer(digits: &str) -> Option<Spelling> {
    match digits.as_bytes() {
        [b'0', b'b' | b'B', ..] => Some(Spelling::Binary),
        [b'0', b'0'..=b'9', ..] => Some(Spelling::Octal),
        _ => None,
    }
}

/// YAML 1.2 knows these three spellings of each only.
fn is_old_boolean(text: &str) -> bool {
    !matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`, from YAML 1.1's types `int` and `float`.
fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let is_sixty = |part: &str| match part.as_bytes() {
        [b'0'..=b'9'] => true,
        [tens, ones] => (b'0'..=b'5').contains(tens) && ones.is_ascii_digit(),
        _ => false,
    };
    let mut rest = parts.peekable();
    first.starts_with(|c: char| c.is_ascii_digit())
        && is_number(first)
        && is_number(fraction)
        && rest.peek().is_some()
        && rest.all(is_sixty)
}

/// Returns an object as kustomize reads it; nothing where that is as it is written.
pub fn kustomized(object: &Node) -> Option<Node> {
    reads_otherwise(object).then(|| {
        let mut object = object.clone();
        as_kustomize(&mut object);
        object
    })
}

fn reads_otherwise(node: &Node) -> bool {
    match &node.value {
        Value::Scalar(scalar) => {
            matches!(spelling(scalar), Some(Spelling::Boolean | Spelling::Timestamp))
        }
        Value::Sequence(items) => items.iter().any(reads_otherwise),
        Value::Mapping(entries) => entries.iter().any(|(_, value)| reads_otherwise(value)),
    }
}

/// Makes a node what kyaml would read: the booleans that only YAML 1.1 knows become text, and timestamps are written out.
fn as_kustomize(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(scalar) => match spelling(scalar) {
            Some(Spelling::Boolean) => scalar.style = Style::Quoted,
            Some(Spelling::Timestamp) => {
                scalar.text = timestamp::as_written_by_go(&scalar.text).unwrap_or_default();
                scalar.style = Style::Quoted;
            }
            Some(Spelling::Octal | Spelling::Underscore | Spelling::Binary | Spelling::Sexagesimal)
            | None => {}
        },
        Value::Sequence(items) => items.iter_mut().for_each(as_kustomize),
        // Keys are text, whatever they look like.
        Value::Mapping(entries) => entries.iter_mut().for_each(|(_, value)| as_kustomize(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::Sources, yaml};

    fn node(text: &str) -> Node {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        yaml::parse(&sources, file).0.remove(0)
    }

    #[test]
    fn readers_disagree_about_what_yaml_1_1_and_1_2_disagree_about() {
        let cases = [
            ("on", Some(Spelling::Boolean)),
            ("n", Some(Spelling::Boolean)),
            ("No", Some(Spelling::Boolean)),
            ("true", None),
            ("\"on\"", None),
            ("0123", Some(Spelling::Octal)),
            ("-017", Some(Spelling::Octal)),
            ("0", None),
            ("0o17", None),
            ("0x1F", None),
            ("0b101", Some(Spelling::Binary)),
            ("1_000", Some(Spelling::Underscore)),
            ("1_0.5", Some(Spelling::Underscore)),
            ("12:30:45", Some(Spelling::Sexagesimal)),
            ("1:9.5", Some(Spelling::Sexagesimal)),
            ("8080:80", None),
            ("00:1b:44:11:3a:b7", None),
            ("1.30", None),
            ("a:10", None),
        ];
        for (text, expected) in cases {
            let value = node(&format!("a: {text}\n"));
            assert_eq!(ambiguous(&value).first().map(|found| found.spelling), expected, "{text}");
        }
    }

    #[test]
    fn ambiguous_scalars_are_listed_with_their_key_but_not_what_a_config_map_carries() {
        let object = node("metadata:\n  labels: {inject: on}\nspec: {y: [0123, 8]}\ndata: {on: off}\n");
        let found: Vec<_> =
            ambiguous(&object).into_iter().map(|one| (one.span.start, one.key, one.spelling)).collect();
        let expected = [
            (29, "inject".to_owned(), Spelling::Boolean),
            (40, "y".to_owned(), Spelling::Boolean),
            (44, "y".to_owned(), Spelling::Octal),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn keys_that_are_no_text_to_kustomize_are_listed() {
        let object = node("a: {8080: x, on: x, \"443\": x}\nb: [{true: x, 1.5: x}]\nc: {2024-01-01: x}\n");
        let found: Vec<u32> = keys_not_text(&object).iter().map(|span| span.start).collect();
        assert_eq!(found, [4, 35, 44, 57]);
    }

    #[test]
    fn kustomize_takes_the_booleans_of_yaml_1_1_for_text() {
        let mut object = node("a: yes\nb: [off, true]\nc: 0123\nd: 2024-1-2\n");
        as_kustomize(&mut object);
        let json = serde_json::to_value(&object).expect("a node is JSON");
        assert_eq!(
            json,
            serde_json::json!({"a": "yes", "b": ["off", true], "c": 83, "d": "2024-01-02T00:00:00Z"})
        );
    }
}
