//! Finds what a word names, or says what it may have meant.

use super::{Resolution, list, part, suggest};
use crate::{profile::flow::WorkloadId, schema::nearest, source::Span, yaml::Spanned};

impl Resolution<'_> {
    /// Finds a workload by `name` or `namespace/name`, as written in namespace `home`.
    pub(super) fn find(&mut self, home: Option<usize>, text: &str, span: Span) -> Option<WorkloadId> {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (self.find_namespace(namespace, text, span)?, name),
            None => (home?, text),
        };
        let workloads = &self.namespaces[namespace].workloads;
        if let Some(workload) = workloads.iter().position(|workload| workload.name == name) {
            return Some(WorkloadId { namespace, workload });
        }
        let doubt = &self.doubts[namespace];
        let near = nearest(name, workloads.iter().map(|workload| workload.name.as_str())).map(str::to_owned);
        if doubt.workloads.contains(name) || (doubt.has_lost_names && near.is_none()) {
            return None;
        }
        let known = list(workloads.iter().map(|workload| workload.name.as_str()));
        let message = format!("unknown workload `{name}` in namespace `{}`", self.namespaces[namespace].name);
        let prefix = text.len() - name.len();
        let place = part(span, text, prefix..text.len());
        let diagnostic = self.error("unknown-workload", place, message, "a workload was expected");
        let near = near.map(|near| if place == span { format!("{}{near}", &text[..prefix]) } else { near });
        suggest(diagnostic, near, &known);
        None
    }

    /// Finds a namespace, the beginning of `text`.
    pub(super) fn find_namespace(&mut self, name: &str, text: &str, span: Span) -> Option<usize> {
        if let Some(index) = self.namespaces.iter().position(|namespace| namespace.name == name) {
            return Some(index);
        }
        let near =
            nearest(name, self.namespaces.iter().map(|namespace| namespace.name.as_str())).map(str::to_owned);
        if self.refused.contains(name) || (self.has_lost_namespaces && near.is_none()) {
            return None;
        }
        let place = part(span, text, 0..name.len());
        let message = format!("unknown namespace `{name}`");
        let diagnostic =
            self.error("unknown-namespace", place, message, "a namespace of this profile was expected");
        match near {
            Some(near) if place == span => suggest(diagnostic, Some(near + &text[name.len()..]), ""),
            Some(near) => suggest(diagnostic, Some(near), ""),
            None => {
                diagnostic.help(
                    "declare it under `namespaces`, or name its pods with `{unmeshed: ...}` if they have no sidecar",
                );
            }
        }
        None
    }

    /// Tells whether a part of a workload could not be read, so that a port may be lost with it.
    pub(super) fn is_doubtful(&self, id: WorkloadId) -> bool {
        let name = &self.namespaces[id.namespace].workloads[id.workload].name;
        self.doubts[id.namespace].workloads.contains(name)
    }

    /// Finds a port of a workload by name or number.
    pub(super) fn find_port(&mut self, id: WorkloadId, port: &Spanned<String>) -> Option<usize> {
        let workload = &self.namespaces[id.namespace].workloads[id.workload];
        let by_name = workload.ports.iter().position(|known| known.name == port.value);
        let found =
            by_name.or_else(|| workload.ports.iter().position(|known| known.port.to_string() == port.value));
        if found.is_some() || self.is_doubtful(id) {
            return found;
        }
        let near =
            nearest(&port.value, workload.ports.iter().map(|port| port.name.as_str())).map(str::to_owned);
        let known: Vec<String> =
            workload.ports.iter().map(|port| format!("{} ({})", port.name, port.port)).collect();
        let known = list(known.iter().map(String::as_str));
        let by_service = workload.ports.iter().any(|known| known.service_port.to_string() == port.value);
        let message = format!("`{}` has no port `{}`", workload.name, port.value);
        let diagnostic =
            self.error("unknown-port", port.span, message, "a port of the workload was expected");
        if by_service {
            diagnostic.help("that is the Service's port; policies see the pod's");
        }
        if known.is_empty() {
            diagnostic.help("add `port:` to the workload");
        } else {
            suggest(diagnostic, near, &known);
        }
        None
    }
}
