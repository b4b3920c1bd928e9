//! A mesh: its namespaces, workloads and Services, and what holds for all of it.

use serde_json::{Map, Value, json};

use super::{
    ACCOUNTS, Dice, KEYS, NAMESPACES, NUMBERS, PORT_NAMES, PROTOCOLS, labels, optional, policy,
    selector_labels, text,
};

/// A mesh as manifests, one JSON document each.
pub fn mesh(dice: &mut Dice) -> String {
    let mut objects = Vec::new();
    let mut namespaces = NAMESPACES.to_vec();
    dice.shuffle(&mut namespaces);
    namespaces.truncate(1 + dice.below(NAMESPACES.len()));
    for namespace in &namespaces {
        if dice.percent(85) {
            objects.push(namespace_object(dice, namespace));
        }
    }
    let pods = 2 + dice.below(11);
    let pods: Vec<Value> = (0..pods).map(|at| workload(dice, &namespaces, at)).collect();
    objects.extend(pods.iter().cloned());
    let mut many = |dice: &mut Dice, most, make: fn(&mut Dice) -> (&'static str, &'static str, Value)| {
        for (at, (version, kind, spec)) in dice.some(most, make).into_iter().enumerate() {
            let mut object = object(dice, version, kind, &namespaces, at, &spec);
            aim(dice, &mut object, &pods);
            objects.push(object);
        }
    };
    many(dice, 6, service);
    many(dice, 10, policy::network_policy);
    many(dice, 6, policy::peer_authentication);
    many(dice, 10, policy::authorization_policy);
    if dice.percent(35) {
        many(dice, 2, |dice| ("security.istio.io/v1", "RequestAuthentication", request_authentication(dice)));
    }
    if dice.percent(15) {
        many(dice, 2, |dice| ("networking.istio.io/v1beta1", "Sidecar", sidecar(dice)));
    }
    if dice.percent(20) {
        many(dice, 2, |dice| ("networking.istio.io/v1beta1", "ServiceEntry", service_entry(dice)));
    }
    if dice.percent(4) {
        many(dice, 2, foreign);
    }
    if dice.percent(95) {
        objects.push(mesh_config(dice));
    }
    text(&objects)
}

fn object(dice: &mut Dice, version: &str, kind: &str, namespaces: &[&str], at: usize, spec: &Value) -> Value {
    let mut metadata = json!({"name": format!("o{at}"), "namespace": dice.one(namespaces)});
    // The root namespace matters more than the others.
    if kind != "Service" && kind != "NetworkPolicy" && dice.percent(15) {
        metadata["namespace"] = json!("istio-system");
    }
    if dice.percent(25) {
        metadata["creationTimestamp"] = json!(format!("2024-01-0{}T00:00:00Z", 1 + dice.below(3)));
    }
    if kind == "AuthorizationPolicy" && dice.percent(8) {
        metadata["annotations"] = json!({"istio.io/dry-run": dice.one(&["true", "false", "1", "maybe"])});
    }
    json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec})
}

/// Has a selector by labels hold, more often than not, for some pod of its namespace.
fn aim(dice: &mut Dice, object: &mut Value, pods: &[Value]) {
    let namespace = object["metadata"]["namespace"].clone();
    let near: Vec<&Value> = pods.iter().filter(|pod| pod["metadata"]["namespace"] == namespace).collect();
    if near.is_empty() || !dice.percent(60) {
        return;
    }
    let pod = dice.one(&near);
    let templates = ["/metadata", "/spec/template/metadata", "/spec/jobTemplate/spec/template/metadata"];
    let labels = templates.iter().rev().find_map(|path| pod.pointer(&format!("{path}/labels"))?.as_object());
    let labels = labels.into_iter().flatten().filter(|(key, _)| KEYS.contains(&key.as_str()));
    let labels: Vec<(&String, &Value)> = labels.collect();
    if labels.is_empty() {
        return;
    }
    let (key, value) = dice.one(&labels);
    for path in ["/selector/matchLabels", "/podSelector/matchLabels", "/workloadSelector/labels"] {
        if let Some(selector) = object["spec"].pointer_mut(path).filter(|selector| **selector != json!({})) {
            *selector = json!({key: value});
        }
    }
    if object["kind"] == "Service" && object["spec"]["selector"].is_object() {
        object["spec"]["selector"] = json!({key: value});
    }
}

