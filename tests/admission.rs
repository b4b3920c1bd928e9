//! The admission policies in their two forms, of the API server and of Kyverno: both ask the same of the same requests, and
//! what reads anybody's manifests takes both for enforced. What a real API server refuses by the one,
//! `tests/conformance/apiserver/guard.rs` says.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use meshwright::{
    manifest::{self, Manifests},
    mesh::{
        Config, Mesh,
        admission::{GUARDED, Guarded, Hold, guards},
    },
    render::{self, Rendered},
    source::{Source, Sources},
};
use serde_json::{Value, json};

/// The full profile, with who refuses.
fn full(engine: &str) -> Rendered {
    let text =
        std::fs::read_to_string(support::home().join("profiles/full.yaml")).expect("the profile can be read");
    let version = "kubernetesVersion: \"1.29\"\n";
    assert!(text.contains(version));
    let text =
        text.replace(version, &format!("kubernetesVersion: \"1.30\"\nadmission: {{engine: {engine}}}\n"));
    let source = Source { path: "full.yaml".into(), text };
    let (profile, ..) = support::from_text(source, &mut support::fragment);
    render::render(&profile.expect("the profile is sound")).expect("our templates render")
}

fn of_kind(rendered: &Rendered, kind: &str) -> Vec<Value> {
    support::documents(&rendered.stream()).into_iter().filter(|object| object["kind"] == kind).collect()
}

/// What a policy asks, and of which requests.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    groups: BTreeSet<String>,
    resources: BTreeSet<String>,
    operations: Vec<String>,
    namespaces: Vec<String>,
    /// Names and expressions.
    variables: Vec<(String, String)>,
    /// Expressions and messages.
    validations: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(text).collect()
}

fn pairs(value: &Value, keys: [&str; 2]) -> Vec<(String, String)> {
    let items = value.as_array().into_iter().flatten();
    items
        .map(|item| {
            assert_eq!(item.as_object().expect("a mapping").len(), 2, "{item}");
            (text(&item[keys[0]]), text(&item[keys[1]]))
        })
        .collect()
}

/// Reads the API server's form.
fn of_api_server(policy: &Value) -> Asked {
    let constraints = &policy["spec"]["matchConstraints"];
    let rules = constraints["resourceRules"].as_array().expect("rules");
    assert_eq!(rules.len(), 1, "Kyverno's form is of one rule");
    Asked {
        groups: texts(&rules[0]["apiGroups"]).into_iter().collect(),
        resources: texts(&rules[0]["resources"]).into_iter().collect(),
        operations: texts(&rules[0]["operations"]),
        namespaces: selected(&constraints["namespaceSelector"]),
        variables: pairs(&policy["spec"]["variables"], ["name", "expression"]),
        validations: pairs(&policy["spec"]["validations"], ["expression", "message"]),
    }
}

/// Returns the namespaces that a selector means by their names; it may select by nothing else.
fn selected(selector: &Value) -> Vec<String> {
    assert_eq!(selector.as_object().map(serde_json::Map::len), Some(1), "{selector}");
    if let Some(labels) = selector["matchLabels"].as_object() {
        assert_eq!(labels.len(), 1, "{selector}");
        return vec![text(&labels["kubernetes.io/metadata.name"])];
    }
    let values = &selector["matchExpressions"][0]["values"];
    let requirement = json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": values});
    assert_eq!(selector["matchExpressions"], json!([requirement]));
    texts(values)
}

