//! Many clusters in one run: one istiod answers for all of them, and one Envoy holds their proxies.
//!
//! Nothing is started per case: what thousands of generated policies cost is what istiod computes and Envoy loads. The
//! addresses of two cases are never the same; names may be, and are told apart by the case's number.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::{
    bootstrap::{Generated, Pod},
    probe::{self, Answer, Expect, Probe, Tls},
};
use crate::{
    background::Background,
    bench::{Bench, Extent},
    case::{self, Case},
    istiod::Istiod,
    trees,
};

/// Cases that an istiod has answered for.
pub struct Batch<'a> {
    bench: &'a Bench,
    folder: Utf8PathBuf,
    istiod: Istiod,
    cases: Vec<Generated>,
}

/// The same cases, whose proxies an Envoy serves.
pub struct Served<'a> {
    bench: &'a Bench,
    /// What istiod generated for each, in the order in which they were added.
    pub cases: Vec<Generated>,
    /// Where the certificate of each pod is.
    pub certificates: Utf8PathBuf,
    /// Its output is the access log of all proxies.
    pub envoy: Background,
}

impl<'a> Batch<'a> {
    /// Starts istiod in a folder, with the environment that its chart gives it.
    pub fn start(bench: &'a Bench, folder: &Utf8Path, environment: &BTreeMap<String, String>) -> Self {
        let istiod = Istiod::start(bench, folder, environment);
        Self { bench, folder: folder.to_owned(), istiod, cases: Vec::new() }
    }

    /// Adds the objects of a cluster: those of the control plane's chart, and what is to be judged with them.
    pub fn add(&mut self, objects: &[Value]) {
        self.cases.push(self.istiod.generate(objects));
    }

    /// Adds a cluster as [`Batch::add`] does, without what its sidecars send: a fifth of what Envoy has to load, and enough
    /// where only callees are asked.
    pub fn add_callees(&mut self, objects: &[Value]) {
        self.cases.push(self.istiod.generate_inbound(objects));
    }

    /// Starts Envoy with every proxy of the cases so far. The next cases are for another, once this one has ended.
    pub fn serve(&mut self) -> Served<'a> {
        let mut cases = std::mem::take(&mut self.cases);
        let envoy = super::start(self.bench, &mut cases, &self.folder);
        let certificates = self.folder.join("certificates");
        Served { bench: self.bench, cases, certificates, envoy }
    }
}

impl Served<'_> {
    /// Sends probes at once, and returns the answers in their order.
    pub fn send(&self, probes: &[&Probe]) -> Vec<Answer> {
        probe::send(self.bench, probes)
    }

    /// Returns a request that one pod of a case makes of a port of another, with its own certificate and past its own
    /// sidecar: only the callee decides.
    pub fn request(&self, from: &Pod, to: &Pod, port: u16, method: &str, path: &str) -> Probe {
        Probe {
            tls: Some(Tls::of_mesh(self.certificates.as_str(), &from.certificate, true)),
            ..Probe::new(&from.ip, format!("{}:{port}", to.ip), probe::http(method, "any", path))
        }
    }
}

impl Generated {
    /// Returns a pod by `namespace/name`; it is there.
    pub fn pod(&self, id: &str) -> &Pod {
        self.pods.iter().find(|pod| pod.id() == id).unwrap_or_else(|| panic!("no pod {id}"))
    }
}

/// What one case allows: which caller may do what with which path.
struct Policy {
    caller: &'static str,
    method: &'static str,
    path: String,
}

const CALLERS: [&str; 2] = ["web", "cart"];
const METHODS: [&str; 2] = ["GET", "POST"];

impl Policy {
    fn numbered(number: usize) -> Self {
        Self { caller: CALLERS[number % 2], method: METHODS[number / 2 % 2], path: path(number) }
    }

    /// Returns a namespace with three workloads, of which one is called under this policy.
    fn objects(&self) -> Vec<Value> {
        let mut objects = vec![case::injected("shop", None)];
        for name in CALLERS.into_iter().chain(["api"]) {
            objects.extend(case::workload("shop", name, &json!({"app": name}), "http", &[8080]));
        }
        objects.push(json!({
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": {"name": "default", "namespace": "istio-system"}, "spec": {"mtls": {"mode": "STRICT"}},
        }));
        let principal = format!("cluster.local/ns/shop/sa/{}", self.caller);
        objects.push(json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"name": "api", "namespace": "shop"},
            "spec": {"selector": {"matchLabels": {"app": "api"}}, "rules": [{
                "from": [{"source": {"principals": [principal]}}],
                "to": [{"operation": {"methods": [self.method], "paths": [self.path]}}],
            }]},
        }));
        objects
    }
}

fn path(number: usize) -> String {
    format!("/case-{number}")
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

/// Each case is asked with the next one's path as well: none may leak into another.
#[test]
fn many_cases_share_an_istiod_and_an_envoy() {
    let Some(bench) = Bench::of("envoy") else { return };
    let folder = bench.scratch("many");
    let Case { environment, objects } = Case::control_plane(&bench, &trees::golden(Extent::Core)[0]);
    let mut batch = Batch::start(&bench, &folder, &environment);
    let policies: Vec<(usize, Policy)> = (0..60).map(|number| (number, Policy::numbered(number))).collect();
    let (mut took, mut count) = (Took::default(), 0);
    for policies in policies.chunks(50) {
        for (_, policy) in policies {
            timed(&mut took.generating, || batch.add_callees(&[objects.clone(), policy.objects()].concat()));
        }
        let served = timed(&mut took.loading, || batch.serve());
        let questions: Vec<(Probe, Expect)> = questions(&served, policies);
        let probes: Vec<&Probe> = questions.iter().map(|(probe, _)| probe).collect();
        let answers = timed(&mut took.asking, || served.send(&probes));
        for ((probe, expect), answer) in questions.iter().zip(&answers) {
            assert!(answer.is(*expect, probe), "{}: expected {expect:?}, got {answer:?}", probe.send);
        }
        count += answers.len();
    }
    let each = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0 / 60.0);
    let Took { generating, loading, asking } = took;
    bench.compared(
        format!("{}, many cases", super::judges(&bench)),
        format!(
            "60 small cases in 2 batches, {count} answers as expected; {} a case: istiod {}, Envoy's start {}, probes {}",
            each(generating + loading + asking),
            each(generating),
            each(loading),
            each(asking),
        ),
    );
}

/// Asks each case as every caller, with every method, on its own path and on that of the next case.
fn questions(served: &Served<'_>, policies: &[(usize, Policy)]) -> Vec<(Probe, Expect)> {
    let mut questions = Vec::new();
    for (case, (number, policy)) in served.cases.iter().zip(policies) {
        for (caller, method) in CALLERS.into_iter().flat_map(|caller| METHODS.map(|method| (caller, method)))
        {
            for path in [*number, number + 1].map(path) {
                let is_allowed = (caller, method, &path) == (policy.caller, policy.method, &policy.path);
                let from = case.pod(&format!("shop/{caller}"));
                let probe = served.request(from, case.pod("shop/api"), 8080, method, &path);
                questions.push((probe, if is_allowed { Expect::Passes } else { Expect::Forbidden }));
            }
        }
    }
    questions
}
