//! Everything that the profile asks for and that makes the mesh weaker than its default.

use std::collections::BTreeMap;

use crate::profile::{
    Basis, Enforcement, Flow, Namespace, PathNormalization, Peer, PodSecurity, Profile, Target,
};

/// Something weaker than the default, and who asked for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weakening {
    /// What holds no longer, and where.
    pub what: String,
    /// Why it does not: the key of the profile, with the author's reason where one is given.
    pub why: String,
}

/// Returns what is weaker than the default: by the profile's word, or because a default was left that some clusters
/// can do better than.
pub fn weakenings(profile: &Profile) -> Vec<Weakening> {
    let weakening = |what: String, why: String| Weakening { what, why };
    let mut all = Vec::new();
    if profile.enforcement == Enforcement::Audit {
        all.push(weakening("NOT ENFORCED: the whole mesh".into(), "enforcement: audit".into()));
    }
    for namespace in profile.namespaces.iter().filter(|namespace| namespace.enforcement == Enforcement::Audit)
    {
        let what = format!("NOT ENFORCED: namespace {}", namespace.name);
        all.push(weakening(what, "enforcement: audit, of the namespace".into()));
    }
    for flow in &profile.flows {
        if let Basis::Exception(index) = flow.basis {
            let exception = &profile.exceptions[index];
            let what = format!(
                "plaintext from {} to {}",
                plaintext_caller(profile, flow),
                profile.target_name(&flow.to)
            );
            let why =
                format!("{} (owner {}, until {})", exception.reason, exception.owner, exception.expires);
            all.push(weakening(what, why));
        }
        if let Target::Unmeshed(..) = flow.to {
            let what = format!(
                "plaintext from {} to {}",
                profile.peer_name(&flow.from),
                profile.target_name(&flow.to)
            );
            all.push(weakening(what, "the callee has no sidecar".into()));
        }
    }
    all.extend(profile.namespaces.iter().flat_map(shared_identities));
    if profile.mesh.path_normalization != PathNormalization::default() {
        let what = "an encoded slash can slip past a path's prefix".to_owned();
        all.push(weakening(what, "mesh.pathNormalization".into()));
    }
    let privileged = profile
        .namespaces
        .iter()
        .filter(|namespace| namespace.pod_security == PodSecurity::Privileged)
        .count();
    if privileged > 0 {
        let what = format!(
            "the Pod Security level is privileged in {privileged} of {} namespaces",
            profile.namespaces.len()
        );
        let why = if profile.mesh.cni {
            "podSecurity: privileged"
        } else {
            "mesh.cni is false, so each pod starts with a privileged init container"
        };
        all.push(weakening(what, why.into()));
    }
    if let Some(tracing) = &profile.tracing {
        let what = format!(
            "proxies send spans in plaintext to {}.{}:{}",
            tracing.service, tracing.namespace, tracing.port
        );
        all.push(weakening(what, "tracing".into()));
    }
    all
}

/// Returns what becomes of calls that no flow declares.
pub fn undeclared(profile: &Profile) -> String {
    let audited: Vec<&str> = profile
        .namespaces
        .iter()
        .filter(|namespace| !profile.enforces(namespace))
        .map(|namespace| namespace.name.as_str())
        .collect();
    if profile.enforcement == Enforcement::Audit {
        "NOT ENFORCED, so everything else may talk too".into()
    } else if audited.is_empty() {
        "nothing else may talk".into()
    } else {
        format!("nothing else may talk, but in {}: NOT ENFORCED", audited.join(", "))
    }
}

/// Returns who an exception lets in: the API server where its addresses are said, and else whoever finds the port.
fn plaintext_caller(profile: &Profile, flow: &Flow) -> String {
    if flow.from == Peer::KubernetesApi && profile.api_server.webhook_from.is_empty() {
        "anyone (apiServer.webhookFrom would hold it to kubernetes-api)".into()
    } else {
        profile.peer_name(&flow.from)
    }
}

/// Returns the workloads of a namespace that share an account: a proxy knows its caller by nothing else.
fn shared_identities(namespace: &Namespace) -> impl Iterator<Item = Weakening> {
    let mut sharing: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for workload in &namespace.workloads {
        sharing.entry(&workload.service_account).or_default().push(&workload.name);
    }
    sharing.into_iter().filter(|(_, names)| names.len() > 1).map(|(account, names)| Weakening {
        what: format!("{} of {} pass for each other at a proxy", names.join(", "), namespace.name),
        why: format!("serviceAccount: {account}, of each"),
    })
}
