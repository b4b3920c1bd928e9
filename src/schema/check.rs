//! Walks a node along the rules.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::names::{either, expectation, found, nearest, quoted};
use super::{Additional, Rule, RuleId, Schema, Type, format};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::{Kind, Node, Scalar, Style, Value};

/// One run over one node.
pub struct Check<'a> {
    pub schema: &'a Schema,
    pub diagnostics: &'a mut Vec<Diagnostic>,
}

impl Check<'_> {
    /// Returns what fits of the root; nothing if it is of the wrong type.
    pub fn run(&mut self, node: &Node) -> Option<Node> {
        self.node(0, node, "the document")
    }

    /// Returns what fits of `node`. `name` is how messages call it, backticks included.
    fn node(&mut self, id: RuleId, node: &Node, name: &str) -> Option<Node> {
        let schema = self.schema;
        let rule = schema.rule(id);
        if let Some(values) = &rule.values {
            return self.one_of(values, node, name);
        }
        if !rule.types.is_empty() && !fits(&rule.types, node) {
            self.report(misread(rule, node).unwrap_or_else(|| wrong_type(&rule.types, node, name)));
            return None;
        }
        let kept = match &node.value {
            Value::Scalar(scalar) => self.scalar(rule, scalar, node, name),
            Value::Sequence(items) => self.sequence(rule, items, node, name),
            Value::Mapping(entries) => self.mapping(rule, entries, node, name),
        }?;
        self.branch(rule, node, kept, name)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Keeps `node` if there is no fault.
    fn judge(&mut self, node: &Node, fault: Option<Diagnostic>) -> Option<Node> {
        match fault {
            None => Some(node.clone()),
            Some(fault) => {
                self.report(fault);
                None
            }
        }
    }

    fn one_of(&mut self, values: &[Json], node: &Node, name: &str) -> Option<Node> {
        let is_listed = values.iter().any(|value| equals(value, node));
        self.judge(node, (!is_listed).then(|| unknown_value(values, node, name)))
    }

    fn scalar(&mut self, rule: &Rule, scalar: &Scalar, node: &Node, name: &str) -> Option<Node> {
        let fault = control_character(node)
            .or_else(|| number_bounds(rule, scalar, node.span, name))
            .or_else(|| length_bounds(rule, scalar, node.span, name))
            .or_else(|| rule.format.as_deref().and_then(|format| wrong_format(format, node)));
        self.judge(node, fault)
    }

    fn sequence(&mut self, rule: &Rule, items: &[Node], node: &Node, name: &str) -> Option<Node> {
        if let Some(fault) = size_bounds(rule.min_items, rule.max_items, items.len(), "item", node, name) {
            self.report(fault);
            return None;
        }
        let item_name = format!("an item of {name}");
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if rule.unique_items && self.is_repeated(item, &mut seen, name) {
                continue;
            }
            kept.extend(match rule.items {
                Some(id) => self.node(id, item, &item_name),
                None => self.anything(item),
            });
        }
        Some(Node { span: node.span, value: Value::Sequence(kept) })
    }

    fn is_repeated(&mut self, item: &Node, seen: &mut HashMap<String, Span>, name: &str) -> bool {
        // Values are compared, not spellings: `80` and `0x50` are the same port.
        let Ok(value) = serde_json::to_string(item) else { return false };
        let Some(first) = seen.get(&value) else {
            seen.insert(value, item.head());
            return false;
        };
        let shown = item.text().map_or_else(|| "an item".to_owned(), |text| format!("`{text}`"));
        let message = format!("{shown} stands twice in {name}");
        let fault = Diagnostic::error("duplicate-item", item.head(), message, "listed again here");
        self.report(fault.with_context(*first, "first listed here").with_help("remove one of the two"));
        true
    }

    fn mapping(&mut self, rule: &Rule, entries: &[(Node, Node)], node: &Node, name: &str) -> Option<Node> {
        if let Some(fault) =
            size_bounds(rule.min_properties, rule.max_properties, entries.len(), "key", node, name)
        {
            self.report(fault);
            return None;
        }
        for key in rule.required.iter().filter(|key| node.get(key).is_none() && !is_misspelt(rule, key, node))
        {
            self.report(missing_key(self.schema, rule, &[key], node, name));
        }
        let kept = entries.iter().filter_map(|(key, value)| self.entry(rule, key, value, node)).collect();
        Some(Node { span: node.span, value: Value::Mapping(kept) })
    }

    fn entry(&mut self, rule: &Rule, key: &Node, value: &Node, mapping: &Node) -> Option<(Node, Node)> {
        let text = key.text()?;
        if let Some(fault) = control_character(key) {
            self.report(fault);
            return None;
        }
        let name = format!("`{text}`");
        if let Some((_, id)) = rule.properties.iter().find(|(property, _)| property == text) {
            return Some((key.clone(), self.node(*id, value, &name)?));
        }
        if let Some(names) = rule.names {
            self.node(names, &as_text(key), "the key")?;
        }
        let value = match rule.additional {
            Additional::Refused => {
                self.report(unknown_key(rule, key, mapping));
                None
            }
            Additional::Kept => self.anything(value),
            Additional::Judged(id) => self.node(id, value, &name),
        }?;
        Some((key.clone(), value))
    }

    /// Keeps what no rule describes, but for characters that no text may hold.
    fn anything(&mut self, node: &Node) -> Option<Node> {
        let value = match &node.value {
            Value::Scalar(_) => return self.judge(node, control_character(node)),
            Value::Sequence(items) => {
                Value::Sequence(items.iter().filter_map(|item| self.anything(item)).collect())
            }
            Value::Mapping(entries) => {
                let kept = entries
                    .iter()
                    .filter_map(|(key, value)| Some((self.anything(key)?, self.anything(value)?)));
                Value::Mapping(kept.collect())
            }
        };
        Some(Node { span: node.span, value })
    }

    /// `written` decides which keys are there: one that was dropped as faulty is not missing.
    fn branch(&mut self, rule: &Rule, written: &Node, node: Node, name: &str) -> Option<Node> {
        let schema = self.schema;
        if rule.branches.is_empty() {
            return Some(node);
        }
        if rule.branches.iter().all(|id| is_choice(schema.rule(*id))) {
            self.choice(rule, written, name);
            return Some(node);
        }
        let possible: Vec<RuleId> =
            rule.branches.iter().copied().filter(|id| admits(schema, *id, &node)).collect();
        let mut trials: Vec<Trial> = possible.iter().map(|id| Trial::new(schema, *id, &node, name)).collect();
        if trials.is_empty() {
            let types: Vec<Type> = rule.branches.iter().flat_map(|id| all_types(schema, *id)).collect();
            self.report(wrong_type(&types, &node, name));
            return None;
        }
        let best =
            trials.iter().enumerate().min_by_key(|(_, trial)| trial.rank).map_or(0, |(index, _)| index);
        let mut trial = trials.swap_remove(best);
        // Only what lacks a key may have been meant as something else; a fault further in is just a fault.
        if let Some(first) =
            trial.diagnostics.first_mut().filter(|first| trial.rank.0 > 0 && first.edit.is_none())
        {
            first.help.extend(alternatives(schema, &possible, trial.id));
        }
        self.diagnostics.append(&mut trial.diagnostics);
        trial.kept
    }

    /// Branches that only require keys: one of them must be met, and with `oneOf` only one.
    fn choice(&mut self, rule: &Rule, node: &Node, name: &str) {
        let schema = self.schema;
        let options = rule.branches.iter().map(|id| schema.rule(*id));
        let met: Vec<&Rule> = options.clone().filter(|option| requirements_met(option, node)).collect();
        if met.is_empty() {
            let keys: Vec<&String> = options.filter_map(|option| option.required.first()).collect();
            self.report(missing_key(schema, rule, &keys, node, name));
        }
        if let ([first, second, ..], true) = (met.as_slice(), rule.excludes) {
            self.diagnostics.extend(conflicting_keys(first, second, node));
        }
    }
}

