//! Where a path leads on this disk, without ever following a symbolic link out of the directory.

use std::collections::BTreeMap;
use std::{fmt, fs, io};

use camino::{Utf8Path, Utf8PathBuf};

use super::{joined, name, parent};

/// What stands where a file belongs, so that it can be neither compared nor written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstruction {
    /// A directory.
    Directory,
    /// This file, where one of the path's directories belongs.
    File(Utf8PathBuf),
    /// A symbolic link.
    Symlink,
    /// This symbolic link in place of one of the path's directories, which leads out of the directory compared.
    Outside(Utf8PathBuf),
    /// Something that is neither file, directory nor symbolic link.
    Special,
    /// Something that the system would not let us read, in its words.
    Unreadable(String),
}

impl fmt::Display for Obstruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory => f.write_str("a directory stands here"),
            Self::File(path) => write!(f, "`{path}` is a file where a directory belongs"),
            Self::Symlink => f.write_str("a symbolic link stands here"),
            Self::Outside(path) => write!(f, "`{path}` is a symbolic link that leads out of the repository"),
            Self::Special => f.write_str("neither a file nor a directory stands here"),
            Self::Unreadable(error) => write!(f, "what stands here cannot be read: {error}"),
        }
    }
}

/// Returns what the system says of a failure, without the number and the path that only programs read.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

/// What is found at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Existing {
    Absent,
    File(Vec<u8>),
    Obstructed(Obstruction),
}

/// Where a directory of the tree really is.
#[derive(Debug, Clone)]
enum Place {
    /// Where its path says.
    Direct,
    /// Elsewhere in the directory compared, through a symbolic link.
    Alias(String),
    Absent,
    Blocked(Obstruction),
}

/// The directories of a tree, each looked at once however many files it holds.
#[derive(Debug)]
pub(super) struct Places<'d> {
    dir: &'d Utf8Path,
    places: BTreeMap<String, Place>,
}

impl<'d> Places<'d> {
    /// Starts at `dir`, which may itself be reached through symbolic links.
    pub(super) fn below(dir: &'d Utf8Path) -> Self {
        let top = match fs::metadata(dir) {
            Ok(metadata) if metadata.is_dir() => Place::Direct,
            Ok(_) => Place::Blocked(Obstruction::File(dir.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::Absent,
            Err(error) => Place::Blocked(Obstruction::Unreadable(reason(&error))),
        };
        Self { dir, places: BTreeMap::from([(String::new(), top)]) }
    }

    pub(super) fn dir(&self) -> &'d Utf8Path {
        self.dir
    }

    /// Looks at the directories of `paths`, which [`Places::examine`] then takes as known.
    pub(super) fn admit<'p>(&mut self, paths: impl IntoIterator<Item = &'p str>) {
        let mut last = "";
        for path in paths {
            let directory = parent(path);
            if directory != last {
                self.place(directory);
                last = directory;
            }
        }
    }

    fn place(&mut self, directory: &str) -> Place {
        if let Some(place) = self.places.get(directory) {
            return place.clone();
        }
        let place = match self.place(parent(directory)) {
            Place::Direct => self.step(directory, Place::Direct),
            Place::Alias(real) => {
                let name = name(directory);
                self.step(directory, Place::Alias(joined(&real, name)))
            }
            place @ (Place::Absent | Place::Blocked(_)) => place,
        };
        self.places.insert(directory.to_owned(), place.clone());
        place
    }

    /// The place of `directory`, whose parent is fine; `plain` unless a symbolic link or a fault stands there.
    fn step(&self, directory: &str, plain: Place) -> Place {
        match fs::symlink_metadata(self.dir.join(directory)) {
            Ok(metadata) if metadata.is_dir() => plain,
            Ok(metadata) if metadata.is_symlink() => self.follow(directory),
            Ok(_) => Place::Blocked(Obstruction::File(directory.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Place::Absent,
            Err(error) => Place::Blocked(Obstruction::Unreadable(reason(&error))),
        }
    }

    fn follow(&self, directory: &str) -> Place {
        let real = |path: &Utf8Path| path.canonicalize_utf8();
        let (top, target) = match (real(self.dir), real(&self.dir.join(directory))) {
            (Ok(top), Ok(target)) => (top, target),
            (Err(error), _) | (_, Err(error)) => {
                return Place::Blocked(Obstruction::Unreadable(format!("`{directory}`: {}", reason(&error))));
            }
        };
        match target.strip_prefix(&top) {
            Ok(_) if !target.is_dir() => Place::Blocked(Obstruction::File(directory.into())),
            Ok(inside) => Place::Alias(inside.as_str().replace('\\', "/")),
            Err(_) => Place::Blocked(Obstruction::Outside(directory.into())),
        }
    }

    /// Reads what stands at an admitted path.
    pub(super) fn examine(&self, path: &str) -> Existing {
        match &self.places[parent(path)] {
            Place::Absent => Existing::Absent,
            Place::Blocked(obstruction) => Existing::Obstructed(obstruction.clone()),
            Place::Direct | Place::Alias(_) => look(&self.dir.join(path)),
        }
    }

    /// The path under which an admitted one is really found, where a symbolic link makes the two differ.
    pub(super) fn alias(&self, path: &str) -> Option<String> {
        match &self.places[parent(path)] {
            Place::Alias(real) => Some(joined(real, name(path))),
            Place::Direct | Place::Absent | Place::Blocked(_) => None,
        }
    }
}

fn look(path: &Utf8Path) -> Existing {
    let unreadable = |error: io::Error| Existing::Obstructed(Obstruction::Unreadable(reason(&error)));
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::read(path).map_or_else(unreadable, Existing::File),
        Ok(metadata) if metadata.is_symlink() => Existing::Obstructed(Obstruction::Symlink),
        Ok(metadata) if metadata.is_dir() => Existing::Obstructed(Obstruction::Directory),
        Ok(_) => Existing::Obstructed(Obstruction::Special),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Existing::Absent,
        Err(error) => unreadable(error),
    }
}
