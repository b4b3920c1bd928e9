use super::*;
use crate::{
    manifest::{Manifests, Protocol},
    mesh::{Config, Mesh},
    reach::{Place, Port, Unseen, fixture},
};

/// Two namespaces with two workloads each; the containers of `cart` name their ports.
const SHOP: &str = r"
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: a}}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: other, labels: {team: b}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, labels: {app: never-seen}}, spec: {template: {metadata: {labels: {app: web, tier: front}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
      - ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: other}, spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{ports: [{name: http, containerPort: 9000}]}]}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: cart, namespace: other, labels: {app: cart}}}
";

struct World {
    manifests: Manifests,
    unseen: Vec<Unseen>,
    enforcement: Enforcement,
}

/// `shop` with NetworkPolicies, each `NAMESPACE: SPEC`.
fn world(policies: &[&str]) -> World {
    let mut text = SHOP.to_owned();
    for (index, policy) in policies.iter().enumerate() {
        let (namespace, spec) = policy.split_once(": ").expect("a namespace and a spec");
        text.extend([format!(
            "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p{index}, namespace: {namespace}}}, spec: {spec}}}\n"
        )]);
    }
    of(&text)
}

fn of(text: &str) -> World {
    World { manifests: fixture::manifests(text), unseen: Vec::new(), enforcement: Enforcement::default() }
}

