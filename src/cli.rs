//! What can be typed. The doc comments are the help.

use camino::Utf8PathBuf;
use clap::builder::{NonEmptyStringValueParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{
    manifest::Protocol,
    reach::Port,
    release::{Minor, Patch},
};

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
    /// Say what is wrong with manifests, by anybody, at the line
    ///
    /// Reads directories, files and `-` (standard input), needs no cluster and no profile, and writes nothing. Where
    /// there are Flux Kustomizations or kustomization.yaml files, what they name counts, and what they leave out is told. Of
    /// their edits namespaces, names, plain labels and patches are followed where the outcome is certain; where one cannot be,
    /// pipe in what `kustomize build` prints.
    Check(Check),
    /// Say who can talk to whom, from manifests alone
    ///
    /// Reads what `check` reads, by anybody, and needs no cluster. Each line is what is open: the sources, the destination and
    /// its ports, what the receiver takes the bytes for, whether it knows who calls, and which requests pass. Between
    /// ends that are listed, what no line names is closed. A source counts as one that leaves its own proxy, for only what
    /// holds then is enforced; where the proxy would stop it, the line says so. Pods that no manifest shows are ends as well:
    /// `any meshed pod`, `any un-meshed pod`, and whoever a policy names, such as `monitoring/*[app=prometheus] (un-meshed)`;
    /// what is open to them as destinations is what NetworkPolicies let out. `node` is what runs on a pod's own node, which
    /// no NetworkPolicy keeps out. What comes through a gateway is the gateway's own; `--routes` says where that goes.
    Reach(Reach),
    /// Say which flows a change of manifests opens and closes
    ///
    /// Compares what `reach` finds in two versions: directories, files, `-`, or `REV:PATH` of the git repository around the
    /// working directory, as in `main:clusters/prod`. A line that begins with `-` held before, one with `+` holds after. What
    /// is only written otherwise, and lets the same through, is no difference. Exits with 1 where flows differ.
    Diff(Diff),
    /// Say which controls of NIST SP 800-53 the manifests satisfy, and by what
    ///
    /// Reads what `check` reads, and answers for AC-3, AC-4, AU-2, AU-3, AU-12, SC-7, SC-7(5), SC-8, SC-8(1) and SC-13: satisfied,
    /// not satisfied, or not decidable from manifests. Each verdict is of a claim, by rules that name the objects that they
    /// looked at, with file, line and hash; a rule that looked at nothing decides nothing. What a profile waives stays
    /// broken, and is told as borne. Workloads that a profile only assumes are evidence of nothing: name the teams'
    /// manifests as well. Exits with 1 where a control is not satisfied, also by what is waived.
    Controls(Controls),
    /// Say the safe way to a newer Istio, step by step
    ///
    /// A step is one commit: what changes in the profile and in the tree, what behaves differently for traffic, security
    /// and logs, which values nothing reads any more, which vulnerabilities are closed, and what to do before the next
    /// step. Nothing is written. Exits with 0 where there is nothing to do, and with 1 where there are steps.
    Upgrade(Upgrade),
    /// Print a JSON Schema (draft-07): the profile's, for editors, or that of what `check` prints, for programs
    Schema {
        /// What to describe
        #[arg(default_value = "profile")]
        of: Described,
    },
    /// Print a completion script
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// What a schema is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Described {
    /// The profile
    Profile,
    /// The findings, `check --format json`
    Findings,
    /// The assessment, `controls --format json`
    Controls,
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

/// `meshwright check`
#[derive(Debug, Args)]
pub struct Check {
    /// Directories, files, or `-`
    #[arg(required_unless_present_any = ["list", "explain"], value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// The profile whose releases and waivers count
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<Utf8PathBuf>,
    /// The Istio release to judge against, such as 1.21.1 [default: the profile's, else that of the charts]
    #[arg(long, value_name = "V", value_parser = release)]
    pub istio: Option<Patch>,
    /// The Flux minor that the report names, such as 2.4; no finding depends on it [default: the profile's]
    #[arg(long, value_name = "V", value_parser = minor)]
    pub flux: Option<Minor>,
    /// The Kubernetes minor that the report names, such as 1.29; no finding depends on it [default: the profile's]
    #[arg(long, value_name = "V", value_parser = minor)]
    pub kubernetes: Option<Minor>,
    /// How to show findings
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: CheckFormat,
    /// The least finding that makes the exit code 1
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub deny: Deny,
    /// Take waivers from annotations, `meshwright/waive.CODE: "2027-06-30 OWNER: REASON"`, for warnings and notes
    #[arg(long)]
    pub allow_inline_waivers: bool,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
    /// The day by which waivers and exceptions expire, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<String>,
    /// Say all there is to say about a check
    #[arg(long, value_name = "CODE", conflicts_with_all = ["paths", "list"])]
    pub explain: Option<String>,
    /// Print every check
    #[arg(long, conflicts_with = "paths")]
    pub list: bool,
}

/// How to show findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// As they are read in a terminal
    Text,
    /// A JSON document, for programs
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// The least finding that fails a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    /// Errors
    Error,
    /// Warnings and errors
    Warning,
    /// Everything
    Note,
}

