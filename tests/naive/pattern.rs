//! The comparisons: three-valued logic, string patterns, addresses, paths as the proxy reads them.

use std::net::IpAddr;

use ipnet::IpNet;

use super::Verdict;

/// Whether a condition holds; AND is `min`, OR is `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    No,
    Maybe,
    Yes,
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }
}

impl From<Truth> for Verdict {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::No => Self::Denied,
            Truth::Maybe => Self::Unknown,
            Truth::Yes => Self::Allowed,
        }
    }
}

/// Istio's string pattern (AP19): `*` alone, a leading `*`, else a trailing one; any other `*` is itself.
pub fn string(pattern: &str, value: &str) -> bool {
    if pattern == "*" {
        !value.is_empty()
    } else if let Some(suffix) = pattern.strip_prefix('*') {
        value.ends_with(suffix)
    } else if let Some(prefix) = pattern.strip_suffix('*') {
        value.starts_with(prefix)
    } else {
        value == pattern
    }
}

/// The pattern of a header's value: as a string's, but `*` holds for any value, even an empty one (AP31).
pub fn header(pattern: &str, value: Option<&str>) -> bool {
    value.is_some_and(|value| pattern == "*" || string(pattern, value))
}

/// The pattern of a host: case-insensitive, on the authority as sent (AP27).
pub fn host(pattern: &str, authority: &str) -> bool {
    header(&pattern.to_lowercase(), Some(&authority.to_lowercase()))
}

/// `source.namespaces` and `source.namespace` (AP20): every `*` is any run of characters, anywhere.
///
/// Whether other characters of a regular expression keep their meaning depends on the release (AP34).
pub fn namespace(pattern: &str, identity: &str, is_quoted: bool) -> bool {
    let parts: Vec<String> = pattern.split('*').map(|part| quoted(part, is_quoted)).collect();
    regex(&format!(".*/ns/{}/.*", parts.join(".*")), &format!("spiffe://{identity}"))
}

/// `source.principals` and `source.principal` (AP21), on an identity without its scheme.
pub fn principal(pattern: &str, identity: &str, is_quoted: bool) -> bool {
    match pattern.strip_prefix('*') {
        Some("") | None => string(pattern, identity),
        Some(rest) => {
            regex(&format!("spiffe://.*{}", quoted(rest, is_quoted)), &format!("spiffe://{identity}"))
        }
    }
}

fn quoted(text: &str, is_quoted: bool) -> String {
    if is_quoted { text.replace('.', "\\.").replace('*', "\\*") } else { text.to_owned() }
}

/// Matches a whole value against what Istio makes a regular expression of: characters, ".", and a postfix `*`.
fn regex(pattern: &str, value: &str) -> bool {
    let mut tokens: Vec<(Option<char>, bool)> = Vec::new();
    let mut characters = pattern.chars();
    while let Some(c) = characters.next() {
        match c {
            '\\' => tokens.push((characters.next(), false)),
            '.' => tokens.push((None, false)),
            '*' if !tokens.is_empty() => tokens.last_mut().expect("it is not empty").1 = true,
            c => tokens.push((Some(c), false)),
        }
    }
    regex_from(&tokens, &value.chars().collect::<Vec<char>>())
}

fn regex_from(tokens: &[(Option<char>, bool)], value: &[char]) -> bool {
    let Some(((wanted, is_repeated), rest)) = tokens.split_first() else { return value.is_empty() };
    let takes = value.first().is_some_and(|c| wanted.is_none_or(|wanted| wanted == *c));
    if *is_repeated {
        regex_from(rest, value) || takes && regex_from(tokens, &value[1..])
    } else {
        takes && regex_from(rest, &value[1..])
    }
}

/// An address or block holds an address; host bits do not count (NP18). `None` is no block at all.
pub fn block(text: &str, address: IpAddr) -> Option<bool> {
    Some(network(text)?.contains(&address))
}

/// Reads an address or a block, host bits cleared.
pub fn network(text: &str) -> Option<IpNet> {
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).map(|net| net.trunc())
}

/// How far the mesh normalises paths (AP25).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Normalization {
    None,
    Base,
    MergeSlashes,
    DecodeAndMergeSlashes,
}

