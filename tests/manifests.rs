//! What is read from the golden trees, against a reader that is not ours.

mod support;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use meshwright::{
    diagnostic,
    manifest::{
        self, Manifests,
        istio_values::{CniValues, GatewayValues, IstioChart, IstiodValues},
    },
    source::Sources,
};
use support::{documents, home};

/// Every YAML file of the golden trees, in order.
fn golden() -> Vec<(Utf8PathBuf, String)> {
    let (mut files, mut folders) = (Vec::new(), vec![home().join("golden")]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().expect("golden/ can be read") {
            let path = entry.expect("golden/ can be read").into_path();
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some("yaml") => {
                    let text = std::fs::read_to_string(&path).expect("a manifest is text");
                    files.push((path, text));
                }
                _ => {}
            }
        }
    }
    files.sort();
    files
}

fn loaded() -> (Manifests, Sources) {
    let mut sources = Sources::default();
    let files: Vec<u32> = golden().into_iter().map(|(path, text)| sources.add(path, text)).collect();
    let (manifests, diagnostics) = manifest::load(&sources, files);
    assert_eq!(diagnostics, [], "{}", diagnostic::render(&diagnostics, &sources, false));
    (manifests, sources)
}

/// How many objects there are of each group and kind.
type Counts = BTreeMap<(String, String), usize>;

#[test]
fn every_object_of_the_golden_trees_is_read_as_its_kind() {
    let (manifests, _) = loaded();
    let (mut found, mut expected, mut passed_over) = (Counts::new(), Counts::new(), Counts::new());
    for meta in manifests.metas() {
        *found.entry((meta.group().to_owned(), meta.kind.value.clone())).or_default() += 1;
    }
    for document in golden().iter().flat_map(|(_, text)| documents(text)) {
        let text = |key: &str| document[key].as_str().unwrap_or_default().to_owned();
        let group = text("apiVersion").split_once('/').map_or(String::new(), |(group, _)| group.to_owned());
        let is_known = manifest::scope(&group, &text("kind")).is_some();
        let counts = if is_known { &mut expected } else { &mut passed_over };
        *counts.entry((group, text("kind"))).or_default() += 1;
    }
    assert_eq!(found, expected);
    let passed_over: Vec<_> = passed_over.keys().map(|(group, kind)| format!("{kind}.{group}")).collect();
    assert_eq!(passed_over, ["Kustomization.kustomize.config.k8s.io"]);
}

#[test]
fn the_values_of_every_golden_release_are_read() {
    let (manifests, _) = loaded();
    let mut charts = BTreeMap::<_, usize>::new();
    for release in &manifests.helm_releases {
        let chart = release.istio_chart().expect("every release is of Istio's");
        *charts.entry(chart).or_default() += 1;
        let values = release.values.as_ref();
        match chart {
            IstioChart::Istiod => {
                let values = IstiodValues::read(values).expect("they are sound");
                let config = values.mesh_config().expect("it is sound");
                assert_eq!(config.access_log_file(), "/dev/stdout", "{}", release.meta.id());
            }
            IstioChart::Gateway => {
                let ports = GatewayValues::read(values).expect("they are sound").ports();
                assert!(ports.iter().any(|port| port.port == 443), "{}", release.meta.id());
            }
            IstioChart::Cni => drop(CniValues::read(values).expect("they are sound")),
            IstioChart::Base | IstioChart::Ztunnel => {}
        }
    }
    let trees = manifests.helm_repositories.len();
    // The canary's tree runs two control planes.
    assert_eq!(
        [IstioChart::Base, IstioChart::Istiod, IstioChart::Gateway].map(|chart| charts[&chart]),
        [trees, trees + 1, trees]
    );
}
