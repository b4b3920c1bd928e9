//! A gateway does not say its lowest version of TLS, or says one that is broken.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    manifest::gateway::TlsVersion,
};

pub(super) const CHECK: Check = Check {
    code: "gateway-tls-version",
    severity: Severity::Warning,
    summary: "a gateway does not say its lowest version of TLS, or says one that is broken",
    happens: "Without `minProtocolVersion` the floor is what the proxy was built with, and may change with a \
              release; 1.0 and 1.1 are broken.",
    mend: "Say `minProtocolVersion: TLSV1_2` or `TLSV1_3`.",
    silent: "For servers that end no TLS.",
    source: "networking/v1alpha3/gateway.proto of istio/api 1.21; RFC 8996",
    rules: &["SC13-1"],
    controls: &[Control::Sc8Cryptography, Control::Sc13],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for gateway in &scene.mesh.manifests.gateways {
        for tls in gateway.servers.iter().filter_map(|server| server.tls.as_ref()) {
            let label = match tls.lowest() {
                TlsVersion::V1_2 | TlsVersion::V1_3 => continue,
                TlsVersion::Auto => "what the proxy was built with",
                TlsVersion::V1_0 | TlsVersion::V1_1 => "broken",
            };
            let place = tls.min_protocol_version.map_or(tls.span, |version| version.span);
            if tls.mode().ends_tls() {
                findings
                    .report(
                        place,
                        format!("`{}` does not hold TLS 1.2 as its floor", gateway.meta.path()),
                        label,
                    )
                    .help("say `minProtocolVersion: TLSV1_2`");
            }
        }
    }
}
