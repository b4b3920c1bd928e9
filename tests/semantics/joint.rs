//! J01 to J20, and the worked cases of the joint verdict.

use crate::{
    manifests::{
        OPEN, ask, authorization_policy, bare, meshed, network_policy, object, peer_authentication, pod,
        pod_with, service, sidecar, verdict,
    },
    naive::{
        Chain, Client, Cluster, Layer, Protocol, Question, Source, Verdict,
        client::{Reach, adversarial, cooperative},
    },
};

const CLOSED_IN: (Verdict, Layer) = (Verdict::Denied, Layer::Ingress);

/// `a/client` outside the mesh, `shop/web` and `shop/cart` in it, cart's 8080 as HTTP, and more.
fn mesh(mtls: &str, more: &[String]) -> Vec<String> {
    let base = vec![
        bare("a"),
        meshed("shop"),
        pod("a/client"),
        pod("shop/web"),
        pod("shop/cart"),
        service("shop/cart", "[{name: http, port: 80, targetPort: 8080}]"),
        peer_authentication("istio-system/default", &format!("{{mtls: {{mode: {mtls}}}}}")),
    ];
    [base, more.to_vec()].concat()
}

fn client() -> Question {
    Question::new("a/client", "shop/cart", 8080).get("/")
}

fn web() -> Question {
    Question::new("shop/web", "shop/cart", 8080).get("/")
}

/// What an adversary at the question's source reaches.
fn reach(manifests: &[String], question: &Question) -> Reach {
    adversarial(&Cluster::read(&manifests.concat()), question)
}

/// The layer at which each kind that the source can send is closed; the source's position is no layer.
fn closing(reach: &Reach) -> Vec<Layer> {
    assert_eq!(reach.verdict, Verdict::Denied);
    let mut layers: Vec<Layer> = reach
        .answers
        .iter()
        .map(|(_, answer)| answer.layer)
        .filter(|layer| *layer != Layer::Client)
        .collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}

fn proxied(manifests: &[String], mesh: &str, question: &Question) -> (Verdict, Layer) {
    let cluster = Cluster::read(&manifests.concat());
    let answer = cooperative(&if mesh.is_empty() { cluster } else { cluster.with_mesh(mesh) }, question);
    (answer.verdict, answer.layer)
}

#[test]
fn j01_network_policy_sees_the_target_port_and_never_the_proxys() {
    let allow = |port: u16| {
        let spec = format!("{{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}");
        verdict(&mesh("STRICT", &[network_policy("shop/p", &spec)]), web().by(Client::MeshHttp))
    };
    assert_eq!([allow(8080), allow(80), allow(15006)], [OPEN, CLOSED_IN, CLOSED_IN]);
}

#[test]
fn j03_strict_refuses_a_source_outside_the_mesh_whatever_allow_says() {
    let allow = authorization_policy("shop/p", "{rules: [{}]}");
    assert_eq!(closing(&reach(&mesh("STRICT", &[allow]), &client())), [Layer::Transport]);
}

#[test]
fn j04_under_permissive_a_source_without_identity_matches_no_allow_and_every_negation() {
    let by = |source: &str| {
        authorization_policy("shop/p", &format!("{{rules: [{{from: [{{source: {{{source}}}}}]}}]}}"))
    };
    for source in ["namespaces: [a]", "principals: [\"cluster.local/ns/a/*\"]"] {
        assert_eq!(
            closing(&reach(&mesh("PERMISSIVE", &[by(source)]), &client())),
            [Layer::Transport, Layer::Codec, Layer::Allow]
        );
    }
    for source in ["notNamespaces: [a]", "notPrincipals: [\"cluster.local/ns/a/*\"]"] {
        assert_eq!(
            reach(&mesh("PERMISSIVE", &[by(source)]), &client()).anonymous,
            Verdict::Allowed,
            "{source}"
        );
    }
}

