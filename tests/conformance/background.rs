//! Programs in the background, and waiting for what they do.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};

/// Asks until there is an answer; panics after a time with what was last seen instead.
pub fn until<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + limit;
    loop {
        let asked = Instant::now();
        match ask() {
            Ok(answer) => return answer,
            Err(seen) => assert!(Instant::now() < end, "{what}: not after {limit:?}, last seen: {seen}"),
        }
        // A question that costs much is asked seldom: what is waited for needs the processor as well.
        thread::sleep(asked.elapsed().clamp(Duration::from_millis(100), Duration::from_secs(1)));
    }
}

/// A program in the background, ended with its owner.
pub struct Background {
    child: Child,
    name: String,
    log: Utf8PathBuf,
}

impl Background {
    /// Starts a command whose output goes to a log in a folder.
    pub fn start(name: &str, command: &mut Command, folder: &Utf8Path) -> Self {
        let log = folder.join(format!("{name}.log"));
        let file = std::fs::File::create(&log).expect("a log can be made");
        let twin = file.try_clone().expect("a log can be shared");
        let child = command
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(twin)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, name: name.to_owned(), log }
    }

    /// Panics with the end of the log if the program has ended.
    pub fn assert_running(&mut self) {
        if let Some(status) = self.child.try_wait().expect("our own child") {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(20).collect();
            panic!(
                "{} ended: {status}\n{}",
                self.name,
                tail.into_iter().rev().collect::<Vec<_>>().join("\n")
            );
        }
    }

    /// Returns what the program has said so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
