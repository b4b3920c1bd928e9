//! A git repository that Flux reads: files to work on, and a bare one that is served.

use std::{fs, process::Command, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{
    profile::Profile,
    render,
    tree::{self, Digest, Stamp, Written},
};

use crate::bench;

/// A repository on its branch `main`.
pub struct Repository {
    /// Where its files are.
    pub work: Utf8PathBuf,
}

impl Repository {
    /// Begins a repository with a copy of some files; nothing is committed yet.
    pub fn begin(files: &Utf8Path, work: Utf8PathBuf, served: &Utf8Path) -> Self {
        said(Command::new("cp").args(["-r", files.as_str(), work.as_str()]));
        said(Command::new("git").args([
            "init",
            "--quiet",
            "--bare",
            "--initial-branch",
            "main",
            served.as_str(),
        ]));
        let repository = Self { work };
        repository.git(&["init", "--quiet", "--initial-branch", "main"]);
        repository.git(&["remote", "add", "origin", served.as_str()]);
        repository
    }

    /// Makes the tree in it that of a profile, as `meshwright render` does.
    pub fn render(&self, profile: &Profile) {
        let rendered = render::render(profile).expect("our templates render");
        let stamp =
            Stamp { tool: "conformance".into(), profile: profile.name.clone(), digest: Digest::of("") };
        let comparison = tree::compare(&self.work, &rendered.tree, &stamp);
        let written = tree::write(&self.work, &comparison, false).expect("our own folder can be written");
        assert!(matches!(written, Written::Done(_)), "{written:?}");
    }

    /// Replaces a text wherever it stands in a file; it does.
    pub fn edit(&self, path: impl AsRef<Utf8Path>, from: &str, to: &str) {
        let path = self.work.join(path);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(text.contains(from), "{path} does not hold {from:?}");
        fs::write(path, text.replace(from, to)).expect("our own folder can be written");
    }

    /// Writes a file.
    pub fn write(&self, path: impl AsRef<Utf8Path>, text: &str) {
        let path = self.work.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("our own folder can be written");
        fs::write(path, text).expect("our own folder can be written");
    }

    /// Commits everything, pushes it, and returns what Flux calls the revision.
    pub fn push(&self, message: &str) -> String {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.git(&["push", "--quiet", "origin", "main"]);
        format!("main@sha1:{}", self.git(&["rev-parse", "HEAD"]).trim())
    }

    /// Makes the files those of the first commit again, new ones left where they are.
    pub fn restore(&self) {
        let first = self.git(&["rev-list", "--max-parents=0", "HEAD"]);
        self.git(&["checkout", "--quiet", first.trim(), "--", "."]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=conformance", "-c", "user.email=conformance@example.com"]);
        command.args(["-c", "commit.gpgsign=false", "-C", self.work.as_str()]).args(arguments);
        said(&mut command)
    }
}

fn said(command: &mut Command) -> String {
    let said = bench::run(command, "", Duration::from_secs(30));
    assert!(said.is_success, "{command:?}: {}", said.err);
    said.out
}