#[test]
fn j05_a_deny_by_namespace_misses_an_unmeshed_pod_of_that_namespace() {
    let deny =
        authorization_policy("shop/p", "{action: DENY, rules: [{from: [{source: {namespaces: [a]}}]}]}");
    let all = mesh("PERMISSIVE", &[deny]);
    assert_eq!(reach(&all, &client()).anonymous, Verdict::Allowed);
    // Nor does it hold one that is in the mesh: it leaves its proxy.
    let inside = client().from(Source::stranger("a", true));
    let reached = reach(&all, &inside);
    assert_eq!((reached.authenticated, reached.anonymous), (Verdict::Denied, Verdict::Allowed));
}

#[test]
fn j06_policies_on_a_pod_outside_the_mesh_protect_nothing() {
    let policies = [peer_authentication("a/p", "{mtls: {mode: STRICT}}"), authorization_policy("a/p", "{}")];
    let into = Question::new("shop/web", "a/client", 80).get("/");
    let reached = reach(&mesh("STRICT", &policies), &into);
    assert_eq!((reached.anonymous, reached.chains()), (Verdict::Allowed, vec![Chain::App]));
    let closed = network_policy("a/p", "{podSelector: {}}");
    assert_eq!(closing(&reach(&mesh("STRICT", &[closed]), &into)), [Layer::Ingress]);
}

#[test]
fn j07_a_rule_about_http_on_a_tcp_port_closes_everything() {
    let tcp = service("shop/cart", "[{name: tcp-web, port: 8080}]");
    let all = |policy: &str| {
        let base: Vec<String> =
            mesh("STRICT", &[]).into_iter().filter(|text| !text.contains("kind: Service,")).collect();
        [base, vec![tcp.clone(), authorization_policy("shop/p", policy)]].concat()
    };
    let allow = all("{rules: [{to: [{operation: {paths: [/]}}]}]}");
    let deny = all("{action: DENY, rules: [{to: [{operation: {methods: [DELETE]}}]}]}");
    assert_eq!(proxied(&allow, "", &web()), (Verdict::Denied, Layer::Allow));
    assert_eq!(proxied(&deny, "", &web()), (Verdict::Denied, Layer::Deny));
}

#[test]
fn j08_a_port_that_is_not_captured_is_open_in_plaintext_where_the_network_lets_in() {
    let excluded =
        pod_with("shop/metrics", "annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9090\"}", "");
    let at = |port: u16, policy: &str| {
        let all = mesh("STRICT", &[excluded.clone(), network_policy("shop/p", policy)]);
        reach(&all, &Question::new("a/client", "shop/metrics", port)).verdict
    };
    let all_ports = "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}";
    assert_eq!(
        [at(9090, all_ports), at(15090, all_ports), at(8080, all_ports)],
        [Verdict::Allowed, Verdict::Allowed, Verdict::Denied]
    );
    let one_port = "{podSelector: {}, ingress: [{ports: [{port: 8080}]}]}";
    assert_eq!([at(9090, one_port), at(15090, one_port)], [Verdict::Denied, Verdict::Denied]);
}

fn rule(called: &str, spec: &str) -> String {
    object("networking.istio.io/v1beta1", "DestinationRule", called, "", &format!("spec: {spec}"))
}

#[test]
fn j09_a_destination_rule_decides_how_a_proxy_calls() {
    let to_cart =
        |mode: &str| rule("shop/cart", &format!("{{host: cart, trafficPolicy: {{tls: {{mode: {mode}}}}}}}"));
    let calls = |server: &str, more: &[String]| proxied(&mesh(server, more), "", &web());
    assert_eq!(calls("STRICT", &[]), OPEN);
    assert_eq!(calls("STRICT", &[to_cart("ISTIO_MUTUAL")]), OPEN);
    assert_eq!(calls("STRICT", &[to_cart("DISABLE")]), (Verdict::Denied, Layer::Transport));
    assert_eq!(calls("STRICT", &[to_cart("SIMPLE")]), (Verdict::Denied, Layer::Transport));
    // Toward PERMISSIVE it works, and nobody is known.
    let all = Cluster::read(&mesh("PERMISSIVE", &[to_cart("DISABLE")]).concat());
    let answer = cooperative(&all, &web());
    assert_eq!((answer.verdict, answer.identity), (Verdict::Allowed, None));
    let of_namespace = authorization_policy("shop/p", "{rules: [{from: [{source: {namespaces: [shop]}}]}]}");
    assert_eq!(calls("PERMISSIVE", std::slice::from_ref(&of_namespace)), OPEN);
    assert_eq!(calls("PERMISSIVE", &[of_namespace, to_cart("DISABLE")]), (Verdict::Denied, Layer::Allow));
}

