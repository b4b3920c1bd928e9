//! AuthorizationPolicy and RequestAuthentication on one chain of one pod (AP01 to AP36, J16).

mod rule;

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{
    Cluster, Finding, Layer, Object, Request,
    pattern::{Normalization, Truth},
    read::{Pod, list},
};

/// One request or connection, as the filters of a chain see it.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Without its scheme; `None` in the clear.
    pub identity: Option<String>,
    pub source_ip: IpAddr,
    pub port: u16,
    pub sni: &'a str,
    /// With the path that the proxy made of it; `None` on a TCP chain.
    pub http: Option<(&'a Request, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Allow,
    Deny,
    Audit,
    Custom,
}

/// What the policies of the pod say: CUSTOM, the token, DENY, ALLOW (AP06). AUDIT never counts (AP10).
pub fn authorize(cluster: &Cluster, pod: &Pod<'_>, call: &Call<'_>) -> Finding {
    let judge = Judge { cluster, pod, call };
    judge.custom().and(judge.token()).and(judge.deny()).and(judge.allow())
}

struct Judge<'a> {
    cluster: &'a Cluster,
    pod: &'a Pod<'a>,
    call: &'a Call<'a>,
}

impl<'a> Judge<'a> {
    /// The policies of an action that select the pod (AP01 to AP04).
    fn policies(&self, action: Action) -> Vec<&'a Object> {
        self.cluster
            .of("security.istio.io", "AuthorizationPolicy")
            .filter(|policy| Action::of(policy) == action && self.is_in_scope(policy))
            .collect()
    }

    fn is_in_scope(&self, object: &'a Object) -> bool {
        let spec = &object["spec"];
        let of = object.namespace.as_str();
        if of != self.pod.namespace && of != self.cluster.root_namespace() {
            return false;
        }
        let gateway = self
            .pod
            .label("gateway.networking.k8s.io/gateway-name")
            .or(self.pod.label("istio.io/gateway-name"));
        let targets = self.targets(spec);
        if targets.is_empty() {
            return self.pod.has_labels(&spec["selector"]["matchLabels"]);
        }
        // AP03: a target is a gateway, never a sidecar.
        targets.iter().any(|target| {
            target["group"] == "gateway.networking.k8s.io"
                && target["kind"] == "Gateway"
                && gateway.is_some_and(|gateway| target["name"] == gateway)
                && target["namespace"].as_str().is_none_or(|of| of.is_empty() || of == self.pod.namespace)
        })
    }

    /// `targetRefs` is a field from 1.22 on; before, the API server prunes it and the policy selects everything.
    fn targets(&self, spec: &'a Value) -> Vec<&'a Value> {
        let one = Some(&spec["targetRef"]).filter(|target| target.is_object());
        let several = if self.cluster.release >= (22, 0) { list(&spec["targetRefs"]) } else { &[] };
        one.into_iter().chain(several).collect()
    }

    /// AP12, J16: what the provider says is unknown; a bad one denies; one for HTTP is dropped on TCP.
    fn custom(&self) -> Finding {
        let policies = self.policies(Action::Custom);
        let providers: Vec<&str> = policies
            .iter()
            .map(|policy| policy["spec"]["provider"]["name"].as_str().unwrap_or_default())
            .collect();
        let Some(first) = providers.first() else { return Finding::open("no CUSTOM policy") };
        let matched =
            self.any_match(Action::Custom, policies.iter().copied().filter(|policy| !is_dry_run(policy)));
        let outcome = match self.provider(first) {
            _ if providers.iter().any(|one| one != first) => matched,
            _ if self.cluster.mesh.is_none() => matched.min(Truth::Maybe),
            None => matched,
            Some("http") if self.call.http.is_none() => Truth::No,
            Some(_) => matched.min(Truth::Maybe),
        };
        Finding::closed(!outcome, Layer::Custom, format!("the provider `{first}` decides (J16)"))
    }

    /// Whether an authorizer speaks HTTP or gRPC; `None` if the mesh has none of that name.
    fn provider(&self, called: &str) -> Option<&'static str> {
        let provider = list(self.cluster.mesh_config("extensionProviders"))
            .iter()
            .find(|provider| provider["name"] == called)?;
        if provider["envoyExtAuthzHttp"].is_object() {
            Some("http")
        } else {
            provider["envoyExtAuthzGrpc"].is_object().then_some("grpc")
        }
    }

    /// AP35: a token whose issuer no RequestAuthentication names is refused, where there is any.
    fn token(&self) -> Finding {
        let issuers = self.issuers();
        let claims = self.call.http.as_ref().and_then(|(request, _)| request.claims.as_ref());
        match claims {
            Some(claims)
                if !issuers.is_empty()
                    && !issuers.iter().any(|issuer| claims.get("iss") == Some(*issuer)) =>
            {
                Finding::closed(
                    Truth::No,
                    Layer::Token,
                    "no RequestAuthentication names the token's issuer".into(),
                )
            }
            _ => Finding::open("no token is refused"),
        }
    }

    fn issuers(&self) -> Vec<&'a Value> {
        self.cluster
            .of("security.istio.io", "RequestAuthentication")
            .filter(|object| self.is_in_scope(object))
            .flat_map(|object| list(&object["spec"]["jwtRules"]))
            .map(|rule| &rule["issuer"])
            .collect()
    }

    /// The claims that policies can ask about: none before the token was read, which CUSTOM comes before.
    fn claims(&self, action: Action) -> Option<&'a Map<String, Value>> {
        let (request, _) = self.call.http.as_ref()?;
        let claims = request.claims.as_ref()?;
        let is_read = action != Action::Custom && self.issuers().contains(&claims.get("iss")?);
        is_read.then_some(claims)
    }

    fn deny(&self) -> Finding {
        let policies = self.policies(Action::Deny);
        let matched =
            self.any_match(Action::Deny, policies.iter().copied().filter(|policy| !is_dry_run(policy)));
        Finding::closed(!matched, Layer::Deny, "a DENY rule matches".into())
    }

    /// AP07, AP08, AP09, AP11, AP16: closed as soon as one enforced policy is there, and opened by any of its rules.
    fn allow(&self) -> Finding {
        let policies: Vec<&Object> =
            self.policies(Action::Allow).into_iter().filter(|policy| !is_dry_run(policy)).collect();
        let Some(first) = policies.first() else {
            return Finding::open("no ALLOW policy selects the pod (AP07)");
        };
        let reason = format!("no ALLOW rule matches; `{}/{}` closes", first.namespace, first.name);
        Finding::closed(self.any_match(Action::Allow, policies.iter().copied()), Layer::Allow, reason)
    }

    fn any_match(&self, action: Action, policies: impl Iterator<Item = &'a Object>) -> Truth {
        policies
            .flat_map(|policy| list(&policy["spec"]["rules"]).iter().map(move |rule| (policy, rule)))
            .map(|(policy, rule)| self.rule(action, &policy.namespace, rule).unwrap_or(Truth::No))
            .max()
            .unwrap_or(Truth::No)
    }
}

