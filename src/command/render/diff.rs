//! `meshwright render --diff`: what a render would change, for people, programs and pull requests.

mod json;
mod markdown;

use std::collections::BTreeMap;

use anyhow::Result;
use camino::Utf8Path;

use super::{Against, Rendering, compare, moves, proved, restart, tell_obstructions, weaker};
use crate::{
    cli::{DiffFormat, Render},
    command,
    mesh::Mesh,
    proof,
    reach::Change,
    shell::{Exit, Shell},
    tree::{self, FileChange, FileStatus, State},
};

/// A rendering with what it would change.
struct Difference<'c> {
    pair: &'c Against<'c>,
    changes: Vec<FileChange<'c>>,
    /// What that opens and closes; nothing where no tree is there yet.
    flows: Vec<Change>,
}

pub(super) fn diff(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let Some(pairs) = compare(renderings, options, shell) else { return Ok(Exit::Error) };
    let differences: Vec<Difference<'_>> = pairs.iter().map(difference).collect();
    match options.format {
        DiffFormat::Text => differences.iter().try_for_each(|difference| shell.patch(&difference.changes))?,
        DiffFormat::Json => shell.result(&json::document(&differences))?,
        DiffFormat::Markdown => shell.result(&markdown::comment(&differences))?,
    }
    Ok(differences.iter().map(|difference| tell(difference, shell)).max().unwrap_or(Exit::Clean))
}

fn difference<'c>(pair: &'c Against<'c>) -> Difference<'c> {
    let changes = tree::changes(&pair.comparison);
    let flows = flows(pair.rendering, &changes);
    Difference { pair, changes, flows }
}

/// Returns what changes of files open and close between the workloads that the trees assume.
fn flows(rendering: &Rendering, changes: &[FileChange<'_>]) -> Vec<Change> {
    let old: BTreeMap<&Utf8Path, Option<&str>> =
        changes.iter().map(|change| (change.path, change.before)).collect();
    if old.values().all(Option::is_none) {
        return Vec::new();
    }
    let kept = rendering.tree().iter().filter(|(path, _)| !old.contains_key(path));
    let before = kept.chain(old.iter().filter_map(|(path, text)| Some((*path, (*text)?))));
    let (old, config) = proof::read(&rendering.profile, before);
    let before = Mesh::resolve(&old, config);
    let (new, config) = proof::read(&rendering.profile, rendering.tree().iter());
    command::diff::changes(&[before, Mesh::resolve(&new, config)])
}

fn tell(difference: &Difference<'_>, shell: &mut Shell) -> Exit {
    let Difference { pair, changes, flows } = difference;
    let exit = tell_obstructions(&pair.comparison, shell);
    // Like every diff, it says nothing of what is the same.
    if changes.is_empty() {
        return exit;
    }
    moves(pair, shell);
    shell.notice("differs", &difference.summary());
    for change in changes {
        match change.state {
            State::Edited => shell.notice(
                "stops",
                &format!("a render: `{}` was edited by hand; `--force` drops the edit", change.path),
            ),
            State::Foreign => shell.notice(
                "stops",
                &format!(
                    "a render: `{}` is a file that no render wrote; `--force` overwrites it",
                    change.path
                ),
            ),
            State::Missing | State::Unchanged | State::Stale | State::Extra | State::Obstructed(_) => {}
        }
    }
    restart::tell(pair, shell);
    proved(pair.rendering, shell);
    weaker(pair.rendering, shell);
    if !flows.is_empty() {
        shell.notice("changes", &command::diff::summary(flows));
        shell.detail(&command::diff::text(flows));
    }
    exit.max(Exit::Differs)
}

impl Difference<'_> {
    /// Returns what would happen, in one line.
    fn summary(&self) -> String {
        let [added, changed, removed] = self.counts();
        format!("{}: {added} added, {changed} changed, {removed} removed", self.pair.rendering.tree().root())
    }

    /// Counts what is added, changed and removed, the lock included.
    fn counts(&self) -> [usize; 3] {
        [FileStatus::Added, FileStatus::Changed, FileStatus::Removed]
            .map(|status| self.changes.iter().filter(|change| change.status == status).count())
    }
}
