//! The profile's grammar, judged by an independent reader of JSON Schema, and its defaults by what is rendered.

use std::{collections::BTreeSet, fs};

use camino::Utf8Path;
use jsonschema::Validator;
use meshwright::{
    profile, render,
    source::{Source, Sources},
    yaml,
};
use serde_json::{Map, Value as Json, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn the_grammar_is_a_draft_07_schema() {
    let schema = profile::schema();
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    jsonschema::draft7::meta::validate(&schema).expect("the grammar follows its own grammar");
}

#[test]
fn an_independent_reader_takes_every_accepted_profile() {
    let validator = validator(&profile::schema());
    let mut count = 0;
    for folder in ["profiles", "tests/profiles/accepted"] {
        let files = Utf8Path::new(ROOT).join(folder);
        let files = files.read_dir_utf8().expect("the folder is there");
        let paths = files.map(|file| file.expect("the folder can be read").into_path());
        for path in paths.filter(|path| path.extension() == Some("yaml")) {
            let profile = as_json(&fs::read_to_string(&path).expect("the file is UTF-8"));
            let faults: Vec<String> =
                validator.iter_errors(&profile).map(|fault| fault.to_string()).collect();
            assert_eq!(faults, [""; 0], "{path}");
            count += 1;
        }
    }
    assert!(count > 5);
}

#[test]
fn every_property_is_described() {
    let schema = profile::schema();
    let mut silent = Vec::new();
    each_property(&schema, "", &mut |pointer, property| {
        let is_described = |schema: &Json| schema.get("description").is_some_and(Json::is_string);
        if !is_described(property) && !is_described(resolved(&schema, property)) {
            silent.push(pointer.to_owned());
        }
    });
    assert_eq!(silent, [""; 0]);
}

/// In YAML a comma ends a description that is written between braces, and its rest becomes a keyword.
#[test]
fn every_keyword_is_one() {
    let schema = profile::schema();
    let mut strange = Vec::new();
    each_property(&schema, "", &mut |pointer, property| {
        let keywords = property.as_object().into_iter().flatten();
        strange.extend(
            keywords.filter(|(_, value)| value.is_null()).map(|(key, _)| format!("{pointer}: {key}")),
        );
    });
    assert_eq!(strange, [""; 0]);
}

#[test]
fn every_example_is_one() {
    let schema = profile::schema();
    let mut count = 0;
    each_property(&schema, "", &mut |pointer, property| {
        let examples = property.get("examples").and_then(Json::as_array);
        for example in examples.into_iter().flatten() {
            let part = json!({"definitions": schema["definitions"], "allOf": [property]});
            assert!(validator(&part).is_valid(example), "{pointer}: {example}");
            count += 1;
        }
    });
    assert!(count > 20);
}

/// To write a default must change nothing in the tree, so each is written, one at a time, into a profile without it.
#[test]
fn every_default_is_what_is_rendered_without_the_key() {
    let schema = profile::schema();
    let (mut tried, mut bases) = (BTreeSet::new(), [rich(), rich()]);
    bases[1]["dns"] = json!({"peers": [{"cidr": "10.0.0.10/32"}]});
    for base in &bases {
        let expected = rendered(base);
        let mut variants = Vec::new();
        let start = Place { schema: &schema, pointer: String::new(), path: String::new() };
        unset_defaults(&schema, &start, base, &mut variants);
        for Variant { pointer, path, default } in variants {
            if path == "/dns/preset" && base.get("dns").is_some() {
                // `peers` stand in place of a preset.
                continue;
            }
            let mut profile = base.clone();
            write(&mut profile, &path, default);
            assert!(rendered(&profile) == expected, "{path}: the default of {pointer} is another");
            tried.insert(pointer);
        }
    }
    let mut all = BTreeSet::new();
    each_property(&schema, "", &mut |pointer, property| {
        let has_default = |schema: &Json| schema.get("default").is_some();
        if has_default(property) || has_default(resolved(&schema, property)) {
            all.insert(pointer.to_owned());
        }
    });
    assert_eq!(tried, all);
}

/// A profile in which every mapping of the grammar that has required keys stands once.
fn rich() -> Json {
    json!({
        "domain": "apps.example.com", "chartVersion": "1.21.1", "tlsSecret": "apps-tls",
        "gateway": {"certificate": {"issuer": {"name": "letsencrypt"}}},
        "monitoring": {"namespace": "monitoring"},
        "tracing": {"address": "otel.observability:4317"},
        "namespaces": [{
            "name": "shop",
            "workloads": {"web": {"port": 8080}, "cart": {"ports": [{"name": "http", "port": 8080}]}},
            "egress": [{"from": "web", "host": "api.example.org"}],
        }],
    })
}

struct Place<'s> {
    schema: &'s Json,
    /// In the grammar.
    pointer: String,
    /// In the profile.
    path: String,
}

struct Variant {
    pointer: String,
    path: String,
    default: Json,
}

