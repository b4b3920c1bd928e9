//! One static bootstrap for a stock Envoy, from what istiod generated for every proxy of a case.
//!
//! Kept as generated: filter chain matches, TLS contexts, connection managers, RBAC, routes, upstream TLS, access logs.
//! Changed: where a listener is bound (the pod's own address and ports in place of 15006 behind iptables; an address for
//! each outbound listener, which takes the original destination from the PROXY protocol), secrets are files, applications
//! and hosts outside the mesh are echoes, routes and endpoints stand inside. Filters that only istio-proxy has are left out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::probe::{Probe, Tls};

/// Where the applications are that the sidecars of all pods hand requests to.
const APPLICATION: (&str, u16) = ("127.20.0.1", 18900);
/// Where the world outside the mesh is.
const OUTSIDE: (&str, u16) = ("127.20.0.1", 18901);
/// Where Envoy itself is asked.
pub const ADMIN: (&str, u16) = ("127.20.0.1", 18999);
/// A port that no manifest mentions; a sidecar captures it all the same.
pub const UNDECLARED_PORT: u16 = 7777;

/// What istiod made of a case.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Generated {
    pub services: Vec<Service>,
    pub pods: Vec<Pod>,
}

/// A Service, and its address.
#[derive(Deserialize)]
pub struct Service {
    pub name: String,
    pub namespace: String,
    pub ip: String,
}

/// A pod, and what its proxy was sent.
#[derive(Deserialize)]
pub struct Pod {
    pub name: String,
    pub namespace: String,
    pub ip: String,
    /// `sidecar`, `router`, or `none`.
    pub proxy: String,
    pub ports: BTreeSet<u16>,
    pub certificate: String,
    #[serde(default)]
    included: String,
    #[serde(default)]
    excluded: String,
    #[serde(default)]
    listeners: Vec<Value>,
    #[serde(default)]
    clusters: Vec<Value>,
    #[serde(default)]
    routes: Vec<Value>,
    #[serde(default)]
    endpoints: Vec<Value>,
    /// The addresses of its outbound listeners, by their names.
    #[serde(skip)]
    pub outbound: BTreeMap<String, String>,
}

impl Pod {
    /// Returns `namespace/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Returns the connection of its application, as iptables hands it to the sidecar.
    pub fn through_sidecar(&self, ip: &str, port: u16, tls: Option<Tls>, send: String) -> Probe {
        let names = [
            (format!("{ip}_{port}"), port),
            (format!("0.0.0.0_{port}"), port),
            ("virtualOutbound".into(), 15001),
        ];
        let (listener, at) =
            names.iter().find(|(name, _)| self.outbound.contains_key(name)).expect("a sidecar has the last");
        let to = format!("{}:{at}", self.outbound[listener]);
        let preface = format!("PROXY TCP4 {} {ip} 45678 {port}\r\n", self.ip);
        Probe { preface, tls, ..Probe::new(&self.ip, to, send) }
    }

    /// Tells whether iptables hands a port to the sidecar: `handleInboundPortsInclude` of istio-iptables' run.go.
    fn is_captured(&self, port: u16) -> bool {
        let is_in = |list: &str| list.split(',').any(|one| one.trim() == port.to_string());
        if self.included == "*" { !is_in(&self.excluded) } else { is_in(&self.included) }
    }
}

/// Returns the bootstrap of some cases, and fills in where each pod's outbound listeners are.
pub fn bootstrap(cases: &mut [Generated], certificates: &str) -> Value {
    let gateway = cases.iter().flat_map(|case| &case.pods).find(|pod| pod.proxy == "router");
    let outside = gateway.map(|pod| Proxy::of(0, pod, certificates).secret("default"));
    let mut made = Made {
        listeners: vec![echo("application", APPLICATION, None), echo("outside", OUTSIDE, outside.as_ref())],
        ..Made::default()
    };
    for (number, case) in cases.iter_mut().enumerate() {
        for pod in &mut case.pods {
            made.add(number, pod, certificates);
        }
    }
    json!({
        "node": {"id": "conformance", "cluster": "conformance"},
        "admin": {"address": socket(ADMIN.0, ADMIN.1)},
        "static_resources": {
            "listeners": made.listeners,
            "clusters": made.clusters,
            "secrets": made.secrets.into_values().collect::<Vec<_>>(),
        },
    })
}

