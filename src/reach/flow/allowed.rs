//! Requests that pass, in the words of the policies that let them through, as few as there can be.

use std::fmt;

use super::super::{
    AddressSet, Attribute, Clause, Condition, Diagram, Request, Requests, Universe, Values, door::Way,
};
use crate::{manifest::Word, mesh::Truth};

/// Requests: those that match the term, less the exceptions.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Allowed {
    /// What has to hold; nothing means every request.
    pub term: Term,
    /// What must not.
    pub except: Vec<Term>,
}

/// Several things that have to hold of a request at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Of each attribute one of the values, as policies write them.
    pub conditions: Vec<(Attribute, Vec<String>)>,
    /// What must not hold, each by itself.
    pub unless: Vec<Term>,
}

/// What policies let through: for certain, and where a provider has the last word, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Passing {
    pub(super) certain: Vec<Allowed>,
    pub(super) judged: Vec<(Allowed, String)>,
}

impl Allowed {
    /// Tells whether every request is meant.
    pub fn is_everything(&self) -> bool {
        self.term == Term::default() && self.except.is_empty()
    }
}

impl FromIterator<Passing> for Passing {
    /// What any of them lets through.
    fn from_iter<I: IntoIterator<Item = Passing>>(all: I) -> Self {
        let mut any = Self::default();
        for one in all {
            any.certain.extend(one.certain);
            any.judged.extend(one.judged);
        }
        any.certain.sort();
        any.certain.dedup();
        any.judged.sort();
        any.judged.dedup();
        if any.certain.iter().any(Allowed::is_everything) { Self::everything() } else { any }
    }
}

impl Passing {
    pub(super) fn everything() -> Self {
        Self { certain: vec![Allowed::default()], judged: Vec::new() }
    }

    /// Reads what is left of policies for whoever comes a way, from addresses that are known or not.
    pub(super) fn of(requests: &Requests<'_, '_>, way: Way, addresses: Option<&AddressSet>) -> Self {
        let requests = narrowed(requests, way, addresses);
        if requests.is_nothing() {
            return Self::default();
        }
        if requests.is_everything() {
            return Self::everything();
        }
        let mut universe = Universe::new(&[&requests]);
        let mut refused = requests.clone();
        refused.deny.extend(requests.judged.iter().cloned());
        refused.judged.clear();
        let certain = lines(&mut universe, &refused);
        let mut judged = Vec::new();
        for clause in &requests.judged {
            let allow = requests.allow.iter().map(|allow| Clause {
                rule: allow.rule,
                conditions: allow.conditions.iter().chain(&clause.conditions).copied().collect(),
            });
            let both = Requests { allow: allow.collect(), judged: Vec::new(), ..requests.clone() };
            let provider = clause.rule.map_or_else(String::new, |(policy, _)| policy.provider().to_owned());
            let lines = lines(&mut universe, &both);
            judged.extend(lines.into_iter().map(|line| (line, provider.clone())));
        }
        Self { certain, judged }
    }
}

/// Decides the conditions that a way and addresses decide: those on the server name where none is read, and those on the
/// caller's address where it is known.
fn narrowed<'a, 'm>(
    requests: &Requests<'a, 'm>,
    way: Way,
    addresses: Option<&AddressSet>,
) -> Requests<'a, 'm> {
    let holds = |condition: &Condition<'_>| -> Option<bool> {
        let holds = match condition.attribute.on(requests.chain) {
            Attribute::ServerName if !way.has_server_name => {
                let truth = condition.holds(&Request::default(), requests.chain, requests.normalization);
                return Some(truth == Truth::Yes);
            }
            Attribute::SourceAddress => {
                let (from, Values::Addresses(meant)) = (addresses?, &condition.values) else { return None };
                let common = from.intersection(meant);
                if common.is_empty() {
                    false
                } else if common == *from {
                    true
                } else {
                    return None;
                }
            }
            _ => return None,
        };
        Some(holds != condition.is_negated)
    };
    let narrow = |clauses: &[Clause<'a, 'm>]| -> Vec<Clause<'a, 'm>> {
        let possible =
            clauses.iter().filter(|clause| clause.conditions.iter().all(|one| holds(one) != Some(false)));
        let left = possible.map(|clause| Clause {
            rule: clause.rule,
            conditions: clause.conditions.iter().copied().filter(|one| holds(one).is_none()).collect(),
        });
        left.collect()
    };
    Requests {
        allow: narrow(&requests.allow),
        deny: narrow(&requests.deny),
        judged: narrow(&requests.judged),
        ..requests.clone()
    }
}

