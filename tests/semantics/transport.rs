//! T01 to T14: who has a proxy, what a port is, and what becomes of each kind of client.

use crate::{
    manifests::{
        OPEN, ask, authorization_policy, bare, meshed, namespace, object, peer_authentication, pod, pod_with,
        service, sidecar, verdict,
    },
    naive::{
        Chain, Client, Cluster, Layer, Protocol, Question, Source, Verdict,
        injection::{is_captured, is_injected},
        pattern::Truth,
        transport::{Arrival, Mode, PortProtocol, arrive, protocols},
    },
};

/// The transport table, cell by cell. `H` and `T` are the chains, `+` with the mesh's identity and `-` without; `x` a
/// reset or a failed handshake, `400` a protocol error, `app` TLS bytes that the application gets unread.
const TABLE: &str = "
                    STRICT            PERMISSIVE        DISABLE
                    http  tcp   auto  http  tcp   auto  http  tcp   auto
    MeshHttp        H+    T+    H+    H+    T+    H+    400   app   app
    MeshTcp         H+    T+    T+    H+    T+    T+    400   app   app
    MeshOtherAlpn   H+    T+    T+    x     app   app   400   app   app
    Tls             x     x     x     x     app   app   400   app   app
    TlsForgedAlpn   x     x     x     x     x     x     400   app   app
    PlaintextHttp   x     x     x     H-    T-    H-    H-    T-    H-
    PlaintextBytes  x     x     x     400   T-    T-    400   T-    T-
";

#[test]
fn each_of_the_63_cells_is_as_measured() {
    let rows = TABLE.lines().skip(3).filter(|line| !line.trim().is_empty());
    for (client, row) in Client::ALL.into_iter().zip(rows) {
        let mut cells = row.split_whitespace();
        assert_eq!(
            cells.next(),
            Some(format!("{client:?}").as_str()),
            "the rows are in the order of the kinds"
        );
        for mode in [Mode::Strict, Mode::Permissive, Mode::Disable] {
            for protocol in [PortProtocol::Http, PortProtocol::Tcp, PortProtocol::Auto] {
                let cell = match arrive(mode, protocol, client) {
                    Arrival::Http { is_mutual: true } => "H+",
                    Arrival::Http { is_mutual: false } => "H-",
                    Arrival::Tcp { is_mutual: true } => "T+",
                    Arrival::Tcp { is_mutual: false } => "T-",
                    Arrival::Bytes => "app",
                    Arrival::BadRequest => "400",
                    Arrival::Refused => "x",
                };
                assert_eq!(cells.next(), Some(cell), "{client:?} {mode:?} {protocol:?}");
            }
        }
        assert_eq!(cells.next(), None);
    }
}

/// `shop/web` and `shop/cart` in the mesh, a Service port 8080 of a name, and a mode for the namespace.
fn with(mode: &str, port: &str) -> Vec<String> {
    vec![
        meshed("shop"),
        bare("ops"),
        pod("ops/tool"),
        pod("shop/web"),
        pod("shop/cart"),
        service("shop/cart", &format!("[{{name: {port}, port: 8080}}]")),
        peer_authentication("shop/default", &format!("{{mtls: {{mode: {mode}}}}}")),
    ]
}

/// The chain and the identity's account that a client is taken with; the layer where it is refused.
fn taken(all: &[String], question: Question) -> Result<(Chain, Option<String>), Layer> {
    let answer = ask(all, question);
    match answer.verdict {
        Verdict::Allowed => Ok((answer.chain, answer.identity)),
        Verdict::Denied | Verdict::Unknown => Err(answer.layer),
    }
}

fn by(client: Client) -> Question {
    Question::new("shop/web", "shop/cart", 8080).get("/").by(client)
}

#[allow(clippy::unnecessary_wraps, reason = "it is what an answer holds")]
fn web() -> Option<String> {
    Some("cluster.local/ns/shop/sa/web".to_owned())
}

#[test]
fn t01_strict_http_takes_the_meshs_certificate_and_nothing_else() {
    let all = with("STRICT", "http");
    assert_eq!(taken(&all, by(Client::MeshHttp)), Ok((Chain::Http, web())));
    assert_eq!(taken(&all, by(Client::MeshOtherAlpn)), Ok((Chain::Http, web())));
    for client in [Client::PlaintextHttp, Client::Tls, Client::TlsForgedAlpn] {
        assert_eq!(taken(&all, by(client)), Err(Layer::Transport), "{client:?}");
    }
}

