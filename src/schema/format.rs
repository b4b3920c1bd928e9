//! The formats that a schema may name, each a function from text to fault.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::yaml::{Kind, kind};

/// What `istiod-<revision>` leaves of the 53 characters that Helm allows a release's name (`MaxReleaseNameLen`,
/// helm.sh/helm `pkg/chartutil/validate_name.go`).
const LONGEST_REVISION: usize = 46;

/// Why a text is not of its format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The fact, with the text in backticks.
    pub message: String,
    /// What was expected, in a few words.
    pub label: String,
    /// The rule or the way out, one sentence.
    pub help: String,
    /// The text that was probably meant.
    pub edit: Option<String>,
}

impl Fault {
    fn new(message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), label: label.into(), help: help.into(), edit: None }
    }

    fn with_edit(self, edit: impl Into<String>) -> Self {
        Self { edit: Some(edit.into()), ..self }
    }
}

type Rule = fn(&str) -> Option<Fault>;

/// Every format: its name, the code of its fault, and the function that judges.
const FORMATS: &[(&str, &str, Rule)] = &[
    ("cidr", "invalid-cidr", cidr),
    ("date", "invalid-date", date),
    ("dns-label", "invalid-dns-label", dns_label),
    ("dns-name", "invalid-dns-name", dns_name),
    ("dns-subdomain", "invalid-dns-subdomain", dns_subdomain),
    ("duration", "invalid-duration", duration),
    ("glob-path", "invalid-glob-path", glob_path),
    ("host-port", "invalid-host-port", host_port),
    ("http-method", "invalid-http-method", http_method),
    ("http-path-pattern", "invalid-http-path-pattern", http_path_pattern),
    ("image-hub", "invalid-image-hub", image_hub),
    ("image-tag", "invalid-image-tag", image_tag),
    ("ip", "invalid-ip", ip),
    ("label-key", "invalid-label-key", label_key),
    ("label-value", "invalid-label-value", label_value),
    ("peer", "invalid-peer", peer),
    ("repo-path", "invalid-repo-path", repo_path),
    ("revision", "invalid-revision", revision),
    ("spiffe-trust-domain", "invalid-spiffe-trust-domain", spiffe_trust_domain),
    ("url", "invalid-url", url),
    ("version-minor", "invalid-version-minor", version_minor),
    ("version-patch", "invalid-version-patch", version_patch),
    ("wildcard-host", "invalid-wildcard-host", wildcard_host),
    ("workload-ref", "invalid-workload-ref", workload_ref),
];

/// Judges `text` by the format of that name; a format that is not known finds nothing.
pub fn check(format: &str, text: &str) -> Option<Fault> {
    let fault = FORMATS.iter().find(|(name, ..)| *name == format).and_then(|(_, _, rule)| rule(text))?;
    Some(if text.contains("${") || text.contains("{{") { unfilled(fault) } else { fault })
}

/// What was meant to be filled in by another program is not wrong in its letters.
fn unfilled(fault: Fault) -> Fault {
    let label = "a variable is not filled in here".to_owned();
    let help = "write the value itself, or fill the variable in before this file is read".to_owned();
    Fault { label, help, edit: None, ..fault }
}

/// Returns the diagnostic code of a format's fault, or nothing if there is no such format.
pub fn code(format: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(name, ..)| *name == format).map(|(_, code, _)| *code)
}

/// A label of RFC 1123: what Kubernetes takes for the name of a namespace or a service.
fn dns_label(text: &str) -> Option<Fault> {
    if is_dns_label(text) {
        return None;
    }
    if text.contains('.') && is_dns_subdomain(&text.to_ascii_lowercase()) {
        // Which of the labels is meant cannot be known.
        let help = "write what stands before the first dot, or `-` in place of the dots";
        return Some(Fault::new(
            format!("`{text}` is not a DNS label"),
            "expected a name without dots",
            help,
        ));
    }
    let help = "use 1 to 63 lower-case letters, digits and `-`, with a letter or digit at both ends";
    let fault = Fault::new(format!("`{text}` is not a DNS label"), "expected a name such as `my-shop`", help);
    Some(with_label_edit(fault, text))
}

