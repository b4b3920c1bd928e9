//! What the APIs of kinds are made of: the fields of each version of each kind, with the minors that have them.
//!
//! A file of `release/api/` holds every minor of a product, and is read when the first object of one of its groups is met;
//! a definition, when it is first asked for.

use std::sync::{LazyLock, OnceLock};

use regex_lite::Regex;
use serde_json::Value as Json;

use super::version::Minor;

/// What defines kinds, each with releases of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// The kinds of `gateway.networking.k8s.io`. Which release of it a cluster has, nothing that we read says.
    GatewayApi,
    /// The kinds of `toolkit.fluxcd.io`.
    Flux,
    /// The kinds of `istio.io`.
    Istio,
    /// The kinds that are built in.
    Kubernetes,
    /// The mesh config, which istiod reads.
    MeshConfig,
}

/// Some minors of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minors(u32);

/// The kinds of a product, in every minor.
#[derive(Debug)]
pub struct Api {
    minors: Vec<Minor>,
    kinds: Vec<Kind>,
    definitions: Vec<Lazy>,
}

/// A kind, with the versions that some minor serves.
#[derive(Debug)]
struct Kind {
    group: &'static str,
    name: &'static str,
    versions: Vec<Version>,
}

/// A version of a kind.
#[derive(Debug)]
pub struct Version {
    /// `v1`.
    pub name: &'static str,
    /// The minors that serve it.
    pub served: Minors,
    /// What an object of it is, less what every object has.
    pub root: usize,
}

/// A definition as it is written, and once it is read.
#[derive(Debug)]
struct Lazy {
    text: &'static str,
    read: OnceLock<Definition>,
}

/// What holds of a value, and the definitions of its parts.
#[derive(Debug, Default)]
pub struct Definition {
    /// What holds of it.
    pub facts: Vec<(Minors, Fact)>,
    /// Its fields, by name.
    pub fields: Vec<Member>,
    /// What its items are, or the values of any other key.
    pub others: Option<Member>,
}

/// A part of a value.
#[derive(Debug)]
pub struct Member {
    /// The field; empty for items and other keys.
    pub name: &'static str,
    /// The minors that have it, as far as they have the whole.
    pub minors: Minors,
    /// Its definition.
    pub definition: usize,
}

/// What holds of a value.
#[derive(Debug)]
pub enum Fact {
    /// Its type.
    Type(Type),
    /// Fields that are not defined are kept.
    Open,
    /// A field that must be there.
    Required(&'static str),
    /// Fields of which at most one may be there.
    AtMostOne(Vec<String>),
    /// The values that are possible.
    Enum(Vec<Json>),
    /// The expression that its text must match.
    Pattern(Regex),
    /// The bounds of a size or a number, each included.
    Bound(Bound, f64),
    /// The fields by which the items of a list differ.
    Keys(Vec<String>),
}

/// A type, as `CustomResourceDefinitions` know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named for what it is")]
pub enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
    /// A number or a text, such as `0.5` and `500m`.
    Quantity,
}

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is named for the keyword of OpenAPI that states it")]
pub enum Bound {
    Minimum,
    Maximum,
    MinLength,
    MaxLength,
    MinItems,
    MaxItems,
    MinProperties,
    MaxProperties,
}

/// How the files call the group that has no name.
const CORE: &str = "core";

impl Product {
    /// Returns whose kinds those of an API group are; nothing for a group that the facts do not hold.
    pub fn of(group: &str) -> Option<Self> {
        match group {
            "extensions.istio.io" | "networking.istio.io" | "security.istio.io" | "telemetry.istio.io" => {
                Some(Self::Istio)
            }
            "helm.toolkit.fluxcd.io" | "kustomize.toolkit.fluxcd.io" | "source.toolkit.fluxcd.io" => {
                Some(Self::Flux)
            }
            "gateway.networking.k8s.io" | "gateway.networking.x-k8s.io" => Some(Self::GatewayApi),
            ""
            | "admissionregistration.k8s.io"
            | "apps"
            | "batch"
            | "extensions"
            | "networking.k8s.io"
            | "rbac.authorization.k8s.io" => Some(Self::Kubernetes),
            _ => None,
        }
    }