#[test]
fn t02_permissive_http_takes_plaintext_and_resets_foreign_tls() {
    let all = with("PERMISSIVE", "http");
    assert_eq!(taken(&all, by(Client::PlaintextHttp)), Ok((Chain::Http, None)));
    assert_eq!(taken(&all, by(Client::Tls)), Err(Layer::Transport));
    assert_eq!(taken(&all, by(Client::MeshOtherAlpn)), Err(Layer::Transport));
}

#[test]
fn t03_permissive_tcp_hands_foreign_tls_to_the_application() {
    let all = with("PERMISSIVE", "tcp");
    assert_eq!(taken(&all, by(Client::Tls)), Ok((Chain::App, None)));
    assert_eq!(taken(&all, by(Client::PlaintextBytes)), Ok((Chain::Tcp, None)));
    assert_eq!(taken(&all, by(Client::TlsForgedAlpn)), Err(Layer::Transport));
}

#[test]
fn t03_tls_that_is_handed_on_still_meets_the_policies_without_an_identity() {
    let only_shop = authorization_policy("shop/p", "{rules: [{from: [{source: {namespaces: [shop]}}]}]}");
    let all = [with("PERMISSIVE", "tcp"), vec![only_shop]].concat();
    assert_eq!(taken(&all, by(Client::Tls)), Err(Layer::Allow));
    assert_eq!(taken(&all, by(Client::MeshTcp)), Ok((Chain::Tcp, web())));
}

#[test]
fn t04_disable_terminates_nothing() {
    assert_eq!(taken(&with("DISABLE", "http"), by(Client::MeshHttp)), Err(Layer::Codec));
    assert_eq!(taken(&with("DISABLE", "tcp"), by(Client::MeshTcp)), Ok((Chain::App, None)));
    assert_eq!(taken(&with("DISABLE", "http"), by(Client::PlaintextHttp)), Ok((Chain::Http, None)));
}

#[test]
fn t05_an_undeclared_protocol_under_strict_goes_by_the_alpn() {
    let all = with("STRICT", "x");
    assert_eq!(taken(&all, by(Client::MeshHttp)), Ok((Chain::Http, web())));
    assert_eq!(taken(&all, by(Client::MeshTcp)), Ok((Chain::Tcp, web())));
    assert_eq!(taken(&all, by(Client::MeshOtherAlpn)), Ok((Chain::Tcp, web())));
}

#[test]
fn t06_a_port_of_no_service_is_auto_detected_and_meets_every_policy() {
    let get_a = authorization_policy("shop/p", "{rules: [{to: [{operation: {paths: [/a]}}]}]}");
    let all = [with("STRICT", "http"), vec![get_a]].concat();
    let on =
        |client, path: &str| taken(&all, Question::new("shop/web", "shop/cart", 9999).get(path).by(client));
    assert_eq!(on(Client::MeshHttp, "/a"), Ok((Chain::Http, web())));
    assert_eq!(on(Client::MeshHttp, "/b"), Err(Layer::Allow));
    assert_eq!(on(Client::MeshTcp, "/a"), Err(Layer::Allow));
    assert_eq!(on(Client::PlaintextHttp, "/a"), Err(Layer::Transport));
}

/// What the pod `shop/cart` takes its port 8080 for, behind Service ports.
fn taken_for(ports: &str) -> Vec<PortProtocol> {
    let cluster = Cluster::read(&[meshed("shop"), pod("shop/cart"), service("shop/cart", ports)].concat());
    protocols(&cluster, &cluster.pod("shop/cart"), 8080)
}

