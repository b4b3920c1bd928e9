//! `meshwright render`: profiles become trees, on the disk or on the screen.

mod check;
mod diff;
pub(super) mod load;
mod restart;
mod write;

use anyhow::{Result, bail};
use camino::Utf8Path;

use self::load::Loaded;
use super::controls;
use crate::{
    cli::Render,
    diagnostic::Diagnostic,
    plan::{undeclared, weakenings},
    profile::{Enforcement, Profile},
    proof::{self, Proof},
    render::{self, Rendered},
    shell::{Exit, Shell},
    source::Sources,
    tree::{self, Comparison, Obstruction, Stamp, State, Tree},
};

/// A profile with the tree that it becomes.
struct Rendering {
    profile: Profile,
    rendered: Rendered,
    proof: Proof,
    stamp: Stamp,
}

impl Rendering {
    fn tree(&self) -> &Tree {
        &self.rendered.tree
    }
}

/// A rendering against what is there.
struct Against<'r> {
    rendering: &'r Rendering,
    comparison: Comparison<'r>,
}

pub(super) fn run(options: &Render, shell: &mut Shell) -> Result<Exit> {
    let to_stdout = options.output == "-";
    if to_stdout && (options.diff || options.check) {
        bail!(
            "`--output -` is no directory to compare with: give `--diff` and `--check` the root of the repository"
        );
    }
    let Some(profiles) = load::load(options, shell) else { return Ok(Exit::Error) };
    let renderings = profiles.into_iter().map(rendering).collect::<Result<Vec<_>>>()?;
    let faults: Vec<Diagnostic> =
        renderings.iter().flat_map(|rendering| &rendering.proof.faults).cloned().collect();
    if !faults.is_empty() {
        shell.diagnostics(&faults, &Sources::default());
        return Ok(Exit::Error);
    }
    let exit = if to_stdout {
        print(&renderings, shell)?
    } else if options.diff {
        diff::diff(&renderings, options, shell)?
    } else if options.check {
        check::check(&renderings, options, shell)?
    } else {
        write::write(&renderings, options, shell)
    };
    Ok(if options.exit_zero && exit == Exit::Differs { Exit::Clean } else { exit })
}

fn rendering(loaded: Loaded) -> Result<Rendering> {
    let Loaded { profile, digest, .. } = loaded;
    let mut rendered = render::render(&profile)?;
    let proof = proof::prove(&profile, rendered.tree.iter());
    for (name, text) in controls::pages(&profile, &rendered.tree) {
        rendered.add_page(name, text);
    }
    let tool = concat!("meshwright ", env!("CARGO_PKG_VERSION")).to_owned();
    let stamp = Stamp { tool, profile: profile.name.clone(), digest };
    Ok(Rendering { profile, rendered, proof, stamp })
}

fn print(renderings: &[Rendering], shell: &mut Shell) -> Result<Exit> {
    for rendering in renderings {
        shell.result(&rendering.rendered.stream())?;
        weaker(rendering, shell);
    }
    Ok(Exit::Clean)
}

/// Compares every rendering with what is there; none where another profile's tree is there, which is then told.
fn compare<'r>(renderings: &'r [Rendering], options: &Render, shell: &mut Shell) -> Option<Vec<Against<'r>>> {
    let against = |rendering: &'r Rendering| Against {
        rendering,
        comparison: tree::compare(&options.output, rendering.tree(), &rendering.stamp),
    };
    let pairs: Vec<Against<'r>> = renderings.iter().map(against).collect();
    for fault in pairs.iter().flat_map(|pair| &pair.comparison.faults) {
        shell.notice("ignored", &format!("a line of the lock, {fault}"));
    }
    let claims: Vec<Diagnostic> = pairs.iter().filter_map(claim).collect();
    shell.diagnostics(&claims, &Sources::default());
    claims.is_empty().then_some(pairs)
}

fn claim(pair: &Against<'_>) -> Option<Diagnostic> {
    let other = pair.comparison.claimed_by.as_ref()?;
    let (root, name, lock) =
        (pair.rendering.tree().root(), &pair.rendering.profile.name, pair.rendering.tree().lock_path());
    let message = format!("`{root}` holds the tree of profile `{other}`, not of `{name}`");
    Some(
        Diagnostic::general("claimed-path", message)
            .with_help("give one of the two another `path`")
            .with_help(format!("if `{other}` is now called `{name}`, say `name: {other}`: to Flux the stages of another name are other stages, and it prunes the old ones, Istio among them, before it has the new ones"))
            .with_help(format!("to rename it all the same, say so in the second line of `{lock}`")),
    )
}

