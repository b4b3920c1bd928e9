//! A kustomization.yaml: what it names, and what it changes.

use camino::{Utf8Path, Utf8PathBuf};

use super::patch::{self, Patch};
use crate::{
    manifest::Word,
    read::{self, Input, PassedOver, Text, clean},
    source::{Sources, Span},
    yaml::{Node, Spanned},
};

/// The names that kustomize knows (`RecognizedKustomizationFileNames` in `api/konfig/general.go` of kustomize 5.7); the
/// third has no ending of YAML, and is not read.
const NAMES: [&str; 2] = ["kustomization.yaml", "kustomization.yml"];

/// An edit of objects that bear on traffic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// The edit.
    pub edit: Span,
    /// The key that it stands under.
    pub key: &'static str,
}

/// A kustomization.yaml.
#[derive(Debug)]
pub(super) struct List {
    pub(super) folder: Utf8PathBuf,
    /// What to point at when all of it is meant.
    pub(super) head: Span,
    pub(super) is_component: bool,
    pub(super) resources: Vec<Word>,
    pub(super) components: Vec<Word>,
    pub(super) namespace: Option<Word>,
    /// Labels of the objects themselves.
    pub(super) labels: Vec<(Node, Node)>,
    /// Patches that come before all other edits.
    pub(super) patches: Vec<Patch>,
    /// Patches that come after them.
    pub(super) late_patches: Vec<Patch>,
    /// What every name starts and ends with.
    pub(super) affixes: Affixes,
    /// Texts that it names otherwise: patches, values, configuration. They are no objects.
    pub(super) used: Vec<Utf8PathBuf>,
    /// Edits that are made here as kustomize makes them.
    pub(super) followed: Vec<Edit>,
    /// Edits whose outcome is not known.
    pub(super) unfollowed: Vec<Edit>,
}

/// What every name starts and ends with.
#[derive(Debug, Clone, Default)]
pub(super) struct Affixes {
    pub(super) prefix: Option<Word>,
    pub(super) suffix: Option<Word>,
}

/// Keys whose effect is followed; of labels, where they are the objects' own alone.
const FOLLOWED: [&str; 3] = ["components", "namespace", "labels"];

/// Keys whose effect is not followed, whatever they hold.
const UNFOLLOWED: [&str; 9] = [
    "commonLabels",
    "commonAnnotations",
    "replacements",
    "vars",
    "transformers",
    "generators",
    "helmCharts",
    "helmChartInflationGenerator",
    "configurations",
];

/// Keys that hold patches which come before all other edits, in their order, and those that come after them
/// (`configureBuiltinTransformers` in `api/internal/target/kusttarget_configplugin.go`).
const PATCHES: [&str; 2] = ["patchesStrategicMerge", "patches"];
const LATE_PATCHES: &str = "patchesJson6902";

/// Tells whether a text is named like a kustomization.yaml.
pub(super) fn is_named_so(path: &Utf8Path) -> bool {
    path.file_name().is_some_and(|name| NAMES.contains(&name))
}

/// Reads a kustomization.yaml from its objects, or from its text where it does not say what it is.
pub(super) fn read(
    sources: &Sources,
    input: &Input,
    text: &Text,
    objects: Result<&[Node], &PassedOver>,
) -> Option<List> {
    let raw;
    let document = match objects {
        Ok(objects) => objects.first()?,
        Err(PassedOver::NoObject) => {
            raw = read::raw(sources, text.file).0;
            raw.first().filter(|document| document.is_mapping())?
        }
        Err(PassedOver::ChartTemplate | PassedOver::Template | PassedOver::OtherEnding) => return None,
    };
    // `FixKustomization` in `api/types/kustomization.go`: both may be left out.
    let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
    let is_list = version.is_empty() || version.starts_with("kustomize.config.k8s.io/");
    is_list.then(|| of(document, text, &Texts { input, sources }))
}

/// All that was read.
struct Texts<'t> {
    input: &'t Input,
    sources: &'t Sources,
}

fn of(document: &Node, text: &Text, texts: &Texts<'_>) -> List {
    let folder = text.path.parent().unwrap_or(Utf8Path::new("")).to_owned();
    let (labels, labels_unfollowed) = labels(document);
    let unfollowed: Vec<Edit> = UNFOLLOWED
        .iter()
        .filter_map(|key| said(document, key).map(|edit| Edit { edit: edit.head(), key }))
        .chain(labels_unfollowed)
        .collect();
    let affix = |key: &str| document.get(key).and_then(word).filter(|word| !word.is_empty());
    List {
        head: document.head(),
        is_component: document.get("kind").and_then(Node::text) == Some("Component"),
        // `bases` is the old name of folders among `resources`.
        resources: [words(document, "resources"), words(document, "bases")].concat(),
        components: words(document, "components"),
        namespace: document.get("namespace").and_then(word).filter(|namespace| !namespace.is_empty()),
        labels,
        patches: PATCHES.iter().flat_map(|key| patches(document, key, &folder, texts)).collect(),
        late_patches: patches(document, LATE_PATCHES, &folder, texts),
        affixes: Affixes { prefix: affix("namePrefix"), suffix: affix("nameSuffix") },
        used: used(document, &folder),
        followed: FOLLOWED
            .iter()
            .filter_map(|key| said(document, key).map(|edit| Edit { edit: edit.head(), key }))
            .collect(),
        unfollowed,
        folder,
    }
}

