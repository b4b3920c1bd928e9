//! Shows what a write would change, as a patch that `git apply` takes and as hunks for other views.

use std::fmt::{self, Write as _};
use std::ops::Range;

use camino::Utf8Path;
use rayon::prelude::*;
use similar::{ChangeTag, DiffOp, InlineChange, TextDiff, TextDiffConfig};

use super::compare::{Comparison, Entry, State};

/// Lines of context around a change, as git has them.
const CONTEXT: usize = 3;

/// The most lines, of both sides together, of a replacement in which changed words are sought. Beyond that
/// nearly every word is a changed one, and finding that out takes quadratic time.
const EMPHASIS_LINES: usize = 64;

/// The same limit in bytes, for lines of great length.
const EMPHASIS_BYTES: usize = 8 * 1024;

/// What becomes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileStatus {
    /// It is new.
    Added,
    /// It gets other bytes.
    Changed,
    /// It goes.
    Removed,
}

/// One file that a write changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange<'c> {
    /// Relative to the directory compared.
    pub path: &'c Utf8Path,
    /// Why it is in the comparison; edited and foreign files change only by force.
    pub state: &'c State,
    /// What becomes of it.
    pub status: FileStatus,
    /// The text on the disk; absent for a new file, and for bytes that are no text.
    pub before: Option<&'c str>,
    /// The text that is rendered; absent for a file that goes.
    pub after: Option<&'c str>,
    /// Whether the bytes on the disk are no UTF-8, so that there are no hunks.
    pub is_binary: bool,
    /// The changed places, in order.
    pub hunks: Vec<Hunk<'c>>,
}

/// A changed place of a file, with the lines around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk<'c> {
    /// The lines it takes from the old text, from 0.
    pub old: Range<usize>,
    /// The lines it gives to the new text, from 0.
    pub new: Range<usize>,
    /// Both, interleaved.
    pub lines: Vec<Line<'c>>,
}

impl Hunk<'_> {
    /// The line that opens the hunk in a patch, such as `@@ -1,3 +1,4 @@`.
    pub fn header(&self) -> String {
        format!("@@ -{} +{} @@", place(&self.old), place(&self.new))
    }
}

/// First line from 1 and number of lines; an empty range is named by the line before it.
fn place(lines: &Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// Which text a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTag {
    /// Both.
    Context,
    /// The new one.
    Insert,
    /// The old one.
    Delete,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'c> {
    /// Which text it belongs to.
    pub tag: LineTag,
    /// The line in pieces, without its line feed; no piece is empty.
    pub segments: Vec<Segment<'c>>,
    /// Whether it ends with a line feed, as all do but perhaps the last of a file.
    pub is_terminated: bool,
}

/// A piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'c> {
    /// Whether this is what changed in a line that otherwise stayed.
    pub is_emphasized: bool,
    /// The piece.
    pub text: &'c str,
}

/// The files that a write with `force` changes, locks included, in the order of their paths' bytes. Obstructed
/// paths are left out, since no write touches them.
pub fn changes<'c>(comparison: &'c Comparison<'_>) -> Vec<FileChange<'c>> {
    comparison.entries.par_iter().filter_map(change_of).collect()
}

/// What a write with `force` does to one path, if anything; for a few paths of many.
pub fn change_of<'c>(entry: &'c Entry<'_>) -> Option<FileChange<'c>> {
    change(entry, true)
}

/// One patch of all [`changes`], which `git apply` in the directory compared turns into what a write leaves.
///
/// A file that is no text is named as git names it, and makes `git apply` refuse the whole patch.
pub fn unified(comparison: &Comparison<'_>) -> String {
    let plain = |entry| change(entry, false).map(|change| change.to_string());
    comparison.entries.par_iter().filter_map(plain).collect()
}

fn change<'c>(entry: &'c Entry<'_>, seeks_words: bool) -> Option<FileChange<'c>> {
    let status = match (&entry.state, &entry.after) {
        (State::Unchanged | State::Obstructed(_), _) => return None,
        (State::Missing, _) => FileStatus::Added,
        (State::Stale | State::Extra | State::Edited | State::Foreign, Some(_)) => FileStatus::Changed,
        (State::Stale | State::Extra | State::Edited | State::Foreign, None) => FileStatus::Removed,
    };
    let before = entry.before.as_deref().map(str::from_utf8);
    let is_binary = matches!(before, Some(Err(_)));
    let before = before.and_then(Result::ok);
    let after = entry.after.as_deref();
    let texts = Texts::new(before.unwrap_or(""), after.unwrap_or(""), seeks_words);
    let hunks = if is_binary { Vec::new() } else { texts.hunks() };
    Some(FileChange { path: &entry.path, state: &entry.state, status, before, after, is_binary, hunks })
}

