//! The real istiod, which answers request by request, and what its webhook and istioctl's analyzers say of golden trees.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    bench::Bench,
    case::Case,
    envoy::bootstrap::Generated,
    trees::{self, Golden},
};

/// The release that is compiled in.
pub const VERSION: &str = "1.21.2";

/// A release of istiod that runs in process.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    program: &'static str,
    pub version: &'static str,
    /// As the engine is told it: (minor, patch) of 1.x.
    pub number: (u32, u32),
}

/// The release that every tier asks.
pub const OWN: Release = Release { program: "istiod", version: VERSION, number: (21, 2) };
/// The newest that Go's module proxy serves with all that it needs; only `meshes` asks it, and only where it was built.
pub const NEWEST: Release = Release { program: "istiod-newest", version: "1.27.9", number: (27, 9) };

impl Release {
    /// Tells whether it was built.
    pub fn is_there(self, bench: &Bench) -> bool {
        bench.has(self.program)
    }
}

/// The real istiod, in a process that ends with its owner; `go/istio/istiod` says what it is asked and answers.
pub struct Istiod {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    log: Utf8PathBuf,
}

/// What istiod said of one request.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    error: String,
    said: Vec<String>,
    #[serde(flatten)]
    generated: Generated,
}

impl Istiod {
    /// Starts it with the environment that a chart gives it; its certificates go to `certificates` in a folder.
    pub fn start(
        bench: &Bench,
        release: Release,
        folder: &Utf8Path,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let log = folder.join("istiod.log");
        let errors = std::fs::File::create(&log).expect("a log can be made");
        let mut command = bench.command(release.program);
        command.envs(environment).arg("-certs").arg(folder.join("certificates"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let (requests, out) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let (lines, answers) = channel();
        // It ends with the program, whose end closes the pipe.
        thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
        });
        Self { child, requests, answers, log }
    }

    /// Returns the refusals and warnings of the validating webhook.
    pub fn admit(&mut self, objects: &[Value]) -> Vec<String> {
        self.ask("admit", objects).said
    }

    /// Returns what istioctl's analyzers say of a cluster.
    pub fn analyze(&mut self, objects: &[Value]) -> Vec<String> {
        self.ask("analyze", objects).said
    }

    /// Returns what each proxy of a cluster would be sent.
    pub fn generate(&mut self, objects: &[Value]) -> Generated {
        self.ask("generate", objects).generated
    }

    /// Returns what each proxy of a cluster would be sent of the calls that it receives. Some identities get certificates,
    /// whoever runs there.
    pub fn generate_inbound(&mut self, objects: &[Value], identities: &[&str]) -> Generated {
        let request =
            json!({"do": "generate", "inbound": true, "objects": objects, "identities": identities});
        self.answer(&request).generated
    }

    fn ask(&mut self, what: &str, objects: &[Value]) -> Answer {
        self.answer(&json!({"do": what, "objects": objects}))
    }

    fn answer(&mut self, request: &Value) -> Answer {
        let is_heard = writeln!(self.requests, "{request}").is_ok();
        let answer = self.answers.recv_timeout(Duration::from_secs(120)).ok().filter(|_| is_heard);
        let answer = answer.unwrap_or_else(|| {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            panic!("istiod gives no answer; in its log: {log}")
        });
        let answer: Answer = serde_json::from_str(&answer).expect("istiod answers in JSON");
        assert_eq!(answer.error, "", "istiod failed to {}", request["do"]);
        answer
    }
}