/// Reads Kyverno's form.
fn of_kyverno(policy: &Value) -> Asked {
    let rules = policy["spec"]["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), 1);
    let filters = rules[0]["match"]["any"].as_array().expect("filters");
    assert_eq!(filters.len(), 1);
    let resources = &filters[0]["resources"];
    let (groups, kinds) = texts(&resources["kinds"]).iter().map(|kind| group_and_resource(kind)).unzip();
    let cel = &rules[0]["validate"]["cel"];
    Asked {
        groups,
        resources: kinds,
        operations: texts(&resources["operations"]),
        namespaces: texts(&resources["namespaces"]),
        variables: pairs(&cel["variables"], ["name", "expression"]),
        validations: pairs(&cel["expressions"], ["expression", "message"]),
    }
}

/// Returns the group and the plural of a kind as Kyverno reads it: `group/version/Kind`, or `version/Kind` of the core.
fn group_and_resource(written: &str) -> (String, String) {
    let (group, kind) = match written.split('/').collect::<Vec<_>>()[..] {
        [group, "*", kind] => (group, kind),
        ["v1", kind] => ("", kind),
        _ => panic!("`{written}` is no kind"),
    };
    let name = kind.to_lowercase();
    // As English does it, and so the API: a policy, policies; but a gateway, gateways.
    let stem = name.strip_suffix('y').filter(|stem| !stem.ends_with('a'));
    let plural = stem.map_or(format!("{name}s"), |stem| format!("{stem}ies"));
    (group.to_owned(), plural)
}

/// Each policy by its name.
fn asked(policies: &[Value], read: fn(&Value) -> Asked) -> BTreeMap<String, Asked> {
    policies.iter().map(|policy| (text(&policy["metadata"]["name"]), read(policy))).collect()
}

/// A case that the real API server judged by the one form is judged the same by the other: Kyverno evaluates with the API
/// server's own library (`pkg/engine/handlers/validation/validate_cel.go` of 1.19.0).
#[test]
fn both_forms_ask_the_same_of_the_same_requests() {
    let own = of_kind(&full("ValidatingAdmissionPolicy"), "ValidatingAdmissionPolicy");
    let kyverno = of_kind(&full("Kyverno"), "ClusterPolicy");
    assert_eq!((own.len(), kyverno.len()), (10, 10));
    let (own, kyverno) = (asked(&own, of_api_server), asked(&kyverno, of_kyverno));
    assert_eq!(own.len(), 10, "names are unique");
    for (name, asked) in &own {
        assert_eq!(kyverno.get(name), Some(asked), "{name}");
    }
    assert_eq!(own.len(), kyverno.len());
}

/// Nothing but the expressions decides: no rule is reported only, is passed over when Kyverno does not answer, is made again
/// for what pods are made from, or is asked of what nobody requests. Kyverno would read `{{` as a variable of its own.
#[test]
fn kyverno_refuses_and_adds_nothing_of_its_own() {
    let rendered = full("Kyverno");
    assert_eq!(of_kind(&rendered, "ValidatingAdmissionPolicyBinding"), Vec::<Value>::new());
    assert_eq!(of_kind(&rendered, "ValidatingAdmissionPolicy"), Vec::<Value>::new());
    for policy in of_kind(&rendered, "ClusterPolicy") {
        assert_eq!(policy["apiVersion"], "kyverno.io/v1");
        assert_eq!(
            policy["metadata"]["annotations"],
            json!({"pod-policies.kyverno.io/autogen-controllers": "none"})
        );
        let spec = &policy["spec"];
        let keys: Vec<&str> = spec.as_object().expect("a mapping").keys().map(String::as_str).collect();
        assert_eq!(keys, ["background", "webhookConfiguration", "rules"]);
        assert_eq!(spec["background"], false);
        assert_eq!(spec["webhookConfiguration"], json!({"failurePolicy": "Fail"}));
        let rule = &spec["rules"][0];
        let keys: Vec<&str> = rule.as_object().expect("a mapping").keys().map(String::as_str).collect();
        assert_eq!(keys, ["name", "match", "validate"]);
        assert_eq!(rule["validate"]["failureAction"], "Enforce");
        assert!(policy["metadata"]["name"].as_str().is_some_and(|name| name.len() <= 63));
        assert!(!policy.to_string().contains("{{"), "{policy}");
    }
}

/// Says of a tree who refuses objects of a kind.
fn holds(rendered: &Rendered, guarded: Guarded) -> Vec<(String, bool)> {
    let mut sources = Sources::default();
    let file = sources.add("tree.yaml", rendered.stream());
    let (manifests, faults): (Manifests, _) = manifest::load(&sources, [file]);
    assert_eq!(faults, []);
    let mesh = Mesh::resolve(&manifests, Config::default());
    let guards = guards(&mesh, guarded);
    guards.iter().map(|guard| (guard.policy.id().to_string(), guard.hold == Hold::Everywhere)).collect()
}

/// What `render` writes, `check` and `controls` read as they read anybody's.
#[test]
fn the_policies_of_both_forms_hold_everywhere() {
    for engine in ["ValidatingAdmissionPolicy", "Kyverno"] {
        let kind = if engine == "Kyverno" { "ClusterPolicy" } else { engine };
        let rendered = full(engine);
        for guarded in GUARDED {
            let [(id, true)] = &holds(&rendered, guarded)[..] else {
                panic!("{}: {:?}", guarded.kind, holds(&rendered, guarded))
            };
            assert!(id.starts_with(&format!("{kind} prod-")), "{id}");
        }
    }
}