/// Returns a line for each clause that adds something, with the exceptions that take something away from it.
fn lines(universe: &mut Universe, requests: &Requests<'_, '_>) -> Vec<Allowed> {
    let mut set = |allow: &[Clause<'_, '_>], deny: &[Clause<'_, '_>]| {
        let part = Requests {
            chain: requests.chain,
            normalization: requests.normalization,
            issuers: requests.issuers,
            allow: allow.to_vec(),
            deny: deny.to_vec(),
            judged: Vec::new(),
        };
        universe.set(&[&part])
    };
    let whole = set(&requests.allow, &requests.deny);
    let mut allow = requests.allow.clone();
    for at in (0..allow.len()).rev() {
        let mut fewer = allow.clone();
        fewer.remove(at);
        if set(&fewer, &requests.deny) == whole {
            allow = fewer;
        }
    }
    let mut lines = Vec::new();
    for clause in &allow {
        let own = set(std::slice::from_ref(clause), &requests.deny);
        if own == Diagram::NOTHING {
            continue;
        }
        let mut deny = requests.deny.clone();
        for at in (0..deny.len()).rev() {
            let mut fewer = deny.clone();
            fewer.remove(at);
            if set(std::slice::from_ref(clause), &fewer) == own {
                deny = fewer;
            }
        }
        lines.push(line(clause, &deny));
    }
    lines.sort();
    lines.dedup();
    lines
}

fn line(clause: &Clause<'_, '_>, deny: &[Clause<'_, '_>]) -> Allowed {
    let mut term = positive(clause);
    let mut except = negative(clause);
    for clause in deny {
        match clause.conditions.as_slice() {
            // All but those is refused, so that those have to hold.
            [only] if only.is_negated => term.conditions.push(spelled(only)),
            _ => except.push(Term { unless: negative(clause), ..positive(clause) }),
        }
    }
    term.conditions.sort();
    term.conditions.dedup();
    except.sort();
    except.dedup();
    Allowed { term, except }
}

fn positive(clause: &Clause<'_, '_>) -> Term {
    let positive = clause.conditions.iter().filter(|condition| !condition.is_negated);
    let mut conditions: Vec<_> = positive.map(|condition| spelled(condition)).collect();
    conditions.sort();
    Term { conditions, unless: Vec::new() }
}

fn negative(clause: &Clause<'_, '_>) -> Vec<Term> {
    let negative = clause.conditions.iter().filter(|condition| condition.is_negated);
    negative.map(|condition| Term { conditions: vec![spelled(condition)], unless: Vec::new() }).collect()
}

fn spelled(condition: &Condition<'_>) -> (Attribute, Vec<String>) {
    let word = |word: &Word| word.value.clone();
    (condition.attribute.clone(), condition.words.iter().map(word).collect())
}

impl fmt::Display for Allowed {
    /// `GET,POST /cart/* except /cart/admin*`; nothing where every request passes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() {
            return Ok(());
        }
        write!(f, "{}", self.term)?;
        self.except.iter().try_for_each(|except| write!(f, " except {except}"))
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = |attribute: &Attribute| match attribute {
            Attribute::Method => 0,
            Attribute::Path => 1,
            _ => 2,
        };
        let mut conditions: Vec<_> = self.conditions.iter().collect();
        conditions.sort_by_key(|(attribute, _)| order(attribute));
        let parts: Vec<String> = conditions.iter().map(|(attribute, words)| part(attribute, words)).collect();
        f.write_str(if parts.is_empty() { "*" } else { "" })?;
        f.write_str(&parts.join(" "))?;
        self.unless.iter().try_for_each(|unless| write!(f, " unless {unless}"))
    }
}

impl fmt::Display for Attribute {
    /// As programs read it: `path`, `header x-version`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("host"),
            Self::Method => f.write_str("method"),
            Self::Path => f.write_str("path"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::ServerName => f.write_str("sni"),
            Self::RemoteAddress => f.write_str("remote address"),
            Self::RequestPrincipal => f.write_str("request principal"),
            Self::Audience | Self::SoleAudience => f.write_str("audience"),
            Self::Presenter => f.write_str("presenter"),
            Self::Claim(path) => write!(f, "claim {}", path.join(".")),
            Self::SourceAddress => f.write_str("source address"),
            Self::DestinationAddress => f.write_str("destination address"),
            Self::Metadata(key) => write!(f, "metadata {key}"),
            Self::Refusal(provider) => write!(f, "refusal by {provider}"),
        }
    }
}

fn part(attribute: &Attribute, words: &[String]) -> String {
    let list = words.join(",");
    match attribute {
        Attribute::Method | Attribute::Path => list,
        Attribute::Host => format!("host {list}"),
        Attribute::Header(name) => format!("header {name}={list}"),
        Attribute::ServerName => format!("sni {list}"),
        Attribute::RemoteAddress => format!("remote {list}"),
        Attribute::SourceAddress => format!("from {list}"),
        Attribute::DestinationAddress => format!("to {list}"),
        Attribute::RequestPrincipal => format!("token {list}"),
        Attribute::Audience | Attribute::SoleAudience => format!("audience {list}"),
        Attribute::Presenter => format!("presenter {list}"),
        Attribute::Claim(path) => format!("claim {}={list}", path.join(".")),
        Attribute::Metadata(key) => format!("metadata {key}={list}"),
        Attribute::Refusal(provider) => format!("as `{provider}` says"),
    }
}
