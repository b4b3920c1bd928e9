//! NP01 to NP43.

use crate::{
    manifests::{OPEN, bare, network_policy, object, pod, pod_with, verdict},
    naive::{Cluster, Layer, Protocol, Question, Source, Verdict, network_policy::invalid},
};

const CLOSED_IN: (Verdict, Layer) = (Verdict::Denied, Layer::Ingress);
const CLOSED_OUT: (Verdict, Layer) = (Verdict::Denied, Layer::Egress);
const OPEN_QUESTION_IN: (Verdict, Layer) = (Verdict::Unknown, Layer::Ingress);

/// `a/x`, `a/y` and `b/x`, none of them in the mesh, and one policy `a/p`.
fn with(spec: &str) -> Vec<String> {
    vec![bare("a"), bare("b"), pod("a/x"), pod("a/y"), pod("b/x"), network_policy("a/p", spec)]
}

fn y_to_x() -> Question {
    Question::new("a/y", "a/x", 80)
}

/// What a policy of the destination's namespace makes of a packet to port 80.
fn decided(spec: &str, source: &str) -> (Verdict, Layer) {
    verdict(&with(spec), Question::new(source, "a/x", 80))
}

/// Whether a packet from `a/y` to `a/x` goes through on a port.
fn goes_through(spec: &str, protocol: Protocol, port: u16) -> bool {
    verdict(&with(spec), Question::new("a/y", "a/x", port).over(protocol)).0 == Verdict::Allowed
}

#[test]
fn np01_a_pod_that_no_policy_selects_is_open_both_ways() {
    let elsewhere = "{podSelector: {matchLabels: {app: other}}, policyTypes: [Ingress, Egress]}";
    assert_eq!(decided(elsewhere, "a/y"), OPEN);
    assert_eq!(decided(elsewhere, "203.0.113.7"), OPEN);
    assert_eq!(verdict(&with(elsewhere), Question::new("a/x", "203.0.113.7", 443)), OPEN);
}

#[test]
fn np02_an_empty_pod_selector_is_every_pod_of_its_own_namespace_and_none_elsewhere() {
    let all = with("{podSelector: {}}");
    assert_eq!(verdict(&all, Question::new("b/x", "a/x", 80)), CLOSED_IN);
    assert_eq!(verdict(&all, Question::new("b/x", "a/y", 80)), CLOSED_IN);
    assert_eq!(verdict(&all, Question::new("a/x", "b/x", 80)), OPEN);
}

#[test]
fn np03_without_types_and_without_egress_only_ingress_is_isolated() {
    let all = with("{podSelector: {}}");
    assert_eq!(verdict(&all, y_to_x()), CLOSED_IN);
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 443)), OPEN);
}

#[test]
fn np04_without_types_one_egress_rule_isolates_both_ways() {
    let all = with("{podSelector: {}, egress: [{ports: [{port: 443}]}]}");
    assert_eq!(verdict(&all, Question::new("b/x", "a/x", 443)), CLOSED_IN);
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 443)), OPEN);
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 80)), CLOSED_OUT);
}

#[test]
fn np05_without_types_an_empty_egress_list_isolates_ingress_only() {
    let all = with("{podSelector: {}, egress: []}");
    assert_eq!(verdict(&all, y_to_x()), CLOSED_IN);
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 443)), OPEN);
    assert_eq!(decided("{podSelector: {}, policyTypes: [], egress: []}", "a/y"), CLOSED_IN);
}

#[test]
fn np06_an_egress_policy_ignores_its_ingress_rules() {
    let all = with(
        "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: y}}}]}]}",
    );
    assert_eq!(verdict(&all, Question::new("b/x", "a/x", 80)), OPEN);
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 443)), CLOSED_OUT);
}

#[test]
fn np07_absent_null_and_empty_ingress_are_the_same() {
    for ingress in ["", ", ingress: null", ", ingress: []"] {
        assert_eq!(
            decided(&format!("{{podSelector: {{}}, policyTypes: [Ingress]{ingress}}}"), "a/y"),
            CLOSED_IN
        );
    }
}

#[test]
fn np08_an_empty_rule_lets_in_everybody_on_every_port() {
    let all = "{podSelector: {}, ingress: [{}]}";
    assert_eq!(decided(all, "203.0.113.7"), OPEN);
    assert!(goes_through(all, Protocol::Sctp, 9));
}