#[derive(Default)]
struct Made {
    listeners: Vec<Value>,
    clusters: Vec<Value>,
    secrets: BTreeMap<String, Value>,
    outbound: usize,
}

impl Made {
    fn add(&mut self, case: usize, pod: &mut Pod, certificates: &str) {
        if pod.proxy == "none" {
            self.listen(case, pod, &pod.ports);
            return;
        }
        let proxy = Proxy::of(case, pod, certificates);
        for (name, secret) in proxy.secrets() {
            self.secrets.insert(name, secret);
        }
        self.clusters.extend(pod.clusters.iter().map(|cluster| proxy.cluster(cluster)));
        let (mut outbound, mut ports) = (BTreeMap::new(), pod.ports.clone());
        for generated in &pod.listeners {
            let name = generated["name"].as_str().expect("a listener has a name");
            let port = generated["address"]["socket_address"]["port_value"].as_u64().expect("a port");
            let mut listener = proxy.adapt(generated);
            for key in [
                "use_original_dst",
                "bind_to_port",
                "additional_addresses",
                "enable_reuse_port",
                "transparent",
                "connection_balance_config",
            ] {
                listener.as_object_mut().expect("a listener").remove(key);
            }
            let mut filters = listener["listener_filters"].as_array().cloned().unwrap_or_default();
            filters
                .retain(|filter| !filter["name"].as_str().is_some_and(|name| name.contains("original_dst")));
            if pod.proxy == "router" {
                listener["address"] = socket(&pod.ip, port);
                ports.insert(u16::try_from(port).expect("a port"));
            } else if name == "virtualInbound" {
                ports.insert(UNDECLARED_PORT);
                let (captured, own): (BTreeSet<u16>, _) =
                    ports.iter().partition(|port| pod.is_captured(**port));
                self.listen(case, pod, &own);
                let mut sockets = captured.iter().map(|port| socket(&pod.ip, *port));
                let Some(first) = sockets.next() else { continue };
                listener["address"] = first;
                listener["additional_addresses"] =
                    sockets.map(|address| json!({"address": address})).collect();
            } else if generated["traffic_direction"] == "INBOUND" {
                continue;
            } else {
                self.outbound += 1;
                let ip = format!("127.221.{}.{}", self.outbound / 250, self.outbound % 250 + 1);
                listener["address"] = socket(&ip, port);
                filters
                    .insert(0, filter("proxy_protocol", "filters.listener.proxy_protocol.v3.ProxyProtocol"));
                outbound.insert(name.to_owned(), ip);
            }
            listener["name"] = format!("{}{name}", proxy.prefix).into();
            listener["listener_filters"] = filters.into();
            self.listeners.push(listener);
        }
        (pod.outbound, pod.ports) = (outbound, ports);
    }

    /// Has the application of a pod listen by itself, where no proxy stands before it.
    fn listen(&mut self, case: usize, pod: &Pod, ports: &BTreeSet<u16>) {
        let at = |port: &u16| echo(&format!("{case}/{} {port}", pod.id()), (&pod.ip, *port), None);
        self.listeners.extend(ports.iter().map(at));
    }
}