/// Returns what a key holds, unless that is nothing.
fn said<'n>(document: &'n Node, key: &str) -> Option<&'n Node> {
    let is_nothing = |node: &Node| match node.scalar() {
        Some(scalar) => scalar.text.is_empty() || node.is_null(),
        None => node.items().is_empty() && node.entries().is_empty(),
    };
    document.get(key).filter(|node| !is_nothing(node))
}

fn word(node: &Node) -> Option<Word> {
    node.text().map(|text| Spanned { span: node.span, value: text.to_owned() })
}

fn words(document: &Node, key: &str) -> Vec<Word> {
    document.get(key).into_iter().flat_map(Node::items).filter_map(word).collect()
}

/// Returns the labels of objects themselves; labels that also change selectors or pod templates are not followed.
fn labels(document: &Node) -> (Vec<(Node, Node)>, Vec<Edit>) {
    let (mut labels, mut unfollowed) = (Vec::new(), Vec::new());
    for entry in document.get("labels").into_iter().flat_map(Node::items) {
        let is_wide = ["includeSelectors", "includeTemplates"]
            .iter()
            .any(|key| entry.get(key).and_then(Node::as_bool) == Some(true));
        if is_wide || said(entry, "fields").is_some() {
            unfollowed.push(Edit { edit: entry.head(), key: "labels" });
        } else {
            labels.extend(entry.get("pairs").into_iter().flat_map(Node::entries).cloned());
        }
    }
    (labels, unfollowed)
}

/// Returns the patches that may change what bears on traffic: all but those whose kind is known not to.
fn patches(document: &Node, key: &'static str, folder: &Utf8Path, texts: &Texts<'_>) -> Vec<Patch> {
    let patches = document.get(key).into_iter().flat_map(Node::items);
    let read = |patch: &Node| {
        let target = patch.get("target").map(|target| |key: &str| target.get(key).and_then(Node::text));
        Patch::read(texts.sources, Edit { edit: patch.head(), key }, text_of(patch, folder, texts), target)
    };
    patches.map(read).filter(Patch::may_bear_on_traffic).collect()
}

/// Returns the text of a patch: under `patch`, or at a `path`; for a strategic merge patch of the old form, the whole entry
/// is one of them.
fn text_of<'t>(patch: &'t Node, folder: &Utf8Path, texts: &Texts<'_>) -> patch::Text<'t> {
    let at = |path: &str| {
        texts.input.text(&clean(&folder.join(path))).map_or(patch::Text::Unread, patch::Text::File)
    };
    if let Some(scalar) = patch.scalar() {
        let is_path = !scalar.text.contains('\n');
        return if is_path { at(&scalar.text) } else { patch::Text::Inline(&scalar.text, patch.span) };
    }
    let word =
        |key: &str| patch.get(key).filter(|word| word.text().is_some_and(|text| !text.trim().is_empty()));
    match (word("patch"), word("path"), said(patch, "options")) {
        (Some(inline), None, None) => patch::Text::Inline(inline.text().unwrap_or_default(), inline.span),
        (None, Some(file), None) => at(file.text().unwrap_or_default()),
        (Some(_) | None, Some(_) | None, Some(_) | None) => patch::Text::Unread,
    }
}

/// Returns the paths that a list may name beside its resources: every word of it, from its folder, and what stands behind
/// `=` where a file is given a key.
fn used(document: &Node, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for (key, value) in document.entries() {
        if !matches!(key.text(), Some("resources" | "bases" | "components")) {
            collect(value, folder, &mut found);
        }
    }
    found
}

fn collect(node: &Node, folder: &Utf8Path, found: &mut Vec<Utf8PathBuf>) {
    if let Some(text) = node.text() {
        let path = text.rsplit('=').next().unwrap_or(text);
        if !path.is_empty() && !path.contains('\n') {
            found.push(clean(&folder.join(path)));
        }
    }
    for item in node.items() {
        collect(item, folder, found);
    }
    for (_, value) in node.entries() {
        collect(value, folder, found);
    }
}
