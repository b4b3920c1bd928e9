//! What `check` prints for programs, held against the schemas of its forms.
//!
//! SARIF's own schema is not ours to keep: its test runs where `MESHWRIGHT_SARIF_SCHEMA` names a copy.

mod support;

use std::{env, fs, process::Command};

use jsonschema::Validator;
use serde_json::{Value, json};

/// Every broken manifest of the checks, the profile whose tree needs a waiver, and what is said of nothing.
fn inputs() -> Vec<Vec<String>> {
    let folders = support::home().join("tests/check").read_dir_utf8().expect("tests/check/ is there");
    let mut inputs: Vec<Vec<String>> = folders
        .map(|entry| {
            let folder = entry.expect("it can be read").into_path();
            let tree = folder.join("bad");
            vec![if tree.is_dir() { tree } else { folder.join("bad.yaml") }.to_string()]
        })
        .collect();
    inputs.sort();
    inputs.push(vec!["tests/check".to_owned()]);
    inputs.push(vec!["golden/full".into(), "--profile".into(), "profiles/full.yaml".into()]);
    inputs.push(vec!["README.md".to_owned()]);
    inputs
}

fn printed(input: &[String], format: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshwright"));
    command.current_dir(support::home()).arg("check").args(input);
    let output = command.args(["--today", "2026-11-25", "--format", format]).output().expect("it runs");
    assert!(output.status.code().is_some_and(|code| code < 3), "{input:?}: {:?}", output.status);
    String::from_utf8(output.stdout).expect("it prints text")
}

fn parsed(input: &[String], format: &str) -> Value {
    serde_json::from_str(&printed(input, format)).unwrap_or_else(|error| panic!("{input:?}: {error}"))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::validator_for(schema).expect("the schema is well-formed")
}

/// What is wrong with a document.
fn faults(validator: &Validator, document: &Value) -> Vec<String> {
    let faults = validator.iter_errors(document);
    faults.map(|fault| format!("{}: {fault}", fault.instance_path())).collect()
}

#[test]
fn json_follows_the_schema_that_is_printed() {
    let schema = Command::new(env!("CARGO_BIN_EXE_meshwright")).args(["schema", "findings"]).output();
    let schema: Value = serde_json::from_slice(&schema.expect("it runs").stdout).expect("it prints JSON");
    let validator = validator(&schema);
    let (mut findings, mut waived) = (0, 0);
    for input in inputs() {
        let document = parsed(&input, "json");
        assert_eq!(faults(&validator, &document), Vec::<String>::new(), "{input:?}");
        let found = document["findings"].as_array().expect("a list");
        let summed = ["errors", "warnings", "notes", "waived"].map(|key| document["summary"][key].as_u64());
        assert_eq!(summed.iter().flatten().sum::<u64>(), found.len() as u64, "{input:?}");
        findings += found.len();
        waived += found.iter().filter(|finding| !finding["waived"].is_null()).count();
    }
    assert!(findings > 200 && waived > 0, "{findings} findings, {waived} of them waived");
}

#[test]
fn the_schema_refuses_what_is_not_written() {
    type Spoil = fn(&mut Value);
    let schema: Value = serde_json::from_str(
        &fs::read_to_string(support::home().join("src/command/check/schema.json")).expect("it is there"),
    )
    .expect("it is JSON");
    let validator = validator(&schema);
    let good = parsed(&["golden/full".to_owned()], "json");
    let spoils: [Spoil; 6] = [
        |document| document["version"] = json!(2),
        |document| document["new"] = json!(1),
        |document| document["findings"][0]["severity"] = json!("fatal"),
        |document| document["findings"][0]["line"] = json!(0),
        |document| drop(document["findings"][0].as_object_mut().map(|finding| finding.remove("waived"))),
        |document| document["today"] = json!("tomorrow"),
    ];
    for (number, spoil) in spoils.iter().enumerate() {
        let mut document = good.clone();
        spoil(&mut document);
        assert_ne!(faults(&validator, &document), Vec::<String>::new(), "spoil {number}");
    }
}

#[test]
fn every_form_is_the_same_for_the_same_input() {
    let everything = ["tests/check".to_owned()];
    for format in ["text", "json", "sarif", "github"] {
        let first = printed(&everything, format);
        assert!(!first.is_empty());
        assert_eq!(first, printed(&everything, format), "{format}");
    }
}

#[test]
fn sarif_follows_its_schema() {
    let Some(path) = env::var_os("MESHWRIGHT_SARIF_SCHEMA") else { return };
    let schema = fs::read_to_string(path).expect("MESHWRIGHT_SARIF_SCHEMA can be read");
    let mut schema: Value = serde_json::from_str(&schema).expect("a schema is JSON");
    // One pattern in it is no regular expression (`]?` without its `[`), and what it is of we never write.
    for owner in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{owner}/properties/language"));
        language.and_then(Value::as_object_mut).map(|language| language.remove("pattern"));
    }
    let validator = validator(&schema);
    for input in inputs() {
        let document = parsed(&input, "sarif");
        assert_eq!(faults(&validator, &document), Vec::<String>::new(), "{input:?}");
    }
    assert_ne!(faults(&validator, &json!({"version": "2.1.0", "runs": [{}]})), Vec::<String>::new());
}

#[test]
fn sarif_names_every_rule_and_a_place_in_the_repository() {
    let log = parsed(&["tests/check".to_owned()], "sarif");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let mut prints = Vec::new();
    for result in run["results"].as_array().expect("results") {
        if let Some(index) = result["ruleIndex"].as_u64() {
            assert_eq!(rules[usize::try_from(index).expect("small")]["id"], result["ruleId"]);
        }
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a path");
        assert!(uri.starts_with("tests/check/"), "{uri}");
        assert!(place["region"]["startLine"].as_u64() >= Some(1), "{result}");
        prints.push(result["partialFingerprints"]["meshwright/v1"].as_str().expect("a print").to_owned());
    }
    let count = prints.len();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), count, "no two findings are taken for one");
}

/// A tree that we render has no findings but what its profile waives; one in audit is not asked.
#[test]
fn nothing_is_found_in_what_is_rendered() {
    for stem in ["sre", "full", "fips", "canary"] {
        let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
            .current_dir(support::home())
            .args(["check", &format!("golden/{stem}"), "--profile", &format!("profiles/{stem}.yaml")])
            .args(["--today", "2026-11-27", "--deny", "note"])
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{stem}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
