//! AuthorizationPolicies as istiod translates them: what becomes of each rule on either chain.
//!
//! `pilot/pkg/security/authz/model/model.go` and `generator.go` at 1.21.1 and 1.30.3.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    AddressSet,
    attribute::{Attribute, Condition, Values},
    identity::{Caller, Claim, Identity},
    text::Pattern,
};
use crate::{
    manifest::{
        Action, AuthorizationPolicy, AuthorizationRule, Condition as When, Object, Operation, Source, Word,
    },
    mesh::Config,
    source::Span,
    yaml::Spanned,
};

/// A policy with its rules.
#[derive(Debug)]
pub struct Policy<'m> {
    /// As it is written.
    pub object: &'m Object<AuthorizationPolicy>,
    /// What a match does.
    pub action: Action,
    /// Whether it only notes what it would do (semantics AP11).
    pub is_dry_run: bool,
    /// Its rules; those that istiod skips are left out.
    pub rules: Vec<Rule<'m>>,
}

/// A rule: one of the sources and one of the operations have to match.
#[derive(Debug)]
pub struct Rule<'m> {
    /// Where it stands.
    pub span: Span,
    /// Who calls; without any restriction where none is written. Conditions on the caller are part of each.
    pub sources: Vec<Part<'m>>,
    /// What is called; likewise.
    pub operations: Vec<Part<'m>>,
}

/// A source or an operation: everything has to hold.
#[derive(Debug, Default)]
pub struct Part<'m> {
    /// Where it stands; nowhere if the rule does not restrict it.
    pub span: Option<Span>,
    /// Of the caller.
    pub(super) callers: Vec<CallerCondition<'m>>,
    /// Of the port.
    pub(super) ports: Vec<PortCondition<'m>>,
    /// Of anything else.
    pub conditions: Vec<Condition<'m>>,
}

/// A claim about the caller.
#[derive(Debug)]
pub(super) struct CallerCondition<'m> {
    pub(super) claim: Claim,
    pub(super) values: Vec<Caller>,
    pub(super) is_negated: bool,
    pub(super) words: &'m [Word],
}

/// A claim about the port.
#[derive(Debug)]
pub(super) struct PortCondition<'m> {
    pub(super) values: Vec<u16>,
    pub(super) is_negated: bool,
    pub(super) words: &'m [Word],
}

impl CallerCondition<'_> {
    /// Tells whether it holds of a caller. Who is not known matches nothing, and so every negation (AP23).
    pub(super) fn holds(&self, caller: Option<&Identity>) -> bool {
        let is_meant = caller.is_some_and(|caller| self.values.iter().any(|value| value.matches(caller)));
        is_meant != self.is_negated
    }
}

impl PortCondition<'_> {
    pub(super) fn holds(&self, port: u16) -> bool {
        self.values.contains(&port) != self.is_negated
    }
}

impl<'m> Policy<'m> {
    /// Translates a policy.
    pub fn new(object: &'m Object<AuthorizationPolicy>, config: &Config) -> Self {
        let action = object.action();
        let reader =
            Reader { namespace: object.meta.namespace(), config, skips_rules: action == Action::Allow };
        Self {
            object,
            action,
            is_dry_run: object.meta.annotations.named("istio.io/dry-run").is_some_and(is_true),
            rules: object.rules.iter().filter_map(|rule| reader.rule(rule)).collect(),
        }
    }

    /// Returns the ports that its rules tell from others.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        let parts = self.rules.iter().flat_map(|rule| rule.sources.iter().chain(&rule.operations));
        parts.flat_map(|part| &part.ports).flat_map(|condition| condition.values.iter().copied())
    }

    /// Returns the name of the provider that decides; empty where none is named.
    pub fn provider(&self) -> &'m str {
        let name = self.object.spec.provider.as_ref().and_then(|provider| provider.name.as_ref());
        name.map_or("", |name| name.as_str())
    }
}

impl Part<'_> {
    /// Tells whether a caller and a port satisfy it, whatever else it asks for.
    pub(super) fn is_satisfied(&self, caller: Option<&Identity>, port: u16) -> bool {
        self.callers.iter().all(|condition| condition.holds(caller))
            && self.ports.iter().all(|condition| condition.holds(port))
    }
}

impl Rule<'_> {
    /// Tells whether a rule is left on the TCP chain, whose filter knows no request: an ALLOW rule that compares anything
    /// of one is dropped, others lose the comparison and are wider for it (AP16, AP17).
    pub(super) fn is_on_tcp(&self, action: Action) -> bool {
        let mut parts = self.sources.iter().chain(&self.operations);
        let is_http =
            |part: &Part<'_>| part.conditions.iter().any(|condition| condition.attribute.is_http_only());
        action != Action::Allow || !parts.any(is_http)
    }
}

