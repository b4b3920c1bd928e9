//! Patterns of an AuthorizationPolicy over strings.

/// What a value of a policy means as a set of strings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pattern {
    /// Every string, the empty one too: `*` of a header, a host or a method.
    Any,
    /// Every string but the empty one: `*` of anything else.
    Present,
    /// This string.
    Exact(String),
    /// Strings that begin so.
    Prefix(String),
    /// Strings that end so.
    Suffix(String),
    /// Paths of this shape.
    Template(Vec<Piece>),
}

/// A piece of a path template (semantics 3.6, from 1.22).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// These characters.
    Literal(String),
    /// `{*}`: one or more characters of a segment.
    Segment,
    /// `{**}`: any characters, slashes too.
    Rest,
}

impl Pattern {
    /// Reads a value as Istio's `StringMatcher` does (`authz/matcher/string.go`@1.21.1, semantics AP19): a leading `*`
    /// is looked at before a trailing one, and any other `*` is a star.
    pub fn new(value: &str) -> Self {
        match (value, value.strip_prefix('*'), value.strip_suffix('*')) {
            ("*", _, _) => Self::Present,
            (_, Some(suffix), _) => Self::Suffix(suffix.to_owned()),
            (_, None, Some(prefix)) => Self::Prefix(prefix.to_owned()),
            (_, None, None) => Self::Exact(value.to_owned()),
        }
    }

    /// Reads a value as Istio's `HeaderMatcher` does (`authz/matcher/header.go`@1.21.1, semantics AP31): `*` asks only
    /// that the header is there.
    pub fn header(value: &str) -> Self {
        if value == "*" { Self::Any } else { Self::new(value) }
    }

    /// Reads a host, which is compared without regard to case (semantics AP27).
    pub fn host(value: &str) -> Self {
        Self::header(&value.to_ascii_lowercase())
    }

    /// Reads a path; one with `{*}` or `{**}` is a template where the release knows templates
    /// (`pkg/config/security/security.go`@1.30.3).
    pub fn path(value: &str, has_templates: bool) -> Self {
        let is_template = value.contains("{*}") || value.contains("{**}");
        if has_templates && is_template { Self::Template(pieces(value)) } else { Self::new(value) }
    }

    /// Tells whether a string is meant.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Present => !text.is_empty(),
            Self::Exact(exact) => text == exact,
            Self::Prefix(prefix) => text.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => text.ends_with(suffix.as_str()),
            Self::Template(pieces) => fits(pieces, text.as_bytes()),
        }
    }
}

/// Splits a template; Envoy reads `*` and `**` as its operators wherever a segment is one.
fn pieces(value: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = value;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("{**}") {
            pieces.push(Piece::Rest);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{*}") {
            pieces.push(Piece::Segment);
            rest = after;
        } else {
            let next = ["{*}", "{**}"].iter().filter_map(|operator| rest.find(operator)).min();
            let (literal, after) = rest.split_at(next.unwrap_or(rest.len()));
            pieces.push(Piece::Literal(literal.to_owned()));
            rest = after;
        }
    }
    pieces
}

/// Characters that an operator of a template takes: those of a path segment as RFC 3986 has them, and `*` (measured on
/// Envoy 1.40.0, byte by byte).
pub(super) fn is_segment_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;:@=".contains(&byte)
}

fn fits(pieces: &[Piece], text: &[u8]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::Literal(literal) => text.strip_prefix(literal.as_bytes()).is_some_and(|text| fits(rest, text)),
        Piece::Segment => {
            let longest = text.iter().take_while(|byte| is_segment_byte(**byte)).count();
            (1..=longest).any(|length| fits(rest, &text[length..]))
        }
        Piece::Rest => {
            let longest = text.iter().take_while(|byte| is_segment_byte(**byte) || **byte == b'/').count();
            (0..=longest).any(|length| fits(rest, &text[length..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant<'a>(pattern: &Pattern, texts: &[&'a str]) -> Vec<&'a str> {
        texts.iter().copied().filter(|text| pattern.matches(text)).collect()
    }

    #[test]
    fn ap19_a_star_means_something_at_an_end_only() {
        assert_eq!(Pattern::new("*"), Pattern::Present);
        assert_eq!(Pattern::new("*x"), Pattern::Suffix("x".to_owned()));
        assert_eq!(Pattern::new("x*"), Pattern::Prefix("x".to_owned()));
        assert_eq!(Pattern::new("*x*"), Pattern::Suffix("x*".to_owned()));
        assert_eq!(Pattern::new("**"), Pattern::Suffix("*".to_owned()));
        assert_eq!(meant(&Pattern::new("/dir/*/x"), &["/dir/*/x", "/dir/a/x"]), ["/dir/*/x"]);
    }

    #[test]
    fn ap24_a_path_is_compared_with_its_case_and_its_slash() {
        let paths = ["/p9", "/p9/", "/p9/x", "/P9/x", "/p9;v=1/x"];
        assert_eq!(meant(&Pattern::path("/p9/*", true), &paths), ["/p9/", "/p9/x"]);
    }

    #[test]
    fn ap27_a_host_is_compared_as_it_is_written_port_and_all() {
        let hosts = ["foo.com", "foo.com:80", "a.foo.com", "a.foo.com:80"];
        assert_eq!(meant(&Pattern::host("FOO.com"), &hosts), ["foo.com"]);
        assert_eq!(meant(&Pattern::host("foo.com:*"), &hosts), ["foo.com:80"]);
        assert_eq!(meant(&Pattern::host("*.foo.com"), &hosts), ["a.foo.com"]);
    }

    #[test]
    fn ap31_a_star_asks_that_a_header_is_there_even_if_empty() {
        assert!(Pattern::header("*").matches(""));
        assert!(!Pattern::new("*").matches(""));
    }

    #[test]
    fn ap34_a_template_has_segments_that_match_one_or_any_number() {
        let paths = ["/a/b", "/a/b/c", "/a//c", "/a/", "/a/x/c", "/a/{*}/c"];
        assert_eq!(meant(&Pattern::path("/a/{*}/c", true), &paths), ["/a/b/c", "/a/x/c"]);
        assert_eq!(
            meant(&Pattern::path("/a/{**}", true), &paths),
            ["/a/b", "/a/b/c", "/a//c", "/a/", "/a/x/c"]
        );
        assert_eq!(meant(&Pattern::path("/a/{*}/c", false), &paths), ["/a/{*}/c"]);
    }
}
