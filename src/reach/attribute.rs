//! What policies compare of a request besides its caller and its port.

use std::net::IpAddr;

use super::{
    AddressSet,
    domain::Example,
    text::{Language, Pattern, normalized},
    transport::Chain,
};
use crate::{
    manifest::{Word, mesh_config::Normalization},
    mesh::Truth,
};

/// An attribute of a request that a policy may compare. The order is that in which sets of requests are decided and
/// shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attribute {
    /// The authority, with its port if the client sends one.
    Host,
    /// The method.
    Method,
    /// The path, without its query.
    Path,
    /// A header, by its name in lower case.
    Header(String),
    /// The server name of the TLS handshake.
    ServerName,
    /// The address that `X-Forwarded-For` ends with, or else the caller's own.
    RemoteAddress,
    /// The issuer and subject of a token.
    RequestPrincipal,
    /// What a token is for.
    Audience,
    /// The same, where the release compares it with a string and so with no list ([`Config::compares_audience_lists`]).
    ///
    /// [`Config::compares_audience_lists`]: crate::mesh::Config::compares_audience_lists
    SoleAudience,
    /// Who a token was given to.
    Presenter,
    /// A claim of a token, by its path.
    Claim(Vec<String>),
    /// The caller's address.
    SourceAddress,
    /// The pod's address.
    DestinationAddress,
    /// Something that a filter notes, by the filter and its key.
    Metadata(String),
    /// Whether a provider refuses, by its name (semantics J16).
    Refusal(String),
}

impl Attribute {
    /// Tells whether only the HTTP chain knows it (semantics AP16).
    pub(super) fn is_http_only(&self) -> bool {
        match self {
            Self::Host | Self::Method | Self::Path | Self::Header(_) => true,
            Self::ServerName | Self::RemoteAddress => false,
            Self::SourceAddress | Self::DestinationAddress | Self::Metadata(_) | Self::Refusal(_) => false,
            Self::RequestPrincipal
            | Self::Audience
            | Self::SoleAudience
            | Self::Presenter
            | Self::Claim(_) => true,
        }
    }

    /// Tells whether it is of a token.
    pub(super) fn is_of_token(&self) -> bool {
        match self {
            Self::RequestPrincipal
            | Self::Audience
            | Self::SoleAudience
            | Self::Presenter
            | Self::Claim(_) => true,
            Self::Host | Self::Method | Self::Path | Self::Header(_) | Self::ServerName => false,
            Self::RemoteAddress | Self::SourceAddress | Self::DestinationAddress => false,
            Self::Metadata(_) | Self::Refusal(_) => false,
        }
    }

    /// Tells whether no client chooses it, and manifests do not tell it.
    pub(super) fn is_of_environment(&self) -> bool {
        match self {
            Self::SourceAddress | Self::DestinationAddress | Self::Metadata(_) | Self::Refusal(_) => true,
            Self::Host | Self::Method | Self::Path | Self::Header(_) | Self::ServerName => false,
            Self::RemoteAddress => false,
            Self::RequestPrincipal
            | Self::Audience
            | Self::SoleAudience
            | Self::Presenter
            | Self::Claim(_) => false,
        }
    }

    /// Tells whether a request may be without it, which no pattern matches.
    pub(super) fn may_be_absent(&self) -> bool {
        match self {
            Self::Header(_) | Self::Metadata(_) => true,
            Self::Host | Self::Method | Self::Path | Self::ServerName | Self::RemoteAddress => false,
            Self::RequestPrincipal
            | Self::Audience
            | Self::SoleAudience
            | Self::Presenter
            | Self::Claim(_) => true,
            Self::SourceAddress | Self::DestinationAddress | Self::Refusal(_) => false,
        }
    }

    /// Returns which strings it can be, where it is a string.
    pub(super) fn language(&self, normalization: Normalization) -> Language {
        match self {
            Self::Host => Language::Host,
            Self::Method => Language::Method,
            Self::Path => Language::Path(normalization),
            Self::ServerName => Language::ServerName,
            Self::Header(_) | Self::Metadata(_) | Self::Refusal(_) => Language::Text,
            Self::RequestPrincipal
            | Self::Audience
            | Self::SoleAudience
            | Self::Presenter
            | Self::Claim(_) => Language::Text,
            Self::RemoteAddress | Self::SourceAddress | Self::DestinationAddress => Language::Text,
        }
    }