/// `meshwright reach`
#[derive(Debug, Args)]
pub struct Reach {
    /// Directories, files, or `-`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// Only from this end: `namespace/workload`, `namespace/*`, `outside`, a block of addresses or one; may be given again
    #[arg(long, value_name = "X")]
    pub from: Vec<String>,
    /// Only to this end; may be given again
    #[arg(long, value_name = "Y")]
    pub to: Vec<String>,
    /// Only at this port of the pod, `8080` or `53/udp`; may be given again
    #[arg(long = "port", value_name = "P", value_parser = port)]
    pub ports: Vec<Port>,
    /// The Istio release whose semantics hold, such as 1.21.1 [default: that of the charts, else the newest]
    #[arg(long, value_name = "V", value_parser = release)]
    pub istio: Option<Patch>,
    /// How to show flows
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: ReachFormat,
    /// Say of each route of a gateway whether its requests arrive, and what refuses them, at the line
    #[arg(long, conflicts_with_all = ["from", "to", "ports", "format", "explain"])]
    pub routes: bool,
    /// Say of one source, destination and port whether anything passes, and what each layer says of it, at the line
    #[arg(long, requires_all = ["from", "to", "ports"])]
    pub explain: bool,
    /// With `--explain`: the method of the request [default: GET, or what passes]
    #[arg(long, value_name = "M", value_parser = NonEmptyStringValueParser::new(), requires = "explain")]
    pub method: Option<String>,
    /// With `--explain`: the path of the request, with its query
    #[arg(long, value_name = "P", value_parser = absolute, requires = "explain")]
    pub path: Option<String>,
    /// With `--explain`: the authority of the request, with its port if the client sends one [default: the Service's]
    #[arg(long, value_name = "H", value_parser = NonEmptyStringValueParser::new(), requires = "explain")]
    pub host: Option<String>,
    /// With `--explain`: a header of the request, `NAME=VALUE`; may be given again
    #[arg(long = "header", value_name = "K=V", value_parser = header, requires = "explain")]
    pub headers: Vec<(String, String)>,
}

/// How to show flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReachFormat {
    /// A line for each, as they are read in a terminal
    Table,
    /// Sources by destinations, a letter for each pair
    Matrix,
    /// A JSON document, for programs
    Json,
    /// A graph for Graphviz
    Dot,
    /// A graph for Markdown
    Mermaid,
    /// A picture
    Svg,
    /// Comma-separated values, a line for each source
    Csv,
}

/// `meshwright diff`
#[derive(Debug, Args)]
pub struct Diff {
    /// The version before
    #[arg(value_name = "OLD")]
    pub old: Utf8PathBuf,
    /// The version after
    #[arg(value_name = "NEW")]
    pub new: Utf8PathBuf,
    /// The Istio release whose semantics hold, such as 1.21.1 [default: that of each version's charts, else the newest]
    #[arg(long, value_name = "V", value_parser = release)]
    pub istio: Option<Patch>,
    /// How to show what differs
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ReportFormat,
    /// Which differences make the exit code 1
    #[arg(long, value_name = "WHICH", default_value = "any")]
    pub deny: DeniedChange,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
}