/// How the configuration of one proxy is adapted.
struct Proxy<'a> {
    prefix: String,
    certificate: &'a str,
    folder: &'a str,
    clusters: BTreeSet<&'a str>,
    routes: BTreeMap<&'a str, &'a Value>,
    endpoints: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Proxy<'a> {
    fn of(case: usize, pod: &'a Pod, folder: &'a str) -> Self {
        let named = |values: &'a [Value], key: &str| -> BTreeMap<&'a str, &'a Value> {
            values.iter().map(|value| (value[key].as_str().expect("a name"), value)).collect()
        };
        Self {
            prefix: format!("{case}/{}/", pod.id()),
            certificate: &pod.certificate,
            folder,
            clusters: named(&pod.clusters, "name").into_keys().collect(),
            routes: named(&pod.routes, "name"),
            endpoints: named(&pod.endpoints, "cluster_name"),
        }
    }

    fn secrets(&self) -> [(String, Value); 2] {
        let file = |end: &str| json!({"filename": format!("{}/{}{end}", self.folder, self.certificate)});
        let own = json!({"certificate_chain": file(".pem"), "private_key": file(".key")});
        let root = json!({"trusted_ca": {"filename": format!("{}/ca.pem", self.folder)}});
        [
            ("ROOTCA".into(), json!({"name": "ROOTCA", "validation_context": root})),
            (self.certificate.to_owned(), json!({"name": self.certificate, "tls_certificate": own})),
        ]
    }

    /// The workload's own certificate stands in for any Secret that a credential names.
    fn secret(&self, name: &str) -> Value {
        let is_root = name == "ROOTCA" || name.ends_with("-cacert") || name.starts_with("file-root:");
        json!({"name": if is_root { "ROOTCA" } else { self.certificate }})
    }

    fn adapt(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                items.iter().filter(|item| !is_istios_own(item)).map(|item| self.adapt(item)).collect()
            }
            Value::Object(keys) => match (keys.get("sds_config"), keys.get("name")) {
                (Some(_), Some(name)) => self.secret(name.as_str().expect("a secret's name")),
                _ => keys.iter().map(|(key, value)| self.adapt_key(key, value)).collect::<Map<_, _>>().into(),
            },
            _ => value.clone(),
        }
    }

    fn adapt_key(&self, key: &str, value: &Value) -> (String, Value) {
        let adapted = match (key, value.as_str()) {
            ("cluster" | "cluster_name", Some(name)) if self.clusters.contains(name) => {
                format!("{}{name}", self.prefix).into()
            }
            ("weighted_clusters", _) => {
                let mut adapted = self.adapt(value);
                for cluster in adapted["clusters"].as_array_mut().expect("weighted clusters") {
                    cluster["name"] =
                        format!("{}{}", self.prefix, cluster["name"].as_str().expect("a name")).into();
                }
                adapted
            }
            ("rds", _) => {
                let name = value["route_config_name"].as_str().expect("a route's name");
                let mut route =
                    self.routes.get(name).map_or_else(|| json!({"name": name}), |route| self.adapt(route));
                route["validate_clusters"] = false.into();
                return ("route_config".into(), route);
            }
            // The Envoy of today has only the typed form.
            ("match_subject_alt_names", _) => {
                let matchers = value.as_array().expect("a list of matchers").iter();
                let typed = matchers.flat_map(|matcher| {
                    ["URI", "DNS"].map(|kind| json!({"san_type": kind, "matcher": matcher}))
                });
                return ("match_typed_subject_alt_names".into(), typed.collect());
            }
            _ => self.adapt(value),
        };
        (key.to_owned(), adapted)
    }

    fn cluster(&self, generated: &Value) -> Value {
        let name = generated["name"].as_str().expect("a cluster has a name");
        let kind = generated["type"].as_str().unwrap_or_default();
        let mut cluster = self.adapt(generated);
        let own = format!("{}{name}", self.prefix);
        cluster["name"] = own.clone().into();
        let keys = cluster.as_object_mut().expect("a cluster");
        for key in ["filters", "upstream_bind_config", "eds_cluster_config"] {
            keys.remove(key);
        }
        let place = if name.starts_with("inbound|") || name.starts_with("InboundPassthrough") {
            APPLICATION
        } else if matches!(kind, "ORIGINAL_DST" | "STRICT_DNS" | "LOGICAL_DNS") {
            OUTSIDE
        } else {
            if kind == "EDS" {
                let mut endpoints =
                    self.endpoints.get(name).map_or_else(|| json!({}), |found| (*found).clone());
                endpoints["cluster_name"] = own.into();
                keys.insert("type".into(), "STATIC".into());
                keys.insert("load_assignment".into(), endpoints);
            }
            return cluster;
        };
        for key in [
            "lb_policy",
            "original_dst_lb_config",
            "transport_socket",
            "transport_socket_matches",
            "dns_lookup_family",
            "respect_dns_ttl",
            "dns_refresh_rate",
            "cluster_type",
        ] {
            keys.remove(key);
        }
        let endpoint = json!({"endpoint": {"address": socket(place.0, place.1)}});
        keys.insert("type".into(), "STATIC".into());
        keys.insert(
            "load_assignment".into(),
            json!({"cluster_name": own, "endpoints": [{"lb_endpoints": [endpoint]}]}),
        );
        cluster
    }
}