/// What one branch makes of a node.
struct Trial {
    id: RuleId,
    /// Lower is better: required keys that are missing, then unknown keys, then faults.
    rank: (usize, usize, usize),
    kept: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

impl Trial {
    fn new(schema: &Schema, id: RuleId, node: &Node, name: &str) -> Self {
        let rule = schema.rule(id);
        let missing = rule.required.iter().filter(|key| node.get(key).is_none()).count();
        let is_known =
            |key: &Node| rule.properties.iter().any(|(property, _)| Some(property.as_str()) == key.text());
        let unknown = match rule.additional {
            Additional::Refused => node.entries().iter().filter(|(key, _)| !is_known(key)).count(),
            Additional::Kept | Additional::Judged(_) => 0,
        };
        let mut diagnostics = Vec::new();
        let kept = Check { schema, diagnostics: &mut diagnostics }.node(id, node, name);
        Self { id, rank: (missing, unknown, diagnostics.len()), kept, diagnostics }
    }
}

fn is_choice(rule: &Rule) -> bool {
    !rule.required.is_empty() && rule.properties.is_empty() && rule.types.is_empty()
}

fn requirements_met(rule: &Rule, node: &Node) -> bool {
    rule.required.iter().all(|key| node.get(key).is_some())
}

/// Tells whether a branch is meant for nodes of this type.
fn admits(schema: &Schema, id: RuleId, node: &Node) -> bool {
    let rule = schema.rule(id);
    if let Some(values) = &rule.values {
        // A list of texts is meant for any scalar: `off` may be misspelt as well as misread.
        return values.iter().any(|value| equals(value, node))
            || (rule.types.is_empty() && node.scalar().is_some() && !node.is_null());
    }
    let types = all_types(schema, id);
    types.is_empty() || fits(&types, node)
}

/// Returns the types of a rule, or of its branches if it names none.
fn all_types(schema: &Schema, id: RuleId) -> Vec<Type> {
    let rule = schema.rule(id);
    if rule.values.is_some() && rule.types.is_empty() {
        return vec![Type::String];
    }
    // One level is enough: a branch of branches with types at neither level admits everything.
    let inner = rule.branches.iter().flat_map(|id| schema.rule(*id).types.iter().copied());
    if rule.types.is_empty() { inner.collect() } else { rule.types.clone() }
}

fn alternatives(schema: &Schema, possible: &[RuleId], chosen: RuleId) -> Option<String> {
    let others = possible.iter().filter(|id| **id != chosen).map(|id| schema.rule(*id));
    let mut words: Vec<String> = others.filter_map(describe).collect();
    words.dedup();
    (!words.is_empty()).then(|| format!("also possible here: {}", either(&words)))
}

fn describe(rule: &Rule) -> Option<String> {
    if let Some(values) = &rule.values {
        return Some(either(&quoted(values.iter().map(plain))));
    }
    if !rule.required.is_empty() {
        return Some(format!("a mapping with {}", quoted(&rule.required).join(" and ")));
    }
    (!rule.types.is_empty()).then(|| expectation(&rule.types))
}

/// A key is a text, whatever YAML makes of its spelling; quotes are added only where it would be something else.
fn as_text(key: &Node) -> Node {
    if key.as_str().is_some() {
        return key.clone();
    }
    let text = key.text().unwrap_or_default().to_owned();
    Node { span: key.span, value: Value::Scalar(Scalar { text, style: Style::Quoted }) }
}

fn fits(types: &[Type], node: &Node) -> bool {
    let has = |one: Type| types.contains(&one);
    let takes_number = has(Type::Integer) || has(Type::Number);
    match node.kind() {
        None if node.is_sequence() => has(Type::Array),
        None => has(Type::Object),
        Some(Kind::Null) => has(Type::Null),
        // `1.30` where text or a number may stand: the text as it is written is taken.
        Some(_) if has(Type::String) && takes_number => true,
        Some(Kind::Bool(_)) => has(Type::Boolean),
        Some(Kind::Int(_)) => takes_number,
        Some(Kind::Float(_)) => has(Type::Number),
        Some(Kind::String) => has(Type::String),
    }
}

fn equals(value: &Json, node: &Node) -> bool {
    match value {
        // Compared as written, so that a value such as `off` needs no quotes.
        Json::String(text) => node.text() == Some(text),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            serde_json::to_value(node).is_ok_and(|node| node == *value)
        }
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn wrong_type(types: &[Type], node: &Node, name: &str) -> Diagnostic {
    let expected = expectation(types);
    let message = format!("{name} is {}, {expected} was expected", found(node));
    let fault = Diagnostic::error("wrong-type", node.head(), message, format!("expected {expected}"));
    let Some(scalar) = node.scalar() else { return fault };
    let kind = scalar.kind();
    if kind == Kind::Null {
        return fault.with_help("write a value, or remove it");
    }
    if types.contains(&Type::String) {
        let quoted = format!("\"{}\"", scalar.text);
        return fault.with_help(format!("quote it: `{quoted}`")).with_edit(node.span, quoted);
    }
    let unquoted = Scalar { text: scalar.text.clone(), style: Style::Plain };
    let bare = Node { span: node.span, value: Value::Scalar(unquoted) };
    if scalar.style == Style::Quoted && kind != bare.kind().unwrap_or(Kind::String) && fits(types, &bare) {
        return fault.with_help("remove the quotes").with_edit(node.span, scalar.text.clone());
    }
    if types.contains(&Type::Array) && scalar.style == Style::Plain {
        return fault.with_help("put it in a list").with_edit(node.span, format!("[{}]", scalar.text));
    }
    fault
}

/// Says what is wrong with a number or boolean where a text of a format is expected: quotes alone would not mend it.
fn misread(rule: &Rule, node: &Node) -> Option<Diagnostic> {
    let is_text = rule.types.contains(&Type::String) && !node.is_null();
    rule.format.as_deref().filter(|_| is_text).and_then(|format| wrong_format(format, node))
}

fn unknown_value(values: &[Json], node: &Node, name: &str) -> Diagnostic {
    let words: Vec<String> = values.iter().map(plain).collect();
    let expected = either(&quoted(&words));
    let Some(text) = node.text().filter(|text| !text.is_empty()) else {
        let message = format!("{name} is {}, {expected} was expected", found(node));
        return Diagnostic::error("wrong-type", node.head(), message, format!("expected {expected}"));
    };
    let message = format!("unknown value `{text}` of {name}");
    match nearest(text, words.iter().map(String::as_str)) {
        Some(near) => {
            Diagnostic::error("unknown-value", node.span, message, format!("did you mean `{near}`?"))
                .with_help(format!("possible are {expected}"))
                .with_edit(node.span, near)
        }
        None => Diagnostic::error("unknown-value", node.span, message, format!("expected {expected}")),
    }
}

fn unknown_key(rule: &Rule, key: &Node, mapping: &Node) -> Diagnostic {
    let text = key.text().unwrap_or_default();
    let fault =
        |label: &str| Diagnostic::error("unknown-key", key.span, format!("unknown key `{text}`"), label);
    if let Some(near) = meant(rule, text, mapping) {
        return fault(&format!("did you mean `{near}`?")).with_edit(key.span, near);
    }
    let near = nearest(text, rule.properties.iter().map(|(property, _)| property.as_str()));
    if let Some((near, (written, _))) = near.and_then(|near| Some((near, mapping.entry(near)?))) {
        return fault("not expected here")
            .with_context(written.span, format!("`{near}` is here already"))
            .with_help("remove one of the two");
    }
    if rule.properties.is_empty() {
        return fault("no key is expected here");
    }
    let keys = quoted(rule.properties.iter().map(|(property, _)| property));
    fault("not expected here").with_help(format!("the keys here are {}", keys.join(", ")))
}

/// Returns the property that an unknown key was probably meant to be: one that is not there yet.
fn meant<'r>(rule: &'r Rule, text: &str, mapping: &Node) -> Option<&'r str> {
    let names = rule.properties.iter().map(|(property, _)| property.as_str());
    nearest(text, names.filter(|name| mapping.get(name).is_none()))
}

