//! `meshwright diff`: which flows a change of manifests opens and closes.

use std::fmt::Write as _;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{
    flows::{Row, aligned, passage, ports, row},
    input, no_workloads,
};
use crate::{
    cli::{DeniedChange, Diff, ReportFormat},
    manifest::Manifests,
    mesh::{Config, Mesh},
    reach::{Change, Delta, Enforcement, Passage, Reach, Scope},
    release::Patch,
    shell::{Exit, Shell},
    source::Sources,
};

/// What a change does to flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// More passes.
    Opened,
    /// Other things pass, or by other means.
    Changed,
    /// Less passes.
    Closed,
}

impl Effect {
    const ALL: [Self; 3] = [Self::Opened, Self::Changed, Self::Closed];

    fn of(delta: &Delta) -> Self {
        match (delta.opens, delta.closes) {
            (true, false) => Self::Opened,
            (false, true) => Self::Closed,
            (true, true) | (false, false) => Self::Changed,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Changed => "changed",
            Self::Closed => "closed",
        }
    }
}

pub(super) fn run(options: &Diff, shell: &mut Shell) -> Result<Exit> {
    if options.old == "-" && options.new == "-" {
        bail!("standard input can be OLD or NEW, not both");
    }
    let mut sources = Sources::default();
    let versions = [&options.old, &options.new].map(|path| input::read_version(path, &mut sources));
    for version in &versions {
        shell.diagnostics(&version.diagnostics, &sources);
    }
    if versions.iter().any(|version| !version.is_readable) {
        return Ok(Exit::Error);
    }
    let configs = versions.each_ref().map(|version| config(&version.manifests, options.istio, &sources));
    let [old, new] = &versions;
    let [before, after] = configs;
    let meshes = [Mesh::resolve(&old.manifests, before), Mesh::resolve(&new.manifests, after)];
    for (version, mesh) in versions.iter().zip(&meshes) {
        shell.diagnostics(&version.undelivered(mesh, &sources), &sources);
    }
    if meshes.iter().all(|mesh| mesh.pods().is_empty()) {
        shell.diagnostics(&[no_workloads()], &sources);
        return Ok(Exit::Error);
    }
    let changes = changes(&meshes);
    shell.result(&match options.format {
        ReportFormat::Text => text(&changes),
        ReportFormat::Json => json(&changes),
        ReportFormat::Markdown => markdown(&changes),
    })?;
    if options.format == ReportFormat::Text {
        shell.status("compared", &summary(&changes));
    }
    let is_denied = |change: &Change| options.deny == DeniedChange::Any || change.delta.opens;
    Ok(if changes.iter().any(is_denied) && !options.exit_zero { Exit::Differs } else { Exit::Clean })
}

fn config(manifests: &Manifests, istio: Option<Patch>, sources: &Sources) -> Config {
    let mut config = Config::found_in(manifests, sources);
    config.release = istio.map_or(config.release, |istio| (istio.minor.minor.into(), istio.patch.into()));
    config
}

/// Returns what the flows of the second mesh have otherwise than those of the first.
pub(super) fn changes(meshes: &[Mesh<'_>; 2]) -> Vec<Change> {
    let [old, new] = meshes;
    // Each is asked about whomever either names.
    let others = Reach::of(old).others().and(Reach::of(new).others());
    let before = Reach::new(old, others.clone(), Enforcement::default());
    let after = Reach::new(new, others, Enforcement::default());
    let table = |reach: &Reach<'_>| reach.table(&reach.flows(&Scope::default()));
    let mut changes = after.comparison(&before).changes(&table(&before), &table(&after));
    changes.sort_by_key(|change| Effect::of(&change.delta));
    changes
}

/// Returns the lines of a change, each with the sign of its side.
fn signed(change: &Change) -> Vec<(char, Row)> {
    let row = |passage: &Passage| row(&change.from, &change.to, &change.ports, passage);
    let before = change.delta.before.iter().map(|passage| ('-', row(passage)));
    before.chain(change.delta.after.iter().map(|passage| ('+', row(passage)))).collect()
}

/// Returns what changes, by effect.
fn groups(changes: &[Change]) -> Vec<(Effect, Vec<String>)> {
    let lines: Vec<(Effect, char, Row)> = changes
        .iter()
        .flat_map(|change| {
            signed(change).into_iter().map(|(sign, row)| (Effect::of(&change.delta), sign, row))
        })
        .collect();
    let rows: Vec<Row> = lines.iter().map(|(_, _, row)| row.clone()).collect();
    let texts = aligned(&rows);
    let group = |effect| {
        let own = lines.iter().zip(&texts).filter(|((other, ..), _)| *other == effect);
        (effect, own.map(|((_, sign, _), text)| format!("{sign} {text}")).collect::<Vec<_>>())
    };
    Effect::ALL.map(group).into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

pub(super) fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    for (effect, lines) in groups(changes) {
        let _ = writeln!(text, "{}\n  {}", effect.name(), lines.join("\n  "));
    }
    text
}

fn markdown(changes: &[Change]) -> String {
    let mut page = format!("## meshwright: flows\n\n{}\n", summary(changes));
    for (effect, lines) in groups(changes) {
        let _ = write!(page, "\n### {}\n\n```diff\n{}\n```\n", effect.name(), lines.join("\n"));
    }
    page
}

fn json(changes: &[Change]) -> String {
    format!("{:#}\n", json!({"version": 1, "changes": fields(changes)}))
}

/// Returns changes for programs.
pub(super) fn fields(changes: &[Change]) -> Vec<Value> {
    let list = |passages: &[Passage]| -> Vec<Value> { passages.iter().map(passage).collect() };
    let change = |change: &Change| {
        json!({
            "effect": Effect::of(&change.delta).name(),
            "opens": change.delta.opens,
            "closes": change.delta.closes,
            "from": change.from,
            "to": change.to,
            "ports": ports(&change.ports),
            "before": list(&change.delta.before),
            "after": list(&change.delta.after),
        })
    };
    changes.iter().map(change).collect()
}

/// Returns how many flows each effect has, a flow being a pair of ends.
pub(super) fn summary(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "the same flows".to_owned();
    }
    let count = |effect: Effect| {
        let own = changes.iter().filter(|change| Effect::of(&change.delta) == effect);
        own.map(|change| change.from.len()).sum::<usize>()
    };
    let counted = Effect::ALL.map(|effect| (count(effect), effect.name()));
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    let counted: Vec<String> = counted.map(|(count, name)| format!("{count} {name}")).collect();
    format!("flows: {}", counted.join(", "))
}