#[test]
fn np09_a_rule_without_peers_lets_in_everybody_on_its_ports() {
    for from in ["", ", from: null", ", from: []"] {
        let spec = format!("{{podSelector: {{}}, ingress: [{{ports: [{{port: 80}}]{from}}}]}}");
        assert_eq!(decided(&spec, "203.0.113.7"), OPEN);
        assert!(!goes_through(&spec, Protocol::Tcp, 81));
    }
}

#[test]
fn np10_a_rule_without_ports_is_every_port_and_protocol() {
    for ports in ["", ", ports: null", ", ports: []"] {
        let spec = format!("{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{}}}}]{ports}}}]}}");
        assert!(goes_through(&spec, Protocol::Udp, 5353));
        assert_eq!(decided(&spec, "b/x"), CLOSED_IN);
    }
}

#[test]
fn np11_an_empty_port_is_all_of_tcp() {
    let spec = "{podSelector: {}, ingress: [{ports: [{}]}]}";
    assert!(goes_through(spec, Protocol::Tcp, 65535));
    assert!(!goes_through(spec, Protocol::Udp, 80));
}

#[test]
fn np12_a_protocol_alone_is_all_of_it_and_nothing_else() {
    let spec = "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}";
    assert!(goes_through(spec, Protocol::Udp, 1));
    assert!(!goes_through(spec, Protocol::Tcp, 1));
}

const NAMED: &str = "containers: [{name: c, ports: [{name: web, containerPort: 8080}, {name: web, containerPort: 53, protocol: UDP}]}]";
const NAMED_ELSEWHERE: &str = "containers: [{name: c, ports: [{name: web, containerPort: 9090}]}]";

#[test]
fn np13_named_port_resolves_on_the_destination_pod() {
    let pods = [
        bare("a"),
        pod("a/client"),
        pod_with("a/one", "labels: {app: one}", NAMED),
        pod_with("a/two", "labels: {app: two}", NAMED_ELSEWHERE),
    ];
    for spec in [
        "{podSelector: {}, ingress: [{ports: [{port: web}]}]}",
        "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: web}]}]}",
    ] {
        let all = [&pods[..], &[network_policy("a/p", spec)]].concat();
        let is_open = |to, port| verdict(&all, Question::new("a/client", to, port)).0 == Verdict::Allowed;
        assert_eq!(
            [is_open("a/one", 8080), is_open("a/one", 9090), is_open("a/two", 9090)],
            [true, false, true]
        );
    }
}

#[test]
fn np14_a_named_port_that_is_missing_or_of_another_protocol_opens_nothing() {
    let all = |port: &str| {
        vec![
            bare("a"),
            pod("a/y"),
            pod_with("a/x", "labels: {app: x}", NAMED),
            network_policy("a/p", &format!("{{podSelector: {{}}, ingress: [{{ports: [{port}]}}]}}")),
        ]
    };
    assert_eq!(verdict(&all("{port: grpc}"), Question::new("a/y", "a/x", 8080)), CLOSED_IN);
    assert_eq!(verdict(&all("{port: web, protocol: SCTP}"), Question::new("a/y", "a/x", 8080)), CLOSED_IN);
    assert_eq!(
        verdict(&all("{port: web, protocol: UDP}"), Question::new("a/y", "a/x", 53).over(Protocol::Udp)),
        OPEN
    );
    assert_eq!(verdict(&all("{port: web}"), Question::new("a/y", "a/x", 53)), CLOSED_IN);
}

#[test]
fn np15_a_named_port_toward_a_block_opens_nothing() {
    let all = with(
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: web}]}]}",
    );
    assert_eq!(verdict(&all, Question::new("a/x", "203.0.113.7", 8080)), CLOSED_OUT);
}

#[test]
fn np16_a_range_of_ports_includes_both_ends() {
    let spec = "{podSelector: {}, ingress: [{ports: [{port: 53, endPort: 84}]}]}";
    assert_eq!(
        [52, 53, 84, 85].map(|port| goes_through(spec, Protocol::Tcp, port)),
        [false, true, true, false]
    );
}

#[test]
fn np16_a_range_backwards_or_of_a_name_is_refused() {
    for port in ["{port: 84, endPort: 53}", "{port: web, endPort: 84}", "{endPort: 84}"] {
        assert!(is_refused(&format!("{{podSelector: {{}}, ingress: [{{ports: [{port}]}}]}}")), "{port}");
    }
}

