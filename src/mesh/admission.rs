//! Which admission policies hold for objects of a kind, as far as that can be read without evaluating them.
//!
//! A policy that nobody binds, that lets pass what it cannot decide, that only notes, or that whoever writes an object can
//! leave, refuses nothing. What the expressions of one that holds refuse is in CEL or in patterns, which are not evaluated.

use super::{Mesh, NAME, Truth};
use crate::{
    manifest::{
        LabelSelector, Meta, Object, Scope, ValidatingAdmissionPolicy,
        admission::{FailurePolicy, MatchResources, ResourceRule},
        kyverno::{self, FailureAction},
    },
    source::Span,
    yaml::Spanned,
};

/// A kind of object that weakens a mesh, as policies name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guarded {
    /// `security.istio.io`.
    pub group: &'static str,
    /// `peerauthentications`.
    pub resource: &'static str,
    /// `PeerAuthentication`.
    pub kind: &'static str,
}

/// The kinds by which a namespace weakens what the mesh says.
pub const GUARDED: [Guarded; 7] = [
    Guarded { group: "security.istio.io", resource: "peerauthentications", kind: "PeerAuthentication" },
    Guarded { group: "security.istio.io", resource: "authorizationpolicies", kind: "AuthorizationPolicy" },
    Guarded { group: "networking.istio.io", resource: "destinationrules", kind: "DestinationRule" },
    Guarded { group: "networking.istio.io", resource: "sidecars", kind: "Sidecar" },
    Guarded { group: "networking.istio.io", resource: "envoyfilters", kind: "EnvoyFilter" },
    Guarded { group: "networking.istio.io", resource: "gateways", kind: "Gateway" },
    Guarded { group: "telemetry.istio.io", resource: "telemetries", kind: "Telemetry" },
];

/// A policy that looks at objects of a kind, and whether it can refuse them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Guard<'m> {
    /// The policy.
    pub policy: &'m Meta,
    /// Whether what it does not admit is refused.
    pub hold: Hold,
}