    /// Returns its kinds.
    pub fn api(self) -> &'static Api {
        static FLUX: LazyLock<Api> = LazyLock::new(|| Api::read(include_str!("../../release/api/flux.txt")));
        static GATEWAY_API: LazyLock<Api> =
            LazyLock::new(|| Api::read(include_str!("../../release/api/gateway-api.txt")));
        static ISTIO: LazyLock<Api> =
            LazyLock::new(|| Api::read(include_str!("../../release/api/istio.txt")));
        static KUBERNETES: LazyLock<Api> =
            LazyLock::new(|| Api::read(include_str!("../../release/api/kubernetes.txt")));
        static MESH_CONFIG: LazyLock<Api> =
            LazyLock::new(|| Api::read(include_str!("../../release/api/mesh-config.txt")));
        match self {
            Self::Flux => &FLUX,
            Self::GatewayApi => &GATEWAY_API,
            Self::Istio => &ISTIO,
            Self::Kubernetes => &KUBERNETES,
            Self::MeshConfig => &MESH_CONFIG,
        }
    }

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flux => "Flux",
            Self::GatewayApi => "Gateway API",
            Self::Istio | Self::MeshConfig => "Istio",
            Self::Kubernetes => "Kubernetes",
        }
    }
}

impl Minors {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Returns whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns those that are in both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns those that are in either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns those that are not in `other`.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl Api {
    /// Reads a file that `cargo run --example release` writes.
    fn read(text: &'static str) -> Self {
        let (head, definitions) = text.split_once("\ndefinitions\n").expect("a file has definitions");
        let mut lines = head.lines().filter(|line| !line.starts_with('#'));
        let minors = lines.next().and_then(|line| line.strip_prefix("minors ")).expect("minors come first");
        let minors: Vec<Minor> = minors.split(' ').map(minor).collect();
        let mut kinds: Vec<Kind> = Vec::new();
        for line in lines {
            if let Some(version) = line.strip_prefix(' ') {
                let (served, rest) = ranged(version, &minors);
                let (name, root) = rest.split_once(' ').expect("a version has a definition");
                let version = Version { name, served: served.and(all(&minors)), root: number(root) };
                kinds.last_mut().expect("a kind comes before its versions").versions.push(version);
            } else {
                let (group, name) = line.split_once(' ').expect("a kind has a group");
                let group = if group == CORE { "" } else { group };
                kinds.push(Kind { group, name, versions: Vec::new() });
            }
        }
        kinds.sort_unstable_by_key(|kind| (kind.group, kind.name));
        Self { minors, kinds, definitions: split(definitions) }
    }

    /// Returns the versions of a kind that some minor serves.
    pub fn versions(&self, group: &str, kind: &str) -> Option<&[Version]> {
        let found = self.kinds.binary_search_by_key(&(group, kind), |known| (known.group, known.name));
        found.ok().map(|index| self.kinds[index].versions.as_slice())
    }

    /// Returns every kind, by group and name.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.kinds.iter().map(|kind| (kind.group, kind.name))
    }

    /// Returns a definition.
    pub fn definition(&self, number: usize) -> &Definition {
        let lazy = &self.definitions[number];
        lazy.read.get_or_init(|| Definition::read(lazy.text, &self.minors))
    }

    /// Returns every minor.
    pub fn all(&self) -> Minors {
        all(&self.minors)
    }

    /// Returns the one minor; the newest for a newer one, the oldest for an older one.
    pub fn one(&self, minor: Minor) -> Minors {
        let index = self.minors.iter().rposition(|known| *known <= minor).unwrap_or_default();
        Minors(1 << index)
    }

    /// Returns the oldest and the newest of some minors.
    pub fn ends(&self, minors: Minors) -> Option<(Minor, Minor)> {
        let mut held = (0..self.minors.len()).filter(|bit| minors.0 & 1 << bit != 0);
        let first = held.next()?;
        Some((self.minors[first], self.minors[held.next_back().unwrap_or(first)]))
    }
}

impl Definition {
    fn read(text: &'static str, minors: &[Minor]) -> Self {
        let mut definition = Self::default();
        for line in text.lines() {
            let (held, line) = ranged(line.trim_start_matches(' '), minors);
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let part = |name| Member { name, minors: held, definition: number(rest) };
            if let Some(name) = word.strip_prefix('.') {
                definition.fields.push(part(name));
            } else if matches!(word, "[]" | "{}") {
                definition.others = Some(part(""));
            } else {
                definition.facts.push((held, Fact::read(word, rest)));
            }
        }
        definition
    }

    /// Returns a field.
    pub fn field(&self, name: &str) -> Option<&Member> {
        let found = self.fields.binary_search_by_key(&name, |part| part.name);
        found.ok().map(|index| &self.fields[index])
    }
}

