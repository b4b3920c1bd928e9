//! `meshwright render`: profiles become trees, on the disk or on the screen.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::Exit;
use crate::{
    cli::{DiffFormat, Render},
    diagnostic::{Diagnostic, Severity},
    plan::{Weakening, weakenings},
    profile::{self, Profile},
    render::{self, Rendered},
    shell::{self, Shell},
    source::{Source, Sources},
    tree::{self, Comparison, Digest, Entry, FileChange, FileStatus, Stamp, State, Written},
};

/// A profile with the tree that it becomes.
struct Rendering {
    profile: Profile,
    rendered: Rendered,
    stamp: Stamp,
}

pub(super) fn run(options: &Render, shell: &mut Shell) -> Result<Exit> {
    let to_stdout = options.output == "-";
    if to_stdout && (options.diff || options.check) {
        bail!("`--output -` prints manifests; there is no directory to compare with");
    }
    let Some(profiles) = load(options, shell)? else { return Ok(Exit::Error) };
    let renderings = profiles.into_iter().map(rendering).collect::<Result<Vec<_>>>()?;
    let exit = if to_stdout {
        print(&renderings, shell)?
    } else if options.diff {
        diff(&renderings, options, shell)?
    } else if options.check {
        check(&renderings, options, shell)?
    } else {
        write(&renderings, options, shell)?
    };
    Ok(if options.exit_zero && exit == Exit::Differs { Exit::Clean } else { exit })
}

/// Reads the profiles; none where one of them has a fault, which is then told.
fn load(options: &Render, shell: &mut Shell) -> Result<Option<Vec<(Profile, Digest)>>> {
    let today = options.today.clone().unwrap_or_else(shell::today);
    let (mut sources, mut diagnostics, mut profiles) = (Sources::default(), Vec::new(), Vec::new());
    for path in &options.profiles {
        let text = match read(path) {
            Ok(text) => text,
            Err(fault) => {
                diagnostics.push(*fault);
                continue;
            }
        };
        let first = sources.len();
        let folder = path.parent().unwrap_or(Utf8Path::new("")).to_owned();
        let (profile, found) =
            profile::load(Source { path: path.clone(), text }, &mut sources, &mut |pattern| {
                fragments(&folder, pattern)
            });
        diagnostics.extend(found);
        if let Some(profile) = profile {
            diagnostics.extend(expired(&profile, &today));
            let texts: Vec<&str> =
                (first..sources.len()).map(|file| sources.get(file).text.as_str()).collect();
            profiles.push((profile, Digest::of(texts.join("\0"))));
        }
    }
    diagnostics.extend(claims(&profiles));
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity < Severity::Error);
    shell.diagnostics(&diagnostics, &sources)?;
    Ok(is_sound.then_some(profiles))
}

