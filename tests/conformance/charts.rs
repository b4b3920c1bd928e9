//! The values of every HelmRelease through real Helm with Istio's charts: they render, to what we meant, and no key is dead.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use meshwright::{
    profile::{Enforcement, Profile},
    release::{Flux, Istio},
};
use rayon::prelude::*;
use serde_json::{Value, json};

use crate::{
    bench::{self, Bench, Extent},
    support::{self, releases},
    trees::{self, Golden, by_id, text},
};

/// Renders a HelmRelease with some values as `helm template` does, or says why not.
fn template(
    bench: &Bench,
    helm: &str,
    release: &Value,
    values: &Value,
    tree: &Golden,
) -> Result<String, String> {
    let spec = &release["spec"];
    let chart =
        bench.chart(text(release, "/spec/chart/spec/chart"), text(release, "/spec/chart/spec/version"));
    let mut command = bench.command(helm);
    command.args(["template", text(release, "/spec/releaseName")]).arg(chart).args(["--values", "-"]);
    command.args(["--namespace", text(release, "/spec/targetNamespace")]);
    command.args(["--kube-version", &format!("{}.0", tree.profile.kubernetes_version)]);
    if spec["install"]["disableSchemaValidation"] == true || !is_strict(&tree.profile) {
        command.arg("--skip-schema-validation");
    }
    let said = bench::run(&mut command, &values.to_string(), Duration::from_secs(60));
    if said.is_success { Ok(said.out) } else { Err(said.err) }
}

/// Returns whether the Helm in the Flux that a profile names holds a schema as strictly as those here do, since 3.18.5.
fn is_strict(profile: &Profile) -> bool {
    let named = profile.flux.version.as_ref().and_then(|version| version.value.parse().ok());
    named.and_then(Flux::of).is_none_or(|flux| {
        let numbers = flux.helm.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
        numbers.ge([3, 18, 5])
    })
}

/// Returns what a HelmRelease becomes, without what a chart keeps in `crds/`.
pub fn rendered(bench: &Bench, helm: &str, release: &Value, tree: &Golden) -> Vec<Value> {
    let said = template(bench, helm, release, &release["spec"]["values"], tree);
    support::documents(
        &said.unwrap_or_else(|why| panic!("{} {}: {why}", tree.stem, text(release, "/metadata/name"))),
    )
}

/// Returns the mesh configuration that the istiod chart writes, whose name ends in its revision.
fn mesh_config(objects: &[Value]) -> Value {
    let map =
        objects.iter().find(|object| object["kind"] == "ConfigMap" && object["data"]["mesh"].is_string());
    support::documents(text(map.expect("the chart writes it"), "/data/mesh")).remove(0)
}

/// Panics where `whole` lacks something that `part` says.
fn assert_holds(whole: &Value, part: &Value, at: &str) {
    match part {
        Value::Object(keys) => {
            for (key, value) in keys {
                assert_holds(&whole[key], value, &format!("{at}.{key}"));
            }
        }
        // The chart's own providers stay beside ours.
        Value::Array(items) if items.iter().all(Value::is_object) => {
            let there = whole.as_array().unwrap_or_else(|| panic!("{at} is {whole}"));
            for item in items {
                assert!(there.contains(item), "{at} lacks {item}");
            }
        }
        _ => assert_eq!(whole, part, "{at}"),
    }
}

/// Returns whether every label that a selector asks for is there.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector
        .as_object()
        .is_some_and(|asked| !asked.is_empty() && asked.iter().all(|(key, value)| labels[key] == *value))
}

fn check_istiod(values: &Value, objects: &[Value], profile: &Profile) {
    let mesh = mesh_config(objects);
    assert_holds(&mesh, &values["meshConfig"], "meshConfig");
    let mode = if profile.enforcement == Enforcement::Enforce { "REGISTRY_ONLY" } else { "ALLOW_ANY" };
    assert_eq!(mesh["outboundTrafficPolicy"]["mode"], mode);
    assert_eq!(mesh["trustDomain"], profile.mesh.trust_domain);
    assert_eq!(mesh["accessLogEncoding"], "JSON");
    assert_eq!(mesh["meshMTLS"]["minProtocolVersion"], if profile.mesh.fips { "TLSV1_2" } else { "TLSV1_3" });
    let format: Value =
        serde_json::from_str(text(&mesh, "/accessLogFormat")).expect("the log format is JSON");
    assert!(format["source_principal"].is_string(), "a log line names the peer");
}