#[test]
fn t07_the_protocol_is_the_app_protocol_or_the_names_first_word() {
    use PortProtocol::{Auto, Http, Tcp};
    for (port, expected) in [
        ("name: http", Http),
        ("name: http-web", Http),
        ("name: HTTP2-x", Http),
        ("name: http_proxy", Http),
        ("name: grpc-web-x", Http),
        ("name: grpc", Http),
        ("name: tcp", Tcp),
        ("name: https", Tcp),
        ("name: tls-x", Tcp),
        ("name: mongo", Tcp),
        ("name: redis", Tcp),
        ("name: mysql", Tcp),
        ("name: web", Auto),
        ("name: httpx", Auto),
        ("name: web-http", Auto),
        ("name: ''", Auto),
        ("name: tcp, appProtocol: http", Http),
        ("name: http, appProtocol: tcp", Tcp),
        ("name: http, appProtocol: example.com/mine", Auto),
        ("name: tcp, appProtocol: kubernetes.io/h2c", Http),
        ("name: tcp, appProtocol: kubernetes.io/ws", Auto),
    ] {
        assert_eq!(taken_for(&format!("[{{port: 8080, {port}}}]")), [expected], "{port}");
    }
}

#[test]
fn t07_a_few_service_ports_without_a_protocol_are_tcp() {
    for port in [25, 53, 3306, 27017] {
        assert_eq!(taken_for(&format!("[{{port: {port}, targetPort: 8080, name: x}}]")), [PortProtocol::Tcp]);
    }
    // The Service's port counts, not the pod's.
    assert_eq!(taken_for("[{port: 80, targetPort: 8080, name: x}]"), [PortProtocol::Auto]);
}

#[test]
fn t07_a_target_port_leads_by_number_by_name_or_by_default() {
    let named = pod_with(
        "shop/cart",
        "labels: {app: cart}",
        "containers: [{ports: [{name: web, containerPort: 8080}, {name: web, containerPort: 53, protocol: UDP}]}]",
    );
    for (port, expected) in [
        ("{port: 8080, name: http}", PortProtocol::Http),
        ("{port: 80, targetPort: 8080, name: http}", PortProtocol::Http),
        ("{port: 80, targetPort: web, name: http}", PortProtocol::Http),
        ("{port: 80, targetPort: grpc, name: http}", PortProtocol::Auto),
        ("{port: 80, name: http}", PortProtocol::Auto),
    ] {
        let cluster = Cluster::read(
            &[meshed("shop"), named.clone(), service("shop/cart", &format!("[{port}]"))].concat(),
        );
        assert_eq!(protocols(&cluster, &cluster.pod("shop/cart"), 8080), [expected], "{port}");
    }
}

#[test]
fn t07_the_first_port_of_one_service_wins_and_a_udp_port_makes_tcp() {
    let both = "[{port: 80, targetPort: 8080, name: tcp}, {port: 81, targetPort: 8080, name: http}]";
    assert_eq!(taken_for(both), [PortProtocol::Tcp]);
    // HTTP/3 beside HTTP/2: the UDP port comes first, and the TCP port behind it is no longer HTTP.
    let quic = "[{port: 443, targetPort: 8080, name: quic, protocol: UDP}, {port: 443, targetPort: 8080, name: http}]";
    assert_eq!(taken_for(quic), [PortProtocol::Tcp]);
}

#[test]
fn t07_two_services_that_disagree_on_one_pod_port_tie_unless_their_age_is_written() {
    let other = |age: &str| {
        object(
            "v1",
            "Service",
            "shop/other",
            age,
            "spec: {selector: {app: cart}, ports: [{port: 8080, name: http}]}",
        )
    };
    let with_age = |tcp: &str, http: &str| {
        let tcp = object(
            "v1",
            "Service",
            "shop/a",
            tcp,
            "spec: {selector: {app: cart}, ports: [{port: 8080, name: tcp}]}",
        );
        let cluster = Cluster::read(&[meshed("shop"), pod("shop/cart"), tcp, other(http)].concat());
        protocols(&cluster, &cluster.pod("shop/cart"), 8080)
    };
    assert_eq!(with_age("", ""), [PortProtocol::Http, PortProtocol::Tcp]);
    let (early, late) =
        ("creationTimestamp: \"2024-01-01T00:00:00Z\"", "creationTimestamp: \"2024-01-02T00:00:00Z\"");
    assert_eq!(with_age(early, late), [PortProtocol::Tcp]);
    assert_eq!(with_age(late, early), [PortProtocol::Http]);
    assert_eq!(with_age(early, early), [PortProtocol::Tcp]);
    // The tie shows only where it changes the verdict.
    let all = |mode| {
        let services = [with(mode, "tcp"), vec![other("")]].concat();
        [Client::MeshTcp, Client::Tls].map(|client| verdict(&services, by(client)).0)
    };
    assert_eq!(all("STRICT"), [Verdict::Allowed, Verdict::Denied]);
    assert_eq!(all("PERMISSIVE"), [Verdict::Allowed, Verdict::Unknown]);
}

