//! Helm values held against the chart of a release that gets them.
//!
//! Helm drops a key that no template reads without a word, and Flux shows no NOTES.txt. What a chart or its schema
//! refuses shows only when Flux installs it.

use crate::{
    diagnostic::Diagnostic,
    release::{self, Chart, Istio, Minor, Patch, Reading, Refusal},
    schema::{either, found, nearest, quoted},
    yaml::{Kind, Node, Value},
};

/// What is wrong with a value of a chart, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueFault {
    /// What becomes of it.
    pub fate: Fate,
    /// The fault.
    pub diagnostic: Diagnostic,
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing reads it.
    Unread,
    /// The chart or its schema fails for it.
    Refused,
    /// A template takes it for something else than it is.
    Misread,
}

impl Fate {
    /// Returns the code under which a profile is told.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unread => "dead-value",
            Self::Refused => "refused-value",
            Self::Misread => "misread-value",
        }
    }
}

/// What Helm makes of a chart's `values.schema.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartSchema {
    /// It is passed over.
    Ignored,
    /// An old Helm reads the types, and overlooks that other keys are forbidden.
    Lax,
    /// Types and keys count.
    Sound,
}

/// One chart of one release.
struct Pinned<'a> {
    name: &'static str,
    chart: &'a Chart,
    istio: &'static Istio,
    version: Patch,
    schema: ChartSchema,
    faults: Vec<ValueFault>,
}

/// Returns what the chart of that name (`base`, `istiod`, `cni` or `gateway`) of a release does not take or read of its
/// values. Of a release that is newer than the facts, nothing is known that could be told.
pub fn value_faults(
    name: &'static str,
    version: Patch,
    schema: ChartSchema,
    values: &Node,
) -> Vec<ValueFault> {
    let Some(istio) = known(version) else { return Vec::new() };
    let Some(chart) = istio.values().chart(name) else { return Vec::new() };
    let mut pinned = Pinned { name, chart, istio, version, schema, faults: Vec::new() };
    pinned.walk(values, &mut Vec::new());
    pinned.faults
}

/// Returns the facts of a release, unless it is newer than they are.
fn known(version: Patch) -> Option<&'static Istio> {
    let istio = Istio::of(version.minor)?;
    (istio.minor == version.minor && version.patch <= istio.newest_patch).then_some(istio)
}