impl World {
    fn ask<T>(&self, question: impl Fn(&Network<'_>) -> T) -> T {
        let mesh = Mesh::resolve(&self.manifests, Config::default());
        let network = Network::new(Endpoints::new(&mesh, self.unseen.clone()), self.enforcement);
        agree(&network);
        question(&network)
    }

    fn open(&self, from: &str, to: &str) -> Open {
        self.ask(|network| network.between(id(network, from), id(network, to)))
    }

    /// What is open for certain, as text.
    fn ports(&self, from: &str, to: &str) -> String {
        let open = self.open(from, to);
        assert_eq!(open.certain, open.possible, "{from} to {to}");
        open.certain.to_string()
    }

    fn open_to_outside(&self, to: &str) -> Vec<String> {
        self.ask(|network| shown(network.from_outside(id(network, to))))
    }

    fn to_outside(&self, from: &str) -> Vec<String> {
        self.ask(|network| shown(network.to_outside(id(network, from))))
    }
}

fn shown(found: Vec<(AddressSet, PortSet, Truth)>) -> Vec<String> {
    found.into_iter().map(|(addresses, ports, is_open)| format!("{addresses}: {ports} {is_open:?}")).collect()
}

fn id(network: &Network<'_>, name: &str) -> EndpointId {
    let endpoints = network.endpoints();
    let mut all = endpoints.all_pods().chain([endpoints.node()]);
    all.find(|id| endpoints.name(*id) == name).unwrap_or_else(|| panic!("no {name}"))
}

/// The list of what reaches a pod says the same as the question about a pair.
fn agree(network: &Network<'_>) {
    let endpoints = network.endpoints();
    for to in endpoints.all_pods() {
        let mut listed = vec![Open::default(); endpoints.len()];
        for inbound in network.into_pod(to) {
            for source in inbound.sources.iter() {
                listed[source.index()].add(&inbound.ports, inbound.is_open);
            }
        }
        let is_single = endpoints.pod(to).is_some_and(|pod| pod.workload.meta.kind.as_str() == "Pod");
        for from in endpoints.all_pods().filter(|from| *from != to || !is_single) {
            let names = [from, to].map(|id| endpoints.name(id));
            assert_eq!(listed[from.index()], network.between(from, to), "{names:?}");
        }
    }
}

const ALL: &str = "every port";
const NONE: &str = "no port";

#[test]
fn np01_a_pod_that_no_policy_selects_is_open_both_ways() {
    assert_eq!(world(&[]).ports("shop/web", "other/web"), ALL);
    assert_eq!(world(&[]).open_to_outside("shop/web"), ["any address: every port Yes"]);
    assert_eq!(world(&[]).to_outside("shop/web"), ["any address: every port Yes"]);
}

#[test]
fn np02_an_empty_selector_means_the_policys_own_namespace() {
    let closed = world(&["shop: {podSelector: {}}"]);
    assert_eq!(closed.ports("other/web", "shop/cart"), NONE);
    assert_eq!(closed.ports("shop/web", "other/cart"), ALL);
    assert_eq!(closed.ports("shop/web", "shop/cart"), NONE);
}

#[test]
fn np03_to_np07_a_direction_is_isolated_as_the_api_server_defaults_it() {
    let both = |spec: &str| {
        let world = world(&[&format!("shop: {spec}")]);
        (world.ports("other/web", "shop/web"), world.ports("shop/web", "other/web"))
    };
    let (open, closed) = (ALL.to_owned(), NONE.to_owned());
    assert_eq!(both("{podSelector: {}}"), (closed.clone(), open.clone()), "NP03");
    assert_eq!(
        both("{podSelector: {}, egress: [{ports: [{port: 53}]}]}"),
        (closed.clone(), "53".to_owned()),
        "NP04"
    );
    assert_eq!(both("{podSelector: {}, egress: []}"), (closed.clone(), open.clone()), "NP05");
    assert_eq!(
        both("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}"),
        (open.clone(), closed.clone()),
        "NP06"
    );
    for ingress in ["", ", ingress: null", ", ingress: []"] {
        let spec = format!("{{podSelector: {{}}, policyTypes: [Ingress]{ingress}}}");
        assert_eq!(both(&spec), (closed.clone(), open.clone()), "NP07 {spec}");
    }
}

#[test]
fn np08_an_empty_rule_is_open_to_everyone_at_every_port() {
    let open = world(&["shop: {podSelector: {}, ingress: [{}]}"]);
    assert_eq!(open.ports("other/web", "shop/cart"), ALL);
    assert_eq!(open.open_to_outside("shop/cart"), ["any address: every port Yes"]);
}

#[test]
fn np09_a_rule_without_peers_is_open_to_everyone_at_its_ports() {
    for from in ["", "from: [], ", "from: null, "] {
        let open =
            world(&[&format!("shop: {{podSelector: {{}}, ingress: [{{{from}ports: [{{port: 80}}]}}]}}")]);
        assert_eq!(open.ports("other/web", "shop/cart"), "80");
        assert_eq!(open.open_to_outside("shop/cart"), ["any address: 80 Yes"]);
    }
}

#[test]
fn np10_to_np12_ports_that_are_not_said_are_all_of_the_protocol() {
    let ports = |ports: &str| {
        world(&[&format!("shop: {{podSelector: {{}}, ingress: [{{ports: {ports}}}]}}")])
            .ports("other/web", "shop/cart")
    };
    assert_eq!(ports("[]"), ALL, "NP10");
    assert_eq!(ports("[{}]"), "every TCP port", "NP11");
    assert_eq!(ports("[{protocol: UDP}]"), "every UDP port", "NP12");
    assert_eq!(ports("[{protocol: SCTP, port: 80}]"), "SCTP/80", "NP31");
}

#[test]
fn np13_a_name_means_the_destinations_own_port_in_either_direction() {
    let named = "ports: [{port: http}]";
    let ingress = world(&[
        &format!("shop: {{podSelector: {{}}, ingress: [{{{named}}}]}}"),
        &format!("other: {{podSelector: {{}}, ingress: [{{{named}}}]}}"),
    ]);
    assert_eq!(ingress.ports("shop/web", "shop/cart"), "8080");
    assert_eq!(ingress.ports("shop/web", "other/web"), "9000");
    let egress =
        world(&[&format!("shop: {{podSelector: {{}}, policyTypes: [Egress], egress: [{{{named}}}]}}")]);
    assert_eq!(egress.ports("shop/web", "shop/cart"), "8080");
    assert_eq!(egress.ports("shop/web", "other/web"), "9000");
}

#[test]
fn np14_a_name_that_is_missing_or_of_another_protocol_opens_nothing() {
    let ports = |port: &str| {
        world(&[&format!("shop: {{podSelector: {{}}, ingress: [{{ports: [{port}]}}]}}")])
            .ports("other/web", "shop/cart")
    };
    assert_eq!(ports("{port: grpc}"), NONE);
    assert_eq!(ports("{port: dns}"), NONE);
    assert_eq!(ports("{port: dns, protocol: UDP}"), "UDP/5353");
}

#[test]
fn np15_a_name_means_nothing_towards_an_address() {
    let egress = world(&[
        "shop: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: http}, {port: 443}]}, {ports: [{port: http}]}]}",
    ]);
    assert_eq!(egress.to_outside("shop/web"), ["192.0.2.0/24: 443 Yes"]);
    let ingress = world(&[
        "shop: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}], ports: [{port: http}]}]}",
    ]);
    assert_eq!(ingress.open_to_outside("shop/cart"), ["192.0.2.0/24: 8080 Yes"]);
}

#[test]
fn np16_a_range_holds_both_its_ends() {
    let world = world(&["shop: {podSelector: {}, ingress: [{ports: [{port: 53, endPort: 84}]}]}"]);
    assert_eq!(world.ports("other/web", "shop/cart"), "53-84");
}

#[test]
fn np17_np18_a_block_is_its_range_less_its_exceptions() {
    let world = world(&[
        "shop: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1/24, except: [10.0.0.128/25, 10.0.0.0/26]}}]}]}",
    ]);
    assert_eq!(world.open_to_outside("shop/cart"), ["10.0.0.64/26: every port Yes"]);
}

#[test]
fn np19_a_block_means_no_pod_unless_that_is_asked_for() {
    let mut world = world(&[
        "shop: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 80}]}]}",
    ]);
    assert_eq!(world.ports("other/web", "shop/cart"), NONE);
    world.enforcement.blocks_match_pods = true;
    let open = world.open("other/web", "shop/cart");
    assert_eq!((open.certain.to_string(), open.possible.to_string()), (NONE.to_owned(), "80".to_owned()));
}

#[test]
fn np20_to_np23_peers_are_pods_of_namespaces() {
    let from = |peers: &str| {
        let world = world(&[&format!("shop: {{podSelector: {{}}, ingress: [{{from: {peers}}}]}}")]);
        let is_open = |from: &str| world.ports(from, "shop/cart") == ALL;
        let open: Vec<&str> =
            ["shop/web", "other/web", "other/cart"].into_iter().filter(|from| is_open(from)).collect();
        (open.join(" "), world.open_to_outside("shop/cart").len())
    };
    let expect = |pods: &str| (pods.to_owned(), 0);
    let labels = |key: &str, value: &str| format!("{{matchLabels: {{{key}: {value}}}}}");
    let (web, b) = (labels("app", "web"), labels("team", "b"));
    assert_eq!(
        from(&format!("[{{namespaceSelector: {b}, podSelector: {web}}}]")),
        expect("other/web"),
        "NP20"
    );
    assert_eq!(
        from(&format!("[{{namespaceSelector: {b}}}, {{podSelector: {web}}}]")),
        expect("shop/web other/web other/cart"),
        "NP21"
    );
    assert_eq!(from("[{podSelector: {}}]"), expect("shop/web"), "NP22");
    assert_eq!(from("[{namespaceSelector: {}}]"), expect("shop/web other/web other/cart"), "NP23");
    assert_eq!(
        from(&format!("[{{namespaceSelector: {{}}, podSelector: {web}}}]")),
        expect("shop/web other/web")
    );
}

#[test]
fn np25_policies_add_up() {
    let world = world(&[
        "shop: {podSelector: {}}",
        "shop: {podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}",
        "shop: {podSelector: {matchLabels: {app: cart}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 81}]}]}",
    ]);
    assert_eq!(world.ports("shop/web", "shop/cart"), "80-81");
    assert_eq!(world.ports("shop/cart", "shop/web"), "80");
}

#[test]
fn np26_np42_both_sides_have_to_open() {
    let open_in =
        "shop: {podSelector: {matchLabels: {app: cart}}, ingress: [{ports: [{port: 80, endPort: 90}]}]}";
    let closed_in = "shop: {podSelector: {matchLabels: {app: cart}}}";
    let open_out =
        "other: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 85, endPort: 99}]}]}";
    let closed_out = "other: {podSelector: {}, policyTypes: [Egress]}";
    assert_eq!(world(&[open_in, open_out]).ports("other/web", "shop/cart"), "85-90");
    assert_eq!(world(&[open_in, closed_out]).ports("other/web", "shop/cart"), NONE);
    assert_eq!(world(&[closed_in, open_out]).ports("other/web", "shop/cart"), NONE);
}

#[test]
fn np27_a_reply_needs_no_rule() {
    let world = world(&["shop: {podSelector: {matchLabels: {app: cart}}, policyTypes: [Egress]}"]);
    assert_eq!(world.ports("shop/web", "shop/cart"), ALL);
    assert_eq!(world.ports("shop/cart", "shop/web"), NONE);
}

#[test]
fn np28_a_pod_reaches_itself_and_replicas_are_not_itself() {
    let world = world(&["other: {podSelector: {}, policyTypes: [Ingress, Egress]}"]);
    assert_eq!(world.ports("other/cart", "other/cart"), ALL);
    assert_eq!(world.ports("other/web", "other/web"), NONE);
}

#[test]
fn np29_a_node_reaches_its_pods() {
    assert_eq!(world(&["shop: {podSelector: {}}"]).ports("node", "shop/cart"), ALL);
}

const HOST: &str = "---\n{apiVersion: v1, kind: Pod, metadata: {name: agent, namespace: shop, labels: {app: agent}}, spec: {hostNetwork: true}}\n";

#[test]
fn np30_what_policies_do_to_the_nodes_own_network_is_unknown() {
    let with = |policies: &[&str]| {
        let mut text = SHOP.to_owned() + HOST;
        for (index, policy) in policies.iter().enumerate() {
            text.extend([format!(
                "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p{index}, namespace: shop}}, spec: {policy}}}\n"
            )]);
        }
        of(&text)
    };
    let unknown = Open { certain: PortSet::default(), possible: PortSet::all() };
    assert_eq!(with(&[]).ports("shop/agent", "shop/web"), ALL);
    let closed = "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress]}";
    assert_eq!(with(&[closed]).open("shop/agent", "shop/web"), unknown);
    assert_eq!(with(&[closed]).open("shop/web", "shop/agent"), unknown);
    let by_label = "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: agent}}}]}]}";
    assert_eq!(with(&[by_label]).open("shop/agent", "shop/web"), unknown);
    let everyone = "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]}";
    let open = with(&[everyone]).open("shop/agent", "shop/web");
    assert_eq!((open.certain.to_string(), open.possible.to_string()), ("80".to_owned(), ALL.to_owned()));
    let agent = "{podSelector: {matchLabels: {app: agent}}}";
    assert_eq!(with(&[agent]).open("shop/web", "shop/agent"), unknown);
    assert_eq!(with(&[agent]).ports("shop/agent", "shop/web"), ALL);
}

#[test]
fn np32_what_is_absent_matches_not_in_and_does_not_exist() {
    let peers = |expression: &str| {
        let world = world(&[&format!(
            "shop: {{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{}}, podSelector: {{matchExpressions: [{expression}]}}}}]}}]}}"
        )]);
        let is_open = |from: &str| world.ports(from, "shop/cart") == ALL;
        ["shop/web", "other/web", "other/cart"].map(is_open)
    };
    assert_eq!(peers("{key: tier, operator: In, values: [front]}"), [true, false, false]);
    assert_eq!(peers("{key: tier, operator: NotIn, values: [front]}"), [false, true, true]);
    assert_eq!(peers("{key: tier, operator: Exists}"), [true, false, false]);
    assert_eq!(peers("{key: tier, operator: DoesNotExist}"), [false, true, true]);
    assert_eq!(
        peers("{key: tier, operator: DoesNotExist}, {key: app, operator: In, values: [cart]}"),
        [false, false, true]
    );
}

#[test]
fn np33_a_namespace_carries_its_name() {
    let world = world(&[
        "shop: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]}",
    ]);
    assert_eq!(world.ports("other/web", "shop/cart"), ALL);
    assert_eq!(world.ports("shop/web", "shop/cart"), NONE);
}

#[test]
fn np34_labels_of_a_namespace_that_is_not_shown_are_unknown() {
    let from = |selector: &str| {
        let text = SHOP.to_owned()
            + "---\n{apiVersion: v1, kind: Pod, metadata: {name: x, namespace: hidden}}\n"
            + &format!(
                "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {{podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {selector}}}]}}]}}}}\n"
            );
        let open = of(&text).open("hidden/x", "shop/cart");
        open.at(Port::tcp(80))
    };
    assert_eq!(from("{}"), Truth::Yes);
    assert_eq!(from("{matchLabels: {team: b}}"), Truth::Unknown);
    assert_eq!(from("{matchExpressions: [{key: team, operator: DoesNotExist}]}"), Truth::Unknown);
    assert_eq!(from("{matchLabels: {kubernetes.io/metadata.name: hidden}}"), Truth::Yes);
    assert_eq!(from("{matchLabels: {kubernetes.io/metadata.name: other}}"), Truth::No);
    assert_eq!(from("{matchLabels: {kubernetes.io/metadata.name: other, team: b}}"), Truth::No);
}

#[test]
fn np35_a_policy_without_a_namespace_is_of_default() {
    let text = "{apiVersion: v1, kind: Pod, metadata: {name: x}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: y, namespace: shop}}\n---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p}, spec: {podSelector: {}}}\n";
    assert_eq!(of(text).ports("shop/y", "default/x"), NONE);
}

#[test]
fn np36_j01_policies_see_the_pods_port() {
    let service = "---\n{apiVersion: v1, kind: Service, metadata: {name: cart, namespace: shop}, spec: {selector: {app: cart}, ports: [{port: 80, targetPort: http}]}}\n";
    let policy = |port: u16| {
        format!(
            "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: p, namespace: shop}}, spec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}}}\n"
        )
    };
    let is_open = |port: u16| {
        of(&(SHOP.to_owned() + service + &policy(port))).open("shop/web", "shop/cart").at(Port::tcp(8080))
    };
    assert_eq!(is_open(80), Truth::No);
    assert_eq!(is_open(8080), Truth::Yes);
}

#[test]
fn np38_the_workloads_own_labels_are_never_seen() {
    let world = world(&["shop: {podSelector: {matchLabels: {app: never-seen}}}"]);
    assert_eq!(world.ports("other/web", "shop/web"), ALL);
}

#[test]
fn np39_a_name_is_resolved_over_port_53_of_both_protocols() {
    let world = world(&[
        "shop: {podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: b}}}], ports: [{port: 53}, {port: 53, protocol: UDP}]}]}",
    ]);
    assert_eq!(world.ports("shop/web", "other/web"), "53, UDP/53");
    let dns = Port { protocol: Protocol::Udp, number: 53 };
    assert_eq!(world.open("shop/web", "shop/cart").at(dns), Truth::No);
}

#[test]
fn np40_a_policy_of_a_kind_that_is_not_modelled_makes_everything_it_may_touch_unknown() {
    let with = |metadata: &str| {
        of(&(SHOP.to_owned()
            + &format!(
                "---\n{{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {metadata}}}\n"
            )))
    };
    let own = with("{name: x, namespace: shop}");
    assert_eq!(own.open("other/web", "shop/cart").at(Port::tcp(80)), Truth::Unknown);
    assert_eq!(own.open("shop/cart", "other/web").at(Port::tcp(80)), Truth::Unknown);
    assert_eq!(own.ports("other/web", "other/cart"), ALL);
    assert_eq!(own.open_to_outside("shop/web"), ["any address: every port Unknown"]);
    let everywhere = with("{name: x}");
    assert_eq!(everywhere.open("other/web", "other/cart").at(Port::tcp(80)), Truth::Unknown);
}

#[test]
fn np41_a_policy_opens_nothing_for_another_namespace() {
    let world = world(&["shop: {podSelector: {}}", "other: {podSelector: {}, ingress: [{}], egress: [{}]}"]);
    assert_eq!(world.ports("other/web", "shop/cart"), NONE);
}

#[test]
fn np43_an_address_and_a_label_that_name_the_same_source_do_not_meet() {
    let world = world(&[
        "shop: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}, {from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}], ports: [{port: 81}]}]}",
    ]);
    assert_eq!(world.ports("other/web", "shop/cart"), "81");
    assert_eq!(world.ports("other/cart", "shop/cart"), NONE);
    assert_eq!(world.open_to_outside("shop/cart"), ["10.0.0.0/8: 80 Yes"]);
}

#[test]
fn who_is_not_shown_is_a_peer_as_its_namespace_and_labels_say() {
    let unseen = |place: Place, labels: &[(&str, &str)]| Unseen {
        place,
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        account: "default".to_owned(),
        is_meshed: false,
    };
    let mut world = world(&[
        "shop: {podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}, {from: [{namespaceSelector: {matchLabels: {team: c}}}], ports: [{port: 81}]}, {from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: scraper}}}], ports: [{port: 82}]}]}",
    ]);
    world.unseen = vec![
        unseen(Place::Named("shop".to_owned()), &[]),
        unseen(Place::Named("gone".to_owned()), &[("app", "scraper")]),
        unseen(Place::Other([("team".to_owned(), "c".to_owned())].into()), &[]),
    ];
    assert_eq!(world.ports("shop/* (un-meshed)", "shop/cart"), "80");
    assert_eq!(world.ports("*[team=c]/* (un-meshed)", "shop/cart"), "81");
    let gone = world.open("gone/*[app=scraper] (un-meshed)", "shop/cart");
    assert_eq!((gone.certain.to_string(), gone.possible.to_string()), ("82".to_owned(), "81-82".to_owned()));
    assert_eq!(world.ports("shop/web", "shop/* (un-meshed)"), NONE);
    assert_eq!(world.ports("other/web", "*[team=c]/* (un-meshed)"), ALL);
}
