//! What the program does to a disk, a terminal and a pipe, where text alone does not show it.

#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

const ROOT: &str = "clusters/sre/istio";
const PROFILE: &str = include_str!("../profiles/sre.yaml");

/// A directory that stands for a Flux repository, and the profile `sre.yaml` in it.
struct Repository {
    dir: PathBuf,
    _temp: TempDir,
}

impl Repository {
    fn new() -> Self {
        let temp = tempfile::tempdir().expect("a temporary directory can be made");
        let dir = temp.path().join("repository");
        fs::create_dir(&dir).expect("it can be made");
        let repository = Self { dir, _temp: temp };
        repository.put("sre.yaml", PROFILE);
        repository
    }

    /// A repository in which the profile is rendered.
    fn rendered() -> Self {
        let repository = Self::new();
        repository.render(&[]);
        repository
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    /// Changes the profile: other hosts, another namespace, so that files change, come and go.
    fn change_profile(&self) {
        let text = PROFILE.replace("apps.sre", "apps.new").replace("team-alpha", "team-beta");
        self.put("sre.yaml", text);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshwright"));
        command.args(arguments).current_dir(&self.dir).stdin(Stdio::null()).env_clear();
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Renders the profile, which must succeed.
    fn render(&self, more: &[&str]) {
        assert_clean(&self.run(&[&["render", "sre.yaml", "--quiet"], more].concat()));
    }

    fn is_current(&self) -> bool {
        self.run(&["render", "sre.yaml", "--check"]).status.success()
    }

    /// Every file under `clusters` and `infra` with its text.
    fn trees(&self) -> BTreeMap<PathBuf, String> {
        let text = |path: PathBuf| {
            let text = fs::read_to_string(self.dir.join(&path)).expect("what is rendered is text");
            (path, text)
        };
        self.paths().into_iter().filter(|path| self.dir.join(path).is_file()).map(text).collect()
    }

    /// Every path under `clusters` and `infra`, directories included.
    fn paths(&self) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for top in ["clusters", "infra"] {
            collect(&self.dir, Path::new(top), &mut paths);
        }
        paths.sort();
        paths
    }
}

fn collect(dir: &Path, at: &Path, paths: &mut Vec<PathBuf>) {
    if dir.join(at).exists() {
        paths.push(at.to_owned());
    }
    let Ok(entries) = fs::read_dir(dir.join(at)) else { return };
    for entry in entries {
        collect(dir, &at.join(entry.expect("it can be read").file_name()), paths);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn assert_clean(output: &Output) {
    assert!(output.status.success(), "{}: {}", output.status, text(&output.stderr));
}

/// Says, where the log shows it, that this machine cannot ask the question.
#[expect(clippy::print_stderr, reason = "a test that was skipped must not look like one that passed")]
fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

#[test]
fn an_unchanged_render_and_a_look_touch_nothing() {
    let repository = Repository::rendered();
    let stamps = || {
        let stamp = |path: PathBuf| {
            let metadata = fs::symlink_metadata(repository.dir.join(&path)).expect("it is there");
            let times = (metadata.mtime(), metadata.mtime_nsec(), metadata.ctime(), metadata.ctime_nsec());
            (path, metadata.ino(), times)
        };
        repository.paths().into_iter().map(stamp).collect::<Vec<_>>()
    };
    let before = stamps();
    for more in [&[][..], &["--force"], &["--diff"], &["--check"]] {
        repository.render(more);
        assert_eq!(stamps(), before, "{more:?}");
    }
    repository.change_profile();
    for more in [&["--diff", "--exit-zero"], &["--check", "--exit-zero"]] {
        repository.render(more);
        assert_eq!(stamps(), before, "{more:?}");
    }
}

/// Applies the text of `--diff` with git, and expects what a render leaves.
#[track_caller]
fn assert_git_applies(repository: &Repository, rendered: &Repository) {
    let diff = repository.run(&["render", "sre.yaml", "--diff", "--quiet"]);
    assert_eq!(diff.status.code(), Some(1));
    repository.put("the.patch", diff.stdout);
    let mut git = Command::new("git");
    git.args(["apply", "--whitespace=nowarn", "the.patch"]).current_dir(&repository.dir);
    assert_clean(&git.output().expect("git is installed"));
    rendered.render(&["--force"]);
    assert_eq!(repository.trees(), rendered.trees());
    assert!(repository.is_current());
}

#[test]
fn git_applies_an_addition() {
    assert_git_applies(&Repository::new(), &Repository::new());
}

#[test]
fn git_applies_changes_and_removals() {
    let pair = [Repository::rendered(), Repository::rendered()];
    pair.iter().for_each(Repository::change_profile);
    assert_git_applies(&pair[0], &pair[1]);
}

#[test]
fn git_applies_a_move() {
    let pair = [Repository::rendered(), Repository::rendered()];
    for repository in &pair {
        repository.put("sre.yaml", format!("{PROFILE}path: infra/istio\n"));
    }
    assert_git_applies(&pair[0], &pair[1]);
}

#[test]
fn git_applies_over_hand_edits_without_a_last_line_feed_and_with_carriage_returns() {
    let pair = [Repository::rendered(), Repository::rendered()];
    for repository in &pair {
        repository.change_profile();
        let edits =
            [("mesh/telemetry.yaml", "by hand"), ("README.md", "a\r\nb\r\n"), ("kustomization.yaml", "")];
        for (path, text) in edits {
            repository.put(&format!("{ROOT}/{path}"), text);
        }
    }
    assert_git_applies(&pair[0], &pair[1]);
}

#[test]
fn sha256sum_verifies_a_tree_by_its_lock() {
    let repository = Repository::rendered();
    let check = || {
        let mut command = Command::new("sha256sum");
        command.args(["--check", "--strict", "--quiet", "meshwright.lock"]);
        command.current_dir(repository.dir.join(ROOT)).output().expect("sha256sum is installed")
    };
    assert_clean(&check());
    repository.put(&format!("{ROOT}/README.md"), "by hand");
    assert!(!check().status.success());
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let repository = Repository::new();
    let full = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/full.yaml");
    for more in [["-o", "-"], ["--diff", "--quiet"], ["--diff", "--format=json"]] {
        let mut command = repository.command(&["render", full, "--today", "2026-11-24", "--exit-zero"]);
        // Standard output is the larger of the two here, and larger than what a pipe holds.
        let mut child =
            command.args(more).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let mut reader = BufReader::with_capacity(64, child.stdout.take().expect("it is a pipe"));
        reader.read_line(&mut line).expect("a line comes");
        drop(reader);
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{more:?} after {line}");
    }
}

#[test]
fn a_render_is_finished_though_nobody_listens() {
    let repository = Repository::new();
    let mut command = repository.command(&["render", "sre.yaml"]);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
    assert!(repository.is_current());

    repository.put(&format!("{ROOT}/README.md"), "by hand");
    let mut child =
        repository.command(&["render", "sre.yaml"]).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(2), "a refusal stays one");
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let Ok(full) = OpenOptions::new().write(true).open("/dev/full") else {
        return skipped("there is no /dev/full");
    };
    let output = Repository::new().command(&["schema"]).stdout(full).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr), "error: cannot write to standard output: no space left on device\n");
}

