//! A Kubernetes without machines: the real etcd, API server, controllers and Flux on loopback, and a kubelet that pretends.

use std::{
    collections::BTreeMap,
    fs,
    io::Read as _,
    net::{TcpListener, TcpStream},
    process::{self, Command},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use crate::{
    background::{Background, until},
    bench::{self, Bench, Said},
};

/// Who talks to the API server, and the groups they are in.
const USERS: [(&str, &str); 7] = [
    ("admin", "system:masters"),
    ("system:kube-controller-manager", ""),
    ("system:kube-scheduler", ""),
    ("kwok", "system:masters"),
    ("system:serviceaccount:flux-system:source-controller", "system:masters"),
    ("system:serviceaccount:flux-system:kustomize-controller", "system:masters"),
    ("system:serviceaccount:flux-system:helm-controller", "system:masters"),
];

/// A cluster, ended with its owner.
pub struct Cluster<'a> {
    bench: &'a Bench,
    /// Where its state and logs are.
    pub folder: Utf8PathBuf,
    /// What Flux last said of its objects, so that each change is printed once.
    pub said: BTreeMap<String, String>,
    api: u16,
    running: Vec<Background>,
}

impl<'a> Cluster<'a> {
    /// Starts etcd and the API server of the newest Kubernetes.
    pub fn start(bench: &'a Bench, name: &str) -> Self {
        Self::start_with(bench, name, "cluster", &["kube-apiserver"])
    }

    /// Starts etcd and the API server that a program is.
    pub fn start_with(bench: &'a Bench, name: &str, program: &str, arguments: &[&str]) -> Self {
        let folder = bench.scratch(name);
        let mut cluster =
            Self { bench, api: free_port(), running: Vec::new(), said: BTreeMap::new(), folder };
        let (etcd, peer) = (free_port(), free_port());
        let (etcd, peer) = (format!("http://127.0.0.1:{etcd}"), format!("http://127.0.0.1:{peer}"));
        cluster.part(
            "etcd",
            &[
                "--data-dir=etcd",
                "--unsafe-no-fsync",
                "--log-level=warn",
                &format!("--listen-client-urls={etcd}"),
                &format!("--advertise-client-urls={etcd}"),
                &format!("--listen-peer-urls={peer}"),
                &format!("--initial-advertise-peer-urls={peer}"),
                &format!("--initial-cluster=default={peer}"),
            ],
        );
        let key = cluster.folder.join("accounts.key");
        let made = bench::run(
            Command::new("openssl").args(["genrsa", "-out", key.as_str(), "2048"]),
            "",
            Duration::from_secs(30),
        );
        assert!(made.is_success, "openssl: {}", made.err);
        cluster.write_users();
        let mut server = bench.command(program);
        server.args(arguments).args([
            &format!("--etcd-servers={etcd}"),
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            &format!("--secure-port={}", cluster.api),
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--cert-dir=certs",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=RBAC",
            "--allow-privileged=true",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=accounts.key",
            "--service-account-signing-key-file=accounts.key",
            "--profiling=false",
            // istiod's webhooks are installed, and nothing answers them here.
            "--disable-admission-plugins=MutatingAdmissionWebhook,ValidatingAdmissionWebhook",
        ]);
        cluster.background("kube-apiserver", &mut server);
        cluster.wait("the API server", 120, |cluster| {
            let said = cluster.kubectl(&["get", "--raw", "/readyz"], "");
            if said.out == "ok" { Ok(()) } else { Err(said.err) }
        });
        cluster
    }

    /// Adds Kubernetes' controllers, and one node whose pods run at once.
    pub fn with_controllers(mut self) -> Self {
        for (name, own) in [
            ("kube-controller-manager", "--service-account-private-key-file=accounts.key"),
            ("kube-scheduler", "--v=0"),
        ] {
            let (config, port) = (format!("--kubeconfig={name}.kubeconfig"), free_port());
            let port = format!("--secure-port={port}");
            let mut arguments =
                vec![config.as_str(), "--leader-elect=false", "--bind-address=127.0.0.1", &port, own];
            arguments.extend(["--authentication-kubeconfig=", "--authorization-kubeconfig="]);
            if name == "kube-controller-manager" {
                arguments
                    .extend(["--root-ca-file=certs/apiserver.crt", "--use-service-account-credentials=true"]);
            }
            self.part(name, &arguments);
        }
        let mut kwok = self.bench.command("kwok");
        kwok.arg(format!("--config={}", self.bench.at("stages.yaml"))).args(["--kubeconfig=kwok.kubeconfig"]);
        kwok.args(["--manage-all-nodes=true", "--node-ip=127.0.0.1"]);
        kwok.arg(format!("--server-address=127.0.0.1:{}", free_port()));
        self.background("kwok", &mut kwok);
        let size = json!({"cpu": "64", "memory": "256Gi", "pods": "500"});
        self.apply(&[json!({
            "apiVersion": "v1", "kind": "Node", "status": {"allocatable": size, "capacity": size},
            "metadata": {"name": "pretended", "labels": {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}},
        })]);
        self.wait("the node", 60, |cluster| {
            let condition = "jsonpath={.status.conditions[?(@.type=='Ready')].status}";
            let said = cluster.kubectl(&["get", "node", "pretended", "-o", condition], "");
            if said.out == "True" { Ok(()) } else { Err(said.out + &said.err) }
        });
        self.wait("an account", 60, |cluster| {
            let said = cluster.kubectl(&["get", "serviceaccount", "default"], "");
            if said.is_success { Ok(()) } else { Err(said.err) }
        });
        self
    }

