//! Texts as OSCAL takes them.

use std::fmt::Write as _;

/// Returns a text on one line without space around it, as titles and values of properties have to be; a dash for none.
pub(super) fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() { "-".to_owned() } else { words.join(" ") }
}

/// Returns a path and a line as a reference relative to where the manifests were read: `a%20b.yaml#L9`.
pub(super) fn reference(path: &str, line: usize) -> String {
    let mut encoded = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(byte.into());
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{encoded}#L{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_and_a_reference_has_no_space() {
        assert_eq!(line(" a\n  b "), "a b");
        assert_eq!(line("\n"), "-");
        assert_eq!(reference("a b/é:1.yaml", 9), "a%20b/%C3%A9%3A1.yaml#L9");
    }
}
