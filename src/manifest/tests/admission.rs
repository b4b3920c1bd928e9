//! What refuses or changes objects, and who may write them.

use super::{sound, spec, texts};
use crate::{
    manifest::{
        admission::{FailurePolicy, ResourceRule},
        kyverno::{self, FailureAction},
        rbac::RoleRule,
        *,
    },
    yaml::Node,
};

#[test]
fn a_policy_of_the_api_server_refuses_when_it_cannot_tell_and_does_nothing_without_a_binding() {
    let policy: ValidatingAdmissionPolicy = spec(
        "{matchConstraints: {resourceRules: [{apiGroups: [security.istio.io], apiVersions: ['*'], resources: [peerauthentications], operations: [CREATE, UPDATE]}]}, \
         matchConditions: [{name: a, expression: 'true'}], variables: [{name: b, expression: object.spec}], validations: [{expression: has(object.spec), message: m}], paramKind: {kind: X}}",
    );
    assert_eq!(policy.failure_policy(), FailurePolicy::Fail);
    let constraints = policy.match_constraints.as_ref().expect("they are there");
    assert!(constraints.matches_equivalents() && constraints.namespace_selector.is_empty());
    assert!(constraints.resource_rules[0].covers_operation("UPDATE"));
    assert!(!constraints.resource_rules[0].covers_operation("DELETE"));
    assert_eq!(
        texts(policy.validations.iter().map(|validation| &validation.expression)),
        ["has(object.spec)"]
    );
    assert_eq!(
        spec::<ValidatingAdmissionPolicy>("{failurePolicy: Ignore}").failure_policy(),
        FailurePolicy::Ignore
    );

    let denies = |actions: &str| {
        spec::<ValidatingAdmissionPolicyBinding>(&format!("{{policyName: a, validationActions: {actions}}}"))
            .denies()
    };
    assert_eq!(["[Deny]", "[Audit, Deny]", "[Warn, Audit]", "[]"].map(denies), [true, true, false, false]);
}

#[test]
fn a_rule_of_admission_covers_resources_with_their_wildcards() {
    let covers = |resources: &str| {
        let text = format!("{{resourceRules: [{{apiGroups: ['', apps], resources: [{resources}]}}]}}");
        let constraints: ValidatingAdmissionPolicy = spec(&format!("{{matchConstraints: {text}}}"));
        let rule: ResourceRule =
            constraints.match_constraints.expect("they are there").value.resource_rules.remove(0).value;
        (rule.covers("", "pods"), rule.covers("batch", "pods"))
    };
    for resources in ["pods", "'*'", "'*/*'", "pods/*", "x, pods"] {
        assert_eq!(covers(resources), (true, false), "{resources}");
    }
    for resources in ["pods/exec", "'*/scale'", "deployments", ""] {
        assert_eq!(covers(resources), (false, false), "{resources}");
    }
}

#[test]
fn a_webhook_refuses_when_nobody_answers_unless_said() {
    let manifests = sound(
        "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, \
         webhooks: [{name: x, namespaceSelector: {matchLabels: {istio-injection: enabled}}, clientConfig: {service: {name: istiod}}}, {name: y, failurePolicy: Ignore}]}",
    );
    let hooks = &manifests.webhook_configurations[0].webhooks;
    let facts: Vec<_> =
        hooks.iter().map(|hook| (hook.namespace_selector.is_empty(), hook.failure_policy())).collect();
    assert_eq!(facts, [(false, FailurePolicy::Fail), (true, FailurePolicy::Ignore)]);
    assert_eq!(manifests.webhook_configurations[0].meta.id().to_string(), "MutatingWebhookConfiguration a");
}

#[test]
fn kyverno_reports_unless_a_rule_or_its_policy_enforces() {
    let actions = |text: &str| {
        let policy: kyverno::Policy = spec(text);
        policy.rules.iter().map(|rule| policy.action(rule)).collect::<Vec<_>>()
    };
    let rule = |validate: &str| format!("{{name: a, match: {{}}, validate: {validate}}}");
    let silent = rule("{pattern: {spec: {mtls: {mode: STRICT}}}}");
    let (audit, enforce) = (rule("{failureAction: Audit}"), rule("{failureAction: Enforce}"));
    assert_eq!(
        actions(&format!("{{rules: [{silent}, {audit}, {enforce}]}}")),
        [FailureAction::Audit, FailureAction::Audit, FailureAction::Enforce]
    );
    assert_eq!(
        actions(&format!("{{validationFailureAction: enforce, rules: [{silent}, {audit}]}}")),
        [FailureAction::Enforce, FailureAction::Audit]
    );
}

