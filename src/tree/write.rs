//! Writes a compared tree: each file at once or not at all, and the lock last.

use std::fs;
use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use tempfile::Builder;

use super::compare::{Comparison, Entry, State, Summary};

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// The directory now holds the tree.
    Done(Summary),
    /// Nothing was touched, because of these paths.
    Refused(Vec<Utf8PathBuf>),
}

/// Makes `dir` hold the tree that it was compared with. `force` overwrites edited and foreign files.
///
/// Touches only what differs, and nothing at all if nothing does. Each file is replaced at once, keeps its
/// permissions, and is in place before the lock that names it alone: a write that is cut short, or fails with an
/// error, is finished by the next one, which takes nothing of it for an edit by hand.
pub fn write(dir: &Utf8Path, comparison: &Comparison<'_>, force: bool) -> Result<Written> {
    let refused: Vec<_> = comparison.refused(force).map(|entry| entry.path.clone()).collect();
    if !refused.is_empty() {
        return Ok(Written::Refused(refused));
    }
    let differs = |entry: &&Entry<'_>| entry.state != State::Unchanged;
    let (locks, files): (Vec<_>, Vec<_>) =
        comparison.entries.iter().filter(differs).partition(|entry| entry.is_lock());
    if !files.is_empty() {
        put(dir, &comparison.lock_path, &comparison.interim.to_string())?;
    }
    // Removal comes first because a file may give way to a directory of its name, and the other way round.
    apply(dir, &files)?;
    apply(dir, &locks)?;
    Ok(Written::Done(Summary::of(&comparison.entries, force)))
}

/// Removes what goes, then writes what stays.
fn apply(dir: &Utf8Path, entries: &[&Entry<'_>]) -> Result<()> {
    let going: Vec<_> =
        entries.iter().filter(|entry| entry.after.is_none()).map(|entry| &*entry.path).collect();
    going.par_iter().try_for_each(|path| remove(dir, path))?;
    prune(dir, &going);
    entries
        .par_iter()
        .try_for_each(|entry| entry.after.as_ref().map_or(Ok(()), |text| put(dir, &entry.path, text)))
}

/// Replaces or creates one file at once.
fn put(dir: &Utf8Path, path: &Utf8Path, text: &str) -> Result<()> {
    let target = dir.join(path);
    let parent = target.parent().unwrap_or(dir);
    fs::create_dir_all(parent).with_context(|| format!("cannot create directory `{}`", shown(parent)))?;
    replace(parent, &target, text).with_context(|| format!("cannot write `{}`", shown(&target)))
}

/// The path as a reader would type it.
fn shown(target: &Utf8Path) -> &Utf8Path {
    target.strip_prefix(".").unwrap_or(target)
}

fn replace(parent: &Utf8Path, target: &Utf8Path, text: &str) -> io::Result<()> {
    // The temporary file lies beside its target, since only a rename within one file system happens at once.
    // It removes itself on every way out but the last.
    let mut file = builder().tempfile_in(parent)?;
    file.write_all(text.as_bytes())?;
    match fs::symlink_metadata(target) {
        Ok(metadata) if metadata.is_file() => file.as_file().set_permissions(metadata.permissions())?,
        Ok(metadata) if metadata.is_dir() => remove_empty(target)?,
        Ok(_) | Err(_) => {}
    }
    file.persist(target)?;
    Ok(())
}

/// A temporary file that gets the permissions of any other new file, not those of a secret: what the umask leaves
/// of 0666, which in most places is 0644.
fn builder() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".meshwright-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

fn remove(dir: &Utf8Path, path: &Utf8Path) -> Result<()> {
    let target = dir.join(path);
    match fs::remove_file(&target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove `{}`", shown(&target)))
        }
        _ => Ok(()),
    }
}

/// Removes the directories that `paths` left empty, upwards, but never `dir`.
///
/// An error is no failure: a directory that is not empty stays, and an empty one that stays harms nobody.
fn prune(dir: &Utf8Path, paths: &[&Utf8Path]) {
    for path in paths {
        let parents = path.ancestors().skip(1).filter(|parent| !parent.as_str().is_empty());
        for parent in parents {
            match fs::remove_dir(dir.join(parent)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => break,
                _ => {}
            }
        }
    }
}

