//! What Kubernetes takes a plain scalar for.

/// The type of a scalar, with the value where the type has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Nothing, `~` or `null`.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites, each in three spellings.
    Bool(bool),
    /// A whole number between the least `i64` and the greatest `u64`.
    Int(i128),
    /// Any other number, `.inf` and `.nan` among them.
    Float(f64),
    /// Everything else.
    String,
}

/// Returns what `sigs.k8s.io/yaml` reads from a plain scalar.
///
/// That is `resolve` in `goyaml.v2/resolve.go` of sigs.k8s.io/yaml v1.4.0: booleans of YAML 1.1, octal with a
/// leading zero, underscores anywhere in a number, no sexagesimals, and timestamps left as strings
/// (`goyaml.v2/decode.go`, "for backward compatibility").
pub fn resolve(text: &str) -> Kind {
    word(text).unwrap_or_else(|| match text.as_bytes().first() {
        Some(b'.') => float(text).map_or(Kind::String, Kind::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => number(&text.replace('_', "")),
        _ => Kind::String,
    })
}

fn word(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Kind::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Kind::Bool(false)
        }
        ".nan" | ".NaN" | ".NAN" => Kind::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Kind::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Kind::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Kind {
    integer(text).map(Kind::Int).or_else(|| float(text).map(Kind::Float)).unwrap_or(Kind::String)
}

/// Reads what Go's `ParseInt(text, 0, 64)` or `ParseUint(text, 0, 64)` reads.
fn integer(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let signed = unsigned.len() < text.len();
    let (digits, radix) = radix(unsigned);
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from_str_radix(digits, radix).ok()?;
    let value = if text.starts_with('-') { -magnitude } else { magnitude };
    let limit = if signed { i128::from(i64::MAX) } else { i128::from(u64::MAX) };
    (i128::from(i64::MIN)..=limit).contains(&value).then_some(value)
}

fn radix(text: &str) -> (&str, u32) {
    match text.as_bytes() {
        [b'0', b'x' | b'X', _, ..] => (&text[2..], 16),
        [b'0', b'b' | b'B', _, ..] => (&text[2..], 2),
        [b'0', b'o' | b'O', _, ..] => (&text[2..], 8),
        [b'0', _, ..] => (&text[1..], 8),
        _ => (text, 10),
    }
}

/// Reads `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`; a number too great for 64 bits is no number.
fn float(text: &str) -> Option<f64> {
    let only_number_characters = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let value: f64 = only_number_characters.then(|| text.parse().ok()).flatten()?;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_yaml_1_1_says() {
        let words = ["", "~", "null", "yes", "On", "y", "NO", "off", "n", "yEs", "nULL", "<<"];
        let kinds: Vec<Kind> = words.into_iter().map(resolve).collect();
        let (yes, no) = (Kind::Bool(true), Kind::Bool(false));
        let null = Kind::Null;
        let expected =
            [null, null, null, yes, yes, yes, no, no, no, Kind::String, Kind::String, Kind::String];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn whole_numbers_are_what_go_parses_with_base_zero() {
        let numbers = ["0", "-0", "+5", "0123", "0o17", "0x1F", "-0b101", "1_000", "18446744073709551615"];
        let values: Vec<Kind> = numbers.into_iter().map(resolve).collect();
        let expected = [0, 0, 5, 83, 15, 31, -5, 1000, 18_446_744_073_709_551_615].map(Kind::Int);
        assert_eq!(values, expected);
        assert_eq!(resolve("-9223372036854775808"), Kind::Int(i128::from(i64::MIN)));
    }

    #[test]
    fn other_numbers_are_floats() {
        let numbers =
            ["1.30", ".5", "1.", "-.5", "1e3", "08", "18446744073709551616", "+9223372036854775808"];
        let values: Vec<Kind> = numbers.into_iter().map(resolve).collect();
        let expected =
            [1.3, 0.5, 1.0, -0.5, 1000.0, 8.0, 18_446_744_073_709_551_616.0, 9_223_372_036_854_775_808.0];
        assert_eq!(values, expected.map(Kind::Float));
        assert_eq!(resolve("-.INF"), Kind::Float(f64::NEG_INFINITY));
        assert!(matches!(resolve(".nan"), Kind::Float(value) if value.is_nan()));
    }

    #[test]
    fn what_only_resembles_a_number_is_a_string() {
        let texts = [
            "-",
            "+",
            ".",
            "1.2.3",
            "2024-01-01",
            "1e999",
            "0x",
            "0b2",
            "12:30:45",
            "1 2",
            "--1",
            "0x-1",
            "inf",
        ];
        for text in texts {
            assert_eq!(resolve(text), Kind::String, "{text}");
        }
    }
}