fn check_gateway(values: &Value, objects: &[Value], tree: &Golden) {
    let one = |kind: &str| {
        objects.iter().find(|object| object["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
    };
    let pods = &one("Deployment")["spec"]["template"];
    let labels = &pods["metadata"]["labels"];
    let service = &one("Service")["spec"];
    assert!(selects(&service["selector"], labels), "the Service selects the pods");
    assert_eq!(service["ports"], values["service"]["ports"]);
    for object in tree.of_kind("Gateway") {
        assert!(selects(&object["spec"]["selector"], labels), "the Gateway selects the pods: {labels}");
        for server in object["spec"]["servers"].as_array().expect("servers") {
            let number = &server["port"]["number"];
            let is_served = |port: &Value| port["targetPort"] == *number && port["port"] == *number;
            assert!(
                service["ports"].as_array().expect("ports").iter().any(is_served),
                "the Service serves {number}"
            );
        }
    }
    let namespace = tree.profile.gateway.namespace.as_str();
    for policy in
        tree.of_kind("AuthorizationPolicy").filter(|policy| policy["metadata"]["namespace"] == namespace)
    {
        assert!(
            selects(&policy["spec"]["selector"]["matchLabels"], labels),
            "the gateway's policy selects the pods"
        );
    }
    let account = text(pods, "/spec/serviceAccountName");
    let callers = tree.of_kind("AuthorizationPolicy").map(Value::to_string).collect::<String>();
    let principal = format!("{}/ns/{namespace}/sa/", tree.profile.mesh.trust_domain);
    assert!(
        callers
            .match_indices(&principal)
            .all(|(at, found)| callers[at + found.len()..].starts_with(&format!("{account}\""))),
        "policies name the gateway's account {account}"
    );
}

/// Returns the pointer of every leaf; a list is one.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(keys) if !keys.is_empty() => {
            for (key, value) in keys {
                leaves(value, &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => found.push(at.to_owned()),
    }
}

/// Returns another value of the same type.
fn other(value: &Value) -> Value {
    match value {
        Value::Null => json!("other"),
        Value::Bool(is) => json!(!is),
        Value::Number(number) => json!(number.as_f64().expect("a JSON number") + 1.0),
        Value::String(text) => {
            json!(text.parse::<u64>().map_or_else(|_| format!("{text}x"), |n| (n + 1).to_string()))
        }
        Value::Array(items) => json!(items[..items.len().saturating_sub(1)]),
        Value::Object(_) => json!({"other": "other"}),
    }
}

/// Returns the keys whose value makes no difference, of how many.
fn dead(bench: &Bench, release: &Value, tree: &Golden) -> (Vec<String>, usize) {
    let values = &release["spec"]["values"];
    let before = template(bench, "helm3", release, values, tree);
    let mut pointers = Vec::new();
    leaves(values, "", &mut pointers);
    let total = pointers.len();
    // A chart that refuses the other value has read it.
    let is_dead = |pointer: &String| {
        let mut changed = values.clone();
        let leaf = changed.pointer_mut(pointer).expect("a leaf of these values");
        *leaf = other(leaf);
        template(bench, "helm3", release, &changed, tree) == before
    };
    (pointers.into_par_iter().filter(is_dead).collect(), total)
}

/// What Helm has rendered.
#[derive(Default)]
struct Rendered {
    releases: usize,
    objects: usize,
    keys: usize,
    without_effect: BTreeMap<String, Vec<String>>,
    /// The values that were asked key by key; those for another Flux are mostly the same.
    asked: BTreeSet<String>,
    charts: BTreeSet<String>,
}

impl Rendered {
    /// Adds every HelmRelease of a tree, by both Helms, to what was meant.
    fn add(&mut self, bench: &Bench, tree: &Golden) {
        for release in tree.of_kind("HelmRelease") {
            let made = rendered(bench, "helm3", release, tree);
            let by_helm4 = by_id(rendered(bench, "helm4", release, tree));
            assert_eq!(by_id(made.clone()), by_helm4, "{}: Helm 3 and 4 differ", tree.stem);
            let (chart, values) = (text(release, "/spec/chart/spec/chart"), &release["spec"]["values"]);
            match chart {
                "istiod" => check_istiod(values, &made, &tree.profile),
                "gateway" => check_gateway(values, &made, tree),
                "base" | "cni" => {}
                _ => panic!("no check for the chart {chart}"),
            }
            self.releases += 1;
            self.objects += made.len();
            self.charts.insert(text(release, "/spec/chart/spec/version").to_owned());
            if self.asked.insert(format!("{chart} {values}")) {
                let (found, total) = dead(bench, release, tree);
                if !found.is_empty() {
                    self.without_effect.insert(format!("{} {chart}", tree.stem), found);
                }
                self.keys += total;
            }
        }
    }

    /// Notes what was compared, once no key is found without effect.
    fn compared(self, bench: &Bench, trees: &str) {
        assert_eq!(self.without_effect, BTreeMap::new(), "keys without effect");
        let Self { releases, objects, keys, charts, .. } = self;
        let charts = format!("{}, {trees}", charts.into_iter().collect::<Vec<_>>().join(" and "));
        bench.compared(
            format!("helm {}, charts {charts}", version(bench, "helm3")),
            format!("{releases} HelmReleases, {objects} objects as meant; {keys} keys alive"),
        );
        bench.compared(
            format!("helm {}, charts {charts}", version(bench, "helm4")),
            format!("{releases} HelmReleases, {objects} objects equal to Helm 3's"),
        );
    }
}

fn version(bench: &Bench, helm: &str) -> String {
    let mut command = bench.command(helm);
    command.args(["version", "--template", "{{.Version}}"]);
    bench::run(&mut command, "", Duration::from_secs(20)).out
}

#[test]
fn every_helm_release_renders_to_what_we_meant_and_no_key_is_dead() {
    let Some(bench) = Bench::of("charts") else { return };
    let mut rendered = Rendered::default();
    for tree in trees::golden(bench.extent) {
        rendered.add(&bench, &tree);
    }
    rendered.compared(&bench, "the golden trees");
}

#[test]
fn so_does_each_release_with_its_own_charts() {
    let Some(bench) = Bench::of("charts").filter(|bench| bench.extent == Extent::All) else { return };
    for pair in releases::matrix().chunk_by(|one, other| one.istio == other.istio) {
        let istio = pair[0].istio.to_string();
        if !bench.chart("gateway", &istio).exists() {
            bench.compared(format!("charts {istio}"), "NOT RUN: a download was refused");
            continue;
        }
        let mut rendered = Rendered::default();
        for tree in pair.iter().flat_map(|releases| trees::of_releases(&bench, releases)) {
            rendered.add(&bench, &tree);
        }
        rendered.compared(&bench, "the matrix");
    }
}

/// The gateway chart's schema refuses the chart's own values exactly where the release's data calls it broken.
#[test]
fn a_gateway_schema_is_as_broken_as_our_data_says() {
    let Some(bench) = Bench::of("charts").filter(|bench| bench.extent == Extent::All) else { return };
    let mut verdicts = Vec::new();
    for releases in releases::matrix() {
        let istio = releases.istio;
        let chart = bench.chart("gateway", &istio.to_string());
        if !chart.exists() {
            continue; // said above
        }
        let is_broken = Istio::of(istio.minor).expect("known").gateway_schema_is_broken(istio.patch);
        for helm in ["helm3", "helm4"] {
            let said = bench::run(
                bench.command(helm).args(["template", "it"]).arg(&chart),
                "",
                Duration::from_secs(60),
            );
            assert_eq!(said.is_success, !is_broken, "{helm}, gateway {istio}: {}", said.err);
        }
        verdicts.push(format!("{istio} {}", if is_broken { "broken" } else { "sound" }));
    }
    verdicts.dedup();
    bench.compared("both Helms, the gateway's schema", format!("as our data says: {}", verdicts.join(", ")));
}