impl Drop for Istiod {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts istiod with a tree's cluster.
fn of(bench: &Bench, tree: &Golden) -> (Istiod, Vec<Value>) {
    let folder = bench.scratch(&tree.stem);
    let Case { environment, objects } = Case::of(bench, tree, &folder);
    (Istiod::start(bench, OWN, &folder, &environment), objects)
}

fn is_istios(object: &Value) -> bool {
    let group = object["apiVersion"].as_str().and_then(|api| api.split('/').next());
    group.is_some_and(|group| group.ends_with("istio.io"))
}

#[test]
fn the_webhook_takes_every_object_and_refuses_mistakes() {
    let Some(bench) = Bench::of("istiod") else { return };
    let (mut taken, mut refused) = (0, 0);
    for tree in trees::golden(bench.extent) {
        let (mut istiod, objects) = of(&bench, &tree);
        let objects: Vec<Value> = objects.iter().filter(|object| is_istios(object)).cloned().collect();
        assert_eq!(istiod.admit(&objects), [""; 0], "{}", tree.stem);
        taken += objects.len();
        for (kind, change, expected) in MISTAKES {
            let Some(mut object) = tree.of_kind(kind).next().cloned() else { continue };
            change(&mut object);
            let said = istiod.admit(&[object]);
            let [one] = said.as_slice() else { panic!("{} {kind}: {said:?}", tree.stem) };
            assert!(one.starts_with("refused: ") && one.contains(expected), "{} {kind}: {one}", tree.stem);
            refused += 1;
        }
    }
    bench.compared(
        format!("istiod {VERSION}, its webhook"),
        format!("{taken} objects taken without a warning, {refused} mistakes refused"),
    );
}

/// A kind, what is done to an object of it, and what the webhook says to that.
type Mistake = (&'static str, fn(&mut Value), &'static str);

const MISTAKES: [Mistake; 7] = [
    ("PeerAuthentication", |object| object["spec"]["mtls"]["mode"] = "STRICKT".into(), "STRICKT"),
    ("PeerAuthentication", |object| object["spec"]["portLevelMtls"] = json!({"80": {}}), "port level mTLS"),
    ("AuthorizationPolicy", |object| object["spec"] = json!({"action": "DENY"}), "rules"),
    ("AuthorizationPolicy", |object| object["specs"] = json!({}), "unknown field \"specs\""),
    ("Gateway", |object| object["spec"]["servers"][0]["hosts"] = json!([]), "host"),
    ("Sidecar", |object| object["spec"]["egress"] = json!([{"hosts": ["here"]}]), "namespace/dnsName"),
    ("ServiceEntry", |object| object["spec"]["hosts"] = json!([]), "host"),
];

#[test]
fn the_analyzers_find_nothing_in_a_golden_tree_and_something_in_a_broken_one() {
    let Some(bench) = Bench::of("istiod") else { return };
    let mut count = 0;
    for tree in trees::golden(bench.extent) {
        let (mut istiod, objects) = of(&bench, &tree);
        assert_eq!(istiod.analyze(&objects), [""; 0], "{}", tree.stem);
        count += objects.len();
        for (kind, change, expected) in BREAKS {
            let mut broken = objects.clone();
            let is_hit = |object: &&mut Value| object["kind"] == kind;
            broken.iter_mut().filter(is_hit).for_each(change);
            let said = istiod.analyze(&broken);
            assert!(said.iter().any(|message| message.contains(expected)), "{} {kind}: {said:?}", tree.stem);
        }
    }
    let breaks = BREAKS.map(|(kind, _, code)| format!("{code} for a broken {kind}"));
    bench.compared(
        format!("istioctl {VERSION}, its analyzers"),
        format!("nothing said of {count} objects; {}", breaks.join(", ")),
    );
}

const BREAKS: [Mistake; 5] = [
    ("Secret", |object| object["metadata"]["name"] = "another".into(), "IST0101"),
    ("Secret", |object| object["data"]["tls.crt"] = "".into(), "IST0161"),
    ("Gateway", |object| object["spec"]["selector"] = json!({"istio": "another"}), "IST0101"),
    (
        "AuthorizationPolicy",
        |object| object["spec"]["selector"] = json!({"matchLabels": {"app": "x"}}),
        "IST0127",
    ),
    ("MutatingWebhookConfiguration", |object| object["webhooks"] = json!([]), "IST0147"),
];
