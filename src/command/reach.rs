//! `meshwright reach`: who can talk to whom.

mod asked;
mod graph;
mod json;
mod table;

use anyhow::Result;

use super::input;
use crate::{
    cli::{Reach as Options, ReachFormat},
    diagnostic::Diagnostic,
    mesh::{Config, Mesh},
    reach::{Enforcement, Flow, Reach, Unseen},
    shell::{Exit, Shell},
    source::Sources,
};

/// What was found.
struct Report<'r, 'm> {
    reach: &'r Reach<'m>,
    flows: &'r [Flow],
}

pub(super) fn run(options: &Options, shell: &mut Shell) -> Result<Exit> {
    let mut sources = Sources::default();
    let input = input::read(&options.paths, &mut sources);
    shell.diagnostics(&input.diagnostics, &sources);
    if !input.is_readable {
        return Ok(Exit::Error);
    }
    let mut config = Config::found_in(&input.manifests, &sources);
    config.release =
        options.istio.map_or(config.release, |istio| (istio.minor.minor.into(), istio.patch.into()));
    let mesh = Mesh::resolve(&input.manifests, config);
    if mesh.pods().is_empty() {
        shell.diagnostics(&[no_workloads()], &sources);
        return Ok(Exit::Error);
    }
    let reach = of(&mesh);
    let scope = match asked::scope(options, &reach) {
        Ok(scope) => scope,
        Err(unknown) => {
            shell.diagnostics(&unknown, &sources);
            return Ok(Exit::Error);
        }
    };
    let flows = reach.flows(&scope);
    let report = Report { reach: &reach, flows: &flows };
    shell.result(&match options.format {
        ReachFormat::Table => table::table(&report),
        ReachFormat::Csv => table::csv(&report),
        ReachFormat::Matrix => graph::matrix(&report),
        ReachFormat::Json => json::json(&report),
        ReachFormat::Dot => graph::dot(&report),
        ReachFormat::Mermaid => graph::mermaid(&report),
        ReachFormat::Svg => graph::svg(&report),
    })?;
    if options.format == ReachFormat::Table {
        let (pods, unsure) = (mesh.pods().len(), flows.iter().filter(|flow| flow.is_unsure()).count());
        let unsure = if unsure > 0 { format!("; {unsure} cannot be told") } else { String::new() };
        shell.status("found", &format!("{} lines on {pods} workloads{unsure}", flows.len()));
    }
    Ok(Exit::Clean)
}

/// Without a workload there is no flow to list, which must not read as if all were closed.
fn no_workloads() -> Diagnostic {
    Diagnostic::general("no-workloads", "no workload is in the manifests, so that nothing is known of who reaches it")
        .with_help("name the teams' manifests as well, such as what `kubectl get deployments,services -A -o yaml` prints")
}

/// Puts the layers of a mesh together, with the two kinds of pods that nobody shows.
fn of<'m>(mesh: &'m Mesh<'m>) -> Reach<'m> {
    let anybody = [true, false].map(|is_meshed| Unseen::anybody(mesh, is_meshed));
    Reach::new(mesh, anybody.into(), Enforcement::default())
}
