//! Whether one rule matches one call (AP13 to AP32).

use std::net::IpAddr;

use serde_json::Value;

use super::{
    super::{
        Request,
        pattern::{self, Truth},
        read::{list, texts},
    },
    Action, Judge,
};

/// A value that cannot be used: it is no port or block, or it asks a TCP chain about HTTP.
#[derive(Debug)]
pub struct Unusable;

impl Judge<'_> {
    /// AP13: one source, one operation and every condition. A rule that cannot be written matches nothing.
    pub fn rule(&self, action: Action, of: &str, rule: &Value) -> Result<Truth, Unusable> {
        let mut truth = Truth::Yes;
        for (alternatives, part) in [("from", "source"), ("to", "operation")] {
            let mut any = if list(&rule[alternatives]).is_empty() { Truth::Yes } else { Truth::No };
            for one in list(&rule[alternatives]) {
                any = any.max(self.fields(action, of, part, &one[part])?);
            }
            truth = truth.min(any);
        }
        for condition in list(&rule["when"]) {
            truth = truth.min(self.condition(action, condition)?);
        }
        Ok(truth)
    }

    /// Every field of a source or an operation, with its negation.
    fn fields(&self, action: Action, of: &str, part: &str, fields: &Value) -> Result<Truth, Unusable> {
        let known: &[(&str, &str)] = match part {
            "source" => &[
                ("principals", "notPrincipals"),
                ("requestPrincipals", "notRequestPrincipals"),
                ("namespaces", "notNamespaces"),
                ("serviceAccounts", "notServiceAccounts"),
                ("ipBlocks", "notIpBlocks"),
                ("remoteIpBlocks", "notRemoteIpBlocks"),
            ],
            _ => &[
                ("hosts", "notHosts"),
                ("ports", "notPorts"),
                ("methods", "notMethods"),
                ("paths", "notPaths"),
            ],
        };
        let mut truth = Truth::Yes;
        for (values, not_values) in known {
            if *values == "serviceAccounts" && self.cluster.release < (25, 0) {
                // AP34, AP36: the API server prunes what it does not know, and nothing restricts.
                continue;
            }
            let field = |value: &str| self.field(action, of, values, value);
            truth = truth.min(clause(action, &fields[*values], &fields[*not_values], field)?);
        }
        Ok(truth)
    }

    /// Whether one value of a field holds.
    fn field(&self, action: Action, of: &str, field: &str, value: &str) -> Result<Truth, Unusable> {
        match field {
            "principals" => Ok(self.is_principal(value)),
            "requestPrincipals" => self.is_request_principal(action, value),
            "namespaces" => Ok(self.is_namespace(value)),
            "serviceAccounts" => Ok(self.is_service_account(of, value)),
            "ipBlocks" => is_in_block(value, self.call.source_ip),
            "remoteIpBlocks" => is_in_block(value, self.remote_ip()),
            "hosts" => self.http(|request, _| pattern::host(value, &request.host)),
            "ports" => self.is_port(value),
            "methods" => self.http(|request, _| pattern::header(value, Some(&request.method))),
            "paths" => self.http(|_, path| is_path(value, path, self.cluster.release)),
            _ => unreachable!("`{field}` is not a field that `fields` asks for"),
        }
    }

    /// One condition of `when` (AP14, AP15, AP31); a key that nobody knows spoils the rule, whatever its action.
    fn condition(&self, action: Action, condition: &Value) -> Result<Truth, Unusable> {
        let key = condition["key"].as_str().unwrap_or_default();
        let holds: &dyn Fn(&str) -> Result<Truth, Unusable> = match key {
            "source.ip" => &|value| is_in_block(value, self.call.source_ip),
            "remote.ip" => &|value| is_in_block(value, self.remote_ip()),
            "source.namespace" => &|value| Ok(self.is_namespace(value)),
            "source.principal" => &|value| Ok(self.is_principal(value)),
            "destination.ip" => &|value| is_in_block(value, self.call.source_ip).map(|_| Truth::Maybe),
            "destination.port" => &|value| self.is_port(value),
            "connection.sni" => &|value| Ok(pattern::string(value, self.call.sni).into()),
            "request.auth.principal" => &|value| self.is_request_principal(action, value),
            "request.auth.audiences" => &|value| self.is_audience(action, value),
            "request.auth.presenter" => &|value| self.is_claim(action, "[azp]", value),
            _ if key.starts_with("request.auth.claims") => {
                &|value| self.is_claim(action, &key["request.auth.claims".len()..], value)
            }
            _ if key.starts_with("request.headers") => {
                &|value| self.is_header(&key["request.headers".len()..], value)
            }
            _ if key.starts_with("experimental.envoy.filters.") => &|_| Ok(Truth::Maybe),
            _ => return Err(Unusable),
        };
        clause(action, &condition["values"], &condition["notValues"], holds)
    }

    /// AP21, AP22, AP23, AP32: in the clear there is nobody.
    fn is_principal(&self, value: &str) -> Truth {
        let Some(identity) = &self.call.identity else { return Truth::No };
        let is_quoted = is_quoted(self.cluster.release);
        self.aliases(value).iter().any(|value| pattern::principal(value, identity, is_quoted)).into()
    }

    /// AP32: a principal of the mesh's trust domain is one of its aliases' too.
    /// `ReplaceTrustDomainAliases` of `pilot/pkg/security/trustdomain/bundle.go`.
    fn aliases(&self, value: &str) -> Vec<String> {
        let domains = self.cluster.trust_domains();
        let own = |domain: &str| {
            domain == "cluster.local"
                || domains.iter().any(|one| one == &domain || alike(domain, one) || alike(one, domain))
        };
        match value.split('/').collect::<Vec<_>>().as_slice() {
            [domain, rest @ ..] if rest.len() == 4 && *domain != "*" && own(domain) => domains
                .iter()
                .map(|one| match domain.strip_prefix('*') {
                    Some(suffix) if one.ends_with(suffix) => value.to_owned(),
                    _ => format!("{one}/{}", rest.join("/")),
                })
                .collect(),
            _ => vec![value.to_owned()],
        }
    }

    /// AP20, AP23.
    fn is_namespace(&self, value: &str) -> Truth {
        let is_quoted = is_quoted(self.cluster.release);
        self.call
            .identity
            .as_ref()
            .is_some_and(|identity| pattern::namespace(value, identity, is_quoted))
            .into()
    }

    /// AP34: `namespace/name`, or a name in the policy's own namespace; of any trust domain.
    fn is_service_account(&self, of: &str, value: &str) -> Truth {
        let (of, account) = value.split_once('/').unwrap_or((of, value));
        let is_it = |identity: &String| {
            identity.split_once("/ns/").and_then(|(_, rest)| rest.split_once("/sa/")) == Some((of, account))
        };
        self.call.identity.as_ref().is_some_and(is_it).into()
    }

    /// AP30: what the last proxy wrote, or on a sidecar anybody at all; without it, and on TCP, the peer.
    fn remote_ip(&self) -> IpAddr {
        let forwarded = self.call.http.as_ref().and_then(|(request, _)| {
            let (_, value) =
                request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for"))?;
            value.split(',').next_back()?.trim().parse().ok()
        });
        forwarded.unwrap_or(self.call.source_ip)
    }

    /// AP29.
    fn is_port(&self, value: &str) -> Result<Truth, Unusable> {
        let is_number = !value.is_empty() && value.chars().all(|c| c.is_ascii_digit());
        let number = value.parse::<u16>().ok().filter(|_| is_number).ok_or(Unusable)?;
        Ok((number == self.call.port).into())
    }

    /// Asks the request; on a TCP chain there is none to ask (AP16, AP17).
    fn http(&self, ask: impl FnOnce(&Request, &str) -> bool) -> Result<Truth, Unusable> {
        let (request, path) = self.call.http.as_ref().ok_or(Unusable)?;
        Ok(ask(request, path).into())
    }

    /// AP31: `[name]`, whose case does not matter.
    fn is_header(&self, bracketed: &str, value: &str) -> Result<Truth, Unusable> {
        let header = bracketed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (request, _) = self.call.http.as_ref().ok_or(Unusable)?;
        let header = header.ok_or(Unusable)?;
        Ok(pattern::header(value, request.header(header).as_deref()).into())
    }

    /// `issuer/subject`, each with its own end of the pattern: `extendedPrincipal` of `authz/model/generator.go`.
    fn is_request_principal(&self, action: Action, value: &str) -> Result<Truth, Unusable> {
        self.call.http.as_ref().ok_or(Unusable)?;
        let claim = |name: &str| self.claims(action)?.get(name)?.as_str();
        let (Some(issuer), Some(subject)) = (claim("iss"), claim("sub")) else { return Ok(Truth::No) };
        let holds = match value.rsplit_once('/') {
            _ if value == "*" => true,
            Some((wanted, exact)) if value.starts_with('*') => {
                pattern::string(wanted, issuer) && exact == subject
            }
            Some((exact, wanted)) => exact == issuer && pattern::string(wanted, subject),
            None if value.starts_with('*') => pattern::string(value, subject),
            None => value.ends_with('*') && pattern::string(value, issuer),
        };
        Ok(holds.into())
    }

    /// AP35: until 1.21.3 `aud` is compared as the string that it may be, with Envoy's `string_match`; a list is none.
    /// `requestAudiencesGenerator.extendedPrincipal` of `authz/model/generator.go` at 1.21.2 and at 1.21.3.
    fn is_audience(&self, action: Action, value: &str) -> Result<Truth, Unusable> {
        let is_list =
            self.claims(action).is_some_and(|claims| claims.get("aud").is_some_and(Value::is_array));
        let holds = self.is_claim(action, "[aud]", value)?;
        Ok(if is_list && self.cluster.release < (21, 3) { Truth::No } else { holds })
    }

    /// A claim by its path in brackets; a list holds if one of its items does.
    fn is_claim(&self, action: Action, path: &str, value: &str) -> Result<Truth, Unusable> {
        self.call.http.as_ref().ok_or(Unusable)?;
        let inner = path.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or(Unusable)?;
        let mut found = self.claims(action).map(|claims| Value::Object(claims.clone())).unwrap_or_default();
        for step in inner.split("][") {
            found = found[step].take();
        }
        let one = |found: &Value| found.as_str().is_some_and(|found| pattern::string(value, found));
        Ok((one(&found) || list(&found).iter().any(one)).into())
    }
}