/// What Istio's charts take for the name of a revision, or of a tag.
///
/// They write it without quotes into labels (`manifests/charts/gateway/templates/deployment.yaml`), where only a text
/// may stand; and Helm allows the name of the release, `istiod-<revision>`, 53 characters.
fn revision(text: &str) -> Option<Fault> {
    let not = format!("`{text}` cannot name a revision");
    if text == "default" {
        let help = "leave the revision out where the default control plane is meant, or choose another name";
        return Some(Fault::new(not, "it names the control plane without a revision", help));
    }
    if is_dns_label(text) && kind::resolve(text) != Kind::String {
        let help = "write a name that is a text without quotes too, such as `1-21-1` or `stable`";
        return Some(Fault::new(not, "the charts write it without quotes, where it is no text", help));
    }
    if is_dns_label(text) && text.len() <= LONGEST_REVISION {
        return None;
    }
    let help = "use 1 to 46 lower-case letters, digits and `-`, with a letter or digit at both ends";
    let fault = Fault::new(not, "expected a name such as `1-21-1`", help);
    let mended = text.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
    Some(if is_dns_label(&mended) && mended.len() <= LONGEST_REVISION {
        fault.with_edit(mended)
    } else {
        fault
    })
}

fn with_label_edit(fault: Fault, text: &str) -> Fault {
    let mended = text.to_ascii_lowercase().replace(['_', ' '], "-");
    if is_dns_subdomain(&mended) { fault.with_edit(mended) } else { fault }
}

fn is_dns_label(text: &str) -> bool {
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= 63
        && text.starts_with(is_edge)
        && text.ends_with(is_edge)
        && text.chars().all(|c| is_edge(c) || c == '-')
}

fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// The name of a Kubernetes object: DNS labels joined by dots, each of at most 63 characters.
///
/// Kubernetes itself bounds only the whole; the names here also become host names, which bounds each label.
fn dns_subdomain(text: &str) -> Option<Fault> {
    if is_dns_subdomain(text) {
        return None;
    }
    let help = "use lower-case letters, digits, `-` and `.`, at most 253 characters";
    let fault = Fault::new(
        format!("`{text}` is not a name for an object"),
        "expected a name such as `my-shop`",
        help,
    );
    Some(with_label_edit(fault, text))
}

fn dns_name(text: &str) -> Option<Fault> {
    if is_dns_name(text) {
        return None;
    }
    if let Some(domain) = text.strip_prefix("*.") {
        let help = "name each host, or write the name behind `*.` if the domain itself is meant";
        return Some(host_fault(text, "a wildcard is not possible here", help).with_edit(domain));
    }
    Some(misspelt_host(text))
}

fn wildcard_host(text: &str) -> Option<Fault> {
    let name = text.strip_prefix("*.").unwrap_or(text);
    if is_dns_name(name) {
        return None;
    }
    let stars = text.len() - name.len();
    let fault = if text.contains('*') && !name.contains("://") && name.contains('*') {
        host_fault(
            text,
            "a misplaced wildcard",
            "the wildcard `*.` is possible only as the whole first label",
        )
    } else {
        misspelt_host(name)
    };
    let edit = fault.edit.clone().map(|edit| format!("{}{edit}", &text[..stars]));
    Some(Fault { edit, message: format!("`{text}` is not a host name"), ..fault })
}

