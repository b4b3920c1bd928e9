//! The lock: which bytes the last render left at which path, in the format of `sha256sum`.
//!
//! `cd clusters/sre/istio && sha256sum -c meshwright.lock` verifies a tree without this program.

use std::collections::BTreeMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest as _, Sha256};

use super::{is_lock, is_plain};

/// The name of the lock, directly under the root of its tree.
pub const LOCK_FILE: &str = "meshwright.lock";

/// A line that git leaves in a file with a merge conflict begins with one of these.
const CONFLICT_MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes bytes.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(Sha256::digest(bytes.as_ref()).into())
    }

    /// Reads 64 hexadecimal digits of either case.
    pub fn parse(hex: &str) -> Option<Self> {
        let digits: &[u8; 64] = hex.as_bytes().try_into().ok()?;
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(Self(digest))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        // One write for the whole hash: a lock has ten thousand of them.
        let hex: String = self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        f.write_str(&hex)
    }
}

/// Who rendered a tree, and from which profile: the head of its lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The program and its version, such as `meshwright 0.1.0`.
    pub tool: String,
    /// The profile's name; a lock that bears another name belongs to another tree.
    pub profile: String,
    /// The hash of the profile's text.
    pub digest: Digest,
}

/// What a lock says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The comment lines, without `# `.
    pub comments: Vec<String>,
    /// The hashes by path relative to the lock. Several for one path after a merge conflict, and while a
    /// render is under way.
    pub files: BTreeMap<String, Vec<Digest>>,
}

impl Lock {
    /// Starts a lock that names no file.
    pub fn stamped(stamp: &Stamp) -> Self {
        let profile = format!("profile {} sha256:{}", stamp.profile, stamp.digest);
        Self { comments: vec![stamp.tool.clone(), profile], files: BTreeMap::new() }
    }

    /// Reads the lock at `path`, both sides of a merge conflict included. What cannot be read, and every path
    /// that could lead elsewhere, is left out and reported.
    pub fn read(path: &Utf8Path, bytes: &[u8]) -> (Self, Vec<LockFault>) {
        let (mut lock, mut faults) = (Self::default(), Vec::new());
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if let Err(reason) = lock.read_line(line.strip_suffix(b"\r").unwrap_or(line)) {
                faults.push(LockFault { lock: path.to_owned(), line: index + 1, reason });
            }
        }
        (lock, faults)
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), LockFaultReason> {
        let line = str::from_utf8(line).map_err(|_| LockFaultReason::Unreadable)?;
        if let Some(comment) = line.strip_prefix('#') {
            self.comments.push(comment.trim().to_owned());
            return Ok(());
        }
        if line.is_empty() || CONFLICT_MARKERS.iter().any(|marker| line.starts_with(marker)) {
            return Ok(());
        }
        let (digest, path) = listed(line).ok_or(LockFaultReason::Unreadable)?;
        if !is_plain(path) || is_lock(path) {
            return Err(LockFaultReason::UnsafePath(path.to_owned()));
        }
        self.name(path, digest);
        Ok(())
    }

    /// Adds a hash to those of a path.
    pub fn name(&mut self, path: &str, digest: Digest) {
        let digests = self.files.entry(path.to_owned()).or_default();
        if !digests.contains(&digest) {
            digests.push(digest);
        }
    }

    /// Notes that a tree is on its way here from another root, so that an interrupted move can be finished.
    pub fn note_move(&mut self, root: &Utf8Path) {
        self.comments.push(format!("moving {root}"));
    }

    /// The roots that [`Lock::note_move`] noted.
    pub fn moves(&self) -> impl Iterator<Item = &str> {
        let roots = self.comments.iter().filter_map(|comment| comment.strip_prefix("moving"));
        let roots = roots.filter_map(|root| if root.is_empty() { Some("") } else { root.strip_prefix(' ') });
        roots.filter(|root| root.is_empty() || is_plain(root))
    }

    /// The names of the profiles that the head names; none for a file that is no lock of ours.
    pub fn profiles(&self) -> impl Iterator<Item = &str> {
        let profiles = self.comments.iter().filter_map(|comment| comment.strip_prefix("profile "));
        profiles.filter_map(|rest| Some(rest.rsplit_once(" sha256:")?.0))
    }
}

/// The hash and the path of a line of `sha256sum`, which marks binary mode with `*`.
fn listed(line: &str) -> Option<(Digest, &str)> {
    let (hex, rest) = line.split_at_checked(64)?;
    let path = rest.strip_prefix("  ").or_else(|| rest.strip_prefix(" *"))?;
    Some((Digest::parse(hex)?, path))
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            writeln!(f, "# {comment}")?;
        }
        for (path, digests) in &self.files {
            for digest in digests {
                writeln!(f, "{digest}  {path}")?;
            }
        }
        Ok(())
    }
}

