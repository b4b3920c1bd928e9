//! Compares a tree with a directory, file by file.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::ledger::Ledger;
use super::lock::{Digest, LOCK_FILE, Lock, LockFault, Stamp};
use super::place::{Existing, Obstruction, Places};
use super::walk::holds_only;
use super::{Tree, below, is_lock, joined};

/// How a path on the disk relates to the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Rendered, and not there yet.
    Missing,
    /// There with the bytes of the render.
    Unchanged,
    /// There with other bytes, which an earlier render left.
    Stale,
    /// No longer rendered, and there with the bytes that an earlier render left.
    Extra,
    /// There with bytes that no render left, at a path that the lock names: edited by hand.
    Edited,
    /// There with other bytes, at a path that no lock names: somebody else's.
    Foreign,
    /// Something stands in the way that is no file of ours.
    Obstructed(Obstruction),
}

/// One path of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'t> {
    /// Relative to the directory compared.
    pub path: Utf8PathBuf,
    /// How disk and tree relate.
    pub state: State,
    /// The bytes on the disk; absent where there is no file, and where they are those of the render.
    pub before: Option<Vec<u8>>,
    /// What is rendered; absent where the file is to go.
    pub after: Option<Cow<'t, str>>,
}

impl Entry<'_> {
    /// Whether the path is that of a lock.
    pub fn is_lock(&self) -> bool {
        is_lock(self.path.as_str())
    }

    /// Whether a write leaves the path alone without `force`, or even with it.
    pub fn is_refused(&self, force: bool) -> bool {
        match self.state {
            State::Missing | State::Unchanged | State::Stale | State::Extra => false,
            State::Edited | State::Foreign => !force,
            State::Obstructed(_) => true,
        }
    }
}

/// What a write of a tree would do to a directory, locks included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison<'t> {
    /// Every rendered path and every one that a lock names and the disk still has, in the order of their bytes.
    pub entries: Vec<Entry<'t>>,
    /// The lines that locks hold and nobody can use.
    pub faults: Vec<LockFault>,
    /// The roots under which this profile was rendered before, and whose files now go.
    pub moved_from: Vec<Utf8PathBuf>,
    /// The other profile whose lock stands at this root; the lock is then [`State::Foreign`].
    pub claimed_by: Option<String>,
    pub(super) lock_path: Utf8PathBuf,
    /// The lock that holds while the tree is being written: every hash of before and after.
    pub(super) interim: Lock,
}

impl Comparison<'_> {
    /// Whether the disk holds exactly the tree and its lock.
    pub fn is_current(&self) -> bool {
        self.entries.iter().all(|entry| entry.state == State::Unchanged)
    }

    /// The entries for which a write is refused.
    pub fn refused(&self, force: bool) -> impl Iterator<Item = &Entry<'_>> {
        self.entries.iter().filter(move |entry| entry.is_refused(force))
    }

    /// Counts the entries by what a write, with or without `force`, does to them.
    pub fn summary(&self, force: bool) -> Summary {
        Summary::of(&self.entries, force)
    }
}

/// Compares a tree, to be stamped with `stamp`, with the directory that it belongs under.
///
/// A directory that does not exist is an empty one. Faults of the disk are states, never errors.
pub fn compare<'t>(dir: &Utf8Path, tree: &'t Tree, stamp: &Stamp) -> Comparison<'t> {
    let mut places = Places::below(dir);
    let ledger = Ledger::open(&mut places, tree, stamp);
    places.admit(tree.files.keys().map(String::as_str));
    places.admit(ledger.known.keys().map(String::as_str));

    let (mut entries, lock) = rendered(&places, tree, stamp, &ledger);
    let interim = interim(tree, &lock, &ledger);
    entries.extend(left_over(&places, tree, &ledger));
    entries.push(own_lock(tree, &lock, ledger.own, ledger.is_lock && ledger.claimed_by.is_none()));
    let moved_from = ledger.moved_from.iter().map(|(root, _)| root.into()).collect();
    entries.extend(ledger.moved_from.into_iter().map(|(root, bytes)| old_lock(&root, bytes)));
    make_way(dir, &mut entries);
    entries.sort_unstable_by(|a, b| a.path.as_str().cmp(b.path.as_str()));

    let Ledger { faults, claimed_by, .. } = ledger;
    Comparison { entries, faults, moved_from, claimed_by, lock_path: tree.lock_path(), interim }
}

