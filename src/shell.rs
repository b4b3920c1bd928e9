//! The one place that prints: results to standard output, everything said about them to standard error.

use std::{
    fmt::Write as _,
    io::{self, ErrorKind, Write as _},
    process::ExitCode,
};

use anstream::{AutoStream, ColorChoice, stream::RawStream};
use anstyle::{AnsiColor, Effects, Style};
use anyhow::{Context as _, Error, Result};

use crate::{
    cli::Color,
    diagnostic::{self, Diagnostic},
    source::Sources,
    tree::{FileChange, LineTag},
};

pub use crate::tree::reason;

const GOOD: Style = AnsiColor::Green.on_default().effects(Effects::BOLD);
const ALARM: Style = AnsiColor::Yellow.on_default().effects(Effects::BOLD);
const BAD: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const HEAD: Style = Style::new().bold();
const PLACE: Style = AnsiColor::Cyan.on_default();
const INSERTED: Style = AnsiColor::Green.on_default();
const DELETED: Style = AnsiColor::Red.on_default();

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing to report: 0.
    Clean,
    /// Something differs: 1.
    Differs,
    /// The input is refused: 2.
    Error,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::from(0),
            Exit::Differs => Self::from(1),
            Exit::Error => Self::from(2),
        }
    }
}

/// Standard output and standard error, coloured where their reader can see it.
pub struct Shell {
    out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
    quiet: bool,
}

impl Shell {
    /// Opens both streams. `quiet` drops what [`Shell::status`] and [`Shell::notice`] say.
    pub fn new(color: Color, quiet: bool) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let (out_choice, err_choice) = (choice(&out, color), choice(&err, color));
        Self { out: AutoStream::new(out, out_choice), err: AutoStream::new(err, err_choice), quiet }
    }

    /// Prints a result, as it is.
    pub fn result(&mut self, text: &str) -> Result<()> {
        let written = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        written.context("cannot write to standard output")
    }

    /// Says what was done.
    pub fn status(&mut self, verb: &str, what: &str) {
        self.say(GOOD, verb, what);
    }

    /// Says what the user should know.
    pub fn notice(&mut self, verb: &str, what: &str) {
        self.say(ALARM, verb, what);
    }

    /// Says more of what was just said.
    pub fn detail(&mut self, text: &str) {
        if !self.quiet {
            self.remark(text);
        }
    }

    fn say(&mut self, style: Style, verb: &str, what: &str) {
        if !self.quiet {
            self.remark(&format!("{style}{verb}{style:#} {what}\n"));
        }
    }

    /// Prints diagnostics; never quiet.
    pub fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        self.remark(&diagnostic::render(diagnostics, sources, true));
    }

    /// Writes to standard error. That nobody listens there neither stops a render nor changes its exit code.
    fn remark(&mut self, text: &str) {
        let _ = self.err.write_all(text.as_bytes());
    }

    /// Prints changes as one patch; words that changed within a line stand out.
    pub fn patch(&mut self, changes: &[FileChange<'_>]) -> Result<()> {
        self.result(&patch(changes))
    }

    /// Shows changes beside an error.
    pub fn evidence(&mut self, changes: &[FileChange<'_>]) {
        self.remark(&patch(changes));
    }

    /// Tells why the run failed. That nobody reads the output any more is no failure.
    pub fn failure(&mut self, error: &Error) -> Exit {
        let is_broken_pipe = error.chain().any(|cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
        });
        if is_broken_pipe {
            return Exit::Clean;
        }
        self.remark(&format!("{BAD}error{BAD:#}: {}\n", story(error)));
        Exit::Error
    }
}

fn choice(stream: &impl RawStream, color: Color) -> ColorChoice {
    match color {
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
        Color::Auto => AutoStream::choice(stream),
    }
}

/// Returns one text for all changes: a terminal takes long output faster whole than by the line.
fn patch(changes: &[FileChange<'_>]) -> String {
    let mut text = String::new();
    for change in changes {
        write_change(&mut text, change).expect("a string takes every write");
    }
    text
}

fn write_change(out: &mut String, change: &FileChange<'_>) -> std::fmt::Result {
    for line in change.header().lines() {
        writeln!(out, "{HEAD}{line}{HEAD:#}")?;
    }
    for hunk in &change.hunks {
        writeln!(out, "{PLACE}{}{PLACE:#}", hunk.header())?;
        for line in &hunk.lines {
            let style = match line.tag {
                LineTag::Context => Style::new(),
                LineTag::Insert => INSERTED,
                LineTag::Delete => DELETED,
            };
            write!(out, "{style}{}{style:#}", line.tag.mark())?;
            for segment in &line.segments {
                let style = if segment.is_emphasized { style.invert() } else { style };
                write!(out, "{style}{}{style:#}", segment.text)?;
            }
            writeln!(out)?;
            if !line.is_terminated {
                writeln!(out, "\\ No newline at end of file")?;
            }
        }
    }
    Ok(())
}

/// Returns what failed and why, in one line.
pub fn story(error: &Error) -> String {
    let part = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().map_or_else(|| cause.to_string(), reason)
    };
    error.chain().map(part).collect::<Vec<_>>().join(": ")
}

/// Returns today's date in UTC, `YYYY-MM-DD`.
pub fn today() -> String {
    let today = time::OffsetDateTime::now_utc().date();
    format!("{:04}-{:02}-{:02}", today.year(), u8::from(today.month()), today.day())
}

/// Returns the time that `SOURCE_DATE_EPOCH` states, in seconds since 1970, as RFC 3339 writes it in UTC
/// (reproducible-builds.org/specs/source-date-epoch); none where it is not set, or states none.
pub fn source_date() -> Option<String> {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok()?.parse().ok()?;
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    let (date, clock) = (time.date(), time.time());
    Some(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        clock.hour(),
        clock.minute(),
        clock.second()
    ))
}
