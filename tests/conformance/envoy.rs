//! What istiod makes of a golden tree, in a real Envoy: what the profile declares passes, and nothing else.

pub mod batch;
pub mod bootstrap;
pub mod probe;
mod questions;
mod seen;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use self::{
    batch::Batch,
    bootstrap::{ADMIN, Generated},
    questions::{Question, Questions},
};
use crate::{
    background::{Background, until},
    bench::{self, Bench},
    case::{self, Case},
    istiod,
    trees::{self, Golden, text},
};

/// What one tree's questions came to.
#[derive(Default)]
struct Report {
    counts: BTreeMap<&'static str, usize>,
    /// How many log lines had to name a peer.
    named: usize,
    /// The kind of each question that was answered otherwise, and what happened.
    wrong: Vec<(&'static str, String)>,
}

#[test]
fn declared_flows_pass_and_nothing_else_does() {
    let Some(bench) = Bench::of("envoy") else { return };
    let mut total = Report::default();
    for tree in trees::golden(bench.extent) {
        let report = ask(&bench, &tree, &|_| {});
        for (kind, count) in report.counts {
            *total.counts.entry(kind).or_default() += count;
        }
        total.named += report.named;
        total.wrong.extend(report.wrong);
    }
    for (kind, what) in total.wrong.iter().take(40) {
        eprintln!("envoy: WRONG: {kind}: {what}");
    }
    let counts: Vec<String> = total.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    bench.compared(
        judges(&bench),
        format!("{}; {} peers named in logs; {} wrong", counts.join("; "), total.named, total.wrong.len()),
    );
    assert_eq!(total.wrong.len(), 0, "of these questions were answered otherwise");
}

/// The questions are worth asking: a tree that holds less than its profile says answers some of them otherwise.
#[test]
fn of_a_weakened_tree_they_say_so() {
    let Some(bench) = Bench::of("envoy") else { return };
    let trees = trees::golden(bench.extent);
    let full = trees.iter().find(|tree| tree.stem == "full").expect("the full tree ships");
    let report =
        ask(&bench, full, &|object| match (object["kind"].as_str(), object["metadata"]["name"].as_str()) {
            (Some("PeerAuthentication"), Some("default")) => {
                object["spec"]["mtls"]["mode"] = "PERMISSIVE".into();
            }
            (Some("AuthorizationPolicy"), Some("workload-cart")) => object["spec"]["rules"] = json!([{}]),
            (Some("AuthorizationPolicy"), Some("workload-db")) => object["spec"]["rules"] = json!([]),
            (Some("Sidecar"), _) => object["spec"]["outboundTrafficPolicy"]["mode"] = "ALLOW_ANY".into(),
            (Some("Gateway"), _) => {
                object["spec"]["servers"][1]["tls"]["cipherSuites"] = json!(["ECDHE-ECDSA-AES128-SHA"]);
            }
            _ => {}
        });
    let caught: BTreeSet<&str> = report.wrong.iter().map(|(kind, _)| *kind).collect();
    let expected = ["TLS floor", "black hole", "declared", "plaintext", "undeclared"];
    assert_eq!(caught, expected.into());
    bench.compared(
        format!("{}, a weakened tree", judges(&bench)),
        format!("{} wrong answers, as expected", report.wrong.len()),
    );
}

/// Asks everything of one tree, whose objects are changed first.
fn ask(bench: &Bench, tree: &Golden, change: &dyn Fn(&mut Value)) -> Report {
    let folder = bench.scratch(&tree.stem);
    let mut case = Case::of(bench, tree, &folder);
    case.objects.iter_mut().for_each(change);
    let case = case.with_others(&tree.profile);
    let mut batch = Batch::start(bench, istiod::OWN, &folder, &case.environment);
    batch.add(&case.objects);
    let served = batch.serve();
    let (questions, unasked) =
        Questions::new(&tree.profile, &served.cases[0], served.certificates.as_str()).all();
    for flow in unasked {
        eprintln!("envoy: {}: NOT ASKED: {flow}", tree.stem);
    }
    let probes: Vec<_> = questions.iter().map(|question| &question.probe).collect();
    let answers = served.send(&probes);
    let mut report = Report::default();
    for (question, answer) in questions.iter().zip(&answers) {
        *report.counts.entry(question.kind).or_default() += 1;
        if !answer.is(question.expect, &question.probe) {
            let (what, expect) = (&question.what, question.expect);
            report
                .wrong
                .push((question.kind, format!("{}: {what}: expected {expect:?}, got {answer:?}", tree.stem)));
        }
    }
    for line in seen::lines(&questions, &answers) {
        eprintln!("envoy: {}: {line}", tree.stem);
    }
    report.named = logged(tree, &served.envoy, &questions, &mut report.wrong);
    report
}

/// Returns the names and versions of who judges.
pub fn judges(bench: &Bench) -> String {
    judges_of(bench, istiod::OWN)
}

/// Returns the same with an istiod of some release.
pub fn judges_of(bench: &Bench, release: istiod::Release) -> String {
    let version = bench::run(envoy(bench).arg("--version"), "", Duration::from_secs(20)).out;
    let version = version.split('/').find(|part| part.split('.').count() == 3).unwrap_or("?").to_owned();
    format!("istiod {}, envoy {version}", release.version)
}

fn envoy(bench: &Bench) -> std::process::Command {
    std::process::Command::new(bench.at("venv/bin/envoy"))
}

/// Starts one Envoy with every proxy of some cases, whose output is nothing but access logs, and waits until it serves.
///
/// The certificates are those that istiod left in the folder.
fn start(bench: &Bench, cases: &mut [Generated], folder: &Utf8Path) -> Background {
    let path = folder.join("envoy.json");
    let configuration = bootstrap::bootstrap(cases, folder.join("certificates").as_str());
    fs::write(&path, configuration.to_string()).expect("our own folder can be written");
    let mut command = envoy(bench);
    command.arg("--config-path").arg(path).args(["--concurrency", "1", "--use-dynamic-base-id"]);
    command
        .args(["--log-level", "warning", "--file-flush-interval-msec", "50", "--log-path"])
        .arg(folder.join("said.log"));
    let mut envoy = Background::start("envoy", &mut command, folder);
    until("envoy", Duration::from_secs(60), || {
        envoy.assert_running();
        ready().map_err(|error| format!("{error}: {}", said(folder)))
    });
    envoy
}

fn said(folder: &Utf8Path) -> String {
    let path: Utf8PathBuf = folder.join("said.log");
    let log = fs::read_to_string(path).unwrap_or_default();
    log.lines().filter(|line| line.contains("[error]") || line.contains("[critical]")).take(5).collect()
}

fn ready() -> Result<(), String> {
    let mut stream = TcpStream::connect(ADMIN).map_err(|error| error.to_string())?;
    let limit = Some(Duration::from_secs(5));
    stream.set_read_timeout(limit).map_err(|error| error.to_string())?;
    stream
        .write_all(b"GET /ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")
        .map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    if answer.contains("LIVE") { Ok(()) } else { Err(answer) }
}

/// Checks that each log line is JSON with the keys of our format, and returns how many had to name a peer.
fn logged(
    tree: &Golden,
    envoy: &Background,
    questions: &[Question],
    wrong: &mut Vec<(&'static str, String)>,
) -> usize {
    let istiod = case::control_plane(tree);
    let format: Value =
        serde_json::from_str(text(istiod, "/spec/values/meshConfig/accessLogFormat")).expect("a JSON format");
    let keys: BTreeSet<&String> = format.as_object().expect("a JSON object").keys().collect();
    // The number of a question is its user agent; bytes have none, and are found by the peer alone.
    let expected = questions.iter().enumerate().filter_map(|(number, question)| {
        let agent = if question.probe.send.contains("HTTP/1.1") {
            format!("question-{number}")
        } else {
            String::new()
        };
        Some((agent, question.logged.clone()?))
    });
    let mut missing: BTreeSet<(String, String)> = expected.collect();
    let named = missing.len();
    let (mut lines, mut is_shown) = (0, false);
    // Lines come a little after the answers.
    for _ in 0..50 {
        let log = envoy.log();
        let (complete, _) = log.rsplit_once('\n').unwrap_or_default();
        for line in complete.lines().skip(lines) {
            let line: Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}: {line}", tree.stem));
            let found: BTreeSet<&String> = line.as_object().expect("a JSON object").keys().collect();
            assert_eq!(found, keys, "{}: {line}", tree.stem);
            let word = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            let is_expected = missing.remove(&(word("user_agent"), word("source_principal")));
            if is_expected && !is_shown {
                eprintln!("envoy: {}: log line: {line}", tree.stem);
                is_shown = true;
            }
            lines += 1;
        }
        if missing.is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    for (agent, principal) in missing {
        wrong.push(("log", format!("{}: log: no line names {principal} for `{agent}`", tree.stem)));
    }
    named
}
