//! Which requests an API server admits, with admission policies installed.
//!
//! ```text
//! let mut gate = Gate::of(cluster);    // with CRDs, namespaces, and the objects that are to be changed or deleted
//! gate.install(&policies);             // these and no others; returns when the API server goes by them
//! gate.verdicts(&[Request::write(object), Request::delete(object).by("system:serviceaccount:shop:deployer")])
//! ```
//!
//! Every request is a dry run, so none bears on another. What is refused by anything but a policy is no answer, and panics:
//! a misspelt object would pass for a policy that works.

use std::thread;

use serde_json::{Value, json};

use super::STRICT;
use crate::{
    bench::{Bench, Said},
    cluster::Cluster,
};

/// An API server with the admission policies that were installed last.
pub struct Gate<'a> {
    cluster: Cluster<'a>,
    installed: usize,
}

/// What somebody wants of the API server.
#[derive(Debug, Clone)]
pub struct Request {
    verb: Verb,
    /// None for an administrator.
    user: Option<String>,
    object: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    /// Creates it, or changes it where it is there.
    Write,
    /// Changes the status of what is there.
    Status,
    Delete,
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Admitted,
    /// The policy that refuses, and its message.
    Denied {
        by: String,
        why: String,
    },
}

impl Request {
    /// Somebody creates an object, or changes it where the cluster has it.
    pub fn write(object: Value) -> Self {
        Self { verb: Verb::Write, user: None, object }
    }

    /// Somebody says what became of an object, which the cluster has.
    pub fn status(object: Value) -> Self {
        Self { verb: Verb::Status, ..Self::write(object) }
    }

    /// Somebody deletes an object, which the cluster has.
    pub fn delete(object: Value) -> Self {
        Self { verb: Verb::Delete, ..Self::write(object) }
    }

    /// Names who it is; RBAC lets everybody do everything here.
    pub fn by(self, user: &str) -> Self {
        Self { user: Some(user.to_owned()), ..self }
    }
}

impl<'a> Gate<'a> {
    /// Takes a cluster that has what the requests need. A policy would look at what comes later.
    pub fn of(cluster: Cluster<'a>) -> Self {
        Self { cluster, installed: 0 }
    }

    /// Installs policies and bindings in place of those that are there, and waits until the API server goes by them.
    pub fn install(&mut self, policies: &[Value]) {
        let kinds = "validatingadmissionpolicies,validatingadmissionpolicybindings";
        self.cluster.order(&["delete", kinds, "--all"]);
        self.installed += 1;
        // Policies and bindings each come to the API server in the order in which they were written, and a new set of both
        // counts as a whole (k8s.io/apiserver `plugin/policy/generic/policy_source.go`): who meets the last meets all.
        let version = policies.first().map_or("admissionregistration.k8s.io/v1", |first| {
            first["apiVersion"].as_str().expect("a policy has its version")
        });
        let name = format!("sentinel-{}", self.installed);
        self.cluster.apply(&[policies, &sentinel(version, &name)].concat());
        let probe = Request::write(json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sentinel", "namespace": "default"},
        }));
        self.cluster.wait(&name, 60, |cluster| match ask(cluster, &probe) {
            Verdict::Denied { by, .. } if by == name => Ok(()),
            other => Err(format!("{other:?}")),
        });
    }

    /// Returns the API server's version.
    pub fn version(&self) -> String {
        self.cluster.version()
    }

    /// Returns what comes of each request, in order.
    pub fn verdicts(&self, requests: &[Request]) -> Vec<Verdict> {
        let cluster = &self.cluster;
        let answer = |some: &[Request]| some.iter().map(|one| ask(cluster, one)).collect::<Vec<_>>();
        thread::scope(|scope| {
            let parts = requests.chunks(requests.len().div_ceil(4).max(1));
            let running: Vec<_> = parts.map(|some| scope.spawn(move || answer(some))).collect();
            running.into_iter().flat_map(|part| part.join().expect("each request has an answer")).collect()
        })
    }
}

/// A policy that refuses one ConfigMap, and its binding.
fn sentinel(version: &str, name: &str) -> [Value; 2] {
    let rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]});
    policy(version, name, &rule, "object.metadata.name != 'sentinel'", &json!({}))
}

