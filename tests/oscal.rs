//! The documents of OSCAL: what refers to something finds it, the same manifests give the same documents, and NIST's schemas
//! hold where `MESHWRIGHT_OSCAL` names a folder with copies of them.

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

const FILES: [&str; 3] = ["component-definition", "assessment-plan", "assessment-results"];

type Documents = BTreeMap<&'static str, Value>;

/// Runs `controls --format oscal`, and returns what it writes.
fn written(arguments: &[&str], environment: Option<&str>) -> Documents {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8Path::from_path(folder.path()).expect("a path that is text");
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshwright"));
    command.current_dir(support::home()).env_remove("SOURCE_DATE_EPOCH");
    if let Some(seconds) = environment {
        command.env("SOURCE_DATE_EPOCH", seconds);
    }
    let output = command
        .arg("controls")
        .args(arguments)
        .args(["--format", "oscal", "--output", folder.as_str()])
        .output()
        .expect("the program runs");
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let read = |file: &'static str| {
        let text = fs::read_to_string(folder.join(format!("{file}.json"))).expect("it is written");
        (file, serde_json::from_str(&text).expect("it is JSON"))
    };
    FILES.into_iter().map(read).collect()
}

/// The documents of every golden tree, and of a mesh in which something of every control is wrong.
fn all() -> Vec<(String, Documents)> {
    let golden = support::shipped().into_iter().map(|stem| {
        let (tree, profile) = (format!("golden/{stem}"), format!("profiles/{stem}.yaml"));
        let documents = written(&[&tree, "--profile", &profile, "--today", "2026-11-25"], None);
        (stem, documents)
    });
    let broken = ["tests/controls"]
        .map(|tree| (tree.to_owned(), written(&[tree, "--istio", "1.21.1", "--today", "2026-11-25"], None)));
    golden.chain(broken).collect()
}

