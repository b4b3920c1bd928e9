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

/// Returns the keys of what is not followed of a list of two objects.
fn unfollowed(list: &str) -> Vec<&'static str> {
    let web = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {spec: {containers: [{name: a}]}}}}";
    let account = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: web}}";
    let bound = "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: web}, \
                 roleRef: {kind: Role, name: a}, subjects: [{kind: ServiceAccount, name: web}]}";
    let (taken, delivery) = taken(&[
        ("objects.yaml", &[POLICY, web, account, bound].join("\n---\n")),
        ("kustomization.yaml", &format!("{{resources: [objects.yaml], {list}}}")),
    ]);
    assert_eq!(taken.len(), 4);
    delivery.unfollowed.iter().map(|edit| edit.key).collect()
}

#[test]
fn a_patch_whose_outcome_is_not_certain_is_left_and_told() {
    let web = "apiVersion: apps/v1, kind: Deployment, metadata: {name: web}";
    let deny = POLICY.trim_matches(['{', '}']).to_owned() + "}";
    let cases = [
        format!("patch: '{{{web}, spec: {{template: {{spec: {{containers: [{{name: web}}]}}}}}}}}'"),
        format!("patch: '{{{web}, spec: {{$patch: replace, replicas: 2}}}}'"),
        format!("patch: '{{{web}, spec: {{new: {{key: null}}}}}}'"),
        format!("patch: '{{{web}, spec: [2]}}'"),
        format!("patch: '{{{deny}, spec: {{a: 1}}}}', options: {{allowNameChange: true}}"),
        "patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: other}}'".to_owned(),
        "path: missing.yaml".to_owned(),
        "patch: '[{op: remove, path: /spec}]'".to_owned(),
        "target: {kind: AuthorizationPolicy}, patch: '[{op: remove, path: /spec/none}]'".to_owned(),
        "target: {kind: AuthorizationPolicy}, patch: '[{op: replace, path: /metadata/name, value: a}]'"
            .to_owned(),
        "target: {kind: AuthorizationPolicy}, patch: '[{op: test, path: /kind, value: Other}]'".to_owned(),
        "target: {kind: '('}, patch: '[{op: add, path: /a, value: 1}]'".to_owned(),
        "target: {labelSelector: 'a in (b)'}, patch: '[{op: add, path: /a, value: 1}]'".to_owned(),
        "target: {name: deny}, patch: 'no patch'".to_owned(),
    ];
    for case in cases {
        assert_eq!(unfollowed(&format!("patches: [{{{case}}}]")), ["patches"], "{case}");
    }
}

#[test]
fn a_patch_whose_outcome_is_certain_is_not_told() {
    let deny = POLICY.trim_matches(['{', '}']).to_owned() + "}";
    let cases = [
        format!("patch: '{{{deny}, spec: {{rules: [{{}}]}}}}'"),
        "target: {kind: AuthorizationPolicy}, patch: '[{op: add, path: /spec, value: {}}]'".to_owned(),
        "target: {kind: AuthorizationPolicy, labelSelector: '!a,b!=c'}, patch: '[{op: add, path: /spec, value: {}}]'".to_owned(),
        "target: {kind: AuthorizationPolicy, name: none}, patch: '[{op: remove, path: /spec/none}]'".to_owned(),
    ];
    for case in cases {
        assert_eq!(unfollowed(&format!("patches: [{{{case}}}]")), Vec::<&str>::new(), "{case}");
    }
}

#[test]
fn a_name_that_more_than_a_name_follows_is_told() {
    assert_eq!(unfollowed("namePrefix: a-"), ["namePrefix"]);
}

#[test]
fn what_flux_adds_comes_after_the_lists_own() {
    let (taken, delivery) = taken(&[
        ("mesh/deny.yaml", POLICY),
        ("mesh/kustomization.yaml", "{resources: [deny.yaml], namePrefix: own-, nameSuffix: -own}"),
        (
            "stages.yaml",
            &flux(
                "mesh",
                "{path: mesh, namePrefix: flux-, targetNamespace: shop, patches: [{target: {name: deny}, patch: \
                 '[{op: add, path: /metadata/namespace, value: a}]'}, {target: {name: deny}, patch: \
                 '[{op: add, path: /metadata/labels, value: {a: b}}]'}]}",
            ),
        ),
    ]);
    assert_eq!(
        taken,
        ["AuthorizationPolicy shop/flux-deny-own by flux-system/mesh", "Kustomization flux-system/mesh"]
    );
    assert_eq!(delivery.unfollowed.len(), 1, "a namespace is no operation that is followed");
    assert_eq!(delivery.followed.iter().filter(|edit| edit.key == "patches").count(), 1);
}