/// Whether what a policy does not admit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is, wherever the mesh is, whoever asks.
    Everywhere,
    /// What is not followed may let it pass.
    Unknown(&'static str, Span),
    /// It is not, and why.
    Nowhere(&'static str, Span),
}

/// What keeps a policy from holding; of several, the first counts, a certain one before one that is not followed.
#[derive(Default)]
struct Flaws {
    certain: Option<(&'static str, Span)>,
    unfollowed: Option<(&'static str, Span)>,
}

impl Flaws {
    fn certain(&mut self, is_so: bool, why: &'static str, span: Span) {
        if is_so {
            self.certain.get_or_insert((why, span));
        }
    }

    fn unfollowed(&mut self, is_so: bool, why: &'static str, span: Span) {
        if is_so {
            self.unfollowed.get_or_insert((why, span));
        }
    }

    fn hold(self) -> Hold {
        match (self.certain, self.unfollowed) {
            (Some((why, span)), _) => Hold::Nowhere(why, span),
            (None, Some((why, span))) => Hold::Unknown(why, span),
            (None, None) => Hold::Everywhere,
        }
    }
}

/// Returns every policy of the manifests that looks at objects of a kind.
///
/// Istio's own webhook is none: its chart lets everything pass when it does not answer
/// (`manifests/charts/istio-control/istio-discovery/templates/validatingwebhookconfiguration.yaml` of 1.21.1).
pub fn guards<'m>(mesh: &Mesh<'m>, guarded: Guarded) -> Vec<Guard<'m>> {
    let manifests = mesh.manifests;
    let own = manifests
        .validating_admission_policies
        .iter()
        .filter_map(|policy| of_api_server(mesh, policy, guarded));
    let kyverno = manifests.kyverno_policies.iter().filter_map(|policy| of_kyverno(mesh, policy, guarded));
    let in_cel = manifests
        .kyverno_validating_policies
        .iter()
        .filter_map(|policy| of_kyverno_cel(mesh, policy, guarded));
    own.chain(kyverno).chain(in_cel).collect()
}

/// `admissionregistration.k8s.io` (`policy/validating` in `apiserver/pkg/admission/plugin` of Kubernetes 1.30).
fn of_api_server<'m>(
    mesh: &Mesh<'m>,
    policy: &'m Object<ValidatingAdmissionPolicy>,
    guarded: Guarded,
) -> Option<Guard<'m>> {
    let (meta, spec) = (&policy.meta, &policy.spec);
    let constraints = spec.match_constraints.as_ref()?;
    let mut flaws = Flaws::default();
    look_at_resources(mesh, constraints, guarded, &mut flaws)?;
    let ignores = spec.failure_policy() == FailurePolicy::Ignore;
    flaws.certain(
        ignores,
        "lets pass what it cannot decide",
        spec.failure_policy.map_or(meta.head(), |word| word.span),
    );
    flaws.certain(spec.validations.is_empty(), "validates nothing", meta.head());
    if let Some(condition) = spec.match_conditions.first() {
        flaws.unfollowed(true, "looks only at requests that meet a condition", condition.span);
    }
    flaws.unfollowed(spec.param_kind.is_some(), "takes parameters from another object", meta.head());
    let mut bindings: Vec<Hold> = Vec::new();
    let all = mesh.manifests.validating_admission_policy_bindings.iter();
    for binding in
        all.filter(|binding| binding.policy_name.as_ref().is_some_and(|name| name.value == meta.name.value))
    {
        let mut own = Flaws::default();
        own.certain(!binding.denies(), "is bound to warn or to note, and not to deny", binding.meta.head());
        if let Some(resources) = &binding.match_resources {
            let narrows = !resources.resource_rules.is_empty();
            own.unfollowed(narrows, "is bound for some of its requests", resources.span);
            look_at_selectors(mesh, resources, &mut own);
        }
        bindings.push(own.hold());
    }
    // One binding that holds is enough.
    match bindings.iter().min_by_key(|hold| rank(hold)) {
        None => flaws.certain(true, "is bound by nobody", meta.head()),
        Some(Hold::Everywhere) => {}
        Some(Hold::Unknown(why, span)) => flaws.unfollowed(true, why, *span),
        Some(Hold::Nowhere(why, span)) => flaws.certain(true, why, *span),
    }
    Some(Guard { policy: meta, hold: flaws.hold() })
}

fn rank(hold: &Hold) -> u8 {
    match hold {
        Hold::Everywhere => 0,
        Hold::Unknown(..) => 1,
        Hold::Nowhere(..) => 2,
    }
}

/// Notes which requests are looked at; nothing where none is about the kind.
fn look_at_resources(
    mesh: &Mesh<'_>,
    constraints: &Spanned<MatchResources>,
    guarded: Guarded,
    flaws: &mut Flaws,
) -> Option<()> {
    let covers = |rule: &&Spanned<ResourceRule>| rule.covers(guarded.group, guarded.resource);
    let rules: Vec<&Spanned<ResourceRule>> = constraints.resource_rules.iter().filter(covers).collect();
    let first = rules.first()?;
    let looks_at = |operation| rules.iter().any(|rule| rule.covers_operation(operation));
    if !looks_at("CREATE") && !looks_at("UPDATE") {
        return None;
    }
    flaws.certain(!looks_at("CREATE"), "does not look at what is created", first.span);
    flaws.certain(!looks_at("UPDATE"), "does not look at what is changed", first.span);
    let by_name = rules.iter().all(|rule| !rule.resource_names.is_empty());
    flaws.certain(by_name, "looks only at objects of some names", first.span);
    flaws.certain(
        constraints.exclude_resource_rules.iter().any(|rule| covers(&rule)),
        "leaves the kind out again",
        constraints.span,
    );
    let is_exact = !constraints.matches_equivalents();
    let takes_all = rules.iter().any(|rule| rule.api_versions.iter().any(|version| version.value == "*"));
    flaws.unfollowed(is_exact && !takes_all, "looks only at some versions of the API", constraints.span);
    look_at_selectors(mesh, constraints, flaws);
    Some(())
}

