//! What is asked for, by the names of ends.

use crate::{
    cli::Reach as Options,
    diagnostic::Diagnostic,
    reach::{Asked, End, Reach, Request, Scope},
    schema::nearest,
};

/// Reads the names; a fault for each that nothing is called.
pub(super) fn scope(options: &Options, reach: &Reach<'_>) -> Result<Scope, Vec<Diagnostic>> {
    let names = Names::of(reach);
    let mut faults = Vec::new();
    let mut ends = |asked: &[String]| -> Option<Vec<End>> {
        let mut found = Vec::new();
        for name in asked {
            match names.called(name) {
                Ok(ends) => found.extend(ends),
                Err(fault) => faults.push(*fault),
            }
        }
        (!asked.is_empty()).then_some(found)
    };
    let (from, to) = (ends(&options.from), ends(&options.to));
    let ports = (!options.ports.is_empty()).then(|| options.ports.clone());
    if faults.is_empty() { Ok(Scope { from, to, ports }) } else { Err(faults) }
}

/// Reads the one connection that is to be explained.
pub(super) fn one(options: &Options, reach: &Reach<'_>) -> Result<Asked, Vec<Diagnostic>> {
    let names = Names::of(reach);
    let end = |flag, asked: &[String]| names.only(flag, asked);
    let port = only("--port", &options.ports).copied();
    let (from, to, port) = match (end("--from", &options.from), end("--to", &options.to), port) {
        (Ok(from), Ok(to), Ok(port)) => (from, to, port),
        (from, to, port) => {
            return Err([from.err(), to.err(), port.err()]
                .into_iter()
                .flatten()
                .map(|fault| *fault)
                .collect());
        }
    };
    let addresses = [&options.from, &options.to].into_iter().flatten().filter_map(|name| name.parse().ok());
    let is_request = options.method.is_some() || options.path.is_some() || options.host.is_some();
    let sent = (is_request || !options.headers.is_empty()).then(|| Request {
        method: options.method.clone().unwrap_or_else(|| "GET".to_owned()),
        path: options.path.clone().unwrap_or_else(|| "/".to_owned()),
        host: options.host.clone().unwrap_or_default(),
        headers: options.headers.clone(),
        ..Request::default()
    });
    Ok(Asked { from, to, address: addresses.into_iter().next(), port, sent })
}

/// What ends are called.
struct Names<'r, 'm> {
    reach: &'r Reach<'m>,
    ends: Vec<(String, End)>,
}

impl<'r, 'm> Names<'r, 'm> {
    fn of(reach: &'r Reach<'m>) -> Self {
        Self { reach, ends: reach.ends().into_iter().map(|end| (reach.end_name(end), end)).collect() }
    }

    /// Returns the ends of a name, never none; an address is called by the block that holds it.
    fn called(&self, name: &str) -> Result<Vec<End>, Box<Diagnostic>> {
        let block = name.parse().ok().and_then(|address| self.reach.blocks().holding(address));
        let named = self.ends.iter().filter(|(other, _)| is_called(other, name)).map(|(_, end)| *end);
        let found: Vec<End> = named.chain(block.map(End::Outside)).collect();
        if found.is_empty() { Err(Box::new(unknown(name, &self.ends))) } else { Ok(found) }
    }

    /// Returns the one end that a flag names.
    fn only(&self, flag: &str, asked: &[String]) -> Result<End, Box<Diagnostic>> {
        let name = only(flag, asked)?;
        match self.called(name)?.as_slice() {
            [end] => Ok(*end),
            ends => Err(several(format!("`{name}` is the name of {} ends", ends.len()))),
        }
    }
}

/// Returns the one value of a flag.
fn only<'a, T>(flag: &str, values: &'a [T]) -> Result<&'a T, Box<Diagnostic>> {
    match values {
        [value] => Ok(value),
        values => Err(several(format!("`{flag}` is given {} times", values.len()))),
    }
}

fn several(message: String) -> Box<Diagnostic> {
    let help = "`--explain` is about one source, one destination and one port; without it, `reach` lists all of them";
    Box::new(Diagnostic::general("explain-several", message).with_help(help))
}

/// A namespace followed by `/*` means every workload in it.
fn is_called(name: &str, asked: &str) -> bool {
    let namespace = asked.strip_suffix("/*").and_then(|namespace| name.strip_prefix(namespace));
    name == asked || namespace.is_some_and(|rest| rest.starts_with('/'))
}

fn unknown(name: &str, ends: &[(String, End)]) -> Diagnostic {
    let help = match nearest(name, ends.iter().map(|(other, _)| other.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a workload is called `namespace/name`, and `namespace/*` is all of a namespace; `node`, `any meshed \
              pod`, `any un-meshed pod`, blocks of policies and an address such as 203.0.113.9 are ends as well; `outside` is \
              one where the blocks leave addresses"
            .to_owned(),
    };
    Diagnostic::general("end-unknown", format!("nothing in the manifests is called `{name}`")).with_help(help)
}
