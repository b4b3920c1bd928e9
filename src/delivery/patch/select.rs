//! Which objects a patch changes.

use regex_lite::Regex;

use super::{Left, Outcome};
use crate::{delivery::edit::kind, manifest::scope, yaml::Node};

/// An object before all edits and as it is by now.
#[derive(Debug, Clone, Copy)]
pub(in crate::delivery) struct Candidate<'n> {
    pub(in crate::delivery) written: &'n Node,
    pub(in crate::delivery) now: &'n Node,
    /// The namespaces and names that it had on the way.
    pub(in crate::delivery) was: &'n [[String; 2]],
}

/// Objects of which everything matches that is given, by what they are now or were (`Select` in `api/resmap/reswrangler.go`).
#[derive(Debug, Clone, Default)]
pub(super) struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// A condition on a label or an annotation.
#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    /// None where the key only has to be there.
    value: Option<String>,
    is_wanted: bool,
}

/// Returns the one object that a patch names, by what it is now or was (`GetById` in `api/resmap/reswrangler.go`).
pub(super) fn named(objects: &[Candidate<'_>], patch: &Node) -> Option<usize> {
    let wanted = id(patch);
    let is_it = |object: &Candidate<'_>| {
        let [version, kind, ..] = id(object.now);
        let was =
            object.was.iter().map(|[namespace, name]| [version, kind, or_default(namespace), name.as_str()]);
        [id(object.now), id(object.written)].into_iter().chain(was).any(|own| own == wanted)
    };
    let mut found = objects.iter().enumerate().filter(|(_, object)| is_it(object));
    let (at, _) = found.next()?;
    found.next().is_none().then_some(at)
}

/// An object's API version, kind, namespace and name.
fn id(object: &Node) -> [&str; 4] {
    let text = |path: &[&str]| object.at(path).and_then(Node::text).unwrap_or_default();
    [text(&["apiVersion"]), text(&["kind"]), namespace(object), text(&["metadata", "name"])]
}

fn namespace(object: &Node) -> &str {
    or_default(object.at(&["metadata", "namespace"]).and_then(Node::text).unwrap_or_default())
}

fn or_default(namespace: &str) -> &str {
    if namespace.is_empty() { "default" } else { namespace }
}

impl Selector {
    /// Reads a target; nothing where it asks for what is not followed.
    pub(super) fn read<'t>(target: impl Fn(&str) -> Option<&'t str>) -> Option<Self> {
        let word = |key: &str| target(key).filter(|text| !text.is_empty());
        // An expression has to match the whole (`anchorRegex` in `api/types/selector.go`).
        let regex = |key: &str| match word(key) {
            None => Some(None),
            Some(text) => Regex::new(&format!("^(?:{text})$")).ok().map(Some),
        };
        let labels = |key: &str| match word(key) {
            None => Some(Vec::new()),
            Some(text) => text.split(',').map(|part| Requirement::read(part.trim())).collect(),
        };
        Some(Self {
            group: regex("group")?,
            version: regex("version")?,
            kind: regex("kind")?,
            name: regex("name")?,
            namespace: regex("namespace")?,
            labels: labels("labelSelector")?,
            annotations: labels("annotationSelector")?,
        })
    }

    /// Tells whether objects that bear on traffic may be selected: not where a kind is named that does not.
    pub(super) fn may_bear_on_traffic(&self) -> bool {
        let literal = |regex: &Option<Regex>| {
            let text = regex.as_ref()?.as_str().strip_prefix("^(?:")?.strip_suffix(")$")?;
            let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
            text.chars().all(is_word).then(|| text.to_owned())
        };
        match (literal(&self.group), literal(&self.kind)) {
            (Some(group), Some(kind)) => scope(&group, &kind).is_some(),
            (Some(_) | None, Some(_) | None) => true,
        }
    }

    fn matches(&self, object: Candidate<'_>) -> bool {
        let (group, own) = kind(object.now);
        let version = object.now.get("apiVersion").and_then(Node::text).unwrap_or_default();
        let version = version.rsplit('/').next().unwrap_or_default();
        let fits =
            |regex: &Option<Regex>, text: &str| regex.as_ref().is_none_or(|regex| regex.is_match(text));
        let either = |regex: &Option<Regex>, text: fn(&Node) -> &str| {
            fits(regex, text(object.written)) || fits(regex, text(object.now))
        };
        fits(&self.group, &group)
            && fits(&self.version, version)
            && fits(&self.kind, &own)
            && either(&self.name, |object| id(object)[3])
            && either(&self.namespace, namespace)
            && self.labels.iter().all(|wanted| wanted.holds(object.now, "labels"))
            && self.annotations.iter().all(|wanted| wanted.holds(object.now, "annotations"))
    }

    pub(super) fn all(
        &self,
        objects: &[Candidate<'_>],
        change: impl Fn(&Node) -> Option<Left>,
    ) -> Option<Vec<Outcome>> {
        let selected = objects.iter().enumerate().filter(|(_, object)| self.matches(**object));
        selected.map(|(at, object)| Some((at, change(object.now)?))).collect()
    }
}

impl Requirement {
    /// Reads `key`, `!key`, `key=value`, `key==value` or `key!=value`; nothing for a set.
    fn read(text: &str) -> Option<Self> {
        let new = |key: &str, value: Option<&str>, is_wanted| {
            let is_word = |text: &str| !text.contains(|c: char| c.is_whitespace() || "()=!".contains(c));
            let (key, value) = (key.trim(), value.map(str::trim));
            let is_read = !key.is_empty() && is_word(key) && value.is_none_or(is_word);
            is_read.then(|| Self { key: key.to_owned(), value: value.map(str::to_owned), is_wanted })
        };
        if let Some((key, value)) = text.split_once("!=") {
            new(key, Some(value), false)
        } else if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
            new(key, Some(value), true)
        } else if let Some(key) = text.strip_prefix('!') {
            new(key, None, false)
        } else {
            new(text, None, true)
        }
    }

    fn holds(&self, object: &Node, below: &str) -> bool {
        let found = object.at(&["metadata", below, &self.key]).and_then(Node::text);
        let is_so = match &self.value {
            Some(value) => found == Some(value.as_str()),
            None => found.is_some(),
        };
        is_so == self.is_wanted
    }
}