impl Action {
    fn of(policy: &Object) -> Self {
        match policy["spec"]["action"].as_str() {
            Some("DENY") => Self::Deny,
            Some("AUDIT") => Self::Audit,
            Some("CUSTOM") => Self::Custom,
            _ => Self::Allow,
        }
    }
}

/// AP11: what Go's `strconv.ParseBool` takes for true; what it cannot read is enforced.
fn is_dry_run(policy: &Object) -> bool {
    let value = policy["metadata"]["annotations"]["istio.io/dry-run"].as_str();
    matches!(value, Some("1" | "t" | "T" | "TRUE" | "true" | "True"))
}

/// Reads how far the mesh normalises paths.
pub fn normalization(cluster: &Cluster) -> Normalization {
    Normalization::named(cluster.mesh_config("pathNormalization")["normalization"].as_str())
}

/// A filter that the model does not follow: an EnvoyFilter or WasmPlugin on the workload.
pub fn foreign_filter(cluster: &Cluster, pod: &Pod<'_>) -> Option<String> {
    cluster.objects.iter().find_map(|object| {
        let kind = &object.kind;
        let labels = match kind.as_str() {
            "EnvoyFilter" => &object["spec"]["workloadSelector"]["labels"],
            "WasmPlugin" => &object["spec"]["selector"]["matchLabels"],
            _ => return None,
        };
        let is_in_scope = [pod.namespace, cluster.root_namespace()].contains(&object.namespace.as_str());
        (is_in_scope && pod.has_labels(labels)).then(|| format!("{kind} `{}`", object.name))
    })
}
