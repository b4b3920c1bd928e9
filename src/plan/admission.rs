//! `admission/`: what the API server refuses, so that no namespace weakens what the mesh says.
//!
//! Istio takes a PERMISSIVE `PeerAuthentication` from whoever may write one, and RBAC cannot deny. What the tree itself
//! holds, and each exception of the profile, is admitted by its name and its content together: under its name nothing
//! else is.

mod kyverno;

use serde_json::{Value, json};

use self::kyverno::cluster_policy;
use super::{File, Plan, Reshaped};
use crate::profile::{AdmissionEngine, Enforcement, Namespace, Profile};

/// The admission policies, each named after what it looks at; the profile's name comes before.
const POLICIES: [&str; 10] = [
    "peer-authentications",
    "authorization-policies",
    "destination-rules",
    "sidecars",
    "telemetries",
    "envoy-filters",
    "gateways",
    "mesh-defaults",
    "pods",
    "namespaces",
];

/// Where the policies and their bindings are written, and every expression; what Kyverno takes is made from these.
const POLICIES_FILE: &str = "admission-policies.yaml";

/// Who deletes what is in a namespace that is itself deleted: refused, it would keep the namespace terminating for ever.
const NAMESPACE_CONTROLLER: &str = "system:serviceaccount:kube-system:namespace-controller";

/// Who refuses what the tree's admission policies do not admit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The API server itself, by policies of this API version.
    ApiServer(&'static str),
    /// Kyverno, which others install, whatever the API server can do by itself.
    Kyverno,
}

impl Profile {
    /// Returns who refuses by the admission policies that the tree brings; none where it brings none.
    ///
    /// A mesh in audit enforces nothing, so neither does the API server.
    pub(super) fn guard(&self) -> Option<Guard> {
        let guard = match self.admission.engine {
            AdmissionEngine::ValidatingAdmissionPolicy => {
                self.kubernetes_version.admission_policies(self.admission.beta).map(Guard::ApiServer)
            }
            AdmissionEngine::Kyverno => Some(Guard::Kyverno),
            AdmissionEngine::None => None,
        };
        guard.filter(|_| self.enforcement == Enforcement::Enforce)
    }

    /// Returns who applies the tree, as the API server knows them: the account that Flux impersonates, or its own.
    ///
    /// A Kustomization of a team that names no account is applied by Flux's own as well, which
    /// `flux.serviceAccount` keeps apart.
    fn flux_user(&self) -> String {
        let account = self.flux.service_account.as_deref().unwrap_or("kustomize-controller");
        format!("system:serviceaccount:{}:{account}", self.flux.namespace)
    }
}

impl Plan<'_> {
    pub(super) fn admission(&self) -> Vec<File> {
        let Some(guard) = self.profile.guard() else { return Vec::new() };
        let mut folder = self.folder("admission");
        match guard {
            Guard::ApiServer(version) => {
                folder.add(POLICIES_FILE, POLICIES_FILE, self.admission_policies(version));
            }
            Guard::Kyverno => {
                // The version is that of the shape which is left.
                let context = self.admission_policies("admissionregistration.k8s.io/v1");
                let of = Reshaped { template: POLICIES_FILE, shape: cluster_policy };
                folder.add_reshaped("kyverno-policies.yaml", context, of);
            }
        }
        folder.into_files()
    }

    /// Returns what the expressions of the admission policies are made of, and what they are bound to.
    fn admission_policies(&self, version: &str) -> Value {
        let profile = self.profile;
        // What audits is open by the profile's word, and stands among the weakenings.
        let enforced = |namespace: &&Namespace| profile.enforces(namespace);
        let teams: Vec<&str> =
            profile.namespaces.iter().filter(enforced).map(|namespace| namespace.name.as_str()).collect();
        let (root, gateway) = (profile.mesh.namespace.as_str(), profile.gateway.namespace.as_str());
        let injected: Vec<&str> = teams.iter().copied().chain([gateway]).collect();
        let governed: Vec<&str> = injected.iter().copied().chain([root]).collect();
        let is_bound = |policy: &&str| *policy != "pods" || !teams.is_empty();
        let named = |policy: &str| format!("{}-{policy}", profile.name);
        json!({
            "version": version,
            "bound": POLICIES.into_iter().filter(is_bound).map(named).collect::<Vec<_>>(),
            "governed": governed,
            "injected": injected,
            "teams": teams,
            "root": root,
            "isRoot": format!("request.namespace == {}", literal(&json!(root))),
            "openedPorts": self.opened_ports(),
            "openedRules": self.opened_rules(),
            "isFlux": format!("request.userInfo.username in {}", literal(&json!([profile.flux_user(), NAMESPACE_CONTROLLER]))),
        })
    }

    /// Returns the ports that exceptions open, as an expression about a `PeerAuthentication`.
    fn opened_ports(&self) -> String {
        let policies = self.of_enforced(|index| self.mutual_tls(index));
        first_that_is(policies.iter().map(|policy| (policy, &policy["ports"])))
    }

    /// Returns the rules that admit callers of no name, as an expression about an `AuthorizationPolicy`.
    fn opened_rules(&self) -> String {
        let mut policies = self.of_enforced(|index| self.authorization(index));
        policies.push(self.gateway_policy());
        let open = policies.into_iter().filter_map(|mut policy| {
            let rules = policy["rules"].as_array_mut()?;
            rules.retain(admits_the_nameless);
            (!rules.is_empty()).then_some(policy)
        });
        let open: Vec<Value> = open.collect();
        first_that_is(open.iter().map(|policy| (policy, &policy["rules"])))
    }

    /// Returns the policies of the namespaces that enforce.
    fn of_enforced(&self, policies: impl Fn(usize) -> Vec<Value>) -> Vec<Value> {
        let namespaces = self.profile.namespaces.iter().enumerate();
        let enforced = namespaces.filter(|(_, namespace)| self.profile.enforces(namespace));
        enforced.flat_map(|(index, _)| policies(index)).collect()
    }
}

/// Tells whether a rule admits callers whom it does not name: those without a certificate, or everybody.
fn admits_the_nameless(rule: &Value) -> bool {
    let names =
        |source: &Value| ["principals", "namespaces"].iter().any(|key| source["source"][key].is_array());
    rule["from"].as_array().is_none_or(|sources| !sources.iter().all(names))
}

/// Writes an expression that is what belongs to the policy that the object is, by its name and its selector, and else
/// an empty list.
fn first_that_is<'a>(policies: impl Iterator<Item = (&'a Value, &'a Value)>) -> String {
    let case = |(policy, what): (&Value, &Value)| {
        let name =
            [&policy["namespace"], &policy["name"]].map(|part| part.as_str().unwrap_or_default()).join("/");
        format!(
            "variables.name == {} && variables.labels == {} ? {} :\n",
            literal(&json!(name)),
            literal(&policy["selector"]),
            literal(what)
        )
    };
    policies.map(case).chain(["[]".to_owned()]).collect()
}

/// Writes a value as CEL does; its lists and maps are JSON's, and its strings may stand in single quotes.
fn literal(value: &Value) -> String {
    let listed = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(text) => format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")),
        Value::Array(items) => format!("[{}]", listed(items.iter().map(literal).collect())),
        Value::Object(entries) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{}: {}", literal(&json!(key)), literal(value));
            format!("{{{}}}", listed(entries.iter().map(entry).collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