#[test]
fn a_profile_that_is_not_utf_8_is_refused() {
    let repository = Repository::new();
    repository.put("sre.yaml", b"domain: \xFF\n");
    let output = repository.run(&["render", "sre.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    let expected = "error[not-utf-8]: `sre.yaml` is not UTF-8 text\n |\n = help: save the file as UTF-8\n";
    assert_eq!(text(&output.stderr), expected);
    assert!(repository.trees().is_empty());
}

#[test]
fn a_pull_request_comment_is_never_too_long_for_a_forge() {
    let repository = Repository::new();
    let names: Vec<String> = (0..300).map(|index| format!("team-{index}")).collect();
    repository.put("sre.yaml", PROFILE.replace("team-alpha", &names.join(", ")));
    let output = repository.run(&["render", "sre.yaml", "--diff", "--format=markdown", "--quiet"]);
    let comment = text(&output.stdout);
    assert!((50_000..65_536).contains(&comment.len()), "{} bytes", comment.len());
    assert!(comment.lines().any(|line| line.starts_with("* and ")), "{comment}");
}

#[test]
fn a_pipe_gets_colour_only_where_somebody_asks_for_it() {
    let repository = Repository::rendered();
    repository.change_profile();
    let is_coloured = |environment: &[(&str, &str)], more: &[&str]| {
        let mut command = repository.command(&["render", "sre.yaml", "--diff"]);
        let output = command.args(more).envs(environment.iter().copied()).output().expect("it starts");
        let (out, err) = (output.stdout.contains(&0x1b), output.stderr.contains(&0x1b));
        assert_eq!(out, err, "both streams are pipes");
        out
    };
    assert!(!is_coloured(&[], &[]));
    assert!(!is_coloured(&[("NO_COLOR", "1")], &[]));
    assert!(is_coloured(&[("CLICOLOR_FORCE", "1")], &[]));
    assert!(!is_coloured(&[("CLICOLOR_FORCE", "1")], &["--color=never"]));
    assert!(is_coloured(&[("NO_COLOR", "1")], &["--color=always"]), "what is typed outweighs what is set");
}

#[test]
fn a_terminal_shows_the_words_that_changed() {
    let repository = Repository::rendered();
    repository.change_profile();
    let on_a_terminal = |environment: &[(&str, &str)]| {
        let program = env!("CARGO_BIN_EXE_meshwright");
        let line = format!("'{program}' render sre.yaml --diff --quiet");
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(&repository.dir);
        script.env_clear().env("PATH", "/usr/bin:/bin").env("TERM", "xterm").stdin(Stdio::null());
        script.envs(environment.iter().copied()).output()
    };
    let Ok(output) = on_a_terminal(&[]) else { return skipped("there is no `script` to make a terminal") };
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let emphasised = "\x1b[7m\x1b[32mapps.new.example.com\x1b[0m";
    assert!(text(&output.stdout).contains(emphasised), "{}", text(&output.stdout));
    let plain = on_a_terminal(&[("NO_COLOR", "1")]).expect("it started before");
    assert!(!plain.stdout.contains(&0x1b));
}

/// The lock while a render is under way: the new head, and the hashes of both sides.
fn interim(old: &str, new: &str) -> String {
    let files = old.lines().filter(|line| !line.starts_with('#') && !new.contains(line));
    files.fold(new.to_owned(), |lock, line| lock + line + "\n")
}

#[test]
fn the_next_run_repairs_one_that_was_interrupted() {
    let lock = Path::new(ROOT).join("meshwright.lock");
    let repository = Repository::rendered();
    let old = repository.trees();
    repository.change_profile();
    repository.render(&[]);
    let new = repository.trees();

    for parity in [0, 1] {
        for (index, path) in repository.paths().into_iter().enumerate() {
            let path = repository.dir.join(path);
            if path.is_file() && index % 2 == parity {
                fs::remove_file(path).expect("it can go");
            }
        }
        for (path, text) in old.iter().skip(parity).step_by(2) {
            repository.put(path.to_str().expect("it is UTF-8"), text);
        }
        repository.put(lock.to_str().expect("it is UTF-8"), interim(&old[&lock], &new[&lock]));
        assert!(!repository.is_current());
        repository.render(&[]);
        assert_eq!(repository.trees(), new);
    }
}

#[test]
fn a_run_that_is_killed_is_repaired_whenever_that_was() {
    let fresh = Repository::rendered().trees();
    for count in [1, 4, 12, 20] {
        let repository = Repository::new();
        let mut child = repository.command(&["render", "sre.yaml", "--quiet"]).spawn().expect("it starts");
        let is_done = |child: &mut Child| child.try_wait().expect("it is ours").is_some();
        while repository.paths().len() < count && !is_done(&mut child) {}
        child.kill().expect("our own child can be killed");
        child.wait().expect("it ends");
        repository.render(&[]);
        let mut trees = repository.trees();
        // A file that was on its way keeps its temporary name, since another render may be using it.
        trees.retain(|path, _| !path.display().to_string().contains("/.meshwright-"));
        assert_eq!(trees, fresh);
    }
}

#[test]
fn renders_at_the_same_time_do_each_other_no_harm() {
    let repository = Repository::new();
    let children: Vec<_> = (0..4)
        .map(|_| repository.command(&["render", "sre.yaml", "--quiet"]).spawn().expect("it starts"))
        .collect();
    for mut child in children {
        assert_eq!(child.wait().expect("it ends").code(), Some(0));
    }
    assert!(repository.is_current());
}

/// Asserts that a render failed, that every file is an old or a new one, and that the next render does the rest.
#[track_caller]
fn assert_repaired(
    repository: &Repository,
    old: &BTreeMap<PathBuf, String>,
    failed: &Output,
    heal: impl FnOnce(),
) {
    let said = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error[write-failed]: cannot "), "{said}");
    let left = repository.trees();
    heal();
    repository.render(&[]);
    let new = repository.trees();
    for (path, text) in left.iter().filter(|(path, _)| !path.ends_with("meshwright.lock")) {
        assert!(
            [old.get(path), new.get(path)].contains(&Some(text)),
            "{} is neither old nor new",
            path.display()
        );
    }
    assert!(repository.is_current());
}

#[test]
fn a_file_that_may_not_grow_leaves_the_old_one_whole() {
    let repository = Repository::rendered();
    let old = repository.trees();
    repository.change_profile();
    // The signal ignored, a file beyond the limit is an error, as it is on a full disk. The lock still fits.
    for blocks in ["1", "6"] {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" render sre.yaml");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_meshwright")]).current_dir(&repository.dir);
        let failed = command.output().expect("there is a shell");
        assert_eq!(failed.status.code(), Some(2), "{}", text(&failed.stderr));
        if blocks == "1" {
            assert_eq!(repository.trees(), old, "not even the lock fitted");
        } else {
            assert_repaired(&repository, &old, &failed, || ());
        }
    }
}

/// A small disk of its own, which goes when the test ends, however it ends.
struct Disk<'d>(&'d Path);