/// As Go's `strconv.ParseBool`; what it cannot read is enforced (AP11).
fn is_true(word: &Word) -> bool {
    ["1", "t", "T", "TRUE", "true", "True"].contains(&word.as_str())
}

/// What is known while a policy is read.
struct Reader<'a> {
    /// The policy's.
    namespace: &'a str,
    config: &'a Config,
    /// Whether a value that cannot be read drops its rule, or only itself (AP15).
    skips_rules: bool,
}

/// The rule is skipped.
struct Skipped;

type Read<T> = Result<T, Skipped>;

impl Reader<'_> {
    fn rule<'m>(&self, rule: &'m Spanned<AuthorizationRule>) -> Option<Rule<'m>> {
        let sources = || -> Read<Vec<Part<'m>>> {
            if rule.from.is_empty() {
                return Ok(vec![self.source(None, &rule.when)?]);
            }
            rule.from.iter().map(|from| self.source(from.source.as_ref(), &rule.when)).collect()
        };
        let operations = || -> Read<Vec<Part<'m>>> {
            if rule.to.is_empty() {
                return Ok(vec![self.operation(None, &rule.when)?]);
            }
            rule.to.iter().map(|to| self.operation(to.operation.as_ref(), &rule.when)).collect()
        };
        let is_known = rule.when.iter().all(|when| Key::of(&when.key, self.config).is_some());
        match (is_known, sources(), operations()) {
            (true, Ok(sources), Ok(operations)) => Some(Rule { span: rule.span, sources, operations }),
            _ => None,
        }
    }

    fn source<'m>(&self, source: Option<&'m Spanned<Source>>, when: &'m [Spanned<When>]) -> Read<Part<'m>> {
        let mut part = Part { span: source.map(|source| source.span), ..Part::default() };
        if let Some(source) = source {
            let config = self.config;
            self.caller(&mut part, Claim::Principal, &source.principals, &source.not_principals);
            self.caller(&mut part, Claim::Namespace, &source.namespaces, &source.not_namespaces);
            if config.has_service_accounts() {
                let (accounts, others) = (&source.service_accounts, &source.not_service_accounts);
                self.caller(&mut part, Claim::ServiceAccount, accounts, others);
            }
            if config.has_trust_domains() {
                self.caller(&mut part, Claim::TrustDomain, &source.trust_domains, &source.not_trust_domains);
            }
            let pairs = [
                (Attribute::RequestPrincipal, &source.request_principals, &source.not_request_principals),
                (Attribute::SourceAddress, &source.ip_blocks, &source.not_ip_blocks),
                (Attribute::RemoteAddress, &source.remote_ip_blocks, &source.not_remote_ip_blocks),
            ];
            for (attribute, values, others) in pairs {
                self.both(&mut part, &attribute, values, others)?;
            }
        }
        self.when(&mut part, when, true)?;
        Ok(part)
    }

    fn operation<'m>(
        &self,
        operation: Option<&'m Spanned<Operation>>,
        when: &'m [Spanned<When>],
    ) -> Read<Part<'m>> {
        let mut part = Part { span: operation.map(|operation| operation.span), ..Part::default() };
        if let Some(operation) = operation {
            self.port(&mut part, &operation.ports, &operation.not_ports)?;
            let pairs = [
                (Attribute::Host, &operation.hosts, &operation.not_hosts),
                (Attribute::Method, &operation.methods, &operation.not_methods),
                (Attribute::Path, &operation.paths, &operation.not_paths),
            ];
            for (attribute, values, others) in pairs {
                self.both(&mut part, &attribute, values, others)?;
            }
        }
        self.when(&mut part, when, false)?;
        Ok(part)
    }

    /// Adds the conditions of a rule to a source, or to an operation.
    fn when<'m>(&self, part: &mut Part<'m>, when: &'m [Spanned<When>], is_source: bool) -> Read<()> {
        for when in when {
            match Key::of(&when.key, self.config) {
                Some(Key::Caller(claim)) if is_source => {
                    self.caller(part, claim, &when.values, &when.not_values);
                }
                Some(Key::Port) if !is_source => self.port(part, &when.values, &when.not_values)?,
                Some(Key::Attribute(attribute)) if is_source == is_of_source(&attribute) => {
                    self.both(part, &attribute, &when.values, &when.not_values)?;
                }
                Some(Key::Malformed { is_of_source }) if is_source == is_of_source => {
                    let is_written = !when.values.is_empty() || !when.not_values.is_empty();
                    self.unreadable(is_written)?;
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn unreadable(&self, is_written: bool) -> Read<()> {
        if is_written && self.skips_rules { Err(Skipped) } else { Ok(()) }
    }

    fn caller<'m>(&self, part: &mut Part<'m>, claim: Claim, values: &'m [Word], others: &'m [Word]) {
        for (words, is_negated) in [(values, false), (others, true)] {
            let read = |word: &'m Word| Caller::read(claim, word, self.namespace, self.config);
            if !words.is_empty() {
                let values = words.iter().flat_map(read).collect();
                part.callers.push(CallerCondition { claim, values, is_negated, words });
            }
        }
    }

    fn port<'m>(&self, part: &mut Part<'m>, values: &'m [Word], others: &'m [Word]) -> Read<()> {
        for (words, is_negated) in [(values, false), (others, true)] {
            let values = self.each(words, port)?;
            if !values.is_empty() {
                part.ports.push(PortCondition { values, is_negated, words });
            }
        }
        Ok(())
    }

    fn both<'m>(
        &self,
        part: &mut Part<'m>,
        attribute: &Attribute,
        values: &'m [Word],
        others: &'m [Word],
    ) -> Read<()> {
        for (words, is_negated) in [(values, false), (others, true)] {
            if let Some(values) = self.values(attribute, words)? {
                let attribute = attribute.clone();
                part.conditions.push(Condition { attribute, values, is_negated, words });
            }
        }
        Ok(())
    }

    /// Reads values; nothing where none is left, and then nothing is restricted.
    fn values(&self, attribute: &Attribute, words: &[Word]) -> Read<Option<Values>> {
        if words.is_empty() {
            return Ok(None);
        }
        let texts = |read: &dyn Fn(&str) -> Pattern| {
            Values::Texts(words.iter().map(|word| read(word.as_str())).collect())
        };
        Ok(Some(match attribute {
            Attribute::Host => texts(&Pattern::host),
            Attribute::Method | Attribute::Header(_) => texts(&Pattern::header),
            Attribute::Path => texts(&|value| Pattern::path(value, self.config.has_path_templates())),
            Attribute::Metadata(_) | Attribute::Refusal(_) => texts(&listed),
            Attribute::ServerName
            | Attribute::Audience
            | Attribute::SoleAudience
            | Attribute::Presenter
            | Attribute::Claim(_) => texts(&Pattern::new),
            Attribute::RequestPrincipal => {
                Values::Principals(words.iter().map(|word| principal(word)).collect())
            }
            Attribute::RemoteAddress | Attribute::SourceAddress | Attribute::DestinationAddress => {
                let sets = self.each(words, address)?;
                if sets.is_empty() {
                    return Ok(None);
                }
                Values::Addresses(sets.iter().fold(AddressSet::default(), |all, set| all.union(set)))
            }
        }))
    }

    /// Reads values that may be unreadable.
    fn each<T>(&self, words: &[Word], read: impl Fn(&str) -> Option<T>) -> Read<Vec<T>> {
        let mut values = Vec::with_capacity(words.len());
        for word in words {
            match read(word.as_str()) {
                Some(value) => values.push(value),
                None => self.unreadable(true)?,
            }
        }
        Ok(values)
    }
}

