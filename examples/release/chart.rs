//! Which values a chart's templates read.
//!
//! A template is not evaluated: each action is searched for paths that begin at `.Values`. A path that is read as a
//! whole counts with all that lies below it, so that a free-form map (`resources`, `env`, `meshConfig`) is one key.
//! What only copies values from one place to another (`pick`, `mustMergeOverwrite`) reads nothing by itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    rc::Rc,
};

use serde_json::Value;

/// What one patch's chart reads.
#[derive(Debug, Default)]
pub struct Chart {
    /// Each key that is read, dotted, with its type.
    pub keys: BTreeMap<String, String>,
    /// The mapping whose keys also stand at the root: `pilot` of istiod, `cni` of cni, `global` of gateway.
    pub merged: Option<String>,
    /// Keys that make the chart fail.
    pub refused: BTreeSet<String>,
    /// Keys that no template reads any more, with the key that took their place.
    pub replaced: BTreeMap<String, String>,
    /// The keys beside which `values.schema.json` admits no other; none where it admits any.
    pub closed: Option<BTreeSet<String>>,
    /// What `values.schema.json` says of a key: its type, or the values that it may have.
    pub schema: BTreeMap<String, String>,
    /// The keys by which the chart picks a file of values of its own; it fails where there is no such file.
    pub selectors: BTreeSet<String>,
    /// What such a key may say, by its last part: `files/profile-platform-gke.yaml`.
    pub profiles: BTreeMap<String, BTreeSet<String>>,
}

/// Where a chart keeps its own values; the templates lay the user's over them.
const WRAPPERS: [&str; 2] = ["defaults", "_internal_defaults_do_not_set"];

/// Reads a chart from its files.
pub fn read(files: &[(String, Rc<str>)]) -> Result<Chart, String> {
    let mut reads = Reads::default();
    let mut chart = Chart::default();
    let (mut defaults, mut schema) = (Value::Null, Value::Null);
    for (path, text) in files {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name == "values.yaml" {
            defaults = yaml_serde::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        } else if name == "values.schema.json" {
            schema = serde_json::from_str(text).map_err(|error| format!("{path}: {error}"))?;
        } else if name == "NOTES.txt" {
            chart.refused.extend(dictionary(text, "$failDeps").into_iter().map(|(key, _)| key));
            chart.replaced = dictionary(text, "$deps").into_iter().filter(|(_, by)| is_key(by)).collect();
        } else if let Some(profile) =
            name.strip_prefix("profile-").and_then(|name| name.strip_suffix(".yaml"))
        {
            let (key, value) = profile_of(profile);
            chart.profiles.entry(key.to_owned()).or_default().insert(value.to_owned());
        } else if path.contains("/templates/") || (path.contains("/files/") && !name.starts_with("crd")) {
            for action in actions(text) {
                reads.action(action);
            }
            if name == "zzz_profile.yaml" {
                chart.selectors = selectors(text);
            }
            chart.merged = merged(text).or(chart.merged);
            if text.contains("if $.Values.defaults") {
                chart.refused.insert("defaults".to_owned());
            }
        }
    }
    let wrapper = WRAPPERS.into_iter().find(|wrapper| defaults.get(*wrapper).is_some());
    let defaults = wrapper.map_or(&defaults, |wrapper| &defaults[wrapper]);
    chart.closed = closed(&schema);
    said(&schema["$defs"]["values"], &mut Vec::new(), &mut chart.schema);
    chart.keys = typed(reads.keys(), chart.merged.as_deref(), defaults);
    // Whoever writes below the wrapper is heard, by accident.
    chart.keys.extend(wrapper.map(|wrapper| (wrapper.to_owned(), "object".to_owned())));
    Ok(chart)
}

impl Chart {
    /// Adds keys that a program reads beside the templates.
    pub fn add(&mut self, keys: &BTreeSet<String>) {
        for key in keys {
            let below = format!("{key}.");
            if !self.keys.keys().chain(keys).any(|known| known.starts_with(&below)) {
                self.keys.entry(key.clone()).or_insert_with(|| "any".to_owned());
            }
        }
    }
}

