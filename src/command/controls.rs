//! `meshwright controls`: what manifests prove, in the words of NIST SP 800-53.

mod json;
mod markdown;
mod text;

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result};
use camino::Utf8Path;

use super::{
    check::{self, counted, waivers},
    input,
    render::load,
};
use crate::{
    check::{Releases, Scene, waiver},
    cli::{Controls as Options, ControlsFormat},
    control::{
        Assessment, Subject, Verdict, assess,
        oscal::{self, Dossier},
    },
    diagnostic::Diagnostic,
    mesh::{Config, Mesh},
    profile::Profile,
    reach::{Reach, Scope},
    shell::{self, Exit, Shell},
    source::{Sources, Span},
    tree::{Digest, Tree},
};

/// The program and its version, as documents name it.
const TOOL: &str = concat!("meshwright ", env!("CARGO_PKG_VERSION"));

/// The JSON Schema of `--format json`.
pub(super) const SCHEMA: &str = include_str!("controls/schema.json");

/// What is said, and of what.
struct Report<'r> {
    assessment: &'r Assessment,
    sources: &'r Sources,
    releases: Releases,
    files: usize,
    today: &'r str,
}

pub(super) fn run(options: &Options, shell: &mut Shell) -> Result<Exit> {
    let mut sources = Sources::default();
    let time = options.today.as_ref().map(|day| format!("{day}T00:00:00Z")).or_else(shell::source_date);
    if let Some(fault) = unready(options, time.as_deref()) {
        shell.diagnostics(&[fault], &sources);
        return Ok(Exit::Error);
    }
    let day = time.as_deref().and_then(|time| time.split('T').next());
    let today = day.map_or_else(shell::today, str::to_owned);
    let profile = match &options.profile {
        Some(file) => match load::load_into(&mut sources, std::slice::from_ref(file), &today, shell) {
            Some(mut loaded) => loaded.pop().map(|loaded| loaded.profile),
            None => return Ok(Exit::Error),
        },
        None => None,
    };
    let input = input::read(&options.paths, &mut sources);
    shell.diagnostics(&input.diagnostics, &sources);
    if !input.is_readable {
        return Ok(Exit::Error);
    }
    let asked = Releases { istio: options.istio, flux: None, kubernetes: None };
    let subject = Asked { input: &input, profile: profile.as_ref(), releases: asked, today: &today };
    judged(&subject, &sources, |report, about_waivers| {
        shell.diagnostics(about_waivers, &sources);
        for (name, text) in documents(options.format, profile.as_ref(), time.as_deref(), report) {
            match &options.output {
                Some(folder) => write(folder, name, &text, shell)?,
                None => shell.result(&text)?,
            }
        }
        shell.status("assessed", &summary(report));
        let has_failed = report.assessment.has_failed() && !options.exit_zero;
        Ok(if has_failed { Exit::Differs } else { Exit::Clean })
    })
}

/// Returns what a profile with `revised` has beside its tree: a page and the claim in OSCAL, as `controls` writes them of the
/// tree on that day.
pub(super) fn pages(profile: &Profile, tree: &Tree) -> Vec<(&'static str, String)> {
    let Some(day) = &profile.revised else { return Vec::new() };
    let mut sources = Sources::default();
    let input = input::read_tree(tree, &mut sources);
    let subject = Asked { input: &input, profile: Some(profile), releases: Releases::default(), today: day };
    judged(&subject, &sources, |report, _| {
        let claim = oscal::component_definition(&dossier(
            Some(profile),
            &format!("{day}T00:00:00Z"),
            &scope(report),
            report,
        ));
        vec![("CONTROLS.md", markdown::markdown(report)), (claim.0, format!("{:#}\n", claim.1))]
    })
}

/// What is asked about, and as of when.
struct Asked<'a> {
    input: &'a input::Read,
    profile: Option<&'a Profile>,
    /// Those that somebody named.
    releases: Releases,
    today: &'a str,
}

/// Judges what was read; says what came of it, and what is wrong with waivers.
fn judged<T>(asked: &Asked<'_>, sources: &Sources, told: impl FnOnce(&Report<'_>, &[Diagnostic]) -> T) -> T {
    let Asked { input, profile, today, .. } = asked;
    let releases = check::releases(asked.releases, *profile, input);
    let mut config = Config::found_in(&input.manifests, sources);
    config.release =
        releases.istio.map_or(config.release, |istio| (istio.minor.minor.into(), istio.patch.into()));
    let mesh = Mesh::resolve(&input.manifests, config);
    let scene = Scene::new(&mesh, &input.delivery, sources, releases);
    let (waivers, _) = waivers::given(*profile, input, false);
    let judged = waiver::apply(crate::check::check(&scene), &waivers, input.manifests.metas(), today);
    let about_waivers: Vec<_> =
        judged.open.iter().filter(|finding| finding.code.starts_with("waiver-")).cloned().collect();
    let reach = Reach::of(&mesh);
    let flows = reach.flows(&Scope::default());
    let objects = input.manifests.metas().filter(|meta| !meta.is_assumed()).count();
    let subject = Subject { scene: &scene, judged: &judged, reach: &reach, flows: &flows, objects };
    let assessment = assess(&subject);
    told(&Report { assessment: &assessment, sources, releases, files: input.files, today }, &about_waivers)
}

