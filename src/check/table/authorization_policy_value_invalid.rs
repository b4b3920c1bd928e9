//! A port or a range of addresses is none.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::{Action, AuthorizationRule, Word},
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-value-invalid",
    severity: Severity::Error,
    summary: "a rule names a port or a range of addresses that is none",
    happens: "istiod's webhook refuses the policy. Where it does not answer, istiod passes over the whole rule of an ALLOW \
              policy, which then lets nobody in, and over the value alone of any other: a DENY rule is wider than it says, or \
              never bites.",
    mend: "Write a port between 0 and 65535, or an address or a range in CIDR notation.",
    silent: "For variables that Flux fills in.",
    source: "portGenerator, srcIPGenerator and destPortGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1",
    rules: &["AP15"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        let label = match policy.action() {
            Action::Allow => "the whole rule is passed over",
            Action::Deny | Action::Audit | Action::Custom => "passed over",
        };
        for rule in &policy.rules {
            let ports = ports(rule).into_iter().filter(|word| word.parse::<u16>().is_err());
            let blocks = blocks(rule).into_iter().filter(|word| !is_block(word));
            let faulty =
                ports.map(|word| (word, "port")).chain(blocks.map(|word| (word, "range of addresses")));
            for (word, what) in faulty.filter(|(word, _)| !word.contains("${")) {
                findings.report(
                    word.span,
                    format!("`{}` names `{}`, which is no {what}", policy.meta.path(), word.value),
                    label,
                );
            }
        }
    }
}

fn is_block(text: &str) -> bool {
    text.parse::<IpNet>().is_ok() || text.parse::<IpAddr>().is_ok()
}

fn ports(rule: &AuthorizationRule) -> Vec<&Word> {
    let operations =
        rule.operations().flat_map(|operation| operation.ports.iter().chain(&operation.not_ports));
    operations.chain(conditions(rule, &["destination.port"])).collect()
}

fn blocks(rule: &AuthorizationRule) -> Vec<&Word> {
    let sources = rule.sources().flat_map(|source| {
        [&source.ip_blocks, &source.not_ip_blocks, &source.remote_ip_blocks, &source.not_remote_ip_blocks]
    });
    sources.flatten().chain(conditions(rule, &["source.ip", "remote.ip", "destination.ip"])).collect()
}

/// Returns the values of conditions on some attributes.
fn conditions<'r>(rule: &'r AuthorizationRule, keys: &'static [&str]) -> impl Iterator<Item = &'r Word> {
    let asked = rule.when.iter().filter(|condition| keys.contains(&condition.key.as_str()));
    asked.flat_map(|condition| condition.values.iter().chain(&condition.not_values))
}
