//! README.md: its commands print what it says, and its reference is the schema's.
//!
//! `UPDATE=1 cargo test --test readme` writes both anew.

mod support;

use std::{fmt::Write as _, fs, process::Command};

use serde_json::Value;

const BEGIN: &str = "<!-- reference: written by `UPDATE=1 cargo test --test readme` -->\n";
const END: &str = "<!-- end of reference -->";

fn readme() -> String {
    fs::read_to_string(support::home().join("README.md")).expect("README.md is there")
}

fn compare(expected: &str) {
    let path = support::home().join("README.md");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, expected).expect("README.md can be written");
    }
    let found = readme();
    let diff = similar::TextDiff::from_lines(found.as_str(), expected);
    assert!(
        found == expected,
        "README.md is stale:\n{}",
        diff.unified_diff().header("README.md", "expected")
    );
}

/// Runs one command of the README in `folder`; the two that build are run by whoever reads it, and by CI.
fn run(command: &str, folder: &camino::Utf8Path) -> Option<String> {
    let mut words = command.split(' ');
    let program = match words.next()? {
        "meshwright" => env!("CARGO_BIN_EXE_meshwright"),
        "ls" => "ls",
        _ => return None,
    };
    let output = Command::new(program)
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("the program runs");
    Some(String::from_utf8([output.stdout, output.stderr].concat()).expect("text"))
}

#[test]
fn the_commands_print_what_the_readme_shows_and_the_reference_is_the_schemas() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = camino::Utf8Path::from_path(folder.path()).expect("a path that is text");
    fs::create_dir(folder.join("examples")).expect("a folder");
    for example in ["shop.yaml", "broken.yaml", "found.yaml", "flows.yaml"] {
        fs::copy(support::home().join("examples").join(example), folder.join("examples").join(example))
            .expect("a copy");
    }
    let mut text = String::new();
    let readme = readme();
    let mut lines = readme.lines().peekable();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        if line != "```console" {
            continue;
        }
        while let Some(line) = lines.next_if(|line| *line != "```") {
            let Some(command) = line.strip_prefix("$ ") else { continue };
            let _ = writeln!(text, "{line}");
            if let Some(printed) = run(command, folder) {
                text.push_str(&printed);
            } else {
                while let Some(line) = lines.next_if(|line| *line != "```" && !line.starts_with("$ ")) {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
    }
    let (before, rest) = text.split_once(BEGIN).expect("README.md has a place for the reference");
    let (_, after) = rest.split_once(END).expect("the reference ends");
    compare(&format!("{before}{BEGIN}{}{END}{after}", reference()));
}

#[test]
fn the_profile_in_the_readme_is_the_example() {
    let example =
        fs::read_to_string(support::home().join("examples/shop.yaml")).expect("the example is there");
    assert!(
        readme().contains(&format!("```yaml\n{example}```\n")),
        "README.md shows another examples/shop.yaml"
    );
}

/// Returns a table for the profile, and one for each part of it that has keys of its own.
fn reference() -> String {
    let schema = meshwright::profile::schema();
    let mut text = String::new();
    table(&mut text, "Keys", &schema, &schema);
    for (title, name) in [
        ("`dns.peers`", "resolver"),
        ("A namespace", "namespace"),
        ("A workload", "workload"),
        ("`expose`", "exposure"),
        ("`allow`", "flow"),
        ("`egress`", "egress"),
        ("`exceptions`", "exception"),
        ("`waivers`", "waiver"),
    ] {
        table(&mut text, title, &schema["definitions"][name], &schema);
    }
    text
}

fn table(text: &mut String, title: &str, part: &Value, schema: &Value) {
    let _ = write!(text, "\n### {title}\n\n| key | default | meaning |\n|---|---|---|\n");
    rows(text, "", part, schema);
    text.push('\n');
}

fn rows(text: &mut String, prefix: &str, part: &Value, schema: &Value) {
    let required: Vec<&str> =
        part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, own) in part["properties"].as_object().into_iter().flatten() {
        let referred = own["$ref"]
            .as_str()
            .map(|path| &schema["definitions"][path.trim_start_matches("#/definitions/")]);
        let description = own["description"].as_str().or(referred.and_then(|to| to["description"].as_str()));
        let is_group = own["properties"].is_object();
        let default = match &own["default"] {
            Value::Null if required.contains(&key.as_str()) => "required".to_owned(),
            Value::Null => String::new(),
            Value::String(text) => format!("`{text}`"),
            value => format!("`{value}`"),
        };
        let values: Vec<String> = own["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|value| format!("`{value}`"))
            .collect();
        let values =
            if values.is_empty() { String::new() } else { format!(" One of {}.", values.join(", ")) };
        let meaning = description.unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(text, "| `{prefix}{key}` | {default} | {meaning}{values} |");
        if is_group {
            rows(text, &format!("{prefix}{key}."), own, schema);
        }
        if own["items"]["properties"].is_object() {
            rows(text, &format!("{prefix}{key}[]."), &own["items"], schema);
        }
    }
}
