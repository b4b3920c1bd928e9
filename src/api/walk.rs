//! Walks an object along the definitions of its version.

use serde_json::Value as Json;

use super::{Fault, Rule};
use crate::{
    diagnostic::Diagnostic,
    release::{ApiVersion, Bound, Definition, Fact, Member, Minors, Product, Type},
    schema::{either, found, nearest, quoted},
    source::Span,
    yaml::{Kind, Node, Scalar, Value},
};

/// What every object has beside what its kind has. A status is written by controllers, and taken from nobody else.
const HEAD: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// Adds the faults of an object of a version.
pub(super) fn walk(
    product: Product,
    version: &ApiVersion,
    object: &Node,
    kind: &str,
    faults: &mut Vec<Fault>,
) {
    let mut walk = Walk { product, among: version.served, object: object.span, faults };
    walk.node(version.root, object, Place::Root(kind), version.served);
}

/// Adds the faults of what every object has, which are the same for every product.
pub(super) fn walk_meta(object: &Node, faults: &mut Vec<Fault>) {
    let (Some(metadata), product) = (object.get("metadata"), Product::Kubernetes) else { return };
    let versions =
        product.api().versions("meta", "ObjectMeta").expect("the facts hold what every object has");
    walk_part(product, &versions[0], metadata, object.span, "metadata", faults);
}

/// Adds the faults of a value that stands under a key.
pub(super) fn walk_part(
    product: Product,
    version: &ApiVersion,
    node: &Node,
    object: Span,
    name: &str,
    faults: &mut Vec<Fault>,
) {
    let mut walk = Walk { product, among: version.served, object, faults };
    walk.node(version.root, node, Place::Field(name), version.served);
}

struct Walk<'a> {
    product: Product,
    among: Minors,
    object: Span,
    faults: &'a mut Vec<Fault>,
}