#[test]
fn j09_a_ports_settings_come_first_and_a_rule_without_tls_says_nothing() {
    let port = |number: u16| {
        let tls = "tls: {mode: DISABLE}";
        rule(
            "shop/cart",
            &format!(
                "{{host: cart.shop.svc.cluster.local, trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}, portLevelSettings: [{{port: {{number: {number}}}, {tls}}}]}}}}"
            ),
        )
    };
    // The key is the Service's port.
    assert_eq!(proxied(&mesh("STRICT", &[port(80)]), "", &web()).0, Verdict::Denied);
    assert_eq!(proxied(&mesh("STRICT", &[port(8080)]), "", &web()), OPEN);
    let silent = rule("shop/cart", "{host: cart, trafficPolicy: {loadBalancer: {simple: RANDOM}}}");
    assert_eq!(proxied(&mesh("STRICT", &[silent]), "", &web()), OPEN);
}

#[test]
fn j09_without_a_rule_a_proxy_does_as_the_ports_mode_says() {
    let disabled = peer_authentication(
        "shop/cart",
        "{selector: {matchLabels: {app: cart}}, portLevelMtls: {8080: {mode: DISABLE}}}",
    );
    let all = Cluster::read(&mesh("STRICT", &[disabled]).concat());
    let answer = cooperative(&all, &web());
    assert_eq!((answer.verdict, answer.identity), (Verdict::Allowed, None));
    // To a pod without a proxy: in the clear.
    let into = Question::new("shop/web", "a/client", 80).get("/");
    assert_eq!(proxied(&mesh("STRICT", &[service("a/client", "[{name: http, port: 80}]")]), "", &into), OPEN);
}

#[test]
fn j11_an_address_outside_is_plaintext_strict_resets_it_and_permissive_admits_it() {
    let exposed = object(
        "v1",
        "Service",
        "shop/lb",
        "",
        "spec: {type: LoadBalancer, selector: {app: cart}, ports: [{name: http, port: 80, targetPort: 8080}]}",
    );
    let from_outside = Question::new("203.0.113.7", "shop/cart", 8080).get("/");
    assert_eq!(
        closing(&reach(&mesh("STRICT", std::slice::from_ref(&exposed)), &from_outside)),
        [Layer::Transport]
    );
    assert_eq!(reach(&mesh("PERMISSIVE", &[exposed]), &from_outside).anonymous, Verdict::Allowed);
}

const REGISTRY_ONLY: &str = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}";

fn outside() -> Question {
    Question::new("shop/web", "203.0.113.7", 443).host("api.example.com")
}

fn entry(called: &str, rest: &str) -> String {
    object("networking.istio.io/v1beta1", "ServiceEntry", called, "", &format!("spec: {{{rest}}}"))
}

#[test]
fn j12_registry_only_binds_nobody_who_leaves_the_proxy() {
    let all = Cluster::read(&mesh("STRICT", &[]).concat()).with_mesh(REGISTRY_ONLY);
    assert_eq!(adversarial(&all, &outside()).verdict, Verdict::Allowed);
    let closed = mesh("STRICT", &[network_policy("shop/p", "{podSelector: {}, policyTypes: [Egress]}")]);
    let all = Cluster::read(&closed.concat()).with_mesh(REGISTRY_ONLY);
    assert_eq!(closing(&adversarial(&all, &outside())), [Layer::Egress]);
}