/// Reads values that a policy compares an attribute with; nothing where none can be read.
pub(super) fn condition(
    attribute: &Attribute,
    words: &[String],
    is_negated: bool,
    config: &Config,
) -> Option<Condition<'static>> {
    let nowhere = Span { file: 0, start: 0, end: 0 };
    let words: Vec<Word> = words.iter().map(|word| Spanned { span: nowhere, value: word.clone() }).collect();
    let reader = Reader { namespace: "", config, skips_rules: false };
    let values = reader.values(attribute, &words).ok()??;
    Some(Condition { attribute: attribute.clone(), values, is_negated, words: &[] })
}

/// Tells whether istiod makes a principal of an attribute, or a permission.
fn is_of_source(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::Host | Attribute::Method | Attribute::Path | Attribute::ServerName => false,
        Attribute::DestinationAddress | Attribute::Metadata(_) | Attribute::Refusal(_) => false,
        Attribute::Header(_) | Attribute::RemoteAddress | Attribute::SourceAddress => true,
        Attribute::RequestPrincipal
        | Attribute::Audience
        | Attribute::SoleAudience
        | Attribute::Presenter
        | Attribute::Claim(_) => true,
    }
}

/// A key of a condition.
enum Key {
    Caller(Claim),
    Port,
    Attribute(Attribute),
    /// One whose brackets cannot be read, so that none of its values can.
    Malformed {
        is_of_source: bool,
    },
}

