//! `meshwright render --check`: every file that is not as rendered, by name.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Against, Rendering, compare, files, moves, state, tell_obstructions, weaker};
use crate::{
    cli::Render,
    shell::{Exit, Shell},
    tree::{self, State},
};

pub(super) fn check(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let Some(pairs) = compare(renderings, options, shell) else { return Ok(Exit::Error) };
    let (mut exit, mut report) = (Exit::Clean, String::new());
    for pair in &pairs {
        let found = findings(pair, options);
        for (path, finding) in &found {
            let _ = writeln!(report, "{finding:<14} {path}");
        }
        exit = exit.max(tell_obstructions(&pair.comparison, shell));
        let root = pair.rendering.tree().root();
        if found.is_empty() {
            let count = files(pair.comparison.entries.len());
            shell.status("checked", &format!("{root}: {count} as rendered"));
        } else {
            exit = exit.max(Exit::Differs);
            moves(pair, shell);
            shell.notice("differs", &format!("{root}: {} not as rendered", files(found.len())));
        }
        weaker(pair.rendering, shell);
    }
    shell.result(&report)?;
    Ok(exit)
}

/// What is wrong with which path, in the order of the paths.
fn findings(pair: &Against<'_>, options: &Render) -> BTreeMap<Utf8PathBuf, &'static str> {
    let unlisted = tree::unlisted(&options.output, pair.rendering.tree());
    let mut found: BTreeMap<_, _> = unlisted.into_iter().map(|path| (path, state(&State::Foreign))).collect();
    let entries = pair.comparison.entries.iter().filter(|entry| entry.state != State::Unchanged);
    found.extend(entries.map(|entry| (entry.path.clone(), state(&entry.state))));
    found
}
