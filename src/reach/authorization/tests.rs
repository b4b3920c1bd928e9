use super::*;
use crate::{
    manifest::Manifests,
    mesh::{Config, Truth},
    reach::{
        attribute::Request,
        diagram::Diagram,
        fixture,
        requests::Universe,
        transport::Chain::{Http, Tcp},
    },
};

const SHOP: &str = "
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: cart, namespace: shop, labels: {app: cart}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}}
";

/// A mesh with `shop/cart` and `shop/web`, and the policies that bear on them.
struct World {
    manifests: Manifests,
    config: Config,
}

/// Policies as `NAMESPACE SPEC`, or `NAMESPACE ANNOTATIONS SPEC`.
fn world(policies: &[&str]) -> World {
    let mut text = SHOP.to_owned();
    for (index, policy) in policies.iter().enumerate() {
        let (namespace, rest) = policy.split_once(' ').expect("a namespace and a spec");
        let (annotations, spec) = rest.split_once(" | ").unwrap_or(("{}", rest));
        text.extend([format!(
            "---\n{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p{index}, namespace: {namespace}, annotations: {annotations}}}, spec: {spec}}}\n"
        )]);
    }
    World { manifests: fixture::manifests(&text), config: Config::default() }
}

impl World {
    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// Asks about a call of a pod, `caller` being `namespace/account` or nobody.
    fn asks(&self, pod: &str, chain: Chain, caller: &str, port: u16, request: &Request) -> Truth {
        let mesh = Mesh::resolve(&self.manifests, self.config.clone());
        let authorization = Authorization::new(&mesh);
        let pod = mesh.pods().iter().find(|known| known.path() == pod).expect("a pod");
        let caller = caller.split_once('/').map(|(namespace, account)| Identity {
            trust_domain: self.config.trust_domain.clone(),
            namespace: namespace.to_owned(),
            account: account.to_owned(),
        });
        let requests = authorization.requests(pod, Call { chain, caller: caller.as_ref(), port });
        let answer = requests.contains(request);
        let mut universe = Universe::new(&[&requests]);
        let set = universe.set(&[&requests]);
        assert_eq!(
            universe.holds(set, request),
            answer,
            "the set says otherwise than its rules: {request:?}"
        );
        answer
    }

    fn cart(&self, chain: Chain, caller: &str, request: &Request) -> Truth {
        self.asks("shop/cart", chain, caller, 8080, request)
    }

    /// Which of some requests pass, from `shop/web` over HTTP, each `METHOD HOST PATH`.
    fn passing<'r>(&self, requests: &[&'r str]) -> Vec<&'r str> {
        let passes = |text: &&&str| self.cart(Http, "shop/web", &request(text)).is_certain();
        requests.iter().filter(passes).copied().collect()
    }

    fn verdicts(&self, chain: Chain) -> [Truth; 3] {
        ["shop/web", "else/web", ""].map(|caller| self.cart(chain, caller, &request("GET cart /")))
    }
}

fn request(text: &str) -> Request {
    let words: Vec<&str> = text.split(' ').collect();
    let [method, host, path] = words.as_slice() else { panic!("{text}") };
    Request {
        method: (*method).to_owned(),
        host: (*host).to_owned(),
        path: (*path).to_owned(),
        source: Some("10.0.0.1".parse().unwrap()),
        ..Request::default()
    }
}

/// Lets the manifests show a mesh config.
fn know(config: &mut Config, mesh: &str) {
    config.mesh = fixture::mesh_config(mesh);
    config.revisions = Some(["default".to_owned()].into());
}

const Y: Truth = Truth::Yes;
const N: Truth = Truth::No;
const U: Truth = Truth::Unknown;

