//! What holds for every mesh and every question, tried on random ones.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::naive::{
    Answer, Chain, Cluster, Destination, Protocol, Question, Source, Verdict, answer,
    client::{adversarial, cooperative},
    injection::{is_captured, is_injected},
    pattern::Truth,
    random::{self, Case, Dice},
    transport::{Mode, modes},
};

/// Random meshes, each with its questions and with dice for what a law changes.
fn meshes(law: u64, count: u64, questions: usize) -> impl Iterator<Item = (Cluster, Vec<Question>, Dice)> {
    (0..count).map(move |at| {
        let Case { cluster, questions, dice, .. } = Case::new(law * 1_000_003 + at, questions);
        (cluster, questions, dice)
    })
}

/// Puts every question to two meshes and shows the first pair of answers that a law does not take.
fn compare(
    before: &Cluster,
    after: &Cluster,
    questions: &[Question],
    law: impl Fn(&Answer, &Answer) -> bool,
) {
    for question in questions {
        let (one, other) = (answer(before, question), answer(after, question));
        assert!(
            law(&one, &other),
            "{question:#?}\nbefore {one:#?}\nafter {other:#?}\n{}\n=====\n{}",
            random::text(&before.values()),
            random::text(&after.values())
        );
    }
}

/// The mesh after a change of its objects.
fn changed(cluster: &Cluster, change: impl FnOnce(&mut Vec<Value>)) -> Cluster {
    let mut values = cluster.values();
    change(&mut values);
    Cluster::of_values(values)
}

fn of<'a>(objects: &'a mut [Value], kind: &'a str) -> impl Iterator<Item = &'a mut Value> {
    objects.iter_mut().filter(move |object| object["kind"] == kind)
}

fn with(cluster: &Cluster, object: Value) -> Cluster {
    changed(cluster, |objects| objects.push(object))
}

fn policy(dice: &mut Dice, action: &str, rules: &Value) -> Value {
    let namespace = dice.one(&["shop", "pay", "ops", "istio-system"]);
    json!({"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": "added", "namespace": namespace}, "spec": {"action": action, "rules": rules}})
}

#[test]
fn every_question_has_an_answer_and_each_kind_of_answer_occurs() {
    let mut counts: BTreeMap<(Verdict, Chain), usize> = BTreeMap::new();
    for (cluster, questions, _) in meshes(1, 60, 200) {
        for question in &questions {
            let answer = answer(&cluster, question);
            *counts.entry((answer.verdict, answer.chain)).or_default() += 1;
        }
    }
    let of = |verdict| {
        counts.iter().filter(|((one, _), _)| *one == verdict).map(|(_, count)| count).sum::<usize>()
    };
    let shares =
        [Verdict::Allowed, Verdict::Denied, Verdict::Unknown].map(|verdict| of(verdict) * 100 / 12_000);
    assert!(shares[0] >= 20 && shares[1] >= 20 && shares[2] >= 2, "{shares:?} {counts:?}");
    for chain in [Chain::Http, Chain::Tcp, Chain::App] {
        assert!(counts.get(&(Verdict::Allowed, chain)).copied().unwrap_or_default() >= 100, "{counts:?}");
    }
}

#[test]
fn the_order_of_objects_does_not_matter() {
    for (cluster, questions, mut dice) in meshes(2, 60, 60) {
        let shuffled = changed(&cluster, |objects| dice.shuffle(objects));
        compare(&cluster, &shuffled, &questions, |one, other| {
            (one.verdict, one.chain, &one.identity) == (other.verdict, other.chain, &other.identity)
        });
        for question in &questions {
            assert_eq!(cooperative(&cluster, question).verdict, cooperative(&shuffled, question).verdict);
        }
    }
}

#[test]
fn np25_a_network_policy_of_two_rules_is_two_policies_and_one_more_rule_never_closes() {
    for (cluster, questions, mut dice) in meshes(3, 60, 60) {
        let split = changed(&cluster, |objects| {
            let mut halves = Vec::new();
            for policy in of(objects, "NetworkPolicy") {
                let spec = &mut policy["spec"];
                if spec["policyTypes"].as_array().is_some_and(|types| !types.is_empty())
                    && let Some(rule) =
                        spec["ingress"].as_array_mut().filter(|rules| rules.len() > 1).and_then(Vec::pop)
                {
                    let mut half = policy.clone();
                    half["metadata"]["name"] = json!("half");
                    half["spec"]["ingress"] = json!([rule]);
                    halves.push(half);
                }
            }
            objects.append(&mut halves);
        });
        compare(&cluster, &split, &questions, |one, other| one.verdict == other.verdict);
        let wider = changed(&cluster, |objects| {
            for policy in of(objects, "NetworkPolicy") {
                if let Some(rules) = policy["spec"]["ingress"].as_array_mut() {
                    rules.push(dice.one(&[
                        json!({}),
                        json!({"ports": [{"port": 80}]}),
                        json!({"from": [{"podSelector": {}}]}),
                    ]));
                }
            }
        });
        compare(&cluster, &wider, &questions, |one, other| one.verdict <= other.verdict);
    }
}

