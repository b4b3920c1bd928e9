//! Generated clusters by the thousand: what becomes of each connection that is asked about, by the real istiod and Envoy.
//!
//! A test that generates them calls [`answers`]; any other program puts a [`Mesh`] on each line of the file that
//! `MESHWRIGHT_MESHES` names, and `tests/conformance/run meshes` writes a list of [`Outcome`]s a line beside it.

mod agreement;
mod outbound;
mod sample;
mod token;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    time::{Duration, Instant},
};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    bench::{Bench, Extent},
    case::{self, Case},
    envoy::{
        self,
        batch::{Batch, Served},
        bootstrap::Generated,
        probe::{self, APPLICATIONS_OWN, Answer, BYTES, Probe, Tls},
    },
    istiod, trees,
};

/// How many meshes an Envoy serves at once.
const AT_ONCE: usize = 50;

/// A cluster, and what is asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mesh {
    /// Kubernetes' own JSON: namespaces, workloads and pods, Services, Istio's kinds. What the chart of istiod brings is
    /// added first, as the smallest golden tree has it; a ConfigMap `istio` of the mesh's own stands in for that one's.
    pub objects: Vec<Value>,
    pub probes: Vec<Witness>,
}

/// One connection to a pod, past the caller's own sidecar, so that only the callee decides.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Witness {
    /// Who calls: `NAMESPACE/NAME` of a workload, whose address and certificate are used where the next two say no other.
    pub from: Option<String>,
    /// The certificate, `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`; nobody of that name has to run.
    pub identity: Option<String>,
    /// The address of the caller, a part of 127.0.0.0/8; 127.0.0.1 if nobody calls.
    pub address: Option<String>,
    /// `NAMESPACE/NAME` of a workload.
    pub to: String,
    /// The pod's own port. An application listens there, be it declared or not.
    pub port: u16,
    pub transport: Transport,
    /// What TLS says is spoken in it: `istio-http/1.1` for a request and `istio` for bytes, as a sidecar says, if nothing.
    ///
    /// An empty text is no ALPN at all.
    pub alpn: Option<String>,
    /// The name of the server that TLS asks for: `any` if nothing, none if empty.
    pub server_name: Option<String>,
    /// A request is sent where there is a method, else bytes that are no HTTP.
    pub method: Option<String>,
    /// As it goes over the wire; `/` if nothing.
    pub path: Option<String>,
    /// `any` if nothing.
    pub host: Option<String>,
    pub headers: BTreeMap<String, String>,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// TLS 1.3, with the certificate of the identity, or of who calls; with none where neither has one.
    #[default]
    Mtls,
    Plaintext,
}

/// What came of a connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// The application answered.
    Answered,
    /// The proxy answered by itself: 403 for a policy.
    Status { status: u16 },
    /// The connection ended, or was reset, before anything was answered.
    Closed,
    /// No TLS with this certificate, or none at all. In TLS 1.3 the client's handshake is over before its certificate is looked
    /// at: where the request is on its way by then, the reset may overtake the alert, and this is [`Self::Closed`].
    NoHandshake { why: String },
    /// Nobody listens.
    Refused,
    /// Nothing came in five seconds.
    TimedOut,
}

impl Outcome {
    fn of(answer: &Answer, sent: &str) -> Self {
        match (answer.outcome.as_str(), answer.status()) {
            // What an application makes of a request that no proxy looked into is its own affair.
            ("data", Some(_)) if APPLICATIONS_OWN.iter().any(|own| answer.data.contains(own)) => {
                Self::Answered
            }
            ("data", Some(status)) => Self::Status { status: status.parse().expect("a status is a number") },
            ("data", None) => {
                assert_eq!(answer.data, sent, "what the application does not take for HTTP is echoed");
                Self::Answered
            }
            ("closed", _) => Self::Closed,
            ("refused", _) => Self::Refused,
            ("timeout", _) => Self::TimedOut,
            // Nobody has terminated TLS: the application sent back the very handshake that it was sent.
            (why, _) if why.contains("clientHelloMsg") => Self::Answered,
            (why, _) => Self::NoHandshake { why: why.trim_start_matches("tls: ").to_owned() },
        }
    }
}

/// Returns what came of each probe of each mesh, in their order; the work of istiod and Envoy goes to a folder.
///
/// # Panics
///
/// If istiod or Envoy cannot make anything of a mesh, or a probe names a workload that its mesh has not.
pub fn answers(bench: &Bench, folder: &Utf8Path, meshes: &[Mesh]) -> Vec<Vec<Outcome>> {
    answers_of(bench, istiod::OWN, folder, meshes, &mut Took::default())
}

/// How long the parts of a run took.
#[derive(Default)]
struct Took {
    generating: Duration,
    loading: Duration,
    asking: Duration,
}