/// Compares two trees, as if the first lay where the second goes; what is the same is left out, and there are no locks.
pub fn between<'t>(before: &Tree, after: &'t Tree) -> Vec<Entry<'t>> {
    let paths: BTreeSet<&String> = before.files.keys().chain(after.files.keys()).collect();
    let entry = |path: &String| {
        let (old, new) = (before.files.get(path), after.files.get(path));
        let state = match (old, new) {
            (Some(old), Some(new)) if old == new => return None,
            (Some(_), Some(_)) => State::Stale,
            (None, _) => State::Missing,
            (Some(_), None) => State::Extra,
        };
        let before = old.map(|text| text.as_bytes().to_vec());
        Some(Entry { path: path.into(), state, before, after: new.map(|text| Cow::Borrowed(text.as_str())) })
    };
    paths.into_iter().filter_map(entry).collect()
}

/// Judges every rendered path, and hashes the renders for the new lock on the way.
fn rendered<'t>(
    places: &Places<'_>,
    tree: &'t Tree,
    stamp: &Stamp,
    ledger: &Ledger,
) -> (Vec<Entry<'t>>, Lock) {
    let files: Vec<_> = tree.files.iter().collect();
    let judged = files.into_par_iter().map(|(path, text)| {
        let (state, before) = judge(places.examine(path), text, ledger.known.get(path));
        let entry = Entry { path: path.into(), state, before, after: Some(Cow::Borrowed(text.as_str())) };
        (entry, Digest::of(text))
    });
    let (entries, digests): (Vec<_>, Vec<_>) = judged.unzip();
    let names = tree.files.keys().filter_map(|path| below(&tree.root, path)).map(str::to_owned);
    let mut lock = Lock::stamped(stamp);
    lock.files = names.zip(digests.into_iter().map(|digest| vec![digest])).collect();
    (entries, lock)
}

/// The state of a rendered path, and the bytes to show and replace.
fn judge(existing: Existing, text: &str, known: Option<&Vec<Digest>>) -> (State, Option<Vec<u8>>) {
    let bytes = match existing {
        Existing::Absent => return (State::Missing, None),
        Existing::Obstructed(obstruction) => return (State::Obstructed(obstruction), None),
        Existing::File(bytes) if bytes == text.as_bytes() => return (State::Unchanged, None),
        Existing::File(bytes) => bytes,
    };
    let state = match known {
        None => State::Foreign,
        Some(digests) if digests.contains(&Digest::of(&bytes)) => State::Stale,
        Some(_) => State::Edited,
    };
    (state, Some(bytes))
}

/// The entries for what locks name, the tree no longer has, and the disk still holds.
fn left_over<'t>(places: &Places<'_>, tree: &Tree, ledger: &Ledger) -> Vec<Entry<'t>> {
    let paths: Vec<_> = ledger.known.iter().filter(|(path, _)| !tree.files.contains_key(*path)).collect();
    let judged = paths.into_par_iter().filter_map(|(path, digests)| {
        // A directory that became a link to a rendered one: the file behind it is not left over.
        if places.alias(path).is_some_and(|real| tree.files.contains_key(&real)) {
            return None;
        }
        let (state, before) = judge_left_over(places.examine(path), digests)?;
        Some(Entry { path: path.into(), state, before, after: None })
    });
    judged.collect()
}