/// Tells whether a key that is missing stands there under a wrong name, which is a fault of its own.
fn is_misspelt(rule: &Rule, key: &str, mapping: &Node) -> bool {
    let is_unknown = |text: &&str| !rule.properties.iter().any(|(property, _)| property == text);
    matches!(rule.additional, Additional::Refused)
        && mapping
            .entries()
            .iter()
            .filter_map(|(name, _)| name.text())
            .filter(is_unknown)
            .any(|text| meant(rule, text, mapping) == Some(key))
}

/// One of `keys` must be added.
fn missing_key(schema: &Schema, rule: &Rule, keys: &[&String], node: &Node, name: &str) -> Diagnostic {
    let missing = either(&quoted(keys));
    let lines: Vec<String> = keys.iter().map(|key| format!("`{}`", line(schema, rule, key))).collect();
    let message = format!("{missing} is missing in {name}");
    Diagnostic::error("missing-key", node.head(), message, format!("{missing} is expected beside this"))
        .with_help(format!("add {}", either(&lines)))
}

fn line(schema: &Schema, rule: &Rule, key: &str) -> String {
    let property = rule.properties.iter().find(|(property, _)| property == key);
    let example = property.and_then(|(_, id)| schema.example(*id));
    example.map_or_else(|| format!("{key}: …"), |example| format!("{key}: {}", plain(example)))
}