/// Two texts, line by line.
struct Texts<'c> {
    old: Vec<&'c str>,
    new: Vec<&'c str>,
    /// Whether somebody will look at the words that changed in a line.
    seeks_words: bool,
}

impl<'c> Texts<'c> {
    /// Cuts texts into lines, at line feeds alone, as git does; `similar` would also cut at carriage returns.
    fn new(old: &'c str, new: &'c str, seeks_words: bool) -> Self {
        let lines = |text: &'c str| text.split_inclusive('\n').collect();
        Self { old: lines(old), new: lines(new), seeks_words }
    }

    fn hunks(&self) -> Vec<Hunk<'c>> {
        // The default algorithm bounds its own work, so a deadline, which would make the outcome depend on the
        // speed of the machine, is not needed.
        let diff = TextDiffConfig::new().diff_slices(&self.old, &self.new);
        diff.grouped_ops(CONTEXT).iter().map(|ops| self.hunk(&diff, ops)).collect()
    }

    fn hunk(&self, diff: &TextDiff<'c, 'c, str>, ops: &[DiffOp]) -> Hunk<'c> {
        let start = ops.first().map_or((0, 0), |op| (op.old_range().start, op.new_range().start));
        let end = ops.last().map_or((0, 0), |op| (op.old_range().end, op.new_range().end));
        let lines = ops.iter().flat_map(|op| self.lines(diff, op)).collect();
        Hunk { old: start.0..end.0, new: start.1..end.1, lines }
    }

    fn lines(&self, diff: &TextDiff<'c, 'c, str>, op: &DiffOp) -> Vec<Line<'c>> {
        let (removed, inserted) = (&self.old[op.old_range()], &self.new[op.new_range()]);
        match op {
            DiffOp::Equal { .. } => plain(LineTag::Context, removed).collect(),
            DiffOp::Replace { .. } if self.seeks_words && is_small(removed, inserted) => {
                diff.iter_inline_changes_deadline(op, None).map(|change| self.emphasized(&change)).collect()
            }
            DiffOp::Delete { .. } | DiffOp::Insert { .. } | DiffOp::Replace { .. } => {
                plain(LineTag::Delete, removed).chain(plain(LineTag::Insert, inserted)).collect()
            }
        }
    }

    /// A line with its changed words, cut from the text itself, since `similar` lends its pieces for less long.
    fn emphasized(&self, change: &InlineChange<'_, str>) -> Line<'c> {
        let (tag, line) = match (change.tag(), change.old_index(), change.new_index()) {
            (ChangeTag::Delete, Some(index), _) => (LineTag::Delete, self.old[index]),
            (ChangeTag::Insert, _, Some(index)) => (LineTag::Insert, self.new[index]),
            (ChangeTag::Equal, Some(index), _) => (LineTag::Context, self.old[index]),
            _ => unreachable!("a changed line comes from one of the texts"),
        };
        Line::new(
            tag,
            line,
            change.values().iter().map(|(is_emphasized, piece)| (*is_emphasized, piece.len())),
        )
    }
}

fn is_small(removed: &[&str], inserted: &[&str]) -> bool {
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    removed.len() + inserted.len() <= EMPHASIS_LINES && bytes(removed) + bytes(inserted) <= EMPHASIS_BYTES
}

fn plain<'c>(tag: LineTag, lines: &[&'c str]) -> impl Iterator<Item = Line<'c>> {
    lines.iter().map(move |line| Line::new(tag, line, [(false, line.len())]))
}

impl<'c> Line<'c> {
    /// Cuts a line, with or without its line feed, into pieces of the given lengths.
    fn new(tag: LineTag, line: &'c str, pieces: impl IntoIterator<Item = (bool, usize)>) -> Self {
        let mut rest = line.strip_suffix('\n').unwrap_or(line);
        let is_terminated = rest.len() < line.len();
        let mut segments: Vec<Segment<'c>> = Vec::new();
        for (is_emphasized, length) in pieces {
            let (text, tail) = rest.split_at(length.min(rest.len()));
            rest = tail;
            if !text.is_empty() {
                segments.push(Segment { is_emphasized, text });
            }
        }
        Self { tag, segments, is_terminated }
    }
}