fn judge_left_over(existing: Existing, known: &[Digest]) -> Option<(State, Option<Vec<u8>>)> {
    match existing {
        // Where the path became a directory, or one of its directories a file, the old file is gone already.
        Existing::Absent | Existing::Obstructed(Obstruction::Directory | Obstruction::File(_)) => None,
        Existing::Obstructed(obstruction) => Some((State::Obstructed(obstruction), None)),
        Existing::File(bytes) if known.contains(&Digest::of(&bytes)) => Some((State::Extra, Some(bytes))),
        Existing::File(bytes) => Some((State::Edited, Some(bytes))),
    }
}

fn own_lock<'t>(tree: &Tree, lock: &Lock, existing: Existing, is_ours: bool) -> Entry<'t> {
    let text = lock.to_string();
    let (state, before) = match judge(existing, &text, None) {
        (State::Foreign, before) if is_ours => (State::Stale, before),
        judged => judged,
    };
    Entry { path: tree.lock_path(), state, before, after: Some(Cow::Owned(text)) }
}

fn old_lock<'t>(root: &str, bytes: Vec<u8>) -> Entry<'t> {
    Entry { path: joined(root, LOCK_FILE).into(), state: State::Extra, before: Some(bytes), after: None }
}

/// The new lock with the hashes of before, so that whatever an interrupted write leaves is known as ours.
fn interim(tree: &Tree, lock: &Lock, ledger: &Ledger) -> Lock {
    let mut interim = lock.clone();
    for (root, _) in &ledger.moved_from {
        interim.note_move(Utf8Path::new(root));
    }
    for (path, digests) in &ledger.known {
        if let Some(name) = below(&tree.root, path) {
            for digest in digests {
                interim.name(name, *digest);
            }
        }
    }
    interim
}

/// A file that gives way to a directory, or a directory whose files all go, is no obstruction.
fn make_way(dir: &Utf8Path, entries: &mut [Entry<'_>]) {
    if !entries.iter().any(|entry| matches!(entry.state, State::Obstructed(_))) {
        return;
    }
    let goes = |entry: &&Entry<'_>| entry.after.is_none() && entry.before.is_some();
    let going: BTreeSet<String> = entries.iter().filter(goes).map(|entry| entry.path.to_string()).collect();
    for entry in entries.iter_mut().filter(|entry| entry.after.is_some()) {
        let gives_way = match &entry.state {
            State::Obstructed(Obstruction::File(path)) => going.contains(path.as_str()),
            State::Obstructed(Obstruction::Directory) => {
                holds_only(dir, entry.path.as_str(), &|path| going.contains(path))
            }
            _ => false,
        };
        if gives_way {
            entry.state = State::Missing;
        }
    }
}

/// How many paths a write adds, changes, removes and leaves, locks included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that are new.
    pub added: usize,
    /// Files that get other bytes.
    pub changed: usize,
    /// Files that go.
    pub removed: usize,
    /// Files that are left as they are.
    pub unchanged: usize,
    /// Files that somebody edited by hand.
    pub edited: usize,
    /// Files that no render left.
    pub foreign: usize,
    /// Paths where something else stands in the way.
    pub obstructed: usize,
}

