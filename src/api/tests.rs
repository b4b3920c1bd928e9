use super::*;
use crate::{diagnostic, source::Sources, yaml};

/// The faults that a release finds, `code: message | label`; no release is asked for where it is empty.
fn said(release: &str, text: &str) -> Vec<String> {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let (documents, faults) = yaml::parse(&sources, file);
    assert_eq!(faults, [], "{}", diagnostic::render(&faults, &sources, false));
    let found = super::faults(&documents[0]);
    let here = found.iter().filter(|fault| fault.holds_in(release.parse().ok()));
    here.map(|fault| {
        let Diagnostic { code, message, labels, .. } = &fault.diagnostic;
        format!("{code}: {message} | {}", labels[0].text)
    })
    .collect()
}

const SOURCE: &str = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: a}\n\
                      spec: {rules: [{from: [{source: {serviceAccounts: [a/b]}}]}]}\n";

#[test]
fn what_differs_between_releases_is_said_only_of_a_release_that_is_known() {
    let said_of = |release| said(release, SOURCE);
    let fault =
        "field-not-served: this Istio has no field `serviceAccounts` in `source` | Istio has it from 1.25 on";
    assert_eq!(said_of("1.24"), [fault]);
    assert_eq!(said_of("1.25"), Vec::<String>::new());
    assert_eq!(said_of("1.99"), Vec::<String>::new());
    assert_eq!(said_of(""), Vec::<String>::new());
}

#[test]
fn what_no_release_takes_is_said_whatever_the_release() {
    let text = "apiVersion: security.istio.io/v1beta1\nkind: PeerAuthentication\nmetadata: {name: a}\n\
                spec: {mtls: {mode: STRICKT}, selectr: {}, portLevelMtls: {8080: {mode: ON}}}\n";
    let expected = [
        "field-enum: unknown value `STRICKT` of `mode` | did you mean `STRICT`?",
        "field-unknown: unknown field `selectr` of `spec` | did you mean `selector`?",
        "field-type: `mode` is a boolean, text was expected | expected text",
    ];
    assert_eq!(said("", text), expected);
    assert_eq!(said("1.21", text), expected);
}

#[test]
fn a_version_is_served_from_a_release_on() {
    let text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: a}\n";
    let fault = "version-not-served: this Istio does not serve `security.istio.io/v1` for PeerAuthentication | Istio has it from 1.22 on";
    assert_eq!(said("1.21", text), [fault]);
    assert_eq!(said("1.22", text), Vec::<String>::new());
    assert_eq!(said("", text), Vec::<String>::new());
    let fault = "version-not-served: no Istio that we know serves `security.istio.io/v2` for PeerAuthentication | did you mean `security.istio.io/v1`?";
    assert_eq!(said("", &text.replace("/v1", "/v2")), [fault]);
}

#[test]
fn what_a_variable_fills_in_later_is_not_judged() {
    let text = "apiVersion: security.istio.io/v1beta1\nkind: PeerAuthentication\nmetadata: {name: a}\n\
                spec: {mtls: {mode: '${mode}'}, selector: '${selector}'}\n";
    assert_eq!(said("1.21", text), Vec::<String>::new());
}

#[test]
fn a_field_that_is_null_is_not_there() {
    let text = "apiVersion: security.istio.io/v1beta1\nkind: PeerAuthentication\nmetadata: {name: a}\n\
                spec: {mtls: null, unknown: null}\n";
    assert_eq!(said("1.21", text), Vec::<String>::new());
}

#[test]
fn fields_exclude_each_other_and_others_are_required() {
    let text = "apiVersion: networking.istio.io/v1beta1\nkind: VirtualService\nmetadata: {name: a}\n\
                spec: {hosts: [a], http: [{match: [{uri: {exact: a, prefix: b}}], route: [{weight: 3}]}]}\n";
    let expected = [
        "field-exclusive: `exact` and `prefix` of `uri` exclude each other | not possible together",
        "field-required: `destination` is missing in an item of `route` | `destination` was expected here",
    ];
    assert_eq!(said("1.21", text), expected);
}

#[test]
fn a_number_has_bounds_from_a_release_on() {
    let text = "apiVersion: networking.istio.io/v1beta1\nkind: ServiceEntry\nmetadata: {name: a}\n\
                spec: {hosts: [a], ports: [{name: a, number: -1}]}\n";
    let expected = ["field-range: `number` is -1 | at least 0"];
    assert_eq!(said("1.30", text), expected);
    assert_eq!(said("1.21", text), Vec::<String>::new());
}

#[test]
fn built_in_kinds_are_held_against_what_an_apply_is_typed_with() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a, labels: {canary: true}}\n\
                spec:\n  podSelector: {}\n  polcyTypes: [Ingress]\n  ingress:\n  - ports: [{port: 80, endPort: '90'}]\n";
    let expected = [
        "field-unknown: unknown field `polcyTypes` of `spec` | did you mean `policyTypes`?",
        "field-type: `endPort` is text in quotes, a whole number was expected | expected a whole number",
        "field-type: `canary` is a boolean, text was expected | expected text",
    ];
    assert_eq!(said("1.29", text), expected);
    assert_eq!(said("", text), expected);
}

#[test]
fn quantities_ports_and_free_values_are_what_a_server_takes() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  selector: {matchLabels: {app: a}}\n  \
                template:\n    metadata: {labels: {app: a}, creationTimestamp: null}\n    spec:\n      containers:\n      \
                - name: a\n        image: a\n        resources: {limits: {cpu: 0.5, memory: 1Gi}, requests: {cpu: 500m}}\n        \
                livenessProbe: {httpGet: {port: http}, timeoutSeconds: 1}\n        ports: [{containerPort: 80}]\n";
    assert_eq!(said("1.26", text), Vec::<String>::new());
    let port = text.replace("port: http", "port: 1.5").replace("cpu: 0.5", "cpu: [1]");
    let expected = [
        "field-type: `cpu` is a list, a quantity was expected | expected a quantity",
        "field-type: `port` is a number with a fraction, a whole number or text was expected | expected a whole number or text",
    ];
    assert_eq!(said("1.26", &port), expected);
    let text = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\n\
                spec: {interval: 1h, values: {any: {thing: [1, null]}}, chartRef: {kind: OCIRepository, name: a}}\n";
    assert_eq!(said("2.3", text), Vec::<String>::new());
}

#[test]
fn an_object_of_a_patch_is_no_object() {
    let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n$patch: delete\n";
    assert_eq!(said("1.26", text), Vec::<String>::new());
}
