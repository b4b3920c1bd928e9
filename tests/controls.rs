//! What `controls` says: every finding counts, nothing holds by what was not looked at, and the JSON follows its schema.

mod support;

use std::{collections::BTreeSet, fmt::Write as _, fs, process::Command};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    check::CHECKS,
    control::{CATALOGUE, RULES},
    tree::Digest,
};
use serde_json::Value;

/// A finding that bears on a control has to break one of the control's rules.
#[test]
fn no_finding_that_bears_on_a_control_is_lost() {
    let mut lost = Vec::new();
    for check in CHECKS {
        for control in check.controls {
            let entry =
                CATALOGUE.iter().find(|entry| entry.control == *control).expect("every control is listed");
            let counts = RULES
                .iter()
                .filter(|rule| rule.codes.contains(&check.code))
                .any(|rule| entry.objectives.iter().any(|objective| objective.has_rule(rule.id)));
            if !counts {
                lost.push(format!("{} is lost to {control}", check.code));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_rule_speaks_for_a_control_and_names_checks_that_exist() {
    let codes: BTreeSet<&str> = CHECKS.iter().map(|check| check.code).collect();
    let mut ids = BTreeSet::new();
    for rule in RULES {
        assert!(ids.insert(rule.id), "{} is there twice", rule.id);
        for code in rule.codes {
            assert!(codes.contains(code), "{}: there is no check `{code}`", rule.id);
        }
        let objectives = || CATALOGUE.iter().flat_map(|entry| entry.objectives);
        assert!(objectives().any(|objective| objective.has_rule(rule.id)), "{} speaks for nothing", rule.id);
    }
    for objective in CATALOGUE.iter().flat_map(|entry| entry.objectives) {
        assert!(
            RULES.iter().any(|rule| objective.is_borne_out_by(rule.id)),
            "nothing bears out {}",
            objective.id
        );
    }
}

/// What `render` puts beside a tree is what anybody is told of it.
#[test]
fn a_revised_profile_has_the_page_and_the_claim_beside_its_tree() {
    let home = support::home();
    let at = |name: &str| home.join("golden/fips/clusters/fips/istio").join(name);
    let said = |format: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshwright"));
        command.current_dir(home.join("golden/fips")).args([
            "controls",
            "clusters/fips/istio",
            "--exit-zero",
        ]);
        command.args(["--profile", "../../profiles/fips.yaml", "--today", "2026-11-01", "--format", format]);
        let output = command.args(more).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("it is text")
    };
    assert_eq!(fs::read_to_string(at("CONTROLS.md")).expect("it is there"), said("markdown", &[]));
    let folder = tempfile::tempdir().expect("a folder can be made");
    said("oscal", &["--output", folder.path().to_str().expect("a plain path")]);
    let claim = |path: &std::path::Path| fs::read_to_string(path).expect("it is there");
    let name = "component-definition.json";
    assert_eq!(claim(at(name).as_std_path()), claim(&folder.path().join(name)));
}

/// Runs `controls --format json` from the folder of the repository.
fn assessed(arguments: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .current_dir(support::home())
        .arg("controls")
        .args(arguments)
        .args(["--format", "json", "--today", "2026-11-25"])
        .output()
        .expect("the program runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The golden trees, with what their profiles waive, and every mistake that the checks are tested by.
fn documents() -> Vec<(String, Value)> {
    let golden = support::shipped().into_iter().map(|stem| {
        let (tree, profile) = (format!("golden/{stem}"), format!("profiles/{stem}.yaml"));
        (stem, assessed(&[&tree, "--profile", &profile]))
    });
    let mut folders: Vec<Utf8PathBuf> = support::home()
        .join("tests/check")
        .read_dir_utf8()
        .expect("tests/check/ is there")
        .map(|entry| entry.expect("it can be read").into_path())
        .collect();
    folders.sort();
    let broken = folders.into_iter().filter_map(|folder| {
        let tree = folder.join("bad");
        let path = if tree.is_dir() { tree } else { folder.join("bad.yaml") };
        let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
            .args(["controls", path.as_str(), "--format", "json", "--today", "2026-11-25"])
            .output()
            .expect("the program runs");
        (output.status.code() != Some(2))
            .then(|| (folder.to_string(), serde_json::from_slice(&output.stdout).expect("it prints JSON")))
    });
    golden.chain(broken).collect()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().expect("a list")
}

#[test]
fn nothing_holds_by_what_was_not_looked_at() {
    let schema = Command::new(env!("CARGO_BIN_EXE_meshwright")).args(["schema", "controls"]).output();
    let schema: Value = serde_json::from_slice(&schema.expect("it runs").stdout).expect("it prints JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is well-formed");
    let (mut documents_seen, mut evidence_seen) = (0, 0);
    for (name, document) in documents() {
        let faults: Vec<String> = validator.iter_errors(&document).map(|fault| fault.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new(), "{name}");
        for rule in list(&document, "rules") {
            let counts = ["evidence", "broken", "unknown"].map(|key| list(rule, key).len());
            let is_sound = match (rule["outcome"].as_str().expect("a word"), counts) {
                ("holds", [evidence, 0, 0]) => evidence > 0,
                ("none-present", [0, 0, 0]) => document["objects"].as_u64() > Some(0),
                ("cannot-tell", [_, 0, unknown]) => unknown > 0,
                ("broken", [_, broken, _]) => broken > 0,
                _ => false,
            };
            assert!(is_sound, "{name}: {rule:#}");
            evidence_seen += counts[0];
        }
        for control in list(&document, "controls") {
            for objective in list(control, "objectives").iter().filter(|part| part["verdict"] == "satisfied")
            {
                let held = list(&document, "rules").iter().filter(|rule| {
                    list(objective, "rules").contains(&rule["id"]) && rule["outcome"] == "holds"
                });
                assert!(held.count() > 0, "{name}: {objective:#}");
            }
        }
        documents_seen += 1;
    }
    assert!(
        documents_seen > 100 && evidence_seen > 1000,
        "{documents_seen} documents, {evidence_seen} places"
    );
}

#[test]
fn evidence_can_be_looked_up() {
    for stem in support::shipped() {
        let document = assessed(&[&format!("golden/{stem}"), "--profile", &format!("profiles/{stem}.yaml")]);
        for evidence in list(&document, "rules").iter().flat_map(|rule| list(rule, "evidence")) {
            let file = evidence["file"].as_str().expect("a path");
            let text = fs::read_to_string(support::home().join(file)).expect("the file is there");
            assert_eq!(evidence["sha256"], Digest::of(&text).to_string(), "{file}");
            let line = evidence["line"].as_u64().and_then(|line| usize::try_from(line).ok()).expect("a line");
            assert!((1..=text.lines().count()).contains(&line), "{file}:{line}");
        }
    }
}

/// Copies a folder's manifests over what is there.
fn lay(tree: &Utf8Path, folder: &Utf8Path) {
    for path in support::files_below(tree).iter().filter(|path| path.extension() == Some("yaml")) {
        fs::copy(path, folder.join(path.strip_prefix(tree).expect("a path below")))
            .expect("a file is copied");
    }
}

/// Returns what is said of the sound mesh with the files of a folder in place of its own.
fn overlaid(tree: &Utf8Path) -> Value {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8Path::from_path(folder.path()).expect("a path that is text");
    lay(&trees().join("base"), folder);
    lay(tree, folder);
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .current_dir(folder)
        .args(["controls", ".", "--format", "json", "--today", "2026-11-25"])
        .output()
        .expect("the program runs");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{tree}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn trees() -> Utf8PathBuf {
    support::home().join("tests/controls")
}

/// The folders in a folder, in order.
fn folders(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().expect("the folder is there");
    let mut folders: Vec<Utf8PathBuf> = entries
        .map(|entry| entry.expect("it can be read").into_path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// A control's verdict, and every rule of it that does not hold, with what keeps it from that.
fn said(document: &Value, id: &str) -> (String, BTreeSet<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let control = list(document, "controls").iter().find(|control| control["id"] == id).expect("a control");
    let of_control = |rule: &&Value| {
        list(control, "objectives").iter().any(|objective| list(objective, "rules").contains(&rule["id"]))
    };
    let mut lines = BTreeSet::new();
    for rule in list(document, "rules").iter().filter(of_control) {
        for (key, word) in [("broken", "broken"), ("unknown", "cannot tell")] {
            for cause in list(rule, key) {
                let place = if cause["file"].is_null() {
                    String::new()
                } else {
                    format!("{}:{}: ", text(&cause["file"]), cause["line"])
                };
                lines.insert(format!("{} {word}: {place}{}\n", text(&rule["id"]), text(&cause["what"])));
            }
        }
    }
    (text(&control["verdict"]), lines)
}

/// The sound mesh satisfies what manifests can satisfy; what keeps the others open is outside every manifest.
#[test]
fn the_sound_mesh_satisfies_what_manifests_can_satisfy() {
    let document = overlaid(&trees().join("base"));
    let mut text = String::new();
    for control in list(&document, "controls") {
        let id = control["id"].as_str().expect("a word");
        let (verdict, lines) = said(&document, id);
        let _ = writeln!(text, "{id}: {verdict}");
        text.extend(lines);
        for objective in list(control, "objectives") {
            let _ = writeln!(text, "  {}: {}", objective["id"], objective["verdict"]);
        }
    }
    support::expect(&trees().join("base/verdicts.txt"), &text);
}

/// For each control at least five meshes that break it in a way that counting or searching would miss, and what is said.
#[test]
fn each_mistake_is_found_by_the_control_that_it_breaks() {
    let base = overlaid(&trees().join("base"));
    for entry in CATALOGUE {
        let found = folders(&trees().join(entry.id));
        assert!(found.len() >= 5, "{}: {} trees", entry.id, found.len());
        let (sound, known) = said(&base, entry.id);
        for tree in found {
            let (verdict, lines) = said(&overlaid(&tree), entry.id);
            let new: Vec<&String> = lines.difference(&known).collect();
            assert!(
                !new.is_empty() && verdict != "satisfied",
                "{tree}: {verdict}, as the sound mesh is {sound}"
            );
            let said: String = new.into_iter().map(String::as_str).collect();
            support::expect(&tree.join("verdict.txt"), &format!("{verdict}\n{said}"));
        }
    }
}