impl<'d> Disk<'d> {
    fn mount(at: &'d Path, size: &str) -> Option<Self> {
        let option = format!("size={size}");
        let mut mount = Command::new("mount");
        let output = mount.args(["-t", "tmpfs", "-o", &option, "tmpfs"]).arg(at).output().ok()?;
        output.status.success().then_some(Self(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

#[test]
fn a_full_disk_leaves_old_files_whole_and_the_next_run_repairs() {
    let repository = Repository::new();
    let Some(_disk) = Disk::mount(&repository.dir, "256k") else {
        return skipped("only root may mount a small disk");
    };
    repository.put("sre.yaml", PROFILE);
    repository.render(&[]);
    let old = repository.trees();
    repository.change_profile();
    // Only additions: what is removed would make room.
    repository.put("sre.yaml", PROFILE.replace("team-alpha", "team-alpha, team-beta, team-gamma"));
    let ballast = repository.dir.join("ballast");
    fs::write(&ballast, vec![0; 256 * 1024]).expect_err("the disk is full now");
    let failed = repository.run(&["render", "sre.yaml"]);
    assert_eq!(failed.status.code(), Some(2));
    let expected = format!(
        "error[write-failed]: cannot write `{ROOT}/meshwright.lock`: no space left on device\n |\n = help: no file is \
         half written and nothing is lost: mend the cause, and the same render does the rest\n"
    );
    assert_eq!(text(&failed.stderr), expected);
    assert_eq!(repository.trees(), old);

    // Room for the lock on the way, and for some of the files.
    let size = fs::metadata(&ballast).expect("part of it fitted").len();
    let file = OpenOptions::new().write(true).open(&ballast).expect("it is there");
    file.set_len(size - 6 * 4096).expect("it can shrink");
    drop(file);
    let failed = repository.run(&["render", "sre.yaml"]);
    assert_repaired(&repository, &old, &failed, || fs::remove_file(ballast).expect("it can go"));
}

#[test]
fn a_profile_to_start_from_is_written_whole_or_not_at_all() {
    let repository = Repository::new();
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" init";
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_meshwright")]).current_dir(&repository.dir);
    let failed = command.output().expect("there is a shell");
    assert_eq!(failed.status.code(), Some(2));
    assert_eq!(text(&failed.stderr), "error[write-failed]: cannot write `mesh.yaml`: file too large\n");
    assert!(!repository.dir.join("mesh.yaml").exists());
}

#[test]
fn a_read_only_file_is_replaced_and_stays_read_only() {
    let repository = Repository::rendered();
    let path = repository.dir.join(ROOT).join("README.md");
    fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("our own file");
    repository.change_profile();
    repository.render(&[]);
    assert!(repository.is_current());
    assert_eq!(fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o444);
}

#[test]
fn what_may_not_be_read_or_written_is_told_and_left() {
    let repository = Repository::rendered();
    let old = repository.trees();
    repository.change_profile();
    let Some(run) = as_nobody(&repository) else { return skipped("only root may become nobody") };

    let folder = repository.dir.join(ROOT).join("ingress");
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("our own directory");
    let failed = run();
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("our own directory");
    assert_eq!(failed.status.code(), Some(2));
    let said = text(&failed.stderr);
    assert!(said.contains("permission denied"), "{said}");
    assert_repaired(&repository, &old, &failed, || ());

    let file = repository.dir.join(ROOT).join("README.md");
    fs::set_permissions(&file, Permissions::from_mode(0o000)).expect("our own file");
    let failed = run();
    assert_eq!(failed.status.code(), Some(2));
    let expected = format!(
        "error[obstructed-path]: no render can write `{ROOT}/README.md`: what stands here cannot be read: \
         permission denied\n |\n = help: move it away, or choose another `path`\n"
    );
    assert_eq!(text(&failed.stderr), expected);
}

/// Gives the repository to `nobody`, and returns a way to render as them; none unless we are root.
fn as_nobody(repository: &Repository) -> Option<impl Fn() -> Output> {
    let dir = repository.dir.clone();
    let top = dir.parent().expect("it lies in a temporary directory").to_owned();
    let owned = Command::new("chown").args(["-R", "65534:65534"]).arg(&top).output().ok()?;
    let run = move || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        command.args([env!("CARGO_BIN_EXE_meshwright"), "render", "sre.yaml"]).current_dir(&dir);
        command.output().expect("setpriv is installed")
    };
    let is_able = Command::new("setpriv").arg("--version").output().is_ok();
    (owned.status.success() && is_able).then_some(run)
}