/// How messages call a value.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// The object, by its kind.
    Root(&'a str),
    /// The value of a field or key.
    Field(&'a str),
    /// An item of a field's list.
    Item(&'a str),
}

impl Place<'_> {
    fn name(self) -> String {
        match self {
            Self::Root(name) | Self::Field(name) => format!("`{name}`"),
            Self::Item(name) => format!("an item of `{name}`"),
        }
    }
}

impl Walk<'_> {
    /// Holds a value against a definition, for some minors.
    fn node(&mut self, number: usize, node: &Node, place: Place<'_>, minors: Minors) {
        if is_filled_in_later(node) {
            return;
        }
        let definition = self.product.api().definition(number);
        let misfits =
            refusing(definition, minors, |fact| matches!(fact, Fact::Type(one) if !fits(*one, node)));
        self.report(Rule::Type, misfits, || wrong_type(definition, node, place));
        let minors = minors.less(misfits);
        if minors.is_empty() {
            return;
        }
        match &node.value {
            Value::Scalar(scalar) => self.scalar(definition, scalar, node, place, minors),
            Value::Sequence(items) => self.sequence(definition, items, node, place, minors),
            Value::Mapping(entries) => self.mapping(definition, entries, node, place, minors),
        }
    }

    fn report(&mut self, rule: Rule, minors: Minors, diagnostic: impl FnOnce() -> Diagnostic) {
        if !minors.is_empty() {
            let (product, among, object) = (self.product, self.among, self.object);
            let diagnostic = diagnostic();
            self.faults.push(Fault { rule, product, minors, among, object, diagnostic });
        }
    }

    fn scalar(
        &mut self,
        definition: &Definition,
        scalar: &Scalar,
        node: &Node,
        place: Place<'_>,
        minors: Minors,
    ) {
        let unknown = refusing(definition, minors, |fact| match fact {
            Fact::Enum(values) => !values.iter().any(|value| equals(value, node)),
            _ => false,
        });
        self.report(Rule::Enum, unknown, || unknown_value(definition, node, place));
        let unmatched = refusing(definition, minors, |fact| !matches(fact, scalar));
        self.report(Rule::Pattern, unmatched, || no_match(definition, scalar, node, place));
        let (number, length) = (value(scalar), length(scalar));
        let size = |bound| match bound {
            Bound::Minimum | Bound::Maximum => number,
            Bound::MinLength | Bound::MaxLength => length,
            Bound::MinItems | Bound::MaxItems | Bound::MinProperties | Bound::MaxProperties => None,
        };
        self.bounds(definition, size, node, place, minors);
    }

    fn sequence(
        &mut self,
        definition: &Definition,
        items: &[Node],
        node: &Node,
        place: Place<'_>,
        minors: Minors,
    ) {
        let size = |bound| matches!(bound, Bound::MinItems | Bound::MaxItems).then(|| count(items.len()));
        self.bounds(definition, size, node, place, minors);
        let Some(part) = &definition.others else { return };
        let name = match place {
            Place::Root(name) | Place::Field(name) | Place::Item(name) => name,
        };
        for item in items {
            self.node(part.definition, item, Place::Item(name), minors.and(part.minors));
        }
    }

    fn mapping(
        &mut self,
        definition: &Definition,
        entries: &[(Node, Node)],
        node: &Node,
        place: Place<'_>,
        minors: Minors,
    ) {
        let size = |bound| {
            matches!(bound, Bound::MinProperties | Bound::MaxProperties).then(|| count(entries.len()))
        };
        self.bounds(definition, size, node, place, minors);
        self.presence(definition, node, place, minors);
        let open = holding(definition, minors, |fact| matches!(fact, Fact::Open));
        for (key, value) in entries {
            let Some(name) = key.text() else { continue };
            // To the API server, a field that is null is not there.
            if value.is_null() || matches!(place, Place::Root(_)) && HEAD.contains(&name) {
                continue;
            }
            match (definition.field(name), &definition.others) {
                (Some(part), _) => self.field(part, open, key, value, place, minors),
                (None, Some(part)) => {
                    self.node(part.definition, value, Place::Field(name), minors.and(part.minors));
                }
                (None, None) => {
                    let unknown = minors.less(open);
                    let becomes = becomes(self.product);
                    self.report(Rule::Unknown, unknown, || {
                        unknown_field(definition, key, node, place).with_help(becomes)
                    });
                }
            }
        }
    }

    fn field(
        &mut self,
        part: &Member,
        open: Minors,
        key: &Node,
        value: &Node,
        place: Place<'_>,
        minors: Minors,
    ) {
        let (product, had) = (self.product, minors.and(part.minors));
        self.report(Rule::NotServed, minors.less(part.minors).less(open), || {
            let (field, name) = (part.name, product.name());
            let message = format!("this {name} has no field `{field}` in {}", place.name());
            Diagnostic::error(Rule::NotServed.code(), key.span, message, lifetime(product, had))
                .with_help(becomes(product))
        });
        if !had.is_empty() {
            self.node(part.definition, value, Place::Field(part.name), had);
        }
    }

    /// Which fields must be there, and which exclude each other.
    fn presence(&mut self, definition: &Definition, node: &Node, place: Place<'_>, minors: Minors) {
        for (held, fact) in &definition.facts {
            let minors = minors.and(*held);
            match fact {
                Fact::Required(name) if !has(node, name) && !is_misspelt(definition, name, node) => {
                    self.report(Rule::Required, minors, || missing(name, node, place));
                }
                Fact::AtMostOne(names) => {
                    let mut there =
                        names.iter().filter_map(|name| node.entry(name)).filter(|it| !it.1.is_null());
                    if let (Some((first, _)), Some((second, _))) = (there.next(), there.next()) {
                        self.report(Rule::Exclusive, minors, || exclusive(first, second, place));
                    }
                }
                Fact::Required(_)
                | Fact::Type(_)
                | Fact::Open
                | Fact::Enum(_)
                | Fact::Pattern(_)
                | Fact::Bound(..)
                | Fact::Keys(_) => {}
            }
        }
    }

    /// Holds the sizes that a value has against their bounds.
    fn bounds(
        &mut self,
        definition: &Definition,
        size: impl Fn(Bound) -> Option<f64>,
        node: &Node,
        place: Place<'_>,
        minors: Minors,
    ) {
        for (held, fact) in &definition.facts {
            let Fact::Bound(bound, limit) = fact else { continue };
            let Some(size) = size(*bound) else { continue };
            if if is_least(*bound) { size < *limit } else { size > *limit } {
                self.report(Rule::Range, minors.and(*held), || {
                    out_of_range(*bound, *limit, size, node, place)
                });
            }
        }
    }
}

/// Returns the minors in which some fact does not hold.
fn refusing(definition: &Definition, minors: Minors, fails: impl Fn(&Fact) -> bool) -> Minors {
    let failing = definition.facts.iter().filter(|(_, fact)| fails(fact));
    failing.fold(Minors::NONE, |all, (held, _)| all.or(minors.and(*held)))
}

/// Returns the minors in which some fact holds.
fn holding(definition: &Definition, minors: Minors, holds: impl Fn(&Fact) -> bool) -> Minors {
    refusing(definition, minors, holds)
}

/// A variable of Flux or of another program stands for a value that nobody can judge yet.
fn is_filled_in_later(node: &Node) -> bool {
    node.text().is_some_and(|text| text.contains("${"))
}

fn has(node: &Node, name: &str) -> bool {
    node.get(name).is_some_and(|value| !value.is_null())
}