/// Reads a text as YAML is written: UTF-8, with or without a byte order mark.
fn read(path: &Utf8Path) -> Result<String, Box<Diagnostic>> {
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("cannot read `{path}`: {}", shell::reason(&error));
        let help = "`meshwright init` writes a profile to start from";
        Box::new(Diagnostic::general("unreadable-file", message).with_help(help))
    })?;
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").map_or(bytes.clone(), <[u8]>::to_vec);
    String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{path}` is not UTF-8 text");
        Box::new(Diagnostic::general("not-utf-8", message).with_help("save the file as UTF-8"))
    })
}

/// Finds the fragments that a pattern names below the profile's folder, in the order of their paths.
fn fragments(folder: &Utf8Path, pattern: &str) -> Result<Vec<Source>, String> {
    let root = if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder };
    let root = root.canonicalize_utf8().map_err(|error| shell::reason(&error))?;
    let absolute = format!("{}/{pattern}", glob::Pattern::escape(root.as_str()));
    let paths = glob::glob(&absolute).map_err(|error| error.msg.to_owned())?;
    let mut found = Vec::new();
    for path in paths {
        let path = path.map_err(|error| shell::reason(error.error()))?;
        let path = Utf8PathBuf::try_from(path).map_err(|_| "a file's name is not UTF-8".to_owned())?;
        let real = path.canonicalize_utf8().map_err(|error| shell::reason(&error))?;
        if !real.starts_with(&root) {
            return Err(format!("`{path}` leads out of the profile's folder"));
        }
        if real.is_file() {
            let below = path.strip_prefix(&root).map_or(path.clone(), Utf8Path::to_owned);
            let text = read(&path).map_err(|fault| fault.message)?;
            found.push(Source { path: folder.join(below), text });
        }
    }
    Ok(found)
}

/// Reports the exceptions whose last day is over.
fn expired(profile: &Profile, today: &str) -> Vec<Diagnostic> {
    let over = profile.exceptions.iter().filter(|exception| exception.expires.as_str() < today);
    over.map(|exception| {
        Diagnostic::error(
            "exception-expired",
            exception.span,
            format!("the exception expired on {}", exception.expires),
            format!("today is {today}"),
        )
        .with_help(format!("{} decides: remove the exception, or set a later day", exception.owner))
    })
    .collect()
}

/// Reports profiles that would write into each other's tree.
fn claims(profiles: &[(Profile, Digest)]) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    for (index, (one, _)) in profiles.iter().enumerate() {
        for (other, _) in &profiles[..index] {
            if one.path.starts_with(&other.path) || other.path.starts_with(&one.path) {
                let message = format!(
                    "profiles `{}` and `{}` both claim `{}`",
                    other.name,
                    one.name,
                    if one.path.starts_with(&other.path) { &one.path } else { &other.path }
                );
                faults
                    .push(Diagnostic::general("claimed-path", message).with_help("give each its own `path`"));
            } else if one.name == other.name {
                let message = format!("two profiles are named `{}`", one.name);
                faults
                    .push(Diagnostic::general("claimed-name", message).with_help("give each its own `name`"));
            }
        }
    }
    faults
}

fn rendering((profile, digest): (Profile, Digest)) -> Result<Rendering> {
    let rendered = render::render(&profile)?;
    let tool = concat!("meshwright ", env!("CARGO_PKG_VERSION")).to_owned();
    let stamp = Stamp { tool, profile: profile.name.clone(), digest };
    Ok(Rendering { profile, rendered, stamp })
}

fn print(renderings: &[Rendering], shell: &mut Shell) -> Result<Exit> {
    for rendering in renderings {
        shell.result(&rendering.rendered.stream())?;
        weaker(&weakenings(&rendering.profile), shell)?;
    }
    Ok(Exit::Clean)
}

fn compare<'t>(rendering: &'t Rendering, options: &Render, shell: &mut Shell) -> Result<Comparison<'t>> {
    let comparison = tree::compare(&options.output, &rendering.rendered.tree, &rendering.stamp);
    for fault in &comparison.faults {
        shell.notice("lock", &format!("{fault}; the line is left out"))?;
    }
    if let Some(other) = &comparison.claimed_by {
        let root = rendering.rendered.tree.root();
        shell.complaint(&format!(
            "`{root}` holds the tree of profile `{other}`, not of `{}`",
            rendering.profile.name
        ))?;
        shell.notice(
            "help:",
            "give one of the two another `path`, or remove the old tree's lock if that profile is gone",
        )?;
    }
    Ok(comparison)
}

fn diff(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let mut exit = Exit::Clean;
    let (mut documents, mut comment) = (Vec::new(), String::new());
    for rendering in renderings {
        let comparison = compare(rendering, options, shell)?;
        let changes = tree::changes(&comparison);
        let summary = summary(rendering, &changes);
        match options.format {
            DiffFormat::Text => shell.patch(&changes)?,
            DiffFormat::Json => documents.push(document(rendering, &changes)),
            DiffFormat::Markdown => comment.push_str(&markdown(rendering, &changes, &summary)),
        }
        exit = exit.max(obstructed(&comparison, shell)?);
        if !changes.is_empty() {
            exit = exit.max(Exit::Differs);
            shell.status("diff", &summary)?;
            hand_edits(&comparison, shell)?;
            after_upgrade(&changes, shell)?;
            weaker(&weakenings(&rendering.profile), shell)?;
        }
    }
    match options.format {
        DiffFormat::Text => {}
        DiffFormat::Json => drop(shell.result(&format!("{:#}\n", json!({"trees": documents})))?),
        DiffFormat::Markdown => drop(shell.result(&comment)?),
    }
    Ok(exit)
}

/// Returns what would happen, in one line.
fn summary(rendering: &Rendering, changes: &[FileChange<'_>]) -> String {
    let count = |status| changes.iter().filter(|change| change.status == status).count();
    format!(
        "{}: {} added, {} changed, {} removed",
        rendering.rendered.tree.root(),
        count(FileStatus::Added),
        count(FileStatus::Changed),
        count(FileStatus::Removed),
    )
}

fn document(rendering: &Rendering, changes: &[FileChange<'_>]) -> Value {
    let count = |status| changes.iter().filter(|change| change.status == status).count();
    let weaker: Vec<Value> = weakenings(&rendering.profile)
        .into_iter()
        .map(|weakening| json!({"what": weakening.what, "why": weakening.why}))
        .collect();
    let files: Vec<Value> = changes
        .iter()
        .map(|change| {
            json!({
                "path": change.path,
                "status": change.status.name(),
                "editedByHand": matches!(change.state, State::Edited),
                "foreign": matches!(change.state, State::Foreign),
                "diff": change.to_string(),
            })
        })
        .collect();
    json!({
        "profile": rendering.profile.name,
        "path": rendering.rendered.tree.root(),
        "summary": {
            "added": count(FileStatus::Added),
            "changed": count(FileStatus::Changed),
            "removed": count(FileStatus::Removed),
        },
        "weakenings": weaker,
        "files": files,
    })
}

/// Returns a pull request comment: the summary, what is weaker than the default, one folded section a file.
fn markdown(rendering: &Rendering, changes: &[FileChange<'_>], summary: &str) -> String {
    let mut text = format!("### meshwright: {}\n\n{summary}\n", rendering.profile.name);
    for weakening in weakenings(&rendering.profile) {
        // Indented text would be code; a name or a reason must not be markup either.
        let _ = write!(
            text,
            "\n* weaker than the default: {}: {}",
            escaped(&weakening.what),
            escaped(&weakening.why)
        );
    }
    for change in changes {
        let diff = change.to_string();
        let longest = diff.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = write!(
            text,
            "\n\n<details><summary>{} {}</summary>\n\n{fence}diff\n{diff}{fence}\n\n</details>",
            change.status.name(),
            escaped(change.path.as_str()),
        );
    }
    text.push('\n');
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

fn check(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let (mut exit, mut report) = (Exit::Clean, String::new());
    for rendering in renderings {
        let comparison = compare(rendering, options, shell)?;
        let mut found: BTreeSet<(&Utf8Path, &str)> = comparison
            .entries
            .iter()
            .filter_map(|entry| finding(entry).map(|finding| (entry.path.as_path(), finding)))
            .collect();
        let unlisted = tree::unlisted(&options.output, &rendering.rendered.tree);
        found.extend(unlisted.iter().map(|path| (path.as_path(), "extra")));
        for (path, finding) in &found {
            let _ = writeln!(report, "{finding:<14} {path}");
        }
        exit = exit.max(obstructed(&comparison, shell)?);
        if found.is_empty() {
            shell.status(
                "checked",
                &format!(
                    "{}: {} files are as rendered",
                    rendering.rendered.tree.root(),
                    rendering.rendered.tree.len()
                ),
            )?;
        } else {
            exit = exit.max(Exit::Differs);
            shell.notice(
                "check",
                &format!("{}: {} files are not as rendered", rendering.rendered.tree.root(), found.len()),
            )?;
        }
        weaker(&weakenings(&rendering.profile), shell)?;
    }
    shell.result(&report)?;
    Ok(exit)
}

fn finding(entry: &Entry<'_>) -> Option<&'static str> {
    match entry.state {
        State::Unchanged => None,
        State::Missing => Some("missing"),
        State::Stale => Some("stale"),
        State::Extra => Some("extra"),
        State::Edited => Some("edited by hand"),
        State::Foreign => Some("foreign"),
        State::Obstructed(_) => Some("obstructed"),
    }
}

fn write(renderings: &[Rendering], options: &Render, shell: &mut Shell) -> Result<Exit> {
    let comparisons =
        renderings.iter().map(|rendering| compare(rendering, options, shell)).collect::<Result<Vec<_>>>()?;
    // Either every tree is written or none.
    let mut exit = Exit::Clean;
    for comparison in &comparisons {
        exit = exit.max(obstructed(comparison, shell)?);
        if !options.force {
            exit = exit.max(refused(comparison, shell)?);
        }
    }
    if exit != Exit::Clean {
        return Ok(exit);
    }
    for (rendering, comparison) in renderings.iter().zip(&comparisons) {
        if let Written::Done(summary) = tree::write(&options.output, comparison, options.force)? {
            let place = rendering.rendered.tree.root();
            for old in &comparison.moved_from {
                shell.status("moved", &format!("{old} to {place}"))?;
            }
            if comparison.is_current() {
                shell.status("unchanged", &format!("{place}: {} files", rendering.rendered.tree.len()))?;
            } else {
                shell.status("rendered", &format!("{place}: {summary}"))?;
            }
            after_upgrade(&tree::changes(comparison), shell)?;
            let count = rendering.profile.flows.len();
            shell.status(
                "declared",
                &format!("{count} flow{}; nothing else may talk", if count == 1 { "" } else { "s" }),
            )?;
            weaker(&weakenings(&rendering.profile), shell)?;
        }
    }
    Ok(Exit::Clean)
}

fn weaker(weakenings: &[Weakening], shell: &mut Shell) -> Result<()> {
    weakenings
        .iter()
        .try_for_each(|weakening| shell.notice("weaker", &format!("{}: {}", weakening.what, weakening.why)))
}

/// Says that running proxies keep their version, where the change is one of the charts.
fn after_upgrade(changes: &[FileChange<'_>], shell: &mut Shell) -> Result<()> {
    let istiod = changes.iter().find(|change| change.path.file_name() == Some("helmrelease-istiod.yaml"));
    let versions =
        istiod.and_then(|change| Some((chart_version(change.before?)?, chart_version(change.after?)?)));
    match versions {
        Some((before, after)) if before != after => shell.notice(
            "restart",
            &format!("chart {before} to {after}: the gateway restarts by itself; sidecars change with a restart of their workloads"),
        ),
        _ => Ok(()),
    }
}

fn chart_version(manifest: &str) -> Option<&str> {
    manifest.lines().find_map(|line| line.strip_prefix("      version: "))
}

/// Tells what stands in the way, if anything does.
fn obstructed(comparison: &Comparison<'_>, shell: &mut Shell) -> Result<Exit> {
    let mut exit = Exit::Clean;
    for entry in &comparison.entries {
        if let State::Obstructed(obstruction) = &entry.state {
            shell.complaint(&format!("`{}`: {obstruction}", entry.path))?;
            exit = Exit::Error;
        }
    }
    Ok(exit)
}

/// Tells which files nobody but their author may overwrite, shows what is in them, and how to keep it or let it go.
fn refused(comparison: &Comparison<'_>, shell: &mut Shell) -> Result<Exit> {
    let changes = tree::changes(comparison);
    let (edited, foreign): (Vec<_>, Vec<_>) = changes
        .into_iter()
        .filter(|change| matches!(change.state, State::Edited | State::Foreign))
        .partition(|change| matches!(change.state, State::Edited));
    for change in &edited {
        shell.complaint(&format!(
            "`{}` was edited by hand; rendering would lose the lines marked `-`",
            change.path
        ))?;
    }
    shell.evidence(&edited)?;
    if !edited.is_empty() {
        shell.notice("keep", "an edit by saying it in the profile (`values`, `exceptions`), or in a file of your own outside the tree")?;
        shell.notice("drop", "it with `--force`")?;
    }
    for change in &foreign {
        shell.complaint(&format!("`{}` stands in the way, and no render wrote it", change.path))?;
    }
    if !foreign.is_empty() {
        shell.notice("help:", "move the file, choose another `path`, or overwrite it with `--force`")?;
    }
    Ok(if edited.is_empty() && foreign.is_empty() { Exit::Clean } else { Exit::Error })
}

fn hand_edits(comparison: &Comparison<'_>, shell: &mut Shell) -> Result<()> {
    for entry in comparison.refused(false) {
        if let Some(finding @ ("edited by hand" | "foreign")) = finding(entry) {
            shell.notice("stops", &format!("a render without `--force`: `{}` is {finding}", entry.path))?;
        }
    }
    Ok(())
}
