//! The same for calls through the caller's own sidecar: to Services, and to what nobody registers.
//!
//! Here the caller's proxy decides too: whether it lets the call out, and how it speaks to whom it calls.

use std::{collections::BTreeMap, net::Ipv4Addr};

use meshwright::{
    manifest::Protocol,
    mesh::{PodId, PortProtocol, Truth},
    reach::{self, Client, EndpointId, Port, Reach, Target},
};
use serde_json::Value;

use super::{Outcome, agreement::number, sample};
use crate::{
    asked,
    bench::{Bench, Extent},
    case::Case as Plain,
    envoy::{
        self,
        batch::Batch,
        bootstrap::Generated,
        probe::{self, BYTES, Probe},
    },
    istiod,
    naive::random::{self, Case, Edges},
    trees,
};

/// Questions to a mesh, at most.
const EACH: usize = 40;
/// How many calls are drawn for each that is put.
const DRAWS: usize = 8;
/// Meshes in a run that says nothing else.
const COUNT: usize = 2 * AT_ONCE;
/// How many of them an Envoy serves at once: here it holds all that sidecars send.
const AT_ONCE: usize = 20;
/// The pods' ports to which the Services of random meshes lead.
const PORTS: [u16; 6] = [25, 80, 81, 82, 3306, 8080];
/// Where nothing is that a mesh registers.
const NOWHERE: &str = "203.0.113.9";

/// A call, as an application makes it.
#[derive(Debug, Clone)]
struct Call {
    /// `namespace/name`.
    from: String,
    to: To,
    port: u16,
    /// Method and path of a request; bytes if none.
    request: Option<(String, String)>,
}

#[derive(Debug, Clone)]
enum To {
    /// `namespace/name`.
    Service(String),
    Nowhere,
}

#[test]
fn through_the_callers_own_sidecar_they_agree_too() {
    let Some(bench) = Bench::of("meshes") else { return };
    let (count, seed) = (number("MESHWRIGHT_OUTBOUND_COUNT", COUNT), number("MESHWRIGHT_SEED", 1));
    let asked: Vec<(Case, Vec<(Call, Truth)>)> =
        (0..count).map(|at| asked((seed as u64) << 32 | at as u64)).collect();
    let mut counts = BTreeMap::<(&str, Truth), usize>::new();
    let mut faults = Vec::new();
    for asked in asked.chunks(AT_ONCE) {
        for (case, call, said, outcome) in answered(&bench, asked) {
            let to = if matches!(call.to, To::Nowhere) { "nowhere" } else { "a Service" };
            *counts.entry((to, said)).or_default() += 1;
            if (said == Truth::Yes) != (outcome == Outcome::Answered) {
                faults.push(format!(
                    "seed {}: Envoy says {outcome:?}, the engine {said:?}, of {call:?}\n{}",
                    case.seed, case.manifests
                ));
            }
        }
    }
    let shown: Vec<&str> = faults.iter().take(10).map(String::as_str).collect();
    assert!(faults.is_empty(), "{} of {counts:?} differ:\n{}", faults.len(), shown.join("\n\n"));
    let of = |to, said| counts.get(&(to, said)).copied().unwrap_or_default();
    let (nowhere, service) = ("nowhere", "a Service");
    let what = format!(
        "{count} random meshes of seed {seed}, through the caller's sidecar: to Services {} pass and {} do not, to what \
        nobody registers {} and {}",
        of(service, Truth::Yes),
        of(service, Truth::No),
        of(nowhere, Truth::Yes),
        of(nowhere, Truth::No),
    );
    assert!(counts.len() == 4, "{what}");
    bench.compared(envoy::judges(&bench), what);
}

/// Makes the mesh of a seed, and calls of which the engine says yes or no.
fn asked(seed: u64) -> (Case, Vec<(Call, Truth)>) {
    let (mut case, _) = sample::case(istiod::OWN, seed, 0);
    let calls = calls(&mut case);
    let said: Vec<Truth> =
        asked::of_reach(&case, Vec::new(), |reach| calls.iter().map(|call| said(reach, call)).collect());
    let definite = calls.into_iter().zip(said).filter(|(_, said)| *said != Truth::Unknown);
    let (nowhere, service): (Vec<_>, Vec<_>) = definite.partition(|(call, _)| matches!(call.to, To::Nowhere));
    let some = nowhere.into_iter().take(EACH / 4).chain(service.into_iter().take(EACH));
    (case, some.collect())
}

fn calls(case: &mut Case) -> Vec<Call> {
    let edges = Edges::of(&case.cluster);
    let pods: Vec<String> = case.cluster.pods().map(|pod| pod.called()).collect();
    let ports: Vec<(String, u16)> = case
        .cluster
        .of("", "Service")
        .filter(|service| service["spec"]["selector"].is_object())
        .flat_map(|service| {
            let called = format!("{}/{}", service.namespace, service.name);
            let ports = service["spec"]["ports"].as_array().into_iter().flatten();
            let tcp = ports.filter(|port| port["protocol"] != "UDP");
            tcp.filter_map(move |port| Some((called.clone(), u16::try_from(port["port"].as_u64()?).ok()?)))
        })
        .collect();
    (0..DRAWS * EACH)
        .map(|_| {
            let dice = &mut case.dice;
            let (to, port) = if ports.is_empty() || dice.percent(15) {
                (To::Nowhere, dice.one(&[80, 8080, 9998]))
            } else {
                let (service, port) = dice.one(&ports);
                (To::Service(service), port)
            };
            let drawn = random::question(dice, &edges).request;
            let request = drawn.filter(|request| is_plain(&request.path)).map(|request| {
                let method = if sample::METHODS.contains(&request.method.as_str()) {
                    request.method
                } else {
                    "GET".into()
                };
                (method, request.path)
            });
            Call { from: dice.one(&pods), to, port, request }
        })
        .collect()
}