fn fits(one: Type, node: &Node) -> bool {
    match one {
        Type::Object => node.is_mapping(),
        Type::Array => node.is_sequence(),
        Type::String => matches!(node.kind(), Some(Kind::String)),
        Type::Boolean => matches!(node.kind(), Some(Kind::Bool(_))),
        Type::Number => matches!(node.kind(), Some(Kind::Int(_) | Kind::Float(_))),
        Type::Integer => is_whole(node.kind()),
        Type::IntOrString => is_whole(node.kind()) || fits(Type::String, node),
        Type::Quantity => fits(Type::Number, node) || fits(Type::String, node),
    }
}

/// `1.0` and `1e3` reach the API server as whole numbers.
fn is_whole(kind: Option<Kind>) -> bool {
    match kind {
        Some(Kind::Int(_)) => true,
        Some(Kind::Float(value)) => value.fract() == 0.0,
        Some(Kind::Null | Kind::Bool(_) | Kind::String) | None => false,
    }
}

/// Whether a text matches a pattern; what is neither is no matter.
fn matches(fact: &Fact, scalar: &Scalar) -> bool {
    match fact {
        Fact::Pattern(pattern) => scalar.kind() != Kind::String || pattern.is_match(&scalar.text),
        Fact::Type(_)
        | Fact::Open
        | Fact::Required(_)
        | Fact::AtMostOne(_)
        | Fact::Enum(_)
        | Fact::Bound(..)
        | Fact::Keys(_) => true,
    }
}

fn equals(value: &Json, node: &Node) -> bool {
    serde_json::to_value(node).is_ok_and(|node| node == *value)
}

#[expect(clippy::cast_precision_loss, reason = "bounds are far below 2^53, and so is everything near them")]
fn value(scalar: &Scalar) -> Option<f64> {
    match scalar.kind() {
        Kind::Int(value) => Some(value as f64),
        Kind::Float(value) => Some(value),
        Kind::Null | Kind::Bool(_) | Kind::String => None,
    }
}

fn length(scalar: &Scalar) -> Option<f64> {
    (scalar.kind() == Kind::String).then(|| count(scalar.text.chars().count()))
}

#[expect(clippy::cast_precision_loss, reason = "no text has 2^53 characters")]
fn count(count: usize) -> f64 {
    count as f64
}

fn is_least(bound: Bound) -> bool {
    match bound {
        Bound::Minimum | Bound::MinLength | Bound::MinItems | Bound::MinProperties => true,
        Bound::Maximum | Bound::MaxLength | Bound::MaxItems | Bound::MaxProperties => false,
    }
}

/// Says which minors have something: `Istio has it from 1.25 on`.
pub(super) fn lifetime(product: Product, minors: Minors) -> String {
    let (api, name) = (product.api(), product.name());
    let ends = |minors| api.ends(minors);
    match (ends(minors), ends(api.all())) {
        (Some((first, last)), Some((oldest, newest))) => match (first == oldest, last == newest) {
            (false, true) => format!("{name} has it from {first} on"),
            (true, false) => format!("{name} had it up to {last}"),
            (false, false) => format!("{name} had it from {first} to {last}"),
            (true, true) => format!("{name} has it"),
        },
        (None, _) | (_, None) => format!("no {name} has it"),
    }
}

fn wrong_type(definition: &Definition, node: &Node, place: Place<'_>) -> Diagnostic {
    let types = definition.facts.iter().rev().find_map(|(_, fact)| match fact {
        Fact::Type(one) if !fits(*one, node) => Some(expected(*one)),
        _ => None,
    });
    let expected = types.unwrap_or("another type");
    let message = format!("{} is {}, {expected} was expected", place.name(), found(node));
    let fault = Diagnostic::error(Rule::Type.code(), node.head(), message, format!("expected {expected}"));
    let scalar = node.scalar().filter(|_| expected == "text" && !node.is_null());
    match scalar {
        Some(scalar) => fault
            .with_help("put it in quotes, so that YAML reads it as text")
            .with_edit(node.span, format!("\"{}\"", scalar.text)),
        None => fault,
    }
}

fn expected(one: Type) -> &'static str {
    match one {
        Type::Object => "a mapping",
        Type::Array => "a list",
        Type::String => "text",
        Type::Integer => "a whole number",
        Type::Number => "a number",
        Type::Boolean => "`true` or `false`",
        Type::IntOrString => "a whole number or text",
        Type::Quantity => "a quantity",
    }
}