fn is_refused(spec: &str) -> bool {
    let cluster = Cluster::read(&with(spec).concat());
    let policy = cluster.of("networking.k8s.io", "NetworkPolicy").next().expect("one policy");
    let is_unknown = verdict(&with(spec), y_to_x()).0 == Verdict::Unknown;
    assert_eq!(invalid(policy).is_some(), is_unknown, "a refused policy leaves nothing to be told");
    is_unknown
}

#[test]
fn np17_a_block_is_its_network_less_every_exception() {
    let spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.0/28, 203.0.113.64/26]}}]}]}";
    assert_eq!(decided(spec, "203.0.113.32"), OPEN);
    assert_eq!(decided(spec, "203.0.113.7"), CLOSED_IN);
    assert_eq!(decided(spec, "203.0.113.100"), CLOSED_IN);
    let six = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"2001:db8::/32\", except: [\"2001:db8:1::/48\"]}}]}]}";
    assert_eq!(decided(six, "2001:db8:2::1"), OPEN);
    assert_eq!(decided(six, "2001:db8:1::1"), CLOSED_IN);
    assert_eq!(decided(six, "203.0.113.7"), CLOSED_IN);
}

#[test]
fn np17_an_exception_outside_its_block_is_refused() {
    for except in ["198.51.100.0/28", "203.0.113.0/24", "203.0.0.0/16"] {
        let block = format!("{{cidr: 203.0.113.0/24, except: [{except}]}}");
        assert!(
            is_refused(&format!("{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}")),
            "{except}"
        );
    }
}

#[test]
fn np18_host_bits_do_not_count() {
    let spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.9/24}}]}]}";
    assert_eq!(decided(spec, "203.0.113.200"), OPEN);
}

#[test]
fn np19_a_block_is_for_addresses_outside_the_cluster() {
    let spec = "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}";
    assert_eq!(decided(spec, "203.0.113.7"), OPEN);
    assert_eq!(decided(spec, "a/y"), CLOSED_IN);
}

#[test]
fn np20_both_selectors_of_one_peer_must_hold() {
    let spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}, podSelector: {matchLabels: {app: y}}}]}]}";
    assert_eq!(decided(spec, "b/x"), CLOSED_IN);
    assert_eq!(decided(spec, "a/y"), CLOSED_IN);
    assert_eq!(decided(&spec.replace("app: y", "app: x"), "b/x"), OPEN);
}

#[test]
fn np21_two_peers_are_alternatives() {
    let spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}, {podSelector: {matchLabels: {app: y}}}]}]}";
    assert_eq!(decided(spec, "b/x"), OPEN);
    assert_eq!(decided(spec, "a/y"), OPEN);
}

#[test]
fn np22_a_pod_selector_alone_is_for_the_policys_own_namespace() {
    let named = "{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: x}}}]}]}";
    assert_eq!(decided(named, "b/x"), CLOSED_IN);
    let all = "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}";
    assert_eq!([decided(all, "a/y"), decided(all, "b/x")], [OPEN, CLOSED_IN]);
}

#[test]
fn np23_an_empty_namespace_selector_is_every_pod_and_no_address_outside() {
    let spec = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}";
    assert_eq!([decided(spec, "b/x"), decided(spec, "203.0.113.7")], [OPEN, CLOSED_IN]);
}

#[test]
fn np24_a_peer_that_says_nothing_or_two_things_is_refused() {
    for peer in ["{}", "{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}", "{podSelector: null}"] {
        assert!(is_refused(&format!("{{podSelector: {{}}, ingress: [{{from: [{peer}]}}]}}")), "{peer}");
    }
}

#[test]
fn np25_several_policies_add_up_in_any_order() {
    let deny = network_policy("a/deny", "{podSelector: {}}");
    let allow = network_policy(
        "a/allow",
        "{podSelector: {matchLabels: {app: x}}, ingress: [{from: [{podSelector: {}}]}]}",
    );
    let pods = [bare("a"), pod("a/x"), pod("a/y")];
    assert_eq!(verdict(&[&pods[..], &[deny.clone(), allow.clone()]].concat(), y_to_x()), OPEN);
    assert_eq!(verdict(&[&pods[..], &[allow, deny]].concat(), y_to_x()), OPEN);
}

#[test]
fn np26_both_ends_must_agree() {
    let both = "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}]}";
    assert_eq!(decided(both, "a/y"), CLOSED_OUT);
    let all = [
        with(both),
        vec![network_policy(
            "a/out",
            "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}",
        )],
    ];
    assert_eq!(verdict(&all.concat(), y_to_x()), OPEN);
}

