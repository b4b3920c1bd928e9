//! The walls: which module may use which, and who alone may touch the outside.

mod support;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

/// Each module with those that it may use. What is not listed is not allowed, and the order is the line that data
/// moves along: nothing names a module below itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("yaml", &["source", "diagnostic"]),
    ("schema", &["source", "diagnostic", "yaml"]),
    ("release", &[]),
    ("api", &["source", "diagnostic", "yaml", "schema", "release"]),
    ("manifest", &["source", "diagnostic", "yaml", "api"]),
    ("read", &["source", "diagnostic", "yaml", "schema", "tree"]),
    ("delivery", &["source", "diagnostic", "yaml", "read", "manifest"]),
    ("mesh", &["source", "yaml", "manifest"]),
    ("reach", &["source", "diagnostic", "yaml", "manifest", "mesh"]),
    (
        "check",
        &[
            "source",
            "diagnostic",
            "yaml",
            "schema",
            "release",
            "api",
            "manifest",
            "delivery",
            "mesh",
            "reach",
        ],
    ),
    ("control", &["source", "diagnostic", "yaml", "release", "manifest", "mesh", "reach", "check", "tree"]),
    ("profile", &["source", "diagnostic", "yaml", "schema", "release", "api"]),
    ("plan", &["profile", "release", "yaml"]),
    ("template", &[]),
    ("tree", &[]),
    ("render", &["profile", "plan", "template", "tree"]),
    ("proof", &["source", "diagnostic", "manifest", "mesh", "reach", "profile", "plan"]),
    ("upgrade", &["diagnostic", "profile", "release"]),
    ("cli", &["schema", "release", "manifest", "reach"]),
    ("shell", &["source", "diagnostic", "tree", "cli"]),
    (
        "command",
        &[
            "source",
            "diagnostic",
            "yaml",
            "schema",
            "release",
            "api",
            "profile",
            "plan",
            "render",
            "tree",
            "read",
            "manifest",
            "delivery",
            "mesh",
            "reach",
            "check",
            "proof",
            "control",
            "upgrade",
            "cli",
            "shell",
        ],
    ),
];

/// What only some files may name, with those that may.
const OWNED: &[(&str, &[&str])] = &[
    ("std::fs", &["command", "read", "tree"]),
    ("process::Command::new", &["read"]),
    ("use clap", &["cli", "command", "main"]),
    ("SystemTime", &[]),
    ("now_utc", &["shell"]),
    ("std::env", &["shell"]),
    ("io::stdout", &["shell"]),
    ("io::stderr", &["shell"]),
    ("minijinja", &["template"]),
    ("saphyr_parser", &["template", "yaml"]),
    ("tempfile", &["tree"]),
    ("glob::", &["command"]),
];

/// Every source file with the module that it belongs to and its text, less its own tests.
fn files() -> Vec<(String, Utf8PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![support::home().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().expect("src/ can be read") {
            let path = entry.expect("src/ can be read").into_path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .file_name()
                .is_some_and(|name| !["tests.rs", "fixture.rs", "schema.yaml"].contains(&name))
            {
                let text = std::fs::read_to_string(&path).expect("a source file is text");
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                files.push((module(&path), path, text));
            }
        }
    }
    files
}

fn module(path: &Utf8Path) -> String {
    let below = path.strip_prefix(support::home().join("src")).expect("a file of src/");
    let first = below.components().next().expect("a file has a name");
    first.as_str().trim_end_matches(".rs").to_owned()
}

/// The modules that a text names by `crate::`.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        // `use crate::{a::…, b::{…}, c}`: the names at the first depth.
        let (mut depth, mut word, mut is_first) = (0_usize, String::new(), true);
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 1 => is_first = true,
                c if c.is_ascii_lowercase() || c == '_' => {
                    if is_first {
                        word.push(c);
                    }
                    continue;
                }
                c if c.is_whitespace() => continue,
                _ => is_first = false,
            }
            if !word.is_empty() {
                names.insert(std::mem::take(&mut word));
                is_first = c == ',' && depth == 1;
            }
            if depth == 0 {
                break;
            }
        }
        names.extend((!word.is_empty()).then_some(word));
    }
    names
}

#[test]
fn names_are_read_from_every_form_of_use() {
    let names = |text: &str| named(text).into_iter().collect::<Vec<_>>();
    assert_eq!(names("use crate::yaml::{Node, Value};"), ["yaml"]);
    assert_eq!(
        names("use crate::{\n    diagnostic::{Diagnostic, nearest},\n    schema,\n    yaml::Node,\n};"),
        ["diagnostic", "schema", "yaml"]
    );
    assert_eq!(names("let x = crate::schema::format::check(a, b);"), ["schema"]);
}

#[test]
fn modules_use_only_what_stands_before_them() {
    let mut broken = Vec::new();
    for (module, path, text) in files() {
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            assert!(["lib", "main"].contains(&module.as_str()), "`{module}` has no place in the layers");
            continue;
        };
        for name in named(&text) {
            let is_module = LAYERS.iter().any(|(known, _)| *known == name);
            if is_module && name != module && !allowed.contains(&name.as_str()) {
                broken.push(format!("{path}: `{module}` may not use `{name}`"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn the_outside_is_touched_where_it_is_owned() {
    let mut broken = Vec::new();
    for (module, path, text) in files() {
        for (what, owners) in OWNED {
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if code.clone().any(|line| line.contains(what)) && !owners.contains(&module.as_str()) {
                broken.push(format!("{path}: `{what}` is for {owners:?}"));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

#[test]
fn every_module_is_described_in_the_architecture() {
    let text =
        std::fs::read_to_string(support::home().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    for (module, _) in LAYERS {
        assert!(text.contains(&format!("`{module}")), "ARCHITECTURE.md does not say what `{module}` is for");
    }
}
