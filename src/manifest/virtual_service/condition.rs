//! Which requests and connections a route is for.

use serde::Deserialize;

use crate::{
    manifest::{Labels, Word},
    yaml::{Entries, Spanned},
};

/// Which requests: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HttpMatch {
    /// The path and query as they come.
    pub uri: Option<StringMatch>,
    /// Whether the case of `uri` does not matter, but for a regex.
    pub ignore_uri_case: Option<Spanned<bool>>,
    /// The method.
    pub method: Option<StringMatch>,
    /// The host and port as they come.
    pub authority: Option<StringMatch>,
    /// The scheme.
    pub scheme: Option<StringMatch>,
    /// Headers, by lower-case name.
    pub headers: Entries<Word, StringMatch>,
    /// Headers that must not match.
    pub without_headers: Entries<Word, StringMatch>,
    /// Parameters of the query.
    pub query_params: Entries<Word, StringMatch>,
    /// The port that the request was sent to.
    pub port: Option<Spanned<u16>>,
    /// The pods that call; does not hold at gateways.
    pub source_labels: Labels,
    /// The namespace that calls.
    pub source_namespace: Option<Word>,
    /// Who routes, instead of what the VirtualService says.
    pub gateways: Vec<Word>,
}

/// A condition on a text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenMatch")]
pub enum StringMatch {
    /// It is there; an empty condition.
    Present,
    /// It is this.
    Exact(Word),
    /// It starts so.
    Prefix(Word),
    /// All of it matches an RE2 expression.
    Regex(Word),
}

/// Which TLS connections: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TlsMatch {
    /// The names that the client asks for.
    pub sni_hosts: Vec<Word>,
    /// The addresses that it calls.
    pub destination_subnets: Vec<Word>,
    /// The port that it calls.
    pub port: Option<Spanned<u16>>,
    /// The pods that call; does not hold at gateways.
    pub source_labels: Labels,
    /// The namespace that calls.
    pub source_namespace: Option<Word>,
    /// Who routes, instead of what the VirtualService says.
    pub gateways: Vec<Word>,
}

/// Which connections: everything that is given has to match.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TcpMatch {
    /// The addresses that the client calls.
    pub destination_subnets: Vec<Word>,
    /// The port that it calls.
    pub port: Option<Spanned<u16>>,
    /// The addresses that call.
    pub source_subnet: Option<Word>,
    /// The pods that call; does not hold at gateways.
    pub source_labels: Labels,
    /// The namespace that calls.
    pub source_namespace: Option<Word>,
    /// Who routes, instead of what the VirtualService says.
    pub gateways: Vec<Word>,
}

impl HttpMatch {
    /// Tells whether the case of the path matters.
    pub fn minds_case(&self) -> bool {
        !self.ignore_uri_case.is_some_and(|claim| claim.value)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenMatch {
    exact: Option<Word>,
    prefix: Option<Word>,
    regex: Option<Word>,
}

impl From<WrittenMatch> for StringMatch {
    /// Takes the first; the CRD refuses two.
    fn from(written: WrittenMatch) -> Self {
        let exact = written.exact.map(Self::Exact);
        exact.or(written.prefix.map(Self::Prefix)).or(written.regex.map(Self::Regex)).unwrap_or(Self::Present)
    }
}