impl Fact {
    fn read(word: &str, rest: &'static str) -> Self {
        let texts = || serde_json::from_str(rest).expect("a list of texts");
        let bound = |bound| Self::Bound(bound, rest.parse().expect("a number"));
        match word {
            "type" => Self::Type(Type::read(rest)),
            "open" => Self::Open,
            "required" => Self::Required(rest),
            "one" => Self::AtMostOne(texts()),
            "enum" => Self::Enum(serde_json::from_str(rest).expect("a list")),
            "pattern" => {
                let text: String = serde_json::from_str(rest).expect("a text");
                Self::Pattern(Regex::new(&text).expect("upstream's patterns are expressions of RE2"))
            }
            "keys" => Self::Keys(texts()),
            "minimum" => bound(Bound::Minimum),
            "maximum" => bound(Bound::Maximum),
            "minLength" => bound(Bound::MinLength),
            "maxLength" => bound(Bound::MaxLength),
            "minItems" => bound(Bound::MinItems),
            "maxItems" => bound(Bound::MaxItems),
            "minProperties" => bound(Bound::MinProperties),
            "maxProperties" => bound(Bound::MaxProperties),
            word => panic!("`{word}` is a fact that the program that writes the files does not write"),
        }
    }
}

impl Type {
    fn read(name: &str) -> Self {
        match name {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "int-or-string" => Self::IntOrString,
            "quantity" => Self::Quantity,
            name => panic!("`{name}` is a type that the program that writes the files does not write"),
        }
    }
}

fn minor(text: &str) -> Minor {
    text.parse().expect("a minor")
}

fn number(text: &str) -> usize {
    text.parse().expect("the number of a definition")
}

fn all(minors: &[Minor]) -> Minors {
    Minors((1 << minors.len()) - 1)
}

/// Splits `@1.25- rest` or `@-1.22,1.25- rest` into minors and rest; without a range, the minors are those of the whole, whichever these are.
fn ranged<'t>(line: &'t str, minors: &[Minor]) -> (Minors, &'t str) {
    let Some((range, rest)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
        return (Minors(u32::MAX), line);
    };
    let place = |text: &str| minors.iter().position(|known| *known == minor(text)).expect("a known minor");
    let mut held = 0;
    for range in range.split(',') {
        let (since, until) = range.split_once('-').expect("a range has two ends");
        let first = if since.is_empty() { 0 } else { place(since) };
        let last = if until.is_empty() { minors.len() - 1 } else { place(until) };
        held |= (first..=last).fold(0, |held, bit| held | 1 << bit);
    }
    (Minors(held), rest)
}

/// Splits the definitions at the lines that hold their numbers, which are in order.
fn split(text: &'static str) -> Vec<Lazy> {
    let mut starts: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.starts_with(' ') {
            starts.push(at);
        }
        at += line.len();
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let body =
        |(start, end): (&usize, usize)| text[*start..end].split_once('\n').map_or("", |(_, body)| body);
    starts.iter().zip(ends).map(|range| Lazy { text: body(range), read: OnceLock::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_definition_of_every_product_can_be_read() {
        for product in [Product::Flux, Product::GatewayApi, Product::Istio, Product::Kubernetes] {
            let api = product.api();
            assert!(api.kinds().count() > 5 && api.definitions.len() > 100, "{product:?}");
            for number in 0..api.definitions.len() {
                let definition = api.definition(number);
                assert!(definition.fields.is_sorted_by_key(|part| part.name), "definition {number}");
            }
            for (group, kind) in api.kinds() {
                assert!(Product::of(group) == Some(product) || kind == "ObjectMeta", "{group} {kind}");
            }
        }
    }

    #[test]
    fn a_range_holds_both_of_its_ends() {
        let api = Product::Istio.api();
        let ends = |range: &str| {
            let (minors, rest) = ranged(range, &api.minors);
            (api.ends(minors.and(api.all())).map(|(a, b)| (a.to_string(), b.to_string())), rest.to_owned())
        };
        let expected = |a: &str, b: &str, rest: &str| (Some((a.to_owned(), b.to_owned())), rest.to_owned());
        assert_eq!(ends("@1.25- .a 1"), expected("1.25", "1.30", ".a 1"));
        assert_eq!(ends("@-1.23 .a 1"), expected("1.21", "1.23", ".a 1"));
        assert_eq!(ends("@1.22-1.22 open"), expected("1.22", "1.22", "open"));
        assert_eq!(ends("@-1.22,1.24-1.24 open"), expected("1.21", "1.24", "open"));
        let gap = ranged("@-1.22,1.24-1.24 open", &api.minors).0.and(api.one(minor("1.23")));
        assert!(gap.is_empty());
        assert_eq!(ends("open"), expected("1.21", "1.30", "open"));
    }
}