/// What the templates read, as far as it is known.
#[derive(Default)]
pub struct Reads {
    /// Paths that a template looks at.
    looked: BTreeSet<String>,
    /// Paths that are only copied.
    copied: BTreeSet<String>,
}

impl Reads {
    /// Adds what one `{{ action }}` reads.
    pub fn action(&mut self, action: &str) {
        for (at, _) in action.match_indices(".Values") {
            let before = action[..at].trim_end_matches(['$', '(']).trim_end();
            let (path, rest) = path(&action[at + ".Values".len()..]);
            let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
            let strings = strings(rest);
            match word {
                "pick" => self.copied.extend(strings.iter().map(|key| join(&path, &[key]))),
                "index" | "get" => self.add(join(&path, &strings)),
                "hasKey" => self.add(join(&path, &strings[..strings.len().min(1)])),
                "unset" | "set" | "mustMergeOverwrite" => {}
                // `dig "global" "enableReaderRBAC" true .Values`
                _ if path.is_empty() && action.contains("dig ") => self.add(join("", &dug(before))),
                _ if path.is_empty() => {}
                _ => self.add(path),
            }
        }
    }

    /// Adds a path, unless it is a wrapper or the copy of a merged mapping.
    pub fn add(&mut self, path: String) {
        let first = path.split('.').next().unwrap_or_default();
        if !path.is_empty() && !WRAPPERS.contains(&first) && first != "_original" {
            self.looked.insert(path);
        }
    }

    /// Returns the shortest keys that cover all reads: what lies below another is left out.
    fn keys(mut self) -> BTreeSet<String> {
        // `global` and what charts merge is passed on as a whole, and read key by key where it arrives.
        let is_passed_on = |path: &str| ["global", "pilot", "cni"].contains(&path);
        self.looked.retain(|path| !is_passed_on(path));
        let has_below = |path: &str| {
            let below = format!("{path}.");
            self.looked.iter().any(|other| other.starts_with(&below))
        };
        let copied: Vec<String> =
            self.copied.iter().filter(|path| !has_below(path) && !is_passed_on(path)).cloned().collect();
        self.looked.extend(copied);
        let covers =
            |other: &str, path: &str| path.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
        let all = self.looked.clone();
        self.looked.retain(|path| !all.iter().any(|other| covers(other, path)));
        self.looked
    }
}

/// Returns the text between each `{{` and `}}`, comments left out.
fn actions(text: &str) -> impl Iterator<Item = &str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next())
        .filter(|action| !action.contains("/*"))
}

/// Splits the keys after `.Values` from what follows: `.a.b`, and `).a` where the path stands in parentheses.
fn path(mut text: &str) -> (String, &str) {
    let mut keys = Vec::new();
    loop {
        let inner = text.trim_start_matches(')');
        let Some(rest) = inner.strip_prefix('.') else { break };
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end == 0 {
            break;
        }
        keys.push(&rest[..end]);
        text = &rest[end..];
    }
    (keys.join("."), text)
}

/// Returns the string literals at the beginning of a text.
fn strings(text: &str) -> Vec<&str> {
    let mut rest = text.trim_start();
    let mut strings = Vec::new();
    while let Some((string, after)) = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')) {
        strings.push(string);
        rest = after.trim_start();
    }
    strings
}

/// Returns the keys of `dig "a" "b" DEFAULT `; a default that is a string is no key.
fn dug(before: &str) -> Vec<&str> {
    let arguments = before.rsplit_once("dig ").map_or("", |(_, arguments)| arguments);
    let mut keys = strings(arguments);
    if arguments.trim_end().ends_with('"') {
        keys.pop();
    }
    keys
}

fn join(path: &str, keys: &[&str]) -> String {
    let mut all: Vec<&str> = Vec::with_capacity(keys.len() + 1);
    all.extend((!path.is_empty()).then_some(path));
    all.extend(keys);
    all.join(".")
}

