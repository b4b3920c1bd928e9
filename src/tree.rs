//! A rendered tree, path by path: compares it with a directory, writes it there, and shows the difference.
//!
//! Nothing here knows what the texts mean. A lock beside the files ([`LOCK_FILE`]) says which bytes the last
//! render left, and that alone tells a file that may be replaced from one that somebody edited by hand.
//!
//! ```text
//! Tree ─ compare ─► Comparison ─┬─ changes, unified ─► what would change
//!   directory ─────────┘        └─ write ───────────► the directory, changed
//! ```

mod compare;
mod diff;
mod ledger;
mod lock;
mod place;
mod walk;
mod write;

#[cfg(test)]
mod fixture;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use camino::{Utf8Path, Utf8PathBuf};

pub use compare::{Comparison, Entry, State, Summary, between, compare};
pub use diff::{FileChange, FileStatus, Hunk, Line, LineTag, Segment, change_of, changes, unified};
pub use lock::{Digest, LOCK_FILE, Lock, LockFault, LockFaultReason, Stamp};
pub use place::{Obstruction, reason};
pub use walk::{find_locks, unlisted, walk};
pub use write::{Written, write};

/// Texts by path, in the order of their paths' bytes, which is the order of git.
///
/// Paths are relative to the directory that the tree is written to, with forward slashes, and all lie under
/// the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    root: String,
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Starts an empty tree whose files will lie under `root`, such as `clusters/sre/istio`; empty for the
    /// directory itself. Panics when `root` is not plain, see [`is_plain`].
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        let root = root.into().into_string();
        assert!(root.is_empty() || is_plain(&root), "the root of a tree is a plain path, not `{root}`");
        Self { root, files: BTreeMap::new() }
    }

    /// Adds a file. Panics when the path is taken, not plain, not under the root, or belongs to the lock.
    pub fn insert(&mut self, path: impl Into<Utf8PathBuf>, text: impl Into<String>) {
        let path = path.into().into_string();
        assert!(is_plain(&path), "plan paths are plain, unlike `{path}`");
        assert!(below(&self.root, &path).is_some(), "plan paths lie under the root, unlike `{path}`");
        assert!(!is_lock(&path), "the lock writes itself, so `{path}` is taken");
        match self.files.entry(path) {
            Slot::Vacant(slot) => slot.insert(text.into()),
            Slot::Occupied(slot) => panic!("plan paths are unique, unlike `{}`", slot.key()),
        };
    }

    /// The directory under which every file lies; empty for the directory itself.
    pub fn root(&self) -> &Utf8Path {
        Utf8Path::new(&self.root)
    }

    /// Where the lock of this tree lies.
    pub fn lock_path(&self) -> Utf8PathBuf {
        joined(&self.root, LOCK_FILE).into()
    }

    /// The text at a path.
    pub fn get(&self, path: &Utf8Path) -> Option<&str> {
        self.files.get(path.as_str()).map(String::as_str)
    }

    /// Paths and texts in the order of their paths' bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8Path, &str)> {
        self.files.iter().map(|(path, text)| (Utf8Path::new(path), text.as_str()))
    }

    /// How many files the tree has, the lock not among them.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether the tree has no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// Whether `path` can only mean a place below the directory it is joined to: relative, forward slashes, no
/// `.`, `..`, empty part, drive or control character, and nothing inside a `.git` directory.
pub fn is_plain(path: &str) -> bool {
    let has_drive = path.as_bytes().get(1) == Some(&b':');
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
    !has_drive && !path.contains(|c: char| c == '\\' || c.is_control()) && path.split('/').all(is_part)
}

fn is_lock(path: &str) -> bool {
    path == LOCK_FILE || path.ends_with("/meshwright.lock")
}

/// The directory of a plain path; empty for the top.
fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The last part of a plain path.
fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn joined(root: &str, path: &str) -> String {
    if root.is_empty() { path.to_owned() } else { [root, "/", path].concat() }
}

/// The path relative to `root`, if it lies under it.
fn below<'p>(root: &str, path: &'p str) -> Option<&'p str> {
    if root.is_empty() { Some(path) } else { path.strip_prefix(root)?.strip_prefix('/') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_in_the_order_of_git() {
        let mut tree = Tree::new("a");
        for path in ["a/b/c", "a/b.yaml", "a/b-c", "a/B"] {
            tree.insert(path, path.to_uppercase());
        }
        let read: Vec<_> = tree.iter().map(|(path, text)| (path.as_str(), text)).collect();
        assert_eq!(read, [("a/B", "A/B"), ("a/b-c", "A/B-C"), ("a/b.yaml", "A/B.YAML"), ("a/b/c", "A/B/C")]);
        assert_eq!(tree.lock_path(), "a/meshwright.lock");
        assert_eq!(Tree::new("").lock_path(), "meshwright.lock");
    }

    #[test]
    #[should_panic(expected = "plan paths are unique, unlike `a/b`")]
    fn a_path_is_inserted_once() {
        let mut tree = Tree::new("a");
        tree.insert("a/b", "");
        tree.insert("a/b", "");
    }

    #[test]
    #[should_panic(expected = "plan paths lie under the root, unlike `ab/c`")]
    fn a_path_lies_under_the_root() {
        Tree::new("a").insert("ab/c", "");
    }

    #[test]
    #[should_panic(expected = "the lock writes itself")]
    fn the_path_of_the_lock_is_taken() {
        Tree::new("a").insert("a/meshwright.lock", "");
    }

    #[test]
    fn only_a_path_that_stays_below_is_plain() {
        let unsafe_paths = [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a//b",
            "a/",
            "./a",
            "a/.",
            "a\\b",
            "C:/a",
            "a\nb",
            "a\0b",
            ".git/config",
            "a/.GIT/hooks/x",
        ];
        for path in unsafe_paths {
            assert!(!is_plain(path), "{path:?}");
        }
        for path in ["a", "a/b", ".gitignore", "a/..b", "a b", "ä/ö"] {
            assert!(is_plain(path), "{path:?}");
        }
    }
}
