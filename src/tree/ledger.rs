//! What the locks on the disk say of a tree that is about to be written.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::lock::{Digest, LOCK_FILE, Lock, LockFault, Stamp};
use super::place::{Existing, Places};
use super::walk::find_locks;
use super::{Tree, joined};

/// The lock of the tree, and those of the roots that it moves away from, as one.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Hashes by path, relative to the directory compared.
    pub(super) known: BTreeMap<String, Vec<Digest>>,
    /// What stands at the tree's own lock.
    pub(super) own: Existing,
    /// Whether that is a lock at all.
    pub(super) is_lock: bool,
    /// The other profile that it belongs to.
    pub(super) claimed_by: Option<String>,
    /// The roots that the tree moves away from, each with the bytes of its lock.
    pub(super) moved_from: Vec<(String, Vec<u8>)>,
    pub(super) faults: Vec<LockFault>,
}

impl Ledger {
    /// Reads the tree's own lock and, where there is none yet or a move was interrupted, those of other roots.
    pub(super) fn open(places: &mut Places<'_>, tree: &Tree, stamp: &Stamp) -> Self {
        let own_path = tree.lock_path();
        places.admit([own_path.as_str()]);
        let mut ledger = Self {
            known: BTreeMap::new(),
            own: places.examine(own_path.as_str()),
            is_lock: false,
            claimed_by: None,
            moved_from: Vec::new(),
            faults: Vec::new(),
        };
        for root in ledger.read_own(places, tree, stamp) {
            if root != tree.root {
                ledger.read_moved(places, &root, stamp);
            }
        }
        ledger
    }

    /// Reads the tree's own lock, and returns the roots that the tree moves away from.
    fn read_own(&mut self, places: &Places<'_>, tree: &Tree, stamp: &Stamp) -> Vec<String> {
        let lock = match &self.own {
            Existing::File(bytes) => {
                let (lock, faults) = Lock::read(&tree.lock_path(), bytes);
                self.faults.extend(faults);
                lock
            }
            Existing::Absent => {
                return find_locks(places.dir(), &stamp.profile).into_iter().map(String::from).collect();
            }
            Existing::Obstructed(_) => return Vec::new(),
        };
        self.is_lock = lock.profiles().next().is_some();
        if !lock.profiles().any(|name| name == stamp.profile) {
            self.claimed_by = lock.profiles().next().map(str::to_owned);
        }
        let moves = lock.moves().map(str::to_owned).collect();
        self.absorb(&tree.root, lock);
        moves
    }

    fn read_moved(&mut self, places: &mut Places<'_>, root: &str, stamp: &Stamp) {
        let path = Utf8PathBuf::from(joined(root, LOCK_FILE));
        places.admit([path.as_str()]);
        let Existing::File(bytes) = places.examine(path.as_str()) else { return };
        let (lock, faults) = Lock::read(&path, &bytes);
        if lock.profiles().any(|name| name == stamp.profile) {
            self.faults.extend(faults);
            self.absorb(root, lock);
            self.moved_from.push((root.to_owned(), bytes));
        }
    }

    fn absorb(&mut self, root: &str, lock: Lock) {
        for (path, digests) in lock.files {
            self.known.entry(joined(root, &path)).or_default().extend(digests);
        }
    }
}