fn conflicting_keys(first: &Rule, second: &Rule, node: &Node) -> Option<Diagnostic> {
    let only =
        |rule: &Rule, other: &Rule| rule.required.iter().find(|key| !other.required.contains(key)).cloned();
    let (one, other) = (only(first, second)?, only(second, first)?);
    let (place, context) = (node.entry(&other)?.0.span, node.entry(&one)?.0.span);
    let message = format!("`{one}` and `{other}` exclude each other");
    Some(
        Diagnostic::error("conflicting-keys", place, message, "not possible together")
            .with_context(context, "with this")
            .with_help("remove one of the two"),
    )
}

fn number_bounds(rule: &Rule, scalar: &Scalar, span: Span, name: &str) -> Option<Diagnostic> {
    #[allow(clippy::cast_precision_loss)] // bounds are far below 2^53, and so is everything near them
    let value = match scalar.kind() {
        Kind::Int(value) => value as f64,
        Kind::Float(value) => value,
        Kind::Null | Kind::Bool(_) | Kind::String => return None,
    };
    let fault = |label: String| {
        Some(Diagnostic::error("out-of-range", span, format!("{name} is {}", scalar.text), label))
    };
    if value.is_nan() && rule.minimum.or(rule.maximum).is_some() {
        return fault("a number was expected".to_owned());
    }
    if let Some(minimum) = rule.minimum.filter(|minimum| value < *minimum) {
        return fault(format!("at least {minimum} is needed"));
    }
    let maximum = rule.maximum.filter(|maximum| value > *maximum)?;
    fault(format!("at most {maximum} is possible"))
}