/// Whether no proxy on the way writes a path otherwise.
fn is_plain(path: &str) -> bool {
    path.starts_with('/')
        && !path.contains("//")
        && path.chars().all(|c| c.is_ascii_alphanumeric() || c == '/')
}

/// What the engine says of a call.
fn said(reach: &Reach<'_>, call: &Call) -> Truth {
    let mesh = reach.endpoints().mesh();
    let pod = mesh.pods().iter().find(|pod| pod.path() == call.from).expect("it is of the mesh");
    let from = reach.endpoints().of(pod.id);
    match &call.to {
        _ if reach.has_proxy(from) != Truth::Yes => Truth::Unknown,
        To::Nowhere => reach.may_leave_registry(from),
        To::Service(called) => {
            // What a Service spreads over several pods may go to any; what another leads to as well may be taken for either.
            let mut ends = mesh.pods().iter().flat_map(|pod| {
                mesh.declared_ports(pod).into_iter().filter_map(move |port| {
                    let mut leading = mesh.services_at(pod, port);
                    let (service, declared) = leading.next()?;
                    let is_it = format!("{}/{}", service.meta.namespace(), service.meta.name) == *called
                        && declared.port.value == call.port;
                    is_it.then(|| (pod, port, leading.next().is_none()))
                })
            });
            match (ends.next(), ends.next()) {
                (Some((to, port, true)), None) => to_pod(reach, call, from, to.id, port),
                _ => Truth::Unknown,
            }
        }
    }
}

fn to_pod(reach: &Reach<'_>, call: &Call, from: EndpointId, to: PodId, port: u16) -> Truth {
    let (mesh, to_pod) = (reach.endpoints().mesh(), reach.endpoints().mesh().pod(to));
    let is_http = mesh.protocols(to_pod, port).iter().any(|spoken| spoken.protocol == PortProtocol::Http);
    if call.request.is_none() && is_http {
        return Truth::Unknown; // these go out as they are, past every route, and the harness has that end outside
    }
    let clients = reach.own_clients(from, to_pod, port, call.request.is_some());
    let [client] = clients.as_slice() else { return Truth::Unknown };
    let is_captured = to_pod.injection.is_injected.and(to_pod.capture.sees(port));
    if *client == Client::Tls || client.has_certificate() && is_captured != Truth::Yes {
        return Truth::Unknown; // to an application that has no key TLS is bytes, and the caller's proxy gets no answer
    }
    let request =
        call.request.as_ref().map_or_else(reach::Request::default, |(method, path)| reach::Request {
            method: method.clone(),
            path: path.clone(),
            host: call.host(),
            ..reach::Request::default()
        });
    reach.verdict(&reach::Question {
        from,
        to: Target::Pod(reach.endpoints().of(to)),
        port: Port { protocol: Protocol::Tcp, number: port },
        client: *client,
        request: reach::Request { source: Some(Ipv4Addr::LOCALHOST.into()), ..request },
    })
}

impl Call {
    fn host(&self) -> String {
        match &self.to {
            To::Nowhere => NOWHERE.to_owned(),
            To::Service(called) => {
                let (namespace, name) = called.split_once('/').expect("a Service is called `namespace/name`");
                format!("{name}.{namespace}.svc.cluster.local")
            }
        }
    }

    fn probe(&self, generated: &Generated) -> Probe {
        let from = generated.pods.iter().find(|pod| pod.id() == self.from).expect("it was generated");
        let ip = match &self.to {
            To::Nowhere => NOWHERE,
            To::Service(called) => {
                let is_it = |service: &&envoy::bootstrap::Service| {
                    format!("{}/{}", service.namespace, service.name) == *called
                };
                &generated.services.iter().find(is_it).expect("it was generated").ip
            }
        };
        let send = self
            .request
            .as_ref()
            .map_or_else(|| BYTES.to_owned(), |(method, path)| probe::http(method, &self.host(), path, ""));
        from.through_sidecar(ip, self.port, None, send)
    }
}

/// Puts calls to Envoy.
fn answered<'a>(
    bench: &Bench,
    asked: &'a [(Case, Vec<(Call, Truth)>)],
) -> Vec<(&'a Case, &'a Call, Truth, Outcome)> {
    let trees = trees::golden(Extent::Core);
    let plain = trees.iter().find(|tree| tree.stem == "sre").expect("it ships");
    let Plain { environment, objects } = Plain::control_plane(bench, plain);
    let mut batch = Batch::start(bench, istiod::OWN, &bench.scratch("outbound"), &environment);
    for (case, _) in asked {
        let of_case: Vec<Value> = sample::objects(case);
        batch.add(&[objects.clone(), of_case].concat());
        for pod in &mut batch.last().pods {
            pod.ports.extend(PORTS);
        }
    }
    let served = batch.serve();
    let of_cases = served.cases.iter().zip(asked);
    let calls: Vec<_> = of_cases
        .flat_map(|(generated, (case, calls))| {
            calls.iter().map(move |(call, said)| (case, call, *said, call.probe(generated)))
        })
        .collect();
    let probes: Vec<&Probe> = calls.iter().map(|(.., probe)| probe).collect();
    let answers = served.send(&probes);
    calls
        .iter()
        .zip(&answers)
        .map(|((case, call, said, probe), answer)| (*case, *call, *said, Outcome::of(answer, &probe.send)))
        .collect()
}
