//! A random case of `tests/naive/`, as the harness can put it: on loopback, over TCP, without what Envoy does not decide.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use serde_json::{Value, json};

use super::{Mesh, Transport, Witness, token};
use crate::{
    asked,
    istiod::Release,
    naive::{
        self, Chain, Client, Cluster, Destination, Layer, Protocol, Question, Request, Source,
        answer::identity,
        injection,
        pattern::Truth,
        random::{self, Case, Dice, Edges},
    },
};

/// Kinds that no proxy reads, or of which the engine says only that it cannot tell.
const LEFT_OUT: [&str; 4] = ["NetworkPolicy", "CiliumNetworkPolicy", "EnvoyFilter", "WasmPlugin"];

/// Methods of the many that Envoy's parser of HTTP/1.1 knows: `isMethodValid` of `balsa_parser.cc`. Of HTTP/2, which no probe
/// speaks, it takes any.
pub const METHODS: [&str; 8] = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"];

/// How many questions are drawn, at most, for each that is put.
const DRAWS: usize = 10;

/// Why a question is not put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// Its destination is no pod.
    Outside,
    /// The harness has the proxy's own ports for itself.
    ProxyPort,
    /// Envoy's parser of HTTP/1.1 does not take it for a request, and so it is bytes to a port that looks at them.
    Unparsed,
    /// A certificate of the mesh, from whom nobody gives one.
    Uncertified,
    /// It is one of many that nothing stands in the way of.
    Open,
}

/// Makes the case of a seed: a mesh, and so many questions that can be put to Envoy; with those that could not, by why.
pub fn case(release: Release, seed: u64, questions: usize) -> (Case, Vec<Skipped>) {
    let mut case = Case::new(seed, 0);
    let objects = case.cluster.values().into_iter().filter(is_judged).map(on_loopback).map(with_keys);
    let mut objects: Vec<Value> = objects.collect();
    // Where a mesh has none, the harness takes that of a golden tree.
    if case.cluster.mesh.is_none() {
        objects.push(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
            "data": {"mesh": "{}"},
        }));
    }
    case.manifests = random::text(&objects);
    case.cluster = Cluster::of_values(objects);
    case.cluster.release = release.number;
    let edges = Edges::of(&case.cluster);
    let mut skipped = Vec::new();
    // A mesh in which nothing stands in the way of anybody gets fewer.
    for _ in 0..DRAWS * questions {
        let drawn = random::question(&mut case.dice, &edges);
        match settled(drawn, &case.cluster, &mut case.dice) {
            Ok(question) => case.questions.push(question),
            Err(why) => skipped.push(why),
        }
        if case.questions.len() == questions {
            break;
        }
    }
    (case, skipped)
}

/// What random meshes seldom hold: a policy about the audience of tokens, which may be one or several (semantics AP35).
pub fn audiences(release: Release) -> Case {
    let mut case = Case::new(0, 0);
    let object = |version: &str, kind: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "it", "namespace": "shop"}, "spec": spec});
    let condition = json!({"key": "request.auth.audiences", "values": ["shop"]});
    let objects = [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"}, "data": {"mesh": "{}"}}),
        object("v1", "Pod", json!({"containers": [{"name": "c", "image": "i"}]})),
        object("security.istio.io/v1", "RequestAuthentication", json!({"jwtRules": [{"issuer": "id"}]})),
        object("security.istio.io/v1", "AuthorizationPolicy", json!({"rules": [{"when": [condition]}]})),
    ];
    let objects: Vec<Value> = objects.into_iter().map(with_keys).collect();
    case.manifests = random::text(&objects);
    case.cluster = Cluster::of_values(objects);
    case.cluster.release = release.number;
    let question = Question::new("127.0.0.2", "shop/it", 80).get("/");
    let audiences = ["\"shop\"", "\"pay\"", "[\"shop\"]", "[\"pay\", \"shop\"]"];
    let tokens = audiences.map(|aud| format!("{{\"iss\": \"id\", \"sub\": \"ann\", \"aud\": {aud}}}"));
    case.questions =
        tokens.iter().map(|token| question.clone().token(token)).chain([question.clone()]).collect();
    case
}

/// Returns what the harness is told of a case, with probes for some of its questions.
pub fn mesh<'a>(case: &Case, asked: impl Iterator<Item = &'a Question>, dice: &mut Dice) -> Mesh {
    let probes = asked.map(|question| witness(&case.cluster, question, dice)).collect();
    Mesh { objects: objects(case), probes }
}

/// Returns the objects of a case, as the harness runs them.
pub fn objects(case: &Case) -> Vec<Value> {
    case.cluster.values().into_iter().map(running).collect()
}

/// Whether an object bears on what a proxy answers, and can be told of it.
fn is_judged(object: &Value) -> bool {
    let is_left_out = object["kind"].as_str().is_some_and(|kind| LEFT_OUT.contains(&kind));
    !is_left_out && object["spec"]["action"] != "CUSTOM"
}

/// Gives every issuer the key that signs our tokens; otherwise istiod looks for one.
fn with_keys(mut object: Value) -> Value {
    let rules = object.pointer_mut("/spec/jwtRules").and_then(Value::as_array_mut);
    for rule in rules.into_iter().flatten() {
        rule["jwks"] = token::jwks().into();
    }
    object
}

/// A CronJob's pods are those of the Job that it starts.
fn running(mut object: Value) -> Value {
    if object["kind"] == "CronJob" {
        object["kind"] = "Job".into();
        object["spec"] = object["spec"]["jobTemplate"]["spec"].take();
    }
    object
}