/// A line of a lock that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockFault {
    /// The lock, relative to the directory compared.
    pub lock: Utf8PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub reason: LockFaultReason,
}

/// Why a line of a lock was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockFaultReason {
    /// Neither a comment nor a hash and a path.
    Unreadable,
    /// The path is absolute, leads out of the tree or into `.git`, or names a lock.
    UnsafePath(String),
}

impl fmt::Display for LockFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.lock, self.line)?;
        match &self.reason {
            LockFaultReason::Unreadable => f.write_str("neither a comment nor a hash and a path"),
            LockFaultReason::UnsafePath(path) => write!(f, "`{path}` is no path inside the tree"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn read(text: &str) -> (Lock, Vec<LockFault>) {
        Lock::read(Utf8Path::new("r/meshwright.lock"), text.as_bytes())
    }

    fn fault(line: usize, reason: LockFaultReason) -> LockFault {
        LockFault { lock: "r/meshwright.lock".into(), line, reason }
    }

    #[test]
    fn a_digest_is_the_hash_that_fips_180_gives_as_its_example() {
        assert_eq!(Digest::of("abc").to_string(), ABC);
        assert_eq!(Digest::parse(&ABC.to_uppercase()), Some(Digest::of("abc")));
        assert_eq!(Digest::parse(&ABC[1..]), None);
        assert_eq!(Digest::parse(&ABC.replace('b', "g")), None);
    }

    #[test]
    fn a_lock_reads_back_as_it_was_written() {
        let stamp =
            Stamp { tool: "meshwright 0.1.0".into(), profile: "sre".into(), digest: Digest::of("abc") };
        let mut lock = Lock::stamped(&stamp);
        lock.name("z.yaml", Digest::of("abc"));
        lock.name("a b/c.yaml", Digest::of("abc"));
        let text = lock.to_string();
        assert_eq!(
            text,
            format!("# meshwright 0.1.0\n# profile sre sha256:{ABC}\n{ABC}  a b/c.yaml\n{ABC}  z.yaml\n")
        );
        assert_eq!(read(&text), (lock.clone(), vec![]));
        assert_eq!(read(&text.replace('\n', "\r\n")), (lock.clone(), vec![]));
        assert_eq!(lock.profiles().collect::<Vec<_>>(), ["sre"]);
    }

    #[test]
    fn both_sides_of_a_merge_conflict_count() {
        let other = Digest::of("other");
        let text = format!(
            "<<<<<<< HEAD\n{ABC}  a\n||||||| base\n=======\n{other}  a\n{other}  b\n>>>>>>> topic\n{ABC}  c\n"
        );
        let (lock, faults) = read(&text);
        let abc = Digest::of("abc");
        let expected = [("a", vec![abc, other]), ("b", vec![other]), ("c", vec![abc])];
        assert_eq!(faults, []);
        assert_eq!(lock.files, expected.map(|(path, digests)| (path.to_owned(), digests)).into());
    }

    #[test]
    fn a_line_that_cannot_be_trusted_is_left_out_and_reported() {
        let unsafe_path = |path: &str| LockFaultReason::UnsafePath(path.into());
        let text = format!(
            "{ABC}  /etc/passwd\n{ABC}  ../a\n{ABC}  \n{ABC} a\nwhat\n{ABC} *ok\n{ABC}  b/meshwright.lock\n"
        );
        let (lock, faults) = read(&text);
        assert_eq!(lock.files, [("ok".to_owned(), vec![Digest::of("abc")])].into());
        assert_eq!(
            faults,
            [
                fault(1, unsafe_path("/etc/passwd")),
                fault(2, unsafe_path("../a")),
                fault(3, unsafe_path("")),
                fault(4, LockFaultReason::Unreadable),
                fault(5, LockFaultReason::Unreadable),
                fault(7, unsafe_path("b/meshwright.lock")),
            ]
        );
        assert_eq!(faults[1].to_string(), "r/meshwright.lock:2: `../a` is no path inside the tree");
    }

    #[test]
    fn bytes_that_are_no_text_are_a_fault_and_nothing_more() {
        let (lock, faults) =
            Lock::read(Utf8Path::new("r/meshwright.lock"), b"\xff\n# moving a\n# moving ../b\n");
        assert_eq!(faults, [fault(1, LockFaultReason::Unreadable)]);
        assert_eq!(lock.moves().collect::<Vec<_>>(), ["a"]);
    }
}