impl Pinned<'_> {
    fn report(&mut self, fate: Fate, diagnostic: Diagnostic) {
        self.faults.push(ValueFault { fate, diagnostic });
    }

    fn walk<'a>(&mut self, node: &'a Node, path: &mut Vec<&'a str>) {
        let Value::Mapping(entries) = &node.value else { return };
        for (key, value) in entries {
            path.push(key.text().unwrap_or_default());
            let shown = path.join(".");
            if let Some(refusal) = self.refusal(&shown, value) {
                self.report(Fate::Refused, self.refused(&shown, key, value, &refusal));
            } else if self.chart.is_environment(&shown) {
                self.environment(value);
            } else {
                match self.chart.reading(&shown, self.version.patch) {
                    Reading::Whole => self.whole(&shown, value, path),
                    Reading::Below => self.walk(value, path),
                    Reading::None => self.report(Fate::Unread, self.dead(&shown, key)),
                }
            }
            path.pop();
        }
    }

    fn whole<'a>(&mut self, shown: &str, value: &'a Node, path: &mut Vec<&'a str>) {
        if let Some(misread) = self.misread(shown, value) {
            self.report(Fate::Misread, misread);
        }
        if self.schema != ChartSchema::Ignored && self.name == "gateway" {
            self.below(value, path);
        }
    }

    /// Says that a template takes a value for something else: it asks whether a text is empty, not what it says, and
    /// prints a list or a mapping where it expects none.
    fn misread(&self, path: &str, value: &Node) -> Option<Diagnostic> {
        let by_default = self.chart.default_type(path, self.version.patch)?;
        let expected = match by_default {
            "object" if !value.is_mapping() => "a mapping",
            "array" if !value.is_sequence() => "a list",
            "string" | "number" if value.scalar().is_none() => "a single value",
            "boolean" if value.as_bool().is_none() => "`true` or `false`",
            _ => return None,
        };
        let is_filled_in_later = value.text().is_some_and(|text| text.contains("${"));
        // An empty text is false to a template, and nothing where a mapping or list was expected.
        let is_nothing = value.is_null() || value.text() == Some("");
        if is_nothing || is_filled_in_later {
            return None;
        }
        let message = format!(
            "`{path}` of the {} chart of Istio {} is {}, {expected} was expected",
            self.name,
            self.version,
            found(value)
        );
        let fault =
            Diagnostic::warning(Fate::Misread.code(), value.head(), message, format!("expected {expected}"));
        let is_text = by_default == "boolean" && value.scalar().is_some();
        Some(if is_text {
            fault.with_help("a text that is not empty is true to a template, `false` as well")
        } else {
            fault
        })
    }

    /// Holds what lies below a key that is read as a whole against the schema alone.
    fn below<'a>(&mut self, node: &'a Node, path: &mut Vec<&'a str>) {
        for (key, value) in node.entries() {
            path.push(key.text().unwrap_or_default());
            let shown = path.join(".");
            match self.refusal(&shown, value) {
                Some(refusal) => self.report(Fate::Refused, self.refused(&shown, key, value, &refusal)),
                None => self.below(value, path),
            }
            path.pop();
        }
    }

    fn refusal(&self, path: &str, value: &Node) -> Option<Refusal> {
        // Helm takes a key out of the chart's values for a null, before anything looks; and templates ask whether a
        // mapping holds anything.
        let is_nothing = value.is_null() || (value.is_mapping() && value.entries().is_empty());
        if self.schema == ChartSchema::Sound && !value.is_null() && !self.chart.admits(path) {
            return Some(Refusal::Unknown);
        }
        let by_schema = || self.chart.schema_refusal(path, value.as_str(), types(value), self.version.patch);
        let is_validated = self.schema != ChartSchema::Ignored && !value.is_null();
        let by_template = self.chart.refusal(path, value.as_str()).filter(|_| !is_nothing);
        by_template.or_else(|| is_validated.then(by_schema).flatten())
    }

    fn refused(&self, path: &str, key: &Node, value: &Node, refusal: &Refusal) -> Diagnostic {
        let (name, version) = (self.name, self.version);
        let list = |words: &[String]| either(&quoted(words));
        let (span, message, label) = match refusal {
            Refusal::Key => (
                key.span,
                format!("the {name} chart of Istio {version} fails where `{path}` is set"),
                "no such key was expected".to_owned(),
            ),
            Refusal::Unknown => (
                key.span,
                format!("the schema of the {name} chart of Istio {version} knows no `{path}`"),
                "Helm refuses the release for it".to_owned(),
            ),
            Refusal::Values(known) => (
                value.span,
                format!("the {name} chart of Istio {version} refuses this `{path}`"),
                format!("expected {}", list(known)),
            ),
            Refusal::Types(known) => (
                value.span,
                format!("the schema of the {name} chart of Istio {version} refuses this `{path}`"),
                format!("expected {}", list(known)),
            ),
        };
        let mut fault = Diagnostic::error(Fate::Refused.code(), span, message, label);
        let word = key.text().unwrap_or_default();
        if *refusal == Refusal::Unknown
            && let Some(near) = nearest(word, self.chart.closed())
        {
            fault.labels[0].text = format!("did you mean `{near}`?");
            fault = fault.with_edit(key.span, near);
        } else if let Some(said) = match refusal {
            Refusal::Key | Refusal::Unknown => self.elsewhere(path),
            Refusal::Values(_) => self.taken_elsewhere(path, value),
            Refusal::Types(_) => None,
        } {
            fault = fault.with_help(said);
        }
        fault
    }

    /// Says that nothing reads a key, and what was probably meant.
    fn dead(&self, path: &str, key: &Node) -> Diagnostic {
        let message = format!("the {} chart of Istio {} does not read `{path}`", self.name, self.version);
        let fault =
            |label: String| Diagnostic::warning(Fate::Unread.code(), key.span, message.clone(), label);
        let word = key.text().unwrap_or_default();
        let siblings = self.siblings(path);
        if let Some(by) = self.chart.replacement(path) {
            fault(format!("`{by}` took its place")).with_help("move the value there, or drop it")
        } else if let Some(near) = nearest(word, siblings.iter().map(String::as_str)) {
            fault(format!("did you mean `{near}`?")).with_edit(key.span, near)
        } else if let Some(said) = self.elsewhere(path) {
            fault("it has no effect".to_owned()).with_help(said)
        } else {
            let namesake = self
                .chart
                .keys(self.version.patch)
                .find(|known| known.rsplit('.').next() == Some(word) && *known != path);
            let help = namesake.map_or_else(
                || "drop it".to_owned(),
                |known| format!("the chart reads `{known}`; drop this one, or write that"),
            );
            fault("it has no effect".to_owned()).with_help(help)
        }
    }

    /// The keys that stand beside a path.
    fn siblings(&self, path: &str) -> Vec<String> {
        let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
        let all = self.chart.keys(self.version.patch);
        let below = |known: &str| {
            let known = self.chart.unmerged(known, self.version.patch);
            let parent = self.chart.unmerged(parent, self.version.patch);
            let rest =
                if parent.is_empty() { Some(known) } else { known.strip_prefix(parent)?.strip_prefix('.') };
            rest?.split('.').next().map(str::to_owned)
        };
        all.filter_map(below).collect()
    }

    /// Says which releases read a key that this one does not.
    fn elsewhere(&self, path: &str) -> Option<String> {
        self.other_release("read", |istio| {
            let chart = istio.values().chart(self.name);
            chart.is_some_and(|chart| chart.reading(path, istio.newest_patch) != Reading::None)
        })
    }

    /// Says which releases have a file of values for what this one has none.
    fn taken_elsewhere(&self, path: &str, value: &Node) -> Option<String> {
        let takes = |chart: &Chart| chart.is_selector(path) && chart.refusal(path, value.as_str()).is_none();
        self.other_release("taken", |istio| istio.values().chart(self.name).is_some_and(takes))
    }

    /// Says which release does what this one does not: the next that does, or else the last that did.
    fn other_release(&self, done: &str, does: impl Fn(&Istio) -> bool) -> Option<String> {
        let this = self.istio.minor;
        if does(self.istio) {
            return Some(format!(
                "another patch of {this} reads it; {this}.{} does",
                self.istio.newest_patch
            ));
        }
        let does = |minor: &Minor| Istio::of(*minor).is_some_and(&does);
        let after = release::istio_minors().filter(|minor| *minor > this).find(does);
        let before = release::istio_minors().rev().filter(|minor| *minor < this).find(does);
        let from = after.map(|after| format!("it is {done} from {after} on"));
        from.or_else(|| before.map(|before| format!("it was {done} up to {before}")))
    }

    /// Reports variables that are misspelt, or that another istiod reads. Others may belong to a library or to Go.
    fn environment(&mut self, variables: &Node) {
        let values = self.istio.values();
        for (key, _) in variables.entries() {
            let name = key.text().unwrap_or_default();
            if values.has_variable(name, self.version.patch) {
                continue;
            }
            let message = format!("istiod {} reads no variable `{name}`", self.version);
            let has = |istio: &Istio| istio.values().has_variable(name, istio.newest_patch);
            if let Some(said) = self.other_release("read", has) {
                let fault = Diagnostic::warning(Fate::Unread.code(), key.span, message, "it has no effect");
                self.report(Fate::Unread, fault.with_help(said));
            } else if let Some(near) = near_variable(name, values.variables()) {
                let label = format!("did you mean `{near}`?");
                let fault = Diagnostic::warning(Fate::Unread.code(), key.span, message, label);
                self.report(Fate::Unread, fault.with_edit(key.span, near));
            }
        }
    }
}

/// A variable of another program may look a little like one of istiod's; only two letters may differ.
fn near_variable<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = nearest(name, known)?;
    (name.len() > 8 && strsim::damerau_levenshtein(name, near) <= 2).then_some(near)
}

/// The types of JSON Schema that a node is of.
fn types(node: &Node) -> &'static [&'static str] {
    match &node.value {
        Value::Sequence(_) => &["array"],
        Value::Mapping(_) => &["object"],
        Value::Scalar(scalar) => match scalar.kind() {
            Kind::Null => &["null"],
            Kind::Bool(_) => &["boolean"],
            Kind::Int(_) => &["integer", "number"],
            Kind::Float(_) => &["number"],
            Kind::String => &["string"],
        },
    }
}
