//! Who calls: identities of the mesh, and what policies say of them (semantics AP20 to AP23, AP32).

use std::fmt;

use super::regex::Regex;
use crate::mesh::Config;

/// An identity of the mesh, as the certificate of a workload has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The trust domain.
    pub trust_domain: String,
    /// The namespace.
    pub namespace: String,
    /// The account.
    pub account: String,
}

impl fmt::Display for Identity {
    /// `cluster.local/ns/shop/sa/web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/ns/{}/sa/{}", self.trust_domain, self.namespace, self.account)
    }
}

/// The field of a source that a claim about the caller stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Claim {
    /// `principals`.
    Principal,
    /// `namespaces`.
    Namespace,
    /// `serviceAccounts`.
    ServiceAccount,
    /// `trustDomains`.
    TrustDomain,
}

/// What one value says of an identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Caller {
    /// Any identity at all, but one.
    Anyone,
    /// This one, with its scheme.
    Exact(String),
    /// Those that begin so, scheme and all.
    Prefix(String),
    /// Those that match, scheme and all.
    Matching(Regex),
    /// Those of an account.
    Account { namespace: String, account: String },
    /// Those of trust domains that begin and end so.
    Domain { prefix: String, suffix: Option<String> },
}

const SCHEME: &str = "spiffe://";

impl Caller {
    /// Reads a value of a claim, which becomes several where the trust domain has aliases.
    pub(super) fn read(claim: Claim, value: &str, namespace: &str, config: &Config) -> Vec<Self> {
        match claim {
            Claim::Principal => {
                with_aliases(value, config).iter().map(|value| Self::principal(value, config)).collect()
            }
            Claim::Namespace => vec![Self::namespace(value, config)],
            Claim::ServiceAccount => {
                let (namespace, account) = value.split_once('/').unwrap_or((namespace, value));
                vec![Self::Account { namespace: namespace.to_owned(), account: account.to_owned() }]
            }
            Claim::TrustDomain => domains(value, config).iter().map(|value| Self::domain(value)).collect(),
        }
    }

    /// As `StringMatcherWithPrefix` with the scheme (`authz/matcher/string.go`, at 1.21.1 without and at 1.30.3 with
    /// quoting): a `principals: ["spiffe://..."]` has the scheme twice and is dead.
    fn principal(value: &str, config: &Config) -> Self {
        match (value, value.strip_prefix('*'), value.strip_suffix('*')) {
            ("*", _, _) => Self::Anyone,
            (_, Some(rest), _) => {
                let regex = Regex::default().literal(SCHEME).anything();
                Self::Matching(if config.quotes_names() { regex.literal(rest) } else { regex.unquoted(rest) })
            }
            (_, None, Some(prefix)) => Self::Prefix(format!("{SCHEME}{prefix}")),
            (_, None, None) => Self::Exact(format!("{SCHEME}{value}")),
        }
    }

    /// As `srcNamespaceGenerator` (`authz/model/generator.go`): every star is `.*`, within `.*/ns/` and `/.*`.
    fn namespace(value: &str, config: &Config) -> Self {
        let mut regex = Regex::default().anything().literal("/ns/");
        for (index, part) in value.split('*').enumerate() {
            regex = if index > 0 { regex.anything() } else { regex };
            regex = if config.quotes_names() { regex.literal(part) } else { regex.unquoted(part) };
        }
        Self::Matching(regex.literal("/").anything())
    }

    /// As `srcTrustDomainGenerator` (`authz/model/generator.go`@1.30.3).
    fn domain(value: &str) -> Self {
        match value.split_once('*') {
            None => Self::Domain { prefix: value.to_owned(), suffix: None },
            Some((prefix, suffix)) => {
                Self::Domain { prefix: prefix.to_owned(), suffix: Some(suffix.to_owned()) }
            }
        }
    }

    /// Tells whether an identity is meant. What is not an identity never is (AP23).
    pub(super) fn matches(&self, identity: &Identity) -> bool {
        let spelled = || format!("{SCHEME}{identity}");
        match self {
            Self::Anyone => true,
            Self::Exact(exact) => *exact == spelled(),
            Self::Prefix(prefix) => spelled().starts_with(prefix.as_str()),
            Self::Matching(regex) => regex.matches(&spelled()),
            Self::Account { namespace, account } => {
                identity.namespace == *namespace && identity.account == *account
            }
            Self::Domain { prefix, suffix: None } => identity.trust_domain == *prefix,
            Self::Domain { prefix, suffix: Some(suffix) } => {
                let rest = identity.trust_domain.strip_prefix(prefix.as_str());
                rest.is_some_and(|rest| rest.ends_with(suffix.as_str()))
            }
        }
    }

    /// Returns the identity that is meant, where it is exactly one of the mesh's own form.
    #[cfg(test)]
    pub(super) fn only(&self) -> Option<Identity> {
        let Self::Exact(exact) = self else { return None };
        let parts: Vec<&str> = exact.strip_prefix(SCHEME)?.split('/').collect();
        match parts.as_slice() {
            [trust_domain, "ns", namespace, "sa", account] => Some(Identity {
                trust_domain: (*trust_domain).to_owned(),
                namespace: (*namespace).to_owned(),
                account: (*account).to_owned(),
            }),
            _ => None,
        }
    }
}