fn timed<T>(total: &mut Duration, of: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let made = of();
    *total += start.elapsed();
    made
}

fn answers_of(
    bench: &Bench,
    release: istiod::Release,
    folder: &Utf8Path,
    meshes: &[Mesh],
    took: &mut Took,
) -> Vec<Vec<Outcome>> {
    let trees = trees::golden(Extent::Core);
    let plain = trees.iter().find(|tree| tree.stem == "sre").expect("it ships");
    let Case { environment, objects } = Case::control_plane(bench, plain);
    let mut batch = Batch::start(bench, release, folder, &environment);
    let mut all = Vec::new();
    for meshes in meshes.chunks(AT_ONCE) {
        for mesh in meshes {
            timed(&mut took.generating, || add(&mut batch, &objects, mesh));
        }
        let served = timed(&mut took.loading, || batch.serve());
        let cases = served.cases.iter().zip(meshes);
        let probes: Vec<Probe> = cases
            .flat_map(|(case, mesh)| mesh.probes.iter().map(|witness| witness.probe(&served, case)))
            .collect();
        let answers = timed(&mut took.asking, || served.send(&probes.iter().collect::<Vec<_>>()));
        let mut outcomes =
            answers.iter().zip(&probes).map(|(answer, probe)| Outcome::of(answer, &probe.send));
        all.extend(meshes.iter().map(|mesh| outcomes.by_ref().take(mesh.probes.len()).collect::<Vec<_>>()));
    }
    all
}

fn add(batch: &mut Batch<'_>, control_plane: &[Value], mesh: &Mesh) {
    let identities: BTreeSet<&str> =
        mesh.probes.iter().filter_map(|witness| witness.identity.as_deref()).collect();
    let identities: Vec<&str> = identities.into_iter().collect();
    batch.add_callees(&[control_plane, &mesh.objects].concat(), &identities);
    for pod in &mut batch.last().pods {
        let id = pod.id();
        let asked = mesh.probes.iter().filter(|witness| witness.to == id);
        pod.ports.extend(asked.map(|witness| witness.port));
    }
}

impl Witness {
    fn probe(&self, served: &Served<'_>, case: &Generated) -> Probe {
        let pod = |id: &str| {
            case.pods
                .iter()
                .find(|pod| pod.id() == id)
                .unwrap_or_else(|| panic!("{self:?}: no workload {id}"))
        };
        let from = self.from.as_deref().map(pod);
        let address = self.address.as_deref().or(from.map(|pod| pod.ip.as_str())).unwrap_or("127.0.0.1");
        let issued =
            self.identity.as_ref().map(|identity| identity.replace("/ns/", "~").replace("/sa/", "~"));
        let certificate = issued.or(from.map(|pod| pod.certificate.clone())).unwrap_or_default();
        let mut probe = Probe::new(address, format!("{}:{}", pod(&self.to).ip, self.port), self.bytes());
        let folder = served.certificates.as_str();
        probe.tls = match self.transport {
            Transport::Plaintext => None,
            Transport::Mtls if certificate.is_empty() => Some(Tls::new(folder, "any")),
            Transport::Mtls => Some(Tls::of_mesh(folder, &certificate, self.method.is_some())),
        };
        if let (Some(tls), Some(alpn)) = (&mut probe.tls, &self.alpn) {
            tls.alpn = Some(alpn.clone()).filter(|alpn| !alpn.is_empty()).into_iter().collect();
        }
        if let (Some(tls), Some(name)) = (&mut probe.tls, &self.server_name) {
            tls.server_name.clone_from(name);
        }
        probe
    }

    fn bytes(&self) -> String {
        let Some(method) = &self.method else { return BYTES.to_owned() };
        let host = self.host.as_deref().unwrap_or("any");
        let headers = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
        probe::http(method, host, self.path.as_deref().unwrap_or("/"), &headers.collect::<String>())
    }
}

/// Puts the meshes of a file to the judges, if there is one.
#[test]
fn those_of_a_file() {
    let Some(bench) = Bench::of("meshes") else { return };
    let Ok(path) = std::env::var("MESHWRIGHT_MESHES") else { return };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let read = |(index, line)| {
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{path}:{}: {error}", index + 1))
    };
    let meshes: Vec<Mesh> = text.lines().enumerate().map(read).collect();
    let answers = answers(&bench, &bench.scratch("file"), &meshes);
    let lines =
        answers.iter().map(|of_mesh| serde_json::to_string(of_mesh).expect("outcomes are JSON") + "\n");
    let to = format!("{path}.answers");
    fs::write(&to, lines.collect::<String>()).unwrap_or_else(|error| panic!("{to}: {error}"));
    let count: usize = answers.iter().map(Vec::len).sum();
    bench.compared(envoy::judges(&bench), format!("{count} answers of {} meshes, in {to}", meshes.len()));
}

