//! The structure of generated objects, sound ones and ones with a mistake, judged by the API server that serves their kinds.
//!
//! Each object is created by strict dry run. What the API server refuses for its structure, we find, and nothing else;
//! what only code or CEL refuses is beyond the facts, and counted.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::TcpStream,
};

use meshwright::{
    api,
    release::{Minor, Product},
    source::Sources,
    yaml,
};
use serde_json::Value;

use super::{asked, minor};
use crate::{
    bench::Bench,
    cluster::Cluster,
    support::structure::{Dice, Here, WAYS},
};

/// Objects of each version of each kind.
const SEEDS: u64 = 12;

/// What API server and facts agree about.
#[derive(Default)]
pub struct Agreement {
    taken: usize,
    refused: BTreeMap<&'static str, usize>,
    by_code: usize,
    kinds: BTreeSet<String>,
    differences: Vec<String>,
}

/// Where an object of a kind is made, and which release judges it.
struct Place<'a> {
    port: u16,
    path: &'a str,
    product: Product,
    minor: Minor,
}

/// What an API server says of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Verdict {
    Taken,
    /// Refused for its structure, with the reason.
    Structure(String),
    /// Refused by what looks at sound objects: a validation in code or CEL, or admission.
    Code(String),
    /// Refused before all of it was read.
    Unread,
}

#[test]
fn the_api_server_refuses_for_structure_what_we_refuse() {
    let Some(bench) = Bench::of("apiserver") else { return };
    for (name, program, arguments) in asked(&bench) {
        let mut cluster = Cluster::start_with(&bench, &format!("structure-{name}"), program, arguments);
        cluster.apply_crds();
        let version = cluster.version();
        let kubernetes = minor(&version).expect("a version");
        let mut agreement = Agreement::default();
        agreement.ask(
            &mut cluster,
            &[
                (Product::Istio, "1.21".parse().expect("a minor")),
                (Product::Flux, "2.9".parse().expect("a minor")),
                (Product::Kubernetes, kubernetes),
            ],
        );
        bench.compared(format!("kube-apiserver {version}, structure"), agreement.said());
        agreement.assert();
    }
}

impl Agreement {
    /// Has an API server judge objects of all the kinds of some products.
    pub fn ask(&mut self, cluster: &mut Cluster, products: &[(Product, Minor)]) {
        let port = cluster.without_tls();
        let mut known = BTreeMap::new();
        for &(product, minor) in products {
            let here = Here::new(product, &minor.to_string());
            for served in here.served() {
                let resources = known.entry(served.0.clone()).or_insert_with(|| resources(port, &served.0));
                let Some(path) = resources.get(served.1) else {
                    self.unserved(product, &served.0, served.1);
                    continue;
                };
                self.kinds.insert(format!("{} {}", served.0, served.1));
                let at = Place { port, path, product, minor };
                for seed in 0..SEEDS {
                    let mut dice = Dice::new(seed);
                    let object = here.object(&served, &mut dice);
                    self.compare(&at, &object, "sound");
                    for way in 0..WAYS {
                        let mut object = object.clone();
                        if let Some(mistake) = here.spoil(&mut object, served.2, way, &mut dice) {
                            self.compare(&at, &object, mistake);
                        }
                    }
                }
            }
        }
    }

    /// An API server serves what the facts say that it serves; of its own, versions of an alpha or a beta are off at first.
    fn unserved(&mut self, product: Product, api_version: &str, kind: &str) {
        let is_early = api_version.contains("alpha") || api_version.contains("beta");
        if product != Product::Kubernetes || !is_early {
            self.differences.push(format!("{api_version} {kind} is not served"));
        }
    }

    fn compare(&mut self, at: &Place<'_>, object: &Value, made: &'static str) {
        let &Place { port, path, product, minor } = at;
        let ours = faults(object, minor);
        let theirs = verdict(port, path, object, product == Product::Kubernetes);
        match &theirs {
            Verdict::Structure(_) if !ours.is_empty() => *self.refused.entry(made).or_default() += 1,
            Verdict::Taken if ours.is_empty() => self.taken += 1,
            Verdict::Code(_) if ours.is_empty() => self.by_code += 1,
            Verdict::Unread => {}
            Verdict::Taken | Verdict::Structure(_) | Verdict::Code(_) => {
                self.differences.push(format!("{made}: we say {ours:?}, it says {theirs:?}: {object}"));
            }
        }
    }