fn is_dns_name(text: &str) -> bool {
    // What ends in a number is read as an address (WHATWG URL, "ends in a number checker").
    is_dns_subdomain(text) && text.rsplit_once('.').is_some_and(|(_, last)| !is_digits(last))
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn host_fault(text: &str, label: &str, help: &str) -> Fault {
    Fault::new(format!("`{text}` is not a host name"), label, help)
}

/// Says what is wrong with a host name that people often write.
fn misspelt_host(text: &str) -> Fault {
    let edit = bare_host(text);
    let (label, help) = if text.contains("://") {
        ("expected a host without a scheme", "write only the host name")
    } else if text.contains('/') {
        ("expected a host without a path", "write only the host name")
    } else if text.ends_with('.') {
        ("expected a name without the final dot", "remove the dot at the end")
    } else if is_ip(text) {
        ("an address is not a name", "write the name that certificates carry")
    } else if text.rsplit('.').next().is_some_and(is_digits) {
        ("a name does not end in a number", "write the full name, such as `shop.example.org`")
    } else if text.contains(':') {
        ("expected a host without a port", "write only the host name")
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        ("expected lower-case letters", "write it in lower case")
    } else if is_dns_label(text) {
        ("expected at least two labels", "write the full name, such as `shop.example.org`")
    } else {
        (
            "expected a name such as `shop.example.org`",
            "use letters, digits and `-`, joined by dots; at most 253 characters",
        )
    };
    let fault = host_fault(text, label, help);
    if is_dns_name(&edit) { fault.with_edit(edit) } else { fault }
}

/// Returns what is left without scheme, path, port and final dot, in lower case.
fn bare_host(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn cidr(text: &str) -> Option<Fault> {
    if let Ok(address) = text.parse::<IpAddr>() {
        let network = IpNet::from(address);
        let help = format!("write the prefix: `{network}` is this address alone");
        let fault =
            Fault::new(format!("`{text}` is an address, not a network"), "expected a prefix length", help);
        return Some(fault.with_edit(network.to_string()));
    }
    let Ok(network) = text.parse::<IpNet>() else {
        let help = "write an address, `/` and a prefix length";
        return Some(Fault::new(
            format!("`{text}` is not a network"),
            "expected a network such as `10.0.0.0/8`",
            help,
        ));
    };
    if let IpNet::V6(v6) = network
        && let Some(v4) = unmapped(v6)
    {
        let help = "write the IPv4 network itself; on the wire there is no other";
        let message = format!("`{text}` is an IPv4 network in IPv6 clothing");
        return Some(Fault::new(message, "expected the IPv4 network", help).with_edit(v4.to_string()));
    }
    let masked = network.trunc();
    if masked.addr() == network.addr() {
        return None;
    }
    let message = format!("`{text}` has bits set beyond its prefix");
    let help = format!(
        "write `{masked}` for the network, or `{}` for the address alone",
        IpNet::from(network.addr())
    );
    Some(Fault::new(message, "not the first address of its network", help).with_edit(masked.to_string()))
}

/// Returns the IPv4 network that an IPv4-mapped one (`::ffff:0:0/96`) stands for.
fn unmapped(network: Ipv6Net) -> Option<Ipv4Net> {
    let prefix = network.prefix_len().checked_sub(96)?;
    let net = Ipv4Net::new(network.addr().to_ipv4_mapped()?, prefix).ok()?;
    Some(net.trunc())
}

fn ip(text: &str) -> Option<Fault> {
    let help = "write an IPv4 or IPv6 address without port and prefix";
    (!is_ip(text))
        .then(|| Fault::new(format!("`{text}` is not an IP address"), "expected such as `10.0.0.10`", help))
}

fn version_patch(text: &str) -> Option<Fault> {
    let numbers = version_numbers(text);
    if numbers == Some(3) {
        return None;
    }
    let help = "write major, minor and patch: `1.30.2`";
    let fault = Fault::new(format!("`{text}` is not a full version"), "expected three numbers", help);
    Some(without_v(fault, text, &[3]))
}

fn version_minor(text: &str) -> Option<Fault> {
    if matches!(version_numbers(text), Some(2 | 3)) {
        return None;
    }
    let help = "write major and minor: `1.33`";
    let fault = Fault::new(format!("`{text}` is not a version"), "expected two or three numbers", help);
    Some(without_v(fault, text, &[2, 3]))
}

fn without_v(fault: Fault, text: &str, counts: &[usize]) -> Fault {
    let bare = text.trim_start_matches(['v', 'V']);
    let fits = version_numbers(bare).is_some_and(|count| counts.contains(&count));
    if fits { fault.with_edit(bare) } else { fault }
}

/// Returns how many numbers without leading zeros the dots join; no release counts beyond 9999.
fn version_numbers(text: &str) -> Option<usize> {
    let is_number = |part: &str| {
        let plain = part == "0" || !part.starts_with('0');
        plain && (1..=4).contains(&part.len()) && is_digits(part)
    };
    text.split('.').all(is_number).then(|| text.split('.').count())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What the CRDs of Flux accept: `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`.
fn duration(text: &str) -> Option<Fault> {
    if is_duration(text) {
        return None;
    }
    let help = "write numbers with `h`, `m`, `s` or `ms`: `1h30m`";
    let fault = Fault::new(format!("`{text}` is not a duration"), "expected such as `30m`", help);
    Some(if is_digits(text) { fault.with_edit(format!("{text}s")) } else { fault })
}

fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(after) = after_decimal(rest) else { return false };
        let Some(next) = ["ms", "s", "m", "h"].iter().find_map(|unit| after.strip_prefix(unit)) else {
            return false;
        };
        rest = next;
    }
    !text.is_empty()
}

/// Returns what follows `[0-9]+(\.[0-9]+)?`.
fn after_decimal(text: &str) -> Option<&str> {
    let after = after_digits(text)?;
    match after.strip_prefix('.') {
        Some(fraction) => after_digits(fraction),
        None => Some(after),
    }
}

fn after_digits(text: &str) -> Option<&str> {
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (after.len() < text.len()).then_some(after)
}

fn host_port(text: &str) -> Option<Fault> {
    let split = text.rsplit_once(':');
    let is_host =
        |host: &str| is_dns_subdomain(host) || is_ip(host.trim_start_matches('[').trim_end_matches(']'));
    let fits = split.is_some_and(|(host, port)| is_bracketed_if_v6(host) && is_host(host) && is_port(port));
    let help = "write a host, `:` and a port between 1 and 65535";
    (!fits).then(|| {
        Fault::new(
            format!("`{text}` is not a host with a port"),
            "expected such as `otel.observability:4317`",
            help,
        )
    })
}

fn is_bracketed_if_v6(host: &str) -> bool {
    let bracketed = host.starts_with('[') && host.ends_with(']');
    bracketed || !host.contains([':', '[', ']'])
}

fn is_port(text: &str) -> bool {
    is_digits(text) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

/// What `paths` of an `AuthorizationPolicy` can hold: exact, prefix (`/a/*`), suffix (`*/a`) or presence (`*`).
fn http_path_pattern(text: &str) -> Option<Fault> {
    let fault =
        |label: &str, help: &str| Some(Fault::new(format!("`{text}` is not a path pattern"), label, help));
    if !text.starts_with(['/', '*']) {
        let help = "start with `/`, or with `*` to match the end of a path";
        return fault("expected a leading `/`", help).map(|fault| fault.with_edit(format!("/{text}")));
    }
    if text.contains(['?', '#']) {
        return fault(
            "expected a path without query",
            "Istio compares the path alone: end before `?` or `#`",
        );
    }
    if text.chars().any(char::is_whitespace) {
        return fault("white space in a path", "write a space in a path as `%20`");
    }
    if text.contains(['{', '}']) {
        let help = "Istio 1.22 and later read braces as a template, and earlier ones as themselves: end before \
            them with `*`";
        return fault("braces in a path", help);
    }
    if text.contains('\\') {
        return fault("a backslash in a path", "Istio turns it into `/` before it compares: write `/`");
    }
    if text.split('/').any(|segment| matches!(segment, "." | "..")) {
        let help = "Istio resolves `.` and `..` before it compares: write the path that is left";
        return fault("a path that leads elsewhere", help);
    }
    if text.contains("//") {
        return fault("two slashes in a row", "Istio merges slashes before it compares: write one `/`");
    }
    let inner = text.strip_prefix('*').or_else(|| text.strip_suffix('*')).unwrap_or(text);
    if inner.contains('*') {
        return fault("a misplaced `*`", "`*` is possible once: at the start or at the end");
    }
    None
}

fn http_method(text: &str) -> Option<Fault> {
    let name = text.strip_prefix('*').or_else(|| text.strip_suffix('*')).unwrap_or(text);
    let is_method =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-' || byte == b'_');
    if !text.is_empty() && is_method(name) {
        return None;
    }
    let fault = |help| Fault::new(format!("`{text}` is not an HTTP method"), "expected such as `GET`", help);
    let upper = text.to_ascii_uppercase();
    Some(if is_method(&name.to_ascii_uppercase()) && !text.is_empty() {
        fault("methods are compared letter by letter: write them in upper case").with_edit(upper)
    } else {
        fault("write one method for each item of the list")
    })
}

/// A label key of Kubernetes: `[prefix/]name`, the name up to 63 characters, the prefix a DNS subdomain.
fn label_key(text: &str) -> Option<Fault> {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    if is_label_word(name) && prefix.is_none_or(is_dns_subdomain) {
        return None;
    }
    let help = "use at most 63 letters, digits, `-`, `_` and `.`, after an optional `domain/`";
    Some(Fault::new(
        format!("`{text}` is not a label key"),
        "expected such as `app.kubernetes.io/name`",
        help,
    ))
}

fn label_value(text: &str) -> Option<Fault> {
    if text.is_empty() || is_label_word(text) {
        return None;
    }
    let help = "use at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends";
    Some(Fault::new(format!("`{text}` is not a label value"), "expected such as `payments`", help))
}

fn is_label_word(text: &str) -> bool {
    let is_edge = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.starts_with(is_edge)
        && text.ends_with(is_edge)
        && text.chars().all(|c| is_edge(c) || "-_.".contains(c))
}

fn date(text: &str) -> Option<Fault> {
    let help = "write year, month and day of a day that exists: `2026-01-31`";
    (!is_date(text)).then(|| Fault::new(format!("`{text}` is not a date"), "expected `YYYY-MM-DD`", help))
}

fn is_date(text: &str) -> bool {
    let shape: Vec<&str> = text.split('-').collect();
    let [year, month, day] = shape.as_slice() else { return false };
    let numbers = [(*year, 4), (*month, 2), (*day, 2)].map(|(part, len)| {
        let fits = part.len() == len && is_digits(part);
        fits.then(|| part.parse::<u32>().ok()).flatten()
    });
    let [Some(year), Some(month), Some(day)] = numbers else { return false };
    (1..=days_in(year, month)).contains(&day)
}

/// Returns 0 for a month that does not exist.
fn days_in(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 0,
    }
}

fn repo_path(text: &str) -> Option<Fault> {
    let is_segment = |segment: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
    };
    if text.split('/').all(is_segment) {
        return None;
    }
    let help = "write it from the root of the repository: letters, digits, `.`, `_`, `-`, joined by `/`";
    let fault = Fault::new(
        format!("`{text}` is not a path in the repository"),
        "expected such as `infra/mesh`",
        help,
    );
    let mended = text.trim_start_matches("./").trim_matches('/').replace('\\', "/");
    Some(if mended.split('/').all(is_segment) { fault.with_edit(mended) } else { fault })
}

