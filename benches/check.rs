//! How long it takes to read and check manifests, with the structure of each, and how that grows: `cargo bench --bench check`.
//!
//! Every object is a file of its own, ten a namespace. Every time is the least of several runs, the factor is the time of an
//! object against the smallest tree, and the memory is the most that one run took.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "a benchmark prints, times, and writes what it reads"
)]

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    check::{self, Releases, Scene},
    delivery::{self, Delivered},
    mesh::{Config, Mesh},
    read,
    source::Sources,
};

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
const RUNS: usize = 5;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    if let [word, folder] = words.as_slice()
        && word == "run"
    {
        return run(Utf8Path::new(folder));
    }
    let asked: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let sizes = if asked.is_empty() { SIZES.to_vec() } else { asked };
    println!(
        "{:>8} {:>18} {:>10} {:>10} {:>10} {:>10} {:>8}",
        "objects", "in all", "read", "deliver", "mesh", "check", "MB"
    );
    let mut smallest: Option<f64> = None;
    for size in sizes {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a path that is text");
        write(folder, size / 10);
        let (times, memory) = measured(folder);
        let all: f64 = times.iter().sum();
        let each = all / f64::from(u32::try_from(size).expect("a size"));
        let base = *smallest.get_or_insert(each);
        let [read, deliver, mesh, check] = times.map(|time| format!("{time:7.1} ms"));
        println!("{size:>8} {all:9.1} ms x{:5.2} {read} {deliver} {mesh} {check} {memory:>8.0}", each / base);
    }
}

/// Measures in a process of its own, whose memory is that of one tree.
fn measured(folder: &Utf8Path) -> ([f64; 4], f64) {
    let output =
        Command::new(env::current_exe().expect("this program")).args(["run", folder.as_str()]).output();
    let text = String::from_utf8(output.expect("it runs").stdout).expect("it prints text");
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [read, deliver, mesh, check, memory] = numbers[..] else { panic!("{text}") };
    ([read, deliver, mesh, check], memory)
}

/// Prints the least time of each part, in milliseconds, and the most memory, in megabytes.
fn run(folder: &Utf8Path) {
    let paths = [folder.to_owned()];
    let mut best = [f64::MAX; 4];
    let mut memory = None;
    for _ in 0..RUNS {
        let times = once(&paths).map(|time| time.as_secs_f64() * 1e3);
        // What later runs take over from the first is not counted.
        memory = memory.or_else(|| Some(peak()));
        if times.iter().sum::<f64>() < best.iter().sum::<f64>() {
            best = times;
        }
    }
    let [read, deliver, mesh, check] = best;
    println!("{read} {deliver} {mesh} {check} {}", memory.unwrap_or_default());
}

fn once(paths: &[Utf8PathBuf]) -> [Duration; 4] {
    let mut last = Instant::now();
    let mut lap = || {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut last, now))
    };
    let mut sources = Sources::default();
    let (input, faults) = read::paths(paths, std::io::empty(), &mut sources);
    assert_eq!(faults, []);
    let read = lap();
    let Delivered { manifests, delivery, diagnostics, .. } = delivery::deliver(&input, paths, &sources);
    assert_eq!(diagnostics, []);
    let delivered = lap();
    let mesh = Mesh::resolve(&manifests, Config::found_in(&manifests, &sources));
    let resolved = lap();
    let releases =
        Releases { istio: "1.24.3".parse().ok(), flux: "2.6".parse().ok(), kubernetes: "1.32".parse().ok() };
    let found = check::check(&Scene::new(&mesh, &delivery, &sources, releases));
    assert!(found.len() < 10, "{found:?}");
    [read, delivered, resolved, lap()]
}

/// Returns the most memory that this process has had, in megabytes; nothing but Linux tells.
fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}

/// Writes so many namespaces of ten objects each, all of which are sound.
fn write(folder: &Utf8Path, namespaces: usize) {
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    };
    put("mesh/strict.yaml", STRICT);
    for number in 0..namespaces {
        let name = format!("team-{number}");
        for (file, text) in OBJECTS {
            put(&format!("{name}/{file}.yaml"), &text.replace("NAMESPACE", &name));
        }
    }
}

const STRICT: &str = "apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: istio-system
spec:
  mtls:
    mode: STRICT
";

const OBJECTS: [(&str, &str); 10] = [
    (
        "namespace",
        "apiVersion: v1
kind: Namespace
metadata:
  name: NAMESPACE
  labels:
    istio-injection: enabled
",
    ),
    (
        "account",
        "apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
  namespace: NAMESPACE
",
    ),
    (
        "deployment",
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: NAMESPACE
  labels:
    app: web
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
        version: v1
    spec:
      serviceAccountName: web
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: web
          image: registry.example.com/web:1.4.2
          args: [--listen, \":8080\"]
          ports:
            - name: http
              containerPort: 8080
          env:
            - name: LOG_LEVEL
              value: info
          resources:
            requests:
              cpu: 100m
              memory: 128Mi
            limits:
              memory: 256Mi
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 5
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
",
    ),
    (
        "service",
        "apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: NAMESPACE
spec:
  selector:
    app: web
  ports:
    - name: http
      appProtocol: http
      port: 80
      targetPort: 8080
",
    ),
    (
        "default-deny",
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: default-deny
  namespace: NAMESPACE
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: kube-system
          podSelector:
            matchLabels:
              k8s-app: kube-dns
      ports:
        - port: 53
          protocol: UDP
        - port: 53
    - to:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: istio-system
          podSelector:
            matchLabels:
              app: istiod
      ports:
        - port: 15012
",
    ),
    (
        "network-policy",
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: NAMESPACE
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: web
      ports:
        - port: 8080
  egress:
    - to:
        - podSelector:
            matchLabels:
              app: web
      ports:
        - port: 8080
",
    ),
    (
        "closed",
        "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: default-deny
  namespace: NAMESPACE
spec: {}
",
    ),
    (
        "authorization-policy",
        "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: web
  namespace: NAMESPACE
spec:
  selector:
    matchLabels:
      app: web
  action: ALLOW
  rules:
    - from:
        - source:
            principals: [cluster.local/ns/NAMESPACE/sa/web]
      to:
        - operation:
            methods: [GET, POST]
            paths: [/api, /api/*]
            ports: [\"8080\"]
",
    ),
    (
        "virtual-service",
        "apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: web
  namespace: NAMESPACE
spec:
  hosts: [web]
  http:
    - match:
        - uri:
            prefix: /api
      timeout: 5s
      retries:
        attempts: 2
        perTryTimeout: 2s
      route:
        - destination:
            host: web
            port:
              number: 80
",
    ),
    (
        "destination-rule",
        "apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: web
  namespace: NAMESPACE
spec:
  host: web
  trafficPolicy:
    connectionPool:
      http:
        http2MaxRequests: 1000
    outlierDetection:
      consecutive5xxErrors: 5
      interval: 30s
",
    ),
];
