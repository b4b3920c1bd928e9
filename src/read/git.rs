//! Reads a revision of a git repository, through the git program.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Read, Write},
    process::{self, Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, PoisonError},
};

use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Input, MAX_OTHER_BYTES, Store, clean,
    fault::{Fault, Target},
    found::{Found, Met},
};
use crate::{diagnostic::Diagnostic, source::Sources, tree::reason, yaml::MAX_BYTES};

/// How long a listing may be; a million paths have less.
const MAX_LISTING_BYTES: u64 = 256 << 20;

/// Reads `REV:PATH` of the repository that `directory` lies in: a folder with all below it, or a file. `REV:` is the whole
/// revision, and a PATH that starts with `./` starts from `directory`, as git has it.
///
/// Paths in messages start with the revision as it was typed. Runs no hook and asks no network.
pub fn revision(directory: &Utf8Path, revision: &str, sources: &mut Sources) -> (Input, Vec<Diagnostic>) {
    let repository = Repository { directory: directory.to_owned() };
    let mut diagnostics = Vec::new();
    let read = repository.read(revision, sources, &mut diagnostics);
    let input = read.unwrap_or_else(|why| {
        let message = format!("cannot read `{revision}`: {why}");
        let help = "name a revision and a path in it, as in `main:clusters/prod`";
        diagnostics.push(Diagnostic::general("unreadable-revision", message).with_help(help));
        Input::default()
    });
    (input, diagnostics)
}

/// The files of a revision that are no texts.
#[derive(Debug)]
pub(super) struct Blobs {
    repository: Repository,
    ids: BTreeMap<Utf8PathBuf, String>,
}

impl Blobs {
    /// Reads a short one.
    pub(super) fn small(&self, path: &Utf8Path) -> Result<Vec<u8>, String> {
        let id = self.ids.get(path).ok_or("there is no such file in the revision")?;
        let size = self.repository.said(&["cat-file", "-s", id])?;
        match size.trim().parse() {
            Ok(0..=MAX_OTHER_BYTES) => self.repository.wrote(&["cat-file", "blob", id], MAX_OTHER_BYTES),
            _ => Err(format!("it is no file of at most {} KiB", MAX_OTHER_BYTES >> 10)),
        }
    }
}

#[derive(Debug)]
struct Repository {
    directory: Utf8PathBuf,
}

/// A file of a revision: its name to git, and its length.
struct Blob {
    id: String,
    size: u64,
}

impl Repository {
    fn read(
        self,
        revision: &str,
        sources: &mut Sources,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Input, String> {
        let (name, path) = revision.split_once(':').ok_or("it has no `:`")?;
        // What starts with a dash would be an option to git.
        if name.is_empty() || name.starts_with('-') {
            return Err("it names no revision".to_owned());
        }
        let id = self.said(&["rev-parse", "--verify", "--quiet", revision]);
        let id =
            id.map_err(
                |why| if why.is_empty() { "git knows no such revision or path".to_owned() } else { why },
            )?;
        let id = id.trim();
        let (folder, mut found, mut ids) = (clean(Utf8Path::new(path)), Found::default(), BTreeMap::new());
        if self.said(&["cat-file", "-t", id])?.trim() == "tree" {
            let listing = self.wrote(&["ls-tree", "-r", "-z", "-l", "--full-tree", id], MAX_LISTING_BYTES)?;
            for line in listing.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
                meet(&String::from_utf8_lossy(line), &folder, &mut found, &mut ids)?;
            }
        } else {
            let size = self.said(&["cat-file", "-s", id])?.trim().parse().unwrap_or(u64::MAX);
            found.name(folder.into_string(), Ok(Blob { id: id.to_owned(), size }));
        }
        let batch = Mutex::new(Batch::start(&self)?);
        let open = |blob: Blob| batch.lock().unwrap_or_else(PoisonError::into_inner).open(&blob);
        let mut input = found.read(&format!("{name}:"), open, sources, diagnostics);
        input.store = Store::Git(Blobs { repository: self, ids });
        Ok(input)
    }

