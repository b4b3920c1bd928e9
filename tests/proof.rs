//! A tree is what its profile declares, and one that somebody tampered with is not.

mod support;

use camino::Utf8Path;
use meshwright::{profile::Profile, proof, render};

fn shipped(stem: &str) -> Profile {
    support::load(stem).0.expect("it loads")
}

fn full() -> (Profile, Vec<(String, String)>) {
    let profile = shipped("full");
    let rendered = render::render(&profile).expect("it renders");
    let files = rendered.tree.iter().map(|(path, text)| (path.to_string(), text.to_owned())).collect();
    (profile, files)
}

/// What is said of the full tree with one text of one file replaced by another.
fn said(file: &str, old: &str, new: &str) -> Vec<String> {
    let (profile, mut files) = full();
    let (_, text) = files.iter_mut().find(|(path, _)| path.ends_with(file)).expect("the file is there");
    assert!(text.contains(old), "{file} has no `{old}`");
    *text = text.replace(old, new);
    let files = files.iter().map(|(path, text)| (Utf8Path::new(path), text.as_str()));
    let proof = proof::prove(&profile, files);
    proof.faults.into_iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect()
}

#[test]
fn the_tree_of_every_shipped_profile_is_what_it_declares() {
    for name in support::shipped() {
        let profile = shipped(&name);
        let rendered = render::render(&profile).expect("it renders");
        let proof = proof::prove(&profile, rendered.tree.iter());
        let faults: Vec<&String> = proof.faults.iter().map(|fault| &fault.message).collect();
        assert_eq!(faults, Vec::<&String>::new(), "{name}");
        let expected = if name == "audit" { 0 } else { profile.flows.len() };
        assert_eq!(proof.flows, expected, "{name}");
    }
}

#[test]
fn whatever_else_a_tree_lets_through_is_found() {
    let policies = "namespaces/shop/authorization-policies.yaml";
    let packets = "namespaces/shop/network-policies/workloads.yaml";
    let found = |file: &str, old: &str, new: &str, expected: &str| {
        let said = said(file, old, new);
        assert!(said.iter().any(|fault| fault.contains(expected)), "{file}: {old} -> {new}: {said:#?}");
    };
    let more = "flow-undeclared: the tree lets shop/web call shop/cart:8080";
    found(policies, "paths: [/cart/*]", "paths: [/cart/*, /admin]", more);
    found(policies, "paths: [/cart/*]", "notPaths: [/other]", more);
    found(policies, "methods: [GET, POST]\n            paths: [/cart/*]", "paths: [/cart/*]", more);
    found(
        policies,
        "paths: [/cart/*]",
        "paths: [/cart]",
        "flow-blocked: by the profile shop/web may call shop/cart:8080",
    );
    found(
        policies,
        "prod.example.com/ns/shop/sa/backup",
        "prod.example.com/ns/shop/sa/none",
        "flow-blocked: by the profile shop/backup may call shop/db:5432",
    );
    let both = "policyTypes:\n    - Ingress\n    - Egress";
    found(
        "namespaces/shop/network-policies/namespace.yaml",
        both,
        "policyTypes: [Egress]",
        "flow-blocked: by the profile monitoring/",
    );
    found(packets, "port: 5432", "port: 5433", "flow-blocked: by the profile");
    found(
        packets,
        "cidr: 192.0.2.10/32",
        "cidr: 192.0.2.0/24",
        "flow-undeclared: the tree lets shop/backup call 192.0.2.0/24:873",
    );
}

#[test]
fn a_namespace_without_its_policies_is_found() {
    let (profile, files) = full();
    let kept = files.iter().filter(|(path, _)| !path.contains("namespaces/shop/network-policies"));
    let proof = proof::prove(&profile, kept.map(|(path, text)| (Utf8Path::new(path), text.as_str())));
    let said: Vec<&str> = proof.faults.iter().map(|fault| fault.message.as_str()).collect();
    let expected = ["call shop/db:*/udp", "call any un-meshed pod:", "call 0.0.0.0/0:*/udp"];
    for part in expected {
        assert!(said.iter().any(|fault| fault.contains(part)), "{part}: {said:#?}");
    }
}
