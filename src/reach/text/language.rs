//! Which strings there are in a place of a request, byte after byte.

use super::normal::{decodes_slashes, is_escaped, is_unreserved, merges, rewrites};
use crate::manifest::mesh_config::Normalization;

/// Which strings an attribute of a request can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Paths that are left as they are when Envoy has rewritten a path.
    Path(Normalization),
    /// Methods: any token, since HTTP/2 carries every one.
    Method,
    /// Hosts, in lower case, with or without a port.
    Host,
    /// Server names of a TLS handshake, in lower case; the empty one is none.
    ServerName,
    /// Values of headers and of claims.
    Text,
}

/// How far a string has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// Nothing was read.
    Start,
    /// The first slash, where those in a row are merged.
    First,
    /// The path `//`, which is all that merging leaves of slashes alone.
    Twin,
    /// A slash.
    Slash,
    /// A segment that is `.` so far.
    Dot,
    /// A segment that is `..` so far.
    Dots,
    /// Anything else.
    Within,
    /// A `%`.
    Percent,
    /// A `%` and a hexadecimal digit.
    Digit(u8),
}

impl Language {
    /// Reads a byte on; none where no string of the language goes on so.
    pub(super) fn step(self, state: State, byte: u8) -> Option<State> {
        match self {
            Self::Path(option) => path_step(option, state, byte),
            Self::Method => is_token(byte).then_some(State::Within),
            Self::Host | Self::ServerName => is_host(byte).then_some(State::Within),
            Self::Text => (b' '..=b'~').contains(&byte).then_some(State::Within),
        }
    }

    /// Tells whether a string may end here.
    pub(super) fn may_end(self, state: State) -> bool {
        match (self, state) {
            (Self::Path(option), State::Dot | State::Dots) => !rewrites(option),
            (Self::Path(_) | Self::Method, State::Start) => false,
            _ => true,
        }
    }

    /// Returns bytes, besides those of patterns, that tell every state from the others; those that a person would write
    /// come first.
    pub(super) fn alphabet(self) -> &'static [u8] {
        match self {
            Self::Path(_) => b"/x.%25",
            Self::Method => b"XGET",
            Self::Host | Self::ServerName => b"x.:",
            Self::Text => b"x",
        }
    }

    /// Returns strings that are preferred as examples.
    pub(super) fn examples(self) -> &'static [&'static str] {
        match self {
            Self::Method => &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"],
            Self::Path(_) | Self::Host | Self::ServerName | Self::Text => &[],
        }
    }
}

fn path_step(option: Normalization, state: State, byte: u8) -> Option<State> {
    if byte <= b' ' || byte >= 0x7f || b"?#".contains(&byte) {
        return None;
    }
    if !rewrites(option) {
        return (state != State::Start || byte == b'/').then_some(State::Within);
    }
    if byte == b'\\' || is_escaped(byte) {
        return None;
    }
    match (state, hex(byte)) {
        (State::Start, _) => {
            (byte == b'/').then_some(if merges(option) { State::First } else { State::Slash })
        }
        (State::First, _) if byte == b'/' => Some(State::Twin),
        (State::Twin, _) => None,
        (State::Percent, Some(digit)) => Some(State::Digit(digit)),
        (State::Digit(high), Some(low)) => stays_escaped(option, high * 16 + low).then_some(State::Within),
        (State::Slash, _) if byte == b'/' => (!merges(option)).then_some(State::Slash),
        (State::Dot | State::Dots, _) if byte == b'/' => None,
        (_, _) if byte == b'/' => Some(State::Slash),
        (_, _) if byte == b'%' => Some(State::Percent),
        (State::First | State::Slash, _) if byte == b'.' => Some(State::Dot),
        (State::Dot, _) if byte == b'.' => Some(State::Dots),
        (_, _) => Some(State::Within),
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn stays_escaped(option: Normalization, byte: u8) -> bool {
    byte != 0 && !is_unreserved(byte) && !(decodes_slashes(option) && b"/\\".contains(&byte))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// As `HeaderUtility::authorityIsValid` of Envoy, less capitals.
fn is_host(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~!$&'()*+,;=:@[]%".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::reach::text::normalized;

    fn is_in(language: Language, text: &str) -> bool {
        let end = text.bytes().try_fold(State::Start, |state, byte| language.step(state, byte));
        end.is_some_and(|state| language.may_end(state))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// The paths of the language are those that a rewriting leaves alone, and every rewriting ends there.
        #[test]
        fn ap25_a_path_is_in_the_language_if_it_is_its_own_normal_form(text in "/[a/.%25fFcC\\\\|!]{0,9}") {
            let options = [
                Normalization::None,
                Normalization::Base,
                Normalization::MergeSlashes,
                Normalization::DecodeAndMergeSlashes,
            ];
            for option in options {
                let normal = normalized(&text, option);
                prop_assert_eq!(
                    is_in(Language::Path(option), &text),
                    normal.as_deref() == Some(text.as_str()),
                    "{} {:?} {:?}", text, option, normal
                );
            }
        }
    }

    #[test]
    fn ap28_http_2_carries_a_method_in_lower_case() {
        assert!(is_in(Language::Method, "get"));
        assert!(!is_in(Language::Method, "a b"));
        assert!(!is_in(Language::Method, ""));
    }
}