    pub fn said(&self) -> String {
        let refused: usize = self.refused.values().sum();
        let Self { taken, by_code, kinds, .. } = self;
        format!(
            "of {} kinds {taken} sound objects taken and {refused} mistakes refused as we say; {by_code} refused by code or CEL alone",
            kinds.len()
        )
    }

    pub fn assert(&self) {
        for difference in &self.differences {
            eprintln!("structure: {difference}");
        }
        let refused: usize = self.refused.values().sum();
        assert_eq!(self.differences.len(), 0, "differences");
        assert!(
            self.taken + refused >= 300 && self.refused.len() == WAYS,
            "{}: {:?}",
            self.said(),
            self.refused
        );
    }
}

/// What a release finds wrong with an object.
fn faults(object: &Value, minor: Minor) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("made.yaml", object.to_string());
    let (nodes, unread) = yaml::parse(&sources, file);
    assert_eq!(unread, [], "{object}");
    let found = api::faults(&nodes[0]);
    let here = found.iter().filter(|fault| fault.holds_in(Some(minor)));
    here.map(|fault| format!("{}: {}", fault.diagnostic.code, fault.diagnostic.message)).collect()
}

/// Returns where objects of each kind of a group's version are made.
fn resources(port: u16, api_version: &str) -> BTreeMap<String, String> {
    let root = if api_version.contains('/') {
        format!("/apis/{api_version}")
    } else {
        format!("/api/{api_version}")
    };
    let (_, listed) = request(port, "GET", &root, "");
    let own = listed["resources"].as_array().into_iter().flatten();
    let own = own.filter_map(|resource| {
        Some((resource, resource["name"].as_str().filter(|name| !name.contains('/'))?))
    });
    own.map(|(resource, name)| {
        let within = if resource["namespaced"] == true { "/namespaces/default" } else { "" };
        let kind = resource["kind"].as_str().expect("a resource has a kind").to_owned();
        (kind, format!("{root}{within}/{name}?dryRun=All&fieldValidation=Strict"))
    })
    .collect()
}

/// A kind that is built in has no schema behind what reads it: whatever else is wrong with it, code says.
fn verdict(port: u16, path: &str, object: &Value, is_built_in: bool) -> Verdict {
    let (code, said) = request(port, "POST", path, &object.to_string());
    let message = said["message"].as_str().unwrap_or_default().to_owned();
    let causes = said["details"]["causes"].as_array().cloned().unwrap_or_default();
    match code {
        201 => Verdict::Taken,
        // To the facts, a time is a text; Go reads no further.
        400 if message.contains("parsing time") => Verdict::Unread,
        400 => Verdict::Structure(message),
        422 if !is_built_in && causes.iter().any(is_of_structure) => Verdict::Structure(message),
        403 | 422 => Verdict::Code(message),
        code => panic!("{code}: {said}: {object}"),
    }
}

/// Tells the causes that a schema gives from those of code and of CEL, by how apiextensions words the former
/// (`pkg/apiserver/validation/validation.go`).
fn is_of_structure(cause: &Value) -> bool {
    let text = |key: &str| cause[key].as_str().unwrap_or_default();
    match text("reason") {
        "FieldValueTypeInvalid" | "FieldValueNotSupported" | "FieldValueTooLong" | "FieldValueTooMany" => {
            true
        }
        "FieldValueRequired" => text("message") == "Required value",
        _ => [" in body ", "must validate "].iter().any(|words| text("message").contains(words)),
    }
}

/// Asks over plain HTTP; returns the status and what is said.
fn request(port: u16, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    (code, serde_json::from_str(body).unwrap_or_else(|error| panic!("{path}: {error}: {answer}")))
}
