//! Everything that the profile asks for and that makes the mesh weaker than its default.

use crate::profile::{Basis, Enforcement, PathNormalization, PodSecurity, Profile, Target};

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
                profile.peer_name(&flow.from),
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