#[test]
fn j13_registry_only_lets_through_what_an_entry_names() {
    let host = "hosts: [api.example.com], ports: [{number: 443, name: tls, protocol: TLS}]";
    let other_port = "hosts: [api.example.com], ports: [{number: 80, name: http, protocol: HTTP}]";
    let wide = "hosts: [\"*.example.com\"], ports: [{number: 443, name: tls, protocol: TLS}]";
    let address =
        "hosts: [x.example], addresses: [203.0.113.0/24], ports: [{number: 443, name: tcp, protocol: TCP}]";
    let blocked = (Verdict::Denied, Layer::Client);
    let calls = |mesh_config: &str, more: &[String]| proxied(&mesh("STRICT", more), mesh_config, &outside());
    assert_eq!(calls("", &[]), OPEN);
    assert_eq!(calls(REGISTRY_ONLY, &[]), blocked);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("shop/e", host)]), OPEN);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("shop/e", other_port)]), blocked);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("shop/e", wide)]), OPEN);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("shop/e", address)]), OPEN);
    // Nobody said where to: every namespace sees it.
    assert_eq!(calls(REGISTRY_ONLY, &[entry("a/e", host)]), OPEN);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("a/e", &format!("exportTo: [\".\"], {host}"))]), blocked);
    assert_eq!(calls(REGISTRY_ONLY, &[entry("a/e", &format!("exportTo: [shop], {host}"))]), OPEN);
    // The name is allowed and the packets are dropped.
    let closed = network_policy("shop/p", "{podSelector: {}, policyTypes: [Egress]}");
    assert_eq!(calls(REGISTRY_ONLY, &[entry("shop/e", host), closed]), (Verdict::Denied, Layer::Egress));
}

#[test]
fn j13_one_sidecar_holds_and_what_it_does_not_say_the_mesh_says() {
    let any = "outboundTrafficPolicy: {mode: ALLOW_ANY}";
    let only = "outboundTrafficPolicy: {mode: REGISTRY_ONLY}";
    let blocked = (Verdict::Denied, Layer::Client);
    let calls = |mesh_config: &str, more: &[String]| proxied(&mesh("STRICT", more), mesh_config, &outside());
    let selected = |of: &str| format!("{{workloadSelector: {{labels: {{app: web}}}}, {of}}}");
    assert_eq!(calls("", &[sidecar("istio-system/default", &format!("{{{only}}}"))]), blocked);
    assert_eq!(calls(REGISTRY_ONLY, &[sidecar("shop/default", &format!("{{{any}}}"))]), OPEN);
    assert_eq!(
        calls("", &[sidecar("shop/default", &format!("{{{any}}}")), sidecar("shop/web", &selected(only))]),
        blocked
    );
    // A Sidecar of the namespace hides the root's, also where it says nothing.
    let silent = sidecar("shop/default", "{egress: [{hosts: [\"./*\"]}]}");
    assert_eq!(calls("", &[sidecar("istio-system/default", &format!("{{{only}}}")), silent]), OPEN);
    // Of two in one scope the older holds, and files have no age.
    let two = [sidecar("shop/a", &format!("{{{any}}}")), sidecar("shop/b", &format!("{{{only}}}"))];
    assert_eq!(calls("", &two), (Verdict::Unknown, Layer::Client));
    // A policy without a mode is the zero value.
    assert_eq!(calls("", &[sidecar("shop/default", "{outboundTrafficPolicy: {}}")]), blocked);
}

