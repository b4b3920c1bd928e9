//! The environment variables that a Go program registers (`istio.io/istio/pkg/env`).

use std::{collections::BTreeSet, rc::Rc};

/// Returns the names that the files register.
///
/// A name is the first argument of a call of `env.Register...`, or of a function of the package that passes it on; it
/// is a literal or a constant of the same files.
pub fn registered(files: &[(String, Rc<str>)]) -> BTreeSet<String> {
    let first_arguments = files.iter().flat_map(|(_, text)| calls(text));
    first_arguments.filter_map(|argument| name(argument, files)).collect()
}

/// Returns the text after each opening parenthesis of a registering call.
fn calls(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("env.Register").chain(text.match_indices("= register"));
    starts.filter_map(|(at, found)| {
        let rest = &text[at + found.len()..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "[]".contains(c)))?;
        rest[end..].strip_prefix('(')
    })
}

fn name(argument: &str, files: &[(String, Rc<str>)]) -> Option<String> {
    let argument = argument.trim_start();
    let literal = match argument.strip_prefix('"') {
        Some(literal) => literal,
        None => constant(argument.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()?, files)?,
    };
    let name = literal.split('"').next()?;
    let is_name =
        name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name.then(|| name.to_owned())
}

fn constant<'a>(name: &str, files: &'a [(String, Rc<str>)]) -> Option<&'a str> {
    let after = |line: &'a str| {
        let rest = line.trim_start().trim_start_matches("const ").strip_prefix(name)?;
        rest.trim_start()
            .trim_start_matches("string")
            .trim_start()
            .strip_prefix('=')?
            .trim_start()
            .strip_prefix('"')
    };
    files.iter().flat_map(|(_, text)| text.lines()).find_map(after)
}