#[test]
fn ap01_ap02_policies_of_the_root_and_of_the_own_namespace_bear_on_a_pod() {
    let deny = "{action: DENY, rules: [{}]}";
    let web = "{selector: {matchLabels: {app: web}}, action: DENY, rules: [{}]}";
    let is_denied = |namespace: &str, spec: &str| {
        let world = world(&[&format!("{namespace} {spec}")]);
        ["shop/cart", "shop/web"]
            .map(|pod| world.asks(pod, Http, "a/b", 80, &request("GET x /")) == Truth::No)
    };
    assert_eq!(is_denied("shop", deny), [true, true]);
    assert_eq!(is_denied("istio-system", deny), [true, true]);
    assert_eq!(is_denied("else", deny), [false, false]);
    assert_eq!(is_denied("shop", web), [false, true]);
    assert_eq!(is_denied("istio-system", web), [false, true]);
    assert_eq!(is_denied("shop", "{selector: {matchLabels: {}}, action: DENY, rules: [{}]}"), [true, true]);
}

#[test]
fn ap03_a_policy_with_a_target_is_given_to_no_sidecar() {
    let world = world(&[
        "shop {targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: x}, action: DENY, rules: [{}]}",
    ]);
    assert_eq!(world.verdicts(Http), [Y, Y, Y]);
}

#[test]
fn ap06_a_deny_beats_an_allow_anywhere() {
    let world = world(&[
        "shop {rules: [{}]}",
        "istio-system {action: DENY, rules: [{to: [{operation: {methods: [GET]}}]}]}",
    ]);
    assert_eq!(world.passing(&["GET x /", "POST x /"]), ["POST x /"]);
}

#[test]
fn ap07_ap08_without_an_allow_everything_passes_and_with_one_only_what_a_rule_matches() {
    assert_eq!(world(&[]).verdicts(Http), [Y, Y, Y]);
    let web = "shop {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]}";
    assert_eq!(world(&[web]).verdicts(Http), [Y, N, N]);
    let other = "istio-system {rules: [{from: [{source: {namespaces: [else]}}]}]}";
    assert_eq!(world(&[web, other]).verdicts(Http), [Y, Y, N]);
}

#[test]
fn ap09_no_rules_and_an_empty_rule() {
    for chain in [Http, Tcp] {
        assert_eq!(world(&["shop {}"]).verdicts(chain), [N, N, N]);
        assert_eq!(world(&["shop {rules: [{}]}"]).verdicts(chain), [Y, Y, Y]);
        assert_eq!(world(&["shop {action: DENY, rules: [{}]}"]).verdicts(chain), [N, N, N]);
        assert_eq!(world(&["shop {action: DENY}"]).verdicts(chain), [Y, Y, Y]);
    }
}

#[test]
fn ap10_an_audit_changes_nothing() {
    assert_eq!(world(&["shop {action: AUDIT, rules: [{}]}"]).verdicts(Http), [Y, Y, Y]);
}

#[test]
fn ap11_a_dry_run_enforces_nothing() {
    let dry = |value: &str, spec: &str| {
        world(&[&format!("shop {{istio.io/dry-run: \"{value}\"}} | {spec}")]).verdicts(Http)[0]
    };
    assert_eq!(dry("true", "{}"), Y, "only a dry-run ALLOW is no ALLOW");
    assert_eq!(dry("T", "{action: DENY, rules: [{}]}"), Y);
    assert_eq!(dry("yes", "{action: DENY, rules: [{}]}"), N, "what cannot be read is enforced");
    assert_eq!(dry("false", "{}"), N);
}