    /// Returns what it is on a chain: without headers, the remote address is the caller's own.
    pub(super) fn on(&self, chain: Chain) -> &Self {
        match (self, chain) {
            (Self::RemoteAddress, Chain::Tcp) => &Self::SourceAddress,
            (other, Chain::Http | Chain::Tcp) => other,
        }
    }
}

/// What values of a policy mean; one of them has to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Strings.
    Texts(Vec<Pattern>),
    /// Issuers and subjects.
    Principals(Vec<(Pattern, Pattern)>),
    /// Addresses.
    Addresses(AddressSet),
}

/// One claim about a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition<'m> {
    /// About what.
    pub attribute: Attribute,
    /// What it is compared with.
    pub values: Values,
    /// Whether none of the values may hold, rather than one of them.
    pub is_negated: bool,
    /// The values as they are written.
    pub words: &'m [Word],
}

/// A request, or the bytes of a connection that is none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// The method; empty if the bytes are no HTTP.
    pub method: String,
    /// The authority, verbatim.
    pub host: String,
    /// The path as it is sent, with its query.
    pub path: String,
    /// Headers, by name.
    pub headers: Vec<(String, String)>,
    /// The server name of the TLS handshake; empty for none.
    pub server_name: String,
    /// The claims of a token that is believed, if it carries one.
    pub token: Option<serde_json::Map<String, serde_json::Value>>,
    /// The caller's address, where it is known.
    pub source: Option<IpAddr>,
}

impl Condition<'_> {
    /// Tells whether it holds of a request; unknown where manifests do not tell.
    pub(super) fn holds(&self, request: &Request, chain: Chain, normalization: Normalization) -> Truth {
        let holds = self.values.hold(self.attribute.on(chain), request, normalization);
        if self.is_negated { !holds } else { holds }
    }
}

impl Values {
    fn hold(&self, attribute: &Attribute, request: &Request, normalization: Normalization) -> Truth {
        match self {
            Self::Texts(patterns) => match request.texts(attribute, normalization) {
                Some(texts) => {
                    texts.iter().any(|text| patterns.iter().any(|pattern| pattern.matches(text))).into()
                }
                None => Truth::Unknown,
            },
            Self::Principals(patterns) => {
                let claim = |key: &str| request.token.as_ref().and_then(|token| token.get(key)?.as_str());
                let (Some(issuer), Some(subject)) = (claim("iss"), claim("sub")) else { return Truth::No };
                patterns.iter().any(|(iss, sub)| iss.matches(issuer) && sub.matches(subject)).into()
            }
            Self::Addresses(addresses) => match request.address(attribute) {
                Some(address) => addresses.contains(address).into(),
                None => Truth::Unknown,
            },
        }
    }
}

impl Request {
    /// Returns the strings that an attribute has: none where it is absent, several where a claim is a list. Nothing
    /// where manifests do not tell.
    pub(super) fn texts(&self, attribute: &Attribute, normalization: Normalization) -> Option<Vec<String>> {
        match attribute {
            Attribute::Host => Some(vec![self.host.to_ascii_lowercase()]),
            Attribute::Method => Some(vec![self.method.clone()]),
            Attribute::Path => Some(normalized(&self.path, normalization).into_iter().collect()),
            Attribute::Header(name) => Some(self.header(name, normalization).into_iter().collect()),
            Attribute::ServerName => Some(vec![self.server_name.to_ascii_lowercase()]),
            Attribute::RequestPrincipal => Some(Vec::new()),
            Attribute::Audience => Some(self.claim(&["aud".to_owned()])),
            Attribute::SoleAudience => Some(self.sole_audience().into_iter().collect()),
            Attribute::Presenter => Some(self.claim(&["azp".to_owned()])),
            Attribute::Claim(path) => Some(self.claim(path)),
            Attribute::RemoteAddress | Attribute::SourceAddress | Attribute::DestinationAddress => None,
            Attribute::Metadata(_) | Attribute::Refusal(_) => None,
        }
    }

