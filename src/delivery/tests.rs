//! What small trees come to.

use super::*;

/// Returns each object that is taken, `Kind namespace/name`, and who applies it.
fn taken(files: &[(&str, &str)]) -> (Vec<String>, Delivery) {
    let mut sources = Sources::default();
    let input = Input::of(files.iter().copied(), &mut sources);
    let delivered = deliver(&input, &["".into()], &sources);
    assert_eq!(delivered.diagnostics, []);
    let shown = |meta: &crate::manifest::Meta| match &meta.origin.applied_by {
        Some(by) => format!("{} by {by}", meta.id()),
        None => meta.id().to_string(),
    };
    (delivered.manifests.metas().map(shown).collect(), delivered.delivery)
}

const POLICY: &str = "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: deny}}";

fn flux(name: &str, spec: &str) -> String {
    format!(
        "{{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, \
         metadata: {{name: {name}, namespace: flux-system}}, spec: {spec}}}"
    )
}

#[test]
fn everything_counts_where_nothing_says_what_does() {
    let (taken, delivery) = taken(&[("a.yaml", POLICY), ("b/c.yaml", POLICY)]);
    assert_eq!(taken, ["AuthorizationPolicy default/deny", "AuthorizationPolicy default/deny"]);
    assert_eq!((delivery.left_out, delivery.unapplied), (vec![], vec![]));
}

#[test]
fn a_base_under_two_overlays_is_there_twice() {
    let (taken, _) = taken(&[
        ("base/deny.yaml", POLICY),
        ("base/kustomization.yaml", "resources: [deny.yaml]"),
        ("one/kustomization.yaml", "{resources: [../base], namespace: one}"),
        ("two/kustomization.yaml", "{resources: [../base], namespace: two}"),
    ]);
    assert_eq!(taken, ["AuthorizationPolicy one/deny", "AuthorizationPolicy two/deny"]);
}

#[test]
fn the_outer_namespace_wins_and_fluxs_over_the_lists_own() {
    let (taken, _) = taken(&[
        ("base/deny.yaml", POLICY),
        ("base/kustomization.yaml", "{resources: [deny.yaml], namespace: inner}"),
        ("prod/kustomization.yaml", "{resources: [../base], namespace: outer}"),
        ("stages.yaml", &flux("prod", "{path: prod, targetNamespace: flux}")),
    ]);
    assert_eq!(
        taken,
        ["AuthorizationPolicy flux/deny by flux-system/prod", "Kustomization flux-system/prod"]
    );
}

#[test]
fn a_namespace_is_renamed_and_what_lives_in_none_is_not() {
    let objects = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}\n---\n\
                   {apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: c}}";
    let (taken, _) =
        taken(&[("o.yaml", objects), ("kustomization.yaml", "{resources: [o.yaml], namespace: b}")]);
    assert_eq!(taken, ["Namespace b", "GatewayClass c"]);
}

#[test]
fn a_component_changes_what_its_user_holds() {
    let (taken, _) = taken(&[
        ("deny.yaml", POLICY),
        ("kustomization.yaml", "{resources: [deny.yaml], components: [shop]}"),
        ("shop/kustomization.yaml", "{kind: Component, namespace: shop}"),
    ]);
    assert_eq!(taken, ["AuthorizationPolicy shop/deny"]);
}

#[test]
fn flux_takes_all_of_a_folder_without_a_list_and_of_one_with_a_list_what_it_names() {
    let (taken, delivery) = taken(&[
        ("apps/a/deny.yaml", &POLICY.replace("deny", "a")),
        ("apps/b/kustomization.yaml", "resources: [deny.yaml]"),
        ("apps/b/deny.yaml", &POLICY.replace("deny", "b")),
        ("apps/b/left.yaml", &POLICY.replace("deny", "left")),
        ("stages.yaml", &flux("apps", "{path: ./apps}")),
    ]);
    assert_eq!(
        taken,
        [
            "AuthorizationPolicy default/a by flux-system/apps",
            "AuthorizationPolicy default/b by flux-system/apps",
            "Kustomization flux-system/apps"
        ]
    );
    assert_eq!(delivery.left_out.iter().map(|left| left.name.as_str()).collect::<Vec<_>>(), ["left.yaml"]);
}

#[test]
fn lists_that_name_each_other_twice_end() {
    let folders: Vec<(String, String)> = (0..40)
        .map(|at| {
            let next = at + 1;
            let text = format!("resources: [../a{next}, ../b{next}]");
            (at, text)
        })
        .flat_map(|(at, text)| {
            ["a", "b"].map(|side| (format!("{side}{at}/kustomization.yaml"), text.clone()))
        })
        .collect();
    let files: Vec<(&str, &str)> =
        folders.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (taken, delivery) = taken(&files);
    assert_eq!(taken, Vec::<String>::new());
    assert!(delivery.faults.iter().any(|fault| fault.kind == FaultKind::Unread));
}
