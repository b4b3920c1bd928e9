//! The textbook of `tests/reach/`: what the command prints for each tree is what stands there. Whether it is true,
//! `tests/semantics/` says. `UPDATE=1` writes the tables anew.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{fs, process::Command};

#[test]
fn the_command_prints_every_table_of_the_textbook() {
    check("", 60);
}

#[test]
fn the_command_explains_what_the_textbook_explains() {
    check("/explained", 20);
}

#[test]
fn the_command_says_which_routes_arrive() {
    check("/routes", 2);
}

/// Asks the question in the first line of each text of a folder, of which there are so many at least.
fn check(folder: &str, least: usize) {
    let folder = format!("{}/tests/reach{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    let mut tables = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        tables += 1;
        let table = fs::read_to_string(&path).unwrap();
        let question =
            table.lines().next().unwrap().strip_prefix("$ meshwright ").expect("a question comes first");
        let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
            .args(question.split_whitespace())
            .arg("--quiet")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{question}");
        let said = format!("$ meshwright {question}\n{}", String::from_utf8(output.stdout).unwrap());
        if said != table {
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&path, &said).unwrap();
            } else {
                faults.push(format!("{}\n--- said\n{said}", path.display()));
            }
        }
    }
    assert!(tables >= least, "{tables} texts");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