impl Summary {
    /// Counts entries; with `force`, edited and foreign files by what becomes of them.
    pub(super) fn of(entries: &[Entry<'_>], force: bool) -> Self {
        let mut summary = Self::default();
        for entry in entries {
            *summary.count(entry, force) += 1;
        }
        summary
    }

    fn count(&mut self, entry: &Entry<'_>, force: bool) -> &mut usize {
        match entry.state {
            State::Missing => &mut self.added,
            State::Unchanged => &mut self.unchanged,
            State::Stale => &mut self.changed,
            State::Extra => &mut self.removed,
            State::Edited | State::Foreign if force && entry.after.is_some() => &mut self.changed,
            State::Edited | State::Foreign if force => &mut self.removed,
            State::Edited => &mut self.edited,
            State::Foreign => &mut self.foreign,
            State::Obstructed(_) => &mut self.obstructed,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} added, {} changed, {} removed", self.added, self.changed, self.removed)?;
        let rest =
            [(self.edited, "edited by hand"), (self.foreign, "foreign"), (self.obstructed, "obstructed")];
        for (count, name) in rest.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, ", {count} {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{ROOT, Sandbox, lock, locked, stamp, stamp_of, states, tree, tree_at};
    use super::super::{LockFaultReason, Written, write};
    use super::*;

    fn at(path: &str, state: State) -> (String, State) {
        (joined(ROOT, path), state)
    }

    fn obstructed(path: &str, obstruction: Obstruction) -> (String, State) {
        at(path, State::Obstructed(obstruction))
    }

    #[test]
    fn every_path_has_the_state_that_disk_lock_and_render_give_it() {
        let sandbox = Sandbox::new();
        for (path, text) in [
            ("edited", "by hand"),
            ("extra", "old"),
            ("extra-edited", "by hand"),
            ("foreign", "theirs"),
            ("same", "new"),
            ("same-unlocked", "new"),
            ("stale", "old"),
        ] {
            sandbox.put(&joined(ROOT, path), text);
        }
        let locked = ["edited", "extra", "extra-edited", "extra-gone", "missing", "same", "stale"];
        sandbox.put("clusters/sre/meshwright.lock", lock(&locked.map(|path| (path, "old"))));
        let rendered = ["edited", "foreign", "missing", "same", "same-unlocked", "stale"];
        let tree = tree(&rendered.map(|path| (path, "new")));

        let comparison = compare(&sandbox.dir, &tree, &stamp());
        assert_eq!(
            states(&comparison),
            [
                at("edited", State::Edited),
                at("extra", State::Extra),
                at("extra-edited", State::Edited),
                at("foreign", State::Foreign),
                at("meshwright.lock", State::Stale),
                at("missing", State::Missing),
                at("stale", State::Stale),
            ]
        );
        assert_eq!(
            comparison.summary(false).to_string(),
            "1 added, 2 changed, 1 removed, 2 edited by hand, 1 foreign"
        );
        let kept: Vec<_> = comparison.entries.iter().filter_map(|entry| entry.before.as_deref()).collect();
        assert_eq!(kept.len(), 6, "the bytes of unchanged files are not kept");
        assert!(!comparison.is_current());
    }

    #[test]
    fn a_directory_that_does_not_exist_is_an_empty_one() {
        let sandbox = Sandbox::new();
        let rendered = tree(&[("a", "1")]);
        let comparison = compare(&sandbox.dir.join("no/such"), &rendered, &stamp());
        assert_eq!(states(&comparison), [at("a", State::Missing), at("meshwright.lock", State::Missing)]);
    }

    #[test]
    fn bytes_that_are_no_text_are_compared_all_the_same() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/a", b"\xff\x00");
        assert_eq!(
            sandbox.states(&tree(&[("a", "1")])),
            [at("a", State::Foreign), at("meshwright.lock", State::Missing)]
        );
    }

    #[test]
    fn a_lock_with_a_merge_conflict_vouches_for_both_sides() {
        let sandbox = Sandbox::new();
        let (ours, theirs) = (locked("a", "ours"), locked("a", "theirs") + &locked("b", "theirs"));
        let lock = format!("{}<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> topic\n", lock(&[]));
        sandbox.put("clusters/sre/meshwright.lock", lock);
        sandbox.put("clusters/sre/b", "theirs");
        let tree = tree(&[("a", "new")]);
        for (text, state) in [("ours", State::Stale), ("theirs", State::Stale), ("mine", State::Edited)] {
            sandbox.put("clusters/sre/a", text);
            let rest = [at("b", State::Extra), at("meshwright.lock", State::Stale)];
            assert_eq!(sandbox.states(&tree), [&[at("a", state)], &rest[..]].concat());
        }
    }

    #[test]
    fn a_lock_cannot_make_us_remove_what_lies_elsewhere() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/other", "old");
        let absolute = sandbox.dir.join("clusters/other").into_string();
        let lines = locked("../other", "old") + &locked(&absolute, "old") + &locked("", "old");
        sandbox.put("clusters/sre/meshwright.lock", lock(&[]) + &lines);
        let rendered = tree(&[]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        assert_eq!(states(&comparison), [at("meshwright.lock", State::Stale)]);
        let reasons: Vec<_> =
            comparison.faults.iter().map(|fault| (fault.line, fault.reason.clone())).collect();
        let unsafe_path = |line, path: &str| (line, LockFaultReason::UnsafePath(path.into()));
        assert_eq!(reasons, [unsafe_path(3, "../other"), unsafe_path(4, &absolute), unsafe_path(5, "")]);
    }

    #[test]
    fn a_file_by_the_name_of_the_lock_that_is_none_is_foreign() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/meshwright.lock", "packages: []\n");
        assert_eq!(sandbox.states(&tree(&[])), [at("meshwright.lock", State::Foreign)]);
    }