/// As `ReplaceTrustDomainAliases` (`pilot/pkg/security/trustdomain/bundle.go`@1.21.1): a principal of five segments whose
/// trust domain is one of the mesh's, or `cluster.local`, stands for all of them (AP32).
fn with_aliases(principal: &str, config: &Config) -> Vec<String> {
    let parts: Vec<&str> = principal.split('/').collect();
    let [domain, rest @ ..] = parts.as_slice() else { return vec![principal.to_owned()] };
    if rest.len() != 4 || *domain == "*" || !config.is_own_trust_domain(domain) {
        return vec![principal.to_owned()];
    }
    let mut all: Vec<String> = Vec::new();
    for name in config.trust_domains() {
        let has_suffix = domain.strip_prefix('*').is_some_and(|suffix| name.ends_with(suffix));
        let one = if has_suffix { principal.to_owned() } else { format!("{name}/{}", rest.join("/")) };
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// As `ExpandTrustDomainAliases` (`bundle.go`@1.30.3).
fn domains(value: &str, config: &Config) -> Vec<String> {
    if config.trust_domains().any(|name| name == value) {
        config.trust_domains().map(str::to_owned).collect()
    } else {
        vec![value.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(text: &str) -> Identity {
        Caller::Exact(format!("{SCHEME}{text}")).only().unwrap()
    }

    fn matches(claim: Claim, value: &str, id: &str, config: &Config) -> bool {
        Caller::read(claim, value, "own", config).iter().any(|caller| caller.matches(&identity(id)))
    }

    fn old() -> Config {
        Config { release: (21, 1), ..Config::default() }
    }

    const WEB: &str = "cluster.local/ns/shop/sa/web.v1";

    #[test]
    fn ap20_namespaces_are_expressions_in_which_every_star_counts() {
        let is = |value: &str, config: &Config| matches(Claim::Namespace, value, WEB, config);
        for config in [old(), Config::default()] {
            assert!(is("shop", &config));
            assert!(is("*ho*", &config));
            assert!(is("s*p", &config));
            assert!(is("*", &config));
            assert!(!is("sho", &config));
            assert!(is("*sa", &config), "a star passes slashes: `/sa/` ends in `sa` as well");
        }
        assert!(is("sh.p", &old()) && !is("sh.p", &Config::default()), "AP34");
    }

    #[test]
    fn ap21_principals_have_a_star_at_an_end() {
        let is = |value: &str, config: &Config| matches(Claim::Principal, value, WEB, config);
        for config in [old(), Config::default()] {
            assert!(is("*", &config));
            assert!(is(WEB, &config));
            assert!(is("*/sa/web.v1", &config));
            assert!(is("cluster.local/ns/shop/*", &config));
            assert!(!is(&format!("spiffe://{WEB}"), &config), "the scheme is there already");
            assert!(!is("cluster.local/ns/*/sa/web.v1", &config), "a star in the middle is a star");
        }
        let dashed = "cluster.local/ns/shop/sa/web-v1";
        assert!(matches(Claim::Principal, "*/sa/web.v1", dashed, &old()), "AP34: a dot is any character");
        assert!(!matches(Claim::Principal, "*/sa/web.v1", dashed, &Config::default()), "AP34");
        assert!(!matches(Claim::Principal, "cluster.local/ns/shop/sa/web.v1", dashed, &old()));
    }

    #[test]
    fn ap32_cluster_local_means_the_meshs_own_domain_and_its_aliases() {
        let mut config = Config { trust_domain: "new.org".to_owned(), ..Config::default() };
        config.mesh = crate::reach::fixture::mesh_config("{trustDomainAliases: [old.org]}");
        let is = |value: &str, id: &str| matches(Claim::Principal, value, id, &config);
        for value in [
            "cluster.local/ns/a/sa/b",
            "new.org/ns/a/sa/b",
            "old.org/ns/a/sa/b",
            "*/ns/a/sa/b",
            "*.org/ns/a/sa/b",
        ] {
            assert!(is(value, "new.org/ns/a/sa/b"), "{value}");
            assert!(is(value, "old.org/ns/a/sa/b"), "{value}");
        }
        assert!(!is("else.org/ns/a/sa/b", "new.org/ns/a/sa/b"));
        assert!(is("else.org/ns/a/sa/b", "else.org/ns/a/sa/b"));
        assert!(!is("cluster.local/ns/a/*", "new.org/ns/a/sa/b"), "four segments stay as they are");
        let domain = |value: &str, id: &str| matches(Claim::TrustDomain, value, id, &config);
        assert!(domain("old.org", "new.org/ns/a/sa/b") && domain("*", "x/ns/a/sa/b"));
        assert!(domain("e*.org", "else.org/ns/a/sa/b") && !domain("e*.org", "new.org/ns/a/sa/b"));
        assert!(!domain("cluster.local", "new.org/ns/a/sa/b"));
    }

    #[test]
    fn ap34_a_service_account_is_of_the_policys_namespace_unless_it_says_one() {
        let is = |value: &str, id: &str| matches(Claim::ServiceAccount, value, id, &Config::default());
        assert!(is("web", "cluster.local/ns/own/sa/web") && !is("web", "cluster.local/ns/shop/sa/web"));
        assert!(is("shop/web", "other/ns/shop/sa/web") && !is("shop/web", "other/ns/shop/sa/web2"));
    }
}