    /// Adds Flux, which reads git and charts from `git` and `static` whatever public address it is told; helm-controller
    /// with options of its own. Istio's kinds are not known yet: its charts bring them.
    pub fn with_flux(mut self, helm: &[&str]) -> Self {
        let makers = ["source", "kustomize", "helm", "cert-manager"];
        self.apply_crds_of(&makers.map(|maker| self.bench.at("crds").join(maker)));
        self.apply(&[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "flux-system"}})]);
        fs::create_dir(self.folder.join("git")).expect("a folder can be made");
        fs::create_dir(self.folder.join("artifacts")).expect("a folder can be made");
        let (proxy, tls) = (free_port(), free_port());
        let mut served = self.bench.command("served");
        served.args([format!("-proxy=127.0.0.1:{proxy}"), format!("-tls=127.0.0.1:{tls}")]);
        served.args(["-ca=ca.pem", "-git", self.folder.join("git").as_str()]);
        served.arg("-static").arg(self.bench.at("static"));
        self.background("served", &mut served);
        self.wait("the CA", 30, |cluster| {
            if cluster.folder.join("ca.pem").exists() { Ok(()) } else { Err("no file".into()) }
        });
        let artifacts = format!("127.0.0.1:{}", free_port());
        for (name, own) in [
            (
                "source",
                vec![
                    "--storage-path=artifacts".to_owned(),
                    format!("--storage-addr={artifacts}"),
                    format!("--storage-adv-addr={artifacts}"),
                ],
            ),
            ("kustomize", vec!["--requeue-dependency=2s".to_owned()]),
            (
                "helm",
                ["--requeue-dependency=2s"].iter().chain(helm).map(|&option| option.to_owned()).collect(),
            ),
        ] {
            let mut command = self.bench.command(&format!("{name}-controller"));
            command.args([
                "--log-level=info",
                "--log-encoding=json",
                "--enable-leader-election=false",
                "--events-addr=",
            ]);
            command.arg(format!("--metrics-addr=127.0.0.1:{}", free_port()));
            command.arg(format!("--health-addr=127.0.0.1:{}", free_port()));
            command.args(own);
            command.env("RUNTIME_NAMESPACE", "flux-system").env("NO_PROXY", "127.0.0.1,localhost");
            command.env("HTTPS_PROXY", format!("http://127.0.0.1:{proxy}"));
            command.env("SSL_CERT_FILE", self.folder.join("ca.pem"));
            command.env("TMPDIR", &self.folder);
            command.env("KUBECONFIG", self.folder.join(format!("{name}-controller.kubeconfig")));
            self.background(&format!("{name}-controller"), &mut command);
        }
        self
    }

    /// Makes every kind that a golden tree uses known to the API server.
    pub fn apply_crds(&mut self) {
        self.apply_crds_of(&[self.bench.at("crds")]);
    }

    /// Makes the kinds of some folders known to the API server.
    pub fn apply_crds_of(&mut self, folders: &[Utf8PathBuf]) {
        let mut apply = vec!["apply", "--server-side", "--recursive"];
        apply.extend(folders.iter().flat_map(|folder| ["-f", folder.as_str()]));
        self.order(&apply);
        let wait =
            ["wait", "--for=condition=established", "--all", "customresourcedefinitions", "--timeout=60s"];
        self.order(&wait);
    }

    /// Creates or changes objects; each must be accepted.
    pub fn apply(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        let said = self.kubectl(&["apply", "--server-side", "-f", "-"], &list.to_string());
        assert!(said.is_success, "{}", said.err);
    }

    /// Returns every object of some kinds, `kind,kind`.
    pub fn list(&self, kinds: &str) -> Result<Vec<Value>, String> {
        let said = self.kubectl(&["get", kinds, "--all-namespaces", "--output", "json"], "");
        let mut answer: Value = serde_json::from_str(&said.out).map_err(|_| said.err)?;
        serde_json::from_value(answer["items"].take()).map_err(|error| error.to_string())
    }

    /// Runs kubectl as an administrator; it must succeed. Returns what it prints.
    pub fn order(&self, arguments: &[&str]) -> String {
        let said = self.kubectl(arguments, "");
        assert!(said.is_success, "kubectl {arguments:?}: {}{}", said.out, said.err);
        said.out
    }

    /// Runs kubectl as an administrator.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Said {
        let mut command = self.bench.command("cluster");
        command.args(["kubectl", "--kubeconfig"]).arg(self.folder.join("admin.kubeconfig")).args(arguments);
        bench::run(&mut command, input, Duration::from_secs(90))
    }

    /// Returns the API server's version.
    pub fn version(&self) -> String {
        let said = self.kubectl(&["get", "--raw", "/version"], "");
        let version: Value = serde_json::from_str(&said.out).expect("the API server answers in JSON");
        version["gitVersion"].as_str().expect("a version").to_owned()
    }

    /// Serves the API to an administrator without TLS, for who asks thousands of questions; returns the port of loopback.
    pub fn without_tls(&mut self) -> u16 {
        let port = free_port();
        self.part(
            "kubectl",
            &["proxy", "--kubeconfig=admin.kubeconfig", "--address=127.0.0.1", &format!("--port={port}")],
        );
        self.wait("the proxy", 30, |_| {
            TcpStream::connect(("127.0.0.1", port)).map(drop).map_err(|error| error.to_string())
        });
        port
    }

    /// Asks until there is an answer, for some seconds, as long as all parts run.
    pub fn wait<T>(
        &mut self,
        what: &str,
        seconds: u64,
        mut ask: impl FnMut(&Self) -> Result<T, String>,
    ) -> T {
        let mut running = std::mem::take(&mut self.running);
        let answer = until(what, Duration::from_secs(seconds), || {
            running.iter_mut().for_each(Background::assert_running);
            ask(self)
        });
        self.running = running;
        answer
    }

    fn part(&mut self, name: &str, arguments: &[&str]) {
        let mut command = self.bench.command("cluster");
        self.background(name, command.arg(name).args(arguments));
    }

    fn background(&mut self, name: &str, command: &mut Command) {
        let part = Background::start(name, command.current_dir(&self.folder), &self.folder);
        self.running.insert(0, part); // the last to start is the first to end
    }

    fn write_users(&self) {
        let tokens = USERS.iter().enumerate().map(|(number, (user, groups))| {
            let token = random();
            let config = json!({
                "apiVersion": "v1", "kind": "Config", "current-context": "it",
                "clusters": [{"name": "it", "cluster": {
                    "server": format!("https://127.0.0.1:{}", self.api),
                    "certificate-authority": self.folder.join("certs/apiserver.crt"),
                }}],
                "users": [{"name": "it", "user": {"token": token}}],
                "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            });
            let name = user.rsplit(':').next().expect("a name");
            let path = self.folder.join(format!("{name}.kubeconfig"));
            fs::write(path, config.to_string()).expect("our own folder can be written");
            format!("{token},\"{user}\",{number},\"{groups}\"")
        });
        let tokens: Vec<String> = tokens.collect();
        fs::write(self.folder.join("tokens.csv"), tokens.join("\n")).expect("our own folder can be written");
    }
}

/// Returns the namespaces that objects are in, each with the labels that the objects themselves give it.
pub fn namespaces<'a>(objects: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let mut found: BTreeMap<&str, Value> = BTreeMap::new();
    for object in objects {
        let metadata = &object["metadata"];
        if let Some(name) = metadata["namespace"].as_str() {
            found.entry(name).or_insert_with(
                || json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}),
            );
        }
        if object["kind"] == "Namespace" {
            found.insert(metadata["name"].as_str().expect("a name"), object.clone());
        }
    }
    found.into_values().collect()
}

/// Returns a port of loopback that is free, and that no other call returns.
///
/// A port that the kernel picks for us can be gone before its program binds it, since every connection that anybody opens
/// takes one from the same range (`net.ipv4.ip_local_port_range`, 32768 and up). These lie below.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let port = 20_000 + (process::id() % 100) as u16 * 100 + NEXT.fetch_add(1, Ordering::Relaxed);
        assert!(port < 32_768, "a run needs fewer ports than there are");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn random() -> String {
    let mut bytes = [0; 16];
    let mut source = fs::File::open("/dev/urandom").expect("a source of randomness");
    source.read_exact(&mut bytes).expect("a source of randomness");
    format!("{:032x}", u128::from_be_bytes(bytes))
}
