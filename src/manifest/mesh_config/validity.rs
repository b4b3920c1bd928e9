//! What istiod refuses of a mesh config that it could read, and so loses as a whole.

use std::net::IpAddr;

use super::{MeshConfig, Text};
use crate::{diagnostic::Diagnostic, yaml::Spanned};

/// Returns the mesh config, if istiod takes it (`ValidateMeshConfig` in `pkg/config/validation/validation.go` of Istio
/// 1.21.1, as far as it speaks of fields that are read here).
pub fn checked(config: MeshConfig) -> Result<MeshConfig, Box<Diagnostic>> {
    let domains = config.trust_domain.iter().chain(&config.trust_domain_aliases);
    if let Some(domain) = domains.clone().find(|domain| !is_domain(domain)) {
        return Err(refused(domain, "a trust domain is made of letters, digits, `-` and `.`"));
    }
    let curves = config.mesh_mtls.iter().flat_map(|tls| &tls.ecdh_curves);
    if let Some(curve) = curves.into_iter().next() {
        return Err(refused(curve, "`meshMTLS` takes no curves"));
    }
    let proxies = config.default_config.as_ref();
    let address = proxies.and_then(|proxies| proxies.discovery_address.as_ref());
    if let Some(address) = address.filter(|address| !is_address(address)) {
        return Err(refused(address, "istiod is at `host:port`"));
    }
    let port = proxies.and_then(|proxies| proxies.status_port);
    if let Some(port) = port.filter(|port| !(1..=65535).contains(&port.value.0)) {
        let message = format!("`{}` is no port", port.value.0);
        return Err(Box::new(Diagnostic::error("wrong-value", port.span, message, "1 to 65535")));
    }
    Ok(config)
}

fn refused(text: &Spanned<Text>, expected: &str) -> Box<Diagnostic> {
    let message = format!("istiod refuses `{}` here, and the whole mesh config with it", text.value);
    Box::new(Diagnostic::error("wrong-value", text.span, message, expected))
}

/// Tells whether a text is labels with dots between, and perhaps one at the end (`ValidateTrustDomain`).
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        label.len() <= 63
            && !label.is_empty()
            && label.bytes().all(is_plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.strip_suffix('.').unwrap_or(text).split('.').all(is_label)
}

/// Tells whether a text is a host and a port (`ValidateProxyAddress`).
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match in_brackets {
        Some(host) => host.parse::<IpAddr>().is_ok() || is_domain(host),
        None => is_domain(host),
    };
    is_port && is_host
}