const CALLERS: [&str; 2] = ["web", "cart"];
const METHODS: [&str; 2] = ["GET", "POST"];

/// Returns a mesh in which one caller may do one thing with one path, and what must come of its probes.
fn numbered(number: usize) -> (Mesh, Vec<Outcome>) {
    let (caller, method, path) = (CALLERS[number % 2], METHODS[number / 2 % 2], format!("/case-{number}"));
    let mut objects = vec![case::injected("shop", None)];
    for name in CALLERS.into_iter().chain(["api"]) {
        objects.extend(case::workload("shop", name, &json!({"app": name}), "http", &[8080]));
    }
    objects.extend(case::workload("shop", "db", &json!({"app": "db"}), "tcp", &[5432]));
    objects.push(json!({
        "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": "istio-system"}, "spec": {"mtls": {"mode": "STRICT"}},
    }));
    let principal = format!("cluster.local/ns/shop/sa/{caller}");
    let allow = |name: &str, to: Value| {
        json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": name}}, "rules": [{
                "from": [{"source": {"principals": [principal]}}],
                "to": [{"operation": to}],
            }]},
        })
    };
    objects.push(allow("api", json!({"methods": [method], "paths": [path]})));
    objects.push(allow("db", json!({"ports": ["5432"]})));

    let forbidden = Outcome::Status { status: 403 };
    let of = |is_allowed: bool, closed: Outcome| if is_allowed { Outcome::Answered } else { closed };
    let (mut probes, mut expected) = (Vec::new(), Vec::new());
    let mut ask = |witness: Witness, outcome: Outcome| {
        probes.push(witness);
        expected.push(outcome);
    };
    for from in CALLERS {
        for (asked, next) in METHODS.into_iter().flat_map(|method| [0, 1].map(|next| (method, next))) {
            let witness = Witness {
                method: Some(asked.to_owned()),
                path: Some(format!("/case-{}", number + next)),
                ..Witness::new(from, "api", 8080)
            };
            ask(witness, of((from, asked, next) == (caller, method, 0), forbidden.clone()));
        }
        // The last is no port of the workload, and the policy opens none but the one.
        for port in [5432, 5433] {
            ask(Witness::new(from, "db", port), of((from, port) == (caller, 5432), Outcome::Closed));
        }
    }
    let allowed =
        Witness { method: Some(method.to_owned()), path: Some(path), ..Witness::new("web", "api", 8080) };
    let as_identity = |identity: String| Witness { from: None, identity: Some(identity), ..allowed.clone() };
    ask(as_identity(principal.clone()), Outcome::Answered);
    ask(as_identity(format!("{principal}x")), forbidden);
    ask(Witness { transport: Transport::Plaintext, ..allowed.clone() }, Outcome::Closed);
    let why = "remote error: tls: certificate required".to_owned();
    ask(Witness { from: None, ..allowed }, Outcome::NoHandshake { why });
    (Mesh { objects, probes }, expected)
}

impl Witness {
    fn new(from: &str, to: &str, port: u16) -> Self {
        Self { from: Some(format!("shop/{from}")), to: format!("shop/{to}"), port, ..Self::default() }
    }
}

/// How many meshes are asked about.
const COUNT: usize = 60;

/// Each mesh is asked with the next one's path as well: none may leak into another.
#[test]
fn many_share_an_istiod_and_an_envoy() {
    let Some(bench) = Bench::of("meshes") else { return };
    let (meshes, expected): (Vec<Mesh>, Vec<Vec<Outcome>>) = (0..COUNT).map(numbered).unzip();
    let mut took = Took::default();
    let answers = answers_of(&bench, istiod::OWN, &bench.scratch("many"), &meshes, &mut took);
    for ((mesh, expected), answers) in meshes.iter().zip(&expected).zip(&answers) {
        for ((witness, expected), answer) in mesh.probes.iter().zip(expected).zip(answers) {
            let is_overtaken = matches!((answer, expected), (Outcome::Closed, Outcome::NoHandshake { .. }));
            assert!(is_overtaken || answer == expected, "{witness:?}: {answer:?}, and not {expected:?}");
        }
    }
    let each = |time: Duration| format!("{} ms", time.as_millis() / COUNT as u128);
    let Took { generating, loading, asking } = took;
    bench.compared(
        envoy::judges(&bench),
        format!(
            "{} answers of {COUNT} meshes as expected; {} a mesh: istiod {}, Envoy's start {}, probes {}",
            answers.iter().map(Vec::len).sum::<usize>(),
            each(generating + loading + asking),
            each(generating),
            each(loading),
            each(asking),
        ),
    );
}