/// Moves every address of an object to loopback, where a probe can call from.
fn on_loopback(object: Value) -> Value {
    match object {
        Value::Array(items) => items.into_iter().map(on_loopback).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(key, value)| (key, on_loopback(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::String(text) => moved(&text).unwrap_or(text).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => object,
    }
}

/// Eight bits to the right, so that 127 comes first: what holds an address goes on to hold it, down to /24. Only "any
/// address" stays as it is.
fn moved(text: &str) -> Option<String> {
    match (text.parse(), text.parse()) {
        (Ok(IpAddr::V4(address)), _) => Some(shifted(address).to_string()),
        (_, Ok(IpNet::V4(net))) if net.prefix_len() > 0 => {
            let prefix = net.prefix_len().saturating_add(8).min(32);
            Some(Ipv4Net::new(shifted(net.addr()), prefix).expect("at most 32").to_string())
        }
        _ => None,
    }
}

fn shifted(address: Ipv4Addr) -> Ipv4Addr {
    let [a, b, c, _] = address.octets();
    Ipv4Addr::new(127, a, b, c)
}

/// An address that a probe can bind: on loopback, and neither its first nor its last.
fn bindable(address: IpAddr) -> IpAddr {
    let address = match address {
        IpAddr::V4(address) if address.is_loopback() => address,
        IpAddr::V4(address) => shifted(address),
        IpAddr::V6(_) => Ipv4Addr::new(127, 6, 6, 6),
    };
    address.clamp(Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 255, 255, 254)).into()
}

/// A question that both sides can be asked, or why it cannot.
fn settled(mut question: Question, cluster: &Cluster, dice: &mut Dice) -> Result<Question, Skipped> {
    if !matches!(question.destination, Destination::Pod(_)) {
        return Err(Skipped::Outside);
    }
    if (15000..=15090).contains(&question.port) {
        return Err(Skipped::ProxyPort);
    }
    if question.client.is_mesh() && !is_certified(cluster, &question.source) {
        return Err(Skipped::Uncertified);
    }
    asked::settle(&mut question);
    question.source_ip = bindable(question.source_ip);
    question.protocol = Protocol::Tcp;
    // In the clear the bytes are what they are.
    question.client = match (question.client, &question.request) {
        (Client::PlaintextBytes, Some(_)) => Client::PlaintextHttp,
        (Client::PlaintextHttp, None) => Client::PlaintextBytes,
        (client, _) => client,
    };
    if let Some(request) = &mut question.request {
        if question.client == Client::PlaintextHttp && !is_target(&request.path) {
            return Err(Skipped::Unparsed);
        }
        settle_request(request, dice);
    }
    if is_surplus(cluster, &question, dice) { Err(Skipped::Open) } else { Ok(question) }
}

fn settle_request(request: &mut Request, dice: &mut Dice) {
    if !METHODS.contains(&request.method.as_str()) {
        dice.one(&METHODS).clone_into(&mut request.method);
    }
    // The application, if it is spoken to in HTTP/2, takes no request without an authority.
    if request.host.is_empty() {
        dice.one(&["a.b", "b"]).clone_into(&mut request.host);
    }
    for (_, value) in &mut request.headers {
        *value = moved(value).unwrap_or_else(|| value.clone());
    }
}

/// Whether a question is one of many with the same answer: as far as the judge sees, nothing stands in the way.
fn is_surplus(cluster: &Cluster, question: &Question, dice: &mut Dice) -> bool {
    let answer = naive::answer(cluster, question);
    answer.layer == Layer::Open && !dice.percent(if answer.chain == Chain::App { 5 } else { 50 })
}

fn is_certified(cluster: &Cluster, source: &Source) -> bool {
    match source {
        Source::Pod(called) => injection::has_certificate(cluster, &cluster.pod(called)) == Truth::Yes,
        Source::Representative(stranger) => stranger.meshed,
        Source::Node | Source::Outside => false,
    }
}

/// Whether Envoy's parser takes a text for the target of a request: `isUrlValid` of `balsa_parser.cc`, less whole URLs.
fn is_target(path: &str) -> bool {
    path.starts_with(['/', '*'])
}

fn witness(cluster: &Cluster, question: &Question, dice: &mut Dice) -> Witness {
    let Destination::Pod(to) = &question.destination else { unreachable!("it was settled") };
    let (is_mesh, alpn) = match question.client {
        Client::MeshHttp => (true, dice.one(&["istio-http/1.1", "istio-http/1.0"])),
        Client::MeshTcp => (true, dice.one(&["istio", "istio-peer-exchange"])),
        Client::MeshOtherAlpn => (true, dice.one(&["", "x", "http/1.1"])),
        Client::Tls => (false, dice.one(&["", "x", "http/1.1"])),
        Client::TlsForgedAlpn => (false, dice.one(&["istio", "istio-http/1.1"])),
        Client::PlaintextHttp | Client::PlaintextBytes => (false, ""),
    };
    let is_plain = matches!(question.client, Client::PlaintextHttp | Client::PlaintextBytes);
    let of = |part: fn(&Request) -> String| question.request.as_ref().map(part);
    Witness {
        identity: is_mesh.then(|| identity(cluster, &question.source)).flatten(),
        address: Some(question.source_ip.to_string()),
        to: to.clone(),
        port: question.port,
        transport: if is_plain { Transport::Plaintext } else { Transport::Mtls },
        alpn: Some(alpn.to_owned()),
        server_name: Some(question.sni.clone()),
        method: of(|request| request.method.clone()),
        path: of(|request| request.path.clone()),
        host: of(|request| request.host.clone()),
        headers: question.request.iter().flat_map(headers).collect(),
        ..Witness::default()
    }
}

fn headers(request: &Request) -> Vec<(String, String)> {
    let token = request
        .claims
        .as_ref()
        .map(|claims| ("authorization".to_owned(), format!("Bearer {}", token::signed(claims))));
    request.headers.iter().cloned().chain(token).collect()
}