#[test]
fn j13_a_sidecar_knows_the_hosts_that_it_imports() {
    let calls = |policy: &str, egress: &str| {
        let spec = format!("{{egress: {egress}, outboundTrafficPolicy: {{mode: {policy}}}}}");
        proxied(&mesh("STRICT", &[sidecar("shop/default", &spec)]), "", &web())
    };
    let only = |egress: &str| calls("REGISTRY_ONLY", egress);
    let blocked = (Verdict::Denied, Layer::Client);
    for open in [
        "[]",
        "[{hosts: [\"./*\"]}]",
        "[{hosts: [\"*/*\"]}]",
        "[{hosts: [shop/cart.shop.svc.cluster.local]}]",
        "[{hosts: [\"~/*\", \"*/*.svc.cluster.local\"]}]",
        "[{port: {number: 9999, protocol: TCP, name: x}, hosts: [\"~/*\"]}, {hosts: [\"./*\"]}]",
    ] {
        assert_eq!(only(open), OPEN, "{open}");
    }
    for closed in [
        "[{hosts: [\"~/*\"]}]",
        "[{hosts: [\"other/*\"]}]",
        // A host is written in full, and a star is a leading one.
        "[{hosts: [./cart]}]",
        "[{hosts: [\"./cart.*\"]}]",
    ] {
        assert_eq!(only(closed), blocked, "{closed}");
        // What is not known goes out as it is, which STRICT refuses.
        assert_eq!(calls("ALLOW_ANY", closed), (Verdict::Denied, Layer::Transport), "{closed}");
    }
    // A listener of the Service's port hides those of every port.
    let number = |port: u16| {
        only(&format!(
            "[{{port: {{number: {port}, protocol: HTTP, name: x}}, hosts: [\"~/*\"]}}, {{hosts: [\"./*\"]}}]"
        ))
    };
    assert_eq!([number(80), number(8080)], [blocked, OPEN]);
    // One that is not redirected to is not followed.
    assert_eq!(only("[{hosts: [\"./*\"], captureMode: NONE}]").0, Verdict::Unknown);
}

#[test]
fn j13_a_pod_port_of_no_service_is_in_no_registry() {
    let undeclared = Question::new("shop/web", "shop/cart", 9999).get("/");
    assert_eq!(
        proxied(&mesh("PERMISSIVE", &[]), REGISTRY_ONLY, &undeclared),
        (Verdict::Denied, Layer::Client)
    );
    // Under ALLOW_ANY the bytes pass through in the clear, which STRICT refuses.
    assert_eq!(proxied(&mesh("PERMISSIVE", &[]), "", &undeclared), OPEN);
    assert_eq!(proxied(&mesh("STRICT", &[]), "", &undeclared), (Verdict::Denied, Layer::Transport));
}

#[test]
fn j14_isolated_egress_cuts_a_proxy_off_from_its_control_plane() {
    let istiod = [bare("istio-system"), pod("istio-system/istiod")];
    let egress = |rest: &str| {
        network_policy("shop/p", &format!("{{podSelector: {{}}, policyTypes: [Egress], egress: [{rest}]}}"))
    };
    let to_istiod = Question::new("shop/web", "istio-system/istiod", 15012);
    let all = |rest: &str| {
        verdict(&mesh("STRICT", &[istiod.to_vec(), vec![egress(rest)]].concat()), to_istiod.clone())
    };
    assert_eq!(all(""), (Verdict::Denied, Layer::Egress));
    assert_eq!(all("{ports: [{port: 15012}]}"), OPEN);
}

/// A `mysql` port of `shop/db`, which only pods of `shop` may use.
fn database(mode: &str, port: &str) -> Vec<String> {
    let allow = authorization_policy(
        "shop/db",
        "{selector: {matchLabels: {app: db}}, rules: [{from: [{source: {namespaces: [shop]}}]}]}",
    );
    mesh(
        mode,
        &[
            meshed("other"),
            pod("other/job"),
            pod("shop/db"),
            service("shop/db", &format!("[{{{port}}}]")),
            allow,
        ],
    )
}

fn leaks(all: &[String], source: &str, client: Client, port: u16) -> (Verdict, bool) {
    let answer = ask(all, Question::new(source, "shop/db", port).by(client));
    (answer.verdict, answer.greeting_leaks)
}