    /// Gives an attribute a value, where the client chooses it.
    pub(super) fn set(&mut self, attribute: &Attribute, value: Example) {
        let text = match &value {
            Example::Absent => String::new(),
            Example::Text(text) => text.clone(),
            Example::List(texts) => texts.join(","),
            Example::Principal(issuer, subject) => format!("{issuer}/{subject}"),
            Example::Address(address) => address.to_string(),
        };
        match (attribute, value) {
            (Attribute::Host, _) => self.host = text,
            (Attribute::Method, _) => self.method = text,
            (Attribute::Path, _) => self.path = text,
            (Attribute::ServerName, _) => self.server_name = text,
            (Attribute::Header(name), value) => {
                self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
                self.headers.extend((value != Example::Absent).then(|| (name.clone(), text)));
            }
            (Attribute::RemoteAddress, _) => self.headers.push(("x-forwarded-for".to_owned(), text)),
            (Attribute::RequestPrincipal, Example::Principal(issuer, subject)) => {
                self.set_claim(&["iss".to_owned()], issuer.into());
                self.set_claim(&["sub".to_owned()], subject.into());
            }
            (Attribute::Audience, Example::List(texts)) => self.set_claim(&["aud".to_owned()], texts.into()),
            (Attribute::SoleAudience, Example::Text(text)) => {
                self.set_claim(&["aud".to_owned()], text.into());
            }
            (Attribute::Presenter, Example::List(texts)) => self.set_claim(&["azp".to_owned()], texts.into()),
            (Attribute::Claim(path), Example::List(texts)) => self.set_claim(path, texts.into()),
            (
                Attribute::RequestPrincipal
                | Attribute::Audience
                | Attribute::SoleAudience
                | Attribute::Presenter
                | Attribute::Claim(_),
                _,
            ) => {}
            // No client chooses those.
            (Attribute::SourceAddress | Attribute::DestinationAddress, _) => {}
            (Attribute::Metadata(_) | Attribute::Refusal(_), _) => {}
        }
    }

    fn set_claim(&mut self, path: &[String], value: serde_json::Value) {
        let [parents @ .., last] = path else { return };
        let mut object = self.token.get_or_insert_default();
        for parent in parents {
            let inner = object.entry(parent).or_insert_with(|| serde_json::json!({}));
            match inner.as_object_mut() {
                Some(inner) => object = inner,
                None => return,
            }
        }
        object.insert(last.clone(), value);
    }

    /// Returns the value of a header, those of the same name joined as Envoy joins them.
    fn header(&self, name: &str, normalization: Normalization) -> Option<String> {
        match name {
            ":authority" | "host" => Some(self.host.clone()),
            ":method" => Some(self.method.clone()),
            ":path" => {
                let query = self.path.find('?').map_or("", |at| &self.path[at..]);
                normalized(&self.path, normalization).map(|path| path + query)
            }
            _ => {
                let same = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
                let values: Vec<&str> = same.map(|(_, value)| value.as_str()).collect();
                (!values.is_empty()).then(|| values.join(","))
            }
        }
    }

    fn sole_audience(&self) -> Option<String> {
        self.token.as_ref()?.get("aud")?.as_str().map(str::to_owned)
    }

    fn claim(&self, path: &[String]) -> Vec<String> {
        let Some(((first, rest), token)) = path.split_first().zip(self.token.as_ref()) else {
            return Vec::new();
        };
        let value = rest.iter().try_fold(token.get(first), |value, key| Some(value?.get(key)));
        match value.flatten() {
            Some(serde_json::Value::String(text)) => vec![text.clone()],
            Some(serde_json::Value::Array(items)) => {
                items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(_) | None => Vec::new(),
        }
    }

    pub(super) fn address(&self, attribute: &Attribute) -> Option<IpAddr> {
        match attribute {
            Attribute::RemoteAddress => self.forwarded().or(self.source),
            Attribute::SourceAddress => self.source,
            _ => None,
        }
    }

    /// Returns the last address of `X-Forwarded-For`, which a sidecar believes: it has `use_remote_address` off and no
    /// trusted hops.
    fn forwarded(&self) -> Option<IpAddr> {
        let header = self.header("x-forwarded-for", Normalization::None)?;
        header.rsplit(',').next().and_then(|last| last.trim().parse().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_given_once_whatever_the_case_of_its_name() {
        let headers = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
        };
        let mut request =
            Request { headers: headers(&[("X-Tok", "a"), ("x-other", "b")]), ..Request::default() };
        request.set(&Attribute::Header("x-tok".to_owned()), Example::Text("c".to_owned()));
        assert_eq!(request.headers, headers(&[("x-other", "b"), ("x-tok", "c")]));
        request.set(&Attribute::Header("x-tok".to_owned()), Example::Absent);
        assert_eq!(request.headers, headers(&[("x-other", "b")]));
    }
}