/// Documents for others have to be written somewhere, and their time has to be somebody's word.
fn unready(options: &Options, time: Option<&str>) -> Option<Diagnostic> {
    if options.format != ControlsFormat::Oscal {
        return None;
    }
    if options.output.is_none() {
        let fault = Diagnostic::general(
            "output-missing",
            "OSCAL is several documents, and nothing says where they go",
        );
        return Some(fault.with_help("name a folder: `--output DIR`"));
    }
    time.is_none().then(|| {
        Diagnostic::general("time-missing", "nothing says which time the documents of OSCAL are of")
            .with_help("say `--today YYYY-MM-DD`, or set SOURCE_DATE_EPOCH; the clock would make them differ each time")
    })
}

/// Returns what is written, by the name of its file.
fn documents(
    format: ControlsFormat,
    profile: Option<&Profile>,
    time: Option<&str>,
    report: &Report<'_>,
) -> Vec<(&'static str, String)> {
    match format {
        ControlsFormat::Text => vec![("controls.txt", text::text(report))],
        ControlsFormat::Json => vec![("controls.json", json::json(report))],
        ControlsFormat::Markdown => vec![("controls.md", markdown::markdown(report))],
        ControlsFormat::Oscal => {
            let scope = scope(report);
            let dossier = dossier(profile, time.unwrap_or_default(), &scope, report);
            let assessed = oscal::assessed(&dossier, report.assessment, report.sources);
            let documents = std::iter::once(oscal::component_definition(&dossier)).chain(assessed);
            documents.map(|(name, document)| (name, format!("{document:#}\n"))).collect()
        }
    }
}

fn dossier<'d>(
    profile: Option<&'d Profile>,
    time: &'d str,
    scope: &'d str,
    report: &Report<'_>,
) -> Dossier<'d> {
    let name = profile.map_or("manifests", |profile| profile.name.as_str());
    Dossier { name, tool: TOOL, istio: report.releases.istio, time, scope }
}

fn write(folder: &Utf8Path, name: &str, text: &str, shell: &mut Shell) -> Result<()> {
    let file = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&file, text))
        .with_context(|| format!("cannot write `{file}`"))?;
    shell.status("wrote", file.as_str());
    Ok(())
}

/// Returns one line on all of it.
fn summary(report: &Report<'_>) -> String {
    let count =
        |verdict| report.assessment.controls.iter().filter(|control| control.verdict == verdict).count();
    let verdicts: Vec<String> = [Verdict::Satisfied, Verdict::NotSatisfied, Verdict::NotDecidable]
        .into_iter()
        .map(|verdict| format!("{} {verdict}", count(verdict)))
        .collect();
    let Report { assessment, files, today, .. } = report;
    format!(
        "{} controls by {} in {}: {}; on {today}",
        assessment.controls.len(),
        counted(assessment.objects, "object"),
        counted(*files, "file"),
        verdicts.join(", ")
    )
}

/// What every verdict is about, and what it is not.
fn scope(report: &Report<'_>) -> String {
    let Report { assessment, files, today, releases, .. } = report;
    let against = match releases.istio {
        Some(istio) => format!("against Istio {istio}"),
        None => "against no stated release of Istio".to_owned(),
    };
    format!(
        "A static reading of {} in {}, {against}, on {today}. No cluster was asked: what it holds besides, \
         and what runs there, is not known. Each verdict is of its claim, for the mesh that these manifests describe.",
        counted(assessment.objects, "object"),
        counted(*files, "file"),
    )
}

impl Report<'_> {
    /// Returns `file:line` of a place.
    fn place(&self, span: Span) -> String {
        format!("{}:{}", self.sources.path(span.file), self.sources.line(span))
    }

    /// Returns every file that something is said of, with the hash of its text as UTF-8 without a byte order mark.
    fn evidence_files(&self) -> BTreeMap<&Utf8Path, String> {
        let rules = self.assessment.rules.iter().map(|ruled| &ruled.look);
        let items = rules.clone().flat_map(|look| look.items.iter().map(|item| item.span));
        let breaks = rules.clone().flat_map(|look| look.breaks.iter().filter_map(|fault| fault.span));
        let doubts = rules.flat_map(|look| look.doubts.iter().filter_map(|doubt| doubt.span));
        let spans = items.chain(breaks).chain(doubts);
        let spans = spans.chain(self.assessment.exceptions.iter().filter_map(|exception| exception.span));
        spans.map(|span| (self.sources.path(span.file), self.hash(span))).collect()
    }

    fn hash(&self, span: Span) -> String {
        Digest::of(&self.sources.get(span.file).text).to_string()
    }
}
