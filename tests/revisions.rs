//! What a tree with several control planes must and must not hold, each rule with its reason.

mod support;

use meshwright::render::Rendered;
use serde_json::{Value, json};

/// A mesh of three namespaces, of which the second follows a tag and the third the canary.
fn with(mesh: &str, more: &str) -> Rendered {
    support::rendered(&format!(
        "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: wildcard
mesh: {{{mesh}}}
{more}
"
    ))
}

const TWO: &str = "revision: old, tags: {stable: old}, canary: {revision: new, chartVersion: 1.22.8}";
const NAMESPACES: &str = "namespaces: [one, {name: two, revision: stable}, {name: three, revision: new}]";

fn of_kind(rendered: &Rendered, kind: &str) -> Vec<Value> {
    let all = support::documents(&rendered.stream());
    all.into_iter().filter(|object| object["kind"] == kind).collect()
}

fn named(rendered: &Rendered, kind: &str, name: &str) -> Value {
    let found = of_kind(rendered, kind).into_iter().find(|object| object["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}

/// Returns the labels of every namespace that pods are injected in.
fn injection(rendered: &Rendered) -> Vec<[Value; 3]> {
    let labels = |object: Value| {
        let metadata = &object["metadata"];
        [&metadata["name"], &metadata["labels"]["istio-injection"], &metadata["labels"]["istio.io/rev"]]
            .map(Clone::clone)
    };
    let all = of_kind(rendered, "Namespace").into_iter().map(labels);
    all.filter(|[_, injection, _]| injection != "disabled").collect()
}

/// The webhook of a revision matches its own label, and only where `istio-injection` is absent.
#[test]
fn a_namespace_says_what_it_follows_and_nothing_else() {
    let expected = [
        [json!("istio-ingress"), Value::Null, json!("old")],
        [json!("one"), Value::Null, json!("old")],
        [json!("three"), Value::Null, json!("new")],
        [json!("two"), Value::Null, json!("stable")],
    ];
    assert_eq!(injection(&with(TWO, NAMESPACES)), expected);
    let beside_the_default = with(
        "canary: {revision: new, chartVersion: 1.22.8}",
        "namespaces: [one, {name: three, revision: new}]",
    );
    let expected = [
        [json!("istio-ingress"), json!("enabled"), Value::Null],
        [json!("one"), json!("enabled"), Value::Null],
        [json!("three"), Value::Null, json!("new")],
    ];
    assert_eq!(injection(&beside_the_default), expected);
}

/// CRDs serve what they served before, so the newest fit both; a node has one CNI plugin, which fits a control plane one
/// minor newer.
#[test]
fn each_chart_is_of_the_release_that_it_belongs_to() {
    let versions = |more: &str| {
        let rendered = with(&format!("cni: true, {TWO}"), &format!("{more}\n{NAMESPACES}"));
        of_kind(&rendered, "HelmRelease")
            .into_iter()
            .map(|release| {
                let version =
                    release["spec"]["chart"]["spec"]["version"].as_str().expect("a version").to_owned();
                format!("{} {version}", release["metadata"]["name"].as_str().expect("a name"))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        versions(""),
        [
            "istio-base 1.22.8",
            "istio-cni 1.21.1",
            "istiod-new 1.22.8",
            "istiod-old 1.21.1",
            "istio-ingressgateway 1.21.1"
        ]
    );
    let moved = versions("gateway: {revision: new}");
    assert_eq!(moved.last().map(String::as_str), Some("istio-ingressgateway 1.22.8"));
}

/// The switch of the CNI plugin moved in 1.24: a canary without its own gives pods a privileged container back.
#[test]
fn each_control_plane_is_told_in_the_words_of_its_release() {
    let rendered = support::rendered(
        "
domain: apps.example.com
chartVersion: 1.23.6
tlsSecret: wildcard
mesh: {cni: true, canary: {revision: new, chartVersion: 1.24.6, values: {pilot: {replicaCount: 3}}}}
values: {istiod: {pilot: {replicaCount: 4}}}
namespaces: [one]
",
    );
    let values = |name: &str| named(&rendered, "HelmRelease", name)["spec"]["values"].clone();
    let (old, new) = (values("istiod"), values("istiod-new"));
    assert_eq!([&old["istio_cni"]["enabled"], &old["pilot"]["cni"]], [&json!(true), &Value::Null]);
    assert_eq!([&new["istio_cni"], &new["pilot"]["cni"]["enabled"]], [&Value::Null, &json!(true)]);
    assert_eq!([&old["pilot"]["replicaCount"], &new["pilot"]["replicaCount"]], [4, 3]);
    assert_eq!([&old["revision"], &new["revision"]], [&Value::Null, &json!("new")]);
}

/// What istiod is asked must come to the one that answers: objects are validated by the first control plane.
#[test]
fn the_first_control_plane_validates() {
    let validates = |mesh: &str| {
        named(&with(mesh, "namespaces: [one]"), "HelmRelease", "istio-base")["spec"]["values"]["defaultRevision"].clone()
    };
    assert_eq!(validates(TWO), "old");
    assert_eq!(validates("canary: {revision: new, chartVersion: 1.22.8}"), "default");
}

/// A pod keeps the control plane that injected it until it restarts, whatever its namespace follows by then: a policy that
/// told the two apart would cut off what has not restarted yet.
#[test]
fn every_proxy_reaches_every_control_plane() {
    let rendered = with(TWO, NAMESPACES);
    for policy in of_kind(&rendered, "NetworkPolicy") {
        let text = policy.to_string();
        assert!(!text.contains("\"istiod-"), "{policy}");
        let selects = &policy["spec"]["podSelector"]["matchLabels"];
        assert!(selects["istio.io/rev"].is_null(), "{policy}");
    }
    let istiod = named(&rendered, "NetworkPolicy", "istiod");
    assert_eq!(istiod["spec"]["podSelector"], json!({"matchLabels": {"app": "istiod"}}));
    let from = &istiod["spec"]["ingress"][0]["from"];
    let carries = json!({"key": "istio.io/rev", "operator": "In", "values": ["new", "old", "stable"]});
    assert_eq!(from[1], json!({"namespaceSelector": {"matchExpressions": [carries]}}));
    let from = named(
        &with("canary: {revision: new, chartVersion: 1.22.8}", "namespaces: [one]"),
        "NetworkPolicy",
        "istiod",
    );
    let from = &from["spec"]["ingress"][0]["from"];
    assert_eq!(from[1], json!({"namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}}}));
    assert_eq!(from[2]["namespaceSelector"]["matchExpressions"][0]["values"], json!(["new"]));
}

/// In a chart the webhook would go with the release that it leaves, before another release may have it: for a while pods
/// would start without a sidecar.
#[test]
fn a_tag_moves_in_one_write_and_fails_closed() {
    let tag = |points_to: &str| {
        let mesh = TWO.replace("{stable: old}", &format!("{{stable: {points_to}}}"));
        named(&with(&mesh, NAMESPACES), "MutatingWebhookConfiguration", "istio-revision-tag-stable")
    };
    let (before, after) = (tag("old"), tag("new"));
    for (tag, revision) in [(&before, "old"), (&after, "new")] {
        assert_eq!(tag["metadata"]["labels"]["istio.io/rev"], revision);
        for webhook in tag["webhooks"].as_array().expect("webhooks") {
            assert_eq!(webhook["failurePolicy"], "Fail");
            assert_eq!(webhook["clientConfig"]["service"]["name"], format!("istiod-{revision}"));
        }
    }
    for release in of_kind(&with(TWO, NAMESPACES), "HelmRelease") {
        assert!(release["spec"]["values"]["revisionTags"].is_null(), "{release}");
    }
    // What follows the tag keeps its label.
    assert_eq!(before["webhooks"][0]["namespaceSelector"], after["webhooks"][0]["namespaceSelector"]);
}

/// The gateway's pods are made by a chart, and nothing else in it changes when the tag that it follows moves.
#[test]
fn a_tag_that_moves_restarts_the_gateway() {
    let annotation = |points_to: &str| {
        let mesh = format!(
            "revision: old, tags: {{stable: {points_to}}}, canary: {{revision: new, chartVersion: 1.21.1}}"
        );
        let release = named(
            &with(&mesh, "gateway: {revision: stable}\nnamespaces: [one]"),
            "HelmRelease",
            "istio-ingressgateway",
        );
        let values = &release["spec"]["values"];
        assert_eq!(values["revision"], "stable");
        values["podAnnotations"]["meshwright/revision"].clone()
    };
    assert_eq!([annotation("old"), annotation("new")], ["old", "new"]);
}

/// What follows the first control plane must not feel the second: but for the CRDs, and for who may ask istiod.
#[test]
fn a_canary_changes_nothing_for_what_does_not_follow_it() {
    let files = |mesh: &str| {
        let rendered = with(mesh, "namespaces: [one, two]");
        rendered.tree.iter().map(|(path, text)| (path.to_string(), text.to_owned())).collect::<Vec<_>>()
    };
    let before = files("revision: old, cni: true");
    let after = files("revision: old, cni: true, canary: {revision: new, chartVersion: 1.22.8}");
    let changed: Vec<&str> = after
        .iter()
        .filter(|file| !before.contains(file))
        .map(|(path, _)| path.trim_start_matches("clusters/test/istio/"))
        .collect();
    assert_eq!(
        changed,
        [
            "README.md",
            "control-plane/helmrelease-base.yaml",
            "control-plane/helmrelease-istiod-new.yaml",
            "control-plane/kustomization.yaml",
            "control-plane/network-policies/istio-system.yaml",
        ]
    );
    assert!(before.iter().all(|(path, _)| after.iter().any(|(other, _)| other == path)), "nothing goes");
}

/// The last step of an upgrade: what was the canary is the only one, and its own release stays as it is.
#[test]
fn a_canary_that_becomes_the_first_is_not_touched() {
    let release = |mesh: &str, version: &str| {
        let rendered = support::rendered(&format!(
            "
domain: apps.example.com
chartVersion: {version}
tlsSecret: wildcard
mesh: {{cni: true, {mesh}}}
namespaces: [one]
"
        ));
        let path = rendered.tree.root().join("control-plane/helmrelease-istiod-new.yaml");
        rendered.tree.get(&path).expect("the release is there").to_owned()
    };
    assert_eq!(
        release("revision: old, canary: {revision: new, chartVersion: 1.22.8}", "1.21.1"),
        release("revision: new", "1.22.8")
    );
}

/// Both would be `istiod`'s objects: the API server takes only names that a label and a Service can have.
#[test]
fn every_name_fits_the_api() {
    let longest = "r".repeat(46);
    let rendered =
        with(&format!("revision: {longest}, tags: {{{0}: {longest}}}", "t".repeat(46)), "namespaces: [one]");
    for release in of_kind(&rendered, "HelmRelease") {
        assert!(release["spec"]["releaseName"].as_str().expect("a name").len() <= 53, "{release}");
    }
}
