use super::{sound, spec, texts};
use crate::{
    manifest::{
        helm_release::{CrdsPolicy, DriftMode},
        *,
    },
    yaml::Node,
};

fn release(metadata: &str, spec: &str) -> Object<HelmRelease> {
    let text = format!(
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {metadata}\nspec: {spec}\n"
    );
    sound(&text).helm_releases.remove(0)
}

#[test]
fn a_release_is_named_and_placed_as_flux_does_it() {
    let placed = |spec: &str| {
        let release = release("{name: istiod, namespace: flux-system}", spec);
        (
            release.release_name(),
            release.release_namespace().to_owned(),
            release.storage_namespace().to_owned(),
        )
    };
    let expected = |name: &str, namespace: &str, storage: &str| {
        (name.to_owned(), namespace.to_owned(), storage.to_owned())
    };
    assert_eq!(placed("{}"), expected("istiod", "flux-system", "flux-system"));
    assert_eq!(
        placed("{targetNamespace: istio-system}"),
        expected("istio-system-istiod", "istio-system", "flux-system")
    );
    assert_eq!(
        placed("{releaseName: a, targetNamespace: b, storageNamespace: c, interval: 1m}"),
        expected("a", "b", "c")
    );
}

#[test]
fn a_release_keeps_its_values_as_they_are_written_nulls_included() {
    let release = release(
        "{name: a}",
        "{chart: {spec: {chart: istiod, sourceRef: {kind: HelmRepository, name: istio}}}, values: {meshConfig: {accessLogFile: ~}, a: [~]}, \
         valuesFrom: [{kind: ConfigMap, name: x}, {kind: Secret, name: y, valuesKey: z, targetPath: a.b}]}",
    );
    let values = release.values.as_ref().expect("they are there");
    assert!(values.at(&["meshConfig", "accessLogFile"]).is_some_and(Node::is_null));
    assert_eq!(values.get("a").map(|list| list.items().len()), Some(1));
    let keys: Vec<_> = release.values_from.iter().map(|values| values.key()).collect();
    assert_eq!(keys, ["values.yaml", "z"]);
    assert_eq!(release.chart().map(helm_release::ChartSpec::version), Some("*"));
    let source = release.source().expect("it has one");
    assert_eq!(
        (source.kind(), source.name.as_str(), source.namespace("own")),
        ("HelmRepository", "istio", "own")
    );
}

#[test]
fn a_release_that_says_nothing_makes_crds_and_leaves_drift() {
    let silent: HelmRelease = spec("{}");
    assert_eq!((silent.install.crds(), silent.upgrade.crds()), (CrdsPolicy::Create, CrdsPolicy::Create));
    assert_eq!((silent.drift_mode(), silent.is_suspended()), (DriftMode::Disabled, false));
    let outspoken: HelmRelease = spec(
        "{suspend: true, driftDetection: {mode: enabled, ignore: [{paths: [/a], target: {kind: Deployment}}]}, \
         upgrade: {crds: CreateReplace, disableSchemaValidation: true}, install: {disableOpenAPIValidation: true}}",
    );
    assert_eq!((outspoken.drift_mode(), outspoken.is_suspended()), (DriftMode::Enabled, true));
    assert_eq!(
        (outspoken.upgrade.crds(), outspoken.upgrade.disables_schema()),
        (CrdsPolicy::CreateReplace, true)
    );
    assert!(outspoken.install.disable_open_api_validation.is_some());
    assert_eq!(outspoken.drift_detection.ignore.len(), 1);
}

#[test]
fn a_folder_is_the_same_however_its_path_is_written() {
    for path in
        ["clusters/a", "./clusters/a", "/clusters/a", "clusters/a/", "./clusters/a/.", "../x/../clusters//a"]
    {
        assert_eq!(spec::<FluxKustomization>(&format!("{{path: {path}}}")).folder(), "clusters/a", "{path}");
    }
    for path in ["''", ".", "./", "/", "a/../.."] {
        assert_eq!(spec::<FluxKustomization>(&format!("{{path: {path}}}")).folder(), "", "{path}");
    }
    assert_eq!(spec::<FluxKustomization>("{}").folder(), "");
}

#[test]
fn a_kustomization_says_what_it_does_to_its_folder() {
    let plain: FluxKustomization = spec(
        "{prune: true, wait: true, dependsOn: [{name: a}, {name: b, namespace: c}], commonMetadata: {labels: {x: y}}}",
    );
    assert_eq!(
        (plain.prunes(), plain.waits(), plain.is_suspended(), plain.edits()),
        (true, true, false, false)
    );
    let needed: Vec<_> =
        plain.depends_on.iter().map(|needed| (needed.namespace("own"), needed.name.as_str())).collect();
    assert_eq!(needed, [("own", "a"), ("c", "b")]);
    for edit in [
        "{targetNamespace: a}",
        "{namePrefix: a-}",
        "{nameSuffix: -a}",
        "{postBuild: {}}",
        "{patches: [{patch: 'a: b'}]}",
        "{images: [{name: a, newTag: b}]}",
        "{components: [../a]}",
    ] {
        assert!(spec::<FluxKustomization>(edit).edits(), "{edit}");
    }
    assert!(!spec::<FluxKustomization>("{targetNamespace: '', patches: []}").edits());
}

#[test]
fn sources_say_where_they_are() {
    let text = "{apiVersion: source.toolkit.fluxcd.io/v1, kind: HelmRepository, metadata: {name: a}, spec: {url: 'oci://a', type: oci}}\n---\n\
                {apiVersion: source.toolkit.fluxcd.io/v1, kind: OCIRepository, metadata: {name: b}, spec: {url: 'oci://b', ref: {digest: 'sha256:1'}}}\n---\n\
                {apiVersion: source.toolkit.fluxcd.io/v1, kind: GitRepository, metadata: {name: c}, spec: {url: 'https://c', ref: {branch: main}, suspend: true}}\n---\n\
                {apiVersion: source.toolkit.fluxcd.io/v1, kind: Bucket, metadata: {name: d}, spec: {endpoint: d, bucketName: e, insecure: true}}\n";
    let manifests = sound(text);
    let urls = manifests
        .helm_repositories
        .iter()
        .filter_map(|source| source.url.as_ref())
        .chain(manifests.oci_repositories.iter().filter_map(|source| source.url.as_ref()))
        .chain(manifests.git_repositories.iter().filter_map(|source| source.url.as_ref()))
        .chain(manifests.buckets.iter().filter_map(|source| source.endpoint.as_ref()));
    assert_eq!(texts(urls), ["oci://a", "oci://b", "https://c", "d"]);
    assert!(manifests.git_repositories[0].suspend.is_some_and(|claim| claim.value));
    assert_eq!(manifests.git_repositories[0].r#ref.named("branch").map(|name| name.as_str()), Some("main"));
}
