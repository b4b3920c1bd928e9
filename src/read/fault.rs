//! What is said of what cannot be read.

use std::io;

use super::{MAX_FILES, MAX_TOTAL_BYTES};
use crate::{
    diagnostic::Diagnostic,
    source::{Sources, Span},
    tree::reason,
    yaml::MAX_BYTES,
};

/// Why a file or a directory cannot be read.
#[derive(Debug)]
pub(super) enum Fault {
    /// What a path names is not there; what is, and has a similar name.
    Missing(Option<String>),
    /// The system's own words.
    Unreadable(String),
    /// A directory, in the system's own words.
    UnreadableDirectory(String),
    /// Longer than a text may be.
    TooLong,
    /// It has NUL bytes, or is no Unicode.
    Binary,
    /// Nearly a text.
    NotUtf8,
    /// A pipe, a socket or a device.
    Special,
    /// A submodule of a git repository.
    Submodule,
    /// A symbolic link, which leads to this.
    Link(Target),
}

/// Where a symbolic link leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Inside,
    Outside,
    Nowhere,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(None),
            _ => Self::Unreadable(reason(&error)),
        }
    }
}

impl Fault {
    /// Returns the diagnostic, at an empty text that stands for the file.
    pub(super) fn at(&self, path: &str, sources: &mut Sources) -> Diagnostic {
        let file = sources.add(path, "");
        let span = Span { file, start: 0, end: 0 };
        let error = |code, message: String| Diagnostic::error(code, span, message, "");
        match self {
            Self::Missing(near) => {
                let help = near.as_ref().map_or_else(
                    || {
                        "name a file or a folder that is there; a path starts where the command is run"
                            .to_owned()
                    },
                    |near| format!("a similar name is there: `{near}`"),
                );
                error("unreadable-file", format!("`{path}` is not there")).with_help(help)
            }
            Self::Unreadable(why) => error("unreadable-file", format!("cannot read `{path}`: {why}")),
            Self::UnreadableDirectory(why) => {
                error("unreadable-directory", format!("cannot read the directory `{path}`: {why}"))
                    .with_help("what it holds is not in the result")
            }
            Self::TooLong => {
                error("file-too-long", format!("`{path}` is longer than {} MiB", MAX_BYTES >> 20))
                    .with_help("split it, or name only what is to be read")
            }
            Self::Binary => error("binary-file", format!("`{path}` is no text"))
                .with_help("if it is text, save it as UTF-8"),
            Self::NotUtf8 => {
                error("not-utf-8", format!("`{path}` is not UTF-8 text")).with_help("save the file as UTF-8")
            }
            Self::Special => error("special-file", format!("`{path}` is a pipe, a socket or a device"))
                .with_help("only regular files are opened; `-` reads standard input"),
            Self::Submodule => {
                error("submodule", format!("`{path}` is a submodule, which lies in another repository"))
                    .with_help("check that repository on its own")
            }
            Self::Link(target) => link(path, span, *target),
        }
    }
}

/// source-controller packs regular files and directories only (`Storage.Archive`), so that Flux never sees what a link
/// leads to; kustomize and kubectl follow it.
fn link(path: &str, span: Span, target: Target) -> Diagnostic {
    let leads = match target {
        Target::Inside => "",
        Target::Outside => ", which leads out of what is read",
        Target::Nowhere => ", which leads nowhere",
    };
    let message = format!("`{path}` is a symbolic link{leads}; it is not followed");
    Diagnostic::warning("symbolic-link", span, message, "")
        .with_help("Flux leaves links out of what it fetches: put the file itself here")
}

/// A text had to be decoded. kubectl and kustomize split documents before they decode, at the bytes of `---`.
pub(super) fn utf_16(file: u32, path: &str) -> Diagnostic {
    let span = Span { file, start: 0, end: 0 };
    let message = format!("`{path}` is UTF-16");
    Diagnostic::warning("utf-16", span, message, "was decoded")
        .with_help("save the file as UTF-8: kubectl and kustomize do not see where one document ends")
}

/// A character at which every reader stops.
pub(super) fn unprintable(file: u32, text: &str, at: usize) -> Diagnostic {
    let character = text[at..].chars().next().unwrap_or_default();
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let span = Span { file, start: place(at), end: place(at + character.len_utf8()) };
    let message = format!("the character U+{:04X} is not possible in YAML", u32::from(character));
    Diagnostic::error("yaml-syntax", span, message, "not printable")
        .with_help("remove it; it may have been copied along invisibly")
}

/// There is more than is ever read.
pub(super) fn too_much(what: TooMuch) -> Diagnostic {
    let message = match what {
        TooMuch::Files => format!("there are more than {MAX_FILES} files"),
        TooMuch::Bytes => format!("the texts have more than {} MiB together", MAX_TOTAL_BYTES >> 20),
    };
    Diagnostic::general("input-too-large", message).with_help("name only the folders that are to be read")
}

/// Of what there is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMuch {
    Files,
    Bytes,
}
