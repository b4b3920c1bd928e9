//! What the charts of a release read of their values, and what they refuse.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What the charts and istiod of a minor read.
#[derive(Debug, Deserialize)]
pub struct Values {
    base: Chart,
    istiod: Chart,
    cni: Chart,
    gateway: Chart,
    variables: Variables,
}

/// What the templates of one chart read of its values.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// The mapping whose keys also stand at the root.
    merged: Option<String>,
    /// The first patch that merges it, where that is not the first of all.
    #[serde(default)]
    merged_since: u16,
    /// Keys that make the chart fail.
    #[serde(default)]
    refused: BTreeSet<String>,
    /// The keys by which the chart picks a file of values of its own.
    #[serde(default)]
    selectors: BTreeSet<String>,
    #[serde(default)]
    compatibility_versions: Vec<String>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    profiles: Vec<String>,
    /// The keys beside which the chart's schema admits no other.
    closed: Option<BTreeSet<String>>,
    #[serde(default)]
    schema: BTreeMap<String, Said>,
    /// The first patch whose schema says so of a key, where that is not the first of all.
    #[serde(default)]
    schema_since: BTreeMap<String, u16>,
    #[serde(default)]
    replaced: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
    #[serde(flatten)]
    range: Range,
}

/// What `values.schema.json` says of a key.
#[derive(Debug, Deserialize)]
struct Said {
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    values: Vec<String>,
}

/// The patches that a name belongs to, where those are not all.
#[derive(Debug, Default, Deserialize)]
struct Range {
    #[serde(default)]
    since: BTreeMap<String, u16>,
    #[serde(default)]
    until: BTreeMap<String, u16>,
}

/// The environment variables that istiod reads.
#[derive(Debug, Deserialize)]
struct Variables {
    names: BTreeSet<String>,
    #[serde(flatten)]
    range: Range,
}

/// How far a chart reads what stands at a place in its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The value, with all that lies below it.
    Whole,
    /// Some of the keys below it.
    Below,
    /// Nothing.
    None,
}

/// Why a chart or its schema does not take a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A template fails where the key is set.
    Key,
    /// The schema knows no such key.
    Unknown,
    /// The value is none of these.
    Values(Vec<String>),
    /// The value is of none of these types of JSON Schema.
    Types(Vec<String>),
}

impl Range {
    fn holds(&self, name: &str, patch: u16) -> bool {
        self.since.get(name).is_none_or(|since| patch >= *since)
            && self.until.get(name).is_none_or(|until| patch <= *until)
    }
}

impl Values {
    /// Returns the chart `base`, `istiod`, `cni` or `gateway`.
    pub fn chart(&self, name: &str) -> Option<&Chart> {
        self.charts().find(|(known, _)| *known == name).map(|(_, chart)| chart)
    }

    /// Every chart with its name.
    pub fn charts(&self) -> impl Iterator<Item = (&'static str, &Chart)> {
        [("base", &self.base), ("istiod", &self.istiod), ("cni", &self.cni), ("gateway", &self.gateway)]
            .into_iter()
    }

    /// Returns whether the istiod of a patch reads an environment variable (`pilot/pkg/features` and others).
    pub fn has_variable(&self, name: &str, patch: u16) -> bool {
        self.variables.names.contains(name) && self.variables.range.holds(name, patch)
    }

    /// Every environment variable of any patch.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.names.iter().map(String::as_str)
    }
}

impl Chart {
    /// Returns how far the templates of a patch read what stands at a dotted path.
    pub fn reading(&self, place: &str, patch: u16) -> Reading {
        let place = self.unmerged(place, patch);
        let mut reading = if place.is_empty() { Reading::Below } else { Reading::None };
        for key in self.keys(patch).map(|key| self.unmerged(key, patch)) {
            if is_in(place, key) {
                return Reading::Whole;
            } else if is_in(key, place) {
                reading = Reading::Below;
            }
        }
        reading
    }

    /// Returns the type that a key has in the chart's own values: one of JSON Schema, or `any` where it has none.
    pub fn default_type(&self, place: &str, patch: u16) -> Option<&str> {
        let found =
            self.keys.iter().find(|(key, _)| self.unmerged(key, patch) == self.unmerged(place, patch));
        found.filter(|(key, _)| self.range.holds(key, patch)).map(|(_, kind)| kind.as_str())
    }

    /// The keys that the templates of a patch read, dotted.
    pub fn keys(&self, patch: u16) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str).filter(move |key| self.range.holds(key, patch))
    }

    /// Returns the key that took the place of one that is no longer read (the chart's NOTES.txt).
    pub fn replacement(&self, path: &str) -> Option<&str> {
        self.replaced.get(path).map(String::as_str)
    }

    /// Whether istiod takes its environment from this path: `pilot.env`, from 1.24 on `env` as well.
    pub fn is_environment(&self, path: &str) -> bool {
        path == "pilot.env" || (self.merged.is_some() && path == "env")
    }

    /// Whether the chart picks a file of values of its own by this path.
    pub fn is_selector(&self, path: &str) -> bool {
        self.selectors.contains(path)
    }

    /// Returns why a template fails for a value, the value being a string where it is one.
    pub fn refusal(&self, path: &str, value: Option<&str>) -> Option<Refusal> {
        if self.refused.contains(path) {
            return Some(Refusal::Key);
        }
        let selector = self.selectors.get(path)?;
        let known = match selector.rsplit('.').next() {
            Some("compatibilityVersion") => &self.compatibility_versions,
            Some("platform") => &self.platforms,
            Some("profile") => &self.profiles,
            _ => return None,
        };
        let is_known = known.is_empty()
            || value.is_some_and(|value| value.is_empty() || known.iter().any(|name| name == value));
        (!is_known).then(|| Refusal::Values(known.clone()))
    }

    /// Returns whether the chart's schema, being sound, admits a key.
    pub fn admits(&self, path: &str) -> bool {
        path.contains('.') || self.closed.as_ref().is_none_or(|keys| keys.contains(path))
    }

    /// Returns why the schema of a patch does not take a value, `types` being those of JSON Schema that it is of.
    pub fn schema_refusal(
        &self,
        place: &str,
        value: Option<&str>,
        types: &[&str],
        patch: u16,
    ) -> Option<Refusal> {
        let since = self.schema_since.get(place).copied().unwrap_or_default();
        let said = self.schema.get(place).filter(|_| patch >= since)?;
        if !said.values.is_empty() {
            let is_one = value.is_some_and(|value| said.values.iter().any(|known| known == value));
            return (!is_one).then(|| Refusal::Values(said.values.clone()));
        }
        let is_one = said.types.iter().any(|known| types.contains(&known.as_str()));
        (!is_one).then(|| Refusal::Types(said.types.clone()))
    }

    /// The keys beside which the schema admits no other.
    pub fn closed(&self) -> impl Iterator<Item = &str> {
        self.closed.iter().flatten().map(String::as_str)
    }

    /// Leaves out the mapping that a patch merges over the root.
    pub fn unmerged<'a>(&self, place: &'a str, patch: u16) -> &'a str {
        let Some(merged) = self.merged.as_ref().filter(|_| patch >= self.merged_since) else { return place };
        let Some(rest) = place.strip_prefix(merged.as_str()) else { return place };
        if rest.is_empty() { rest } else { rest.strip_prefix('.').unwrap_or(place) }
    }
}

/// Whether a dotted path is another, or lies below it.
fn is_in(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
