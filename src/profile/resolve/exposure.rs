//! `expose`: what the gateway serves.

use std::collections::BTreeMap;

use super::{Resolution, list};
use crate::{
    profile::{
        flow::{Basis, Flow, Peer, Target, WorkloadId},
        written,
    },
    source::Span,
    yaml::Spanned,
};

/// What a workload's port must be to stand behind the gateway.
const HTTP_PROTOCOLS: &str =
    "the gateway routes by host and path, so the port's `protocol` must be http, http2, grpc or grpc-web";

/// The longest name in DNS, in text (RFC 1035, section 2.3.4).
const LONGEST_HOST: usize = 253;

impl Resolution<'_> {
    pub(super) fn exposures(&mut self, home: usize, exposures: &[Spanned<written::Exposure>]) {
        let mut routes: BTreeMap<(String, String), Span> = BTreeMap::new();
        for exposure in exposures {
            let (Some(workload), Some(host)) = (&exposure.value.workload, &exposure.value.host) else {
                continue;
            };
            let found = self.find(Some(home), &workload.value, workload.span);
            let full = format!("{}.{}", host.value, self.domain);
            if full.len() > LONGEST_HOST {
                let message = format!("the host `{full}` has {} characters", full.len());
                let label = format!("at most {LONGEST_HOST} are possible, `domain` included");
                self.error("long-host", host.span, message, label).help("write a shorter `host` or `domain`");
            }
            let (owner, span) = *self.hosts.entry(full.clone()).or_insert((home, host.span));
            if owner != home {
                let message = format!("host `{full}` is exposed by two namespaces");
                self.error("duplicate-host", host.span, message, "claimed again here")
                    .context(span, "first claimed here")
                    .help("give one of the two another `host`");
            }
            let default = Spanned { span: exposure.span, value: "/*".to_owned() };
            let paths = match exposure.value.paths.as_slice() {
                [] => std::slice::from_ref(&default),
                paths => paths,
            };
            for path in paths {
                if path.value.starts_with('*') {
                    let message = format!("`{}` cannot be routed", path.value);
                    self.error("exposed-path", path.span, message, "an exact path or a prefix was expected")
                        .help("a route matches `/exact` or `/prefix/*`; state suffixes in `allow` between workloads");
                }
                if let Some(span) = routes.insert((full.clone(), path.value.clone()), path.span) {
                    let message = format!("`{full}{}` is exposed twice", path.value);
                    self.error("duplicate-host", path.span, message, "claimed again here")
                        .context(span, "first claimed here")
                        .help("give one of the two other `paths`, or another `host`");
                }
            }
            let Some(id) = found else { continue };
            let Some(port) = self.exposed_port(id, exposure, workload.span) else { continue };
            self.flows.push(Flow {
                from: Peer::Gateway,
                to: Target::Workload(id, vec![port]),
                methods: exposure.value.methods.clone(),
                paths: paths.iter().map(|path| path.value.clone()).collect(),
                basis: Basis::Expose(full),
                span: exposure.span,
            });
        }
    }

    fn exposed_port(
        &mut self,
        id: WorkloadId,
        exposure: &Spanned<written::Exposure>,
        workload: Span,
    ) -> Option<usize> {
        let port = match &exposure.value.port {
            Some(port) => self.find_port(id, port)?,
            None if self.is_damaged(exposure.span) => return None,
            None => self.only_http_port(id, workload)?,
        };
        let of = &self.namespaces[id.namespace].workloads[id.workload];
        let spoken = of.ports[port].protocol;
        if !spoken.is_http() {
            let message = format!("port `{}` of `{}` speaks {}", of.ports[port].name, of.name, spoken.name());
            let span = exposure.value.port.as_ref().map_or(workload, |port| port.span);
            self.error("expose-needs-http", span, message, "an HTTP port was expected").help(HTTP_PROTOCOLS);
            return None;
        }
        Some(port)
    }

    fn only_http_port(&mut self, id: WorkloadId, span: Span) -> Option<usize> {
        if self.is_doubtful(id) {
            return None;
        }
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let http: Vec<usize> =
            (0..workload.ports.len()).filter(|port| workload.ports[*port].protocol.is_http()).collect();
        match http.as_slice() {
            [port] => Some(*port),
            [] => {
                let message = format!("`{}` has no HTTP port", workload.name);
                let help =
                    if workload.ports.is_empty() { "add `port:` to the workload" } else { HTTP_PROTOCOLS };
                self.error("expose-needs-http", span, message, "a workload with an HTTP port was expected")
                    .help(help);
                None
            }
            several => {
                let known = list(several.iter().map(|port| workload.ports[*port].name.as_str()));
                let message = format!("`{}` has several HTTP ports", workload.name);
                self.error("ambiguous-port", span, message, "which one is exposed?")
                    .help(format!("add `port:` with one of {known}"));
                None
            }
        }
    }
}
