//! Lists as people write them.

use std::fmt::Display;

/// How many things a list names.
const FEW: usize = 4;

/// Returns `` `a`, `b` or `c` ``, or the first few and how many more there are.
pub(super) fn quoted(words: impl IntoIterator<Item = impl Display>, joint: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., last] if words.len() <= FEW => format!("{} {joint} {last}", first.join(", ")),
        [..] => format!("{} {joint} {} more", words[..FEW].join(", "), words.len() - FEW),
    }
}
