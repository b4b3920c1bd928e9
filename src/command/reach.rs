//! `meshwright reach`: who can talk to whom.

mod asked;
mod explain;
mod graph;
mod json;
mod routes;
mod table;

use anyhow::Result;

use super::{input, no_workloads};
use crate::{
    cli::{Reach as Options, ReachFormat},
    mesh::{Config, Mesh},
    reach::{End, Flow, Reach},
    shell::{Exit, Shell},
    source::Sources,
};

/// What was found.
struct Report<'r, 'm> {
    reach: &'r Reach<'m>,
    flows: &'r [Flow],
    /// Whether somebody asked for sources by name.
    is_from_asked: bool,
}

impl Report<'_, '_> {
    /// Returns what people are shown: each flow with its sources, but for flows that only a pod's own node has, which are the
    /// same everywhere.
    fn lines(&self) -> impl Iterator<Item = (&Flow, Vec<String>)> {
        let node = End::Pod(self.reach.endpoints().node());
        let told = self.flows.iter().filter(move |flow| self.is_from_asked || flow.from != [node]);
        told.map(|flow| (flow, flow.from.iter().map(|end| self.reach.end_name(*end)).collect()))
    }
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
    shell.diagnostics(&input.undelivered(&mesh, &sources), &sources);
    if mesh.pods().is_empty() {
        shell.diagnostics(&[no_workloads()], &sources);
        return Ok(Exit::Error);
    }
    let reach = Reach::of(&mesh);
    if options.explain {
        return explain::run(options, &reach, &sources, shell);
    }
    if options.routes {
        return routes::run(&reach, &sources, shell);
    }
    let scope = match asked::scope(options, &reach) {
        Ok(scope) => scope,
        Err(unknown) => {
            shell.diagnostics(&unknown, &sources);
            return Ok(Exit::Error);
        }
    };
    let flows = reach.flows(&scope);
    let report = Report { reach: &reach, flows: &flows, is_from_asked: scope.from.is_some() };
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
        let (mut lines, mut unsure) = (0, 0);
        for (flow, _) in report.lines() {
            lines += 1;
            unsure += usize::from(flow.is_unsure());
        }
        let s = if lines == 1 { "" } else { "s" };
        let unsure = if unsure > 0 { format!("; {unsure} cannot be told") } else { String::new() };
        let node =
            if lines < flows.len() { "; what a pod's own node may do shows `--from node`" } else { "" };
        shell.status("found", &format!("{lines} line{s} on {} workloads{unsure}{node}", mesh.pods().len()));
    }
    Ok(Exit::Clean)
}
