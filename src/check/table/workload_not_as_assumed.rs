//! A workload is not what the profile takes it to be.

use crate::{
    check::{Check, Findings, Scene},
    diagnostic::{Diagnostic, Severity},
    manifest::{Labels, Object, Service, ServicePort, Word, Workload},
    mesh::{Mesh, Pod, PortProtocol, Truth},
    source::Span,
};

pub(super) const CHECK: Check = Check {
    code: "workload-not-as-assumed",
    severity: Severity::Error,
    summary: "a workload is not what the profile takes it to be",
    happens: "The policies of the tree, and the proof that went with it, are about the labels, account, ports and protocols \
              that the profile names. Where the team's own manifests say others, a policy selects nothing, names a caller \
              that does not exist, or opens a port that nobody listens at.",
    mend: "Make the profile say what the manifests do, and render again, or mend the manifests.",
    silent: "For namespaces of which no workload is shown; for ports of a workload that declares none; for the name of a \
             port that speaks the same protocol.",
    source: "the tree's own assumed-workloads.yaml, whose objects are annotated `meshwright/assumed`",
    rules: &["AC4-4", "NP38"],
    controls: &[],
    run,
};

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    let (mesh, assumed) = (scene.mesh, &scene.mesh.manifests.assumed);
    for workload in &assumed.workloads {
        let services = assumed.services.iter().filter(|service| is_of(service, workload));
        for pod in shown(mesh, workload) {
            let differ = &mut Difference { mesh, assumed: workload, pod, findings };
            differ.labels();
            differ.account();
            differ.ports();
            differ.injection();
            services.clone().for_each(|service| differ.service(service));
        }
    }
    for pod in mesh.pods().iter().filter(|pod| pod.workload.meta.is_assumed()) {
        let namespace = mesh.scope_of(pod).name;
        let others = mesh.pods_in(namespace).filter(|other| !other.workload.meta.is_assumed()).count();
        if others > 0 {
            findings
                .report(
                    pod.workload.meta.head(),
                    format!(
                        "no workload of `{namespace}` is `{}`, which the profile assumes",
                        pod.workload.meta.name
                    ),
                    format!("none of {others} shown has its name, labels or account"),
                )
                .help("take it out of the profile, or show the manifests that hold it");
        }
    }
}

/// Returns the pods that are known as an assumed workload by what is surest.
fn shown<'m>(mesh: &'m Mesh<'m>, assumed: &Object<Workload>) -> Vec<&'m Pod<'m>> {
    let applied = mesh.pods_in(assumed.meta.namespace()).filter(|pod| !pod.workload.meta.is_assumed());
    let alike: Vec<_> = applied.filter_map(|pod| Some((assumed.likeness(pod.workload)?, pod))).collect();
    let surest = alike.iter().map(|(likeness, _)| *likeness).max();
    alike.into_iter().filter(|(likeness, _)| Some(*likeness) == surest).map(|(_, pod)| pod).collect()
}

fn is_of(service: &Object<Service>, workload: &Object<Workload>) -> bool {
    let labels = &workload.template.metadata.labels;
    service.meta.namespace() == workload.meta.namespace()
        && service.selector.iter().all(|(key, value)| has(labels, key, value))
}

fn has(labels: &Labels, key: &Word, value: &Word) -> bool {
    labels.named(key).is_some_and(|other| other.value == value.value)
}

/// An assumed workload beside one that is shown in its place.
struct Difference<'a, 'm> {
    mesh: &'m Mesh<'m>,
    assumed: &'a Object<Workload>,
    pod: &'m Pod<'m>,
    findings: &'a mut Findings,
}

impl Difference<'_, '_> {
    fn report(&mut self, place: Span, message: String, expected: &str, by: Span) -> &mut Diagnostic {
        self.findings
            .report(place, message, expected)
            .context(by, "assumed here")
            .help("make the profile say what the manifests do, or mend them")
    }

    fn head(&self) -> Span {
        self.pod.workload.meta.head()
    }

    fn labels(&mut self) {
        let (assumed, path) = (self.assumed, self.pod.path());
        for (key, value) in &assumed.template.metadata.labels {
            let expected = format!("expected `{}: {}`", key.value, value.value);
            match self.pod.labels().named(key) {
                Some(other) if other.value == value.value => {}
                Some(other) => {
                    let message =
                        format!("the pods of `{path}` are labelled `{}: {}`", key.value, other.value);
                    self.report(other.span, message, &expected, value.span);
                }
                None => {
                    let message = format!("the pods of `{path}` have no label `{}`", key.value);
                    self.report(self.head(), message, &expected, value.span);
                }
            }
        }
    }

