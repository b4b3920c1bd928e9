//! PA01 to PA08.

use crate::{
    manifests::{bare, meshed, object, peer_authentication, pod, pod_with, verdict},
    naive::{
        Cluster, Layer, Question, Verdict,
        transport::{Mode, modes},
    },
};

/// The modes that port 8080 of `shop/cart` may have.
fn on(port: u16, policies: &[String]) -> Vec<Mode> {
    let cluster = Cluster::read(&[&[meshed("shop"), pod("shop/cart")], policies].concat().concat());
    modes(&cluster, &cluster.pod("shop/cart"), port)
}

fn of(policies: &[String]) -> Vec<Mode> {
    on(8080, policies)
}

fn mesh(mode: &str) -> String {
    peer_authentication("istio-system/default", &format!("{{mtls: {{mode: {mode}}}}}"))
}

fn space(mode: &str) -> String {
    peer_authentication("shop/default", &format!("{{mtls: {{mode: {mode}}}}}"))
}

fn workload(rest: &str) -> String {
    peer_authentication("shop/cart", &format!("{{selector: {{matchLabels: {{app: cart}}}}, {rest}}}"))
}

#[test]
fn pa01_nothing_is_permissive() {
    assert_eq!(of(&[]), [Mode::Permissive]);
    assert_eq!(of(&[peer_authentication("other/default", "{mtls: {mode: STRICT}}")]), [Mode::Permissive]);
}

#[test]
fn pa02_the_narrower_scope_wins() {
    let port = "mtls: {mode: PERMISSIVE}, portLevelMtls: {8080: {mode: DISABLE}}";
    assert_eq!(of(&[mesh("STRICT")]), [Mode::Strict]);
    assert_eq!(of(&[mesh("STRICT"), space("DISABLE")]), [Mode::Disable]);
    assert_eq!(
        of(&[mesh("STRICT"), space("STRICT"), workload("mtls: {mode: PERMISSIVE}")]),
        [Mode::Permissive]
    );
    assert_eq!(of(&[mesh("STRICT"), space("STRICT"), workload(port)]), [Mode::Disable]);
    assert_eq!(on(8081, &[mesh("STRICT"), space("STRICT"), workload(port)]), [Mode::Permissive]);
}

#[test]
fn pa03_unset_takes_the_wider_scopes_mode() {
    assert_eq!(of(&[mesh("STRICT"), space("UNSET")]), [Mode::Strict]);
    assert_eq!(of(&[mesh("STRICT"), peer_authentication("shop/default", "{}")]), [Mode::Strict]);
    assert_eq!(of(&[mesh("STRICT"), peer_authentication("shop/default", "{mtls: {}}")]), [Mode::Strict]);
    assert_eq!(of(&[space("STRICT"), workload("mtls: {mode: UNSET}")]), [Mode::Strict]);
    assert_eq!(of(&[mesh("UNSET")]), [Mode::Permissive]);
}

#[test]
fn pa04_a_selector_in_the_root_namespace_makes_a_policy_nothing() {
    let selected =
        peer_authentication("istio-system/p", "{selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}}");
    assert_eq!(of(std::slice::from_ref(&selected)), [Mode::Permissive]);
    // Even for a pod of the root namespace itself.
    let cluster = Cluster::read(&[meshed("istio-system"), pod("istio-system/cart"), selected].concat());
    assert_eq!(modes(&cluster, &cluster.pod("istio-system/cart"), 8080), [Mode::Permissive]);
    // An empty selector is none.
    assert_eq!(
        of(&[peer_authentication("istio-system/p", "{selector: {}, mtls: {mode: STRICT}}")]),
        [Mode::Strict]
    );
    assert_eq!(
        of(&[peer_authentication("istio-system/p", "{selector: {matchLabels: {}}, mtls: {mode: STRICT}}")]),
        [Mode::Strict]
    );
}

#[test]
fn pa04_the_mesh_says_which_namespace_is_the_root() {
    let cluster = Cluster::read(&[meshed("shop"), pod("shop/cart"), mesh("STRICT")].concat());
    assert_eq!(modes(&cluster, &cluster.pod("shop/cart"), 80), [Mode::Strict]);
    let moved = cluster.with_mesh("rootNamespace: mesh");
    assert_eq!(modes(&moved, &moved.pod("shop/cart"), 80), [Mode::Permissive]);
}