#[test]
fn j15_a_denied_certificate_still_hears_what_a_server_says_first() {
    for mode in ["STRICT", "PERMISSIVE"] {
        let mysql = database(mode, "name: mysql, port: 3306");
        assert_eq!(leaks(&mysql, "other/job", Client::MeshTcp, 3306), (Verdict::Denied, true), "{mode}");
        assert_eq!(leaks(&mysql, "shop/web", Client::MeshTcp, 3306), (Verdict::Allowed, false), "{mode}");
    }
    // Without a handshake there is nothing to hear.
    assert_eq!(
        leaks(&database("STRICT", "name: mysql, port: 3306"), "a/client", Client::PlaintextBytes, 3306),
        (Verdict::Denied, false)
    );
}

#[test]
fn j15_in_the_clear_an_inspector_waits_for_the_client_unless_a_timeout_ends_that() {
    // Measured: PERMISSIVE needs the first bytes to choose a chain, and with them the RBAC filter refuses.
    let permissive = database("PERMISSIVE", "name: mysql, port: 3306");
    assert_eq!(leaks(&permissive, "a/client", Client::PlaintextBytes, 3306), (Verdict::Denied, false));
    let impatient = Cluster::read(&permissive.concat()).with_mesh("protocolDetectionTimeout: 5s");
    let question = Question::new("a/client", "shop/db", 3306);
    assert!(crate::naive::answer(&impatient, &question).greeting_leaks);
    // DISABLE on a TCP port inspects nothing, and the server speaks at once.
    assert_eq!(
        leaks(&database("DISABLE", "name: mysql, port: 3306"), "a/client", Client::PlaintextBytes, 3306),
        (Verdict::Denied, true)
    );
}

#[test]
fn j15_a_server_first_protocol_is_known_by_name_or_port() {
    for (port, number, expected) in [
        ("name: mysql, port: 9", 9, true),
        ("name: tcp, port: 3306", 3306, true),
        ("name: tcp, port: 25, targetPort: 2525", 2525, true),
        ("name: x, appProtocol: ssh, port: 9", 9, true),
        ("name: tcp, port: 9", 9, false),
        ("name: redis, port: 6379", 6379, false),
    ] {
        assert_eq!(
            leaks(&database("STRICT", port), "other/job", Client::MeshTcp, number),
            (Verdict::Denied, expected),
            "{port}"
        );
    }
}

#[test]
fn j15_a_network_policy_leaves_nothing_to_hear() {
    let closed = network_policy("shop/db", "{podSelector: {matchLabels: {app: db}}}");
    let all = [database("STRICT", "name: mysql, port: 3306"), vec![closed]].concat();
    assert_eq!(leaks(&all, "other/job", Client::MeshTcp, 3306), (Verdict::Denied, false));
}

#[test]
fn j16_what_a_custom_provider_says_is_unknown() {
    let custom = authorization_policy(
        "shop/p",
        "{action: CUSTOM, provider: {name: opa}, rules: [{to: [{operation: {paths: [/admin*]}}]}]}",
    );
    let all = Cluster::read(&mesh("STRICT", &[custom]).concat())
        .with_mesh("extensionProviders: [{name: opa, envoyExtAuthzGrpc: {service: opa.opa.svc.cluster.local, port: 9191}}]");
    assert_eq!(adversarial(&all, &web().get("/admin")).verdict, Verdict::Unknown);
    assert_eq!(adversarial(&all, &web().get("/")).verdict, Verdict::Allowed);
    // Without a mesh configuration nobody knows whether there is such a provider.
    let blind = Cluster { mesh: None, ..all };
    assert_eq!(adversarial(&blind, &web().get("/admin")).verdict, Verdict::Unknown);
}

#[test]
fn j17_a_namespace_is_every_account_in_it() {
    let allow = authorization_policy("shop/p", "{rules: [{from: [{source: {namespaces: [shop]}}]}]}");
    let all = mesh("STRICT", &[allow]);
    assert_eq!(reach(&all, &web().from(Source::stranger("shop", true))).authenticated, Verdict::Allowed);
    assert_eq!(reach(&all, &web().from(Source::stranger("other", true))).verdict, Verdict::Denied);
}