    fn account(&mut self) {
        let (expected, found) = (self.assumed.service_account(), self.pod.workload.service_account());
        if expected != found {
            let named = |workload: &Workload| {
                workload.template.spec.service_account_name.as_ref().map(|name| name.span)
            };
            let place = named(self.pod.workload).unwrap_or(self.head());
            let by = named(self.assumed).unwrap_or(self.assumed.meta.head());
            let message = format!("`{}` runs as the account `{found}`", self.pod.path());
            self.report(place, message, &format!("expected `{expected}`"), by);
        }
    }

    fn ports(&mut self) {
        let declared: Vec<u16> = self.pod.workload.ports().map(|port| port.container_port.value).collect();
        let Some(first) = self.pod.workload.ports().next().map(|port| port.container_port.span) else {
            return;
        };
        let assumed = self.assumed;
        for port in assumed.ports().filter(|port| !declared.contains(&port.container_port.value)) {
            let number = port.container_port.value;
            let message = format!("`{}` does not declare the port {number}", self.pod.path());
            self.report(first, message, &format!("expected {number}"), port.container_port.span);
        }
    }

    fn injection(&mut self) {
        let Some(expected) = self.mesh.injection_of(self.assumed) else { return };
        let found = self.pod.injection.clone();
        let (has, label) = match (expected.is_injected, found.is_injected) {
            (Truth::Yes, Truth::No) => ("has no sidecar", "expected a sidecar"),
            (Truth::No, Truth::Yes) => ("has a sidecar", "expected none"),
            (Truth::Yes | Truth::No | Truth::Unknown, Truth::Yes | Truth::No | Truth::Unknown) => return,
        };
        let message = format!("`{}` {has}: {}", self.pod.path(), found.reason);
        self.report(found.because.unwrap_or(self.head()), message, label, self.assumed.meta.head());
    }

    fn service(&mut self, assumed: &Object<Service>) {
        let (name, namespace) = (&assumed.meta.name, assumed.meta.namespace());
        let Some(service) = self.mesh.service(name, namespace).filter(|service| !service.meta.is_assumed())
        else {
            let message = format!("no Service `{}` leads to `{}`", name.value, self.pod.path());
            self.report(self.head(), message, &format!("expected a Service `{}`", name.value), name.span);
            return;
        };
        if !self.mesh.pods_behind(service).contains(&self.pod.id) {
            let place = service.selector.iter().next().map_or(service.meta.head(), |(key, _)| key.span);
            let message =
                format!("the Service `{}` does not select `{}`", service.meta.path(), self.pod.path());
            self.report(place, message, "expected the labels of its pods", name.span);
        }
        for port in &assumed.ports {
            if let Some(other) = service.ports.iter().find(|other| other.port.value == port.port.value) {
                self.port(service, other, port);
            } else {
                let place = service.ports.first().map_or(service.meta.head(), |port| port.port.span);
                let message =
                    format!("the Service `{}` has no port {}", service.meta.path(), port.port.value);
                self.report(place, message, &format!("expected {}", port.port.value), port.port.span);
            }
        }
    }

    fn port(&mut self, service: &Object<Service>, port: &ServicePort, assumed: &ServicePort) {
        let (path, number) = (service.meta.path(), port.port.value);
        let (found, expected) = (port.numbers_at(self.pod.workload), assumed.numbers_at(self.assumed));
        if found != expected {
            let place = port.target_port.as_ref().map_or(port.port.span, |target| target.span);
            let by = assumed.target_port.as_ref().map_or(assumed.port.span, |target| target.span);
            let message = format!("port {number} of `{path}` leads to {}", target(port));
            self.report(place, message, &format!("expected {}", target(assumed)), by);
        }
        let (found, expected) = (PortProtocol::of(port), PortProtocol::of(assumed));
        if found != expected {
            let says = |port: &ServicePort| {
                port.app_protocol.as_ref().or(port.name.as_ref()).map_or(port.port.span, |word| word.span)
            };
            let message = format!("port {number} of `{path}` is {} to Istio", word(found));
            self.report(says(port), message, &format!("expected {}", word(expected)), says(assumed));
        }
    }
}

/// Says where a port leads.
fn target(port: &ServicePort) -> String {
    port.target_port.as_ref().map_or_else(|| port.port.value.to_string(), |target| target.value.to_string())
}

fn word(protocol: PortProtocol) -> &'static str {
    match protocol {
        PortProtocol::Http => "HTTP",
        PortProtocol::Tcp => "bytes",
        PortProtocol::Auto => "whatever the first bytes look like",
    }
}
