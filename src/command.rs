//! The subcommands: what each reads, calls and returns.

mod init;
mod render;

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell as Kind;
use clap_mangen::Man;

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
    let text = match command {
        Command::Init(options) => return init::run(options, shell),
        Command::Render(options) => return render::run(options, shell),
        Command::Schema => format!("{:#}\n", profile::schema()),
        Command::Completions { shell: kind } => completions(*kind),
        Command::Man => man()?,
    };
    shell.result(&text)?;
    Ok(Exit::Clean)
}

fn completions(kind: Kind) -> String {
    let mut script = Vec::new();
    clap_complete::generate(kind, &mut Cli::command(), "meshwright", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// Returns one manual page: the command's own sections, then one for each subcommand.
fn man() -> Result<String> {
    let mut command = Cli::command();
    command.build();
    let mut page = Vec::new();
    let main = Man::new(command.clone());
    main.render_title(&mut page)?;
    main.render_name_section(&mut page)?;
    main.render_synopsis_section(&mut page)?;
    main.render_description_section(&mut page)?;
    main.render_options_section(&mut page)?;
    for subcommand in command.get_subcommands() {
        page.extend(section(subcommand)?.into_bytes());
    }
    main.render_version_section(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Returns a subcommand's section, in which what would be sections of a page of its own are subsections.
fn section(subcommand: &clap::Command) -> Result<String> {
    let mut page = Vec::new();
    // What every subcommand takes is said once, among the command's own options.
    let own = subcommand.clone().mut_args(|arg| {
        let is_general = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(is_general)
    });
    let man = Man::new(own);
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let name = subcommand.get_name().to_uppercase();
    let page = String::from_utf8_lossy(&page);
    Ok(format!(".SH \"{name}\"\n{}", page.replace(".SH ", ".SS ")))
}
