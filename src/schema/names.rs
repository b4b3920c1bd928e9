//! Words for messages: near matches, enumerations, types.

use super::Type;
use crate::yaml::{Kind, Node, Style, Value};

/// Returns the candidate that was probably meant: the same but for case, or a few letters away.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance =
        |candidate: &str| strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
    let near = candidates.into_iter().map(|candidate| (distance(candidate), candidate));
    let limit = (word.chars().count() / 3).clamp(1, 4);
    near.filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// Joins words as a sentence does: `a`, `b` or `c`.
pub fn either(words: &[String]) -> String {
    match words {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Puts each word in backticks.
pub fn quoted<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> Vec<String> {
    words.into_iter().map(|word| format!("`{}`", word.as_ref())).collect()
}

/// Says what types were expected.
pub fn expectation(types: &[Type]) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in types.iter().map(|one| expected(*one).to_owned()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    either(&words)
}

fn expected(one: Type) -> &'static str {
    match one {
        Type::Null => "nothing",
        Type::Boolean => "`true` or `false`",
        Type::Integer => "a whole number",
        Type::Number => "a number",
        Type::String => "text",
        Type::Array => "a list",
        Type::Object => "a mapping",
    }
}

/// Says what a node is.
pub fn found(node: &Node) -> &'static str {
    match &node.value {
        Value::Sequence(_) => "a list",
        Value::Mapping(_) => "a mapping",
        Value::Scalar(scalar) => match scalar.kind() {
            Kind::Null if scalar.text.is_empty() => "empty",
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) => "a number",
            Kind::Float(_) => "a number with a fraction",
            Kind::String if scalar.style == Style::Quoted => "text in quotes",
            Kind::String => "text",
        },
    }
}
