//! Strings of requests: what a pattern means, which strings there are, and how a set of patterns parts them.

mod automaton;
mod language;
mod normal;
mod pattern;
mod vocabulary;

pub use language::Language;
pub use normal::normalized;
pub use pattern::Pattern;
pub use vocabulary::Vocabulary;