/// Returns the word of `--check` for a state.
fn state(state: &State) -> &'static str {
    match state {
        State::Unchanged => "unchanged",
        State::Missing => "missing",
        State::Stale => "stale",
        State::Extra => "extra",
        State::Edited => "edited by hand",
        State::Foreign => "foreign",
        State::Obstructed(_) => "obstructed",
    }
}

fn files(count: usize) -> String {
    format!("{count} file{}", if count == 1 { "" } else { "s" })
}

/// Says what the tree was found to let through, against what the profile declares.
fn proved(rendering: &Rendering, shell: &mut Shell) {
    let (profile, proof) = (&rendering.profile, &rendering.proof);
    let count = |count: usize| format!("{count} flow{}", if count == 1 { "" } else { "s" });
    let (declared, rest) = (count(profile.flows.len()), undeclared(profile));
    // Where nobody is named there is nobody to ask about.
    let names_nobody = profile.namespaces.iter().all(|namespace| namespace.workloads.is_empty());
    if names_nobody || profile.enforcement == Enforcement::Audit {
        return shell.status("declared", &format!("{declared}; {rest}"));
    }
    let wider = match proof.wider.len() {
        0 => String::new(),
        1 => "; 1 reach is wider than declared".to_owned(),
        several => format!("; {several} reach wider than declared"),
    };
    shell.status("proved", &format!("{declared} declared, {} allowed; {rest}{wider}", proof.flows));
    for sentence in &proof.wider {
        shell.notice("wider", &format!("than declared: {sentence}"));
    }
}

fn weaker(rendering: &Rendering, shell: &mut Shell) {
    for weakening in weakenings(&rendering.profile) {
        shell.notice("weaker", &format!("than the default: {}: {}", weakening.what, weakening.why));
    }
}

/// Tells whence the tree moves.
fn moves(pair: &Against<'_>, shell: &mut Shell) {
    for old in &pair.comparison.moved_from {
        shell.notice("moves", &format!("{old} to {}", pair.rendering.tree().root()));
    }
}

/// Tells what stands in the way, if anything does.
fn tell_obstructions(comparison: &Comparison<'_>, shell: &mut Shell) -> Exit {
    let faults = obstructions(comparison);
    shell.diagnostics(&faults, &Sources::default());
    if faults.is_empty() { Exit::Clean } else { Exit::Error }
}

/// Returns what stands in the way: one fault for all files behind a directory that cannot be entered.
fn obstructions(comparison: &Comparison<'_>) -> Vec<Diagnostic> {
    let mut causes: Vec<(&Obstruction, Vec<&Utf8Path>)> = Vec::new();
    for entry in &comparison.entries {
        let State::Obstructed(cause) = &entry.state else { continue };
        match causes.iter_mut().find(|(known, _)| *known == cause && is_shared(cause)) {
            Some((_, paths)) => paths.push(&entry.path),
            None => causes.push((cause, vec![&entry.path])),
        }
    }
    causes.into_iter().map(|(cause, paths)| obstruction(cause, &paths)).collect()
}

/// Whether it names the place itself, and so says the same of every file behind it.
fn is_shared(cause: &Obstruction) -> bool {
    match cause {
        Obstruction::File(_) | Obstruction::Outside(_) => true,
        Obstruction::Directory | Obstruction::Symlink | Obstruction::Special | Obstruction::Unreadable(_) => {
            false
        }
    }
}

fn obstruction(cause: &Obstruction, paths: &[&Utf8Path]) -> Diagnostic {
    let (first, count) = (paths[0], files(paths.len()));
    let help = "move it away, or choose another `path`";
    let (message, help) = if is_shared(cause) {
        (cause.to_string(), format!("{count} of the tree cannot go there, such as `{first}`: {help}"))
    } else {
        (format!("no render can write `{first}`: {cause}"), help.to_owned())
    };
    Diagnostic::general("obstructed-path", message).with_help(help)
}