fn length_bounds(rule: &Rule, scalar: &Scalar, span: Span, name: &str) -> Option<Diagnostic> {
    let length = scalar.text.chars().count();
    let characters =
        |count: usize| format!("{count} {}", if count == 1 { "character" } else { "characters" });
    let message =
        if length == 0 { format!("{name} is empty") } else { format!("{name} has {}", characters(length)) };
    let fault = |label: String| Some(Diagnostic::error("out-of-range", span, message.clone(), label));
    if let Some(least) = rule.min_length.filter(|least| length < *least) {
        return fault(format!("at least {} needed", characters(least)));
    }
    let most = rule.max_length.filter(|most| length > *most)?;
    fault(format!("at most {} possible", characters(most)))
}

fn size_bounds(
    least: Option<usize>,
    most: Option<usize>,
    count: usize,
    noun: &str,
    node: &Node,
    name: &str,
) -> Option<Diagnostic> {
    let counted = |count: usize| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    let message =
        if count == 0 { format!("{name} is empty") } else { format!("{name} has {}", counted(count)) };
    if let Some(least) = least.filter(|least| count < *least) {
        return Some(Diagnostic::error(
            "too-few",
            node.head(),
            message,
            format!("at least {} needed", counted(least)),
        ));
    }
    let most = most.filter(|most| count > *most)?;
    let fault =
        Diagnostic::error("too-many", node.head(), message, format!("at most {} possible", counted(most)));
    Some(if most == 1 { fault.with_help(format!("keep one {noun} and remove the others")) } else { fault })
}

fn wrong_format(name: &str, node: &Node) -> Option<Diagnostic> {
    let code = format::code(name)?;
    // A name that only looks right is told by what cannot be seen.
    if let (Some(character), Some(_)) =
        (node.text()?.chars().find(|c| is_invisible(*c)), format::check(name, node.text()?))
    {
        return Some(refused_character(character, node));
    }
    let format::Fault { message, label, help, edit } = format::check(name, node.text()?)?;
    let fault = Diagnostic::error(code, node.span, message, label).with_help(help);
    Some(match edit {
        Some(edit) => fault.with_edit(node.span, requoted(node, edit)),
        None => fault,
    })
}

/// The edit replaces the whole token, so it keeps quotes where quotes were.
fn requoted(node: &Node, edit: String) -> String {
    match node.scalar().map(|scalar| scalar.style) {
        Some(Style::Quoted) => Json::from(edit).to_string(),
        Some(Style::Plain) | None => edit,
    }
}

/// Characters that editors do not show, and that readers of YAML treat differently.
fn control_character(node: &Node) -> Option<Diagnostic> {
    let character = node.text()?.chars().find(|c| is_refused(*c))?;
    Some(refused_character(character, node))
}

fn refused_character(character: char, node: &Node) -> Diagnostic {
    let message = format!("the character U+{:04X} is not possible in a text", u32::from(character));
    let fault = Diagnostic::error("control-character", node.span, message, "contains it");
    fault.with_help("remove it; it may have been copied along invisibly")
}

/// Characters that take no room, or turn the direction of reading; some scripts need the joiners among them.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}')
}

fn is_refused(c: char) -> bool {
    let is_noncharacter = matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) & 0xFFFE == 0xFFFE;
    let is_separator = matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}');
    // Text that reads otherwise than it is stored: "Trojan Source", CVE-2021-42574.
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && c != '\n' && c != '\t') || is_separator || turns || is_noncharacter
}