/// Finds the keys with a default that `profile` does not set, in mappings that it has or could have.
fn unset_defaults(root: &Json, place: &Place<'_>, profile: &Json, variants: &mut Vec<Variant>) {
    let (schema, pointer) = step(root, place, profile);
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        let below = Place {
            schema: property,
            pointer: format!("{pointer}/properties/{key}"),
            path: format!("{}/{key}", place.path),
        };
        let target = resolved(root, property);
        match (profile.get(key), property.get("default").or(target.get("default"))) {
            (Some(value), _) => unset_defaults(root, &below, value, variants),
            (None, Some(default)) => {
                let (pointer, path, default) = (below.pointer, below.path, default.clone());
                variants.push(Variant { pointer, path, default });
            }
            // A mapping that requires a key has no defaults of its own.
            (None, None) if target["type"] == "object" && target.get("required").is_none() => {
                unset_defaults(root, &below, &json!({}), variants);
            }
            (None, None) => {}
        }
    }
    let inner = |schema, name: &str, key: &str| Place {
        schema,
        pointer: format!("{pointer}/{name}"),
        path: format!("{}/{key}", place.path),
    };
    for (index, item) in profile.as_array().into_iter().flatten().enumerate() {
        unset_defaults(root, &inner(&schema["items"], "items", &index.to_string()), item, variants);
    }
    let named = profile.as_object().filter(|_| schema["additionalProperties"].is_object());
    for (key, value) in named.into_iter().flatten() {
        let place = inner(&schema["additionalProperties"], "additionalProperties", key);
        unset_defaults(root, &place, value, variants);
    }
}

/// Follows references, and of several branches takes the one that fits.
fn step<'s>(root: &'s Json, place: &Place<'s>, profile: &Json) -> (&'s Json, String) {
    let (mut schema, mut pointer) = (place.schema, place.pointer.clone());
    loop {
        if let Some(reference) = schema["$ref"].as_str() {
            reference.trim_start_matches('#').clone_into(&mut pointer);
            schema = resolved(root, schema);
        } else if let Some(branches) = schema["anyOf"].as_array() {
            let fits = |branch: &&Json| {
                let part = json!({"definitions": root["definitions"], "allOf": [branch]});
                validator(&part).is_valid(profile)
            };
            schema = branches.iter().find(fits).expect("one branch fits");
        } else {
            return (schema, pointer);
        }
    }
}

fn resolved<'s>(root: &'s Json, schema: &'s Json) -> &'s Json {
    let reference = schema.get("$ref").and_then(Json::as_str);
    reference.map_or(schema, |reference| {
        root.pointer(reference.trim_start_matches('#')).expect("a reference leads somewhere")
    })
}

/// Calls `visit` with each property that the grammar names, and where it stands.
fn each_property(schema: &Json, pointer: &str, visit: &mut impl FnMut(&str, &Json)) {
    let nothing = Map::new();
    for (key, below) in schema.as_object().unwrap_or(&nothing) {
        let pointer = format!("{pointer}/{key}");
        if key == "properties" {
            for (name, property) in below.as_object().unwrap_or(&nothing) {
                let pointer = format!("{pointer}/{name}");
                visit(&pointer, property);
                each_property(property, &pointer, visit);
            }
        } else if key != "examples" && key != "default" {
            each_property(below, &pointer, visit);
            for (index, branch) in below.as_array().into_iter().flatten().enumerate() {
                each_property(branch, &format!("{pointer}/{index}"), visit);
            }
        }
    }
}

/// Sets the value at a path of keys and indices, with the mappings that it takes.
fn write(profile: &mut Json, path: &str, value: Json) {
    let mut at = profile;
    for key in path.split('/').skip(1) {
        at = match at {
            Json::Array(items) => &mut items[key.parse::<usize>().expect("an index")],
            at => &mut at[key],
        };
    }
    *at = value;
}

/// Returns every file that a profile becomes.
fn rendered(profile: &Json) -> Vec<(String, String)> {
    let source = Source { path: "sre.yaml".into(), text: profile.to_string() };
    let (profile, diagnostics) = profile::load(source, &mut Sources::default(), &mut |_| Ok(Vec::new()));
    let profile = profile.unwrap_or_else(|| panic!("the profile is sound: {diagnostics:#?}"));
    let rendered = render::render(&profile).expect("the templates take every plan");
    rendered.tree.iter().map(|(path, text)| (path.to_string(), text.to_owned())).collect()
}

fn validator(schema: &Json) -> Validator {
    jsonschema::draft7::new(schema).expect("the schema is one")
}

fn as_json(text: &str) -> Json {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let mut sources = Sources::default();
    let file = sources.add("profile.yaml", text);
    let (nodes, faults) = yaml::parse(&sources, file);
    assert_eq!(faults, [], "{text}");
    serde_json::to_value(&nodes[0]).expect("a node is JSON")
}
