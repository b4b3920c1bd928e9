//! How long it takes to know who can talk to whom, and how that grows: `cargo bench --bench reach -- [WORKLOADS...]`.
//!
//! Ten workloads a namespace, each with a NetworkPolicy of its own beside the namespace's default deny, and an
//! AuthorizationPolicy. Every time is the least of several runs; the factor is the time per workload against the
//! smallest mesh.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark prints and times"
)]

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use meshwright::{
    manifest::{self, Manifests},
    mesh::{Config, Mesh},
    reach::{Endpoints, Enforcement, Network, Reach, Scope},
    source::Sources,
};

fn main() {
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 1_000, 10_000] } else { sizes };
    let heads = ["parsing", "mesh", "layers", "network pairs", "all flows"];
    println!("{:>10} {}      flows", "workloads", heads.map(|head| format!("{head:>21}")).join(" "));
    let mut smallest = None;
    for size in sizes {
        let text = fleet(size / 10);
        let start = Instant::now();
        let manifests = parsed(&text);
        let parsing = start.elapsed();
        let mesh = best(|| drop(Mesh::resolve(&manifests, Config::default())));
        let resolved = Mesh::resolve(&manifests, Config::default());
        let layers = best(|| drop(Reach::of(&resolved)));
        let network = Network::new(Endpoints::new(&resolved, Vec::new()), Enforcement::default());
        let pairs = best(|| {
            let inbound = network.endpoints().all_pods().flat_map(|id| network.into_pod(id));
            assert!(inbound.map(|inbound| inbound.sources.len()).sum::<usize>() > size);
        });
        let reach = Reach::of(&resolved);
        let mut count = 0;
        let flows = best(|| count = reach.flows(&Scope::default()).len());
        let times = [parsing, mesh, layers, pairs, flows].map(|time| time.as_secs_f64() * 1e3);
        let each = times.map(|time| time / f64::from(u32::try_from(size).expect("a size")));
        let base = smallest.get_or_insert(each);
        let columns =
            (0..times.len()).map(|at| format!("{:9.1} ms  x{:6.2}", times[at], each[at] / base[at]));
        println!("{size:>10} {} {count:>10}", columns.collect::<Vec<_>>().join(" "));
    }
}

/// Returns a mesh of so many namespaces with ten workloads each, every one of which calls the next.
fn fleet(namespaces: usize) -> String {
    let mut text = String::new();
    text += "{apiVersion: v1, kind: Namespace, metadata: {name: kube-system}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: dns, namespace: kube-system}, spec: {template: {metadata: {labels: {k8s-app: kube-dns}}}}}\n";
    for namespace in 0..namespaces {
        let name = format!("team-{namespace}");
        let _ = write!(
            text,
            "---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{istio-injection: enabled, tier: t{}}}}}}}\n---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: default-deny, namespace: {name}}}, spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress], egress: [{{to: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: kube-system}}}}, podSelector: {{matchLabels: {{k8s-app: kube-dns}}}}}}], ports: [{{port: 53}}, {{port: 53, protocol: UDP}}]}}]}}}}\n",
            namespace % 5
        );
        for app in 0..10 {
            workload(&mut text, &name, app);
        }
    }
    text
}

fn workload(text: &mut String, namespace: &str, app: usize) {
    let (next, before) = ((app + 1) % 10, (app + 9) % 10);
    let _ = write!(
        text,
        r#"---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: app-{app}, namespace: {namespace}}}
spec:
  template:
    metadata: {{labels: {{app: app-{app}}}}}
    spec:
      serviceAccountName: app-{app}
      containers: [{{name: main, ports: [{{name: http, containerPort: 8080}}]}}]
---
apiVersion: v1
kind: Service
metadata: {{name: app-{app}, namespace: {namespace}}}
spec: {{selector: {{app: app-{app}}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: app-{app}, namespace: {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: app-{app}}}}}
  policyTypes: [Ingress, Egress]
  ingress:
  - from: [{{podSelector: {{matchLabels: {{app: app-{before}}}}}}}]
    ports: [{{port: 8080}}]
  egress:
  - to: [{{podSelector: {{matchLabels: {{app: app-{next}}}}}}}]
    ports: [{{port: 8080}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: app-{app}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{app: app-{app}}}}}
  rules:
  - from: [{{source: {{principals: [cluster.local/ns/{namespace}/sa/app-{before}]}}}}]
    to: [{{operation: {{methods: [GET], paths: [/api/*], ports: ["8080"]}}}}]
"#
    );
}

fn parsed(text: &str) -> Manifests {
    let mut sources = Sources::default();
    let file = sources.add("fleet.yaml", text);
    let (manifests, diagnostics) = manifest::load(&sources, [file]);
    assert!(diagnostics.is_empty(), "the fleet is sound");
    manifests
}

/// Returns the shortest of several runs: what disturbs a run only ever makes it longer.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(|_| time(&mut run)).min().expect("there were runs")
}
