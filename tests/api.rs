//! The structure of APIs, judged by two evaluators: ours, of nodes, and `jsonschema`, of a JSON Schema that says the same.
//!
//! Whether the facts are those of the real APIs is for `tests/conformance/` to say.

mod support;

use std::collections::BTreeMap;

use meshwright::{
    api,
    release::{Minor, Product},
    source::Sources,
    yaml,
};
use serde_json::Value;
use support::structure::{Dice, Here, WAYS};

const RELEASES: [(Product, &str); 9] = [
    (Product::Istio, "1.21"),
    (Product::Istio, "1.25"),
    (Product::Istio, "1.30"),
    (Product::Flux, "2.2"),
    (Product::Flux, "2.9"),
    (Product::Kubernetes, "1.26"),
    (Product::Kubernetes, "1.36"),
    (Product::GatewayApi, "1.0"),
    (Product::GatewayApi, "1.6"),
];

/// What a release finds wrong with an object.
fn faults(object: &Value, minor: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("made.yaml", object.to_string());
    let (nodes, unread) = yaml::parse(&sources, file);
    assert_eq!(unread, [], "{object}");
    let minor: Minor = minor.parse().expect("a minor");
    let found = api::faults(&nodes[0]);
    let here = found.iter().filter(|fault| fault.holds_in(Some(minor)));
    here.map(|fault| format!("{}: {}", fault.diagnostic.code, fault.diagnostic.message)).collect()
}

#[test]
fn both_evaluators_agree_about_sound_objects_and_about_mistakes() {
    let (mut sound, mut mistakes) = (0, BTreeMap::<&str, usize>::new());
    for (product, minor) in RELEASES {
        let here = Here::new(product, minor);
        for served in here.served() {
            let schema = here.schema(served.2.root, true);
            let validator = jsonschema::validator_for(&schema).expect("a schema");
            for seed in 0..3 {
                let mut dice = Dice::new(seed);
                let object = here.object(&served, &mut dice);
                assert!(validator.is_valid(&object), "{}: {object}", served.1);
                assert_eq!(faults(&object, minor), Vec::<String>::new(), "{object}");
                sound += 1;
                for way in (0..WAYS).cycle().take(3 * WAYS) {
                    let mut object = object.clone();
                    let Some(mistake) = here.spoil(&mut object, served.2, way, &mut dice) else { continue };
                    let found = faults(&object, minor);
                    assert_eq!(
                        found.is_empty(),
                        validator.is_valid(&object),
                        "{mistake}: {found:?}: {object}"
                    );
                    if !found.is_empty() {
                        let name = format!("field-{mistake}");
                        assert!(found.iter().any(|fault| fault.starts_with(&name)), "{found:?}: {object}");
                        *mistakes.entry(mistake).or_default() += 1;
                    }
                }
            }
        }
    }
    let found: usize = mistakes.values().sum();
    assert!(sound >= 300 && found >= 300 && mistakes.len() == 5, "{sound} sound; {mistakes:?}");
}
