//! The judge's questions, put to the engine: the one place that knows both vocabularies.

use meshwright::{
    manifest::{self, Protocol},
    mesh::{Config, Mesh, Truth},
    reach::{Client, Endpoints, Enforcement, Others, Place, Port, Question, Reach, Request, Target, Unseen},
    source::{Sources, Span},
};

use crate::naive::{self, Destination, Source, random::Case};

/// Returns what the engine says to each question of a case, in their order. The questions have been settled.
pub fn verdicts(case: &Case) -> Vec<Truth> {
    let unseen = case.questions.iter().filter_map(|question| stranger(&question.source)).collect();
    of_reach(case, unseen, |reach| {
        let mut strangers = 0;
        let asked = case.questions.iter().map(|question| asked(question, reach.endpoints(), &mut strangers));
        asked.map(|question| reach.verdict(&question)).collect()
    })
}

/// Asks the engine about the mesh of a case, with some pods that its manifests do not show.
///
/// The judge takes the default revision, and no other, to be installed; of its mesh config only what is shown.
pub fn of_reach<T>(case: &Case, unseen: Vec<Unseen>, ask: impl FnOnce(&Reach<'_>) -> T) -> T {
    let mut sources = Sources::default();
    let file = sources.add("all.yaml", case.manifests.clone());
    let (manifests, _) = manifest::load(&sources, [file]);
    let mut config = Config::found_in(&manifests, &sources);
    config.release = case.cluster.release;
    config.revisions = Some(["default".to_owned()].into());
    config.unread = case.cluster.mesh.is_none().then_some(Span { file, start: 0, end: 1 });
    let mesh = Mesh::resolve(&manifests, config);
    ask(&Reach::new(&mesh, Others { unseen, ..Others::default() }, Enforcement::default()))
}

/// Makes a question one that both can be asked: a stranger of a namespace that the mesh names has that one's labels.
pub fn settle(question: &mut naive::Question) {
    if let Source::Representative(stranger) = &mut question.source
        && stranger.namespace != "elsewhere"
    {
        stranger.namespace_labels = None;
    }
    // There is no request without a method.
    if let Some(request) = question.request.as_mut().filter(|request| request.method.is_empty()) {
        "GET".clone_into(&mut request.method);
    }
}

fn stranger(source: &Source) -> Option<Unseen> {
    let Source::Representative(stranger) = source else { return None };
    let place = match &stranger.namespace_labels {
        None => Place::Named(stranger.namespace.clone()),
        Some(labels) => {
            let name = ("kubernetes.io/metadata.name".to_owned(), stranger.namespace.clone());
            Place::Other(labels.clone().into_iter().chain([name]).collect())
        }
    };
    Some(Unseen {
        place,
        labels: stranger.labels.clone(),
        account: stranger.service_account.clone(),
        is_meshed: stranger.meshed,
    })
}

fn asked(question: &naive::Question, endpoints: &Endpoints<'_>, strangers: &mut usize) -> Question {
    let pod = |called: &str| {
        let pods = endpoints.mesh().pods().iter();
        endpoints.of(pods.clone().find(|pod| pod.path() == called).expect("both know the pod").id)
    };
    let from = match &question.source {
        Source::Pod(called) => pod(called),
        Source::Representative(_) => {
            *strangers += 1;
            endpoints.unseen(*strangers - 1)
        }
        Source::Node => endpoints.node(),
        Source::Outside => endpoints.outside(),
    };
    let to = match &question.destination {
        Destination::Pod(called) => Target::Pod(pod(called)),
        Destination::Outside(address, host) => Target::Address(*address, host.clone()),
    };
    let protocol = match question.protocol {
        naive::Protocol::Tcp => Protocol::Tcp,
        naive::Protocol::Udp => Protocol::Udp,
        naive::Protocol::Sctp => Protocol::Sctp,
    };
    let client = match question.client {
        naive::Client::MeshHttp => Client::MeshHttp,
        naive::Client::MeshTcp => Client::MeshTcp,
        naive::Client::MeshOtherAlpn => Client::MeshOther,
        naive::Client::Tls => Client::Tls,
        naive::Client::TlsForgedAlpn => Client::TlsForged,
        naive::Client::PlaintextHttp => Client::PlainHttp,
        naive::Client::PlaintextBytes => Client::PlainBytes,
    };
    let request = question.request.as_ref().map_or_else(Request::default, |request| Request {
        method: request.method.clone(),
        host: request.host.clone(),
        path: request.path.clone(),
        headers: request.headers.clone(),
        token: request.claims.clone(),
        ..Request::default()
    });
    let request = Request { server_name: question.sni.clone(), source: Some(question.source_ip), ..request };
    Question { from, to, port: Port { protocol, number: question.port }, client, request }
}