#[test]
fn ap08_a_policy_of_two_rules_is_two_policies() {
    for (cluster, questions, _) in meshes(4, 60, 60) {
        let split = changed(&cluster, |objects| {
            let mut halves = Vec::new();
            for policy in of(objects, "AuthorizationPolicy") {
                if let Some(rule) =
                    policy["spec"]["rules"].as_array_mut().filter(|rules| rules.len() > 1).and_then(Vec::pop)
                {
                    let mut half = policy.clone();
                    half["metadata"]["name"] = json!("half");
                    half["spec"]["rules"] = json!([rule]);
                    halves.push(half);
                }
            }
            objects.append(&mut halves);
        });
        compare(&cluster, &split, &questions, |one, other| one.verdict == other.verdict);
    }
}

#[test]
fn adding_a_deny_never_opens_and_adding_an_allow_rule_never_closes() {
    for (cluster, questions, mut dice) in meshes(5, 60, 60) {
        let deny = policy(&mut dice, "DENY", &json!([{"to": [{"operation": {"paths": ["/a*"]}}]}]));
        compare(&cluster, &with(&cluster, deny), &questions, |one, other| other.verdict <= one.verdict);
        let wider = changed(&cluster, |objects| {
            for policy in of(objects, "AuthorizationPolicy") {
                let rule = dice.one(&[json!({}), json!({"from": [{"source": {"notNamespaces": ["shop"]}}]})]);
                let is_allow = matches!(policy["spec"]["action"].as_str(), None | Some("ALLOW"));
                if let Some(rules) = policy["spec"]["rules"].as_array_mut().filter(|_| is_allow) {
                    rules.push(rule);
                }
            }
        });
        compare(&cluster, &wider, &questions, |one, other| one.verdict <= other.verdict);
    }
}

#[test]
fn ap10_ap11_audit_and_what_is_tried_out_change_nothing() {
    for (cluster, questions, mut dice) in meshes(6, 40, 60) {
        let audit = policy(&mut dice, "AUDIT", &json!([{}]));
        compare(&cluster, &with(&cluster, audit), &questions, |one, other| one == other);
        let action = dice.one(&["DENY", "ALLOW"]);
        let mut tried = policy(&mut dice, action, &json!([{}]));
        tried["metadata"]["annotations"] = json!({"istio.io/dry-run": "true"});
        compare(&cluster, &with(&cluster, tried), &questions, |one, other| one.verdict == other.verdict);
    }
}

#[test]
fn ap18_what_the_tcp_chain_lets_through_the_http_chain_does_too() {
    use crate::naive::authorization::{Call, authorize, normalization};
    for (cluster, questions, _) in meshes(7, 100, 60) {
        let cluster =
            changed(&cluster, |objects| objects.retain(|object| object["spec"]["action"] != "CUSTOM"));
        for question in &questions {
            let (Destination::Pod(called), Some(request)) = (&question.destination, &question.request) else {
                continue;
            };
            let request = crate::naive::Request { claims: None, headers: Vec::new(), ..request.clone() };
            let Some(path) = crate::naive::pattern::path(&request.path, normalization(&cluster)) else {
                continue;
            };
            let identity = Some("cluster.local/ns/shop/sa/web".to_owned()).filter(|_| question.port % 2 == 0);
            let Question { source_ip, port, sni, .. } = question;
            let tcp = Call { identity, source_ip: *source_ip, port: *port, sni, http: None };
            let http = Call { http: Some((&request, path)), ..tcp.clone() };
            let pod = cluster.pod(called);
            let (tcp, http) = (authorize(&cluster, &pod, &tcp), authorize(&cluster, &pod, &http));
            assert!(tcp.verdict <= http.verdict, "{question:#?}\n{}", random::text(&cluster.values()));
        }
    }
}

#[test]
fn a_label_that_nobody_selects_changes_nothing() {
    for (cluster, questions, _) in meshes(8, 40, 60) {
        let labelled = changed(&cluster, |objects| {
            for object in objects {
                for at in ["/metadata", "/spec/template/metadata", "/spec/jobTemplate/spec/template/metadata"]
                {
                    if let Some(labels) =
                        object.pointer_mut(at).filter(|metadata| metadata["labels"].is_object())
                    {
                        labels["labels"]["unheard-of"] = json!("x");
                    }
                }
            }
        });
        compare(&cluster, &labelled, &questions, |one, other| one == other);
    }
}