/// Which differences of flows fail a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DeniedChange {
    /// Every one
    Any,
    /// Those that let something through, or may, that was not let through before
    Opened,
}

/// `meshwright controls`
#[derive(Debug, Args)]
pub struct Controls {
    /// Directories, files, or `-`
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<Utf8PathBuf>,
    /// The profile whose releases and waivers count
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<Utf8PathBuf>,
    /// The Istio release to judge against, such as 1.21.1 [default: the profile's, else that of the charts]
    #[arg(long, value_name = "V", value_parser = release)]
    pub istio: Option<Patch>,
    /// How to say it
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ControlsFormat,
    /// Write it into this folder, as `controls.txt`, `controls.json` or `controls.md`, or for `oscal` as
    /// `component-definition.json`, `assessment-plan.json` and `assessment-results.json` [default: print it]
    #[arg(long, short, value_name = "DIR", value_parser = directory())]
    pub output: Option<Utf8PathBuf>,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
    /// The day by which waivers and exceptions expire, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<String>,
}

/// How to say what manifests prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ControlsFormat {
    /// As it is read in a terminal
    Text,
    /// A JSON document, for programs
    Json,
    /// A page
    Markdown,
    /// Documents of OSCAL 1.1.2, for which `--output` has to say where; their time is `--today` or `SOURCE_DATE_EPOCH`
    Oscal,
}

/// `meshwright upgrade`
#[derive(Debug, Args)]
pub struct Upgrade {
    /// The profile
    pub profile: Utf8PathBuf,
    /// The release to end at, `1.27.9`, or `1.27` for its newest patch [default: the newest that the profile's Kubernetes
    /// and Flux carry]
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub to: Option<String>,
    /// Set each release beside the old one, and move what follows that a part at a time
    #[arg(long)]
    pub canary: bool,
    /// How to say the steps
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: ReportFormat,
    /// Exit with 0 where it would be 1
    #[arg(long)]
    pub exit_zero: bool,
    /// The day by which support ends and exceptions expire, YYYY-MM-DD [default: today]
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub today: Option<String>,
}

/// How to say what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people at a terminal
    Text,
    /// A JSON document, for programs
    Json,
    /// For an issue or a wiki
    Markdown,
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

fn version(text: &str) -> Result<String, String> {
    let check = crate::schema::format::check;
    match check("version-patch", text).and(check("version-minor", text)) {
        Some(fault) => Err(fault.message),
        None => Ok(text.to_owned()),
    }
}

fn date(text: &str) -> Result<String, String> {
    match crate::schema::format::check("date", text) {
        Some(fault) => Err(fault.message),
        None => Ok(text.to_owned()),
    }
}

fn absolute(text: &str) -> Result<String, String> {
    if text.starts_with('/') { Ok(text.to_owned()) } else { Err("a path begins with `/`".to_owned()) }
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("a header is written like x-version=2".to_owned()),
    }
}

fn release(text: &str) -> Result<Patch, String> {
    text.parse().map_err(|()| "a release is written like 1.21.1".to_owned())
}

/// Reads a port of TCP, or of what follows the slash.
fn port(text: &str) -> Result<Port, String> {
    let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = match protocol {
        "tcp" => Some(Protocol::Tcp),
        "udp" => Some(Protocol::Udp),
        "sctp" => Some(Protocol::Sctp),
        _ => None,
    };
    match (number.parse(), protocol) {
        (Ok(number @ 1..), Some(protocol)) => Ok(Port { protocol, number }),
        _ => Err("a port is written like 8080, 53/udp or 36412/sctp".to_owned()),
    }
}

fn minor(text: &str) -> Result<Minor, String> {
    text.parse().map_err(|()| "a minor is written like 1.29".to_owned())
}