#[test]
fn j18_of_two_workloads_with_one_account_only_network_policy_can_tell() {
    let twin = pod_with("shop/twin", "labels: {app: twin}", "serviceAccountName: web");
    let allow = authorization_policy(
        "shop/p",
        "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}",
    );
    let network = network_policy(
        "shop/p",
        "{podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
    );
    let from_twin = Question::new("shop/twin", "shop/cart", 8080).get("/");
    let all = mesh("STRICT", &[twin, allow]);
    assert_eq!(reach(&all, &from_twin).authenticated, Verdict::Allowed);
    let both = [all, vec![network]].concat();
    assert_eq!(
        [reach(&both, &from_twin).verdict, reach(&both, &web()).verdict],
        [Verdict::Denied, Verdict::Allowed]
    );
}

#[test]
fn j19_merged_metrics_are_plaintext_and_an_own_port_needs_an_exception() {
    let scraper = [bare("monitoring"), pod("monitoring/prometheus")];
    let exception = peer_authentication(
        "shop/cart",
        "{selector: {matchLabels: {app: cart}}, portLevelMtls: {9102: {mode: DISABLE}}}",
    );
    let may_read = |port: u16, more: &[String]| {
        let all = mesh("STRICT", &[&scraper[..], more].concat());
        reach(&all, &Question::new("monitoring/prometheus", "shop/cart", port).get("/metrics")).verdict
    };
    assert_eq!([may_read(15020, &[]), may_read(9102, &[])], [Verdict::Allowed, Verdict::Denied]);
    assert_eq!(may_read(9102, &[exception]), Verdict::Allowed);
}

#[test]
fn j20_every_kind_of_workload_is_a_template_and_its_pods() {
    let template =
        "template: {metadata: {labels: {app: job}}, spec: {serviceAccountName: job, hostNetwork: false}}";
    for (version, kind, spec) in [
        ("apps/v1", "Deployment", format!("{{{template}}}")),
        ("apps/v1", "StatefulSet", format!("{{serviceName: x, {template}}}")),
        ("apps/v1", "DaemonSet", format!("{{{template}}}")),
        ("apps/v1", "ReplicaSet", format!("{{{template}}}")),
        ("batch/v1", "Job", format!("{{{template}}}")),
        ("batch/v1", "CronJob", format!("{{jobTemplate: {{spec: {{{template}}}}}}}")),
    ] {
        let workload = object(version, kind, "shop/job", "", &format!("spec: {spec}"));
        let by_label = network_policy(
            "shop/p",
            "{podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {matchLabels: {app: job}}}]}]}",
        );
        let by_account = authorization_policy(
            "shop/p",
            "{rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/job]}}]}]}",
        );
        let all = mesh("STRICT", &[workload, by_label, by_account]);
        let question = Question::new("shop/job", "shop/cart", 8080).get("/");
        assert_eq!(reach(&all, &question).authenticated, Verdict::Allowed, "{kind}");
        assert_eq!(reach(&all, &web()).verdict, Verdict::Denied, "{kind}");
    }
}

// The worked cases.

#[test]
fn worked_an_unmeshed_source_is_refused_by_strict() {
    let allow = authorization_policy("shop/p", "{rules: [{from: [{source: {namespaces: [a]}}]}]}");
    assert_eq!(closing(&reach(&mesh("STRICT", &[allow]), &client())), [Layer::Transport]);
}

#[test]
fn worked_an_unmeshed_source_has_no_identity_under_permissive() {
    let allow = authorization_policy("shop/p", "{rules: [{from: [{source: {namespaces: [a]}}]}]}");
    let reached = reach(&mesh("PERMISSIVE", &[allow]), &client());
    assert!(closing(&reached).contains(&Layer::Allow));
}

#[test]
fn worked_an_allow_by_not_namespaces_admits_plaintext() {
    let allow = authorization_policy("shop/p", "{rules: [{from: [{source: {notNamespaces: [a]}}]}]}");
    assert_eq!(reach(&mesh("PERMISSIVE", &[allow]), &client()).anonymous, Verdict::Allowed);
}