fn unknown_value(definition: &Definition, node: &Node, place: Place<'_>) -> Diagnostic {
    let lists = definition.facts.iter().filter_map(|(_, fact)| match fact {
        Fact::Enum(values) => Some(values),
        _ => None,
    });
    let mut words: Vec<String> = Vec::new();
    for value in lists.flatten() {
        let word = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Names are what a reader wants, where an enumeration goes by numbers as well.
        let is_name = value.is_string() || node.as_int().is_some();
        if is_name && !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    let (text, expected) = (node.text().unwrap_or_default(), either(&quoted(&words)));
    let message = format!("unknown value `{text}` of {}", place.name());
    let fault = |label| Diagnostic::error(Rule::Enum.code(), node.span, message, label);
    match nearest(text, words.iter().map(String::as_str)) {
        Some(near) => fault(format!("did you mean `{near}`?"))
            .with_help(format!("possible are {expected}"))
            .with_edit(node.span, near),
        None => fault(format!("expected {expected}")),
    }
}

fn no_match(definition: &Definition, scalar: &Scalar, node: &Node, place: Place<'_>) -> Diagnostic {
    let pattern = definition.facts.iter().find_map(|(_, fact)| match fact {
        Fact::Pattern(pattern) if !matches(fact, scalar) => Some(pattern.as_str()),
        _ => None,
    });
    let message = format!("`{}` is no value of {}", scalar.text, place.name());
    let label = format!("does not match `{}`", pattern.unwrap_or_default());
    Diagnostic::error(Rule::Pattern.code(), node.span, message, label)
}

/// What Flux makes of a field that the API does not have (kustomize-controller 1.9.6: it reads built-in kinds as Go types
/// before it applies them; of others, the API server says `field not declared in schema`).
fn becomes(product: Product) -> &'static str {
    match product {
        Product::Kubernetes => "kubectl refuses the object; Flux drops the field without a word",
        Product::Flux | Product::GatewayApi | Product::Istio => {
            "kubectl refuses the object, and Flux its whole Kustomization"
        }
        Product::MeshConfig => "istiod passes over it, and says so nowhere",
    }
}

fn unknown_field(definition: &Definition, key: &Node, node: &Node, place: Place<'_>) -> Diagnostic {
    let text = key.text().unwrap_or_default();
    let message = format!("unknown field `{text}` of {}", place.name());
    let fault = |label: String| Diagnostic::error(Rule::Unknown.code(), key.span, message, label);
    if let Some(near) = meant(definition, text, node) {
        return fault(format!("did you mean `{near}`?")).with_edit(key.span, near);
    }
    let names = quoted(definition.fields.iter().map(|part| part.name));
    match names.len() {
        0 => fault("no field is expected here".to_owned()),
        1..=12 => fault("not expected here".to_owned())
            .with_help(format!("the fields here are {}", names.join(", "))),
        _ => fault("not expected here".to_owned()),
    }
}

/// Returns the field that an unknown one was probably meant to be: one that is not there yet.
fn meant<'d>(definition: &'d Definition, text: &str, node: &Node) -> Option<&'d str> {
    nearest(text, definition.fields.iter().map(|part| part.name).filter(|name| node.get(name).is_none()))
}

/// Tells whether a field that is missing stands there under a wrong name, which is a fault of its own.
fn is_misspelt(definition: &Definition, name: &str, node: &Node) -> bool {
    let names = node.entries().iter().filter_map(|(key, _)| key.text());
    names
        .filter(|text| definition.field(text).is_none())
        .any(|text| meant(definition, text, node) == Some(name))
}

fn missing(name: &str, node: &Node, place: Place<'_>) -> Diagnostic {
    let message = format!("`{name}` is missing in {}", place.name());
    Diagnostic::error(Rule::Required.code(), node.head(), message, format!("`{name}` was expected here"))
}

fn exclusive(first: &Node, second: &Node, place: Place<'_>) -> Diagnostic {
    let names = [first, second].map(|key| key.text().unwrap_or_default());
    let message = format!("`{}` and `{}` of {} exclude each other", names[0], names[1], place.name());
    Diagnostic::error(Rule::Exclusive.code(), second.span, message, "not possible together")
        .with_context(first.span, "with this")
        .with_help("remove one of the two")
}

fn out_of_range(bound: Bound, limit: f64, size: f64, node: &Node, place: Place<'_>) -> Diagnostic {
    let name = place.name();
    let noun = match bound {
        Bound::Minimum | Bound::Maximum => "",
        Bound::MinLength | Bound::MaxLength => " characters",
        Bound::MinItems | Bound::MaxItems => " items",
        Bound::MinProperties | Bound::MaxProperties => " keys",
    };
    let message = match (noun, size == 0.0) {
        ("", _) => format!("{name} is {}", node.text().unwrap_or_default()),
        (_, true) => format!("{name} is empty"),
        (noun, false) => format!("{name} has {size}{noun}"),
    };
    let most = if is_least(bound) { "at least" } else { "at most" };
    let noun = if limit <= 1.0 { noun.trim_end_matches('s') } else { noun };
    Diagnostic::error(Rule::Range.code(), node.head(), message, format!("{most} {limit}{noun}"))
}