impl Key {
    /// Returns nothing for a key that the release does not know: then the whole rule is skipped, whatever it does (AP15).
    fn of(key: &str, config: &Config) -> Option<Self> {
        let attribute = |attribute| Some(Self::Attribute(attribute));
        match key {
            "source.namespace" => Some(Self::Caller(Claim::Namespace)),
            "source.principal" => Some(Self::Caller(Claim::Principal)),
            "source.serviceAccount" => {
                config.has_service_accounts().then_some(Self::Caller(Claim::ServiceAccount))
            }
            "source.trustDomain" => config.has_trust_domains().then_some(Self::Caller(Claim::TrustDomain)),
            "source.ip" => attribute(Attribute::SourceAddress),
            "remote.ip" => attribute(Attribute::RemoteAddress),
            "destination.ip" => attribute(Attribute::DestinationAddress),
            "destination.port" => Some(Self::Port),
            "connection.sni" => attribute(Attribute::ServerName),
            "request.auth.principal" => attribute(Attribute::RequestPrincipal),
            "request.auth.audiences" if config.compares_audience_lists() => attribute(Attribute::Audience),
            "request.auth.audiences" => attribute(Attribute::SoleAudience),
            "request.auth.presenter" => attribute(Attribute::Presenter),
            _ => Self::bracketed(key),
        }
    }

    fn bracketed(key: &str) -> Option<Self> {
        let malformed = |is_of_source| Self::Malformed { is_of_source };
        if let Some(rest) = key.strip_prefix("request.headers") {
            let name = bracketed(rest).map(|name| Attribute::Header(name.to_ascii_lowercase()));
            return Some(name.map_or(malformed(true), Self::Attribute));
        }
        if let Some(rest) = key.strip_prefix("request.auth.claims") {
            return Some(
                nested(rest).map_or(malformed(true), |path| Self::Attribute(Attribute::Claim(path))),
            );
        }
        let rest = key.strip_prefix("experimental.").filter(|rest| rest.starts_with("envoy.filters."))?;
        let is_whole = rest.contains('[');
        Some(if is_whole { Self::Attribute(Attribute::Metadata(rest.to_owned())) } else { malformed(false) })
    }
}

fn bracketed(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// Reads `[a][b]` as a path, and what is no such list as one name, as `extractNameInNestedBrackets` does.
fn nested(text: &str) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let part = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        match part.filter(|(name, _)| !name.contains('[')) {
            Some((name, after)) => {
                path.push(name.to_owned());
                rest = after;
            }
            None => return bracketed(text).map(|name| vec![name.to_owned()]),
        }
    }
    Some(path)
}

/// A value in brackets is one of a list.
fn listed(value: &str) -> Pattern {
    match bracketed(value) {
        Some(_) => Pattern::new(value.trim_matches(|c| "[]".contains(c))),
        None => Pattern::new(value),
    }
}

/// Reads a port as Go's `strconv.ParseUint` does, which knows no sign.
fn port(value: &str) -> Option<u16> {
    value.parse().ok().filter(|_| !value.starts_with('+'))
}

/// Reads an address or a range (`AddrStrToPrefix` in `pilot/pkg/networking/util/util.go`@1.21.1).
fn address(value: &str) -> Option<AddressSet> {
    if value.contains('/') {
        return value.parse::<IpNet>().ok().as_ref().map(AddressSet::from);
    }
    value.parse::<IpAddr>().ok().map(AddressSet::from)
}

/// Reads `issuer/subject`, split at the last slash since an issuer may be a URL (`extendedPrincipal` in
/// `authz/model/generator.go`).
fn principal(value: &str) -> (Pattern, Pattern) {
    let exact = |text: &str| Pattern::Exact(text.to_owned());
    let parts = value.rsplit_once('/');
    match (value.strip_prefix('*'), value.strip_suffix('*'), parts) {
        _ if value == "*" => (Pattern::Present, Pattern::Present),
        (Some(_), _, Some(("*", subject))) => (Pattern::Present, exact(subject)),
        (Some(_), _, Some((issuer, subject))) => (Pattern::Suffix(issuer[1..].to_owned()), exact(subject)),
        (Some(suffix), _, None) => (Pattern::Present, Pattern::Suffix(suffix.to_owned())),
        (None, Some(_), Some((issuer, "*"))) => (exact(issuer), Pattern::Present),
        (None, Some(_), Some((issuer, subject))) => {
            (exact(issuer), Pattern::Prefix(subject.trim_end_matches('*').to_owned()))
        }
        (None, Some(prefix), None) => (Pattern::Prefix(prefix.to_owned()), Pattern::Present),
        (None, None, Some((issuer, subject))) => (exact(issuer), exact(subject)),
        (None, None, None) => (exact(value), exact("")),
    }
}
