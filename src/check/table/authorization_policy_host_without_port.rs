//! A host is refused without its port, and a client that names the port passes.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::Word,
};

pub(super) const CHECK: Check = Check {
    code: "authorization-policy-host-without-port",
    severity: Severity::Warning,
    summary: "a host is refused without its port, and a client that names the port passes",
    happens: "Hosts are compared with the whole `Host` header, port included: `admin.example.com:443` is not \
              `admin.example.com`. A client writes the header as it likes.",
    mend: "Refuse both forms: `admin.example.com` and `admin.example.com:*`.",
    silent: "For ALLOW rules, where the other form is only refused too much; for patterns that end with `*`.",
    source: "hostGenerator in pilot/pkg/security/authz/model/generator.go of Istio 1.21.1; measured on Envoy 1.40",
    rules: &["AP27"],
    controls: &[Control::Ac3, Control::Ac4],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for policy in &scene.mesh.manifests.authorization_policies {
        for operation in policy.rules.iter().flat_map(|rule| rule.operations()) {
            let refused = policy.action().refused(&operation.hosts, &operation.not_hosts);
            let has = |form: &str| refused.iter().any(|word| word.value == form);
            let is_open =
                |word: &&Word| !word.ends_with('*') && !word.contains(':') && !has(&format!("{word}:*"));
            for word in refused.iter().filter(is_open) {
                findings
                    .report(
                        word.span,
                        format!("`{word}:443` passes `{}`", policy.meta.path()),
                        "compared with the port",
                    )
                    .help(format!("refuse `{word}:*` as well"));
            }
        }
    }
}