#[test]
fn ap12_j16_a_provider_decides_unless_it_cannot_be_asked() {
    let custom = "shop {action: CUSTOM, provider: {name: p}, rules: [{to: [{operation: {methods: [GET]}}]}]}";
    let with = |mesh: &str| {
        let world = world(&[custom]).with(|config| know(config, mesh));
        [Http, Tcp].map(|chain| world.verdicts(chain)[0])
    };
    let provider =
        |kind: &str| format!("{{extensionProviders: [{{name: p, {kind}: {{service: a.b, port: 80}}}}]}}");
    assert_eq!(with(&provider("envoyExtAuthzHttp")), [U, Y], "on a connection it is dropped");
    assert_eq!(with(&provider("envoyExtAuthzGrpc")), [U, U]);
    assert_eq!(with(&provider("zipkin")), [N, N]);
    assert_eq!(with("{}"), [N, N]);
    assert_eq!(world(&[custom]).verdicts(Http)[0], U, "without the mesh configuration nobody can tell");
    let two = world(&[custom, "shop {action: CUSTOM, provider: {name: q}, rules: [{}]}"]);
    assert_eq!(two.verdicts(Http)[0], N, "several providers are as good as none");
    let of_token =
        "shop {action: CUSTOM, provider: {name: p}, rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}";
    assert_eq!(world(&[of_token]).verdicts(Http)[0], Y, "it is asked before a token is read");
    let http = world(&[custom]).with(|config| know(config, &provider("envoyExtAuthzHttp")));
    assert_eq!(http.passing(&["GET x /", "POST x /"]), ["POST x /"]);
}

#[test]
fn ap13_ap14_fields_are_anded_values_are_ored_and_what_is_empty_restricts_nothing() {
    let rule = |rule: &str| world(&[&format!("shop {{rules: [{rule}]}}")]);
    let requests = ["GET a /x", "GET a /y", "PUT a /x", "PUT b /x"];
    assert_eq!(rule("{to: [{operation: {methods: [GET], paths: [/x]}}]}").passing(&requests), ["GET a /x"]);
    assert_eq!(
        rule("{to: [{operation: {methods: [GET]}}, {operation: {hosts: [b]}}]}").passing(&requests),
        ["GET a /x", "GET a /y", "PUT b /x"]
    );
    assert_eq!(
        rule("{to: [{operation: {paths: [/x, /y], notMethods: [PUT, POST], methods: []}}]}")
            .passing(&requests),
        ["GET a /x", "GET a /y"]
    );
    let from = |from: &str| rule(&format!("{{from: {from}}}")).verdicts(Http);
    assert_eq!(from("[{source: {namespaces: [shop], notPrincipals: [\"*/sa/web\"]}}]"), [N, N, N]);
    assert_eq!(from("[{source: {namespaces: [shop]}}, {source: {principals: [\"*/sa/web\"]}}]"), [Y, Y, N]);
    let when = rule(
        "{when: [{key: source.namespace, values: [else]}, {key: destination.port, values: [\"8080\"]}]}",
    );
    assert_eq!(when.verdicts(Http), [N, Y, N]);
    assert_eq!(rule("{from: [{}]}").verdicts(Http), [Y, Y, Y], "an empty item is no restriction");
}

#[test]
fn ap15_a_value_that_cannot_be_read_narrows_an_allow_and_widens_a_deny() {
    let passes = |spec: &str| world(&[&format!("shop {spec}")]).verdicts(Http)[0];
    for bad in ["ports: [\"99999\"]", "ports: [\"+80\"]", "ports: [http]"] {
        assert_eq!(passes(&format!("{{rules: [{{to: [{{operation: {{{bad}}}}}]}}]}}")), N, "{bad}");
        assert_eq!(
            passes(&format!("{{action: DENY, rules: [{{to: [{{operation: {{{bad}}}}}]}}]}}")),
            N,
            "a DENY without what it cannot read denies everything: {bad}"
        );
    }
    assert_eq!(passes("{action: DENY, rules: [{to: [{operation: {ports: [x, \"81\"]}}]}]}"), Y);
    assert_eq!(passes("{action: DENY, rules: [{from: [{source: {ipBlocks: [x]}}]}]}"), N);
    assert_eq!(passes("{rules: [{from: [{source: {ipBlocks: [x, 0.0.0.0/0]}}]}]}"), N);
    for action in ["ALLOW", "DENY"] {
        let spec = format!("{{action: {action}, rules: [{{when: [{{key: no.such, values: [x]}}]}}]}}");
        let expected = if action == "ALLOW" { N } else { Y };
        assert_eq!(passes(&spec), expected, "the rule is skipped, and a DENY fails open");
    }
    assert_eq!(passes("{rules: [{when: [{key: \"request.headers[x\", values: [a]}]}]}"), N);
    assert_eq!(passes("{action: DENY, rules: [{when: [{key: \"request.headers[x\", values: [a]}]}]}"), N);
}