#[test]
fn np27_what_a_server_may_send_is_not_asked_for_its_answers() {
    let all = with("{podSelector: {matchLabels: {app: x}}, policyTypes: [Egress]}");
    assert_eq!(verdict(&all, y_to_x()), OPEN);
    assert_eq!(verdict(&all, Question::new("a/x", "a/y", 80)), CLOSED_OUT);
}

#[test]
fn np28_a_pod_reaches_itself_and_a_replica_does_not() {
    let all = with("{podSelector: {}, policyTypes: [Ingress, Egress]}");
    assert_eq!(verdict(&all, Question::new("a/x", "a/x", 80)), OPEN);
    let replicas = object(
        "apps/v1",
        "Deployment",
        "a/z",
        "",
        "spec: {replicas: 2, template: {metadata: {labels: {app: z}}}}",
    );
    assert_eq!(verdict(&[all, vec![replicas]].concat(), Question::new("a/z", "a/z", 80)), CLOSED_OUT);
}

#[test]
fn np29_a_node_reaches_its_own_pods() {
    assert_eq!(decided("{podSelector: {}}", "node"), OPEN);
}

#[test]
fn np30_policies_on_the_host_network_are_undefined() {
    let host = pod_with("a/host", "labels: {app: y}", "hostNetwork: true");
    let all = |spec: &str| [with(spec), vec![host.clone()]].concat();
    // As a peer: a selector that names it may hold, and one that does not may still meet its node.
    let named =
        "{podSelector: {matchLabels: {app: x}}, ingress: [{from: [{podSelector: {matchLabels: {app: y}}}]}]}";
    assert_eq!(verdict(&all(named), Question::new("a/host", "a/x", 80)), OPEN_QUESTION_IN);
    assert_eq!(
        verdict(&all("{podSelector: {matchLabels: {app: x}}}"), Question::new("a/host", "a/x", 80)),
        OPEN_QUESTION_IN
    );
    // As a subject: a policy may not hold.
    assert_eq!(
        verdict(&all("{podSelector: {matchLabels: {app: y}}}"), Question::new("b/x", "a/host", 80)),
        OPEN_QUESTION_IN
    );
    // What holds in every reading is told.
    assert_eq!(verdict(&all("{podSelector: {}, ingress: [{}]}"), Question::new("a/host", "a/x", 80)), OPEN);
    assert_eq!(
        verdict(&all("{podSelector: {matchLabels: {app: z}}}"), Question::new("b/x", "a/host", 80)),
        OPEN
    );
}

#[test]
fn np31_sctp_is_its_own_protocol() {
    let spec = "{podSelector: {}, ingress: [{ports: [{port: 80, protocol: SCTP}]}]}";
    assert_eq!(
        [Protocol::Tcp, Protocol::Udp, Protocol::Sctp].map(|protocol| goes_through(spec, protocol, 80)),
        [false, false, true]
    );
}

#[test]
fn np32_expressions_say_what_an_absent_label_means() {
    let selects = |expression: &str| {
        let spec = format!(
            "{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {{matchExpressions: [{expression}]}}}}]}}]}}"
        );
        decided(&spec, "a/y") == OPEN
    };
    assert!(selects("{key: app, operator: In, values: [x, y]}"));
    assert!(selects("{key: app, operator: Exists}"));
    assert!(selects("{key: tier, operator: NotIn, values: [db]}"));
    assert!(selects("{key: tier, operator: DoesNotExist}"));
    assert!(!selects("{key: tier, operator: In, values: [db]}"));
    assert!(!selects("{key: tier, operator: Exists}"));
    assert!(!selects("{key: app, operator: NotIn, values: [y]}"));
    assert!(!selects("{key: app, operator: Exists}, {key: app, operator: NotIn, values: [y]}"));
}

#[test]
fn np32_labels_and_expressions_hold_together() {
    let selector = "{matchLabels: {app: y}, matchExpressions: [{key: app, operator: NotIn, values: [y]}]}";
    assert_eq!(
        decided(&format!("{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {selector}}}]}}]}}"), "a/y"),
        CLOSED_IN
    );
}

#[test]
fn np32_in_and_notin_without_values_are_refused() {
    for operator in ["In", "NotIn"] {
        let selector = format!("{{matchExpressions: [{{key: app, operator: {operator}, values: []}}]}}");
        assert!(is_refused(&format!(
            "{{podSelector: {{}}, ingress: [{{from: [{{podSelector: {selector}}}]}}]}}"
        )));
    }
}