/// Calls `take` with every key and text of a document, and where it is.
fn walk(value: &Value, path: &str, take: &mut impl FnMut(&str, &str, &str)) {
    match value {
        Value::Object(entries) => {
            assert!(!entries.is_empty(), "{path} is empty");
            for (key, value) in entries {
                if let Some(text) = value.as_str() {
                    take(path, key, text);
                }
                walk(value, &format!("{path}/{key}"), take);
            }
        }
        Value::Array(items) => {
            assert!(!items.is_empty(), "{path} is empty");
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{path}/{at}"), take));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What refers to nothing, and what two things are called.
fn dangling(document: &Value) -> Vec<String> {
    let (mut known, mut referred, mut faults) = (BTreeSet::new(), Vec::new(), Vec::new());
    walk(document, "", &mut |path, key, text| {
        if key == "uuid" {
            if text.as_bytes()[14] != b'5' {
                faults.push(format!("{path}: {text} is of another version"));
            }
            if !known.insert(text.to_owned()) {
                faults.push(format!("{path}: {text} is there twice"));
            }
        } else if key.ends_with("-uuid") {
            referred.push((format!("{path}/{key}"), text.to_owned()));
        } else if let ("href", Some(uuid)) = (key, text.strip_prefix('#')) {
            referred.push((format!("{path}/{key}"), uuid.to_owned()));
        }
    });
    let lost = referred.into_iter().filter(|(_, uuid)| !known.contains(uuid));
    faults.extend(lost.map(|(place, uuid)| format!("{place}: {uuid} is nowhere")));
    faults
}

#[test]
fn what_refers_to_nothing_is_noticed() {
    let document: Value = serde_json::json!({"a": {"uuid": "735548c3-befd-5eac-9aed-1b87ce8ca886"},
        "b": {"uuid": "735548c3-befd-5eac-9aed-1b87ce8ca886", "actor-uuid": "x"}, "c": {"href": "#y"}});
    assert_eq!(
        dangling(&document),
        [
            "/b: 735548c3-befd-5eac-9aed-1b87ce8ca886 is there twice",
            "/b/actor-uuid: x is nowhere",
            "/c/href: y is nowhere"
        ]
    );
}

#[test]
fn every_reference_is_to_something() {
    let mut references = 0;
    for (name, documents) in all() {
        for (file, document) in &documents {
            assert_eq!(dangling(document), Vec::<String>::new(), "{name}: {file}");
            walk(document, "", &mut |_, key, _| references += usize::from(key.ends_with("-uuid")));
        }
        let results = &documents["assessment-results"]["assessment-results"];
        let plan = results["import-ap"]["href"].as_str().expect("a reference").trim_start_matches('#');
        let resources = results["back-matter"]["resources"].as_array().expect("a list");
        let resource = resources.iter().find(|resource| resource["uuid"] == plan).expect("the plan");
        assert_eq!(resource["rlinks"][0]["href"], "assessment-plan.json", "{name}");
    }
    assert!(references > 1000, "{references} references");
}

/// Lists that the schemas leave open, and the rules of SP 800-53A for what was only read.
#[test]
fn words_are_those_of_oscal() {
    let allowed: BTreeMap<&str, &[&str]> = [
        ("state", &["satisfied", "not-satisfied", "operational", "other"][..]),
        ("reason", &["pass", "fail", "other"]),
        ("status", &["open", "deviation-approved"]),
        ("type", &["tool", "software", "inventory-item", "objective-id"]),
    ]
    .into();
    let mut waived = 0;
    for (name, documents) in all() {
        for (file, document) in &documents {
            walk(document, "", &mut |path, key, text| {
                if let Some(words) = allowed.get(key) {
                    assert!(words.contains(&text), "{name}: {file}{path}/{key}: {text}");
                }
                if ["title", "value"].contains(&key) {
                    assert!(
                        !text.is_empty() && text.trim() == text && !text.contains('\n'),
                        "{name}: {file}{path}"
                    );
                }
            });
        }
        let result = &documents["assessment-results"]["assessment-results"]["results"][0];
        for observation in result["observations"].as_array().expect("a list") {
            assert_eq!(observation["methods"], serde_json::json!(["EXAMINE"]), "{name}");
        }
        let risks = result["risks"].as_array().map_or(&[][..], Vec::as_slice);
        waived += risks.iter().filter(|risk| risk["status"] == "deviation-approved").count();
        for finding in result["findings"].as_array().expect("a list") {
            let has_risks = finding["related-risks"].is_array();
            let status = &finding["target"]["status"];
            assert!(!has_risks || status["state"] == "not-satisfied", "{name}: {finding:#}");
            assert_ne!(
                (&status["reason"], &status["state"]),
                (&"pass".into(), &"not-satisfied".into()),
                "{name}"
            );
        }
    }
    assert!(waived >= 2, "{waived} risks are borne");
}

#[test]
fn the_same_manifests_give_the_same_documents_and_the_time_is_somebodys_word() {
    let tree = ["golden/full", "--profile", "profiles/full.yaml"];
    let by_day = |day: &str| written(&[&tree[..], &["--today", day]].concat(), None);
    assert_eq!(by_day("2026-11-25"), by_day("2026-11-25"));
    let by_seconds = written(&tree, Some("1795564800"));
    assert_eq!(by_seconds, by_day("2026-11-25"));
    let ids = |documents: &Documents| {
        let mut ids = Vec::new();
        for document in documents.values() {
            walk(document, "", &mut |_, key, text| ids.extend((key == "uuid").then(|| text.to_owned())));
        }
        ids
    };
    assert_eq!(ids(&by_day("2026-11-25")), ids(&by_day("2026-11-26")), "no identifier depends on the time");
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .current_dir(support::home())
        .env_remove("SOURCE_DATE_EPOCH")
        .args(["controls", "golden/sre", "--format", "oscal", "--output", "unwritten"])
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[time-missing]"));
}

/// The schemas are NIST's, and nowhere in this repository; that of a later minor is held as well.
#[test]
fn the_schemas_hold() {
    let Some(folder) = std::env::var_os("MESHWRIGHT_OSCAL") else { return };
    let folder = Utf8PathBuf::try_from(std::path::PathBuf::from(folder)).expect("a path that is text");
    let schema = |file: &str| {
        let text = fs::read_to_string(folder.join(file)).expect("the schema is there");
        let schema: Value = serde_json::from_str(&text).expect("it is JSON");
        jsonschema::validator_for(&schema).expect("it is well-formed")
    };
    let own = ["component", "assessment-plan", "assessment-results"]
        .map(|name| schema(&format!("oscal_{name}_schema-1.1.2.json")));
    let later = schema("oscal_complete_schema-1.2.2.json");
    let mut count = 0;
    for (name, documents) in all() {
        for (file, own) in FILES.iter().zip(&own) {
            for validator in [own, &later] {
                let faults = validator.iter_errors(&documents[file]);
                let faults: Vec<String> =
                    faults.map(|fault| format!("{}: {fault}", fault.instance_path())).take(5).collect();
                assert_eq!(faults, Vec::<String>::new(), "{name}: {file}");
                count += 1;
            }
        }
    }
    assert!(count >= 30, "{count} documents");
}