/// A policy of one rule and one expression, and a binding that denies, in namespaces of some labels.
fn policy(version: &str, name: &str, rule: &Value, expression: &str, labels: &Value) -> [Value; 2] {
    let metadata = json!({"name": name});
    [
        json!({
            "apiVersion": version, "kind": "ValidatingAdmissionPolicy", "metadata": metadata,
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "validations": [{"expression": expression, "message": "no"}],
            },
        }),
        json!({
            "apiVersion": version, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": {
                "policyName": name, "validationActions": ["Deny"],
                "matchResources": {"namespaceSelector": {"matchLabels": labels}},
            },
        }),
    ]
}

fn ask(cluster: &Cluster<'_>, request: &Request) -> Verdict {
    let mut arguments = match request.verb {
        Verb::Write => [&STRICT[..], &["--force-conflicts"]].concat(),
        Verb::Status => [&STRICT[..], &["--force-conflicts", "--subresource=status"]].concat(),
        Verb::Delete => vec!["delete", "--dry-run=server"],
    };
    arguments.extend(["-f", "-"]);
    let user = request.user.as_ref().map(|user| format!("--as={user}"));
    arguments.extend(user.iter().flat_map(|user| [user.as_str(), "--as-group=system:masters"]));
    let said = cluster.kubectl(&arguments, &request.object.to_string());
    verdict(&said).unwrap_or_else(|| panic!("{request:?}: {}{}", said.out, said.err))
}

/// Reads what kubectl says; none where no policy has decided, or one could not be evaluated.
fn verdict(said: &Said) -> Option<Verdict> {
    if said.is_success {
        return Some(Verdict::Admitted);
    }
    let (_, denial) = said.err.split_once("ValidatingAdmissionPolicy '")?;
    let (by, denial) = denial.split_once("' with binding '")?;
    let (_, why) = denial.split_once("' denied request: ")?;
    let is_faulty = why.contains("resulted in error");
    (!is_faulty).then(|| Verdict::Denied { by: by.to_owned(), why: why.trim_end().to_owned() })
}

#[test]
fn a_policy_decides_what_is_written_where_and_who_deletes() {
    let Some(bench) = Bench::of("apiserver") else { return };
    let mut cluster = Cluster::start(&bench, "admission");
    cluster.apply_crds();
    let mode = |namespace: &str, name: &str, mode: &str| {
        json!({
            "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
            "metadata": {"name": name, "namespace": namespace}, "spec": {"mtls": {"mode": mode}},
        })
    };
    let namespace = |name: &str, labels: Value| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}});
    cluster.apply(&[
        namespace("shop", json!({"guarded": "yes"})),
        namespace("lab", json!({})),
        mode("shop", "there", "STRICT"),
    ]);
    let flux = "system:serviceaccount:flux-system:kustomize-controller";
    let requests = [
        Request::write(mode("shop", "new", "STRICT")),
        Request::write(mode("shop", "new", "DISABLE")),
        Request::write(mode("lab", "new", "DISABLE")),
        Request::write(mode("shop", "there", "PERMISSIVE")),
        Request::delete(mode("shop", "there", "STRICT")),
        Request::delete(mode("shop", "there", "STRICT")).by(flux),
    ];
    let rule = json!({
        "apiGroups": ["security.istio.io"], "apiVersions": ["*"], "resources": ["peerauthentications"],
        "operations": ["CREATE", "UPDATE", "DELETE"],
    });
    let expression = format!(
        "request.operation == 'DELETE' ? request.userInfo.username == '{flux}' : object.spec.mtls.mode == 'STRICT'"
    );
    let guard =
        policy("admissionregistration.k8s.io/v1", "guard", &rule, &expression, &json!({"guarded": "yes"}));
    let mut gate = Gate::of(cluster);
    gate.install(&guard);
    let denied = Verdict::Denied { by: "guard".to_owned(), why: "no".to_owned() };
    let guarded = [false, true, false, true, true, false];
    let expected = guarded.map(|is_denied| if is_denied { denied.clone() } else { Verdict::Admitted });
    assert_eq!(gate.verdicts(&requests), expected);
    gate.install(&[]);
    assert_eq!(gate.verdicts(&requests), vec![Verdict::Admitted; requests.len()]);
    let version = gate.version();
    bench.compared(
        format!("kube-apiserver {version}, an admission policy"),
        "3 of 6 requests refused, none without it",
    );
}
