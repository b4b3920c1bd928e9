//! `--routes`: where gateways send requests, and whether those arrive.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::Result;

use crate::{
    reach::{Fate, Reach, Route},
    shell::{Exit, Shell},
    source::{Sources, Span},
};

pub(super) fn run(reach: &Reach<'_>, sources: &Sources, shell: &mut Shell) -> Result<Exit> {
    let routes = reach.routes();
    if routes.is_empty() {
        shell.status("found", "no route: no VirtualService with `http` routes names a Gateway that is shown");
        return Ok(Exit::Clean);
    }
    shell.result(&table(&routes, sources))?;
    let gateways: BTreeSet<&str> = routes.iter().map(|route| route.gateway.as_str()).collect();
    let number =
        |is_meant: &dyn Fn(&Fate) -> bool| routes.iter().filter(|route| is_meant(&route.fate)).count();
    let counted = |count: usize, what: &str| {
        let s = if count == 1 { "" } else { "s" };
        format!("{count} {what}{s}")
    };
    let mut parts =
        vec![format!("{} of {}", counted(routes.len(), "route"), counted(gateways.len(), "gateway"))];
    let refused = number(&|fate| matches!(fate, Fate::Refused(_)));
    let untold = number(&|fate| matches!(fate, Fate::Untold(_)));
    parts.extend((refused > 0).then(|| format!("{refused} of whose requests none arrives")));
    parts.extend((untold > 0).then(|| format!("{untold} cannot be told")));
    shell.status("found", &parts.join("; "));
    Ok(Exit::Clean)
}

/// Returns a block for each gateway and VirtualService, with a line for each of its routes.
fn table(routes: &[Route], sources: &Sources) -> String {
    let width = |text: &dyn Fn(&Route) -> String| {
        routes.iter().map(|route| text(route).chars().count()).max().unwrap_or_default()
    };
    let requests = width(&|route| route.requests.to_string());
    let to = width(&|route| route.to.clone());
    let mut text = String::new();
    let mut told = None;
    for route in routes {
        let of = (&route.gateway, &route.service);
        if told != Some(of) {
            text += if told.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{}, by {}", route.gateway, route.service);
            told = Some(of);
        }
        let Route { requests: asked, to: named, fate, .. } = route;
        let asked = asked.to_string();
        let (said, place) = (said(fate), at(route.place, sources));
        let _ = writeln!(text, "  {asked:requests$} -> {named:to$}  {said} ({place})");
        if let Fate::Refused(Some(step)) = fate {
            let places: Vec<String> = step.places.iter().map(|place| at(*place, sources)).collect();
            let places = if places.is_empty() { String::new() } else { format!(" ({})", places.join(", ")) };
            let _ = writeln!(text, "    {}: {}{places}", step.layer, step.sentence);
        }
    }
    text
}

fn said(fate: &Fate) -> String {
    match fate {
        Fate::Arrives => "arrives".to_owned(),
        Fate::ArrivesInPart => "arrives in part".to_owned(),
        Fate::Refused(_) => "refused".to_owned(),
        Fate::Shadowed => "never taken: an earlier route has every such request".to_owned(),
        Fate::NotServed => "never taken: no server of the gateway has the host".to_owned(),
        Fate::Answered => "answered by the gateway".to_owned(),
        Fate::Untold(reason) => format!("? {reason}"),
    }
}

fn at(place: Span, sources: &Sources) -> String {
    format!("{}:{}", sources.path(place.file), sources.line(place))
}
