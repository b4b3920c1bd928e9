//! Everything that the profile asks for and that makes the mesh weaker than its default.

use std::collections::BTreeMap;

use crate::profile::{
    AdmissionEngine, Basis, Enforcement, Flow, Namespace, PathNormalization, Peer, PodSecurity, Profile,
    Target,
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
    let mut all = unenforced(profile);
    all.extend(unguarded(profile));
    all.extend(profile.flows.iter().filter_map(|flow| plaintext(profile, flow)));
    all.extend(profile.namespaces.iter().flat_map(shared_identities));
    all.extend(loose_paths(profile));
    all.extend(privileged(profile));
    all.extend(spans(profile));
    all
}

fn weakening(what: impl Into<String>, why: impl Into<String>) -> Weakening {
    Weakening { what: what.into(), why: why.into() }
}

fn unenforced(profile: &Profile) -> Vec<Weakening> {
    let mesh = profile.enforcement == Enforcement::Audit;
    let mesh = mesh.then(|| weakening("NOT ENFORCED: the whole mesh", "enforcement: audit"));
    let audited = profile.namespaces.iter().filter(|namespace| namespace.enforcement == Enforcement::Audit);
    let namespaces = audited.map(|namespace| {
        weakening(
            format!("NOT ENFORCED: namespace {}", namespace.name),
            "enforcement: audit, of the namespace",
        )
    });
    mesh.into_iter().chain(namespaces).collect()
}

/// Returns that nobody refuses what would weaken the mesh; of a mesh in audit that is no news.
fn unguarded(profile: &Profile) -> Option<Weakening> {
    let is_guarded = profile.enforcement == Enforcement::Audit || profile.guard().is_some();
    let version = profile.kubernetes_version;
    let why = if profile.admission.engine == AdmissionEngine::None {
        "admission.engine: none".to_owned()
    } else {
        let beta = if version.admission_policies(true).is_some() { ", or with admission.beta" } else { "" };
        format!("kubernetesVersion is {version}, and admission policies are there from 1.30 on{beta}")
    };
    (!is_guarded)
        .then(|| weakening("nothing on the cluster keeps a namespace from downgrading to PERMISSIVE", why))
}

/// Returns a flow's weakening, where one of its ends has no sidecar.
fn plaintext(profile: &Profile, flow: &Flow) -> Option<Weakening> {
    let to = profile.target_name(&flow.to);
    if let Basis::Exception(index) = flow.basis {
        let exception = &profile.exceptions[index];
        let what = format!("plaintext from {} to {to}", plaintext_caller(profile, flow));
        let why = format!("{} (owner {}, until {})", exception.reason, exception.owner, exception.expires);
        return Some(weakening(what, why));
    }
    let is_unmeshed = matches!(flow.to, Target::Unmeshed(..));
    let from = profile.peer_name(&flow.from);
    is_unmeshed.then(|| weakening(format!("plaintext from {from} to {to}"), "the callee has no sidecar"))
}

fn loose_paths(profile: &Profile) -> Option<Weakening> {
    let is_loose = profile.mesh.path_normalization != PathNormalization::default();
    is_loose.then(|| weakening("an encoded slash can slip past a path's prefix", "mesh.pathNormalization"))
}

fn privileged(profile: &Profile) -> Option<Weakening> {
    let is_privileged = |namespace: &&Namespace| namespace.pod_security == PodSecurity::Privileged;
    let (count, all) = (profile.namespaces.iter().filter(is_privileged).count(), profile.namespaces.len());
    let why = if profile.mesh.cni {
        "podSecurity: privileged"
    } else {
        "mesh.cni is false, so each pod starts with a privileged init container"
    };
    let what = format!("the Pod Security level is privileged in {count} of {all} namespaces");
    (count > 0).then(|| weakening(what, why))
}

fn spans(profile: &Profile) -> Option<Weakening> {
    let to = profile.tracing.as_ref()?;
    let what = format!("proxies send spans in plaintext to {}.{}:{}", to.service, to.namespace, to.port);
    Some(weakening(what, "tracing"))
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