fn is_in_block(value: &str, address: IpAddr) -> Result<Truth, Unusable> {
    pattern::block(value, address).map(Truth::from).ok_or(Unusable)
}

/// Any of the values, and none of the others. In ALLOW one unusable value spoils the rule; in the other actions it
/// is left out, and a field without a value left restricts nothing (AP15, AP16, AP17).
fn clause(
    action: Action,
    values: &Value,
    not_values: &Value,
    holds: impl Fn(&str) -> Result<Truth, Unusable>,
) -> Result<Truth, Unusable> {
    let any = |values: &Value| {
        let mut any: Option<Truth> = None;
        for value in texts(values) {
            match holds(value) {
                Ok(truth) => any = any.max(Some(truth)),
                Err(unusable) if action == Action::Allow => return Err(unusable),
                Err(Unusable) => {}
            }
        }
        Ok(any)
    };
    let (any_of, none_of) = (any(values)?, any(not_values)?);
    Ok(any_of.unwrap_or(Truth::Yes).min(none_of.map_or(Truth::Yes, |truth| !truth)))
}

impl Request {
    /// Returns a header's value; several of one name are one, joined by commas, as Envoy reads them.
    fn header(&self, name: &str) -> Option<String> {
        match name.to_lowercase().as_str() {
            ":method" => Some(self.method.clone()),
            ":authority" | "host" => Some(self.host.clone()),
            name => {
                let values: Vec<&str> = self
                    .headers
                    .iter()
                    .filter(|(one, _)| one.eq_ignore_ascii_case(name))
                    .map(|(_, value)| value.as_str())
                    .collect();
                (!values.is_empty()).then(|| values.join(","))
            }
        }
    }
}

