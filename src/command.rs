//! The subcommands: what each reads, calls and returns.

mod check;
mod controls;
mod diff;
mod flows;
mod init;
mod input;
mod reach;
mod render;
mod upgrade;

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell as Kind;
use clap_mangen::Man;

use crate::{
    cli::{Cli, Command, Described},
    diagnostic::Diagnostic,
    profile,
    shell::{Exit, Shell},
};

/// Runs a subcommand. An error is a failure of the machine; what is wrong with the input is told through `shell`.
pub fn run(command: &Command, shell: &mut Shell) -> Result<Exit> {
    let text = match command {
        Command::Init(options) => return init::run(options, shell),
        Command::Render(options) => return render::run(options, shell),
        Command::Check(options) => return check::run(options, shell),
        Command::Reach(options) => return reach::run(options, shell),
        Command::Diff(options) => return diff::run(options, shell),
        Command::Controls(options) => return controls::run(options, shell),
        Command::Upgrade(options) => return upgrade::run(options, shell),
        Command::Schema { of: Described::Profile } => format!("{:#}\n", profile::schema()),
        Command::Schema { of: Described::Findings } => check::SCHEMA.to_owned(),
        Command::Schema { of: Described::Controls } => controls::SCHEMA.to_owned(),
        Command::Completions { shell: kind } => completions(*kind),
        Command::Man => man()?,
    };
    shell.result(&text)?;
    Ok(Exit::Clean)
}

/// Without a workload there is no flow to list, which must not read as if all were closed.
fn no_workloads() -> Diagnostic {
    Diagnostic::general("no-workloads", "no workload is in the manifests, so that nothing is known of who reaches it")
        .with_help("name the teams' manifests as well, such as what `kubectl get deployments,services -A -o yaml` prints")
}

fn completions(kind: Kind) -> String {
    let mut script = Vec::new();
    clap_complete::generate(kind, &mut Cli::command(), "meshwright", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// What `clap_mangen` defines before whatever it writes; once in a page is enough.
const DEFINITIONS: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

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
    let sections: String = command.get_subcommands().map(section).collect::<Result<_>>()?;
    let page = String::from_utf8_lossy(&page).into_owned() + &sections;
    Ok(format!("{DEFINITIONS}{}", page.replace(DEFINITIONS, "")))
}

/// Returns a subcommand's section, in which what would be sections of a page of its own are subsections.
fn section(subcommand: &clap::Command) -> Result<String> {
    // What every subcommand takes is said once, among the command's own options.
    let own = subcommand.clone().mut_args(|arg| {
        let is_general = arg.is_global_set() || arg.get_id() == "help";
        arg.hide(is_general)
    });
    let (man, mut page) = (Man::new(own), Vec::new());
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let (name, page) = (subcommand.get_name().to_uppercase(), String::from_utf8_lossy(&page));
    Ok(format!(".SH \"MESHWRIGHT {name}\"\n{}", page.replace(".SH ", ".SS ")))
}
