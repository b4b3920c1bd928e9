//! The programs that judge, run within a time, and what was compared.

use std::{
    fmt::Display,
    fs::OpenOptions,
    io::{Read as _, Write as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use camino::Utf8PathBuf;

/// A tier's bench: where the programs are, and how much is asked of them.
pub struct Bench {
    tier: &'static str,
    out: Utf8PathBuf,
    pub extent: Extent,
}

/// How much a run asks, as `MESHWRIGHT_CONFORMANCE` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// `1`: the smallest golden tree and the full one, under the newest judges; what every change has to pass.
    Core,
    /// `all`: every golden tree, every release that judges, every scenario.
    All,
}

/// What a program said.
pub struct Said {
    pub is_success: bool,
    pub out: String,
    pub err: String,
}

impl Bench {
    /// Returns the tier's bench; none, and a line that says so, where conformance was not asked for.
    pub fn of(tier: &'static str) -> Option<Self> {
        let extent = match std::env::var("MESHWRIGHT_CONFORMANCE").as_deref() {
            Err(_) => {
                eprintln!("{tier}: not run; `tests/conformance/run {tier}` does");
                return None;
            }
            Ok("1") => Extent::Core,
            Ok("all") => Extent::All,
            Ok(other) => panic!("MESHWRIGHT_CONFORMANCE is `{other}`; `1` or `all` was expected"),
        };
        let out = std::env::var("MESHWRIGHT_CONFORMANCE_OUT").expect("`tests/conformance/run` sets it");
        Some(Self { tier, out: out.into(), extent })
    }

    /// Returns the tier's bench for what only a run of everything asks.
    pub fn of_all(tier: &'static str) -> Option<Self> {
        let bench = Self::of(tier)?;
        if bench.extent == Extent::Core {
            eprintln!("{tier}: not run; `tests/conformance/run --all {tier}` does");
            return None;
        }
        Some(bench)
    }

    /// Returns a path below the folder that the programs were built into.
    pub fn at(&self, below: &str) -> Utf8PathBuf {
        self.out.join(below)
    }

    /// Returns an empty folder for this tier.
    pub fn scratch(&self, name: &str) -> Utf8PathBuf {
        let folder = self.out.join("work").join(self.tier).join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).expect("our own folder can be removed");
        }
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        folder
    }

    /// Returns a command of a program that `build` made.
    pub fn command(&self, program: &str) -> Command {
        Command::new(self.at("bin").join(program))
    }

    /// Returns whether a program could be had.
    pub fn has(&self, program: &str) -> bool {
        self.at("bin").join(program).exists()
    }

    /// Returns the chart that a HelmRelease names, as a file.
    pub fn chart(&self, name: &str, version: &str) -> Utf8PathBuf {
        self.at(&format!("static/istio-release.storage.googleapis.com/charts/{name}-{version}.tgz"))
    }

    /// Notes a line of the table: which program, of which version, judged what.
    pub fn compared(&self, judge: impl Display, what: impl Display) {
        eprintln!("{}: {judge}: {what}", self.tier);
        let path = self.at("compared").join(self.tier);
        let mut file = OpenOptions::new().create(true).append(true).open(path).expect("a table can be kept");
        writeln!(file, "{judge}\t{what}").expect("a table can be written");
    }
}

/// Runs a command to its end, and kills it after a time.
pub fn run(command: &mut Command, input: &str, limit: Duration) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("piped");
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    thread::scope(|scope| {
        // A program that reads nothing has closed its end; what it says tells more than the broken pipe.
        scope.spawn(move || drop(stdin.write_all(input.as_bytes())));
        let out = scope.spawn(move || read(&mut out));
        let err = scope.spawn(move || read(&mut err));
        let status = wait(&mut child, limit);
        let (out, err) = (out.join().expect("reading ends"), err.join().expect("reading ends"));
        let is_success =
            status.unwrap_or_else(|| panic!("{command:?} ran longer than {limit:?}: {out}{err}"));
        Said { is_success, out, err }
    })
}

fn read(from: &mut impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    from.take(1 << 30).read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wait(child: &mut Child, limit: Duration) -> Option<bool> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("our own child") {
            return Some(status.success());
        }
        if Instant::now() > end {
            child.kill().expect("our own child");
            child.wait().expect("our own child");
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
}
