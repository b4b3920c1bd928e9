//! `egress`: which hosts outside a workload may call.

use std::collections::BTreeMap;

use super::Resolution;
use crate::{
    diagnostic::Diagnostic,
    profile::{
        HostProtocol, addresses,
        flow::{Basis, Flow, Peer, Target},
        written,
    },
    source::Span,
    yaml::Spanned,
};

impl Resolution<'_> {
    pub(super) fn egress(&mut self, home: usize, egress: &[Spanned<written::Egress>], is_fragment: bool) {
        let mut spoken: BTreeMap<(&str, u16), (HostProtocol, Span)> = BTreeMap::new();
        for entry in egress {
            let (Some(from), Some(host)) = (&entry.value.from, &entry.value.host) else { continue };
            let port = entry.value.port.as_ref().map_or(443, |port| port.value);
            self.egress_host(host);
            self.egress_protocol(host, port, &entry.value);
            let first = *spoken.entry((&host.value, port)).or_insert((entry.value.protocol, host.span));
            if first.0 != entry.value.protocol {
                let message = format!("port {port} of `{}` speaks two protocols", host.value);
                self.error("egress-protocols-differ", host.span, message, "another one here")
                    .context(first.1, "than here")
                    .help("a proxy reads a port in one way: say the same `protocol` for every workload");
            }
            for cidr in &entry.value.cidrs {
                let fault = addresses::of_host(cidr.value, cidr.span, self.cluster);
                let fault = fault.or_else(|| addresses::metadata(cidr.value, cidr.span));
                let private = || is_fragment.then(|| addresses::private(cidr.value, cidr.span)).flatten();
                self.diagnostics.extend(fault.or_else(private));
            }
            let Some(id) = self.find(Some(home), &from.value, from.span) else { continue };
            self.flows.push(Flow {
                from: Peer::Workload(id),
                to: Target::Host {
                    host: host.value.clone(),
                    port,
                    protocol: entry.value.protocol,
                    cidrs: entry.value.cidrs.iter().map(|cidr| cidr.value).collect(),
                },
                methods: Vec::new(),
                paths: Vec::new(),
                basis: Basis::Egress,
                span: entry.span,
            });
        }
    }

    /// Reports hosts that are not outside: Services, and what the gateway serves.
    fn egress_host(&mut self, host: &Spanned<String>) {
        let name = host.value.strip_prefix("*.").unwrap_or(&host.value);
        let lies_below = |domain: &str| {
            name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if lies_below("addresses.internal") {
            let message = format!("`{}` is a name that the tree gives to addresses", host.value);
            self.error("egress-in-cluster", host.span, message, "a host outside was expected")
                .help("declare addresses under `allow`, `to: {cidr: ...}`");
        } else if lies_below("cluster.local") || lies_below("svc") {
            let message = format!("`{}` is in the cluster", host.value);
            self.error("egress-in-cluster", host.span, message, "a host outside was expected").help(
                "declare the flow under `allow`, `to` the workload, or to `{unmeshed: ...}` if it has no sidecar",
            );
        } else if !self.domain.is_empty() && lies_below(&self.domain) {
            let message = format!("`{}` is under this mesh's own domain", host.value);
            self.diagnostics.push(
                Diagnostic::warning("egress-to-own-domain", host.span, message, "the gateway serves it")
                    .with_help(
                        "a call to a workload of the mesh goes under `allow`, without leaving the cluster",
                    ),
            );
        }
    }

    fn egress_protocol(&mut self, host: &Spanned<String>, port: u16, entry: &written::Egress) {
        let is_tcp = entry.protocol == HostProtocol::Tcp;
        if is_tcp && host.value.starts_with('*') {
            self.error(
                "wildcard-needs-name",
                host.span,
                "bytes carry no host name to match",
                "one host was expected",
            )
            .help("name each host with its `cidrs`, or say `protocol: tls` where the client begins with TLS");
        } else if is_tcp && entry.cidrs.is_empty() {
            self.error(
                "tcp-host-needs-addresses",
                host.span,
                "bytes carry no host name, so any address on the port would count as this host",
                "its addresses were expected",
            )
            .help("add `cidrs: [...]`, or say `protocol: tls` where the client begins with TLS");
        }
        let (said, usual) = match (entry.protocol, port) {
            (HostProtocol::Tls, 80) => ("tls", "http"),
            (HostProtocol::Http, 443) => ("http", "tls"),
            (HostProtocol::Tls | HostProtocol::Http | HostProtocol::Tcp, _) => return,
        };
        let span = entry.port.as_ref().map_or(host.span, |port| port.span);
        let message = format!("port {port} of `{}` is said to speak {said}", host.value);
        self.diagnostics.push(
            Diagnostic::warning("egress-protocol", span, message, format!("usually speaks {usual}"))
                .with_help(format!("say `protocol: {usual}`, unless this host differs")),
        );
    }
}
