//! Walks directories: for the locks of a tree that moved, for files that no render left, and for whoever else asks.

use std::collections::BTreeSet;
use std::fs::{self, DirEntry, FileType};

use camino::{Utf8Path, Utf8PathBuf};

use super::lock::{LOCK_FILE, Lock};
use super::{Tree, is_lock, joined, name, parent};

/// Finds the roots, relative to `dir` and sorted, of the trees whose lock names `profile`.
///
/// Hidden directories, `node_modules`, `target` and symbolic links are passed over, as is what cannot be read.
pub fn find_locks(dir: &Utf8Path, profile: &str) -> Vec<Utf8PathBuf> {
    let mut locks = Vec::new();
    walk(dir, "", &mut is_searched, &mut |path, kind| {
        if is_lock(&path) && kind.is_some_and(|kind| kind.is_file()) {
            locks.push(path);
        }
    });
    locks.retain(|path| read(dir, path).profiles().any(|name| name == profile));
    let mut roots: Vec<_> = locks.iter().map(|path| Utf8PathBuf::from(parent(path))).collect();
    roots.sort();
    roots
}

fn is_searched(path: &str) -> bool {
    let name = name(path);
    !name.starts_with('.') && !matches!(name, "node_modules" | "target")
}

/// Finds what lies under the tree's root but is neither rendered nor named by a lock there or above, sorted.
///
/// A symbolic link counts as a file; a directory that cannot be read is returned itself, since nobody can tell
/// what is in it. A name that is not UTF-8 is returned with replacement characters.
pub fn unlisted(dir: &Utf8Path, tree: &Tree) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    walk(dir, &tree.root, &mut |path| name(path) != ".git", &mut |path, kind| found.push((path, kind)));
    let mut listed: BTreeSet<String> = BTreeSet::new();
    let above = tree.root().ancestors().map(|root| joined(root.as_str(), LOCK_FILE));
    let inside = found.iter().filter(|(path, kind)| is_lock(path) && kind.is_some_and(|kind| kind.is_file()));
    for path in above.chain(inside.map(|(path, _)| path.clone())) {
        let lock = read(dir, &path);
        if lock.profiles().next().is_some() {
            listed.extend(lock.files.keys().map(|name| joined(parent(&path), name)));
            listed.insert(path);
        }
    }
    let is_listed = |path: &str| listed.contains(path) || tree.files.contains_key(path);
    let mut unlisted: Vec<_> =
        found.into_iter().map(|(path, _)| path).filter(|path| !is_listed(path)).collect();
    unlisted.sort();
    unlisted.into_iter().map(Utf8PathBuf::from).collect()
}

/// The lock at `path`, empty if it cannot be read.
fn read(dir: &Utf8Path, path: &str) -> Lock {
    fs::read(dir.join(path))
        .map_or_else(|_| Lock::default(), |bytes| Lock::read(Utf8Path::new(path), &bytes).0)
}

/// Calls `visit` for everything below `at` that is no directory, with its type, and for every directory that
/// cannot be read, without one.
///
/// Paths are relative to `dir`; a name that is not UTF-8 has replacement characters in it. The order is the disk's own.
/// No symbolic link is followed, so a walk ends; `enters` says which directories it goes into.
pub fn walk(
    dir: &Utf8Path,
    at: &str,
    enters: &mut dyn FnMut(&str) -> bool,
    visit: &mut dyn FnMut(String, Option<FileType>),
) {
    let Ok(entries) = fs::read_dir(dir.join(at)) else {
        if fs::symlink_metadata(dir.join(at)).is_ok() {
            visit(at.to_owned(), None);
        }
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = joined(at, &name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => {
                if enters(&path) {
                    walk(dir, &path, enters, visit);
                }
            }
            kind => visit(path, kind.ok()),
        }
    }
}

/// Whether `at` is a directory that holds nothing but directories and files that satisfy `leaves`.
pub(super) fn holds_only(dir: &Utf8Path, at: &str, leaves: &dyn Fn(&str) -> bool) -> bool {
    let holds = |entry: &DirEntry| {
        let Ok(name) = entry.file_name().into_string() else { return false };
        let path = joined(at, &name);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => holds_only(dir, &path, leaves),
            Ok(kind) => kind.is_file() && leaves(&path),
            Err(_) => false,
        }
    };
    fs::read_dir(dir.join(at))
        .is_ok_and(|mut entries| entries.all(|entry| entry.is_ok_and(|entry| holds(&entry))))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{ROOT, Sandbox, lock, tree, tree_at};
    use super::*;

    #[test]
    fn locks_are_found_wherever_a_tree_may_lie() {
        let sandbox = Sandbox::new();
        for root in ["b/c", "a", "x/.hidden", "node_modules/x", "x/target/y", ".git"] {
            sandbox.put(&joined(root, LOCK_FILE), lock(&[]));
        }
        sandbox.put("d/meshwright.lock", lock(&[]).replace("profile sre", "profile prod"));
        sandbox.put("e/meshwright.lock", "not ours");
        sandbox.make_dir("f/meshwright.lock");
        assert_eq!(find_locks(&sandbox.dir, "sre"), ["a", "b/c"]);
        sandbox.put(LOCK_FILE, lock(&[]));
        assert_eq!(find_locks(&sandbox.dir, "sre"), ["", "a", "b/c"]);
        assert_eq!(find_locks(&sandbox.dir.join("none"), "sre"), Vec::<Utf8PathBuf>::new());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_back_to_the_top_is_not_walked() {
        let sandbox = Sandbox::new();
        sandbox.put("a/meshwright.lock", lock(&[]));
        sandbox.link(&sandbox.dir, "a/top");
        assert_eq!(find_locks(&sandbox.dir, "sre"), ["a"]);
        assert_eq!(unlisted(&sandbox.dir, &tree_at("a", &[])), ["a/top"]);
    }

    #[test]
    fn what_nobody_rendered_and_no_lock_names_is_unlisted() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("old", "1")]));
        sandbox.write(&tree_at(&joined(ROOT, "nested"), &[("b", "1")]));
        for path in ["stray", "nested/stray", ".hidden/stray", "new"] {
            sandbox.put(&joined(ROOT, path), "");
        }
        sandbox.put("clusters/beside", "");
        let rendered = tree(&[("a", "1"), ("new", "1")]);
        assert_eq!(
            unlisted(&sandbox.dir, &rendered),
            ["clusters/sre/.hidden/stray", "clusters/sre/nested/stray", "clusters/sre/stray"]
        );
        sandbox.put(LOCK_FILE, lock(&[("clusters/sre/nested/.hidden", "")]));
        sandbox.put("clusters/sre/nested/.hidden", "");
        let nested = tree_at(&joined(ROOT, "nested"), &[]);
        assert_eq!(unlisted(&sandbox.dir, &nested), ["clusters/sre/nested/stray"]);
        assert_eq!(unlisted(&sandbox.dir, &tree_at("none", &[])), Vec::<Utf8PathBuf>::new());
    }

    #[test]
    fn a_lock_without_its_head_lists_nothing() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/meshwright.lock", "packages: []\n");
        assert_eq!(unlisted(&sandbox.dir, &tree(&[])), ["clusters/sre/meshwright.lock"]);
    }
}
