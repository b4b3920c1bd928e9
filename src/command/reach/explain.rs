//! `--explain`: why one connection passes, or what stops it.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::{Value, json};

use super::asked;
use crate::{
    cli::{Reach as Options, ReachFormat},
    diagnostic::Diagnostic,
    manifest::Protocol,
    reach::{Asked, Explanation, Mark, Nearest, PortSet, Reach, Request, Sent, State, Step, Unasked},
    shell::{Exit, Shell},
    source::{Sources, Span},
};

/// How many places of one layer are shown.
const FEW: usize = 3;

/// What is printed.
struct Report<'a, 'm> {
    reach: &'a Reach<'m>,
    sources: &'a Sources,
    asked: Asked,
    explanation: Explanation,
    /// What the ends are called, as somebody wrote them.
    ends: [&'a str; 2],
}

pub(super) fn run(
    options: &Options,
    reach: &Reach<'_>,
    sources: &Sources,
    shell: &mut Shell,
) -> Result<Exit> {
    let print = match options.format {
        ReachFormat::Table => text,
        ReachFormat::Json => json,
        ReachFormat::Matrix
        | ReachFormat::Dot
        | ReachFormat::Mermaid
        | ReachFormat::Svg
        | ReachFormat::Csv => {
            shell.diagnostics(&[no_format()], sources);
            return Ok(Exit::Error);
        }
    };
    let explained = asked::one(options, reach).and_then(|asked| {
        let explanation = reach.explain(&asked).map_err(|unasked| vec![refused(unasked)])?;
        Ok((asked, explanation))
    });
    match explained {
        Ok((asked, explanation)) => {
            let ends = [&options.from, &options.to].map(|names| names[0].as_str());
            shell.result(&print(&Report { reach, sources, asked, explanation, ends }))?;
            Ok(Exit::Clean)
        }
        Err(faults) => {
            shell.diagnostics(&faults, sources);
            Ok(Exit::Error)
        }
    }
}

fn no_format() -> Diagnostic {
    let message = "an explanation is a text or JSON, and no table or picture";
    Diagnostic::general("explain-format", message).with_help("leave `--format` out, or say `--format json`")
}

fn refused(unasked: Unasked) -> Diagnostic {
    match unasked {
        Unasked::NotShown => {
            Diagnostic::general("explain-nobody", "neither end is a workload of the manifests")
                .with_help("name at least one end as `namespace/name`, as the manifests show it")
        }
        Unasked::ToNode => Diagnostic::general("explain-node", "what a node takes no manifest says")
            .with_help("give the node's address to `--to`"),
        Unasked::NoRequest => Diagnostic::general("explain-request", "a request of HTTP goes over TCP")
            .with_help("leave the request out, or name a port of TCP"),
    }
}

/// Returns the verdict, then a line for each layer.
fn text(report: &Report<'_, '_>) -> String {
    let Report { asked, explanation, ends: [from, to], .. } = report;
    let verdict = match &explanation.verdict {
        Some(Mark::Open) => "allowed",
        Some(Mark::AroundItsProxy) => "allowed around its own proxy only",
        Some(Mark::GreetingOnly) => "denied, but for the server's first words",
        Some(Mark::Unknown(_)) => "cannot be told",
        None => "denied",
    };
    let mut text = format!("{verdict}: {from} -> {to}:{}\n\n", PortSet::from(asked.port).spelled());
    let _ = writeln!(text, "  {:<11}           {}", "sent", sent(report));
    for step in &explanation.steps {
        let Step { layer, state, sentence, places, nearest } = step;
        let places = places_text(report, places);
        let state = if *state == State::Fact { String::new() } else { state.to_string() };
        let _ = writeln!(text, "  {:<11}  {:<7}  {sentence}{places}", layer.to_string(), state);
        if let Some(Nearest { rule, place, lacks }) = nearest {
            let place = places_text(report, &[*place]);
            let _ = writeln!(text, "{:24}nearest: {rule}{place}", "");
            for lack in lacks {
                let _ = writeln!(text, "{:26}{lack}", "");
            }
        }
    }
    if let Some(command) = &explanation.command {
        let _ = writeln!(text, "  {:<11}           {command}", "try");
    }
    text
}

fn sent(report: &Report<'_, '_>) -> String {
    let Explanation { sent, identity, .. } = &report.explanation;
    let what = match (sent, report.asked.port.protocol) {
        (Sent::Request(request), _) => of_request(request),
        (Sent::Bytes, Protocol::Tcp) => "bytes".to_owned(),
        (Sent::Bytes, Protocol::Udp | Protocol::Sctp) => "datagrams".to_owned(),
    };
    match identity {
        Some(identity) => format!("{what}, as `{identity}`"),
        None => what,
    }
}

fn of_request(request: &Request) -> String {
    let mut text = format!("`{} http://{}{}`", request.method, request.host, request.path);
    for (name, value) in &request.headers {
        let _ = write!(text, " with `{name}: {value}`");
    }
    if let Some(token) = &request.token {
        let _ = write!(text, " with a token of `{}`", Value::Object(token.clone()));
    }
    text
}

fn places_text(report: &Report<'_, '_>, places: &[Span]) -> String {
    if places.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = places.iter().take(FEW).map(|place| line(report, *place)).collect();
    let more = if places.len() > FEW { format!(" and {} more", places.len() - FEW) } else { String::new() };
    format!(" ({}{more})", shown.join(", "))
}

fn line(report: &Report<'_, '_>, place: Span) -> String {
    format!("{}:{}", report.sources.path(place.file), report.sources.line(place))
}

/// Returns the same for programs.
fn json(report: &Report<'_, '_>) -> String {
    let Report { asked, explanation, ends: [from, to], reach, .. } = report;
    let (verdict, reason) = match &explanation.verdict {
        Some(Mark::Open) => ("allowed", None),
        Some(Mark::AroundItsProxy) => ("allowed-around-proxy", None),
        Some(Mark::GreetingOnly) => ("greeting-only", None),
        Some(Mark::Unknown(reason)) => ("unknown", Some(reason)),
        None => ("denied", None),
    };
    let steps: Vec<Value> = explanation.steps.iter().map(|step| step_json(report, step)).collect();
    let request = match &explanation.sent {
        Sent::Request(request) => json!({
            "method": request.method,
            "host": request.host,
            "path": request.path,
            "headers": request.headers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
            "token": request.token,
        }),
        Sent::Bytes => Value::Null,
    };
    let document = json!({
        "version": 1,
        "verdict": verdict,
        "reason": reason,
        "from": from,
        "to": to,
        "ends": [reach.end_name(asked.from), reach.end_name(asked.to)],
        "port": {"protocol": format!("{:?}", asked.port.protocol).to_uppercase(), "number": asked.port.number},
        "request": request,
        "identity": explanation.identity.as_ref().map(ToString::to_string),
        "steps": steps,
        "command": explanation.command,
    });
    format!("{document:#}\n")
}

fn step_json(report: &Report<'_, '_>, step: &Step) -> Value {
    let place = |place: &Span| json!({"file": report.sources.path(place.file).as_str(), "line": report.sources.line(*place)});
    let nearest = step
        .nearest
        .as_ref()
        .map(|nearest| json!({"rule": nearest.rule, "place": place(&nearest.place), "lacks": nearest.lacks}));
    json!({
        "layer": step.layer.to_string(),
        "state": step.state.to_string(),
        "sentence": step.sentence,
        "places": step.places.iter().map(place).collect::<Vec<_>>(),
        "nearest": nearest,
    })
}
