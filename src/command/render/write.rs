//! `meshwright render`: every tree is written, or none.

use super::{Against, Rendering, compare, files, proved, restart, weaker};
use crate::{
    cli::Render,
    diagnostic::Diagnostic,
    profile::Profile,
    shell::{self, Exit, Shell},
    source::Sources,
    tree::{self, Comparison, FileChange, State},
};

pub(super) fn write(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Exit {
    let Some(pairs) = compare(renderings, options, shell) else { return Exit::Error };
    let faults: Vec<Diagnostic> =
        pairs.iter().flat_map(|pair| refusals(pair, options.force, shell)).collect();
    if !faults.is_empty() {
        shell.diagnostics(&faults, &Sources::default());
        return Exit::Error;
    }
    for pair in &pairs {
        if let Err(error) = tree::write(&options.output, &pair.comparison, options.force) {
            shell.diagnostics(&[cut_short(&error)], &Sources::default());
            return Exit::Error;
        }
        tell(pair, options.force, shell);
    }
    Exit::Clean
}

fn cut_short(error: &anyhow::Error) -> Diagnostic {
    Diagnostic::general("write-failed", shell::story(error)).with_help(
        "no file is half written and nothing is lost: mend the cause, and the same render does the rest",
    )
}

fn tell(pair: &Against<'_>, force: bool, shell: &mut Shell) {
    let (place, comparison) = (pair.rendering.tree().root(), &pair.comparison);
    for old in &comparison.moved_from {
        shell.status("moved", &format!("{old} to {place}"));
    }
    if comparison.is_current() {
        shell.status("unchanged", &format!("{place}: {}", files(comparison.entries.len())));
    } else {
        shell.status("rendered", &format!("{place}: {}", comparison.summary(force)));
    }
    restart::tell(pair, shell);
    proved(pair.rendering, shell);
    if let Some(canary) = beside(&pair.rendering.profile) {
        shell.status("canary", &canary);
    }
    weaker(pair.rendering, shell);
}

/// Says what a second control plane is, and who follows it.
fn beside(profile: &Profile) -> Option<String> {
    let canary = profile.revisions.canary.as_ref()?;
    let follows = |revision: &Option<String>| {
        profile.control_plane(revision.as_deref()).revision == Some(canary.revision.as_str())
    };
    let namespaces = profile.namespaces.iter().filter(|namespace| follows(&namespace.revision));
    let mut followers: Vec<&str> = namespaces.map(|namespace| namespace.name.as_str()).collect();
    if follows(&profile.gateway.revision) {
        followers.insert(0, "the gateway");
    }
    let who = if followers.is_empty() { "nobody".to_owned() } else { followers.join(", ") };
    let verb = if followers.len() > 1 { "follow" } else { "follows" };
    Some(format!(
        "Istio {} as {} beside {}: {who} {verb} it",
        canary.version, canary.revision, profile.chart_version
    ))
}

/// Tells which files nobody but their author may overwrite, and shows first what a render would do to them.
fn refusals(pair: &Against<'_>, force: bool, shell: &mut Shell) -> Vec<Diagnostic> {
    let mut faults = super::obstructions(&pair.comparison);
    if !force {
        let edited = changes_of(&pair.comparison, &State::Edited);
        let (endings, edited): (Vec<_>, Vec<_>) = edited.into_iter().partition(has_other_line_endings);
        shell.evidence(&edited);
        faults.extend(line_endings(&endings));
        faults.extend(with_way_out(edited.iter().map(edit), &KEEP_OR_DROP));
        let foreign = changes_of(&pair.comparison, &State::Foreign);
        faults.extend(with_way_out(foreign.iter().map(stranger), &MAKE_WAY));
    }
    faults
}

fn changes_of<'c>(comparison: &'c Comparison<'_>, state: &State) -> Vec<FileChange<'c>> {
    comparison.entries.iter().filter(|entry| entry.state == *state).filter_map(tree::change_of).collect()
}

/// Tells whether a file is as rendered but for carriage returns, which git gives every line where it is told to.
fn has_other_line_endings(change: &FileChange<'_>) -> bool {
    change.before.zip(change.after).is_some_and(|(before, after)| before.replace("\r\n", "\n") == after)
}

fn line_endings(changes: &[FileChange<'_>]) -> Option<Diagnostic> {
    let first = changes.first()?;
    let (count, ends) = (files(changes.len()), if changes.len() == 1 { "ends" } else { "end" });
    let message = format!("{count} {ends} lines with CRLF, such as `{}`", first.path);
    Some(
        Diagnostic::general("line-endings", message)
            .with_help("a lock holds for bytes: keep git from changing them, with a line `* -text` in `.gitattributes`")
            .with_help("write the files anew with `--force`"),
    )
}

fn edit(change: &FileChange<'_>) -> Diagnostic {
    let message = format!("`{}` was edited by hand; a render would undo that as shown above", change.path);
    Diagnostic::general("edited-by-hand", message)
}

fn stranger(change: &FileChange<'_>) -> Diagnostic {
    let message = format!("`{}` stands in the way, and no render wrote it", change.path);
    Diagnostic::general("foreign-file", message)
}

const KEEP_OR_DROP: [&str; 2] = [
    "keep an edit by saying it in the profile (`values`, `exceptions`), or in a file of your own outside the tree",
    "drop every edit with `--force`",
];

const MAKE_WAY: [&str; 1] = ["move the file, choose another `path`, or overwrite it with `--force`"];

/// The way out is the same for all, so only the last of them says it.
fn with_way_out(faults: impl Iterator<Item = Diagnostic>, help: &[&str]) -> Vec<Diagnostic> {
    let mut faults: Vec<Diagnostic> = faults.collect();
    if let Some(last) = faults.last_mut() {
        last.help.extend(help.iter().map(|help| (*help).to_owned()));
    }
    faults
}