const FROM_B: &str = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]}";

#[test]
fn np33_every_namespace_carries_its_name() {
    assert_eq!([decided(FROM_B, "b/x"), decided(FROM_B, "a/y")], [OPEN, CLOSED_IN]);
}

#[test]
fn np34_the_labels_of_a_namespace_that_is_not_there_are_unknown() {
    let team = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchLabels: {app: x}}}]}]}";
    let without_b: Vec<String> = with(team).into_iter().filter(|text| *text != bare("b")).collect();
    assert_eq!(verdict(&without_b, Question::new("b/x", "a/x", 80)), OPEN_QUESTION_IN);
    // Its name is known, and so is a pod's own label: neither leaves anything open.
    let by_name: Vec<String> = with(FROM_B).into_iter().filter(|text| *text != bare("b")).collect();
    assert_eq!(verdict(&by_name, Question::new("b/x", "a/x", 80)), OPEN);
    let other_pod: Vec<String> = without_b
        .iter()
        .map(|text| {
            text.replace("podSelector: {matchLabels: {app: x}}", "podSelector: {matchLabels: {app: q}}")
        })
        .collect();
    assert_eq!(verdict(&other_pod, Question::new("b/x", "a/x", 80)), CLOSED_IN);
}

#[test]
fn np35_a_policy_without_a_namespace_is_in_default() {
    let all =
        [bare("default"), pod("default/x"), pod("default/y"), network_policy("/p", "{podSelector: {}}")];
    assert_eq!(verdict(&all, Question::new("default/y", "default/x", 80)), CLOSED_IN);
}

#[test]
fn np36_a_policy_sees_the_pods_port_and_not_the_services() {
    let all = |port: u16| {
        vec![
            bare("a"),
            pod("a/x"),
            pod("a/y"),
            crate::manifests::service("a/x", "[{port: 80, targetPort: 8080}]"),
            network_policy(
                "a/p",
                &format!("{{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}"),
            ),
        ]
    };
    assert_eq!(verdict(&all(80), Question::new("a/y", "a/x", 8080)), CLOSED_IN);
    assert_eq!(verdict(&all(8080), Question::new("a/y", "a/x", 8080)), OPEN);
}

#[test]
fn np36_egress_to_the_address_of_a_service_is_undefined() {
    let service = object(
        "v1",
        "Service",
        "a/x",
        "",
        "spec: {clusterIP: 10.96.0.9, selector: {app: x}, ports: [{port: 80}]}",
    );
    let egress = "{podSelector: {matchLabels: {app: y}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.96.0.0/12}}]}]}";
    let all = [with(egress), vec![service]].concat();
    assert_eq!(verdict(&all, y_to_x()), (Verdict::Unknown, Layer::Egress));
    assert_eq!(verdict(&all, Question::new("a/y", "b/x", 80)), CLOSED_OUT);
}

#[test]
fn np36_ingress_from_the_address_of_a_service_is_nobody() {
    let service = object(
        "v1",
        "Service",
        "a/y",
        "",
        "spec: {clusterIP: 10.96.0.9, selector: {app: y}, ports: [{port: 80}]}",
    );
    let ingress =
        "{podSelector: {matchLabels: {app: x}}, ingress: [{from: [{ipBlock: {cidr: 10.96.0.0/12}}]}]}";
    assert_eq!(verdict(&[with(ingress), vec![service]].concat(), y_to_x()), CLOSED_IN);
}

#[test]
fn np38_labels_come_from_the_pod_template() {
    let workload = object(
        "apps/v1",
        "Deployment",
        "a/z",
        "labels: {app: outer}",
        "spec: {template: {metadata: {labels: {app: inner}}}}",
    );
    let all = |label: &str| {
        let spec = format!("{{podSelector: {{matchLabels: {{app: {label}}}}}}}");
        [with(&spec), vec![workload.clone()]].concat()
    };
    assert_eq!(verdict(&all("inner"), Question::new("a/y", "a/z", 80)), CLOSED_IN);
    assert_eq!(verdict(&all("outer"), Question::new("a/y", "a/z", 80)), OPEN);
}

#[test]
fn np39_isolated_egress_needs_dns_over_both_protocols() {
    let dns = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]}]}";
    let ask = |protocol| verdict(&with(dns), Question::new("a/y", "b/x", 53).over(protocol));
    assert_eq!([ask(Protocol::Udp), ask(Protocol::Tcp)], [OPEN, CLOSED_OUT]);
}