/// AP24, AP26; from 1.22 on `{*}` is one segment and `{**}` any number of them (AP34).
fn is_path(wanted: &str, path: &str, release: (u32, u32)) -> bool {
    if release >= (22, 0) && (wanted.contains("{*}") || wanted.contains("{**}")) {
        return is_template(&wanted.split('/').collect::<Vec<_>>(), &path.split('/').collect::<Vec<_>>());
    }
    pattern::string(wanted, path)
}

fn is_template(wanted: &[&str], path: &[&str]) -> bool {
    match (wanted.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((&"{**}", rest)), _) => (0..=path.len()).any(|skipped| is_template(rest, &path[skipped..])),
        (Some((first, rest)), Some((segment, after))) => {
            (first == segment || *first == "{*}" && !segment.is_empty()) && is_template(rest, after)
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether the release takes a pattern's "." for itself (AP34).
fn is_quoted(release: (u32, u32)) -> bool {
    release >= (30, 0) || release.0 == 29 && release.1 >= 3 || release.0 == 28 && release.1 >= 7
}

/// Whether a pattern of a trust domain holds for another name: `stringMatch` of `trustdomain/util.go`.
fn alike(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').is_some_and(|prefix| name.starts_with(prefix))
        || pattern.strip_prefix('*').is_some_and(|suffix| name.ends_with(suffix))
}
