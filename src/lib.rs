//! meshwright.

pub mod diagnostic;
pub mod schema;
pub mod source;
pub mod template;
pub mod tree;
pub mod yaml;
