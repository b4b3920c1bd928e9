//! The `meshwright` command: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use meshwright::{cli::Cli, command, shell::Shell};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut shell = Shell::new(cli.color, cli.quiet);
    match command::run(&cli.command, &mut shell) {
        Ok(exit) => exit.into(),
        Err(error) => shell.failure(&error).into(),
    }
}
