//! What a tree must and must not hold, each rule with the reason that it was learned for.
//!
//! The rules are checked on the rendered YAML, read back by a parser that is not ours.

mod support;

use meshwright::render::Rendered;
use serde_json::{Value, json};

const FOUR_KEYS: &str = "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: wildcard
namespaces: [team]
";

/// A profile of one namespace with two workloads and what else is given.
fn with(more: &str) -> Rendered {
    let namespaces = "
namespaces:
  - name: shop
    workloads: {web: {port: 8080}, cart: {port: 8081}}
    expose: [{workload: web, host: shop}]
    allow: [{from: web, to: cart, methods: [GET], paths: [/cart/*]}]
    egress: [{from: cart, host: api.example.org}]
";
    let mut text = String::from("domain: apps.example.com\nchartVersion: 1.21.1\ntlsSecret: wildcard\n");
    for line in more.lines() {
        let key = line.split(':').next().unwrap_or_default();
        text = text
            .lines()
            .filter(|known| !known.starts_with(&format!("{key}:")))
            .fold(String::new(), |all, line| all + line + "\n");
    }
    support::rendered(&format!("{text}{more}\n{namespaces}"))
}

fn objects(rendered: &Rendered) -> Vec<Value> {
    support::documents(&rendered.stream())
}

fn of_kind(rendered: &Rendered, kind: &str) -> Vec<Value> {
    objects(rendered).into_iter().filter(|object| object["kind"] == kind).collect()
}

fn named(rendered: &Rendered, kind: &str, namespace: &str, name: &str) -> Value {
    let all = of_kind(rendered, kind);
    let found = all
        .iter()
        .find(|object| object["metadata"]["name"] == name && object["metadata"]["namespace"] == namespace);
    found.unwrap_or_else(|| panic!("no {kind} {namespace}/{name}")).clone()
}

fn release(rendered: &Rendered, name: &str) -> Value {
    named(rendered, "HelmRelease", "flux-system", name)
}

fn everything() -> Vec<Rendered> {
    support::shipped().iter().map(|stem| support::golden(stem)).collect()
}

/// Pruning a Namespace deletes all that runs in it, and two Kustomizations that hold one drop each other's labels.
#[test]
fn no_namespace_is_ever_pruned() {
    for rendered in everything() {
        for namespace in of_kind(&rendered, "Namespace") {
            let prune = &namespace["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/prune"];
            assert_eq!(prune, "disabled", "{namespace}");
        }
    }
}

/// Under multi-tenant lockdown a HelmRelease may name no source of another namespace; and without a release name the
/// gateway's labels would follow from two others.
#[test]
fn helm_releases_and_their_source_live_with_flux() {
    for rendered in everything() {
        let source = of_kind(&rendered, "HelmRepository");
        assert_eq!(source.len(), 1);
        for release in of_kind(&rendered, "HelmRelease") {
            let spec = &release["spec"];
            assert_eq!(release["metadata"]["namespace"], source[0]["metadata"]["namespace"]);
            assert_eq!(spec["releaseName"], release["metadata"]["name"]);
            assert_eq!(spec["targetNamespace"], spec["storageNamespace"]);
            assert!(spec["targetNamespace"].is_string());
        }
    }
}

/// Helm from 3.18.5 on refuses the gateway chart for its own schema (istio/istio#57354); the field that passes over it
/// is there from Flux 2.4 on; and on a chart that was mended it would hide typing mistakes.
#[test]
fn only_a_broken_schema_is_passed_over() {
    let disabled = |chart: &str, flux: &str| {
        let rendered = with(&format!(
            "chartVersion: {chart}\nflux: {{version: \"{flux}\"}}\nkubernetesVersion: \"1.32\""
        ));
        let of = |name| release(&rendered, name)["spec"]["install"]["disableSchemaValidation"].clone();
        assert_eq!([of("istio-base"), of("istiod")], [Value::Null, Value::Null]);
        of("istio-ingressgateway")
    };
    assert_eq!(disabled("1.21.1", "2.3"), Value::Null);
    assert_eq!(disabled("1.21.1", "2.4"), true);
    assert_eq!(disabled("1.21.1", "2.9"), true);
    assert_eq!(disabled("1.26.3", "2.9"), true);
    assert_eq!(disabled("1.26.4", "2.9"), Value::Null);
    assert_eq!(disabled("1.28.0", "2.9"), Value::Null);
}

/// With a namespace before the host a request for an unrouted one gets 404 instead of the redirect; and on 443 the
/// namespace keeps others from answering for the host.
#[test]
fn port_80_redirects_the_whole_domain_and_443_serves_what_is_exposed() {
    let rendered = with("");
    let gateway = named(&rendered, "Gateway", "istio-ingress", "public");
    let servers = gateway["spec"]["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 2);
    assert_eq!(servers[0]["hosts"], json!(["*.apps.example.com"]));
    assert_eq!(servers[0]["tls"], json!({"httpsRedirect": true}));
    assert_eq!(servers[1]["hosts"], json!(["shop/shop.apps.example.com"]));
    assert_eq!(servers[1]["tls"]["minProtocolVersion"], "TLSV1_2");
    assert_eq!(servers[1]["tls"]["cipherSuites"].as_array().expect("suites").len(), 4);
    // The redirect is the router's, after authorization.
    let policy = named(&rendered, "AuthorizationPolicy", "istio-ingress", "gateway");
    let operations: Vec<&Value> = policy["spec"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| &rule["to"][0]["operation"])
        .collect();
    assert_eq!(
        operations[0],
        &json!({"hosts": ["*.apps.example.com", "*.apps.example.com:80"], "ports": ["80"]})
    );
    assert_eq!(
        operations[1],
        &json!({"hosts": ["shop.apps.example.com", "shop.apps.example.com:*"], "ports": ["443"]})
    );
}

/// A VirtualService that the gateway's namespace cannot see is a 404.
#[test]
fn routes_are_exported_to_the_gateway() {
    let route = named(&with(""), "VirtualService", "shop", "shop.apps.example.com");
    assert_eq!(route["spec"]["exportTo"], json!([".", "istio-ingress"]));
    assert_eq!(route["spec"]["gateways"], json!(["istio-ingress/public"]));
    assert_eq!(route["spec"]["http"][0]["route"][0]["destination"]["port"]["number"], 8080);
}

/// Admission calls reach istiod from addresses that differ by provider.
#[test]
fn the_webhook_is_open_by_port_until_the_api_server_is_known() {
    let webhook = |rendered: &Rendered| {
        let policy = named(rendered, "NetworkPolicy", "istio-system", "istiod");
        let rules = policy["spec"]["ingress"].as_array().expect("rules").clone();
        rules.into_iter().find(|rule| rule["ports"][0]["port"] == 15017).expect("the webhook is open")
    };
    assert_eq!(webhook(&with(""))["from"], Value::Null);
    let told = with("apiServer: {webhookFrom: [10.0.0.0/28]}");
    assert_eq!(webhook(&told)["from"], json!([{"ipBlock": {"cidr": "10.0.0.0/28"}}]));
}

/// 15010 hands out configuration to anyone who asks, in plaintext.
#[test]
fn nobody_may_reach_plaintext_configuration() {
    for rendered in everything() {
        for policy in of_kind(&rendered, "NetworkPolicy") {
            assert!(!policy.to_string().contains("15010"), "{policy}");
        }
    }
}

/// Behind a load balancer that rewrites sources, a NetworkPolicy by client address refuses every client.
#[test]
fn source_ranges_bind_pods_only_where_the_source_is_kept() {
    let from = |policy: &str| {
        let rendered = with(&format!(
            "gateway: {{service: {{sourceRanges: [198.51.100.0/24], externalTrafficPolicy: {policy}}}}}"
        ));
        let values = release(&rendered, "istio-ingressgateway")["spec"]["values"]["service"].clone();
        assert_eq!(values["loadBalancerSourceRanges"], json!(["198.51.100.0/24"]));
        let policy = named(&rendered, "NetworkPolicy", "istio-ingress", "gateway");
        let rules = policy["spec"]["ingress"].as_array().expect("rules").clone();
        rules.into_iter().find(|rule| rule["ports"][0]["port"] == 80).expect("80 is open")["from"].clone()
    };
    assert_eq!(from("Cluster"), Value::Null);
    assert_eq!(from("Local"), json!([{"ipBlock": {"cidr": "198.51.100.0/24"}}]));
}

/// Each provider's resolvers are elsewhere, and listen on another port of their pods.
#[test]
fn dns_is_open_to_the_providers_resolvers() {
    let peers = |dns: &str| {
        let policy = named(&with(dns), "NetworkPolicy", "shop", "all-pods");
        let rules = policy["spec"]["egress"].as_array().expect("rules").clone();
        let dns =
            rules.into_iter().find(|rule| rule["ports"].as_array().is_some_and(|ports| ports.len() == 2));
        let dns = dns.expect("DNS is open");
        assert_eq!(dns["ports"][0]["port"], dns["ports"][1]["port"]);
        (dns["ports"][0]["port"].clone(), dns["to"].as_array().expect("peers").len())
    };
    assert_eq!(peers(""), (json!(53), 2));
    assert_eq!(peers("dns: {preset: gke-clouddns}"), (json!(53), 2));
    assert_eq!(peers("dns: {preset: openshift}"), (json!(5353), 1));
    assert_eq!(peers("dns: {peers: [{cidr: 192.0.2.53/32, port: 5300}]}"), (json!(5300), 1));
}

/// The metadata service hands out the node's credentials.
#[test]
fn wide_egress_leaves_out_the_metadata_service_and_the_cluster() {
    let blocks = |more: &str| {
        let policy = named(&with(more), "NetworkPolicy", "shop", "workload-cart");
        let wide = policy["spec"]["egress"][0]["to"].as_array().expect("peers").clone();
        wide.into_iter().map(|peer| peer["ipBlock"].clone()).collect::<Vec<_>>()
    };
    let private = blocks("");
    assert_eq!(
        private[0]["except"],
        json!(["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"])
    );
    assert_eq!(private[1], json!({"cidr": "::/0", "except": ["fc00::/7", "fe80::/10"]}));
    let known = blocks(
        "cluster: {podCIDRs: [10.244.0.0/16], serviceCIDRs: [10.96.0.0/12], nodeCIDRs: [192.168.10.0/24]}",
    );
    assert_eq!(
        known[0]["except"],
        json!(["10.96.0.0/12", "10.244.0.0/16", "169.254.0.0/16", "192.168.10.0/24"])
    );
    // Of a cluster with both families the other one is not known yet.
    assert_eq!(known[1]["except"], json!(["fc00::/7", "fe80::/10"]));
    let both = blocks(
        "cluster: {podCIDRs: [10.244.0.0/16, \"fd00:1::/64\"], serviceCIDRs: [10.96.0.0/12, \"fd00:2::/112\"], nodeCIDRs: [192.168.10.0/24, \"2001:db8::/64\"]}",
    );
    assert_eq!(
        both[1]["except"],
        json!(["2001:db8::/64", "fd00:1::/64", "fd00:2::/112", "fd00:ec2::254/128", "fe80::/10"])
    );
    // Who may call the API server says so, and it need not stand among the nodes.
    let api_server = |egress: &str| {
        blocks(&format!(
            "cluster: {{podCIDRs: [10.244.0.0/16], serviceCIDRs: [10.96.0.0/12], nodeCIDRs: [192.168.10.0/24]}}
apiServer: {{egress: [{egress}]}}"
        ))
    };
    assert_eq!(
        api_server("172.16.0.2/32")[0]["except"],
        json!(["10.96.0.0/12", "10.244.0.0/16", "169.254.0.0/16", "172.16.0.2/32", "192.168.10.0/24"])
    );
    assert_eq!(api_server("0.0.0.0/0"), known);
}

/// An unbounded block is the cluster, the nodes and the metadata service as well.
#[test]
fn no_policy_opens_every_address() {
    for rendered in everything() {
        for policy in of_kind(&rendered, "NetworkPolicy") {
            for rule in ["ingress", "egress"]
                .iter()
                .flat_map(|way| policy["spec"][way].as_array().cloned().unwrap_or_default())
            {
                let peers = rule["from"].as_array().or(rule["to"].as_array()).cloned().unwrap_or_default();
                for block in peers.iter().map(|peer| &peer["ipBlock"]).filter(|block| !block.is_null()) {
                    let is_wide = block["cidr"].as_str().is_some_and(|cidr| cidr.ends_with("/0"));
                    assert!(!is_wide || block["except"].is_array(), "{policy}");
                }
            }
        }
    }
}

/// Without the CNI plugin each pod has an init container with `NET_ADMIN`, which stricter levels refuse.
#[test]
fn pods_are_held_to_the_strictest_level_they_can_meet() {
    let labels = |more: &str| {
        let all = of_kind(&with(more), "Namespace");
        let shop =
            all.into_iter().find(|namespace| namespace["metadata"]["name"] == "shop").expect("shop is there");
        let label =
            |mode: &str| shop["metadata"]["labels"][format!("pod-security.kubernetes.io/{mode}")].clone();
        [label("enforce"), label("warn"), label("audit")]
    };
    assert_eq!(labels(""), ["privileged", "restricted", "restricted"]);
    assert_eq!(labels("mesh: {cni: true}"), ["restricted", "restricted", "restricted"]);
}

/// A label is what gives a pod its sidecar.
#[test]
fn governed_namespaces_are_injected_and_the_control_plane_is_not() {
    for rendered in everything() {
        for namespace in of_kind(&rendered, "Namespace") {
            let (name, labels) = (&namespace["metadata"]["name"], &namespace["metadata"]["labels"]);
            if name == "istio-system" || name == "istio-cni" {
                assert_eq!(labels["istio-injection"], "disabled", "{name}");
            } else {
                // Of the two labels `istio-injection` would count for more.
                let (by_default, by_name) = (&labels["istio-injection"], &labels["istio.io/rev"]);
                assert!((by_default == "enabled") != by_name.is_string(), "{name}: {labels}");
                assert!(by_default.is_null() != by_name.is_null(), "{name}: {labels}");
            }
        }
    }
}

/// From 1.29 on the kubelet starts sidecar containers first; before, an application can start without its proxy.
#[test]
fn applications_wait_for_their_proxy() {
    let values = |version: &str| {
        let rendered = with(&format!("kubernetesVersion: \"{version}\""));
        let values = release(&rendered, "istiod")["spec"]["values"].clone();
        let hold = values["meshConfig"]["defaultConfig"]["holdApplicationUntilProxyStarts"].clone();
        let readme = rendered.tree.get("clusters/test/istio/README.md".into()).expect("a README").to_owned();
        (values["pilot"]["env"]["ENABLE_NATIVE_SIDECARS"].clone(), hold, readme.contains("quitquitquit"))
    };
    assert_eq!(values("1.28"), (Value::Null, json!(true), true));
    assert_eq!(values("1.29"), (json!("true"), Value::Null, false));
}

/// The gateway's image is injected: nothing of the chart's pod template changes with the version.
#[test]
fn a_chart_upgrade_restarts_the_gateway() {
    let rendered = with("chartVersion: 1.21.2");
    let annotations = &release(&rendered, "istio-ingressgateway")["spec"]["values"]["podAnnotations"];
    assert_eq!(annotations["meshwright/chart-version"], "1.21.2");
}

/// Flux replaces variables in the text of an object, wherever they stand.
#[test]
fn text_that_flux_would_substitute_is_guarded() {
    let marker = |release: &Value| {
        release["metadata"]["annotations"]["kustomize.toolkit.fluxcd.io/substitute"].clone()
    };
    let rendered = with("values: {istiod: {pilot: {podAnnotations: {note: \"${DOMAIN}\"}}}}");
    assert_eq!(marker(&release(&rendered, "istiod")), "disabled");
    assert_eq!(marker(&release(&rendered, "istio-base")), Value::Null);
    assert_eq!(
        release(&rendered, "istiod")["spec"]["values"]["pilot"]["podAnnotations"]["note"],
        "${DOMAIN}"
    );
    let exception = "exceptions: [{workload: shop/cart, port: 8081, from: {unmeshed: batch}, mtls: permissive, reason: \"${x}\", owner: o, expires: \"2031-01-01\"}]";
    let policy = named(&with(exception), "PeerAuthentication", "shop", "workload-cart");
    assert_eq!(marker(&policy), "disabled");
}

/// Flux dry-runs a whole stage before it applies any of it: an Istio object beside the chart that brings its kind keeps
/// the chart from being installed, for ever.
#[test]
fn the_control_plane_stage_holds_no_istio_object() {
    for rendered in everything() {
        for (path, text) in rendered.tree.iter().filter(|(path, _)| path.as_str().contains("/control-plane/"))
        {
            for object in support::documents(text) {
                let version = object["apiVersion"].as_str().unwrap_or_default();
                assert!(!version.contains("istio.io"), "{path} holds a {}", object["kind"]);
            }
        }
    }
}

/// A load balancer can stay pending for ever; policies must arrive all the same.
#[test]
fn nothing_waits_for_the_gateway() {
    for rendered in everything() {
        for stage in of_kind(&rendered, "Kustomization") {
            let needs = stage["spec"]["dependsOn"].as_array().cloned().unwrap_or_default();
            assert!(
                !needs
                    .iter()
                    .any(|need| need["name"].as_str().is_some_and(|name| name.ends_with("-ingress"))),
                "{stage}"
            );
            assert_eq!([&stage["spec"]["wait"], &stage["spec"]["prune"]], [&json!(true), &json!(true)]);
        }
    }
}

/// The shortest profile gives the strictest tree.
#[test]
fn four_keys_give_the_strictest_mesh() {
    let rendered = support::rendered(FOUR_KEYS);
    let mesh = &release(&rendered, "istiod")["spec"]["values"]["meshConfig"];
    assert_eq!(
        named(&rendered, "PeerAuthentication", "istio-system", "default")["spec"],
        json!({"mtls": {"mode": "STRICT"}})
    );
    assert_eq!(named(&rendered, "AuthorizationPolicy", "istio-system", "default-deny")["spec"], json!({}));
    assert_eq!(mesh["outboundTrafficPolicy"]["mode"], "REGISTRY_ONLY");
    assert_eq!([&mesh["accessLogFile"], &mesh["accessLogEncoding"]], ["/dev/stdout", "JSON"]);
    let format: Value = serde_json::from_str(mesh["accessLogFormat"].as_str().expect("a format"))
        .expect("the format is JSON");
    assert_eq!(format["source_principal"], "%DOWNSTREAM_PEER_URI_SAN%");
    let sidecar = named(&rendered, "Sidecar", "istio-system", "default");
    assert_eq!(
        sidecar["spec"],
        json!({"egress": [{"hosts": ["istio-system/dns.addresses.internal"]}], "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}})
    );
    for namespace in ["istio-system", "istio-ingress", "team"] {
        let deny = named(&rendered, "NetworkPolicy", namespace, "default-deny");
        assert_eq!(deny["spec"], json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    }
    // Nothing is exposed, so only a namespace without routes may answer on 443.
    let gateway = named(&rendered, "Gateway", "istio-ingress", "public");
    assert_eq!(gateway["spec"]["servers"][1]["hosts"], json!(["./*.apps.example.com"]));
}

/// A flow that lacks one of its ends is refused by the layer that nobody thought of.
#[test]
fn a_declared_flow_is_opened_at_every_end() {
    let rendered = with("");
    let cart = json!({"podSelector": {"matchLabels": {"app": "cart"}}});
    let web = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    let tcp = |port: u16| json!([{"port": port, "protocol": "TCP"}]);
    let out = named(&rendered, "NetworkPolicy", "shop", "workload-web")["spec"]["egress"].clone();
    assert_eq!(out, json!([{"ports": tcp(8081), "to": [cart]}]));
    let into = named(&rendered, "NetworkPolicy", "shop", "workload-cart")["spec"]["ingress"].clone();
    assert_eq!(into, json!([{"ports": tcp(8081), "from": [web]}]));
    let policy = named(&rendered, "AuthorizationPolicy", "shop", "workload-cart")["spec"].clone();
    let rule = json!({
        "from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}],
        "to": [{"operation": {"ports": ["8081"], "methods": ["GET"], "paths": ["/cart/*"]}}],
    });
    assert_eq!(
        policy,
        json!({"selector": {"matchLabels": {"app": "cart"}}, "action": "ALLOW", "rules": [rule]})
    );
    let sidecar = named(&rendered, "Sidecar", "shop", "workload-web")["spec"]["egress"].clone();
    assert_eq!(
        sidecar,
        json!([{"hosts": ["istio-system/dns.addresses.internal", "shop/cart.shop.svc.cluster.local"]}])
    );
    // The gateway's end, and what it may call.
    let backends = named(&rendered, "NetworkPolicy", "istio-ingress", "backends")["spec"]["egress"].clone();
    assert_eq!(backends[0]["ports"], tcp(8080));
    let exposed = named(&rendered, "AuthorizationPolicy", "shop", "workload-web")["spec"]["rules"].clone();
    let hosts = &exposed[0]["to"][0]["operation"]["hosts"];
    assert_eq!(hosts, &json!(["shop.apps.example.com", "shop.apps.example.com:*"]));
    assert_eq!(
        exposed[0]["from"],
        json!([{"source": {"principals": ["cluster.local/ns/istio-ingress/sa/istio-ingressgateway"]}}])
    );
    // The way out.
    let entry = named(&rendered, "ServiceEntry", "shop", "api.example.org")["spec"].clone();
    assert_eq!([&entry["exportTo"], &entry["hosts"]], [&json!(["."]), &json!(["api.example.org"])]);
}

/// Callers without a certificate match no principal; only `notPrincipals: ["*"]` means them and nobody else.
#[test]
fn an_exception_opens_one_port_to_plaintext_and_to_nothing_more() {
    let rendered = with(
        "exceptions: [{workload: shop/cart, port: 8081, from: {unmeshed: batch}, mtls: permissive, reason: r, owner: o, expires: \"2031-01-01\"}]",
    );
    let authentication = named(&rendered, "PeerAuthentication", "shop", "workload-cart");
    assert_eq!(authentication["spec"]["mtls"]["mode"], "STRICT");
    assert_eq!(authentication["spec"]["portLevelMtls"], json!({"8081": {"mode": "PERMISSIVE"}}));
    let rules = named(&rendered, "AuthorizationPolicy", "shop", "workload-cart")["spec"]["rules"].clone();
    let open: Vec<&Value> = rules
        .as_array()
        .expect("rules")
        .iter()
        .filter(|rule| rule.to_string().contains("notPrincipals"))
        .collect();
    assert_eq!(
        open,
        [
            &json!({"from": [{"source": {"notPrincipals": ["*"]}}], "to": [{"operation": {"ports": ["8081"]}}]})
        ]
    );
    let from =
        named(&rendered, "NetworkPolicy", "shop", "workload-cart")["spec"]["ingress"][0]["from"].clone();
    let batch = json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "batch"}}});
    assert!(from.as_array().expect("peers").contains(&batch), "{from}");
}

/// Audit is the way into a running cluster: it refuses nothing, and says so wherever it is met.
#[test]
fn audit_refuses_nothing_and_says_so() {
    let rendered = with("enforcement: audit");
    assert_eq!(of_kind(&rendered, "NetworkPolicy"), Vec::<Value>::new());
    assert_eq!(of_kind(&rendered, "Sidecar"), Vec::<Value>::new());
    assert_eq!(
        named(&rendered, "PeerAuthentication", "istio-system", "default")["spec"]["mtls"]["mode"],
        "PERMISSIVE"
    );
    for policy in of_kind(&rendered, "AuthorizationPolicy") {
        assert_eq!(policy["metadata"]["annotations"]["istio.io/dry-run"], "true", "{policy}");
    }
    let mesh = &release(&rendered, "istiod")["spec"]["values"]["meshConfig"];
    assert_eq!(mesh["outboundTrafficPolicy"]["mode"], "ALLOW_ANY");
    assert!(mesh["accessLogFormat"].as_str().is_some_and(|format| format.contains("dry_run_verdict")));
    for file in [
        "README.md",
        "mesh/peer-authentication.yaml",
        "mesh/authorization-policy-default.yaml",
        "namespaces/shop/authorization-policies.yaml",
    ] {
        let text = rendered.tree.get(&rendered.tree.root().join(file)).expect("the file is there");
        assert!(text.contains("NOT ENFORCED"), "{file}");
    }
}

/// In an enforcing mesh the default deny reaches every namespace, so one in audit must say aloud that it allows all.
#[test]
fn a_namespace_in_audit_is_open_inside_an_enforcing_mesh() {
    let rendered = support::rendered(
        "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: wildcard
namespaces:
  - {name: old, enforcement: audit, workloads: {web: {port: 8080}}, expose: [{workload: web, host: old}]}
  - {name: new, workloads: {web: {port: 8080}}}
",
    );
    assert_eq!(
        named(&rendered, "PeerAuthentication", "old", "default")["spec"]["mtls"]["mode"],
        "PERMISSIVE"
    );
    let open = named(&rendered, "AuthorizationPolicy", "old", "audit-not-enforced");
    assert_eq!(open["spec"], json!({"action": "ALLOW", "rules": [{}]}));
    assert_eq!(open["metadata"]["annotations"], Value::Null);
    for shadow in ["default-deny", "workload-web"] {
        let policy = named(&rendered, "AuthorizationPolicy", "old", shadow);
        assert_eq!(policy["metadata"]["annotations"]["istio.io/dry-run"], "true");
    }
    let policies = of_kind(&rendered, "NetworkPolicy");
    assert!(!policies.iter().any(|policy| policy["metadata"]["namespace"] == "old"));
    assert!(policies.iter().any(|policy| policy["metadata"]["namespace"] == "new"));
    assert_eq!(
        named(&rendered, "Sidecar", "old", "audit-not-enforced")["spec"]["outboundTrafficPolicy"]["mode"],
        "ALLOW_ANY"
    );
}

/// FIPS 140 approves no other suite, and the policy turns every floor into 1.2.
#[test]
fn fips_restricts_tls_everywhere() {
    let values = release(&support::golden("fips"), "istiod")["spec"]["values"].clone();
    assert_eq!(values["pilot"]["env"]["COMPLIANCE_POLICY"], "fips-140-2");
    assert_eq!(values["meshConfig"]["meshMTLS"]["minProtocolVersion"], "TLSV1_2");
    assert_eq!(
        [&values["global"]["hub"], &values["global"]["tag"]],
        ["registry.example.com/istio-fips", "1.21.1-fips"]
    );
}

/// The pinned release serves PeerAuthentication and Telemetry in no newer version.
#[test]
fn kinds_are_written_in_a_version_that_the_release_serves() {
    let versions = |chart: &str| {
        let rendered = with(&format!("chartVersion: {chart}\nkubernetesVersion: \"1.29\""));
        ["PeerAuthentication", "Telemetry", "Gateway"]
            .map(|kind| of_kind(&rendered, kind)[0]["apiVersion"].clone())
    };
    assert_eq!(
        versions("1.21.1"),
        ["security.istio.io/v1beta1", "telemetry.istio.io/v1alpha1", "networking.istio.io/v1beta1"]
    );
    assert_eq!(
        versions("1.22.0"),
        ["security.istio.io/v1", "telemetry.istio.io/v1", "networking.istio.io/v1"]
    );
}

/// The CNI switch moved in 1.24; the old key is read by nobody there, and pods get a privileged container back.
#[test]
fn the_cni_switch_is_the_one_that_the_release_reads() {
    let values = |chart: &str| {
        let rendered = with(&format!("chartVersion: {chart}\nmesh: {{cni: true}}"));
        release(&rendered, "istiod")["spec"]["values"].clone()
    };
    assert_eq!(values("1.23.0")["istio_cni"]["enabled"], true);
    assert_eq!(values("1.23.0")["pilot"]["cni"], Value::Null);
    assert_eq!(values("1.24.0")["istio_cni"], Value::Null);
    assert_eq!(values("1.24.0")["pilot"]["cni"]["enabled"], true);
}

/// kustomize, and so Flux, builds nothing of a folder in which a key is a number: not even the objects beside it.
#[test]
fn every_key_is_text() {
    fn check(node: &meshwright::yaml::Node, path: &camino::Utf8Path) {
        for (key, value) in node.entries() {
            assert!(key.as_str().is_some(), "{path}: {key:?} is no text");
            check(value, path);
        }
        for item in node.items() {
            check(item, path);
        }
    }
    for rendered in everything() {
        for (path, text) in rendered.tree.iter().filter(|(path, _)| path.extension() == Some("yaml")) {
            let mut sources = meshwright::source::Sources::default();
            let file = sources.add(path, text);
            let (documents, faults) = meshwright::yaml::parse(&sources, file);
            assert_eq!(faults, [], "{path}");
            for document in &documents {
                check(document, path);
            }
        }
    }
}

/// On OpenShift Multus chains the CNI plugins, from other folders; without that no pod gets its network.
#[test]
fn the_charts_learn_of_openshift() {
    let values = |chart: &str, name: &str| {
        let more = format!("chartVersion: {chart}\ndns: {{preset: openshift}}\nmesh: {{cni: true}}");
        let values = release(&with(&more), name)["spec"]["values"].clone();
        [values["profile"].clone(), values["global"]["platform"].clone()]
    };
    for name in ["istiod", "istio-cni"] {
        assert_eq!(values("1.21.1", name), [json!("openshift"), Value::Null]);
        assert_eq!(values("1.24.0", name), [Value::Null, json!("openshift")]);
    }
    assert_eq!(
        release(&with("dns: {preset: openshift}"), "istiod")["spec"]["values"]["profile"],
        Value::Null
    );
}

/// Nothing that a user writes is more than a value.
#[test]
fn a_users_text_never_changes_the_shape_of_a_manifest() {
    let shape = |text: &str| {
        let text = json!(text);
        let rendered = with(&format!(
            "gateway: {{service: {{annotations: {{note: {text}}}}}}}\nexceptions: [{{workload: shop/cart, port: 8081, from: {{unmeshed: batch}}, mtls: permissive, reason: {text}, owner: {text}, expires: \"2031-01-01\"}}]"
        ));
        let objects = objects(&rendered);
        let note =
            release(&rendered, "istio-ingressgateway")["spec"]["values"]["service"]["annotations"]["note"]
                .clone();
        assert_eq!(note, text);
        objects
            .iter()
            .map(|object| (object["kind"].clone(), object["metadata"]["name"].clone()))
            .collect::<Vec<_>>()
    };
    let harmless = shape("harmless");
    for text in [
        "a: b",
        "- x",
        "x\n---\nkind: Pod",
        "{{ x }}",
        "# c",
        "'",
        "\"",
        "|",
        "&a *a",
        "!!map {}",
        "yes",
        "0123",
        "]}",
        "é",
        " ",
    ] {
        assert_eq!(shape(text), harmless, "{text:?}");
    }
}

/// kustomize refuses two objects of one name, and with them all that a namespace has.
#[test]
fn a_pattern_and_a_host_that_reads_like_its_name_are_two_entries() {
    let rendered = support::rendered(
        "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: wildcard
namespaces:
  - name: shop
    workloads: {web: {port: 8080}}
    egress: [{from: web, host: '*.example.net'}, {from: web, host: any.example.net}, {from: web, host: example.net}]
",
    );
    let mut names: Vec<Value> = of_kind(&rendered, "ServiceEntry")
        .into_iter()
        .filter(|entry| entry["metadata"]["namespace"] == "shop")
        .map(|entry| entry["metadata"]["name"].clone())
        .collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["any.example.net", "example.net", "example.net.0"]);
}

/// A proxy captures DNS over TCP, to which resolvers turn for long answers, and resets what its Sidecar does not name.
#[test]
fn every_proxy_that_knows_only_what_is_declared_knows_the_resolvers() {
    let rendered = with("");
    let entry = named(&rendered, "ServiceEntry", "istio-system", "dns.addresses.internal");
    assert_eq!(entry["spec"]["exportTo"], json!(["*"]));
    // Without addresses it would mean the same, and istiod's webhook would warn.
    assert_eq!(entry["spec"]["addresses"], json!(["0.0.0.0/0", "::/0"]));
    assert_eq!(entry["spec"]["ports"], json!([{"number": 53, "name": "tcp-53", "protocol": "TCP"}]));
    assert_eq!(entry["spec"]["resolution"], "NONE");
    for rendered in everything() {
        for sidecar in of_kind(&rendered, "Sidecar") {
            let hosts = &sidecar["spec"]["egress"][0]["hosts"];
            let knows = |host: &Value| host == "istio-system/dns.addresses.internal" || host == "*/*";
            assert!(hosts.as_array().expect("hosts").iter().any(knows), "{sidecar}");
        }
    }
}

/// What a reader is told is weak must be no less than what the policies let through.
#[test]
fn what_the_policies_cannot_tell_apart_is_told() {
    let told = |more: &str| {
        let rendered = support::rendered(&format!(
            "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: wildcard
mesh: {{cni: true}}
exceptions: [{{workload: shop/web, port: 8080, from: kubernetes-api, mtls: permissive, reason: r, owner: o, expires: 2031-01-01}}]
namespaces: [{{name: shop, workloads: {{web: {{port: 8080, serviceAccount: one}}, cart: {{port: 8081, serviceAccount: one}}}}}}]
{more}"
        ));
        let (_, readme) =
            rendered.tree.iter().find(|(path, _)| path.file_name() == Some("README.md")).expect("a README");
        let rows = readme.lines().filter(|line| line.starts_with("| plaintext") || line.contains("pass for"));
        rows.map(str::to_owned).collect::<Vec<_>>()
    };
    let shared = "| web, cart of shop pass for each other at a proxy | serviceAccount: one, of each |";
    let anyone = "| plaintext from anyone (apiServer.webhookFrom would hold it to kubernetes-api) to shop/web:8080 | r (owner o, until 2031-01-01) |";
    let held = "| plaintext from kubernetes-api to shop/web:8080 | r (owner o, until 2031-01-01) |";
    assert_eq!(told(""), [anyone, shared]);
    assert_eq!(told("apiServer: {webhookFrom: [10.0.0.0/28]}"), [held, shared]);
}

/// What stands in no tree of ours is waited for, and nobody else says by whom.
#[test]
fn the_readme_names_what_flux_needs() {
    let rendered = with(
        "flux: {serviceAccount: mesh-admin, dependsOn: {ingress: [cert-manager], mesh: [cert-manager]}}",
    );
    let (_, readme) =
        rendered.tree.iter().find(|(path, _)| path.file_name() == Some("README.md")).expect("a README");
    assert!(readme.contains("the ServiceAccount `mesh-admin`"), "{readme}");
    assert!(readme.contains("for ever: `cert-manager`.\n"), "{readme}");
}

/// A mesh in audit refuses nothing, whatever is declared.
#[test]
fn audit_never_says_that_nothing_else_may_talk() {
    let says = |more: &str| {
        let rendered = with(more);
        let (_, readme) =
            rendered.tree.iter().find(|(path, _)| path.file_name() == Some("README.md")).expect("a README");
        readme.lines().find(|line| line.contains("flows are declared")).expect("a line").to_owned()
    };
    assert_eq!(says(""), "3 flows are declared; nothing else may talk.");
    assert_eq!(
        says("enforcement: audit"),
        "3 flows are declared; NOT ENFORCED, so everything else may talk too."
    );
}

/// The plugin's chart asks for `system-node-critical` (`istio-cni/templates/daemonset.yaml`); where the API server limits
/// that class, as on GKE, no pod of another namespace than kube-system starts without a quota, and istiod waits for it.
#[test]
fn the_cni_plugin_may_start_outside_of_kube_system() {
    let rendered = with("mesh: {cni: true}");
    let values = &release(&rendered, "istio-cni")["spec"]["values"]["cni"];
    assert_eq!(values["resourceQuotas"], json!({"enabled": true}));
}

/// Istio takes a PERMISSIVE from whoever may write one. `v1` is served from Kubernetes 1.30 on (KEP-3488); the beta, only
/// where somebody switched it on, which the profile has to say.
#[test]
fn the_api_server_guards_the_mesh_where_it_can() {
    let versions = |more: &str| {
        let rendered = with(more);
        let stages: Vec<String> = of_kind(&rendered, "Kustomization")
            .iter()
            .filter(|stage| stage["metadata"]["name"] == "test-mesh")
            .flat_map(|stage| stage["spec"]["dependsOn"].as_array().cloned().unwrap_or_default())
            .filter_map(|on| on["name"].as_str().map(str::to_owned))
            .collect();
        let policies = of_kind(&rendered, "ValidatingAdmissionPolicy");
        let readme = rendered.tree.get("clusters/test/istio/README.md".into()).expect("a README").to_owned();
        let says = readme.contains("nothing on the cluster keeps a namespace from downgrading to PERMISSIVE");
        (stages.join(","), policies.first().map(|policy| policy["apiVersion"].clone()), says)
    };
    let guarded = |version: &str| {
        let version = format!("admissionregistration.k8s.io/{version}");
        ("test-admission".to_owned(), Some(json!(version)), false)
    };
    let unguarded = || ("test-control-plane".to_owned(), None, true);
    assert_eq!(versions(""), unguarded());
    assert_eq!(versions("kubernetesVersion: '1.30'"), guarded("v1"));
    assert_eq!(versions("kubernetesVersion: '1.33'\nadmission: {beta: true}"), guarded("v1"));
    assert_eq!(versions("kubernetesVersion: '1.30'\nadmission: {engine: none}"), unguarded());
    assert_eq!(versions("kubernetesVersion: '1.29'\nadmission: {beta: true}"), guarded("v1beta1"));
    assert_eq!(versions("kubernetesVersion: '1.27'\nadmission: {beta: true}"), unguarded());
}

/// Kyverno asks no `ValidatingAdmissionPolicy` of the API server, so that nothing is weak for want of it; who
/// installs it is waited for where the profile says, and the README says what of it the policies need.
#[test]
fn kyverno_guards_the_mesh_on_any_kubernetes() {
    let guarded = |version: &str, more: &str| {
        let rendered = with(&format!(
            "kubernetesVersion: '{version}'\nadmission: {{engine: Kyverno}}\nflux: {{dependsOn: {{admission: [kyverno]}}}}\n{more}"
        ));
        let needs = |stage: &str| {
            let stages = of_kind(&rendered, "Kustomization");
            let stage = stages.into_iter().find(|found| found["metadata"]["name"] == format!("test-{stage}"));
            stage.map(|stage| stage["spec"]["dependsOn"].clone())
        };
        let readme = rendered.tree.get("clusters/test/istio/README.md".into()).expect("a README");
        let says = |text: &str| readme.contains(text);
        (
            of_kind(&rendered, "ClusterPolicy").len(),
            [needs("admission"), needs("mesh")],
            says("nothing on the cluster keeps a namespace from downgrading"),
            says("* Kyverno, 1.13 or later")
                && says("wait for ever: `kyverno`.")
                && says("what Kyverno refuses"),
        )
    };
    let on = |names: &[&str]| Some(json!(names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()));
    let stages = || [on(&["test-control-plane", "kyverno"]), on(&["test-admission"])];
    assert_eq!(guarded("1.27", ""), (10, stages(), false, true));
    assert_eq!(guarded("1.30", ""), (10, stages(), false, true));
    let unguarded = [None, on(&["test-control-plane"])];
    assert_eq!(guarded("1.30", "enforcement: audit"), (0, unguarded, false, false));
}

/// A policy that can fail open, that nobody binds, or that a label leaves, refuses nothing: the name of a namespace is the
/// one label that nobody else can set. An exception is admitted by name, by selector and by port.
#[test]
fn admission_policies_hold_and_open_what_exceptions_name() {
    let exception = "exceptions: [{workload: shop/cart, port: 8081, from: {unmeshed: batch}, mtls: permissive, reason: r, owner: o, expires: \"2031-01-01\"}]";
    let rendered = with(&format!("kubernetesVersion: '1.30'\n{exception}"));
    let policies = of_kind(&rendered, "ValidatingAdmissionPolicy");
    let bindings = of_kind(&rendered, "ValidatingAdmissionPolicyBinding");
    assert_eq!(policies.len(), bindings.len());
    for (policy, binding) in policies.iter().zip(&bindings) {
        let spec = &policy["spec"];
        assert_eq!(spec["failurePolicy"], "Fail");
        assert_eq!([&spec["matchConditions"], &spec["paramKind"]], [&Value::Null; 2]);
        assert!(
            spec["matchConstraints"]["namespaceSelector"].to_string().contains("kubernetes.io/metadata.name")
        );
        let bound = json!({"policyName": policy["metadata"]["name"], "validationActions": ["Deny"]});
        assert_eq!(binding["spec"], bound);
    }
    let variable = |policy: &str, name: &str| {
        let of_name = |value: &&Value| value["metadata"]["name"] == policy;
        let variables = policies.iter().find(of_name).expect("it is rendered")["spec"]["variables"].clone();
        let all = variables.as_array().expect("variables").iter();
        all.into_iter().find(|variable| variable["name"] == name).expect("it is there")["expression"].clone()
    };
    assert_eq!(
        variable("test-peer-authentications", "opened"),
        "variables.name == 'shop/workload-cart' && variables.labels == {'app': 'cart'} ? ['8081'] :\n[]"
    );
    assert_eq!(
        variable("test-mesh-defaults", "isFlux"),
        "request.userInfo.username in ['system:serviceaccount:flux-system:kustomize-controller', 'system:serviceaccount:kube-system:namespace-controller']"
    );
}

/// What audits is open by the profile's word: its own PERMISSIVE would be refused otherwise.
#[test]
fn nothing_that_audits_is_guarded() {
    let guarded = |more: &str| {
        let rendered = with(more);
        let policies = of_kind(&rendered, "ValidatingAdmissionPolicy");
        let selects = |policy: &Value| policy["spec"]["matchConstraints"].to_string();
        (policies.len(), policies.iter().any(|policy| selects(policy).contains("\"shop\"")))
    };
    assert_eq!(guarded("kubernetesVersion: '1.30'"), (10, true));
    assert_eq!(guarded("kubernetesVersion: '1.30'\nenforcement: audit"), (0, false));
    let one = support::rendered(
        "domain: apps.example.com\nchartVersion: 1.21.1\ntlsSecret: t\nkubernetesVersion: '1.30'\nnamespaces: [{name: shop, enforcement: audit}]\n",
    );
    let policies = of_kind(&one, "ValidatingAdmissionPolicy");
    assert_eq!(policies.len(), 9, "no namespace is left whose pods could be refused");
    assert!(policies.iter().all(|policy| !policy.to_string().contains("shop")));
}