#[test]
fn ap16_j07_on_a_connection_an_allow_loses_every_rule_that_reads_a_request() {
    let rules = |rules: &str| world(&[&format!("shop {{rules: {rules}}}")]).verdicts(Tcp);
    let http_only = [
        "{to: [{operation: {methods: [GET]}}]}",
        "{to: [{operation: {paths: [\"*\"]}}]}",
        "{to: [{operation: {notHosts: [x]}}]}",
        "{from: [{source: {requestPrincipals: [\"*\"]}}]}",
        "{from: [{source: {notRequestPrincipals: [\"*\"]}}]}",
        "{when: [{key: \"request.headers[x]\", notValues: [a]}]}",
        "{when: [{key: \"request.auth.claims[x]\", values: [a]}]}",
        "{to: [{operation: {ports: [\"8080\"]}}, {operation: {methods: [GET]}}]}",
    ];
    for rule in http_only {
        assert_eq!(rules(&format!("[{rule}]")), [N, N, N], "{rule}");
        assert_eq!(rules(&format!("[{rule}, {{}}]")), [Y, Y, Y], "{rule}");
    }
    assert_eq!(rules("[{to: [{operation: {ports: [\"8080\"]}}]}]"), [Y, Y, Y]);
    assert_eq!(rules("[{from: [{source: {namespaces: [shop]}}]}]"), [Y, N, N]);
    assert_eq!(rules("[{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}]}]"), [Y, Y, Y]);
}

#[test]
fn ap17_on_a_connection_a_deny_loses_what_it_reads_of_a_request_and_is_wider_for_it() {
    let rule = |rule: &str| world(&[&format!("shop {{action: DENY, rules: [{rule}]}}")]).verdicts(Tcp);
    assert_eq!(rule("{to: [{operation: {methods: [GET]}}]}"), [N, N, N]);
    assert_eq!(rule("{to: [{operation: {methods: [GET], ports: [\"81\"]}}]}"), [Y, Y, Y]);
    assert_eq!(rule("{from: [{source: {namespaces: [shop], requestPrincipals: [x]}}]}"), [N, Y, Y]);
}

#[test]
fn ap22_ap23_who_is_not_known_matches_every_negation() {
    let from = |source: &str| {
        world(&[&format!("shop {{rules: [{{from: [{{source: {{{source}}}}}]}}]}}")]).verdicts(Http)
    };
    assert_eq!(from("principals: [\"*\"]"), [Y, Y, N]);
    assert_eq!(from("notPrincipals: [\"*\"]"), [N, N, Y]);
    assert_eq!(from("namespaces: [shop]"), [Y, N, N]);
    assert_eq!(from("notNamespaces: [shop]"), [N, Y, Y]);
    assert_eq!(from("notPrincipals: [cluster.local/ns/shop/sa/web]"), [N, Y, Y]);
    assert_eq!(from("serviceAccounts: [web]"), [Y, N, N]);
    assert_eq!(from("notServiceAccounts: [shop/web]"), [N, Y, Y]);
    let denied = world(&["shop {action: DENY, rules: [{from: [{source: {notPrincipals: [\"*\"]}}]}]}"]);
    assert_eq!(denied.verdicts(Http), [Y, Y, N], "refuse plaintext");
}