impl FileChange<'_> {
    /// Returns the lines that open the file's part of a patch, as git writes them.
    pub fn header(&self) -> String {
        let path = self.path;
        // A tab ends a name with a space in it, as git writes it, for readers that expect a date there.
        let end = if path.as_str().contains(' ') { "\t" } else { "" };
        let (old, new) = (format!("a/{path}{end}"), format!("b/{path}{end}"));
        let (mode, old, new) = match self.status {
            FileStatus::Added => ("new file mode 100644\n", "/dev/null", &*new),
            FileStatus::Changed => ("", &*old, &*new),
            FileStatus::Removed => ("deleted file mode 100644\n", &*old, "/dev/null"),
        };
        let names = match (self.is_binary, self.hunks.is_empty()) {
            (true, _) => format!("Binary files {} and {} differ\n", old.trim_end(), new.trim_end()),
            (false, true) => String::new(),
            (false, false) => format!("--- {old}\n+++ {new}\n"),
        };
        format!("diff --git a/{path} b/{path}\n{mode}{names}")
    }
}

impl FileStatus {
    /// Returns the status in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl LineTag {
    /// Returns the character that opens such a line in a patch.
    pub fn mark(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Insert => '+',
            Self::Delete => '-',
        }
    }
}

impl fmt::Display for FileChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.header())?;
        self.hunks.iter().try_for_each(|hunk| hunk.fmt(f))
    }
}