#[test]
fn t07_only_services_of_the_pods_namespace_that_select_it_count() {
    let ports = "ports: [{port: 8080, name: tcp}]";
    for service in [
        object("v1", "Service", "other/cart", "", &format!("spec: {{selector: {{app: cart}}, {ports}}}")),
        object("v1", "Service", "shop/cart", "", &format!("spec: {{selector: {{app: web}}, {ports}}}")),
        object("v1", "Service", "shop/cart", "", &format!("spec: {{{ports}}}")),
        object("v1", "Service", "shop/cart", "", &format!("spec: {{selector: {{}}, {ports}}}")),
    ] {
        let cluster = Cluster::read(&[meshed("shop"), pod("shop/cart"), service].concat());
        assert_eq!(protocols(&cluster, &cluster.pod("shop/cart"), 8080), [PortProtocol::Auto]);
    }
}

/// Whether a pod with such annotations has its port captured.
fn captured(annotations: &str, port: u16) -> Truth {
    let cluster =
        Cluster::read(&pod_with("shop/cart", &format!("annotations: {{{annotations}}}"), "containers: []"));
    is_captured(&cluster.pod("shop/cart"), port)
}

#[test]
fn t08_the_proxys_own_ports_are_never_captured() {
    for port in [15008, 15020, 15021, 15090] {
        assert_eq!(captured("", port), Truth::No);
    }
    assert_eq!([captured("", 15000), captured("", 8080)], [Truth::Yes, Truth::Yes]);
}

#[test]
fn t08_an_excluded_port_is_plaintext_without_any_policy() {
    let deny = authorization_policy("shop/p", "{}");
    let excluded = pod_with(
        "shop/cart",
        "labels: {app: cart}, annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9090, 9091\"}",
        "",
    );
    let all = [
        meshed("shop"),
        bare("ops"),
        pod("ops/tool"),
        excluded,
        peer_authentication("shop/d", "{mtls: {mode: STRICT}}"),
        deny,
    ];
    for port in [9090, 9091] {
        let answer = ask(&all, Question::new("ops/tool", "shop/cart", port));
        assert_eq!((answer.verdict, answer.chain, answer.identity), (Verdict::Allowed, Chain::App, None));
    }
    assert_eq!(
        verdict(&all, Question::new("ops/tool", "shop/cart", 9092)),
        (Verdict::Denied, Layer::Transport)
    );
}

#[test]
fn t09_a_probe_of_the_kubelet_needs_no_policy() {
    // The kubelet asks the agent on 15020, which is not captured, and the node is always let in.
    let all = [with("STRICT", "http"), vec![authorization_policy("shop/p", "{}")]].concat();
    assert_eq!(verdict(&all, Question::new("node", "shop/cart", 15020).get("/app-health/cart/livez")), OPEN);
    // A probe that is not rewritten meets STRICT.
    assert_eq!(
        verdict(&all, Question::new("node", "shop/cart", 8080).get("/livez")),
        (Verdict::Denied, Layer::Transport)
    );
}

#[test]
fn t10_ports_of_a_sidecars_ingress_stand_in_for_those_of_services() {
    let ingress = sidecar(
        "shop/cart",
        "{workloadSelector: {labels: {app: cart}}, ingress: [{port: {number: 9080, protocol: HTTP, name: x}, defaultEndpoint: \"127.0.0.1:9080\"}]}",
    );
    let cluster = Cluster::read(&[with("STRICT", "tcp"), vec![ingress]].concat().concat());
    let of = |pod: &str, port| protocols(&cluster, &cluster.pod(pod), port);
    assert_eq!(of("shop/cart", 9080), [PortProtocol::Http]);
    assert_eq!(of("shop/cart", 8080), [PortProtocol::Auto]);
    assert_eq!(of("shop/web", 9080), [PortProtocol::Auto]);
}

