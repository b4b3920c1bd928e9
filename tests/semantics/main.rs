//! What each rule of the semantics reference means: one test a rule, named by its code, with the smallest manifests
//! that show it. Read as a textbook; the judge of the engine (`tests/naive/`) is held against it.

#[path = "../naive/mod.rs"]
mod naive;

mod authorization_policy;
mod cells;
mod joint;
mod laws;
mod manifests;
mod network_policy;
mod paths;
mod peer_authentication;
mod scenarios;
mod table;
mod transport;