#[test]
fn pa05_of_two_in_one_scope_the_oldest_wins_and_files_have_no_age() {
    let aged = |name: &str, mode: &str, age: &str| {
        let rest = format!("spec: {{mtls: {{mode: {mode}}}}}");
        object("security.istio.io/v1beta1", "PeerAuthentication", &format!("shop/{name}"), age, &rest)
    };
    let (early, late) =
        ("creationTimestamp: \"2024-01-01T00:00:00Z\"", "creationTimestamp: \"2025-01-01T00:00:00Z\"");
    assert_eq!(of(&[aged("a", "STRICT", ""), aged("b", "DISABLE", "")]), [Mode::Disable, Mode::Strict]);
    assert_eq!(of(&[aged("a", "STRICT", late), aged("b", "DISABLE", early)]), [Mode::Disable]);
    // Of one age: by name.
    assert_eq!(of(&[aged("b", "STRICT", early), aged("a", "DISABLE", early)]), [Mode::Disable]);
    // One without an age may be older or younger than the oldest, and the younger ones cannot win.
    assert_eq!(
        of(&[aged("a", "STRICT", early), aged("b", "PERMISSIVE", late), aged("c", "DISABLE", "")]),
        [Mode::Disable, Mode::Strict]
    );
    assert_eq!(of(&[aged("a", "STRICT", ""), aged("b", "STRICT", "")]), [Mode::Strict]);
}

#[test]
fn pa05_a_tie_is_unknown_only_where_it_changes_the_verdict() {
    let all = |one: &str, other: &str| {
        let other = peer_authentication("shop/other", &format!("{{mtls: {{mode: {other}}}}}"));
        [meshed("shop"), bare("ops"), pod("ops/tool"), pod("shop/cart"), space(one), other]
    };
    let plain = || Question::new("ops/tool", "shop/cart", 8080).get("/");
    assert_eq!(verdict(&all("STRICT", "PERMISSIVE"), plain()), (Verdict::Unknown, Layer::Transport));
    assert_eq!(verdict(&all("DISABLE", "PERMISSIVE"), plain()), (Verdict::Allowed, Layer::Open));
}

#[test]
fn pa06_port_modes_count_in_a_workload_policy_only() {
    let ports = "portLevelMtls: {8080: {mode: DISABLE}}";
    assert_eq!(
        of(&[peer_authentication("shop/default", &format!("{{mtls: {{mode: STRICT}}, {ports}}}"))]),
        [Mode::Strict]
    );
    assert_eq!(
        of(&[peer_authentication("istio-system/default", &format!("{{mtls: {{mode: STRICT}}, {ports}}}"))]),
        [Mode::Strict]
    );
    assert_eq!(of(&[space("STRICT"), workload(ports)]), [Mode::Disable]);
    // UNSET on a port is the workload's mode.
    assert_eq!(
        of(&[space("DISABLE"), workload("mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: UNSET}}")]),
        [Mode::Strict]
    );
    assert_eq!(of(&[space("STRICT"), workload("portLevelMtls: {8080: {}}")]), [Mode::Strict]);
}

#[test]
fn pa07_the_key_is_the_pods_port_whether_or_not_a_service_declares_it() {
    let mapped = crate::manifests::service("shop/cart", "[{name: http, port: 80, targetPort: 8080}]");
    let all = [
        mapped,
        space("STRICT"),
        workload("portLevelMtls: {8080: {mode: DISABLE}, 9999: {mode: PERMISSIVE}}"),
    ];
    assert_eq!(
        [on(80, &all), on(8080, &all), on(9999, &all)],
        [[Mode::Strict], [Mode::Disable], [Mode::Permissive]]
    );
}

#[test]
fn pa08_the_losers_port_modes_are_lost_too() {
    let early = "creationTimestamp: \"2024-01-01T00:00:00Z\"";
    let late = "creationTimestamp: \"2025-01-01T00:00:00Z\"";
    let aged = |name: &str, age: &str, rest: &str| {
        let spec = format!("spec: {{selector: {{matchLabels: {{app: cart}}}}, {rest}}}");
        object("security.istio.io/v1beta1", "PeerAuthentication", &format!("shop/{name}"), age, &spec)
    };
    let winner = aged("winner", early, "mtls: {mode: STRICT}");
    let loser = aged("loser", late, "mtls: {mode: STRICT}, portLevelMtls: {8080: {mode: DISABLE}}");
    assert_eq!(of(&[winner, loser]), [Mode::Strict]);
}

#[test]
fn a_selector_of_expressions_selects_everything() {
    // Istio's selector knows matchLabels; the API server prunes the rest, and nothing is left.
    let pruned = peer_authentication(
        "shop/p",
        "{selector: {matchExpressions: [{key: app, operator: In, values: [web]}]}, mtls: {mode: STRICT}}",
    );
    assert_eq!(of(&[pruned]), [Mode::Strict]);
    let other = pod_with("shop/cart", "labels: {app: cart, tier: web}", "");
    let wanted = peer_authentication(
        "shop/p",
        "{selector: {matchLabels: {app: cart, tier: db}}, mtls: {mode: STRICT}}",
    );
    let cluster = Cluster::read(&[meshed("shop"), other, wanted].concat());
    assert_eq!(modes(&cluster, &cluster.pod("shop/cart"), 80), [Mode::Permissive]);
}