/// A definite verdict stays what it is when a missing fact is supplied.
fn is_kept(before: &Answer, after: &Answer) -> bool {
    before.verdict == Verdict::Unknown || before.verdict == after.verdict
}

#[test]
fn np34_a_definite_verdict_stays_when_the_namespaces_turn_up() {
    for (cluster, questions, mut dice) in meshes(9, 150, 60) {
        let whole = changed(&cluster, |objects| {
            for name in ["shop", "pay", "ops", "istio-system", "kube-system", "elsewhere"] {
                let is_there = cluster
                    .objects
                    .iter()
                    .any(|object| object["kind"] == "Namespace" && object["metadata"]["name"] == name);
                if !is_there {
                    let labels = dice.one(&[
                        json!({}),
                        json!({"istio-injection": "enabled", "k": "x"}),
                        json!({"istio.io/rev": "default", "l": "y", "m": "z"}),
                        json!({"istio-injection": "disabled", "k": "z", "l": "x"}),
                    ]);
                    objects.push(
                    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}),
                );
                }
            }
        });
        compare(&cluster, &whole, &questions, is_kept);
    }
}

#[test]
fn pa05_t07_a_definite_verdict_stays_when_the_ages_turn_up() {
    for (cluster, questions, mut dice) in meshes(10, 150, 60) {
        let aged = changed(&cluster, |objects| {
            for object in objects {
                if object["metadata"]["creationTimestamp"].is_null() {
                    let age = format!("202{}-0{}-01T00:00:00Z", 3 + dice.below(3), 1 + dice.below(9));
                    object["metadata"]["creationTimestamp"] = json!(age);
                }
            }
        });
        compare(&cluster, &aged, &questions, is_kept);
    }
}

#[test]
fn j16_a_definite_verdict_stays_whatever_the_provider_says() {
    for (cluster, questions, _) in meshes(11, 150, 60) {
        let yes = changed(&cluster, |objects| objects.retain(|object| object["spec"]["action"] != "CUSTOM"));
        let no = changed(&cluster, |objects| {
            for policy in
                of(objects, "AuthorizationPolicy").filter(|policy| policy["spec"]["action"] == "CUSTOM")
            {
                policy["spec"]["action"] = json!("DENY");
            }
        });
        for question in &questions {
            let (open, all, none) =
                (answer(&cluster, question), answer(&yes, question), answer(&no, question));
            // A provider that decides nothing on this chain, or that is bad, is one of the two.
            let is_one = open.verdict == all.verdict || open.verdict == none.verdict;
            assert!(
                open.verdict == Verdict::Unknown || is_one,
                "{question:#?}\n{}",
                random::text(&cluster.values())
            );
            assert!(open.verdict <= all.verdict, "{question:#?}\n{}", random::text(&cluster.values()));
        }
    }
}

#[test]
fn what_a_cooperative_client_reaches_an_adversary_reaches() {
    for (cluster, questions, _) in meshes(12, 60, 60) {
        for question in &questions {
            let (own, all) = (cooperative(&cluster, question), adversarial(&cluster, question));
            assert!(
                own.verdict <= all.verdict,
                "{question:#?}\n{own:#?}\n{all:#?}\n{}",
                random::text(&cluster.values())
            );
        }
    }
}

#[test]
fn t01_under_strict_nothing_that_is_captured_is_reached_without_a_certificate() {
    for (cluster, questions, _) in meshes(13, 150, 40) {
        for question in &questions {
            let Destination::Pod(called) = &question.destination else { continue };
            let pod = cluster.pod(called);
            let is_proxied = is_injected(&cluster, &pod).min(is_captured(&pod, question.port)) == Truth::Yes;
            let is_strict = modes(&cluster, &pod, question.port) == [Mode::Strict];
            let is_foreign = crate::naive::authorization::foreign_filter(&cluster, &pod).is_some();
            if is_proxied && is_strict && !is_foreign && question.protocol == Protocol::Tcp {
                let reach = adversarial(&cluster, question);
                assert!(reach.is_never_anonymous(), "{question:#?}\n{}", random::text(&cluster.values()));
                let is_nobody = matches!(question.source, Source::Node | Source::Outside);
                assert!(!is_nobody || reach.verdict == Verdict::Denied);
            }
        }
    }
}

#[test]
fn a_failing_mesh_shrinks_to_what_makes_it_fail() {
    let mut dice = Dice::new(14);
    let is_about_deny =
        |text: &str| text.contains("\"action\":\"DENY\"") && text.contains("\"kind\":\"Namespace\"");
    let manifests = std::iter::repeat_with(|| random::mesh(&mut dice))
        .find(|text| is_about_deny(text))
        .expect("some mesh");
    let small = random::shrunk(&manifests, is_about_deny);
    assert_eq!(Cluster::read(&small).objects.len(), 2, "{small}");
}