    #[test]
    fn a_root_that_another_profile_claims_is_foreign() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1")]));
        let tree = tree(&[("a", "1")]);
        let comparison = compare(&sandbox.dir, &tree, &stamp_of("prod"));
        assert_eq!(comparison.claimed_by.as_deref(), Some("sre"));
        assert_eq!(states(&comparison), [at("meshwright.lock", State::Foreign)]);
        assert_eq!(compare(&sandbox.dir, &tree, &stamp()).claimed_by, None);
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_an_obstruction() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/a/theirs", "");
        sandbox.make_dir("clusters/sre/meshwright.lock/theirs");
        sandbox.put("clusters/sre/meshwright.lock/theirs/x", "");
        let rendered = tree(&[("a", "1")]);
        let expected =
            [obstructed("a", Obstruction::Directory), obstructed("meshwright.lock", Obstruction::Directory)];
        assert_eq!(sandbox.states(&rendered), expected);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        let refused = Written::Refused(vec!["clusters/sre/a".into(), "clusters/sre/meshwright.lock".into()]);
        let before = sandbox.contents();
        assert_eq!(write(&sandbox.dir, &comparison, true).expect("nothing fails"), refused);
        assert_eq!(sandbox.contents(), before);
    }

    #[test]
    fn a_file_in_place_of_a_directory_is_an_obstruction() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/a", "theirs");
        let obstruction = Obstruction::File("clusters/sre/a".into());
        assert_eq!(
            sandbox.states(&tree(&[("a/b/c", "1")])),
            [obstructed("a/b/c", obstruction), at("meshwright.lock", State::Missing)]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_at_the_place_of_a_file_is_an_obstruction() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("b", "1"), ("c", "1")]));
        sandbox.put("inside", "1");
        for path in ["clusters/sre/a", "clusters/sre/b", "clusters/sre/c"] {
            sandbox.remove(path);
        }
        sandbox.link(&sandbox.dir.join("inside"), "clusters/sre/a");
        sandbox.link(&sandbox.dir.join("clusters/sre/b"), "clusters/sre/b");
        sandbox.link(&sandbox.dir.join("inside"), "clusters/sre/c");
        assert_eq!(
            sandbox.states(&tree(&[("a", "1"), ("b", "1")])),
            [
                obstructed("a", Obstruction::Symlink),
                obstructed("b", Obstruction::Symlink),
                obstructed("c", Obstruction::Symlink),
                at("meshwright.lock", State::Stale),
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_leads_out_of_the_repository_is_an_obstruction() {
        let sandbox = Sandbox::new();
        std::fs::write(sandbox.outside.join("extra"), "old").expect("a file can be written");
        sandbox.put("clusters/sre/meshwright.lock", lock(&[("out/extra", "old")]));
        sandbox.link(&sandbox.outside, "clusters/sre/out");
        let outside = || Obstruction::Outside("clusters/sre/out".into());
        assert_eq!(
            sandbox.states(&tree(&[("out/sub/new", "1")])),
            [
                at("meshwright.lock", State::Stale),
                obstructed("out/extra", outside()),
                obstructed("out/sub/new", outside()),
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_that_is_a_loop_or_leads_nowhere_is_an_obstruction() {
        let sandbox = Sandbox::new();
        sandbox.make_dir(ROOT);
        sandbox.link(Utf8Path::new("loop"), "clusters/sre/loop");
        sandbox.link(Utf8Path::new("nowhere"), "clusters/sre/dangling");
        let states = sandbox.states(&tree(&[("dangling/a", "1"), ("loop/a", "1")]));
        let words = states.iter().map(|(path, state)| match state {
            State::Obstructed(obstruction) => format!("{path}: {obstruction}"),
            other => format!("{path}: {other:?}"),
        });
        assert_eq!(
            words.collect::<Vec<_>>(),
            [
                "clusters/sre/dangling/a: what stands here cannot be read: `clusters/sre/dangling`: no such file or directory",
                "clusters/sre/loop/a: what stands here cannot be read: `clusters/sre/loop`: too many levels of symbolic links",
                "clusters/sre/meshwright.lock: Missing",
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_to_another_directory_of_the_repository_is_fine() {
        let sandbox = Sandbox::new();
        sandbox.make_dir("elsewhere");
        sandbox.make_dir("clusters");
        sandbox.link(Utf8Path::new("../elsewhere"), ROOT);
        let rendered = tree(&[("a/b", "1")]);
        sandbox.write(&rendered);
        assert_eq!(sandbox.text("elsewhere/a/b"), "1");
        assert_eq!(sandbox.states(&rendered), []);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_shows_twice_is_not_removed_as_left_over() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/new/a", "1");
        sandbox.link(Utf8Path::new("new"), "clusters/sre/old");
        sandbox.put("clusters/sre/meshwright.lock", lock(&[("old/a", "1")]));
        assert_eq!(sandbox.states(&tree(&[("new/a", "1")])), [at("meshwright.lock", State::Stale)]);
    }

    #[test]
    fn a_tree_that_moved_takes_its_old_files_along() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree_at("old/place", &[("a", "1"), ("b", "1")]));
        sandbox.put("old/place/b", "by hand");
        sandbox.put("other/meshwright.lock", lock(&[("a", "1")]).replace("profile sre", "profile prod"));
        let rendered = tree(&[("a", "1")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        assert_eq!(comparison.moved_from, ["old/place"]);
        assert_eq!(
            states(&comparison),
            [
                at("a", State::Missing),
                at("meshwright.lock", State::Missing),
                ("old/place/a".into(), State::Extra),
                ("old/place/b".into(), State::Edited),
                ("old/place/meshwright.lock".into(), State::Extra),
            ]
        );
    }

    #[test]
    fn a_tree_that_has_its_lock_leaves_others_of_its_profile_alone() {
        let sandbox = Sandbox::new();
        sandbox.put("other/a", "1");
        sandbox.put("other/meshwright.lock", lock(&[("a", "1")]));
        sandbox.put("clusters/sre/meshwright.lock", lock(&[]));
        let rendered = tree(&[]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        assert_eq!((comparison.is_current(), &*comparison.moved_from), (true, &[][..]));
    }

    #[test]
    fn a_lock_that_says_its_tree_comes_from_itself_is_read_once() {
        let sandbox = Sandbox::new();
        sandbox.put("clusters/sre/a", "1");
        let text = format!("# moving clusters/sre\n# moving\n# moving ../out\n{}", lock(&[("a", "1")]));
        sandbox.put("clusters/sre/meshwright.lock", text);
        let expected = [at("a", State::Extra), at("meshwright.lock", State::Stale)];
        assert_eq!(sandbox.states(&tree(&[])), expected);
    }
}
