//! Finds and opens files.

use std::{
    fs::{self, File, FileType},
    io::Read,
    path::Path,
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    MAX_OTHER_BYTES, clean,
    fault::{Fault, Target},
    found::{Found, Met},
};
use crate::{
    schema::nearest,
    tree::{reason, walk},
    yaml::MAX_BYTES,
};

/// Finds everything that paths name, `-` left out.
pub(super) fn find(paths: &[Utf8PathBuf]) -> Found<Utf8PathBuf> {
    let mut found = Found::default();
    for path in paths.iter().filter(|path| *path != "-") {
        let shown = clean(path).into_string();
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => find_below(path, &shown, &mut found),
            Ok(metadata) if metadata.is_file() || is_stream(path) => found.name(shown, Ok(path.to_owned())),
            Ok(_) => found.name(shown, Err(Fault::Special)),
            Err(error) => {
                let fault = match error.into() {
                    Fault::Missing(_) => Fault::Missing(near(Utf8Path::new(&shown))),
                    fault => fault,
                };
                found.name(shown, Err(fault));
            }
        }
    }
    found
}

/// Returns what lies where a path leads and has a name like its last part.
fn near(path: &Utf8Path) -> Option<String> {
    let folder = path.parent()?;
    let entries =
        if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder }.read_dir_utf8().ok()?;
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_owned()).collect();
    names.sort();
    let near = nearest(path.file_name()?, names.iter().map(String::as_str))?;
    Some(folder.join(near).into_string())
}

/// What a shell makes of `<(...)`, and standard input by its other name, have somebody at their other end.
fn is_stream(path: &Utf8Path) -> bool {
    path == "/dev/stdin" || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

fn find_below(folder: &Utf8Path, shown: &str, found: &mut Found<Utf8PathBuf>) {
    let top = fs::canonicalize(folder).ok();
    let joined = |path: &str| match shown {
        "" => path.to_owned(),
        "/" => format!("/{path}"),
        shown => format!("{shown}/{path}"),
    };
    let found = std::cell::RefCell::new(found);
    walk(folder, "", &mut |path| found.borrow_mut().enters(&joined(path)), &mut |path, kind| {
        let real = folder.join(&path);
        let met = met(real, kind, top.as_deref());
        let path = if path.is_empty() { folder.as_str().to_owned() } else { joined(&path) };
        found.borrow_mut().meet(path, met);
    });
}

/// Says what a walk met; `kind` is missing where that is a directory that cannot be read.
fn met(real: Utf8PathBuf, kind: Option<FileType>, top: Option<&Path>) -> Met<Utf8PathBuf> {
    match kind {
        None => {
            let why =
                fs::read_dir(&real).err().map_or_else(|| "it changed".to_owned(), |error| reason(&error));
            Met::Unreadable(Fault::UnreadableDirectory(why))
        }
        Some(kind) if kind.is_file() => Met::File(real),
        Some(kind) if kind.is_symlink() => link(&real, top),
        Some(_) => Met::Special,
    }
}

fn link(real: &Utf8Path, top: Option<&Path>) -> Met<Utf8PathBuf> {
    let Ok(target) = fs::canonicalize(real) else { return Met::Link(Target::Nowhere) };
    let leads = if top.is_some_and(|top| target.starts_with(top)) { Target::Inside } else { Target::Outside };
    if target.is_dir() { Met::FolderLink(leads) } else { Met::Link(leads) }
}

/// Opens a file and reads all of it.
pub(super) fn open(path: &Utf8Path) -> Result<Vec<u8>, Fault> {
    let file = File::open(path)?;
    if file.metadata()?.len() > MAX_BYTES as u64 {
        return Err(Fault::TooLong);
    }
    bounded(file)
}

/// Reads all of a stream, up to the length that a text may have.
pub(super) fn bounded(stream: impl Read) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    stream.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES { Err(Fault::TooLong) } else { Ok(bytes) }
}

/// Reads a short file that a walk has met.
pub(super) fn small(path: &Utf8Path) -> Result<Vec<u8>, String> {
    let metadata = fs::symlink_metadata(path).map_err(|error| reason(&error))?;
    if !metadata.is_file() || metadata.len() > MAX_OTHER_BYTES {
        return Err(format!("it is no file of at most {} KiB", MAX_OTHER_BYTES >> 10));
    }
    fs::read(path).map_err(|error| reason(&error))
}
