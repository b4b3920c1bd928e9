//! What we render, put to the real programs: a disagreement is a bug of ours until a source explains it.
//!
//! `tests/conformance/run` builds the programs and runs this; without `MESHWRIGHT_CONFORMANCE` nothing here runs. One
//! module per tier, and each notes what it compared, with which version, for the table at the end.
#![allow(clippy::print_stderr, reason = "a long run says what it sees")]
#![allow(clippy::disallowed_methods, reason = "real programs take real time, which is bounded")]

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/asked.rs"]
mod asked;

/// The program that derives the data of releases, as a module: what is tested is what a person runs.
#[path = "../../examples/release/main.rs"]
mod release_program;

/// The judge of the reachability engine, which makes random meshes.
#[allow(unused_imports, reason = "each test crate uses its part")]
#[path = "../naive/mod.rs"]
mod naive;

mod analysers;
mod apiserver;
mod background;
mod bench;
mod case;
mod charts;
mod cluster;
mod envoy;
mod flux;
mod istiod;
mod kustomize;
mod mesh;
mod meshes;
mod platform;
mod releases;
mod repository;
mod status;
mod trees;