fn glob_path(text: &str) -> Option<Fault> {
    let climbs = text.split(['/', '\\']).any(|segment| segment == "..");
    let is_absolute = text.starts_with(['/', '\\']) || text.get(1..2) == Some(":");
    let fits = !text.is_empty() && !climbs && !is_absolute && !text.contains('\\');
    let help = "write it from where the profile stands, with `/`, and not above it";
    (!fits).then(|| {
        Fault::new(format!("`{text}` is not a relative path"), "expected such as `teams/*.yaml`", help)
    })
}

fn url(text: &str) -> Option<Fault> {
    let rest = ["https://", "oci://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let help = "start with `https://` or `oci://`, and write neither user nor blanks";
    let fault = |label: &str| Fault::new(format!("`{text}` is not a URL that is read here"), label, help);
    let Some(rest) = rest else {
        let secured = text.strip_prefix("http://").map(|rest| format!("https://{rest}"));
        let plain = fault("expected `https://` or `oci://`");
        return Some(match secured {
            Some(edit) if is_authority(&edit["https://".len()..]) => plain.with_edit(edit),
            Some(_) | None => plain,
        });
    };
    (!is_authority(rest)).then(|| fault("expected a host behind the scheme"))
}

fn is_authority(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let is_host = is_dns_subdomain(&host.to_ascii_lowercase())
        || is_ip(host.trim_start_matches('[').trim_end_matches(']'));
    is_host
        && is_bracketed_if_v6(host)
        && port.is_none_or(is_port)
        && !rest.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// A tag of the OCI distribution specification: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn image_tag(text: &str) -> Option<Fault> {
    let is_start = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = text.len() <= 128
        && text.starts_with(is_start)
        && text.chars().all(|c| is_start(c) || ".-".contains(c));
    let help = "use at most 128 letters, digits, `_`, `.` and `-`, with none of `.` and `-` in front";
    (!fits).then(|| Fault::new(format!("`{text}` is not an image tag"), "expected such as `1.30.2`", help))
}

/// A registry and a path in it, as they stand before an image's name.
fn image_hub(text: &str) -> Option<Fault> {
    let is_part = |part: &str| {
        let allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-:".contains(&byte);
        !part.is_empty() && part.bytes().all(allowed)
    };
    let help = "leave out the scheme, the image's name and the tag";
    let fault = Fault::new(
        format!("`{text}` is not an image registry"),
        "expected such as `registry.example.com/istio`",
        help,
    );
    if text.split('/').all(is_part) {
        return None;
    }
    let bare = text.split_once("://").map_or(text, |(_, bare)| bare).trim_end_matches('/');
    Some(if bare.split('/').all(is_part) { fault.with_edit(bare) } else { fault })
}

/// A trust domain of the SPIFFE ID specification, section 2.1: at most 255 of `[a-z0-9._-]`.
fn spiffe_trust_domain(text: &str) -> Option<Fault> {
    let is_domain = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
        (1..=255).contains(&text.len()) && text.bytes().all(allowed)
    };
    if is_domain(text) {
        return None;
    }
    let help = "use lower-case letters, digits, `.`, `_` and `-`, without `spiffe://`";
    let fault =
        Fault::new(format!("`{text}` is not a trust domain"), "expected such as `cluster.local`", help);
    let mended = text.trim_start_matches("spiffe://").trim_end_matches('/').to_ascii_lowercase();
    Some(if is_domain(&mended) { fault.with_edit(mended) } else { fault })
}