#[test]
fn t10_a_listener_with_its_own_address_or_tls_is_not_modelled() {
    for own in ["captureMode: NONE", "bind: 10.0.0.1", "tls: {mode: SIMPLE, credentialName: x}"] {
        let ingress = sidecar(
            "shop/default",
            &format!("{{ingress: [{{port: {{number: 8080, protocol: HTTP, name: x}}, {own}}}]}}"),
        );
        let all = [with("STRICT", "http"), vec![ingress]].concat();
        assert_eq!(verdict(&all, by(Client::PlaintextHttp)).0, Verdict::Unknown, "{own}");
        let other = Question::new("shop/web", "shop/cart", 8081).get("/");
        assert_eq!(verdict(&all, other), (Verdict::Denied, Layer::Transport), "{own}");
    }
}

/// Whether a pod with such labels and annotations, in a namespace with such labels, gets a sidecar.
fn injected(of: &str, labels: &str, annotations: &str) -> Truth {
    let pod = pod_with("shop/cart", &format!("labels: {{{labels}}}, annotations: {{{annotations}}}"), "");
    let cluster = Cluster::read(&[namespace("shop", of), pod].concat());
    is_injected(&cluster, &cluster.pod("shop/cart"))
}

const INJECT: &str = "sidecar.istio.io/inject";

#[test]
fn t11_a_namespace_that_is_enabled_injects_all_but_those_who_say_no() {
    let enabled = "{istio-injection: enabled}";
    assert_eq!(injected(enabled, "", ""), Truth::Yes);
    for yes in ["true", "\"True\"", "yes", "y", "\"ON\"", "\"\""] {
        let quoted =
            format!("{INJECT}: {}", if yes.starts_with('"') { yes.to_owned() } else { format!("\"{yes}\"") });
        assert_eq!(injected(enabled, &quoted, ""), Truth::Yes, "{yes}");
    }
    for no in ["false", "False", "no", "0", "disabled"] {
        assert_eq!(injected(enabled, &format!("{INJECT}: \"{no}\""), ""), Truth::No, "{no}");
        assert_eq!(injected(enabled, "", &format!("{INJECT}: \"{no}\"")), Truth::No, "{no}");
    }
}

#[test]
fn t11_from_1_27_on_only_true_and_false_decide() {
    let says = |release, word: &str| {
        let pod = pod_with("shop/cart", &format!("labels: {{{INJECT}: \"{word}\"}}"), "");
        let mut cluster = Cluster::read(&[namespace("shop", "{istio-injection: enabled}"), pod].concat());
        cluster.release = release;
        is_injected(&cluster, &cluster.pod("shop/cart"))
    };
    for (word, before) in
        [("no", Truth::No), ("False", Truth::No), ("True", Truth::Yes), ("false", Truth::No)]
    {
        assert_eq!(says((26, 9), word), before, "{word}");
    }
    for (word, since) in
        [("no", Truth::Yes), ("False", Truth::Yes), ("True", Truth::Yes), ("false", Truth::No)]
    {
        assert_eq!(says((27, 0), word), since, "{word}");
    }
}

#[test]
fn t11_the_label_beats_the_annotation() {
    let enabled = "{istio-injection: enabled}";
    assert_eq!(
        injected(enabled, &format!("{INJECT}: \"true\""), &format!("{INJECT}: \"false\"")),
        Truth::Yes
    );
    assert_eq!(injected(enabled, &format!("{INJECT}: \"false\""), &format!("{INJECT}: \"true\"")), Truth::No);
}

#[test]
fn t11_any_other_value_of_istio_injection_never_injects() {
    for value in ["disabled", "\"true\"", "Enabled", "\"\""] {
        let of = format!("{{istio-injection: {value}}}");
        assert_eq!(injected(&of, &format!("{INJECT}: \"true\""), ""), Truth::No, "{value}");
    }
    assert_eq!(injected("{istio-injection: disabled, istio.io/rev: default}", "", ""), Truth::No);
}

