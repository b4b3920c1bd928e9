//! Runs the tests with a change, until one notices.

use std::{
    fmt,
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};
use camino::Utf8Path;

use crate::site::Site;

/// What the file says of a change that nothing noticed.
pub const SURVIVED: &str = "survived";

/// How long tests may take that take seconds: a change can make a loop that does not end.
const LIMIT: Duration = Duration::from_secs(180);

/// What became of a change.
pub enum Verdict {
    /// It does not compile.
    Unviable,
    /// A program of tests noticed.
    Killed(String),
    /// It ran on and on.
    Endless(String),
    Survived,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unviable => formatter.write_str("unviable"),
            Self::Killed(by) => write!(formatter, "killed by {by}"),
            Self::Endless(by) => write!(formatter, "killed by {by}, endless"),
            Self::Survived => formatter.write_str(SURVIVED),
        }
    }
}

/// Tries changes, some at once, and notes each as it is known.
pub fn run(tests: &[PathBuf], sites: &[Site], wanted: &[usize], jobs: usize, to: &Utf8Path) -> Result<()> {
    let start = Instant::now();
    ensure!(matches!(verdict(tests, None)?, Verdict::Survived), "the tests fail without any change");
    println!("{} changes; the tests take {:.1} s", wanted.len(), start.elapsed().as_secs_f64());
    let (next, noted) = (AtomicUsize::new(0), Mutex::new(0));
    thread::scope(|scope| {
        let work = || -> Result<()> {
            while let Some(number) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                let verdict = verdict(tests, Some(*number))?;
                let Ok(mut noted) = noted.lock() else { bail!("another has failed") };
                note(to, &sites[*number], &verdict)?;
                *noted += 1;
                println!(
                    "{noted}/{}: {verdict}: {}",
                    wanted.len(),
                    sites[*number].to_string().replace('\t', " ")
                );
            }
            Ok(())
        };
        let running: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| bail!("a thread has failed")))
    })
}

/// Adds a line.
pub fn note(to: &Utf8Path, site: &Site, verdict: &Verdict) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(to)?;
    Ok(writeln!(file, "{verdict}\t{site}")?)
}

fn verdict(tests: &[PathBuf], mutant: Option<usize>) -> Result<Verdict> {
    for test in tests {
        let name = test.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name).to_owned();
        match passes(test, mutant)? {
            Some(true) => {}
            Some(false) => return Ok(Verdict::Killed(name)),
            None => return Ok(Verdict::Endless(name)),
        }
    }
    Ok(Verdict::Survived)
}

/// Returns whether tests pass; nothing if they do not end.
fn passes(test: &Path, mutant: Option<usize>) -> Result<Option<bool>> {
    let mut command = Command::new(test);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("MESHWRIGHT_CELLS", "20000").env("RUST_BACKTRACE", "0");
    if test.file_name().is_some_and(|name| name.to_string_lossy().starts_with("meshwright-")) {
        command.args(["mesh::", "reach::"]);
    }
    // Where cargo runs the tests of the copy.
    command.current_dir(test.ancestors().nth(4).unwrap_or(test).join("crate"));
    if let Some(mutant) = mutant {
        command.env("MUTANT", mutant.to_string());
    }
    let mut child = command.spawn()?;
    let end = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(10));
    }
}