/// Returns whether only istio-proxy has a filter: metadata exchange, ALPN rewriting, statistics.
fn is_istios_own(item: &Value) -> bool {
    let config = &item["typed_config"];
    let kind = format!(
        "{}{}",
        config["@type"].as_str().unwrap_or_default(),
        config["type_url"].as_str().unwrap_or_default()
    );
    ["metadataexchange", "peer_metadata", "stats.PluginConfig", "istio.envoy.config", "io.istio."]
        .iter()
        .any(|own| kind.contains(own))
}

/// Answers HTTP with 200 and its name, in TLS too where it has a secret, and any other bytes with themselves.
fn echo(name: &str, at: (&str, u16), secret: Option<&Value>) -> Value {
    let answer = json!({"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": name}}});
    let mut http = filter("http", "filters.network.http_connection_manager.v3.HttpConnectionManager");
    http["typed_config"]["stat_prefix"] = "echo".into();
    http["typed_config"]["server_name"] = "application".into();
    http["typed_config"]["http_filters"] = json!([filter("router", "filters.http.router.v3.Router")]);
    http["typed_config"]["route_config"] = json!({
        "response_headers_to_add": [{"header": {"key": "x-answered-by", "value": name}}],
        "virtual_hosts": [{"name": "any", "domains": ["*"], "routes": [answer]}],
    });
    let echo = filter("echo", "filters.network.echo.v3.Echo");
    let spoken = ["http/1.0", "http/1.1", "h2c"];
    let tls = match secret {
        // ALPN names what is spoken within; to who has no key it is bytes.
        None => json!({"filter_chain_match": {"transport_protocol": "tls"}, "filters": [echo]}),
        Some(secret) => {
            let mut socket = filter("tls", "transport_sockets.tls.v3.DownstreamTlsContext");
            socket["typed_config"]["common_tls_context"] =
                json!({"tls_certificate_sds_secret_configs": [secret]});
            json!({"filter_chain_match": {"transport_protocol": "tls"}, "filters": [http], "transport_socket": socket})
        }
    };
    let chains = json!([
        {"filter_chain_match": {"transport_protocol": "raw_buffer", "application_protocols": spoken}, "filters": [http]},
        {"filter_chain_match": {"transport_protocol": "raw_buffer"}, "filters": [echo]},
        tls,
    ]);
    json!({
        "name": name, "address": socket(at.0, at.1), "filter_chains": chains,
        "listener_filters": [
            filter("tls_inspector", "filters.listener.tls_inspector.v3.TlsInspector"),
            filter("http_inspector", "filters.listener.http_inspector.v3.HttpInspector"),
        ],
        // On a busy machine the first bytes can be late; HTTP that is taken for other bytes would be echoed.
        "listener_filters_timeout": "5s", "continue_on_listener_filters_timeout": true,
    })
}

fn filter(name: &str, kind: &str) -> Value {
    json!({"name": name, "typed_config": {"@type": format!("type.googleapis.com/envoy.extensions.{kind}")}})
}

fn socket(ip: &str, port: impl Into<u64>) -> Value {
    json!({"socket_address": {"address": ip, "port_value": port.into()}})
}