#[test]
fn t11_a_revision_counts_if_it_is_installed_and_istio_injection_comes_first() {
    assert_eq!(injected("{istio.io/rev: default}", "", ""), Truth::Yes);
    assert_eq!(injected("{istio.io/rev: default}", &format!("{INJECT}: \"false\""), ""), Truth::No);
    assert_eq!(injected("{istio.io/rev: canary}", "", ""), Truth::No);
    assert_eq!(injected("{istio.io/rev: canary, istio-injection: enabled}", "", ""), Truth::Yes);
}

#[test]
fn t11_in_a_namespace_without_labels_only_the_pods_label_asks() {
    assert_eq!(injected("{}", "", ""), Truth::No);
    assert_eq!(injected("{}", &format!("{INJECT}: \"true\""), ""), Truth::Yes);
    // The webhook compares the label as it stands: "yes" would be a yes, and is never asked.
    assert_eq!(injected("{}", &format!("{INJECT}: \"yes\""), ""), Truth::No);
    assert_eq!(injected("{}", "", &format!("{INJECT}: \"true\"")), Truth::No);
    assert_eq!(injected("{}", "istio.io/rev: default", ""), Truth::Yes);
    assert_eq!(injected("{}", "istio.io/rev: default", &format!("{INJECT}: \"false\"")), Truth::No);
    assert_eq!(injected("{}", &format!("istio.io/rev: canary, {INJECT}: \"true\""), ""), Truth::No);
}

#[test]
fn t11_the_host_network_and_system_namespaces_never_inject() {
    let host = pod_with("shop/cart", &format!("labels: {{{INJECT}: \"true\"}}"), "hostNetwork: true");
    let system = pod_with("kube-system/dns", &format!("labels: {{{INJECT}: \"true\"}}"), "");
    let cluster = Cluster::read(&[meshed("shop"), meshed("kube-system"), host, system].concat());
    assert_eq!(is_injected(&cluster, &cluster.pod("shop/cart")), Truth::No);
    assert_eq!(is_injected(&cluster, &cluster.pod("kube-system/dns")), Truth::No);
}

#[test]
fn t11_a_namespace_that_is_not_there_leaves_injection_open_unless_the_pod_decides() {
    let of = |labels: &str, spec: &str| {
        let cluster = Cluster::read(&pod_with("shop/cart", &format!("labels: {{{labels}}}"), spec));
        is_injected(&cluster, &cluster.pod("shop/cart"))
    };
    assert_eq!(of("", ""), Truth::Maybe);
    assert_eq!(of(&format!("{INJECT}: \"true\""), ""), Truth::Maybe);
    assert_eq!(of(&format!("{INJECT}: \"false\""), ""), Truth::No);
    assert_eq!(of("", "hostNetwork: true"), Truth::No);
}

#[test]
fn t11_an_open_injection_leaves_open_what_depends_on_it() {
    let all: Vec<String> =
        with("STRICT", "http").into_iter().filter(|text| *text != meshed("shop")).collect();
    let outside = Question::new("ops/tool", "shop/cart", 8080).get("/");
    assert_eq!(verdict(&all, outside), (Verdict::Unknown, Layer::Transport));
    assert_eq!(verdict(&all, by(Client::MeshHttp)), (Verdict::Unknown, Layer::Client));
    // Where every reading agrees, the answer is definite.
    let open: Vec<String> =
        with("PERMISSIVE", "http").into_iter().filter(|text| *text != meshed("shop")).collect();
    assert_eq!(verdict(&open, Question::new("ops/tool", "shop/cart", 8080).get("/")), OPEN);
}

#[test]
fn t12_included_ports_are_all_that_is_captured() {
    let include = "traffic.sidecar.istio.io/includeInboundPorts";
    assert_eq!(captured(&format!("{include}: \"8080,8443\""), 8443), Truth::Yes);
    assert_eq!(captured(&format!("{include}: \"8080\""), 9090), Truth::No);
    assert_eq!(captured(&format!("{include}: \"\""), 8080), Truth::No);
    assert_eq!(captured(&format!("{include}: \"*\""), 8080), Truth::Yes);
    assert_eq!(
        captured(&format!("{include}: \"*\", traffic.sidecar.istio.io/excludeInboundPorts: \"8080\""), 8080),
        Truth::No
    );
    // With a list there is nothing to exclude from.
    assert_eq!(
        captured(
            &format!("{include}: \"8080\", traffic.sidecar.istio.io/excludeInboundPorts: \"8080\""),
            8080
        ),
        Truth::Yes
    );
}

