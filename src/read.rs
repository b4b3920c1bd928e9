//! Reads what anybody wrote for a cluster: directories, files, standard input, a revision of a git repository.
//!
//! ```text
//! PATH... ── paths ────┐
//! REV:PATH ─ revision ─┴─► Input: texts by path ─ objects ─► [Node], or why a text holds none
//! ```
//!
//! Reading goes on whatever it meets: what cannot be read is a diagnostic at an empty text of its name. It ends, whatever
//! lies on the disk: no symbolic link is followed below a path that was named, nothing but a regular file is opened, and
//! every length has a limit.

mod decode;
mod disk;
mod fault;
mod found;
mod git;
mod objects;

use std::{collections::BTreeMap, io::Read};

use camino::{Utf8Path, Utf8PathBuf};

pub use git::revision;
pub use objects::{objects, raw};

use crate::{diagnostic::Diagnostic, source::Sources};

/// The name of standard input in messages.
pub const STANDARD_INPUT: &str = "<stdin>";

/// How many bytes all texts may have together.
pub const MAX_TOTAL_BYTES: u64 = 1 << 30;

/// How many files and directories a walk may meet.
pub const MAX_FILES: usize = 1_000_000;

/// How long a file may be that is no manifest: a ConfigMap that is made of it takes no more (`MaxSecretSize`).
pub const MAX_OTHER_BYTES: u64 = 1 << 20;

/// What was read.
#[derive(Debug, Default)]
pub struct Input {
    /// YAML and JSON, sorted by path.
    pub texts: Vec<Text>,
    /// Files that are neither, sorted by path.
    pub others: Vec<Utf8PathBuf>,
    /// Symbolic links, sorted by path; none was followed.
    pub links: Vec<Utf8PathBuf>,
    /// Hidden directories and `node_modules`, sorted by path; none was entered.
    pub unentered: Vec<Utf8PathBuf>,
    /// How many files were passed over, by reason; see [`Input::pass_over`].
    pub passed_over: BTreeMap<PassedOver, usize>,
    store: Store,
}

/// A text and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// From where its references start: as the user named it, with forward slashes and without `.`.
    pub path: Utf8PathBuf,
    /// Its text in [`Sources`].
    pub file: u32,
}

/// Where the files lie that are no texts.
#[derive(Debug, Default)]
enum Store {
    /// On the disk, under their paths.
    #[default]
    Disk,
    /// In a git repository.
    Git(git::Blobs),
    /// Here.
    Memory(BTreeMap<Utf8PathBuf, Vec<u8>>),
}

/// Why a file is no manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PassedOver {
    /// It lies in the `templates` of a Helm chart.
    ChartTemplate,
    /// It has `{{`, and is no YAML, or no object without what a template would put there.
    Template,
    /// It holds no mapping with an `apiVersion` and a `kind`.
    NoObject,
    /// Its name does not end in `.yaml`, `.yml` or `.json`.
    OtherEnding,
}

impl PassedOver {
    /// Returns what such files are, in the plural.
    pub fn label(self) -> &'static str {
        match self {
            Self::ChartTemplate => "chart templates",
            Self::Template => "templates",
            Self::NoObject => "files without objects",
            Self::OtherEnding => "files of other kinds",
        }
    }

    /// Returns how many such files there are, in words.
    pub fn counted(self, count: usize) -> String {
        let one = match self {
            Self::ChartTemplate => "chart template",
            Self::Template => "template",
            Self::NoObject => "file without objects",
            Self::OtherEnding => "file of another kind",
        };
        format!("{count} {}", if count == 1 { one } else { self.label() })
    }
}

/// Reads paths: directories with all below them, files whatever their name, and `-`, which is `standard_input`.
///
/// A file that two paths name is read once.
pub fn paths(
    paths: &[Utf8PathBuf],
    standard_input: impl Read,
    sources: &mut Sources,
) -> (Input, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut input = disk::find(paths).read("", |path| disk::open(&path), sources, &mut diagnostics);
    if paths.iter().any(|path| path == "-") {
        match disk::bounded(standard_input).and_then(decode::text) {
            Ok(decoded) => {
                input.add(STANDARD_INPUT.into(), STANDARD_INPUT, decoded, sources, &mut diagnostics);
            }
            Err(fault) => diagnostics.push(fault.at(STANDARD_INPUT, sources)),
        }
        input.texts.sort_by(|one, other| one.path.as_str().cmp(other.path.as_str()));
    }
    (input, diagnostics)
}

impl Input {
    /// Takes texts that lie nowhere: YAML and JSON by their endings, and other files.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>, sources: &mut Sources) -> Self {
        let mut input = Self::default();
        let mut others = BTreeMap::new();
        let files: BTreeMap<&str, &str> = files.into_iter().collect();
        for (path, text) in files {
            if found::is_yaml(path) {
                input.texts.push(Text { path: path.into(), file: sources.add(path, text) });
            } else {
                input.others.push(path.into());
                others.insert(path.into(), text.into());
            }
        }
        input.store = Store::Memory(others);
        input
    }

    /// Returns the text at a path.
    pub fn text(&self, path: &Utf8Path) -> Option<u32> {
        let at = self.texts.binary_search_by(|text| text.path.as_str().cmp(path.as_str()));
        at.ok().map(|at| self.texts[at].file)
    }

    /// Returns the texts below a folder; every one for the empty path.
    pub fn below(&self, folder: &Utf8Path) -> &[Text] {
        if folder.as_str().is_empty() {
            return &self.texts;
        }
        let prefix = format!("{}/", folder.as_str().trim_end_matches('/'));
        let start = self.texts.partition_point(|text| text.path.as_str() < prefix.as_str());
        let end = self.texts[start..].partition_point(|text| text.path.as_str().starts_with(&prefix));
        &self.texts[start..start + end]
    }

    /// Tells whether a file lies at a path that is no text.
    pub fn has_other(&self, path: &Utf8Path) -> bool {
        self.others.binary_search_by(|other| other.as_str().cmp(path.as_str())).is_ok()
    }

    /// Reads a file that is no text; a sentence where that cannot be.
    pub fn bytes(&self, path: &Utf8Path) -> Result<Vec<u8>, String> {
        if !self.has_other(path) {
            return Err("there is no such file in what was read".to_owned());
        }
        match &self.store {
            Store::Disk => disk::small(path),
            Store::Git(blobs) => blobs.small(path),
            Store::Memory(files) => Ok(files.get(path).cloned().unwrap_or_default()),
        }
    }

    /// Counts a file that turned out to be no manifest.
    pub fn pass_over(&mut self, reason: PassedOver) {
        *self.passed_over.entry(reason).or_default() += 1;
    }

    fn add(
        &mut self,
        path: Utf8PathBuf,
        shown: &str,
        decoded: decode::Decoded,
        sources: &mut Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let file = sources.add(shown, decoded.text);
        diagnostics.extend(decoded.is_utf_16.then(|| fault::utf_16(file, shown)));
        self.texts.push(Text { path, file });
    }
}

/// Takes `.`, empty parts and, where that can be, `..` out of a path; backslashes become slashes on Windows.
pub fn clean(path: &Utf8Path) -> Utf8PathBuf {
    let text = if cfg!(windows) { path.as_str().replace('\\', "/") } else { path.as_str().to_owned() };
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if text.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if text.starts_with('/') { "/" } else { "" };
    Utf8PathBuf::from(format!("{root}{}", parts.join("/")))
}

#[cfg(test)]
mod tests;
