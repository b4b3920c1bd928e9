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
    tree::Digest,
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
    let releases = check::releases(asked, profile.as_ref(), &input);
    let mut config = Config::found_in(&input.manifests, &sources);
    config.release =
        releases.istio.map_or(config.release, |istio| (istio.minor.minor.into(), istio.patch.into()));
    let mesh = Mesh::resolve(&input.manifests, config);
    let scene = Scene { mesh: &mesh, sources: &sources, releases, delivery: &input.delivery };
    let (waivers, _) = waivers::given(profile.as_ref(), &input, false);
    let judged = waiver::apply(crate::check::check(&scene), &waivers, input.manifests.metas(), &today);
    let about_waivers: Vec<_> =
        judged.open.iter().filter(|finding| finding.code.starts_with("waiver-")).cloned().collect();
    shell.diagnostics(&about_waivers, &sources);
    let reach = Reach::of(&mesh);
    let flows = reach.flows(&Scope::default());
    let objects = input.manifests.metas().filter(|meta| !meta.is_assumed()).count();
    let subject = Subject { scene, judged: &judged, reach: &reach, flows: &flows, objects };
    let assessment = assess(&subject);
    let report =
        Report { assessment: &assessment, sources: &sources, releases, files: input.files, today: &today };
    for (name, text) in documents(options, profile.as_ref(), time.as_deref(), &report) {
        match &options.output {
            Some(folder) => write(folder, name, &text, shell)?,
            None => shell.result(&text)?,
        }
    }
    shell.status("assessed", &summary(&report));
    Ok(if assessment.has_failed() && !options.exit_zero { Exit::Differs } else { Exit::Clean })
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
    options: &Options,
    profile: Option<&Profile>,
    time: Option<&str>,
    report: &Report<'_>,
) -> Vec<(&'static str, String)> {
    match options.format {
        ControlsFormat::Text => vec![("controls.txt", text::text(report))],
        ControlsFormat::Json => vec![("controls.json", json::json(report))],
        ControlsFormat::Markdown => vec![("controls.md", markdown::markdown(report))],
        ControlsFormat::Oscal => {
            let dossier = Dossier {
                name: profile.map_or("manifests", |profile| profile.name.as_str()),
                tool: TOOL,
                istio: report.releases.istio,
                time: time.unwrap_or_default(),
                scope: &scope(report),
            };
            let assessed = oscal::assessed(&dossier, report.assessment, report.sources);
            let documents = std::iter::once(oscal::component_definition(&dossier)).chain(assessed);
            documents.map(|(name, document)| (name, format!("{document:#}\n"))).collect()
        }
    }
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
