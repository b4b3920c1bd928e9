//! The subcommands: what each reads, calls and returns.

mod init;
mod render;

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::{
    cli::{Cli, Command},
    profile,
    shell::Shell,
};

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

/// Runs a subcommand. An error is a failure of the machine; what is wrong with the input is told through `shell`.
pub fn run(command: &Command, shell: &mut Shell) -> Result<Exit> {
    match command {
        Command::Init(options) => init::run(options, shell),
        Command::Render(options) => render::run(options, shell),
        Command::Schema => shell.result(&format!("{:#}\n", profile::schema())),
        Command::Completions { shell: kind } => {
            let mut script = Vec::new();
            clap_complete::generate(*kind, &mut Cli::command(), "meshwright", &mut script);
            shell.result(&String::from_utf8_lossy(&script))
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            shell.result(&String::from_utf8_lossy(&page))
        }
    }
}