#[test]
fn ap24_ap25_a_path_is_compared_after_it_was_rewritten() {
    let with = |normalization: &str, requests: &[&'static str]| {
        world(&["shop {rules: [{to: [{operation: {paths: [/api/*]}}]}]}"])
            .with(|config| {
                know(config, &format!("{{pathNormalization: {{normalization: {normalization}}}}}"));
            })
            .passing(requests)
    };
    let requests = [
        "GET a /api/x?q",
        "GET a /x/../api/y",
        "GET a /%61pi/y",
        "GET a //api/y",
        "GET a /api%2fy",
        "GET a /API/x",
    ];
    assert_eq!(with("NONE", &requests), ["GET a /api/x?q"]);
    assert_eq!(with("BASE", &requests), requests[..3]);
    assert_eq!(with("MERGE_SLASHES", &requests), requests[..4]);
    assert_eq!(with("DECODE_AND_MERGE_SLASHES", &requests), requests[..5]);
    assert_eq!(with("BASE", &["GET a /api/..%2fadmin"]), ["GET a /api/..%2fadmin"], "traversal");
}

#[test]
fn ap26_a_path_without_a_slash_or_a_star_is_dead() {
    assert_eq!(
        world(&["shop {rules: [{to: [{operation: {paths: [api/*]}}]}]}"]).passing(&["GET a /api/x"]),
        Vec::<&str>::new()
    );
}

#[test]
fn ap27_a_host_is_compared_without_case_and_with_its_port() {
    let passing = |hosts: &str| {
        world(&[&format!("shop {{rules: [{{to: [{{operation: {{hosts: [{hosts}]}}}}]}}]}}")]).passing(&[
            "GET foo.com /",
            "GET FOO.com /",
            "GET foo.com:80 /",
            "GET a.foo.com /",
        ])
    };
    assert_eq!(passing("Foo.Com"), ["GET foo.com /", "GET FOO.com /"]);
    assert_eq!(passing("\"foo.com:*\""), ["GET foo.com:80 /"]);
    assert_eq!(passing("\"*.foo.com\""), ["GET a.foo.com /"]);
}

#[test]
fn ap28_a_method_is_compared_with_case_and_may_have_a_star() {
    let passing =
        |methods: &str| {
            world(&[&format!("shop {{rules: [{{to: [{{operation: {{methods: [{methods}]}}}}]}}]}}")])
                .passing(&["GET a /", "PUT a /", "PATCH a /", "get a /"])
        };
    assert_eq!(passing("\"P*\""), ["PUT a /", "PATCH a /"]);
    assert_eq!(passing("get"), ["get a /"], "HTTP/2 carries it");
    assert_eq!(passing("\"*T\""), ["GET a /", "PUT a /"]);
}

#[test]
fn ap29_a_port_is_the_pods() {
    let world = world(&["shop {rules: [{to: [{operation: {ports: [\"80\", \"081\"]}}]}]}"]);
    let at = |port: u16| world.asks("shop/cart", Tcp, "", port, &request("GET a /"));
    assert_eq!([at(80), at(81), at(8080)], [Y, Y, N]);
}

#[test]
fn ap30_an_address_is_the_peers_or_what_it_says_it_forwards() {
    let ask = |source: &str, chain: Chain, header: Option<&str>, address: Option<&str>| {
        let world = world(&[&format!("shop {{rules: [{{from: [{{source: {{{source}}}}}]}}]}}")]);
        let mut request = request("GET a /");
        request.source = address.map(|address| address.parse().unwrap());
        request.headers =
            header.map(|header| ("X-Forwarded-For".to_owned(), header.to_owned())).into_iter().collect();
        world.cart(chain, "shop/web", &request)
    };
    let peer = "ipBlocks: [10.0.0.0/8, \"fd00::1\"]";
    assert_eq!(ask(peer, Http, None, Some("10.1.2.3")), Y);
    assert_eq!(ask(peer, Http, None, Some("fd00::1")), Y);
    assert_eq!(ask(peer, Http, Some("10.1.2.3"), Some("192.0.2.1")), N);
    let remote = "remoteIpBlocks: [10.0.0.0/8]";
    assert_eq!(ask(remote, Http, Some("192.0.2.1, 10.1.2.3"), Some("192.0.2.1")), Y);
    assert_eq!(ask(remote, Http, None, Some("10.1.2.3")), Y);
    assert_eq!(ask(remote, Tcp, Some("10.1.2.3"), Some("192.0.2.1")), N);
}