#[test]
fn kyverno_names_kinds_in_many_ways() {
    let policy: kyverno::Policy = spec(
        "{rules: [{name: a, match: {any: [{resources: {kinds: [A]}}, {resources: {kinds: [B, C]}}], resources: {kinds: [D]}}}], admission: false}",
    );
    let looks_at = |kind: &str| policy.rules[0].r#match.looks_at(|named| named == kind);
    assert_eq!(["A", "B", "C", "D", "E"].map(looks_at), [true, true, true, true, false]);
    assert!(!policy.holds_at_admission());

    let (group, kind) = ("security.istio.io", "PeerAuthentication");
    for written in [
        "PeerAuthentication",
        "v1beta1/PeerAuthentication",
        "*/PeerAuthentication",
        "security.istio.io/v1/PeerAuthentication",
        "security.istio.io/*/*",
        "*.istio.io/v1/Peer*",
        "Peer?uthentication",
        "*",
        "*/*",
        "*/*/*",
    ] {
        assert!(kyverno::selects(written, group, kind), "{written}");
    }
    for written in [
        "Pod",
        "apps/v1/PeerAuthentication",
        "PeerAuthentication/status",
        "PeerAuthentication.status",
        "peerauthentication",
        "",
    ] {
        assert!(!kyverno::selects(written, group, kind), "{written}");
    }
}

#[test]
fn kyvernos_policy_in_cel_refuses_unless_said() {
    let facts = |text: &str| {
        let policy: kyverno::ValidatingPolicy = spec(text);
        (policy.denies(), policy.holds_at_admission(), policy.failure_policy())
    };
    assert_eq!(facts("{}"), (true, true, FailurePolicy::Fail));
    assert_eq!(
        facts(
            "{validationActions: [Audit], evaluation: {admission: {enabled: false}}, failurePolicy: Ignore}"
        ),
        (false, false, FailurePolicy::Ignore)
    );
    let exception: kyverno::PolicyException = spec(
        "{exceptions: [{policyName: a, ruleNames: ['*']}], match: {any: [{resources: {kinds: [Pod]}}]}}",
    );
    assert_eq!(exception.exceptions[0].policy_name.as_str(), "a");
}

#[test]
fn roles_and_policies_live_where_their_kinds_do() {
    let manifests = sound(
        "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: a, namespace: x}}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: b}, aggregationRule: {clusterRoleSelectors: [{}]}}\n---\n\
         {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: c}, roleRef: {kind: ClusterRole, name: b}, \
           subjects: [{kind: ServiceAccount, name: d, namespace: e}, {kind: Group, name: f}]}\n---\n\
         {apiVersion: kyverno.io/v1, kind: ClusterPolicy, metadata: {name: g}}\n---\n\
         {apiVersion: kyverno.io/v1, kind: Policy, metadata: {name: h}}\n",
    );
    let ids: Vec<_> = manifests.metas().map(|meta| meta.id().to_string()).collect();
    assert_eq!(
        ids,
        ["ClusterPolicy g", "Policy default/h", "Role x/a", "ClusterRole b", "ClusterRoleBinding c"]
    );
    let users: Vec<_> = manifests.role_bindings[0].subjects.iter().map(|subject| subject.user()).collect();
    assert_eq!(users, ["system:serviceaccount:e:d", "f"]);
}

#[test]
fn a_role_allows_by_lists_and_wildcards() {
    let allows = |rule: &str| {
        let text = format!(
            "{{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {{name: a}}, rules: [{rule}]}}"
        );
        let rule: RoleRule = sound(&text).roles.remove(0).spec.rules.remove(0).value;
        rule.allows("update", "security.istio.io", "peerauthentications")
    };
    assert!(allows("{verbs: ['*'], apiGroups: ['*'], resources: ['*']}"));
    assert!(allows(
        "{verbs: [get, update], apiGroups: [security.istio.io], resources: [peerauthentications]}"
    ));
    assert!(!allows("{verbs: [get], apiGroups: ['*'], resources: ['*']}"));
    assert!(!allows("{verbs: [update], apiGroups: [''], resources: ['*']}"));
    assert!(!allows("{verbs: [update], apiGroups: ['*'], resources: [peerauthentications/status]}"));
}

#[test]
fn nothing_secret_is_kept() {
    let manifests = sound(
        "{apiVersion: v1, kind: Secret, metadata: {name: a}, type: kubernetes.io/tls, data: {tls.key: c2VjcmV0}}\n---\n\
         {apiVersion: v1, kind: Secret, metadata: {name: b}, stringData: {password: c2VjcmV0}}\n---\n\
         {apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: c}, spec: {secretName: d, dnsNames: [e]}}\n",
    );
    let kinds: Vec<_> = manifests.secrets.iter().map(|secret| secret.kind()).collect();
    assert_eq!(kinds, ["kubernetes.io/tls", "Opaque"]);
    assert!(!format!("{:?}", manifests.secrets).contains("c2VjcmV0"));
    assert_eq!(texts(&manifests.certificates[0].secret_name), ["d"]);
}

#[test]
fn what_a_policy_holds_is_kept_as_it_is_written() {
    let policy: kyverno::Policy = spec(
        "{rules: [{name: a, match: {}, validate: {deny: {conditions: {all: [{key: x}]}}}, exclude: {any: []}}]}",
    );
    let validate = policy.rules[0].validate.as_ref().and_then(|node| node.at(&["deny", "conditions", "all"]));
    assert_eq!(validate.map(Node::items).map(<[Node]>::len), Some(1));
    assert!(policy.rules[0].exclude.is_some());
}