fn workload_ref(text: &str) -> Option<Fault> {
    let is_full = text.contains('/') && is_workload_ref(text);
    let help = "write the workload's namespace, `/` and its name";
    (!is_full).then(|| {
        Fault::new(format!("`{text}` names no workload of a namespace"), "expected such as `shop/web`", help)
    })
}

fn is_workload_ref(text: &str) -> bool {
    match text.split_once('/') {
        Some((namespace, name)) => is_dns_label(namespace) && is_dns_subdomain(name),
        None => is_dns_subdomain(text),
    }
}

fn peer(text: &str) -> Option<Fault> {
    let is_whole_namespace = text.strip_suffix("/*").is_some_and(is_dns_label);
    // `kubernetes-api` and `nodes` are names by themselves, so they need no case here.
    if is_whole_namespace || is_workload_ref(text) {
        return None;
    }
    let help = "write `name`, `namespace/name`, `namespace/*`, `kubernetes-api` or `nodes`";
    let fault = Fault::new(format!("`{text}` names no peer"), "expected a workload or a group of them", help);
    let mended = text.to_ascii_lowercase().replace('_', "-");
    Some(if is_workload_ref(&mended) { fault.with_edit(mended) } else { fault })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(format: &str, texts: &[&str]) {
        for text in texts {
            assert_eq!(check(format, text), None, "{format}: {text}");
        }
    }

    fn refuses(format: &str, texts: &[&str]) {
        for text in texts {
            assert!(check(format, text).is_some(), "{format}: {text}");
        }
    }

    /// Every edit must itself be accepted, or the advice leads nowhere.
    fn mends(format: &str, pairs: &[(&str, &str)]) {
        for (text, expected) in pairs {
            let edit = check(format, text).and_then(|fault| fault.edit);
            assert_eq!(edit.as_deref(), Some(*expected), "{format}: {text}");
            assert_eq!(check(format, expected), None, "{format}: {expected}");
        }
    }

    #[test]
    fn an_image_hub_is_a_registry_and_a_path() {
        accepts("image-hub", &["docker.io/istio", "registry.example.com:5000/a/b"]);
        mends("image-hub", &[("https://docker.io/istio/", "docker.io/istio")]);
        refuses("image-hub", &["", "https://docker.io/istio", "docker.io/", "a b"]);
    }

    #[test]
    fn a_dns_label_is_short_and_lower_case() {
        let longest = "a".repeat(63);
        accepts("dns-label", &["a", "my-shop", "0a", &longest]);
        refuses("dns-label", &["", "-a", "a-", "a.b", "ä", &"a".repeat(64)]);
        mends("dns-label", &[("My_Shop", "my-shop")]);
    }

    #[test]
    fn a_revision_is_a_text_without_quotes_too() {
        accepts("revision", &["a", "1-21-1", "canary", "0a", &"a".repeat(46)]);
        refuses(
            "revision",
            &["", "-a", "default", "12", "1e3", "0x1f", "no", "true", "null", &"a".repeat(47)],
        );
        mends("revision", &[("1.21.1", "1-21-1"), ("Canary_1", "canary-1")]);
    }

    #[test]
    fn a_dns_name_has_two_labels_and_nothing_around_it() {
        accepts("dns-name", &["a.b", "shop.example.org"]);
        refuses(
            "dns-name",
            &["shop", "1.2", "", "a..b", "10.0.0.1", "a_b.c", &format!("a.{}", "b.".repeat(130))],
        );
        let pairs = [
            ("Shop.Example.org", "shop.example.org"),
            ("https://shop.example.org/", "shop.example.org"),
            ("shop.example.org/", "shop.example.org"),
            ("shop.example.org.", "shop.example.org"),
            ("shop.example.org:443", "shop.example.org"),
            ("*.example.org", "example.org"),
        ];
        mends("dns-name", &pairs);
        let label = |text: &str| check("dns-name", text).map(|fault| fault.label);
        assert_eq!(label("https://a.b").as_deref(), Some("expected a host without a scheme"));
        assert_eq!(label("a.b:1").as_deref(), Some("expected a host without a port"));
        assert_eq!(label("a").as_deref(), Some("expected at least two labels"));
        assert_eq!(label("10.0.0.1").as_deref(), Some("an address is not a name"));
    }

    #[test]
    fn a_wildcard_is_the_whole_first_label() {
        accepts("wildcard-host", &["*.example.org", "a.example.org"]);
        refuses("wildcard-host", &["*", "a*.example.org", "*.*.org", "*.org.", "*."]);
        mends("wildcard-host", &[("*.Example.org", "*.example.org"), ("A.example.org.", "a.example.org")]);
    }

    #[test]
    fn a_network_starts_at_its_first_address() {
        accepts("cidr", &["10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "10.1.2.3/32"]);
        mends("cidr", &[("::ffff:10.0.0.0/104", "10.0.0.0/8")]);
        refuses("cidr", &["10.0.0.0/33", "10.0.0/8", "a/8", "10.0.0.0/-1"]);
        mends("cidr", &[("10.1.2.3", "10.1.2.3/32"), ("::1", "::1/128"), ("10.1.2.3/8", "10.0.0.0/8")]);
        accepts("ip", &["10.0.0.1", "::1"]);
        refuses("ip", &["10.0.0.1/32", "010.0.0.1", ""]);
    }

    #[test]
    fn versions_are_numbers_and_dots() {
        accepts("version-patch", &["1.30.2", "0.0.0"]);
        refuses("version-patch", &["1.30", "1.70000.1", "1.30.02", "1.30.2-rc", "1..2", "latest"]);
        mends("version-patch", &[("v1.30.2", "1.30.2")]);
        accepts("version-minor", &["1.30", "1.30.2"]);
        refuses("version-minor", &["1", "1.2.3.4", "1.x"]);
    }

    #[test]
    fn durations_are_what_flux_accepts() {
        accepts("duration", &["30m", "1h30m", "500ms", "1.5h"]);
        refuses("duration", &["", "m", "1d", "1h30", "-1m", "1.m"]);
        mends("duration", &[("30", "30s")]);
    }

    #[test]
    fn host_and_port_belong_together() {
        accepts("host-port", &["vault:8200", "a.example.org:443", "10.0.0.1:1", "[::1]:80"]);
        refuses("host-port", &["vault", "vault:", "vault:0", "vault:65536", "::1:80", ":80", "a b:80"]);
    }

    #[test]
    fn http_patterns_have_one_star_at_an_end() {
        accepts("http-path-pattern", &["/", "/a/*", "*/a", "*", "/a%20b"]);
        refuses(
            "http-path-pattern",
            &[
                "", "/a?b", "/a#b", "/a b", "/a//b", "/a/../b", "/./a", "/a/{id}", "/{*}", "/a\\b", "/a/*/b",
                "**", "*a*",
            ],
        );
        mends("http-path-pattern", &[("api/*", "/api/*")]);
        accepts("http-method", &["GET", "*", "GE*", "*ET"]);
        refuses("http-method", &["", "G T", "*E*"]);
        mends("http-method", &[("get", "GET"), ("get*", "GET*")]);
    }

    #[test]
    fn labels_are_those_of_kubernetes() {
        accepts("label-key", &["app", "app.kubernetes.io/name", "A_b.c"]);
        refuses("label-key", &["", "/a", "a/", "a/b/c", "-a", "A.io/x"]);
        accepts("label-value", &["", "a", "A_b.c"]);
        refuses("label-value", &["-a", "a b", &"a".repeat(64)]);
    }

    #[test]
    fn a_date_exists() {
        accepts("date", &["2026-01-31", "2024-02-29", "2000-02-29"]);
        refuses(
            "date",
            &["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-1-1", "2026-01-00", "today"],
        );
    }

    #[test]
    fn paths_stay_in_the_repository() {
        accepts("repo-path", &["a", "infra/mesh", ".github/x_y-z"]);
        refuses("repo-path", &["", "..", "a/../b", "a//b", "a/./b", "a b", "/"]);
        mends("repo-path", &[("./a/", "a"), ("/a/b", "a/b"), ("a\\b", "a/b")]);
        accepts("glob-path", &["teams/*.yaml", "**/x", "./a"]);
        refuses("glob-path", &["", "../a", "/a", "a/../b", "C:/a", "a\\b"]);
    }

    #[test]
    fn urls_have_a_safe_scheme_and_a_host() {
        accepts(
            "url",
            &[
                "https://charts.example.org/istio",
                "oci://ghcr.io/fluxcd",
                "https://a:8443",
                "https://[::1]:1/x",
            ],
        );
        refuses(
            "url",
            &["https://", "ftp://a.b", "https://user@a.b", "https://a.b/ c", "https://a:0", "a.b"],
        );
        mends("url", &[("http://a.b/c", "https://a.b/c")]);
        accepts("image-tag", &["1.30.2", "_x", "v1-a.b"]);
        refuses("image-tag", &["", ".a", "-a", "a:b", &"a".repeat(129)]);
        accepts("spiffe-trust-domain", &["cluster.local", "a_b"]);
        mends("spiffe-trust-domain", &[("spiffe://Cluster.Local/", "cluster.local")]);
    }

    #[test]
    fn peers_are_workloads_or_groups() {
        accepts("workload-ref", &["shop/web"]);
        refuses("workload-ref", &["web", "", "shop/", "/web", "a/b/c", "shop/*", "Web"]);
        accepts("peer", &["web", "shop/web", "shop/*", "kubernetes-api", "nodes"]);
        mends("peer", &[("shop/Web_1", "shop/web-1")]);
        refuses("peer", &["*", "*/web", "shop/**", "", "/*"]);
        accepts("dns-subdomain", &["a", "a.b"]);
        refuses("dns-subdomain", &["", "a_b", "a..b"]);
    }

    #[test]
    fn every_format_has_the_code_of_its_name() {
        for (name, code, _) in FORMATS {
            assert_eq!(*code, format!("invalid-{name}"));
        }
        assert_eq!((check("unheard-of", "x"), code("unheard-of")), (None, None));
    }
}
