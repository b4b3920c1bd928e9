//! What to send, where nobody says: something that passes, if anything does; and how a person can try it.

use super::{Inquiry, Outcome, Sent};
use crate::{
    manifest::{Object, Protocol, Service, ServicePort},
    mesh::{Pod, PortProtocol},
    reach::{Call, Chain, Request, Universe, Way},
    yaml::Spanned,
};

impl<'m> Inquiry<'_, 'm> {
    /// Returns what is sent: what is asked for, or else what gets furthest.
    pub(super) fn sent(&self) -> Sent {
        let host = |pod: &Pod<'m>| self.authority(pod, self.asked.port.number);
        let pod = self.shown(self.asked.to).filter(|_| self.asked.port.protocol == Protocol::Tcp);
        if let Some(request) = &self.asked.sent {
            let mut request = request.clone();
            if let (true, Some(pod)) = (request.host.is_empty(), pod) {
                request.host = host(pod);
            }
            return Sent::Request(Box::new(request));
        }
        let Some(pod) = pod else { return Sent::Bytes };
        let plain =
            Request { method: "GET".to_owned(), host: host(pod), path: "/".to_owned(), ..Request::default() };
        let spoken = self.reach.mesh.protocols(pod, self.asked.port.number);
        if spoken.iter().all(|spoken| spoken.protocol == PortProtocol::Tcp) {
            return Sent::Bytes;
        }
        let mut candidates = vec![Sent::Request(Box::new(plain.clone()))];
        let tries = self.tries(&candidates[0], pod);
        let mut ways: Vec<(bool, Way)> =
            tries.iter().filter_map(|one| Some((!one.is_own, one.way?))).collect();
        ways.sort_unstable();
        ways.dedup();
        candidates.extend(ways.into_iter().filter_map(|(_, way)| self.passing(pod, way, &plain)));
        candidates.push(Sent::Bytes);
        let ranked = candidates.into_iter().map(|sent| (self.outcome(&sent), sent));
        let first = |best: (Outcome, Sent), next: (Outcome, Sent)| if next.0 > best.0 { next } else { best };
        ranked.reduce(first).map_or(Sent::Bytes, |(_, sent)| sent)
    }

    /// Returns a request that the policies let through a way, near another one.
    fn passing(&self, pod: &Pod<'m>, way: Way, near: &Request) -> Option<Sent> {
        let chain = way.chain.filter(|chain| *chain == Chain::Http)?;
        let caller = self.reach.identity(self.sender()).filter(|_| way.is_known);
        let call = Call { chain, caller: caller.as_ref(), port: self.asked.port.number };
        let requests = self.reach.authorization.requests(pod, call);
        let mut universe = Universe::new(&[&requests]);
        let set = universe.set(&[&requests]);
        let near = Request { source: self.address(self.asked.from), ..near.clone() };
        universe.example(set, &near).map(|request| Sent::Request(Box::new(request)))
    }

    /// Returns the name and port by which a client calls a port of a pod, as it writes them into a request.
    fn authority(&self, pod: &Pod<'m>, port: u16) -> String {
        match self.service(pod, port) {
            Some((service, declared)) if declared.port.value == 80 => short(service),
            Some((service, declared)) => format!("{}:{}", short(service), declared.port),
            None => format!("POD-ADDRESS:{port}"),
        }
    }

    fn service(&self, pod: &Pod<'m>, port: u16) -> Option<(&'m Object<Service>, &'m Spanned<ServicePort>)> {
        self.reach.mesh.services_at(pod, port).next()
    }

    /// Returns a command that tries it, where the source is a workload in whose pods one can be run.
    pub(super) fn command(&self, sent: &Sent) -> Option<String> {
        let (from, to) = (self.shown(self.asked.from)?, self.shown(self.asked.to)?);
        if self.asked.port.protocol != Protocol::Tcp {
            return None;
        }
        let kind = match from.workload.meta.kind.as_str() {
            "Deployment" => "deploy",
            "StatefulSet" => "statefulset",
            "DaemonSet" => "daemonset",
            "ReplicaSet" => "replicaset",
            "ReplicationController" => "rc",
            "Job" => "job",
            "Pod" => "pod",
            _ => return None,
        };
        let (namespace, name) = (from.workload.meta.namespace(), &from.workload.meta.name);
        let authority = match self.service(to, self.asked.port.number) {
            Some((service, declared)) => format!("{}:{}", short(service), declared.port),
            None => format!("POD-ADDRESS:{}", self.asked.port.number),
        };
        let curl = match sent {
            Sent::Request(request) if request.token.is_some() => return None,
            Sent::Request(request) => {
                of_request(request, &authority, &self.authority(to, self.asked.port.number))
            }
            Sent::Bytes => format!("telnet://{authority}"),
        };
        Some(format!("kubectl exec -n {namespace} {kind}/{name} -- curl -sS {curl}"))
    }
}

fn short(service: &Object<Service>) -> String {
    format!("{}.{}", service.meta.name, service.meta.namespace())
}

fn of_request(request: &Request, authority: &str, usual: &str) -> String {
    let mut words =
        vec!["-o /dev/null -w '%{http_code}\\n'".to_owned(), format!("-X {}", shell(&request.method))];
    if request.host != usual {
        words.push(format!("-H {}", shell(&format!("Host: {}", request.host))));
    }
    words.extend(
        request.headers.iter().map(|(name, value)| format!("-H {}", shell(&format!("{name}: {value}")))),
    );
    words.push("--path-as-is".to_owned());
    words.push(shell(&format!("http://{authority}{}", request.path)));
    words.join(" ")
}

/// Quotes a word for a shell, where it needs that.
fn shell(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=%@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
