//! What is waived, and by whom.

use crate::{
    check::waiver::{self, Giver, Waiver},
    command::input,
    diagnostic::Diagnostic,
    profile::{Exception, Profile},
};

/// What a port that takes plaintext is found to be, by kind of the object that opens it: the checks that an exception
/// answers for. Every other finding at the same objects stays open.
const EXCEPTED: [(&str, &str); 2] = [
    ("authorization-policy-negative-allow", "AuthorizationPolicy"),
    ("peer-authentication-not-strict", "PeerAuthentication"),
];

/// Returns what is waived by the profile and, where that was asked for, by the objects themselves.
pub(in crate::command) fn given(
    profile: Option<&Profile>,
    input: &input::Read,
    allows_inline: bool,
) -> (Vec<Waiver>, Vec<Diagnostic>) {
    let mut waivers: Vec<Waiver> = profile.map(by_profile).unwrap_or_default();
    if !allows_inline {
        return (waivers, Vec::new());
    }
    let (inline, faults) = waiver::inline(input.manifests.metas());
    waivers.extend(inline);
    (waivers, faults)
}

fn by_profile(profile: &Profile) -> Vec<Waiver> {
    let stated = profile.waivers.iter().map(|waiver| Waiver {
        code: waiver.code.value.clone(),
        object: waiver.object.value.clone(),
        reason: waiver.reason.clone(),
        owner: waiver.owner.clone(),
        expires: waiver.expires.value.clone(),
        span: waiver.code.span,
        by: Giver::Profile,
    });
    let excepted = profile.exceptions.iter().flat_map(|exception| by_exception(profile, exception));
    stated.chain(excepted).collect()
}

/// What an exception opens is rendered into the policies of its workload.
fn by_exception(profile: &Profile, exception: &Exception) -> impl Iterator<Item = Waiver> {
    let namespace = &profile.namespaces[exception.workload.namespace];
    let workload = &namespace.workloads[exception.workload.workload];
    EXCEPTED.into_iter().map(move |(code, kind)| Waiver {
        code: code.to_owned(),
        object: format!("{kind} {}/workload-{}", namespace.name, workload.name),
        reason: exception.reason.clone(),
        owner: exception.owner.clone(),
        expires: exception.expires.clone(),
        span: exception.span,
        by: Giver::Exception,
    })
}