#[test]
fn ap31_a_header_that_is_absent_matches_every_negation() {
    let ask = |condition: &str, header: Option<&str>| {
        let world = world(&[&format!(
            "shop {{rules: [{{when: [{{key: \"request.headers[X-A]\", {condition}}}]}}]}}"
        )]);
        let mut request = request("GET a /");
        request.headers = header.map(|value| ("x-a".to_owned(), value.to_owned())).into_iter().collect();
        world.cart(Http, "shop/web", &request)
    };
    let headers = [None, Some(""), Some("a"), Some("b")];
    let asked = |condition: &str| headers.map(|header| ask(condition, header));
    assert_eq!(asked("values: [a]"), [N, N, Y, N]);
    assert_eq!(asked("notValues: [a]"), [Y, Y, N, Y]);
    assert_eq!(asked("values: [\"*\"]"), [N, Y, Y, Y]);
    assert_eq!(asked("notValues: [\"*\"]"), [Y, N, N, N]);
}

#[test]
fn ap34_what_a_release_does_not_know_is_not_there() {
    let with = |release: (u32, u32), spec: &str| {
        world(&[&format!("shop {spec}")]).with(|config| config.release = release).verdicts(Http)
    };
    let accounts = "{rules: [{from: [{source: {serviceAccounts: [web]}}]}]}";
    assert_eq!(with((24, 9), accounts), [Y, Y, Y], "AP36: a source without its only field is any");
    assert_eq!(with((25, 0), accounts), [Y, N, N]);
    let domains = "{rules: [{from: [{source: {trustDomains: [x]}}]}]}";
    assert_eq!(with((30, 1), domains), [Y, Y, Y]);
    assert_eq!(with((30, 2), domains), [N, N, N]);
    let key = "{action: DENY, rules: [{when: [{key: source.serviceAccount, values: [web]}]}]}";
    assert_eq!(with((24, 9), key), [Y, Y, Y], "an unknown key skips the rule");
    assert_eq!(with((25, 0), key), [N, Y, Y]);
    let template = "{rules: [{to: [{operation: {paths: [\"/{*}\"]}}]}]}";
    let passing = |release: (u32, u32)| {
        world(&[&format!("shop {template}")])
            .with(|config| config.release = release)
            .passing(&["GET a /x", "GET a /x/y"])
    };
    assert_eq!(passing((21, 1)), Vec::<&str>::new());
    assert_eq!(passing((22, 0)), ["GET a /x"]);
}

#[test]
fn ap35_without_a_request_authentication_no_token_is_believed() {
    let from = |source: &str| {
        world(&[&format!("shop {{rules: [{{from: [{{source: {{{source}}}}}]}}]}}")]).verdicts(Http)
    };
    assert_eq!(from("requestPrincipals: [\"*\"]"), [N, N, N]);
    assert_eq!(from("notRequestPrincipals: [\"*\"]"), [Y, Y, Y]);
}

#[test]
fn a_condition_that_is_compared_twice_does_not_blur() {
    let world = world(&[
        "shop {action: DENY, rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}",
        "shop {rules: [{from: [{source: {ipBlocks: [10.0.0.0/8]}}]}]}",
    ]);
    let mesh = Mesh::resolve(&world.manifests, world.config.clone());
    let authorization = Authorization::new(&mesh);
    let requests = authorization.requests(&mesh.pods()[0], Call { chain: Http, caller: None, port: 80 });
    let mut universe = Universe::new(&[&requests]);
    let set = universe.set(&[&requests]);
    assert_eq!(set, Diagram::NOTHING, "wherever the caller is, it is refused");
    let unknown = Request { source: None, ..request("GET a /") };
    assert_eq!((requests.contains(&unknown), universe.holds(set, &unknown)), (U, N));
}
