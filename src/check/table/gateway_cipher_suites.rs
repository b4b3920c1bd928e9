//! A gateway takes suites of TLS 1.2 that are weak, unknown or left to the proxy.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::gateway::TlsVersion,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-cipher-suites",
    severity: Severity::Warning,
    summary: "a gateway takes suites of TLS 1.2 that are weak, unknown or left to the proxy",
    happens: "Unknown names are dropped in silence, and an empty list is what the proxy was built with: suites \
              without forward secrecy or authenticated encryption may be on offer.",
    mend: "Name suites of ECDHE with AES-GCM: `ECDHE-ECDSA-AES256-GCM-SHA384` and its like.",
    silent: "For a floor of TLS 1.3, whose suites cannot be chosen, and for servers that end no TLS.",
    source: "pkg/config/security/security.go of Istio 1.21.1, IsValidCipherSuite; NIST SP 800-52 Rev. 2",
    rules: &["SC13-2"],
    controls: &[Control::Sc8Cryptography, Control::Sc13],
    run,
};

const SOUND: [&str; 6] = [
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for tls in gateway.servers.iter().filter_map(|server| server.tls.as_ref()) {
            if !tls.mode().ends_tls() || tls.lowest() == TlsVersion::V1_3 {
                continue;
            }
            if tls.cipher_suites.is_empty() {
                findings
                    .report(
                        tls.span,
                        format!("`{}` leaves its suites to the proxy", gateway.meta.path()),
                        "no `cipherSuites`",
                    )
                    .help("name suites of ECDHE with AES-GCM");
            }
            for suite in tls.cipher_suites.iter().filter(|suite| !SOUND.contains(&suite.as_str())) {
                findings.report(
                    suite.span,
                    format!("`{}` names the suite `{suite}`", gateway.meta.path()),
                    "weak, or unknown and dropped",
                );
            }
        }
    }
}
