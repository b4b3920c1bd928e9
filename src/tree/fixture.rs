//! Sandboxes for the tests of this module.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use tempfile::TempDir;

use super::{Comparison, Digest, Stamp, State, Summary, Tree, Written, compare, write};

/// The root of the trees in the tests.
pub(super) const ROOT: &str = "clusters/sre";

/// A directory of its own, with another one beside it that nothing may touch.
pub(super) struct Sandbox {
    _temp: TempDir,
    pub(super) dir: Utf8PathBuf,
    pub(super) outside: Utf8PathBuf,
}

impl Sandbox {
    pub(super) fn new() -> Self {
        let temp = TempDir::new().expect("a temporary directory can be made");
        let top =
            Utf8Path::from_path(temp.path()).expect("the temporary directory has a UTF-8 name").to_owned();
        let (dir, outside) = (top.join("repository"), top.join("outside"));
        fs::create_dir(&dir).expect("a directory can be made");
        fs::create_dir(&outside).expect("a directory can be made");
        Self { _temp: temp, dir, outside }
    }

    pub(super) fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let target = self.dir.join(path);
        fs::create_dir_all(target.parent().expect("a joined path has a parent"))
            .expect("directories can be made");
        fs::write(target, text).expect("a file can be written");
    }

    pub(super) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.dir.join(path)).expect("the file can be read")
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.dir.join(path)).expect("the file can be removed");
    }

    pub(super) fn make_dir(&self, path: &str) {
        fs::create_dir_all(self.dir.join(path)).expect("directories can be made");
    }

    #[cfg(unix)]
    pub(super) fn link(&self, target: &Utf8Path, path: &str) {
        std::os::unix::fs::symlink(target, self.dir.join(path)).expect("a link can be made");
    }

    /// Everything in the directory: files with their bytes, directories with a slash, links with their target.
    pub(super) fn contents(&self) -> BTreeMap<String, String> {
        let mut contents = BTreeMap::new();
        collect(&self.dir, "", &mut contents);
        contents
    }

    /// Writes a tree that must not be refused.
    pub(super) fn write(&self, tree: &Tree) -> Summary {
        match write(&self.dir, &compare(&self.dir, tree, &stamp()), false).expect("the tree can be written") {
            Written::Done(summary) => summary,
            Written::Refused(paths) => panic!("refused because of {paths:?}"),
        }
    }

    /// The states of everything but what is unchanged.
    pub(super) fn states(&self, tree: &Tree) -> Vec<(String, State)> {
        states(&compare(&self.dir, tree, &stamp()))
    }

    /// Runs a program in the directory, and returns whether it succeeded and what it said.
    pub(super) fn run(&self, at: &str, program: &str, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(program);
        let output =
            command.args(arguments).current_dir(self.dir.join(at)).output().expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

fn collect(dir: &Utf8Path, at: &str, contents: &mut BTreeMap<String, String>) {
    for entry in dir.join(at).read_dir_utf8().expect("the directory can be read") {
        let entry = entry.expect("the directory can be read");
        let path = super::joined(at, entry.file_name());
        let kind = entry.file_type().expect("the file has a type");
        if kind.is_dir() {
            collect(dir, &path, contents);
            contents.insert(path + "/", String::new());
        } else if kind.is_symlink() {
            contents.insert(path, entry.path().read_link_utf8().expect("the link can be read").into_string());
        } else {
            let bytes = fs::read(entry.path()).expect("the file can be read");
            contents.insert(path, String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

pub(super) fn states(comparison: &Comparison<'_>) -> Vec<(String, State)> {
    let differing = comparison.entries.iter().filter(|entry| entry.state != State::Unchanged);
    differing.map(|entry| (entry.path.to_string(), entry.state.clone())).collect()
}

/// A tree under [`ROOT`].
pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    tree_at(ROOT, files)
}

pub(super) fn tree_at(root: &str, files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(root);
    for (path, text) in files {
        tree.insert(super::joined(root, path), *text);
    }
    tree
}

pub(super) fn stamp() -> Stamp {
    stamp_of("sre")
}

pub(super) fn stamp_of(profile: &str) -> Stamp {
    Stamp { tool: "meshwright 0.1.0".into(), profile: profile.into(), digest: Digest::of("profile") }
}

/// The line of a lock that names a file.
pub(super) fn locked(path: &str, text: &str) -> String {
    format!("{}  {path}\n", Digest::of(text))
}

/// The lock that a finished write leaves.
pub(super) fn lock(files: &[(&str, &str)]) -> String {
    let head = format!("# meshwright 0.1.0\n# profile sre sha256:{}\n", Digest::of("profile"));
    files.iter().fold(head, |lock, (path, text)| lock + &locked(path, text))
}

pub(super) fn summary(added: usize, changed: usize, removed: usize) -> Summary {
    Summary { added, changed, removed, ..Summary::default() }
}
