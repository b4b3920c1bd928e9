//! `meshwright render --diff`: what a render would change, for people, programs and pull requests.

mod json;
mod markdown;

use anyhow::Result;

use super::{Against, Rendering, compare, moves, restart, tell_obstructions, weaker};
use crate::{
    cli::{DiffFormat, Render},
    shell::{Exit, Shell},
    tree::{self, FileChange, FileStatus, State},
};

/// A rendering with what it would change.
struct Difference<'c> {
    pair: &'c Against<'c>,
    changes: Vec<FileChange<'c>>,
}

pub(super) fn diff(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let Some(pairs) = compare(renderings, options, shell) else { return Ok(Exit::Error) };
    let differences: Vec<Difference<'_>> =
        pairs.iter().map(|pair| Difference { pair, changes: tree::changes(&pair.comparison) }).collect();
    match options.format {
        DiffFormat::Text => differences.iter().try_for_each(|difference| shell.patch(&difference.changes))?,
        DiffFormat::Json => shell.result(&json::document(&differences))?,
        DiffFormat::Markdown => shell.result(&markdown::comment(&differences))?,
    }
    Ok(differences.iter().map(|difference| tell(difference, shell)).max().unwrap_or(Exit::Clean))
}

fn tell(difference: &Difference<'_>, shell: &mut Shell) -> Exit {
    let Difference { pair, changes } = difference;
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
    weaker(pair.rendering, shell);
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