#[test]
fn np40_policies_of_other_makers_leave_the_verdict_open() {
    for (version, kind, called) in [
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "/p"),
        ("cilium.io/v2", "CiliumNetworkPolicy", "a/p"),
        ("projectcalico.org/v3", "GlobalNetworkPolicy", "/p"),
    ] {
        let all = [with("{podSelector: {}}"), vec![object(version, kind, called, "", "spec: {}")]].concat();
        assert_eq!(verdict(&all, y_to_x()), (Verdict::Unknown, Layer::Egress), "{kind}");
    }
    let elsewhere = object("cilium.io/v2", "CiliumNetworkPolicy", "b/p", "", "spec: {}");
    assert_eq!(verdict(&[with("{podSelector: {}}"), vec![elsewhere]].concat(), y_to_x()), CLOSED_IN);
}

#[test]
fn np41_a_policy_opens_nothing_for_pods_of_another_namespace() {
    let elsewhere = network_policy("b/p", "{podSelector: {}, ingress: [{}]}");
    assert_eq!(
        verdict(&[with("{podSelector: {}}"), vec![elsewhere]].concat(), Question::new("b/x", "a/x", 80)),
        CLOSED_IN
    );
}

#[test]
fn np42_the_side_that_blocks_is_named() {
    let to_b = "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}";
    let closed = network_policy("b/p", "{podSelector: {}}");
    assert_eq!(verdict(&[with(to_b), vec![closed]].concat(), Question::new("a/x", "b/x", 80)), CLOSED_IN);
    let nothing = "{podSelector: {}, policyTypes: [Egress]}";
    assert_eq!(verdict(&with(nothing), Question::new("a/x", "b/x", 80)), CLOSED_OUT);
}

/// The same source denied by one policy and allowed by another, by label and by address, in both directions: the
/// allow wins whichever comes first, since nothing in a NetworkPolicy denies.
#[test]
fn np43_an_allow_wins_over_a_default_deny_by_label_and_by_address() {
    let by = |direction: &str, peer: &str| {
        let (types, rules, peers) =
            if direction == "in" { ("Ingress", "ingress", "from") } else { ("Egress", "egress", "to") };
        let deny = network_policy("a/deny", &format!("{{podSelector: {{}}, policyTypes: [{types}]}}"));
        let allow = network_policy(
            "a/allow",
            &format!("{{podSelector: {{}}, policyTypes: [{types}], {rules}: [{{{peers}: [{peer}]}}]}}"),
        );
        [[deny.clone(), allow.clone()], [allow, deny]]
    };
    let pods = [bare("a"), bare("b"), pod("a/x"), pod("a/y"), pod("b/x")];
    let label = "{podSelector: {matchLabels: {app: y}}}";
    let space = "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}";
    let block = "{ipBlock: {cidr: 203.0.113.0/24}}";
    let cases = [
        ("in", label, ("a/y", "a/x"), ("b/x", "a/x")),
        ("in", space, ("b/x", "a/x"), ("a/y", "a/x")),
        ("in", block, ("203.0.113.7", "a/x"), ("198.51.100.7", "a/x")),
        ("out", label, ("a/x", "a/y"), ("a/x", "b/x")),
        ("out", space, ("a/x", "b/x"), ("a/x", "a/y")),
        ("out", block, ("a/x", "203.0.113.7"), ("a/x", "198.51.100.7")),
    ];
    for (direction, peer, allowed, denied) in cases {
        for policies in by(direction, peer) {
            let all = [&pods[..], &policies].concat();
            assert_eq!(verdict(&all, Question::new(allowed.0, allowed.1, 80)), OPEN, "{direction} {peer}");
            assert_eq!(
                verdict(&all, Question::new(denied.0, denied.1, 80)).0,
                Verdict::Denied,
                "{direction} {peer}"
            );
        }
    }
}

#[test]
fn a_pod_that_nobody_showed_may_send_and_is_let_in_by_its_labels() {
    let all = with(
        "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {matchLabels: {app: z}}}]}]}",
    );
    let mut stranger = Source::stranger("a", false);
    assert_eq!(verdict(&all, y_to_x().from(stranger.clone())), CLOSED_IN);
    if let Source::Representative(pod) = &mut stranger {
        pod.labels.insert("app".into(), "z".into());
    }
    assert_eq!(verdict(&all, y_to_x().from(stranger)), OPEN);
}
