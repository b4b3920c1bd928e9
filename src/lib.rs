//! Renders a zero-trust Istio mesh for Flux from one short profile.
//!
//! One straight line; data moves one way, and each arrow is one function:
//!
//! ```text
//! profile.yaml ─ profile::load ─► Profile ─ plan::Plan ─► [File] ─ render::render ─► Tree ─ tree::write ─► repository
//!                    ▲                                                                │
//!                 release                                     proof::prove · tree::compare: --diff, --check
//! ```
//!
//! Between `profile` and `tree` everything is pure: the same profile and the same binary give the same bytes.
//! ARCHITECTURE.md says what each module is for, and what may depend on what.

pub mod api;
pub mod check;
pub mod cli;
pub mod command;
pub mod control;
pub mod delivery;
pub mod diagnostic;
pub mod manifest;
pub mod mesh;
pub mod plan;
pub mod profile;
pub mod proof;
pub mod reach;
pub mod read;
pub mod release;
pub mod render;
pub mod schema;
pub mod shell;
pub mod source;
pub mod template;
pub mod tree;
pub mod upgrade;
pub mod yaml;