    /// Returns what git says, a short text.
    fn said(&self, arguments: &[&str]) -> Result<String, String> {
        self.wrote(arguments, 1 << 16).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns what git writes, if that is no more than `limit`; else what it says is wrong.
    fn wrote(&self, arguments: &[&str], limit: u64) -> Result<Vec<u8>, String> {
        let mut child = self.start(arguments, Stdio::null()).map_err(|error| not_started(&error))?;
        let mut bytes = Vec::new();
        let read = child.stdout.take().map(|out| out.take(limit + 1).read_to_end(&mut bytes));
        if bytes.len() as u64 > limit {
            // Nobody reads the rest.
            let _ = child.kill();
        }
        let mut why = String::new();
        let _ = child.stderr.take().map(|err| err.take(1 << 12).read_to_string(&mut why));
        let status = child.wait().map_err(|error| reason(&error))?;
        match read {
            Some(Err(error)) => Err(reason(&error)),
            _ if bytes.len() as u64 > limit => Err("git writes more than is ever read".to_owned()),
            _ if !status.success() => Err(why.trim().trim_start_matches("fatal: ").to_owned()),
            _ => Ok(bytes),
        }
    }

    fn start(&self, arguments: &[&str], input: Stdio) -> io::Result<Child> {
        process::Command::new("git")
            .args(["-C", self.directory.as_str(), "-c", "core.fsmonitor=false"])
            .args(arguments)
            .envs([("GIT_NO_LAZY_FETCH", "1"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")])
            .env("LC_ALL", "C")
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

fn not_started(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no `git` to ask".to_owned(),
        _ => format!("git does not start: {}", reason(error)),
    }
}

/// Takes in a line of `git ls-tree -l`: `<mode> <type> <id> <size>\t<path>`.
fn meet(
    line: &str,
    folder: &Utf8Path,
    found: &mut Found<Blob>,
    ids: &mut BTreeMap<Utf8PathBuf, String>,
) -> Result<(), String> {
    let (head, path) = line.split_once('\t').ok_or("git lists what is no entry")?;
    let mut words = head.split_ascii_whitespace();
    let (mode, _, id, size) = (words.next(), words.next(), words.next().unwrap_or_default(), words.next());
    let joined = |path: &str| folder.join(path).into_string();
    let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
    let is_hidden = above.any(|directory| !found.enters(&joined(directory)));
    if is_hidden {
        return Ok(());
    }
    let met = match mode {
        Some("120000") => Met::Link(Target::Inside),
        Some("160000") => Met::Unreadable(Fault::Submodule),
        _ => {
            ids.insert(folder.join(path), id.to_owned());
            let size = size.and_then(|size| size.parse().ok()).unwrap_or(u64::MAX);
            Met::File(Blob { id: id.to_owned(), size })
        }
    };
    found.meet(joined(path), met);
    Ok(())
}

/// A `git cat-file --batch` that answers one question after the other.
struct Batch {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Batch {
    fn start(repository: &Repository) -> Result<Self, String> {
        let child = repository.start(&["cat-file", "--batch"], Stdio::piped());
        let mut child = child.map_err(|error| not_started(&error))?;
        let questions = child.stdin.take().ok_or("git takes no questions")?;
        let answers = BufReader::new(child.stdout.take().ok_or("git gives no answers")?);
        Ok(Self { child, questions, answers })
    }

    /// Reads a file: the answer is `<id> <type> <size>`, its bytes, and a line break.
    fn open(&mut self, blob: &Blob) -> Result<Vec<u8>, Fault> {
        if blob.size > MAX_BYTES as u64 {
            return Err(Fault::TooLong);
        }
        self.questions.write_all(format!("{}\n", blob.id).as_bytes())?;
        let mut head = String::new();
        (&mut self.answers).take(1 << 10).read_line(&mut head)?;
        let expected = format!("{} blob {}\n", blob.id, blob.size);
        if head != expected {
            return Err(Fault::Unreadable(format!("git answers `{}`", head.trim())));
        }
        let mut bytes = Vec::new();
        (&mut self.answers).take(blob.size + 1).read_to_end(&mut bytes)?;
        bytes.pop();
        Ok(bytes)
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