/// Returns the mapping that is laid over the root: `mustMergeOverwrite $.Values (index $.Values "pilot")`, or, where it
/// is switched on, `global`.
fn merged(text: &str) -> Option<String> {
    if let Some((_, rest)) = text.split_once("mustMergeOverwrite $.Values (index $.Values ") {
        return strings(rest).first().map(|key| (*key).to_owned());
    }
    let flattens =
        text.contains("{{- if true }}") && text.contains("mustMergeOverwrite $defaults ($profile.global)");
    flattens.then(|| "global".to_owned())
}

/// Reads `$name := dict "key" "value" ...`.
fn dictionary(text: &str, name: &str) -> Vec<(String, String)> {
    let body = text.split_once(&format!("{name} := dict")).map_or("", |(_, body)| body);
    let strings = strings(body);
    strings.chunks_exact(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

fn is_key(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// Returns the keys by which `zzz_profile.yaml` picks a file.
fn selectors(text: &str) -> BTreeSet<String> {
    let mut reads = Reads::default();
    actions(text).for_each(|action| reads.action(action));
    let names = ["compatibilityVersion", "platform", "profile"];
    let is_selector = |key: &String| names.contains(&key.strip_prefix("global.").unwrap_or(key));
    reads.looked.into_iter().filter(is_selector).collect()
}

/// Returns the key that names a profile file, and the value that does.
fn profile_of(file: &str) -> (&'static str, &str) {
    let by = |prefix, key| file.strip_prefix(prefix).map(|value| (key, value));
    by("compatibility-version-", "compatibilityVersion")
        .or_else(|| by("platform-", "platform"))
        .unwrap_or(("profile", file))
}

/// Returns the keys at the root that the schema knows, where it forbids every other.
fn closed(schema: &Value) -> Option<BTreeSet<String>> {
    let values = &schema["$defs"]["values"];
    let keys = values["properties"].as_object()?.keys().cloned().collect();
    (values["additionalProperties"] == false).then_some(keys)
}

/// Gives each key the type of the chart's own value.
fn typed(keys: BTreeSet<String>, merged: Option<&str>, defaults: &Value) -> BTreeMap<String, String> {
    let kind = |key: &str| by_default(&key.split('.').collect::<Vec<_>>(), merged, defaults).to_owned();
    keys.into_iter().map(|key| (key.clone(), kind(&key))).collect()
}

/// Collects what the schema says of each key: `integer, null`, or `[Deployment, DaemonSet]`.
fn said<'a>(schema: &'a Value, path: &mut Vec<&'a str>, out: &mut BTreeMap<String, String>) {
    let words = |value: &Value| match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let (types, values) = (words(&schema["type"]), words(&schema["enum"]));
    if !path.is_empty() && path.iter().all(|key| !key.starts_with('_')) {
        let key = path.join(".");
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
            out.insert(key, format!("{{values: [{}]}}", values.join(", ")));
        } else if !types.is_empty() {
            let types: Vec<String> = types.iter().map(|name| format!("\"{name}\"")).collect();
            out.insert(key, format!("{{types: [{}]}}", types.join(", ")));
        }
    }
    for (key, below) in schema["properties"].as_object().into_iter().flatten() {
        path.push(key);
        said(below, path, out);
        path.pop();
    }
}

fn by_default(path: &[&str], merged: Option<&str>, defaults: &Value) -> &'static str {
    let at = |path: &[&str]| path.iter().try_fold(defaults, |at, key| at.get(key));
    let below = merged.and_then(|merged| at(&[&[merged], path].concat()));
    match at(path).or(below) {
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
        Some(Value::Null) | None => "any",
    }
}