impl fmt::Display for Hunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.header())?;
        self.lines.iter().try_for_each(|line| line.fmt(f))
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(self.tag.mark())?;
        self.segments.iter().try_for_each(|segment| f.write_str(segment.text))?;
        f.write_str(if self.is_terminated { "\n" } else { "\n\\ No newline at end of file\n" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::{Sandbox, lock, stamp, tree, tree_at};
    use super::super::{Tree, compare, write};
    use super::*;

    const LONG: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n18\n19\n20\n";

    /// Renders `old`, then has git apply the patch to `new`, and compares with what a write leaves.
    fn git_and_write_agree(old: &Tree, new: &Tree) {
        let (by_git, by_us) = (Sandbox::new(), Sandbox::new());
        for sandbox in [&by_git, &by_us] {
            sandbox.write(old);
        }
        let patch = unified(&compare(&by_git.dir, new, &stamp()));
        apply(&by_git, &patch);
        by_us.write(new);
        assert_eq!(by_git.contents(), by_us.contents(), "{patch}");
    }

    fn git_apply(sandbox: &Sandbox, patch: &str) -> (bool, String) {
        let file = sandbox.outside.join("patch");
        std::fs::write(&file, patch).expect("the patch can be written");
        sandbox.run("", "git", &["apply", file.as_str()])
    }

    fn apply(sandbox: &Sandbox, patch: &str) {
        let (is_fine, said) = git_apply(sandbox, patch);
        assert!(is_fine, "{said}\n{patch}");
    }

    #[test]
    fn a_patch_reads_as_git_writes_it() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree_at("r", &[("change me", LONG), ("go", "1")]));
        let changed = LONG.replace("2\n3\n", "2\n3 and a half\n").replace("\n20\n", "\n20");
        let rendered = tree_at("r", &[("add", "1\n2\n"), ("change me", &changed)]);
        let patch = unified(&compare(&sandbox.dir, &rendered, &stamp()));
        let (body, lock) =
            patch.split_once("diff --git a/r/meshwright.lock").expect("the lock is in the patch");
        assert_eq!(
            body,
            "\
diff --git a/r/add b/r/add
new file mode 100644
--- /dev/null
+++ b/r/add
@@ -0,0 +1,2 @@
+1
+2
diff --git a/r/change me b/r/change me
--- a/r/change me\t
+++ b/r/change me\t
@@ -1,6 +1,6 @@
 1
 2
-3
+3 and a half
 4
 5
 6
@@ -17,4 +17,4 @@
 17
 18
 19
-20
+20
\\ No newline at end of file
diff --git a/r/go b/r/go
deleted file mode 100644
--- a/r/go
+++ /dev/null
@@ -1 +0,0 @@
-1
\\ No newline at end of file
"
        );
        assert!(lock.starts_with(" b/r/meshwright.lock\n--- a/r/meshwright.lock\n+++ b/r/meshwright.lock\n@@ -1,4 +1,4 @@\n # meshwright 0.1.0\n"));
    }

    #[test]
    fn git_applies_additions_changes_and_removals() {
        let old = tree(&[("change", LONG), ("deep/go", "1\n2\n"), ("deep/stays", "1\n"), ("go/go", LONG)]);
        let new = tree(&[
            ("add", LONG),
            ("change", &LONG.replace('7', "seven\n")),
            ("deep/stays", "1\n"),
            ("n/n", ""),
        ]);
        git_and_write_agree(&old, &new);
        git_and_write_agree(&new, &old);
        git_and_write_agree(&tree(&[]), &new);
    }

    #[test]
    fn git_applies_texts_without_a_last_line_feed_and_empty_ones() {
        let texts = [
            "",
            "\n",
            "1",
            "1\n",
            "1\n2",
            "1\n2\n",
            "\r",
            "1\r\n2\r\n",
            "1\r2",
            "-- 1\n",
            "+++ b/x\n@@ -1 +1 @@",
        ];
        let paths: Vec<_> = (0..texts.len()).map(|index| format!("some path/{index:02}")).collect();
        let tree_shifted = |shift: usize| {
            let files: Vec<_> =
                paths.iter().map(String::as_str).zip(texts.into_iter().cycle().skip(shift)).collect();
            tree(&files)
        };
        for shift in 1..texts.len() {
            git_and_write_agree(&tree_shifted(0), &tree_shifted(shift));
        }
        git_and_write_agree(&tree(&[]), &tree_shifted(0));
        git_and_write_agree(&tree_shifted(0), &tree(&[]));
    }

    #[test]
    fn git_applies_a_file_that_gives_way_to_a_directory_and_the_other_way_round() {
        let (file, directory) =
            (tree(&[("a", "1\n"), ("b/c", "1\n")]), tree(&[("a/x", "1\n"), ("b", "1\n")]));
        git_and_write_agree(&file, &directory);
    }

    #[test]
    fn git_applies_a_moved_tree() {
        git_and_write_agree(
            &tree_at("old", &[("a", "1\n"), ("b", "1\n")]),
            &tree_at("new/place", &[("a", "2\n")]),
        );
    }

    #[test]
    fn git_applies_what_force_would_do() {
        let (by_git, by_us) = (Sandbox::new(), Sandbox::new());
        let new = tree(&[("a", "2\n"), ("foreign", "2\n")]);
        for sandbox in [&by_git, &by_us] {
            sandbox.write(&tree(&[("a", "1\n"), ("b", "1\n")]));
            for path in ["a", "b", "foreign"] {
                sandbox.put(&format!("clusters/sre/{path}"), "by hand\r\nä");
            }
        }
        apply(&by_git, &unified(&compare(&by_git.dir, &new, &stamp())));
        write(&by_us.dir, &compare(&by_us.dir, &new, &stamp()), true).expect("nothing fails");
        assert_eq!(by_git.contents(), by_us.contents());
    }

    #[test]
    fn bytes_that_are_no_text_make_git_refuse_rather_than_guess() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1\n"), ("b", "1\n")]));
        sandbox.put("clusters/sre/a", b"\xff\n");
        let rendered = tree(&[("a", "2\n"), ("b", "2\n")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        let patch = changes(&comparison)[0].to_string();
        assert_eq!(
            patch,
            "diff --git a/clusters/sre/a b/clusters/sre/a\nBinary files a/clusters/sre/a and b/clusters/sre/a differ\n"
        );
        let before = sandbox.contents();
        assert!(!git_apply(&sandbox, &unified(&comparison)).0);
        assert_eq!(sandbox.contents(), before);
    }

    #[test]
    fn the_words_that_changed_are_emphasised() {
        let segment = |is_emphasized, text| Segment { is_emphasized, text };
        let line = |tag, segments: &[Segment<'static>]| Line {
            tag,
            segments: segments.to_vec(),
            is_terminated: true,
        };
        assert_eq!(
            Texts::new("kind: Gateway\nport: 8080 # http\n", "kind: Gateway\nport: 8443 # http\n", true)
                .hunks(),
            [Hunk {
                old: 0..2,
                new: 0..2,
                lines: vec![
                    line(LineTag::Context, &[segment(false, "kind: Gateway")]),
                    line(
                        LineTag::Delete,
                        &[segment(false, "port: "), segment(true, "8080"), segment(false, " # http")]
                    ),
                    line(
                        LineTag::Insert,
                        &[segment(false, "port: "), segment(true, "8443"), segment(false, " # http")]
                    ),
                ],
            }]
        );
    }

    #[test]
    fn changes_carry_both_texts() {
        let sandbox = Sandbox::new();
        sandbox.write(&tree(&[("a", "1"), ("same", "1")]));
        let rendered = tree(&[("b", "2"), ("same", "1")]);
        let comparison = compare(&sandbox.dir, &rendered, &stamp());
        let changes = changes(&comparison);
        let read: Vec<_> = changes
            .iter()
            .map(|file| (file.path.as_str(), file.state, file.status, file.before, file.after))
            .collect();
        let (old, new) = (lock(&[("a", "1"), ("same", "1")]), lock(&[("b", "2"), ("same", "1")]));
        assert_eq!(
            read,
            [
                ("clusters/sre/a", &State::Extra, FileStatus::Removed, Some("1"), None),
                ("clusters/sre/b", &State::Missing, FileStatus::Added, None, Some("2")),
                (
                    "clusters/sre/meshwright.lock",
                    &State::Stale,
                    FileStatus::Changed,
                    Some(&*old),
                    Some(&*new)
                ),
            ]
        );
    }

    #[test]
    fn no_words_are_sought_where_a_long_text_changes_in_every_line() {
        let text = |word: &str| [word, " stands in a line among others\n"].concat().repeat(15_000);
        let (old, new) = (text("an old word"), text("a newer word"));
        let hunks = Texts::new(&old, &new, true).hunks();
        assert_eq!(hunks.iter().map(Hunk::header).collect::<Vec<_>>(), ["@@ -1,15000 +1,15000 @@"]);
        assert_eq!(hunks[0].lines.iter().map(|line| line.segments.len()).sum::<usize>(), 30_000);
    }

    /// Applies hunks the way a patch program does, and insists on every line of context.
    fn patched(before: &str, hunks: &[Hunk<'_>]) -> String {
        let old: Vec<_> = before.split_inclusive('\n').collect();
        let (mut text, mut at) = (String::new(), 0);
        for hunk in hunks {
            text.extend(old[at..hunk.old.start].iter().copied());
            at = hunk.old.start;
            assert_eq!(text.split_inclusive('\n').count(), hunk.new.start);
            for line in &hunk.lines {
                let pieces = line.segments.iter().map(|segment| segment.text);
                let whole: String = pieces.chain(line.is_terminated.then_some("\n")).collect();
                if line.tag != LineTag::Insert {
                    assert_eq!(whole, old[at]);
                    at += 1;
                }
                if line.tag != LineTag::Delete {
                    text.push_str(&whole);
                }
            }
            assert_eq!((at, text.split_inclusive('\n').count()), (hunk.old.end, hunk.new.end));
        }
        text.extend(old[at..].iter().copied());
        text
    }

    proptest! {
        #[test]
        fn the_hunks_of_a_text_lead_to_the_other(old in "([ab]{0,2}( [abä\r]{0,2})?\n){0,30}[ab]?", new in "([ab]{0,2}( [abä\r]{0,2})?\n){0,30}[ab]?") {
            for seeks_words in [false, true] {
                prop_assert_eq!(&patched(&old, &Texts::new(&old, &new, seeks_words).hunks()), &new);
            }
        }

        #[test]
        fn an_edited_text_leads_back(lines in proptest::collection::vec("[a-c]{1,3} [a-c]{1,3}\n", 0..60), edits in proptest::collection::vec((0_usize..60, "([a-c]{1,3} x\n)?"), 0..4)) {
            let mut edited = lines.clone();
            for (index, line) in edits {
                if let Some(slot) = edited.get_mut(index) {
                    *slot = line;
                }
            }
            let (old, new) = (lines.concat(), edited.concat());
            for seeks_words in [false, true] {
                prop_assert_eq!(&patched(&old, &Texts::new(&old, &new, seeks_words).hunks()), &new);
            }
        }
    }
}