#[test]
fn worked_a_port_named_tcp_with_an_allow_by_path_is_closed_to_all() {
    let tcp = service("shop/cart", "[{name: tcp-web, port: 8080}]");
    let allow = authorization_policy("shop/p", "{rules: [{to: [{operation: {paths: [/*]}}]}]}");
    let base: Vec<String> =
        mesh("STRICT", &[]).into_iter().filter(|text| !text.contains("kind: Service,")).collect();
    let all = [base, vec![tcp, allow]].concat();
    assert_eq!(closing(&reach(&all, &web())), [Layer::Transport, Layer::Allow]);
}

#[test]
fn worked_an_excluded_port_is_open_in_plaintext_under_strict() {
    let excluded =
        pod_with("shop/metrics", "annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9090\"}", "");
    let reached = reach(&mesh("STRICT", &[excluded]), &Question::new("a/client", "shop/metrics", 9090));
    assert_eq!((reached.anonymous, reached.authenticated), (Verdict::Allowed, Verdict::Denied));
}

#[test]
fn worked_strict_with_a_selector_in_the_root_namespace_leaves_permissive() {
    let all = [
        bare("a"),
        meshed("shop"),
        pod("a/client"),
        pod("shop/cart"),
        peer_authentication("istio-system/p", "{selector: {matchLabels: {app: cart}}, mtls: {mode: STRICT}}"),
    ];
    assert_eq!(reach(&all, &client()).anonymous, Verdict::Allowed);
}

#[test]
fn worked_an_undeclared_protocol_goes_around_a_custom_http_provider() {
    let custom = authorization_policy("shop/p", "{action: CUSTOM, provider: {name: web}, rules: [{}]}");
    let unnamed = service("shop/cart", "[{port: 8080}]");
    let base: Vec<String> =
        mesh("PERMISSIVE", &[]).into_iter().filter(|text| !text.contains("kind: Service,")).collect();
    let all = Cluster::read(&[base, vec![unnamed, custom]].concat().concat())
        .with_mesh("extensionProviders: [{name: web, envoyExtAuthzHttp: {service: a.b, port: 80}}]");
    for question in [client(), web()] {
        let reached = adversarial(&all, &question);
        assert_eq!((reached.verdict, reached.chains()), (Verdict::Allowed, vec![Chain::Tcp, Chain::App]));
    }
    assert_eq!(cooperative(&all, &web()).verdict, Verdict::Unknown);
}

#[test]
fn worked_a_mysql_port_is_denied_to_a_plaintext_caller_and_leaks_to_a_certificate_only() {
    let all = database("PERMISSIVE", "name: mysql, port: 3306");
    let reached = reach(&all, &Question::new("a/client", "shop/db", 3306));
    assert!(
        reached.answers.iter().all(|(_, answer)| answer.verdict == Verdict::Denied && !answer.greeting_leaks)
    );
    let reached = reach(&all, &Question::new("other/job", "shop/db", 3306));
    assert!(
        reached.answers.iter().any(|(_, answer)| answer.verdict == Verdict::Denied && answer.greeting_leaks)
    );
}

#[test]
fn worked_registry_only_without_an_egress_policy_is_open_to_who_leaves_the_proxy() {
    let all = Cluster::read(&mesh("STRICT", &[]).concat()).with_mesh(REGISTRY_ONLY);
    assert_eq!(adversarial(&all, &outside()).verdict, Verdict::Allowed);
    let answer = cooperative(&all, &outside());
    assert_eq!((answer.verdict, answer.layer), (Verdict::Denied, Layer::Client));
}

#[test]
fn a_cooperative_client_of_another_protocol_meets_the_network_alone() {
    let udp = Question::new("shop/web", "shop/cart", 53).over(Protocol::Udp);
    assert_eq!(proxied(&mesh("STRICT", &[]), REGISTRY_ONLY, &udp), OPEN);
}
