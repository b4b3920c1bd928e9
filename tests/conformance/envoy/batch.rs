//! Many clusters in one run: one istiod answers for all of them, and one Envoy holds their proxies.
//!
//! Nothing is started per case: what thousands of generated policies cost is what istiod computes and Envoy loads. The
//! addresses of two cases are never the same; names may be, and are told apart by the case's number.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::{
    bootstrap::Generated,
    probe::{self, Answer, Probe},
};
use crate::{
    background::Background,
    bench::Bench,
    istiod::{Istiod, Release},
};

/// Cases that an istiod has answered for.
pub struct Batch<'a> {
    bench: &'a Bench,
    folder: Utf8PathBuf,
    istiod: Istiod,
    cases: Vec<Generated>,
}

/// The same cases, whose proxies an Envoy serves.
pub struct Served<'a> {
    bench: &'a Bench,
    /// What istiod generated for each, in the order in which they were added.
    pub cases: Vec<Generated>,
    /// Where the certificate of each pod is.
    pub certificates: Utf8PathBuf,
    /// Its output is the access log of all proxies.
    pub envoy: Background,
}

impl<'a> Batch<'a> {
    /// Starts istiod of a release in a folder, with the environment that its chart gives it.
    pub fn start(
        bench: &'a Bench,
        release: Release,
        folder: &Utf8Path,
        environment: &BTreeMap<String, String>,
    ) -> Self {
        let istiod = Istiod::start(bench, release, folder, environment);
        Self { bench, folder: folder.to_owned(), istiod, cases: Vec::new() }
    }

    /// Adds the objects of a cluster: those of the control plane's chart, and what is to be judged with them.
    pub fn add(&mut self, objects: &[Value]) {
        self.cases.push(self.istiod.generate(objects));
    }

    /// Adds a cluster as [`Batch::add`] does, without what its sidecars send: a fifth of what Envoy has to load, and enough
    /// where only callees are asked. Some identities get certificates, too.
    pub fn add_callees(&mut self, objects: &[Value], identities: &[&str]) {
        self.cases.push(self.istiod.generate_inbound(objects, identities));
    }

    /// Returns the case that was added last, before it is served.
    pub fn last(&mut self) -> &mut Generated {
        self.cases.last_mut().expect("one was added")
    }

    /// Starts Envoy with every proxy of the cases so far. The next cases are for another, once this one has ended.
    pub fn serve(&mut self) -> Served<'a> {
        let mut cases = std::mem::take(&mut self.cases);
        let envoy = super::start(self.bench, &mut cases, &self.folder);
        let certificates = self.folder.join("certificates");
        Served { bench: self.bench, cases, certificates, envoy }
    }
}

impl Served<'_> {
    /// Sends probes at once, and returns the answers in their order.
    pub fn send(&self, probes: &[&Probe]) -> Vec<Answer> {
        probe::send(self.bench, probes)
    }
}