fn namespace_object(dice: &mut Dice, name: &str) -> Value {
    let mut labels = labels(dice);
    let injection: &[(&str, &str)] = match dice.below(10) {
        0..=5 => &[("istio-injection", "enabled")],
        6 => &[("istio-injection", "disabled")],
        7 => &[("istio.io/rev", "default")],
        8 => &[("istio.io/rev", "canary")],
        _ => &[],
    };
    for (key, value) in injection {
        labels.insert((*key).to_owned(), json!(value));
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

fn workload(dice: &mut Dice, namespaces: &[&str], at: usize) -> Value {
    let inject = |dice: &mut Dice| dice.one(&["true", "false", "True", "yes", "no", ""]);
    let mut labels = labels(dice);
    let mut annotations = Map::new();
    if dice.percent(12) {
        labels.insert("sidecar.istio.io/inject".into(), json!(inject(dice)));
    }
    if dice.percent(5) {
        labels.insert("istio.io/rev".into(), json!(dice.one(&["default", "canary"])));
    }
    if dice.percent(8) {
        annotations.insert("sidecar.istio.io/inject".into(), json!(inject(dice)));
    }
    if dice.percent(10) {
        let ports = dice.one(&["80", "81, 8080", ""]);
        annotations.insert("traffic.sidecar.istio.io/excludeInboundPorts".into(), json!(ports));
    }
    if dice.percent(6) {
        let ports = dice.one(&["80", "80,81", "", "*"]);
        annotations.insert("traffic.sidecar.istio.io/includeInboundPorts".into(), json!(ports));
    }
    if dice.percent(2) {
        annotations.insert("sidecar.istio.io/interceptionMode".into(), json!("NONE"));
    }
    let mut spec = json!({"containers": [{"name": "c", "image": "i"}]});
    let ports = dice.some(3, container_port);
    optional(dice, &mut spec["containers"][0], "ports", ports);
    if dice.percent(80) {
        spec["serviceAccountName"] = json!(dice.one(ACCOUNTS));
    }
    if dice.percent(5) {
        spec["hostNetwork"] = json!(true);
    }
    let template = json!({"metadata": {"labels": labels, "annotations": annotations}, "spec": spec});
    let metadata = json!({"name": format!("p{at}"), "namespace": dice.one(namespaces)});
    let (version, kind) = dice.one(&[
        ("v1", "Pod"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("apps/v1", "DaemonSet"),
        ("batch/v1", "Job"),
        ("batch/v1", "CronJob"),
    ]);
    match kind {
        "Pod" => {
            let mut pod =
                json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": template["spec"]});
            pod["metadata"]["labels"] = template["metadata"]["labels"].clone();
            pod["metadata"]["annotations"] = template["metadata"]["annotations"].clone();
            pod
        }
        "CronJob" => {
            let job = json!({"schedule": "@daily", "jobTemplate": {"spec": {"template": template}}});
            json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": job})
        }
        _ => json!({"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {
            "selector": {"matchLabels": template["metadata"]["labels"]}, "template": template}}),
    }
}

fn container_port(dice: &mut Dice) -> Value {
    let mut port = json!({"containerPort": dice.one(NUMBERS)});
    if dice.percent(70) {
        port["name"] = json!(dice.one(PORT_NAMES));
    }
    if dice.percent(40) {
        port["protocol"] = json!(dice.one(PROTOCOLS));
    }
    port
}

fn service(dice: &mut Dice) -> (&'static str, &'static str, Value) {
    let mut names = ["http", "tcp", "tcp-x", "grpc-a", "HTTP2", "x", "mysql", "https"];
    dice.shuffle(&mut names);
    let mut numbers = [80, 81, 25, 3306, 8080];
    dice.shuffle(&mut numbers);
    let count = 1 + dice.below(3);
    let ports: Vec<Value> = (0..count)
        .map(|at| {
            let mut port = json!({"port": numbers[at]});
            // One port may go without a name; of several each has its own, or the API server refuses them.
            if count > 1 || dice.percent(70) {
                port["name"] = json!(names[at]);
            }
            if dice.percent(15) {
                port["appProtocol"] = json!(dice.one(&["http", "tcp", "kubernetes.io/h2c", "x"]));
            }
            if dice.percent(60) {
                port["targetPort"] =
                    dice.one(&[json!(80), json!(81), json!(8080), json!("web"), json!("alt")]);
            }
            if dice.percent(10) {
                port["protocol"] = json!(dice.one(&["UDP", "TCP"]));
            }
            port
        })
        .collect();
    let mut spec = json!({"ports": ports});
    if dice.percent(90) {
        spec["selector"] = Value::Object(selector_labels(dice));
    }
    if dice.percent(10) {
        spec["clusterIP"] = json!(dice.one(&["10.1.2.3", "None"]));
    }
    ("v1", "Service", spec)
}

fn request_authentication(dice: &mut Dice) -> Value {
    let mut spec = json!({});
    policy::istio_selector(dice, &mut spec);
    let rules = dice.some(2, |dice| json!({"issuer": dice.one(&["id", "id", "other"])}));
    optional(dice, &mut spec, "jwtRules", rules);
    spec
}

fn sidecar(dice: &mut Dice) -> Value {
    let mut spec = json!({});
    if dice.percent(50) {
        spec["workloadSelector"] = json!({"labels": selector_labels(dice)});
    }
    if dice.percent(50) {
        spec["outboundTrafficPolicy"] =
            dice.one(&[json!({}), json!({"mode": "ALLOW_ANY"}), json!({"mode": "REGISTRY_ONLY"})]);
    }
    let ingress = dice.some(2, |dice| {
        let port =
            json!({"number": dice.one(NUMBERS), "protocol": dice.one(&["HTTP", "TCP", "X"]), "name": "x"});
        json!({"port": port, "defaultEndpoint": "127.0.0.1:80"})
    });
    optional(dice, &mut spec, "ingress", ingress);
    if dice.percent(40) {
        let hosts =
            ["./*", "*/*", "~/*", "shop/*", "*/a.shop.svc.cluster.local", "./*.svc.cluster.local", "*/*.b"];
        let hosts: Vec<&str> = (0..=dice.below(2)).map(|_| dice.one(&hosts)).collect();
        spec["egress"] = json!([{"hosts": hosts}]);
    }
    spec
}

fn service_entry(dice: &mut Dice) -> Value {
    json!({
        "hosts": [dice.one(&["a.b", "*.b", "c"])],
        "addresses": dice.some(1, |dice| json!(dice.one(&["198.51.100.0/24", "192.0.2.1"]))),
        "ports": [{"number": dice.one(NUMBERS), "name": "x", "protocol": "TCP"}],
        "exportTo": dice.some(1, |dice| json!(dice.one(&[".", "*", "shop"]))),
    })
}

fn foreign(dice: &mut Dice) -> (&'static str, &'static str, Value) {
    let (version, kind) = dice.one(&[
        ("networking.istio.io/v1alpha3", "EnvoyFilter"),
        ("extensions.istio.io/v1alpha1", "WasmPlugin"),
        ("cilium.io/v2", "CiliumNetworkPolicy"),
    ]);
    (version, kind, json!({}))
}

fn mesh_config(dice: &mut Dice) -> Value {
    let mut mesh = json!({"extensionProviders": [
        {"name": "web", "envoyExtAuthzHttp": {"service": "a.b", "port": 80}},
        {"name": "rpc", "envoyExtAuthzGrpc": {"service": "a.b", "port": 80}},
    ]});
    if dice.percent(30) {
        mesh["trustDomain"] = json!("td1");
        mesh["trustDomainAliases"] = dice.one(&[json!([]), json!(["td0"]), json!(["cluster.local"])]);
    }
    if dice.percent(40) {
        let option = dice.one(&["DEFAULT", "NONE", "BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"]);
        mesh["pathNormalization"] = json!({"normalization": option});
    }
    if dice.percent(30) {
        mesh["outboundTrafficPolicy"] = json!({"mode": dice.one(&["ALLOW_ANY", "REGISTRY_ONLY"])});
    }
    if dice.percent(15) {
        mesh["rootNamespace"] = json!(dice.one(&["shop", "istio-system"]));
    }
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": mesh.to_string()}})
}