#[test]
fn t12_the_status_port_moves() {
    let moved = "status.sidecar.istio.io/port: \"15099\"";
    assert_eq!([captured(moved, 15099), captured(moved, 15020)], [Truth::No, Truth::Yes]);
}

#[test]
fn t12_capture_that_is_not_modelled_is_open() {
    for annotation in [
        "sidecar.istio.io/interceptionMode: NONE",
        "traffic.sidecar.istio.io/excludeInterfaces: eth1",
        "proxy.istio.io/config: \"{interceptionMode: NONE}\"",
        "inject.istio.io/templates: gateway",
    ] {
        assert_eq!(captured(annotation, 8080), Truth::Maybe, "{annotation}");
        assert_eq!(captured(annotation, 15090), Truth::No, "{annotation}");
    }
    assert_eq!(captured("sidecar.istio.io/interceptionMode: TPROXY", 8080), Truth::Yes);
    assert_eq!(
        captured("proxy.istio.io/config: \"{holdApplicationUntilProxyStarts: true}\"", 8080),
        Truth::Yes
    );
}

#[test]
fn t12_udp_and_sctp_meet_no_proxy() {
    let all = [with("STRICT", "http"), vec![authorization_policy("shop/p", "{}")]].concat();
    for protocol in [Protocol::Udp, Protocol::Sctp] {
        assert_eq!(verdict(&all, Question::new("ops/tool", "shop/cart", 8080).over(protocol)), OPEN);
    }
}

#[test]
fn t13_the_proxys_inbound_port_is_a_black_hole() {
    for client in Client::ALL {
        let question = Question::new("shop/web", "shop/cart", 15006).get("/").by(client);
        assert_eq!(
            verdict(&with("DISABLE", "http"), question),
            (Verdict::Denied, Layer::Transport),
            "{client:?}"
        );
    }
    assert_eq!(verdict(&with("STRICT", "http"), Question::new("shop/web", "ops/tool", 15006)), OPEN);
}

#[test]
fn t14_on_an_undeclared_port_the_client_chooses_the_chain() {
    let no_deletes =
        authorization_policy("shop/p", "{action: DENY, rules: [{to: [{operation: {methods: [DELETE]}}]}]}");
    let all = [with("PERMISSIVE", "x"), vec![no_deletes]].concat();
    let chain = |client| ask(&all, by(client)).chain;
    assert_eq!(chain(Client::PlaintextHttp), Chain::Http);
    assert_eq!(chain(Client::PlaintextBytes), Chain::Tcp);
    assert_eq!(chain(Client::MeshHttp), Chain::Http);
    assert_eq!(chain(Client::MeshTcp), Chain::Tcp);
    // On the TCP chain a DENY by method denies everything, so the choice gains nothing here (AP17, AP18).
    assert_eq!(verdict(&all, by(Client::PlaintextHttp)), OPEN);
    assert_eq!(verdict(&all, by(Client::PlaintextBytes)), (Verdict::Denied, Layer::Deny));
}

#[test]
fn only_who_has_a_certificate_is_a_mesh_client() {
    let all = with("STRICT", "http");
    let from =
        |source: &str| verdict(&all, Question::new(source, "shop/cart", 8080).get("/").by(Client::MeshHttp));
    for source in ["ops/tool", "203.0.113.7", "node"] {
        assert_eq!(from(source), (Verdict::Denied, Layer::Client), "{source}");
    }
    assert_eq!(from("shop/web"), OPEN);
    // A token for istiod is as good as a sidecar.
    let token =
        "volumes: [{name: t, projected: {sources: [{serviceAccountToken: {audience: istio-ca, path: t}}]}}]";
    let all = [all.clone(), vec![pod_with("ops/sneak", "", token)]].concat();
    assert_eq!(
        verdict(&all, Question::new("ops/sneak", "shop/cart", 8080).get("/").by(Client::MeshHttp)),
        OPEN
    );
    for (is_meshed, expected) in [(true, OPEN), (false, (Verdict::Denied, Layer::Client))] {
        let question = by(Client::MeshHttp).from(Source::stranger("ops", is_meshed));
        assert_eq!(verdict(&all, question), expected);
    }
}
