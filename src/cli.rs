//! What can be typed. The doc comments are the help.

use camino::Utf8PathBuf;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

/// Renders a zero-trust Istio mesh for Flux from one short profile
///
/// Exit codes: 0 clean; 1 differs, or has findings; 2 error in the input, in the use or on the machine.
#[derive(Debug, Parser)]
#[command(name = "meshwright", version, max_term_width = 110, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// When to use colour; `NO_COLOR` is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Print nothing but diagnostics and what was asked for
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a commented profile to start from
    Init(Init),
    /// Render profiles into the Flux repository, or show what that would change
    ///
    /// Only files whose bytes differ are written. What an earlier render wrote and this one does not is removed;
    /// what no render wrote is never touched. A file that was edited by hand stops the render before anything is
    /// written.
    Render(Render),
    /// Print the profile's JSON Schema (draft-07), for editors
    Schema,
    /// Print a completion script
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// `meshwright init`
#[derive(Debug, Args)]
pub struct Init {
    /// Where to write it; `-` is standard output
    #[arg(default_value = "mesh.yaml")]
    pub file: Utf8PathBuf,
    /// The DNS domain under which the gateway serves
    #[arg(long, value_name = "D", default_value = "apps.example.com")]
    pub domain: String,
    /// The version of the Istio charts
    #[arg(long, value_name = "V", default_value = "1.21.1")]
    pub chart_version: String,
    /// The Secret with the gateway's certificate
    #[arg(long, value_name = "S", default_value = "wildcard-tls")]
    pub tls_secret: String,
    /// A namespace that the mesh governs; may be given again
    #[arg(long = "namespace", value_name = "N", default_value = "team-alpha")]
    pub namespaces: Vec<String>,
}

/// `meshwright render`
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that is typed or not")]
pub struct Render {
    /// The profiles; all of them are rendered, or none
    #[arg(required = true, value_name = "PROFILE")]
    pub profiles: Vec<Utf8PathBuf>,
    /// The root of the Flux repository; `-` prints the manifests as one YAML stream
    #[arg(long, short, value_name = "DIR", default_value = ".", value_parser = directory())]
    pub output: Utf8PathBuf,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
    /// Write nothing; name every file that is missing, stale, extra or edited by hand
    #[arg(long, conflicts_with = "diff")]
    pub check: bool,
    /// How to show what would change
    #[arg(long, value_name = "FORMAT", default_value = "text", requires = "diff")]
    pub format: DiffFormat,
    /// Overwrite files that were edited by hand or are somebody else's
    #[arg(long, conflicts_with_all = ["diff", "check"])]
    pub force: bool,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
    /// The day by which exceptions expire, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<String>,
}

/// How to show what would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DiffFormat {
    /// A unified diff, for `git apply` at DIR
    Text,
    /// A JSON document, for programs
    Json,
    /// A comment for a pull request
    Markdown,
}

/// An empty name, such as that of an unset variable, is no directory.
fn directory() -> impl TypedValueParser<Value = Utf8PathBuf> {
    NonEmptyStringValueParser::new().map(Utf8PathBuf::from)
}

fn date(text: &str) -> Result<String, String> {
    match crate::schema::format::check("date", text) {
        Some(fault) => Err(fault.message),
        None => Ok(text.to_owned()),
    }
}
