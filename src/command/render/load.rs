//! Reads the profiles that are named, with their fragments, and judges them together.

use std::{fs, io::ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    cli::Render,
    diagnostic::{Diagnostic, Severity},
    profile::{self, Profile},
    shell::{self, Shell},
    source::{Source, Sources},
    tree::Digest,
};

/// A profile, the file that it was read from, and the hash of all its text.
pub(in crate::command) struct Loaded {
    pub(in crate::command) file: Utf8PathBuf,
    pub(in crate::command) profile: Profile,
    pub(in crate::command) digest: Digest,
}

/// Reads the profiles; none where one of them has a fault, which is then told.
pub(super) fn load(options: &Render, shell: &mut Shell) -> Option<Vec<Loaded>> {
    let today = options.today.clone().unwrap_or_else(shell::today);
    load_into(&mut Sources::default(), &options.profiles, &today, shell)
}

/// Reads profiles whose texts somebody wants to keep.
pub(in crate::command) fn load_into(
    sources: &mut Sources,
    files: &[Utf8PathBuf],
    today: &str,
    shell: &mut Shell,
) -> Option<Vec<Loaded>> {
    let (mut diagnostics, mut profiles) = (Vec::new(), Vec::new());
    for file in files {
        let loaded = one(file, sources, &mut diagnostics);
        diagnostics.extend(loaded.iter().flat_map(|loaded| expired(&loaded.profile, today)));
        profiles.extend(loaded);
    }
    diagnostics.extend(claims(&profiles));
    let is_sound = diagnostics.iter().all(|diagnostic| diagnostic.severity < Severity::Error);
    shell.diagnostics(&diagnostics, sources);
    is_sound.then_some(profiles)
}

fn one(file: &Utf8Path, sources: &mut Sources, diagnostics: &mut Vec<Diagnostic>) -> Option<Loaded> {
    let text = match read(file) {
        Ok(text) => text,
        Err(fault) => {
            diagnostics.push(*fault);
            return None;
        }
    };
    let first = sources.len();
    let folder = file.parent().unwrap_or(Utf8Path::new(""));
    let source = Source { path: file.to_owned(), text };
    let (profile, found) = profile::load(source, sources, &mut |pattern| fragments(folder, pattern));
    diagnostics.extend(found);
    let texts: Vec<&str> = (first..sources.len()).map(|file| sources.get(file).text.as_str()).collect();
    Some(Loaded { file: file.to_owned(), profile: profile?, digest: Digest::of(texts.join("\0")) })
}

/// Reads a text as YAML is written: UTF-8, with or without a byte order mark.
fn read(path: &Utf8Path) -> Result<String, Box<Diagnostic>> {
    let bytes = fs::read(path).map_err(|error| {
        let message = format!("cannot read `{path}`: {}", shell::reason(&error));
        let fault = Diagnostic::general("unreadable-file", message);
        Box::new(match error.kind() {
            ErrorKind::NotFound => fault.with_help("`meshwright init` writes a profile to start from"),
            ErrorKind::IsADirectory => fault.with_help("name the profile, a YAML file"),
            _ => fault,
        })
    })?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = format!("`{path}` is not UTF-8 text");
        Diagnostic::general("not-utf-8", message).with_help("save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
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
        // As the user knows it: from where the profile is, not from the root of the disk.
        let shown = path.strip_prefix(&root).map_or_else(|_| path.clone(), |below| folder.join(below));
        let real =
            path.canonicalize_utf8().map_err(|error| format!("`{shown}`: {}", shell::reason(&error)))?;
        if !real.starts_with(&root) {
            return Err(format!("`{shown}` leads out of the profile's folder"));
        }
        if real.is_file() {
            let text = read(&shown).map_err(|fault| fault.message)?;
            found.push(Source { path: shown, text });
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

/// Reports profiles that would write into each other's tree, or are told apart by nothing.
fn claims(profiles: &[Loaded]) -> Vec<Diagnostic> {
    let pairs = profiles
        .iter()
        .enumerate()
        .flat_map(|(index, other)| profiles[..index].iter().map(move |one| (one, other)));
    pairs.filter_map(|(one, other)| claim(one, other)).collect()
}

fn claim(one: &Loaded, other: &Loaded) -> Option<Diagnostic> {
    let (first, second) = (&one.file, &other.file);
    if first == second {
        return Some(Diagnostic::general("claimed-name", format!("`{first}` is named twice")));
    }
    if one.profile.name == other.profile.name {
        let message = format!("`{first}` and `{second}` are both named `{}`", one.profile.name);
        let help = "give each its own `name`; without one, a profile is named after its file";
        return Some(Diagnostic::general("claimed-name", message).with_help(help));
    }
    let (outer, inner) = (&one.profile.path, &other.profile.path);
    let path = match (inner.starts_with(outer), outer.starts_with(inner)) {
        (true, _) => inner,
        (_, true) => outer,
        (false, false) => return None,
    };
    let message = format!("`{first}` and `{second}` both claim `{path}`");
    Some(Diagnostic::general("claimed-path", message).with_help("give each its own `path`"))
}