/// Labels of the object are in the hands of whoever writes it; those of a namespace may be.
fn look_at_selectors(mesh: &Mesh<'_>, constraints: &Spanned<MatchResources>, flaws: &mut Flaws) {
    let leaves = !constraints.object_selector.is_empty();
    flaws.certain(leaves, "is left by whoever labels the object otherwise", constraints.span);
    let selector = &constraints.namespace_selector;
    if selector.is_empty() {
        return;
    }
    let exempts = mesh
        .namespaces()
        .iter()
        .any(|scope| takes_part(mesh, scope) && scope.is_selected_by(selector) == Truth::No);
    flaws.certain(exempts, "leaves out a namespace of the mesh", constraints.span);
    flaws.unfollowed(
        !is_by_name(selector),
        "is left by whoever labels the namespace otherwise",
        constraints.span,
    );
}

fn takes_part(mesh: &Mesh<'_>, scope: &super::Scope<'_>) -> bool {
    let label = scope.label("istio-injection").map(|word| word.value == "enabled");
    label.unwrap_or(scope.label("istio.io/rev").is_some()) || scope.name == mesh.config.root_namespace
}

/// The API server sets the label with a namespace's name, and nobody else can (semantics NP33).
fn is_by_name(selector: &LabelSelector) -> bool {
    selector.match_labels.iter().all(|(key, _)| key.as_str() == NAME)
        && selector.match_expressions.iter().all(|requirement| requirement.key.as_str() == NAME)
}

/// `kyverno.io` ClusterPolicy and Policy (`api/kyverno/v1` of Kyverno 1.19.0).
fn of_kyverno<'m>(
    mesh: &Mesh<'m>,
    policy: &'m Object<kyverno::Policy>,
    guarded: Guarded,
) -> Option<Guard<'m>> {
    let meta = &policy.meta;
    let namespaces: Vec<&str> =
        mesh.namespaces().iter().filter(|scope| takes_part(mesh, scope)).map(|scope| scope.name).collect();
    let mut best: Option<Hold> = None;
    for rule in policy.rules.iter().filter(|rule| rule.validate.is_some()) {
        let is_named = |word: &str| kyverno::selects(word, guarded.group, guarded.kind);
        if !rule.r#match.looks_at(is_named) {
            continue;
        }
        let mut flaws = Flaws::default();
        let is_one = meta.scope == Scope::Namespace;
        flaws.certain(is_one, "holds in its own namespace alone", meta.head());
        flaws.certain(!policy.holds_at_admission(), "is not asked at admission", meta.head());
        flaws.certain(policy.action(rule) == FailureAction::Audit, "notes, and does not refuse", rule.span);
        let ignores = policy.lets_pass_unanswered();
        flaws.certain(ignores, "lets pass what it cannot decide", meta.head());
        let overrides = policy.is_overridden(rule);
        flaws.unfollowed(overrides, "does otherwise in some namespaces", meta.head());
        flaws.unfollowed(rule.exclude.is_some(), "leaves objects out", rule.span);
        let conditions = &policy.webhook_configuration.match_conditions;
        let is_conditional =
            rule.preconditions.is_some() || !rule.cel_preconditions.is_empty() || !conditions.is_empty();
        flaws.unfollowed(is_conditional, "looks only at objects that meet a condition", rule.span);
        let takes_all = rule.r#match.takes_all(is_named, &namespaces);
        flaws.unfollowed(!takes_all, "looks only at some objects", rule.span);
        let names_it = |exception: &kyverno::Exception| {
            exception.policy_name.rsplit('/').next() == Some(meta.name.as_str())
        };
        let freed = mesh
            .manifests
            .kyverno_exceptions
            .iter()
            .find(|one| one.exceptions.iter().any(|one| names_it(one)));
        if let Some(freed) = freed {
            flaws.unfollowed(true, "does not hold for what a PolicyException frees", freed.meta.head());
        }
        let hold = flaws.hold();
        best = Some(best.filter(|best| rank(best) <= rank(&hold)).unwrap_or(hold));
    }
    best.map(|hold| Guard { policy: meta, hold })
}

