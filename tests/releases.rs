//! Releases that do not go together, values that a release does not take, and the data that both are judged by.

mod support;

/// The program that derives the data, as a module: what is tested is what a person runs.
#[path = "../examples/release/main.rs"]
mod release_program;

use std::{collections::BTreeSet, fs, io::Write as _};

use camino::Utf8PathBuf;
use meshwright::{
    diagnostic::{Diagnostic, Severity},
    release::{self, Flux, Istio, Reading},
    render,
    source::Source,
};
use release_program::{
    chart, flux, istio,
    repository::{Repository, Tag},
    variable, wanted,
};

/// What a profile says of its releases and values, and each finding expected: `code severity`, in order.
const COMBINATIONS: &[(&str, &[&str])] = &[
    // Istio alone.
    ("chartVersion: 1.20.8", &["unsupported-istio error"]),
    ("chartVersion: 1.9.0", &["unsupported-istio error"]),
    ("chartVersion: 0.21.1", &["unsupported-istio error"]),
    ("chartVersion: 1.21.99", &["unknown-istio-patch warning"]),
    ("chartVersion: 1.24.7", &["unknown-istio-patch warning"]),
    ("chartVersion: 1.99.0", &["unknown-istio warning"]),
    ("chartVersion: 2.0.0", &["unknown-istio warning"]),
    ("chartVersion: 1.99.0\nvalues: {gateway: {fromTheFuture: 1}}", &["unknown-istio warning"]),
    // Istio and Kubernetes.
    ("chartVersion: 1.21.1\nkubernetesVersion: '1.22'", &["unsupported-kubernetes error"]),
    ("chartVersion: 1.21.1\nkubernetesVersion: '0.0'", &["unsupported-kubernetes error"]),
    ("chartVersion: 1.21.1\nkubernetesVersion: '1.25'", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.21.1\nkubernetesVersion: '1.30'", &["untested-kubernetes warning"]),
    ("chartVersion: 1.21.1\nkubernetesVersion: '1.36'", &["untested-kubernetes warning"]),
    ("chartVersion: 1.22.8\nkubernetesVersion: '1.26'", &["untested-kubernetes warning"]),
    ("chartVersion: 1.24.6\nkubernetesVersion: '1.27'", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.25.0\nkubernetesVersion: '1.28'", &["untested-kubernetes warning"]),
    ("chartVersion: 1.25.5\nkubernetesVersion: '1.28'", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.28.2\nkubernetesVersion: '1.29'", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.29.6\nkubernetesVersion: '1.30'", &["untested-kubernetes warning"]),
    ("chartVersion: 1.30.3", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.30.3\nkubernetesVersion: '1.31'", &["kubernetes-too-old warning"]),
    ("chartVersion: 1.30.3\nkubernetesVersion: '1.99'", &["untested-kubernetes warning"]),
    // Flux, alone and on Kubernetes.
    ("chartVersion: 1.21.1\nflux: {version: '2.1'}", &["unsupported-flux error"]),
    ("chartVersion: 1.21.1\nflux: {version: '0.41'}", &["unsupported-flux error"]),
    ("chartVersion: 1.21.1\nflux: {version: '2.99'}", &["unknown-flux warning"]),
    (
        "chartVersion: 1.21.1\nkubernetesVersion: '1.26'\nflux: {version: '2.4'}",
        &["untested-kubernetes warning"],
    ),
    (
        "chartVersion: 1.21.1\nkubernetesVersion: '1.29'\nflux: {version: '2.5'}",
        &["untested-kubernetes warning"],
    ),
    (
        "chartVersion: 1.27.9\nkubernetesVersion: '1.32'\nflux: {version: '2.9'}",
        &["untested-kubernetes warning"],
    ),
    (
        "chartVersion: 1.21.1\nkubernetesVersion: '1.30'\nflux: {version: '2.6'}",
        &["untested-kubernetes warning", "untested-kubernetes warning"],
    ),
    // Keys that no template of the release reads.
    ("chartVersion: 1.21.1\nvalues: {istiod: {global: {mtls: {enabled: true}}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {istiod: {pilot: {resorces: {}}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {istiod: {env: {PILOT_HTTP10: '1'}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {istiod: {pilot: {pdb: {minAvailable: 1}}}}", &["dead-value warning"]),
    (
        "chartVersion: 1.21.1\nvalues: {istiod: {global: {networkPolicy: {enabled: true}}}}",
        &["dead-value warning"],
    ),
    ("chartVersion: 1.21.1\nvalues: {istiod: {pilot: {podDisruptionBudget: {}}}}", &["dead-value warning"]),
    (
        "chartVersion: 1.24.6\nvalues: {istiod: {global: {jwtPolicy: first-party-jwt}}}",
        &["dead-value warning"],
    ),
    ("chartVersion: 1.27.5\nvalues: {gateway: {service: {selectorLabel: {}}}}", &["guarded-value error"]),
    ("chartVersion: 1.24.6\nvalues: {cni: {repair: {hub: example.com}}}", &["dead-value warning"]),
    ("chartVersion: 1.24.2\nvalues: {gateway: {global: {replicaCount: 2}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {base: {base: {enableIstioConfigCRDs: false}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {gateway: {lifecycle: {}}}", &["dead-value warning"]),
    ("chartVersion: 1.21.1\nvalues: {gateway: {nodeselector: {a: b}}}", &["dead-value warning"]),
    // Variables of another istiod, and misspelt ones.
    (
        "chartVersion: 1.26.8\nvalues: {istiod: {pilot: {env: {ENABLE_AUTO_SNI: 'true'}}}}",
        &["dead-value warning"],
    ),
    (
        "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {env: {ENABLE_DEBUG_ENDPOINT_AUTH: 'true'}}}}",
        &["dead-value warning"],
    ),
    (
        "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {env: {PILOT_ENABLE_XDS_CASHE: 'true'}}}}",
        &["dead-value warning"],
    ),
    ("chartVersion: 1.24.6\nvalues: {istiod: {env: {PILOT_HTTP_10: '1'}}}", &["dead-value warning"]),
    // What a chart or its schema refuses.
    ("chartVersion: 1.27.9\nvalues: {gateway: {lifecycles: {}}}", &["refused-value error"]),
    ("chartVersion: 1.25.5\nvalues: {gateway: {networkGatewayPorts: {}}}", &["refused-value error"]),
    ("chartVersion: 1.27.9\nvalues: {gateway: {replicaCount: three}}", &["refused-value error"]),
    ("chartVersion: 1.27.9\nvalues: {gateway: {kind: StatefulSet}}", &["refused-value error"]),
    (
        "chartVersion: 1.27.9\nvalues: {gateway: {autoscaling: {targetCPUUtilizationPercentage: '80'}}}",
        &["refused-value error"],
    ),
    (
        "chartVersion: 1.21.1\nflux: {version: '2.3'}\nvalues: {gateway: {resources: {limits: {cpu: 2}}}}",
        &["refused-value error"],
    ),
    ("chartVersion: 1.24.6\nvalues: {gateway: {defaults: {name: a}}}", &["refused-value error"]),
    ("chartVersion: 1.24.6\nvalues: {base: {compatibilityVersion: '1.20'}}", &["refused-value error"]),
    ("chartVersion: 1.24.6\nvalues: {cni: {global: {platform: eks}}}", &["refused-value error"]),
    ("chartVersion: 1.24.6\nvalues: {istiod: {global: {platform: gke}}}", &["refused-value error"]),
    (
        "chartVersion: 1.24.6\nvalues: {istiod: {telemetry: {v2: {stackdriver: {disableOutbound: true}}}}}",
        &["refused-value error"],
    ),
];

/// Values that some part of the release reads, free-form maps among them: nothing may be said of these.
const TAKEN: &[&str] = &[
    "chartVersion: 1.21.1\nvalues: {gateway: {defaults: {nodeSelector: {a: b}}}}",
    // 1.24 picks its values by `global.platform`, and reads `platform` for something else.
    "chartVersion: 1.24.6\nvalues: {istiod: {platform: gke}}",
    "chartVersion: 1.24.3\nvalues: {gateway: {global: {replicaCount: 2}}}",
    "chartVersion: 1.27.5\nvalues: {istiod: {pilot: {env: {PILOT_HTTP10: '1'}}}, gateway: {replicaCount: 2, kind: DaemonSet}}",
    "chartVersion: 1.21.1\nvalues: {gateway: {replicaCount: three}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {resources: {requests: {cpu: 1, anything: 2}}, nodeSelector: {a.b/c: d}}}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {env: {PILOT_HTTP10: '1', GOGC: '50', HTTPS_PROXY: x, MY_OWN: y}}}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {affinity: {podAntiAffinity: {}}, podAnnotations: {a: b}, podLabels: {c: d}}}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {meshConfig: {defaultConfig: {proxyMetadata: {A: b}}, whatever: {x: 1}}}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {global: {proxy: {resources: {limits: {memory: 1Gi}}, logLevel: info}, logging: {level: 'all:warn'}}}}",
    "chartVersion: 1.21.1\nvalues: {istiod: {pilot: {autoscaleMin: 3, tolerations: [], topologySpreadConstraints: [], volumes: []}}}",
    "chartVersion: 1.24.6\nvalues: {istiod: {resources: {}, pilot: {affinity: {}}, extraContainerArgs: [], global: {platform: openshift}}}",
    "chartVersion: 1.27.9\nvalues: {istiod: {pdb: {minAvailable: 2}, pilot: {pdb: {maxUnavailable: 1}}}}",
    "chartVersion: 1.21.1\nvalues: {gateway: {env: {A: b}, annotations: {a: b}, affinity: {nodeAffinity: {}}, resources: {limits: {cpu: 2}}}}",
    "chartVersion: 1.27.9\nvalues: {gateway: {resources: {limits: {cpu: '2'}}, replicaCount: null, tolerations: [{operator: Exists}], lifecycle: {}}}",
    "chartVersion: 1.27.9\nvalues: {gateway: {podDisruptionBudget: {maxUnavailable: 1}, autoscaling: {autoscaleBehavior: {scaleDown: {}}}}}",
    "chartVersion: 1.21.1\nvalues: {cni: {cni: {resources: {}, logLevel: info, affinity: {}}, global: {logging: {level: x}}}}",
    "chartVersion: 1.27.9\nvalues: {cni: {cni: {resources: {}}, tolerations: [], env: {A: b}, repair: {enabled: true}}}",
    "chartVersion: 1.24.6\nvalues: {base: {compatibilityVersion: '1.23', global: {imagePullSecrets: [a]}}}",
    "chartVersion: 1.24.6\nkubernetesVersion: '1.31'\nflux: {version: '2.6'}",
    "chartVersion: 1.27.9\nkubernetesVersion: '1.33'\nflux: {version: '2.9'}",
    "chartVersion: 1.30.3\nkubernetesVersion: '1.36'\nflux: {version: '2.9'}",
];

fn found(lines: &str) -> Vec<Diagnostic> {
    let text = format!("domain: apps.example.com\ntlsSecret: tls\nnamespaces: [shop]\n{lines}\n");
    let (_, found, _) =
        support::from_text(Source { path: "test.yaml".into(), text }, &mut |_| Ok(Vec::new()));
    found
}

fn told(lines: &str) -> Vec<String> {
    let severity = |diagnostic: &Diagnostic| match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    found(lines).iter().map(|diagnostic| format!("{} {}", diagnostic.code, severity(diagnostic))).collect()
}

#[test]
fn a_wrong_combination_is_told_as_expected() {
    let expected: Vec<(&str, Vec<String>)> = COMBINATIONS
        .iter()
        .map(|(lines, codes)| (*lines, codes.iter().map(|code| (*code).to_owned()).collect()))
        .collect();
    let all: Vec<(&str, Vec<String>)> = COMBINATIONS.iter().map(|(lines, _)| (*lines, told(lines))).collect();
    assert_eq!(all, expected);
}

#[test]
fn nothing_is_said_of_what_a_release_takes() {
    for lines in TAKEN {
        assert_eq!(found(lines), [], "{lines}");
    }
}

/// The nearest release that works there, or that there is none.
#[test]
fn a_kubernetes_that_does_not_fit_is_told_with_what_does() {
    let says = |version: &str, kubernetes: &str| {
        let all = found(&format!("chartVersion: {version}\nkubernetesVersion: '{kubernetes}'"));
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        format!("{} | {} | {}", one.message, one.labels[0].text, one.help.join(" | "))
    };
    let all = [
        ("1.30.3", "1.31"),
        ("1.21.1", "1.25"),
        ("1.25.0", "1.28"),
        ("1.22.8", "1.26"),
        ("1.21.1", "1.31"),
        ("1.30.3", "1.99"),
        ("1.21.1", "1.22"),
    ]
    .map(|(version, kubernetes)| says(version, kubernetes));
    assert_eq!(
        all,
        [
            "Istio 1.30.3 does not support Kubernetes 1.31 | 1.32 or later was expected | upgrade the cluster first, or say an older `chartVersion`; 1.29.6 is the newest for 1.31",
            "Istio 1.21.1 does not support Kubernetes 1.25 | 1.26 or later was expected | upgrade the cluster first",
            "the Istio project does not support 1.25.0 on Kubernetes 1.28 | supported on 1.29 to 1.32 | plan the upgrade of the cluster; 1.24.6 is the newest for 1.28",
            "the Istio project tested 1.22.8 on Kubernetes 1.26, but does not support it | supported on 1.27 to 1.30 | plan the upgrade of the cluster; 1.21.6 is the newest for 1.26",
            "the Istio project did not test 1.21.1 on Kubernetes 1.31 | tested up to 1.29 | plan the upgrade of Istio; 1.24 is the first that was tested there",
            "the Istio project did not test 1.30.3 on Kubernetes 1.99 | tested up to 1.36 | no Istio that this meshwright knows was tested there; look for a newer meshwright",
            "Istio 1.21.1 needs `autoscaling/v2`, which Kubernetes 1.22 does not serve | 1.23 or later was expected | upgrade the cluster before you render for it",
        ]
    );
}

#[test]
fn a_finding_says_what_was_meant_or_which_release_does_it() {
    let says = |lines: &str| {
        let all = found(lines);
        let [one] = all.as_slice() else { panic!("{all:#?}") };
        [&one.message, &one.labels[0].text]
            .into_iter()
            .chain(&one.help)
            .cloned()
            .collect::<Vec<_>>()
            .join(" | ")
    };
    let pilot = |version: &str, below: &str| {
        says(&format!("chartVersion: {version}\nvalues: {{istiod: {{pilot: {{{below}}}}}}}"))
    };
    assert_eq!(
        pilot("1.21.1", "resorces: {}"),
        "the istiod chart of Istio 1.21.1 does not read `pilot.resorces` | did you mean `resources`?"
    );
    assert_eq!(
        pilot("1.21.1", "pdb: {minAvailable: 1}"),
        "the istiod chart of Istio 1.21.1 does not read `pilot.pdb` | it has no effect | it is read from 1.27 on"
    );
    assert_eq!(
        pilot("1.26.8", "env: {ENABLE_AUTO_SNI: 'true'}"),
        "istiod 1.26.8 reads no variable `ENABLE_AUTO_SNI` | it has no effect | it was read up to 1.25"
    );
    let value = |version: &str, values: &str| says(&format!("chartVersion: {version}\nvalues: {{{values}}}"));
    assert_eq!(
        value("1.27.9", "gateway: {kind: StatefulSet}"),
        "the gateway chart of Istio 1.27.9 refuses this `kind` | expected `Deployment` or `DaemonSet`"
    );
    assert_eq!(
        value("1.24.6", "istiod: {global: {platform: gke}}"),
        "the istiod chart of Istio 1.24.6 refuses this `global.platform` | expected `k3d`, `k3s`, `microk8s`, `minikube` or `openshift` | it is taken from 1.25 on"
    );
    assert_eq!(
        value("1.24.6", "base: {compatibilityVersion: '1.20'}"),
        "the base chart of Istio 1.24.6 refuses this `compatibilityVersion` | expected `1.21`, `1.22` or `1.23` | it was taken up to 1.23"
    );
    assert_eq!(
        says("chartVersion: 1.21.1\nkubernetesVersion: '1.29'\nflux: {version: '2.5'}"),
        "`flux check` of Flux 2.5 fails on Kubernetes 1.29 | 1.30 or later was expected | upgrade the cluster, or say an older `flux.version`; 2.4 is the newest for 1.29"
    );
}

/// Each value that we render has to be read by the chart of each release: a dead key would guard nothing.
#[test]
fn no_value_that_we_render_is_dead() {
    for minor in release::istio_minors() {
        let istio = Istio::of(minor).expect("known");
        for mesh in [
            "",
            "mesh: {cni: true, fips: true, images: {hub: h, tag: t}}\ntracing: {address: 'otel.obs:4317'}",
        ] {
            let patches = [0, istio.newest_patch];
            for patch in patches {
                let text = format!(
                    "domain: apps.example.com\ntlsSecret: tls\nnamespaces: [shop]\nchartVersion: {minor}.{patch}\n{mesh}\n"
                );
                let rendered = support::rendered(&text);
                assert_eq!(unread(&rendered, istio, patch), [""; 0], "{minor}.{patch}");
            }
        }
    }
}

/// The values of each rendered release that its chart does not read.
fn unread(rendered: &render::Rendered, istio: &Istio, patch: u16) -> Vec<String> {
    let (mut unread, mut releases) = (Vec::new(), 0);
    let manifests = rendered.tree.iter().filter(|(path, _)| path.extension() == Some("yaml"));
    for (path, text) in manifests {
        for release in support::documents(text).iter().filter(|document| document["kind"] == "HelmRelease") {
            releases += 1;
            let name = release["spec"]["chart"]["spec"]["chart"].as_str().expect("a release has its chart");
            let chart = istio.values().chart(name).expect("a chart that we know");
            let mut places = vec![(String::new(), &release["spec"]["values"])];
            while let Some((place, value)) = places.pop() {
                for (key, below) in value.as_object().into_iter().flatten() {
                    let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                    match chart.reading(&place, patch) {
                        Reading::Whole => {}
                        Reading::Below => places.push((place, below)),
                        Reading::None => unread.push(format!("{path}: {place}")),
                    }
                }
            }
        }
    }
    assert!(releases > 2, "base, istiod and gateway at least");
    unread
}

#[test]
fn the_data_covers_what_the_documents_promise() {
    let files = |folder: &str| {
        let folder = support::home().join("release").join(folder);
        let names = fs::read_dir(folder).expect("the data is there");
        names
            .map(|entry| entry.expect("readable").file_name().into_string().expect("text"))
            .collect::<BTreeSet<_>>()
    };
    let named = |major: u16, minors: std::ops::RangeInclusive<u16>| {
        minors.map(|minor| format!("{major}.{minor}.yaml")).collect::<BTreeSet<_>>()
    };
    assert!(files("istio").is_superset(&named(1, 21..=30)));
    assert!(files("flux").is_superset(&named(2, 2..=9)));
    for minor in release::istio_minors() {
        let istio = Istio::of(minor).expect("known");
        for name in ["base", "istiod", "cni", "gateway"] {
            let chart = istio.values().chart(name).expect("known");
            assert!(chart.keys(istio.newest_patch).count() > 9, "{minor} {name}");
        }
        assert!(istio.values().variables().count() > 100, "{minor}");
    }
    for minor in (21..=30).map(|minor| release::Minor { major: 1, minor }) {
        assert!(
            Istio::of(minor).and_then(Istio::support).is_some(),
            "{minor} has no entry in release/facts.yaml"
        );
    }
    assert!(release::flux_minors().all(|minor| Flux::of(minor).is_some()));
}

/// A clone that an environment variable names; where it names none, that is said.
fn clone(variable: &str) -> Option<String> {
    let path = std::env::var(variable).ok();
    if path.is_none() {
        // Not by `eprintln!`, which the test runner keeps to itself where a test passes.
        let said = format!("NOT RUN: {variable} names no clone; the committed data is not derived again\n");
        std::io::stderr().write_all(said.as_bytes()).expect("somebody listens");
    }
    path
}

fn committed(product: &str, (major, minor): (u16, u16)) -> String {
    let path: Utf8PathBuf =
        support::home().join("release").join(product).join(format!("{major}.{minor}.yaml"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The committed data of each Istio minor of which the clone has the newest patch, derived again.
#[test]
fn istio_derived_again_gives_the_committed_bytes() {
    let Some(path) = clone("MESHWRIGHT_ISTIO_CLONE") else { return };
    let repository = Repository::open(&path).expect("a clone");
    let minors: Vec<String> = release::istio_minors()
        .map(|minor| format!("{minor}.{}", Istio::of(minor).expect("known").newest_patch))
        .collect();
    let asked: Vec<&str> = minors.iter().map(String::as_str).collect();
    let tags = wanted(repository.tags().expect("tags"), (1, 21), &asked);
    assert!(!tags.is_empty(), "{path} has none of our releases");
    for (minor, tags) in tags {
        assert_eq!(istio::derive(&repository, &tags).expect("it can be derived"), committed("istio", minor));
    }
}

/// The same for Flux: `FLUX2:HELM-CONTROLLER:SOURCE-CONTROLLER:KUSTOMIZE-CONTROLLER`.
#[test]
fn flux_derived_again_gives_the_committed_bytes() {
    let Some(paths) = clone("MESHWRIGHT_FLUX_CLONES") else { return };
    let paths: Vec<&str> = paths.split(':').collect();
    let sources = flux::Sources::open(paths.as_slice().try_into().expect("four clones")).expect("clones");
    let minors: Vec<String> = release::flux_minors()
        .map(|minor| format!("{minor}.{}", Flux::of(minor).expect("known").newest_patch))
        .collect();
    let asked: Vec<&str> = minors.iter().map(String::as_str).collect();
    for (minor, tags) in wanted(sources.flux.tags().expect("tags"), (2, 2), &asked) {
        assert_eq!(flux::derive(&sources, &tags).expect("it can be derived"), committed("flux", minor));
    }
}

/// The fields of Istio's kinds, from the newest patches that the data names.
#[test]
fn the_fields_of_istio_derived_again_give_the_committed_bytes() {
    let Some(path) = clone("MESHWRIGHT_ISTIO_CLONE") else { return };
    let repository = Repository::open(&path).expect("a clone");
    let committed = committed_api("istio");
    assert_eq!(istio::api(&repository, &tags_of(&committed)).expect("it can be derived"), committed);
}

/// The same for Flux.
#[test]
fn the_fields_of_flux_derived_again_give_the_committed_bytes() {
    let Some(paths) = clone("MESHWRIGHT_FLUX_CLONES") else { return };
    let paths: Vec<&str> = paths.split(':').collect();
    let sources = flux::Sources::open(paths.as_slice().try_into().expect("four clones")).expect("clones");
    let committed = committed_api("flux");
    assert_eq!(flux::api(&sources, &tags_of(&committed)).expect("it can be derived"), committed);
}

fn committed_api(product: &str) -> String {
    let path = support::home().join(format!("release/api/{product}.txt"));
    fs::read_to_string(path).expect("the data is there")
}

/// Returns the releases that a data file was derived from, which its first line names.
fn tags_of(committed: &str) -> Vec<Tag> {
    let first = committed.lines().next().expect("a data file has a first line");
    first.split([' ', ',']).filter_map(Tag::parse).collect()
}

#[test]
fn a_template_reads_what_its_actions_name() {
    let template = r#"
{{- /* .Values.comment */}}
{{- if and .Values.a.b ($.Values.c).d }}
{{ with .Values.free }}{{ toYaml . }}{{ end }}{{ .Values.free.below }}
{{ ((.Values.pilot).env).NAME }} {{ index .Values "list" "key" }} {{ hasKey .Values.service "port" }}
{{ pick .Values "global" "copied" }} {{ dig "global" "deep" true .Values }} {{ dig "global" "name" "" .Values }} {{ .Values.global.mesh | quote }}
{{- $_ := mustMergeOverwrite $.Values (index $.Values "pilot") }}"#;
    let files = [("chart/templates/a.yaml".to_owned(), template.into())];
    let chart = chart::read(&files).expect("readable");
    let keys: Vec<&str> = chart.keys.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "a.b",
            "c.d",
            "copied",
            "free",
            "global.deep",
            "global.mesh",
            "global.name",
            "list.key",
            "pilot.env.NAME",
            "service.port"
        ]
    );
    assert_eq!(chart.merged.as_deref(), Some("pilot"));
}

#[test]
fn a_variable_is_a_literal_a_constant_or_handed_on() {
    let go = "const NamedElsewhere = \"BY_CONSTANT\"\nvar A = env.Register(\n\t\"LITERAL\", true, \"\").Get()\nvar B = env.RegisterStringVar(NamedElsewhere, \"\")\nvar C = registerAmbient(\"HANDED_ON\", true)\nvar D = env.Register[int](\"GENERIC\", 1, \"\")\n";
    let names = variable::registered(&[("a.go".to_owned(), go.into())]);
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["BY_CONSTANT", "GENERIC", "HANDED_ON", "LITERAL"]);
}