/// Writes what a chart reads over the patches of a minor, the oldest first, each with its number.
pub fn write(out: &mut String, name: &str, patches: &[(u16, Chart)]) {
    let (_, newest) = patches.last().expect("a minor has a patch");
    writeln!(out, "{name}:").expect("a string");
    if let Some(merged) = &newest.merged {
        writeln!(out, "  merged: {merged}").expect("a string");
        let same = patches.iter().rev().take_while(|(_, chart)| chart.merged == newest.merged);
        let (first, _) = same.last().expect("the newest is one");
        if *first != patches[0].0 {
            writeln!(out, "  mergedSince: {first}").expect("a string");
        }
    }
    list(out, "refused", &newest.refused);
    list(out, "selectors", &newest.selectors);
    for (key, values) in &newest.profiles {
        let values: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
        writeln!(out, "  {}: [{}]", plural(key), values.join(", ")).expect("a string");
    }
    let closed: BTreeSet<String> =
        patches.iter().filter_map(|(_, chart)| chart.closed.clone()).flatten().collect();
    list(out, "closed", &closed);
    map(out, "schema", &newest.schema);
    numbers(out, "schemaSince", &schema_since(patches));
    map(out, "replaced", &newest.replaced);
    map(out, "keys", &union(patches));
    numbers(out, "since", &since(patches, |chart| chart.keys.keys()));
    numbers(out, "until", &until(patches, |chart| chart.keys.keys()));
}

fn plural(key: &str) -> String {
    format!("{key}s")
}

/// Every key of any patch, with its newest type.
fn union(patches: &[(u16, Chart)]) -> BTreeMap<String, String> {
    patches.iter().flat_map(|(_, chart)| chart.keys.clone()).collect()
}

/// Returns the first patch that has each item that the oldest lacks.
pub fn since<'a, T, I: Iterator<Item = &'a String>>(
    patches: &'a [(u16, T)],
    items: impl Fn(&'a T) -> I,
) -> BTreeMap<&'a str, u16> {
    let mut first = BTreeMap::new();
    for (patch, at) in patches {
        for item in items(at) {
            first.entry(item.as_str()).or_insert(*patch);
        }
    }
    first.retain(|_, patch| *patch != patches[0].0);
    first
}

/// Returns the last patch that has each item that the newest lacks.
pub fn until<'a, T, I: Iterator<Item = &'a String>>(
    patches: &'a [(u16, T)],
    items: impl Fn(&'a T) -> I,
) -> BTreeMap<&'a str, u16> {
    let mut last = BTreeMap::new();
    for (patch, at) in patches {
        last.extend(items(at).map(|item| (item.as_str(), *patch)));
    }
    last.retain(|_, patch| *patch != patches[patches.len() - 1].0);
    last
}

/// Returns the first patch from which on the schema says of a key what it says at last, where that is not the oldest.
fn schema_since(patches: &[(u16, Chart)]) -> BTreeMap<&str, u16> {
    let (_, newest) = &patches[patches.len() - 1];
    let since = |key: &str| {
        let said = |chart: &Chart| chart.schema.get(key) == newest.schema.get(key);
        let first = patches.iter().rev().take_while(|(_, chart)| said(chart)).last();
        first.map_or(0, |(patch, _)| *patch)
    };
    let all = newest.schema.keys().map(|key| (key.as_str(), since(key)));
    all.filter(|(_, patch)| *patch != patches[0].0).collect()
}

fn list(out: &mut String, name: &str, items: &BTreeSet<String>) {
    if !items.is_empty() {
        writeln!(out, "  {name}:").expect("a string");
        for item in items {
            writeln!(out, "    - {item}").expect("a string");
        }
    }
}

fn map(out: &mut String, name: &str, items: &BTreeMap<String, String>) {
    if !items.is_empty() {
        writeln!(out, "  {name}:").expect("a string");
        for (key, value) in items {
            writeln!(out, "    {key}: {value}").expect("a string");
        }
    }
}

fn numbers(out: &mut String, name: &str, items: &BTreeMap<&str, u16>) {
    if !items.is_empty() {
        writeln!(out, "  {name}:").expect("a string");
        for (key, value) in items {
            writeln!(out, "    {key}: {value}").expect("a string");
        }
    }
}