/// `policies.kyverno.io` ValidatingPolicy (`api/policies.kyverno.io` of Kyverno 1.16.0).
fn of_kyverno_cel<'m>(
    mesh: &Mesh<'m>,
    policy: &'m Object<kyverno::ValidatingPolicy>,
    guarded: Guarded,
) -> Option<Guard<'m>> {
    let (meta, spec) = (&policy.meta, &policy.spec);
    let mut flaws = Flaws::default();
    look_at_resources(mesh, spec.match_constraints.as_ref()?, guarded, &mut flaws)?;
    flaws.certain(meta.scope == Scope::Namespace, "holds in its own namespace alone", meta.head());
    flaws.certain(!spec.denies(), "warns or notes, and does not deny", meta.head());
    flaws.certain(!spec.holds_at_admission(), "is not asked at admission", meta.head());
    flaws.certain(
        spec.failure_policy() == FailurePolicy::Ignore,
        "lets pass what it cannot decide",
        meta.head(),
    );
    flaws.certain(spec.validations.is_empty(), "validates nothing", meta.head());
    if let Some(condition) = spec.match_conditions.first() {
        flaws.unfollowed(true, "looks only at requests that meet a condition", condition.span);
    }
    Some(Guard { policy: meta, hold: flaws.hold() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{manifest, mesh::Config, source::Sources};

    const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: strict}\nspec:\n  \
         matchConstraints:\n    resourceRules:\n    - {apiGroups: [security.istio.io], apiVersions: [v1beta1], operations: [CREATE, UPDATE], resources: [peerauthentications]}\n  \
         validations: [{expression: 'object.spec.mtls.mode == \"STRICT\"'}]\n";
    const BINDING: &str = "---\napiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicyBinding\nmetadata: {name: strict}\nspec: {policyName: strict, validationActions: [Deny]}\n";
    const NAMESPACE: &str = "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled, team: shop}}\n";
    const KYVERNO: &str = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: strict}\nspec:\n  validationFailureAction: Enforce\n  rules:\n  - name: strict\n    \
         match: {any: [{resources: {kinds: [PeerAuthentication]}}]}\n    validate: {pattern: {spec: {mtls: {mode: STRICT}}}}\n";

    /// Everywhere, what is not followed, or why nowhere; none where no policy looks at the kind.
    fn hold(text: &str) -> Option<String> {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        let (manifests, faults) = manifest::load(&sources, [file]);
        assert_eq!(faults, []);
        let mesh = Mesh::resolve(&manifests, Config::default());
        let guards = guards(&mesh, GUARDED[0]);
        guards.first().map(|guard| match guard.hold {
            Hold::Everywhere => "everywhere".to_owned(),
            Hold::Unknown(why, _) => format!("perhaps: it {why}"),
            Hold::Nowhere(why, _) => format!("nowhere: it {why}"),
        })
    }

    #[test]
    fn a_policy_holds_where_a_binding_denies_and_nothing_leaves_it() {
        let policy = format!("{POLICY}{BINDING}{NAMESPACE}");
        let with = |from: &str, to: &str| {
            assert!(policy.contains(from), "{from}");
            hold(&policy.replacen(from, to, 1)).expect("a policy looks at the kind")
        };
        assert_eq!(with("shop", "shop"), "everywhere");
        assert_eq!(with(BINDING, ""), "nowhere: it is bound by nobody");
        assert_eq!(with("policyName: strict", "policyName: strikt"), "nowhere: it is bound by nobody");
        assert_eq!(
            with("[Deny]", "[Warn, Audit]"),
            "nowhere: it is bound to warn or to note, and not to deny"
        );
        assert_eq!(
            with("spec:\n", "spec:\n  failurePolicy: Ignore\n"),
            "nowhere: it lets pass what it cannot decide"
        );
        assert_eq!(with("[CREATE, UPDATE]", "[CREATE]"), "nowhere: it does not look at what is changed");
        assert_eq!(
            with(
                "    resourceRules",
                "    objectSelector: {matchLabels: {checked: 'yes'}}\n    resourceRules"
            ),
            "nowhere: it is left by whoever labels the object otherwise"
        );
        assert_eq!(
            with(
                "    resourceRules",
                "    namespaceSelector: {matchLabels: {team: other}}\n    resourceRules"
            ),
            "nowhere: it leaves out a namespace of the mesh"
        );
        assert_eq!(
            with(
                "    resourceRules",
                "    namespaceSelector: {matchExpressions: [{key: exempt, operator: DoesNotExist}]}\n    resourceRules"
            ),
            "perhaps: it is left by whoever labels the namespace otherwise"
        );
        assert_eq!(
            with(
                "    resourceRules",
                "    namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n    resourceRules"
            ),
            "everywhere"
        );
        assert_eq!(
            with(
                "validationActions: [Deny]",
                "validationActions: [Deny], matchResources: {namespaceSelector: {matchLabels: {team: other}}}"
            ),
            "nowhere: it leaves out a namespace of the mesh"
        );
        assert_eq!(
            with(
                "  validations",
                "  matchConditions: [{name: a, expression: 'request.userInfo.username != \"admin\"'}]\n  validations"
            ),
            "perhaps: it looks only at requests that meet a condition"
        );
        assert_eq!(with("[CREATE, UPDATE]", "[UPDATE]"), "nowhere: it does not look at what is created");
        assert_eq!(
            with(
                "    resourceRules",
                "    excludeResourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}]\n    resourceRules"
            ),
            "nowhere: it leaves the kind out again"
        );
        assert_eq!(
            with("[{expression: 'object.spec.mtls.mode == \"STRICT\"'}]", "[]"),
            "nowhere: it validates nothing"
        );
        assert_eq!(
            with(
                "validationActions: [Deny]",
                "validationActions: [Deny], matchResources: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]}"
            ),
            "perhaps: it is bound for some of its requests"
        );
        assert_eq!(hold(&policy.replace("peerauthentications", "pods")), None);
    }

    #[test]
    fn a_policy_of_kyverno_holds_where_it_enforces() {
        let with = |from: &str, to: &str| {
            assert!(KYVERNO.contains(from), "{from}");
            hold(&KYVERNO.replacen(from, to, 1)).expect("a policy looks at the kind")
        };
        assert_eq!(with("strict", "strict"), "everywhere");
        assert_eq!(with("Enforce", "Audit"), "nowhere: it notes, and does not refuse");
        assert_eq!(
            with("  validationFailureAction: Enforce\n", ""),
            "nowhere: it notes, and does not refuse"
        );
        assert_eq!(with("  rules:", "  admission: false\n  rules:"), "nowhere: it is not asked at admission");
        assert_eq!(
            with("  rules:", "  failurePolicy: Ignore\n  rules:"),
            "nowhere: it lets pass what it cannot decide"
        );
        for condition in [
            "    celPreconditions: [{name: a, expression: 'true'}]\n    validate",
            "    preconditions: {all: []}\n    validate",
        ] {
            assert_eq!(
                with("    validate", condition),
                "perhaps: it looks only at objects that meet a condition"
            );
        }
        assert_eq!(
            with(
                "  rules:",
                "  webhookConfiguration: {matchConditions: [{name: a, expression: 'true'}]}\n  rules:"
            ),
            "perhaps: it looks only at objects that meet a condition"
        );
        assert_eq!(
            with(
                "  rules:",
                "  failurePolicy: Fail\n  webhookConfiguration: {failurePolicy: Ignore}\n  rules:"
            ),
            "nowhere: it lets pass what it cannot decide"
        );
        assert_eq!(
            with("validate: {", "validate: {failureActionOverrides: [{action: Audit, namespaces: [a]}], "),
            "perhaps: it does otherwise in some namespaces"
        );
        for narrow in ["name: a", "names: [a]", "annotations: {a: b}", "operations: [CREATE]"] {
            assert_eq!(
                with("kinds: [PeerAuthentication]", &format!("kinds: [PeerAuthentication], {narrow}")),
                "perhaps: it looks only at some objects"
            );
        }
        assert_eq!(
            with("    validate", "    exclude: {any: [{subjects: [{kind: User, name: a}]}]}\n    validate"),
            "perhaps: it leaves objects out"
        );
        let of_namespaces = |namespaces: &str| {
            let narrow = format!("kinds: [PeerAuthentication], namespaces: {namespaces}");
            hold(&format!("{}{NAMESPACE}", KYVERNO.replace("kinds: [PeerAuthentication]", &narrow)))
        };
        for all in ["[bank, shop]", "['sh*']", "['*']", "[s?op]"] {
            assert_eq!(of_namespaces(all).as_deref(), Some("everywhere"), "{all}");
        }
        for some in ["[bank]", "[sho]", "['?shop']"] {
            assert_eq!(
                of_namespaces(some).as_deref(),
                Some("perhaps: it looks only at some objects"),
                "{some}"
            );
        }
        let deleted = KYVERNO
            .replace("kinds: [PeerAuthentication]", "kinds: [PeerAuthentication], operations: [DELETE]");
        assert_eq!(hold(&deleted), None, "as of the API server's own");
        let of_a_namespace = KYVERNO
            .replace("ClusterPolicy", "Policy")
            .replace("name: strict}\nspec", "name: strict, namespace: shop}\nspec");
        assert_eq!(hold(&of_a_namespace), Some("nowhere: it holds in its own namespace alone".to_owned()));
        let freed = format!(
            "{KYVERNO}---\napiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {{name: a, namespace: shop}}\nspec: {{exceptions: [{{policyName: strict, ruleNames: [strict]}}], match: {{any: [{{resources: {{kinds: [PeerAuthentication]}}}}]}}}}\n"
        );
        assert_eq!(
            hold(&freed),
            Some("perhaps: it does not hold for what a PolicyException frees".to_owned())
        );
        assert_eq!(hold(&KYVERNO.replace("kinds: [PeerAuthentication]", "kinds: [Pod]")), None);
    }

    #[test]
    fn a_policy_of_kyverno_in_cel_holds_as_one_of_the_api_server_does() {
        let policy = POLICY
            .replace("admissionregistration.k8s.io/v1", "policies.kyverno.io/v1alpha1")
            .replace("ValidatingAdmissionPolicy", "ValidatingPolicy");
        let policy = policy.replacen("spec:\n", "spec:\n  validationActions: [Deny]\n", 1);
        let with = |from: &str, to: &str| {
            assert!(policy.contains(from), "{from}");
            hold(&policy.replacen(from, to, 1)).expect("a policy looks at the kind")
        };
        assert_eq!(with("strict", "strict"), "everywhere");
        assert_eq!(with("[Deny]", "[Audit]"), "nowhere: it warns or notes, and does not deny");
        assert_eq!(
            with("spec:\n", "spec:\n  failurePolicy: Ignore\n"),
            "nowhere: it lets pass what it cannot decide"
        );
        assert_eq!(
            with("[{expression: 'object.spec.mtls.mode == \"STRICT\"'}]", "[]"),
            "nowhere: it validates nothing"
        );
    }
}
