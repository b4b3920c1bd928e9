//! Trees as real teams write them, each with one mistake that looks right, and exactly what `check` says of it.
//!
//! `tests/wrong/base` is a small sound mesh, of which nothing is said. Every other folder has the files that differ from it,
//! the first of which tells the story, and `findings.txt`: `UPDATE=1 cargo test --test wrong` writes that anew, to be read.

mod support;

use std::{fs, process::Command};

use camino::{Utf8Path, Utf8PathBuf};

const EXPECTED: &str = "findings.txt";

fn trees() -> Utf8PathBuf {
    support::home().join("tests/wrong")
}

/// Copies the manifests of a folder over what is there.
fn lay(tree: &Utf8Path, folder: &Utf8Path) {
    for path in support::files_below(tree) {
        let name = path.strip_prefix(tree).expect("a path below");
        if name != EXPECTED {
            fs::copy(&path, folder.join(name)).expect("a file is copied");
        }
    }
}

/// Returns what `check` says of the sound mesh with the files of a folder in place of its own, and how it exits.
fn checked(tree: &Utf8Path) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8Path::from_path(folder.path()).expect("a path that is text");
    lay(&trees().join("base"), folder);
    lay(tree, folder);
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .args(["check", ".", "--deny", "note", "--today", "2026-11-25"])
        .current_dir(folder)
        .output()
        .expect("the program runs");
    (String::from_utf8([output.stdout, output.stderr].concat()).expect("text"), output.status.code())
}

#[test]
fn nothing_is_said_of_the_sound_mesh() {
    let (said, code) = checked(&trees().join("base"));
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn each_mistake_is_found_and_nothing_else_is() {
    let mut count = 0;
    for entry in trees().read_dir_utf8().expect("tests/wrong/ is there") {
        let tree = entry.expect("tests/wrong/ can be read").into_path();
        if tree.file_name() == Some("base") {
            continue;
        }
        let (said, code) = checked(&tree);
        assert_eq!(code, Some(1), "{tree}: {said}");
        support::expect(&tree.join(EXPECTED), &said);
        count += 1;
    }
    assert!(count >= 20, "{count} trees");
}
