//! Which flows are asked for, by the names of their ends.

use crate::{
    cli::Reach as Options,
    diagnostic::Diagnostic,
    reach::{End, Reach, Scope},
    schema::nearest,
};

/// Reads the names; a fault for each that nothing is called.
pub(super) fn scope(options: &Options, reach: &Reach<'_>) -> Result<Scope, Vec<Diagnostic>> {
    let ends: Vec<(String, End)> = reach.ends().into_iter().map(|end| (reach.end_name(end), end)).collect();
    let mut faults = Vec::new();
    let mut named = |names: &[String]| -> Option<Vec<End>> {
        let mut found = Vec::new();
        for name in names {
            let before = found.len();
            found.extend(ends.iter().filter(|(other, _)| is_called(other, name)).map(|(_, end)| *end));
            if found.len() == before {
                faults.push(unknown(name, &ends));
            }
        }
        (!names.is_empty()).then_some(found)
    };
    let (from, to) = (named(&options.from), named(&options.to));
    let ports = (!options.ports.is_empty()).then(|| options.ports.clone());
    if faults.is_empty() { Ok(Scope { from, to, ports }) } else { Err(faults) }
}

/// A namespace followed by `/*` means every workload in it.
fn is_called(name: &str, asked: &str) -> bool {
    let namespace = asked.strip_suffix("/*").and_then(|namespace| name.strip_prefix(namespace));
    name == asked || namespace.is_some_and(|rest| rest.starts_with('/'))
}

fn unknown(name: &str, ends: &[(String, End)]) -> Diagnostic {
    let help = match nearest(name, ends.iter().map(|(other, _)| other.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "a workload is called `namespace/name`, and `namespace/*` is all of a namespace; `outside`, `any meshed \
              pod` and the blocks of policies are ends as well"
            .to_owned(),
    };
    Diagnostic::general("end-unknown", format!("nothing in the manifests is called `{name}`")).with_help(help)
}
