//! `allow`: who may call whom.

use super::Resolution;
use crate::{
    diagnostic::Diagnostic,
    profile::{
        addresses,
        flow::{Basis, Flow, Peer, Target},
        written,
    },
    source::Span,
    yaml::Spanned,
};

impl Resolution<'_> {
    pub(super) fn allows(&mut self, home: usize, allows: &[Spanned<written::Flow>], is_fragment: bool) {
        for allow in allows {
            let (Some(from), Some(to)) = (&allow.value.from, &allow.value.to) else { continue };
            let caller = self.caller(home, from);
            if allow.value.port.is_none() && self.is_damaged(allow.span) {
                // The port may be what could not be read, so only the name is looked for.
                self.caller(home, to);
                continue;
            }
            let targets = self.targets(home, to, allow.value.port.as_ref());
            let (Some(caller), Some(targets)) = (caller, targets) else { continue };
            if is_fragment && !self.may_grant(home, &targets, to.span) {
                continue;
            }
            if !self.can_authenticate(&caller, from.span) {
                continue;
            }
            if let Peer::Cidr(cidr) = caller
                && let Some(fault) = addresses::of_caller(cidr, from.span, self.cluster)
            {
                self.diagnostics.push(fault);
                continue;
            }
            let leaves_mesh = !matches!(targets.first(), Some(Target::Workload(..)) | None);
            if leaves_mesh && !matches!(caller, Peer::Workload(_) | Peer::Namespace(_)) {
                self.error(
                    "ungoverned-flow",
                    allow.span,
                    "neither end of the flow is a workload of this mesh",
                    "one end was expected to be",
                )
                .help("name a workload in `from` or in `to`; the mesh decides nothing between others");
                continue;
            }
            self.only_http(&targets, allow);
            let list = |written: &Option<Spanned<Vec<String>>>| {
                written.as_ref().map(|list| list.value.clone()).unwrap_or_default()
            };
            let flows: Vec<Flow> = targets
                .into_iter()
                .map(|to| Flow {
                    from: caller.clone(),
                    to,
                    methods: list(&allow.value.methods),
                    paths: list(&allow.value.paths),
                    basis: Basis::Allow,
                    span: allow.span,
                })
                .collect();
            self.declared_before(&flows, allow.span);
            self.flows.extend(flows);
        }
    }

    /// Reports an entry of `allow` that says nothing new.
    fn declared_before(&mut self, flows: &[Flow], span: Span) {
        let mut first = Vec::new();
        for Flow { from, to, methods, paths, .. } in flows {
            let said = format!("{:?}", (from, to, methods, paths));
            first.extend(self.allowed.get(&said).copied());
            self.allowed.entry(said).or_insert(span);
        }
        if let Some(earlier) = first.first().filter(|_| first.len() == flows.len()) {
            self.diagnostics.push(
                Diagnostic::warning("duplicate-flow", span, "this flow is already allowed", "adds nothing")
                    .with_context(*earlier, "allowed here")
                    .with_help("remove one of the two"),
            );
        }
    }

    /// A team opens its own workloads to others. What its workloads may call besides other workloads and public hosts
    /// is for the platform to say: the API server, nodes, addresses and pods without a sidecar.
    fn may_grant(&mut self, home: usize, targets: &[Target], to: Span) -> bool {
        let is_own = |target: &Target| matches!(target, Target::Workload(id, _) if id.namespace == home);
        let may = targets.iter().all(is_own);
        if !may {
            let is_workload = matches!(targets.first(), Some(Target::Workload(..)));
            let label = if is_workload { "another team's" } else { "outside the team's namespace" };
            self.error("fragment-grant", to, "a fragment may open only its own workloads", label).help(
                if is_workload {
                    "the flow belongs into the fragment of the team that is called, or into the profile"
                } else {
                    "the flow belongs into the profile"
                },
            );
        }
        may
    }

    /// STRICT refuses a caller without a mesh certificate, whatever is allowed.
    fn can_authenticate(&mut self, caller: &Peer, span: Span) -> bool {
        match caller {
            Peer::Gateway | Peer::Workload(_) | Peer::Namespace(_) | Peer::Cidr(_) => true,
            Peer::Nodes | Peer::KubernetesApi | Peer::Unmeshed(_) => {
                self.error(
                    "plaintext-caller",
                    span,
                    "this caller holds no mesh certificate, so mutual TLS refuses it",
                    "a workload of the mesh was expected",
                )
                .help("give the caller a sidecar, or declare the flow under `exceptions` with `mtls: permissive`, a reason, an owner and an expiry");
                false
            }
        }
    }

    fn only_http(&mut self, targets: &[Target], allow: &Spanned<written::Flow>) {
        let flow = &allow.value;
        let methods = flow.methods.as_ref().map(|methods| methods.span);
        let Some(span) = methods.or(flow.paths.as_ref().map(|paths| paths.span)) else { return };
        if let Some((message, help)) = targets.iter().find_map(|to| self.blindness(to)) {
            self.error("http-condition", span, message, "needs an HTTP port").help(help);
        }
    }

    /// Says why a proxy sees no requests on the way to a target.
    fn blindness(&self, to: &Target) -> Option<(String, &'static str)> {
        let Target::Workload(id, ports) = to else {
            let message = "a proxy sees methods and paths only of calls to workloads of the mesh";
            return Some((message.to_owned(), "drop `methods` and `paths`"));
        };
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let port = ports.iter().map(|port| &workload.ports[*port]).find(|port| !port.protocol.is_http())?;
        let message = format!(
            "port `{}` of `{}` speaks {}, in which a proxy sees no methods or paths",
            port.name,
            workload.name,
            port.protocol.name()
        );
        Some((message, "name an HTTP port with `port`, or drop `methods` and `paths`"))
    }
}