impl Normalization {
    /// Reads `meshConfig.pathNormalization.normalization`.
    pub fn named(name: Option<&str>) -> Self {
        match name {
            Some("NONE") => Self::None,
            Some("MERGE_SLASHES") => Self::MergeSlashes,
            Some("DECODE_AND_MERGE_SLASHES") => Self::DecodeAndMergeSlashes,
            _ => Self::Base,
        }
    }
}

/// Returns the path that `paths` sees: normalised, without its query (AP24). `None`: the proxy answers 400 or 404.
///
/// Measured against Envoy; `normalization.tsv` holds what it answered.
pub fn path(sent: &str, normalization: Normalization) -> Option<String> {
    if !sent.starts_with('/') || sent.contains('#') {
        return None;
    }
    let path = sent.split('?').next().unwrap_or_default();
    let merged = match normalization {
        Normalization::None => return Some(path.to_owned()),
        Normalization::Base => return canonical(path),
        Normalization::MergeSlashes => canonical(path)?,
        Normalization::DecodeAndMergeSlashes => canonical(&with_slashes_decoded(path))?,
    };
    // Envoy joins what is between the slashes and keeps the first and the last: of slashes alone two remain.
    let segments: Vec<&str> = merged.split('/').filter(|segment| !segment.is_empty()).collect();
    let last = if merged.ends_with('/') { "/" } else { "" };
    Some(if merged.contains("//") { format!("/{}{last}", segments.join("/")) } else { merged })
}

fn with_slashes_decoded(path: &str) -> String {
    path.replace("%2F", "/").replace("%2f", "/").replace("%5C", "\\").replace("%5c", "\\")
}

/// Canonicalises as a browser does: unreserved characters decoded, `\` turned, dot segments resolved.
fn canonical(path: &str) -> Option<String> {
    let (mut out, mut rest, mut stray) = (String::new(), path, None);
    while let Some(c) = rest.chars().next() {
        if let Some(next) = dot_segment(&mut out, rest) {
            rest = next;
            continue;
        }
        match escaped(rest) {
            Some('\0') => return None,
            Some(c) if c.is_ascii_alphanumeric() || "-._~".contains(c) => {
                out.push(c);
                rest = &rest[3..];
                without_new_escape(&mut out, stray, rest);
            }
            Some(_) => {
                out.push_str(&rest[..3]);
                rest = &rest[3..];
            }
            None => {
                if c == '%' {
                    stray = Some(out.len());
                }
                out.push(if c == '\\' { '/' } else { c });
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    Some(out)
}

/// Leaves out a dot segment, or goes up; returns what follows it.
fn dot_segment<'a>(out: &mut String, rest: &'a str) -> Option<&'a str> {
    let after = dot(rest).filter(|_| out.ends_with('/'))?;
    after_dots(after).or_else(|| {
        let next = dot(after).and_then(after_dots)?;
        out.pop();
        out.truncate(out.rfind('/').map_or(0, |at| at + 1));
        if out.is_empty() {
            out.push('/');
        }
        Some(next)
    })
}

/// What was decoded must not make an escape of a `%` that was none: `%b%61` would become `%ba`. The `%` is escaped.
fn without_new_escape(out: &mut String, stray: Option<usize>, rest: &str) {
    let Some(at) = stray.filter(|at| *at + 3 >= out.len()) else { return };
    let next = if at + 2 == out.len() { rest.get(..1).unwrap_or_default() } else { "" };
    if escaped(&format!("{}{next}", &out[at..])).is_some() {
        out.insert_str(at + 1, "25");
    }
}

/// Returns what follows a dot, plain or escaped.
fn dot(rest: &str) -> Option<&str> {
    ["%2e", "%2E", "."].into_iter().find_map(|dot| rest.strip_prefix(dot))
}

/// Returns what follows a dot segment's slash, if the segment ends here.
fn after_dots(rest: &str) -> Option<&str> {
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(['/', '\\']) }
}

/// Returns the character that the text starts with in escaped form.
fn escaped(rest: &str) -> Option<char> {
    let digits = rest.strip_prefix('%')?.get(..2)?;
    let is_hex = digits.chars().all(|c| c.is_ascii_hexdigit());
    is_hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten().map(char::from)
}