/// Removes a directory that holds nothing but directories; anything else in it is an error.
fn remove_empty(directory: &Utf8Path) -> io::Result<()> {
    for entry in directory.read_dir_utf8()? {
        remove_empty(entry?.path())?;
    }
    fs::remove_dir(directory)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::fixture::{
        ROOT, Sandbox, lock, locked, stamp, stamp_of, states, summary, tree, tree_at,
    };
    use super::super::{Tree, compare};
    use super::*;

    const LOCK: &str = "clusters/sre/meshwright.lock";

    fn contents(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    /// What the repository holds after a tree was written into an empty one.
    fn fresh(tree: &Tree) -> BTreeMap<String, String> {
        let sandbox = Sandbox::new();
        sandbox.write(tree);
        sandbox.contents()
    }

    #[test]
    fn a_tree_is_written_with_its_lock() {
        let sandbox = Sandbox::new();
        let files = [("a", "1"), ("b/c", "2")];
        assert_eq!(sandbox.write(&tree(&files)), summary(3, 0, 0));
        assert_eq!(
            sandbox.contents(),
            contents(&[
                ("clusters/", ""),
                ("clusters/sre/", ""),
                ("clusters/sre/a", "1"),
                ("clusters/sre/b/", ""),
                ("clusters/sre/b/c", "2"),
                (LOCK, &lock(&files)),
            ])
        );
    }

    #[test]
    fn a_root_may_be_the_directory_itself() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree_at("", &[("a", "1"), ("b/c", "1")]));
        sandbox.write(&tree_at("", &[("a", "2")]));
        assert_eq!(sandbox.contents(), contents(&[("a", "2"), ("meshwright.lock", &lock(&[("a", "2")]))]));
        sandbox.write(&tree_at("", &[]));
        assert_eq!(sandbox.contents(), contents(&[("meshwright.lock", &lock(&[]))]));
    }

    #[test]
    fn sha256sum_reads_the_lock() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("b/c d", "2\n")]));
        let (is_fine, said) = sandbox.run(ROOT, "sha256sum", &["-c", "--strict", "meshwright.lock"]);
        assert_eq!((is_fine, said.as_str()), (true, "a: OK\nb/c d: OK\n"));
        sandbox.put("clusters/sre/a", "edited");
        assert!(!sandbox.run(ROOT, "sha256sum", &["-c", "meshwright.lock"]).0);
    }

    #[cfg(unix)]
    #[test]
    fn a_second_write_touches_nothing_and_a_change_touches_one_file() {
        use std::os::unix::fs::MetadataExt as _;
        let sandbox = Sandbox::new();
        let touched = |path: &str| {
            let metadata = fs::metadata(sandbox.dir.join(path)).expect("the file is there");
            (metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec())
        };
        let all = || ["", ROOT, LOCK, "clusters/sre/a", "clusters/sre/b"].map(touched);
        sandbox.write(&tree(&[("a", "1"), ("b", "1")]));
        let before = all();
        let unchanged = Summary { unchanged: 3, ..Summary::default() };
        assert_eq!(sandbox.write(&tree(&[("a", "1"), ("b", "1")])), unchanged);
        assert_eq!(all(), before);
        sandbox.write(&tree(&[("a", "1"), ("b", "2")]));
        assert_eq!(touched("clusters/sre/a"), before[3]);
        assert_ne!(touched("clusters/sre/b").0, before[4].0);
    }

    #[test]
    fn what_goes_takes_its_empty_directories_along() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a/b/c", "1"), ("a/b/d", "1"), ("e/f", "1"), ("g", "1")]));
        sandbox.put("clusters/sre/e/theirs", "");
        assert_eq!(sandbox.write(&tree(&[("g", "1")])), Summary { unchanged: 1, ..summary(0, 1, 3) });
        assert_eq!(
            sandbox.contents(),
            contents(&[
                ("clusters/", ""),
                ("clusters/sre/", ""),
                ("clusters/sre/e/", ""),
                ("clusters/sre/e/theirs", ""),
                ("clusters/sre/g", "1"),
                (LOCK, &lock(&[("g", "1")])),
            ])
        );
    }

    #[test]
    fn a_hand_edit_is_kept_until_force_is_used() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("b", "1"), ("c", "1")]));
        sandbox.put("clusters/sre/a", "by hand");
        sandbox.put("clusters/sre/b", "by hand");
        sandbox.put("clusters/sre/d", "theirs");
        let rendered = tree(&[("a", "2"), ("c", "2"), ("d", "2")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        let before = sandbox.contents();
        let refused = ["clusters/sre/a", "clusters/sre/b", "clusters/sre/d"].map(Utf8PathBuf::from);
        assert_eq!(
            write(&sandbox.dir, &comparison, false).expect("nothing fails"),
            Written::Refused(refused.into())
        );
        assert_eq!(sandbox.contents(), before);
        let done = Written::Done(summary(0, 4, 1));
        assert_eq!(write(&sandbox.dir, &comparison, true).expect("nothing fails"), done);
        assert_eq!(sandbox.contents(), fresh(&rendered));
    }

    #[test]
    fn another_profile_takes_a_root_over_by_force_only() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1")]));
        let rendered = tree(&[("b", "1")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp_of("prod"));
        let refused = Written::Refused(vec![LOCK.into()]);
        assert_eq!(write(&sandbox.dir, &comparison, false).expect("nothing fails"), refused);
        write(&sandbox.dir, &comparison, true).expect("nothing fails");
        let lock = lock(&[("b", "1")]).replace("profile sre", "profile prod");
        let expected = [("clusters/", ""), ("clusters/sre/", ""), ("clusters/sre/b", "1"), (LOCK, &lock)];
        assert_eq!(sandbox.contents(), contents(&expected));
    }

    #[test]
    fn a_write_cut_short_is_finished_by_the_next_even_if_that_renders_something_else() {
        let old = tree(&[("a", "1"), ("b", "1"), ("go", "1"), ("gone", "1")]);
        let new = tree(&[("a", "2"), ("added", "2"), ("b", "2")]);
        let newest = tree(&[("a", "3"), ("b", "3")]);
        for next in [&old, &new, &newest] {
            let sandbox = Sandbox::new();
            sandbox.write(&old);
            let comparison = compare(&sandbox.dir, &new, &stamp());
            sandbox.put(LOCK, comparison.interim.to_string());
            sandbox.put("clusters/sre/a", "2");
            sandbox.put("clusters/sre/added", "2");
            sandbox.remove("clusters/sre/gone");
            sandbox.write(next);
            assert_eq!(sandbox.contents(), fresh(next));
        }
    }

    #[test]
    fn the_lock_on_the_way_names_what_was_and_what_will_be() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("go", "1"), ("stays", "1")]));
        let rendered = tree(&[("a", "2"), ("stays", "1")]);
        let interim = compare(&sandbox.dir, &rendered, &stamp()).interim.to_string();
        let files = [locked("a", "2"), locked("a", "1"), locked("go", "1"), locked("stays", "1")];
        assert_eq!(interim, lock(&[]) + &files.concat());
    }

    #[test]
    fn a_moved_tree_leaves_nothing_behind() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree_at("old/place", &[("a", "1"), ("b/c", "1")]));
        let rendered = tree(&[("a", "2")]);
        assert_eq!(sandbox.write(&rendered), summary(2, 0, 3));
        assert_eq!(sandbox.contents(), fresh(&rendered));
    }

    #[test]
    fn a_tree_moves_into_and_out_of_its_own_root() {
        let sandbox = Sandbox::new();
        let (inner, outer) =
            (tree_at("r/inner", &[("a", "2")]), tree_at("r", &[("inner/a", "1"), ("b", "1")]));
        sandbox.write(&outer);
        sandbox.write(&inner);
        assert_eq!(sandbox.contents(), fresh(&inner));
        sandbox.write(&outer);
        assert_eq!(sandbox.contents(), fresh(&outer));
    }

    #[test]
    fn a_move_cut_short_is_finished_by_the_next_write() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree_at("old/place", &[("a", "1"), ("b", "1")]));
        let rendered = tree(&[("a", "2"), ("c", "2")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        sandbox.put(LOCK, comparison.interim.to_string());
        sandbox.remove("old/place/a");
        sandbox.put("clusters/sre/a", "2");
        sandbox.write(&rendered);
        assert_eq!(sandbox.contents(), fresh(&rendered));
    }

    #[test]
    fn a_file_may_give_way_to_a_directory_and_the_other_way_round() {
        let sandbox = Sandbox::new();
        let trees = [tree(&[("a", "1"), ("b/c/d", "1")]), tree(&[("a/x", "1"), ("b", "1")])];
        for rendered in trees.iter().cycle().take(3) {
            sandbox.write(rendered);
            assert_eq!(sandbox.contents(), fresh(rendered));
        }
    }

    #[test]
    fn empty_directories_do_not_stand_in_the_way_of_a_file() {
        let sandbox = Sandbox::new();
        sandbox.make_dir("clusters/sre/a/b");
        let rendered = tree(&[("a", "1")]);
        sandbox.write(&rendered);
        assert_eq!(sandbox.contents(), fresh(&rendered));
    }

    #[test]
    fn a_write_that_fails_says_where_and_leaves_no_half_written_file() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("b", "1")]));
        let rendered = tree(&[("a", "2"), ("b", "2"), ("c/d", "2")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        // A full directory stands where a file should go, as a read-only one would for anybody but root.
        sandbox.remove("clusters/sre/b");
        sandbox.put("clusters/sre/b/theirs", "");
        let error = write(&sandbox.dir, &comparison, false).expect_err("the rename must fail");
        assert_eq!(error.to_string(), format!("cannot write `{}/clusters/sre/b`", sandbox.dir));
        assert_eq!(sandbox.text(LOCK), comparison.interim.to_string());
        let mut left = sandbox.contents();
        assert!(left.keys().all(|path| !path.contains("/.")), "{left:?}");
        for (path, texts) in [("clusters/sre/a", ["1", "2"]), ("clusters/sre/c/d", ["2", "2"])] {
            assert!(left.remove(path).is_none_or(|text| texts.contains(&text.as_str())), "{path}");
        }
        fs::remove_dir_all(sandbox.dir.join("clusters/sre/b")).expect("the obstacle can be removed");
        sandbox.write(&rendered);
        assert_eq!(sandbox.contents(), fresh(&rendered));
    }

    #[test]
    fn a_file_in_place_of_a_directory_fails_before_anything_is_changed() {
        let sandbox = Sandbox::new();
        let rendered = tree(&[("a", "1")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        sandbox.put("clusters", "theirs");
        let error = write(&sandbox.dir, &comparison, false).expect_err("the directory cannot be made");
        assert_eq!(error.to_string(), format!("cannot create directory `{}/clusters/sre`", sandbox.dir));
        assert_eq!(sandbox.contents(), contents(&[("clusters", "theirs")]));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_as_readable_as_any_other_and_an_old_one_stays_as_it_was() {
        use std::os::unix::fs::PermissionsExt as _;
        let sandbox = Sandbox::new();
        let mode = |path: &str| {
            fs::metadata(sandbox.dir.join(path)).expect("the file is there").permissions().mode() & 0o7777
        };
        sandbox.put("ordinary", "");
        sandbox.write(&tree(&[("a", "1"), ("b", "1")]));
        assert_eq!(["clusters/sre/a", LOCK].map(mode), [mode("ordinary"); 2]);
        let odd = fs::Permissions::from_mode(0o751);
        fs::set_permissions(sandbox.dir.join("clusters/sre/b"), odd).expect("permissions can be set");
        sandbox.write(&tree(&[("a", "2"), ("b", "2")]));
        assert_eq!(["clusters/sre/a", "clusters/sre/b"].map(mode), [mode("ordinary"), 0o751]);
    }

    #[test]
    fn of_several_writers_at_once_the_last_wins_and_nothing_is_torn() {
        let sandbox = Sandbox::new();
        let texts = ["1".repeat(9000), "2".repeat(9000)];
        let trees = texts.each_ref().map(|text| tree(&[("a", text.as_str()), ("b/c", text.as_str())]));
        sandbox.write(&trees[0]);
        std::thread::scope(|scope| {
            for rendered in &trees {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let comparison = compare(&sandbox.dir, rendered, &stamp());
                        write(&sandbox.dir, &comparison, true).expect("a file is never missing");
                    }
                });
            }
        });
        for path in ["clusters/sre/a", "clusters/sre/b/c"] {
            assert!(texts.contains(&sandbox.text(path)), "{path} is torn");
        }
        let comparison = compare(&sandbox.dir, &trees[0], &stamp());
        write(&sandbox.dir, &comparison, true).expect("nothing fails");
        assert_eq!(sandbox.contents(), fresh(&trees[0]));
        assert_eq!(states(&compare(&sandbox.dir, &trees[0], &stamp())), []);
    }
}
