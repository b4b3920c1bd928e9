//! `meshwright check`: what is wrong with manifests, by anybody.

mod explain;
mod report;
pub(super) mod waivers;

use anyhow::Result;

pub(super) use self::report::counted;

use super::{input, render::load};
use crate::{
    check::{
        self, Releases, Scene,
        waiver::{self, Judged},
    },
    cli::{Check as Options, CheckFormat},
    diagnostic::{Diagnostic, Severity},
    mesh::{Config, Mesh},
    profile::Profile,
    release::{self, Patch},
    shell::{self, Exit, Shell},
    source::{Sources, Span},
};

/// The JSON Schema of `--format json`.
pub(super) const SCHEMA: &str = include_str!("check/schema.json");

/// What was found, and in how much.
struct Report<'r> {
    judged: &'r Judged,
    input: &'r input::Read,
    sources: &'r Sources,
    releases: Releases,
    today: &'r str,
}

pub(super) fn run(options: &Options, shell: &mut Shell) -> Result<Exit> {
    if options.list {
        return told(
            shell,
            &if options.format == CheckFormat::Json { explain::list_json() } else { explain::list() },
        );
    }
    if let Some(code) = &options.explain {
        return match explain::explain(code) {
            Ok(text) => told(shell, &text),
            Err(fault) => {
                shell.diagnostics(&[*fault], &Sources::default());
                Ok(Exit::Error)
            }
        };
    }
    let (mut sources, today) = (Sources::default(), options.today.clone().unwrap_or_else(shell::today));
    let profile = match &options.profile {
        Some(file) => match load::load_into(&mut sources, std::slice::from_ref(file), &today, shell) {
            Some(mut loaded) => loaded.pop().map(|loaded| loaded.profile),
            None => return Ok(Exit::Error),
        },
        None => None,
    };
    let input = input::read(&options.paths, &mut sources);
    let config = Config::found_in(&input.manifests, &sources);
    let asked = Releases { istio: options.istio, flux: options.flux, kubernetes: options.kubernetes };
    let releases = releases(asked, profile.as_ref(), &input);
    let mesh = Mesh::resolve(&input.manifests, config);
    let mut findings = faults_of_text(&input, &releases);
    let is_readable = findings.iter().all(|fault| fault.severity < Severity::Error);
    findings.extend(
        releases.istio.filter(|_| options.istio.is_some() || profile.is_none()).and_then(unknown_istio),
    );
    findings.extend(check::check(&Scene::new(&mesh, &input.delivery, &sources, releases)));
    let (waivers, faults) = waivers::given(profile.as_ref(), &input, options.allow_inline_waivers);
    findings.extend(faults);
    let judged = waiver::apply(findings, &waivers, input.manifests.metas(), &today);
    let report = Report { judged: &judged, input: &input, sources: &sources, releases, today: &today };
    shell.result(&match options.format {
        CheckFormat::Text => report::text(&report),
        CheckFormat::Json => report::json(&report),
        CheckFormat::Sarif => report::sarif(&report),
        CheckFormat::Github => report::github(&report),
    })?;
    if options.format == CheckFormat::Text {
        let (verb, what) = report::summary(&report);
        shell.status(verb, &what);
    }
    Ok(exit(options, &judged.open, is_readable))
}

/// Returns what is wrong with the texts, less what a check says better: where the API's structure refuses an object, that it
/// does not fit what we read of it is no news.
fn faults_of_text(input: &input::Read, releases: &Releases) -> Vec<Diagnostic> {
    let refused: Vec<Span> = input
        .manifests
        .faults
        .iter()
        .filter(|fault| fault.holds_in(releases.minor(fault.product)))
        .map(|fault| fault.object)
        .collect();
    let is_said = |fault: &Diagnostic| {
        fault.code == "wrong-value"
            && fault.labels.iter().any(|label| refused.iter().any(|object| object.contains(label.span)))
    };
    input.diagnostics.iter().filter(|fault| !is_said(fault)).cloned().collect()
}

fn told(shell: &mut Shell, text: &str) -> Result<Exit> {
    shell.result(text)?;
    Ok(Exit::Clean)
}

/// The command line says which releases; else the profile; else the charts that are installed.
pub(super) fn releases(asked: Releases, profile: Option<&Profile>, input: &input::Read) -> Releases {
    let installed = || {
        crate::mesh::control_planes(&input.manifests)
            .find_map(|release| release.chart()?.version().parse().ok())
    };
    Releases {
        istio: asked.istio.or(profile.map(|profile| profile.chart_version)).or_else(installed),
        flux: asked.flux.or(profile.map(Profile::flux_version)),
        kubernetes: asked.kubernetes.or(profile.map(|profile| profile.kubernetes_version)),
    }
}

/// Says what an Istio is taken for that the facts do not hold; a profile has been told by itself.
fn unknown_istio(version: Patch) -> Option<Diagnostic> {
    let (oldest, newest) = (release::istio_minors().next()?, release::istio_minors().next_back()?);
    let (end, taken_for) = match version.minor {
        minor if minor < oldest => ("older", oldest),
        minor if minor > newest => ("newer", newest),
        _ => return None,
    };
    let message =
        format!("Istio {version} is {end} than the facts in this meshwright: judged like {taken_for}");
    let finding = Diagnostic { severity: Severity::Warning, ..Diagnostic::general("unknown-istio", message) };
    Some(
        finding
            .with_help("look for a meshwright that knows it, or say `--istio` with a release that is near"),
    )
}

fn exit(options: &Options, open: &[Diagnostic], is_readable: bool) -> Exit {
    let least = match options.deny {
        crate::cli::Deny::Error => Severity::Error,
        crate::cli::Deny::Warning => Severity::Warning,
        crate::cli::Deny::Note => Severity::Note,
    };
    match (is_readable, open.iter().any(|finding| finding.severity >= least)) {
        (false, _) => Exit::Error,
        (true, true) if !options.exit_zero => Exit::Differs,
        (true, _) => Exit::Clean,
    }
}
