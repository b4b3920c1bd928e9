//! Flows as pictures: who to whom, without the requests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Report;
use crate::reach::{End, Mark, told};

/// How open the way from one end to another is: the most open of its flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// It cannot be told.
    Unknown,
    /// With an identity that the receiver checks.
    Known,
    /// In the clear.
    Plain,
}

/// The ways between ends, with the ports of each.
type Ways = BTreeMap<(End, End), (Way, String)>;

fn ways(report: &Report<'_, '_>) -> Ways {
    let mut ways = BTreeMap::<(End, End), (Way, BTreeSet<String>)>::new();
    for (flow, sources) in report.lines() {
        let way = match (&flow.passage.mark, &flow.passage.account) {
            (Mark::Unknown(_) | Mark::GreetingOnly, _) => Way::Unknown,
            (Mark::Open | Mark::AroundItsProxy, Some(_)) => Way::Known,
            (Mark::Open | Mark::AroundItsProxy, None) => Way::Plain,
        };
        let told = told(&sources);
        for from in flow.from.iter().filter(|end| told.contains(&report.reach.end_name(**end))) {
            let (known, ports) = ways.entry((*from, flow.to)).or_insert((way, BTreeSet::new()));
            *known = (*known).max(way);
            ports.insert(flow.ports.spelled());
        }
    }
    let joined = |ports: BTreeSet<String>| ports.into_iter().collect::<Vec<_>>().join(" ");
    ways.into_iter().map(|(ends, (way, ports))| (ends, (way, joined(ports)))).collect()
}

/// Returns the ends of flows, in order.
fn ends(ways: &Ways) -> Vec<End> {
    let ends: BTreeSet<End> = ways.keys().flat_map(|(from, to)| [*from, *to]).collect();
    ends.into_iter().collect()
}

/// Returns a row for each source and a column for each destination: `m` with an identity, `P` in the clear, `?`.
pub(super) fn matrix(report: &Report<'_, '_>) -> String {
    let ways = ways(report);
    let (from, to): (BTreeSet<End>, BTreeSet<End>) =
        (ways.keys().map(|(from, _)| *from).collect(), ways.keys().map(|(_, to)| *to).collect());
    let names: Vec<String> = from.iter().map(|end| report.reach.end_name(*end)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (number, end) in to.iter().enumerate() {
        let _ = writeln!(text, "{:width$}  {}+-- {}", "", "| ".repeat(number), report.reach.end_name(*end));
    }
    for (name, from) in names.iter().zip(&from) {
        let cells = to.iter().map(|to| match ways.get(&(*from, *to)) {
            None => ".",
            Some((Way::Known, _)) => "m",
            Some((Way::Plain, _)) => "P",
            Some((Way::Unknown, _)) => "?",
        });
        let _ = writeln!(text, "{name:width$}  {}", cells.collect::<Vec<_>>().join(" "));
    }
    text + "m with an identity, P in the clear, ? cannot be told, . closed\n"
}

/// Returns a graph for Graphviz.
pub(super) fn dot(report: &Report<'_, '_>) -> String {
    let ways = ways(report);
    let mut text =
        "digraph reach {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    for ((from, to), (way, ports)) in &ways {
        let style = match way {
            Way::Known => "color=\"#1b6e3c\"",
            Way::Plain => "color=\"#b3261e\"",
            Way::Unknown => "color=\"#8a6d00\", style=dashed",
        };
        let name = |end| report.reach.end_name(end).replace('"', "\\\"");
        let _ = writeln!(text, "  \"{}\" -> \"{}\" [label=\"{}\", {style}];", name(*from), name(*to), ports);
    }
    text + "}\n"
}

/// Returns a graph for Markdown.
pub(super) fn mermaid(report: &Report<'_, '_>) -> String {
    let ways = ways(report);
    let ends = ends(&ways);
    let place = |end: &End| ends.binary_search(end).unwrap_or_default();
    let mut text = "flowchart LR\n".to_owned();
    for (number, end) in ends.iter().enumerate() {
        let _ = writeln!(text, "  n{number}[\"{}\"]", escaped(&report.reach.end_name(*end)));
    }
    for ((from, to), (way, ports)) in &ways {
        let arrow = match way {
            Way::Known => "-->",
            Way::Plain => "==>",
            Way::Unknown => "-.->",
        };
        let _ = writeln!(text, "  n{} {arrow}|\"{}\"| n{}", place(from), ports, place(to));
    }
    text
}

const ROW: usize = 34;
const LEFT: usize = 20;
const BOX: usize = 300;
const GAP: usize = 360;

/// Returns a picture that needs nothing else: sources on the left, destinations on the right.
pub(super) fn svg(report: &Report<'_, '_>) -> String {
    let ways = ways(report);
    let from: Vec<End> = ways.keys().map(|(from, _)| *from).collect::<BTreeSet<_>>().into_iter().collect();
    let to: Vec<End> = ways.keys().map(|(_, to)| *to).collect::<BTreeSet<_>>().into_iter().collect();
    let (right, rows) = (LEFT + BOX + GAP, from.len().max(to.len()).max(1));
    let (width, height) = (right + BOX + LEFT, rows * ROW + 90);
    let middle = |row: usize| 50 + row * ROW + ROW / 2;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n<title>Who can talk to whom</title>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"30\" font-weight=\"bold\">from</text>\n\
         <text x=\"{right}\" y=\"30\" font-weight=\"bold\">to</text>\n"
    );
    // What is open between two pods that the manifests show stands out from what is open to the rest of the cluster.
    let mut drawn: Vec<_> = ways.iter().map(|way| (is_shown(report, way.0), way)).collect();
    drawn.sort_by_key(|(is_shown, _)| *is_shown);
    for (is_shown, ((source, target), (way, ports))) in drawn {
        let row = |ends: &[End], end: &End| ends.binary_search(end).map_or(0, middle);
        let (start, end) = (row(&from, source), row(&to, target));
        let (color, dash) = colored(*way);
        let (stroke, opacity) = if is_shown { ("2.2", "1") } else { ("1", "0.35") };
        let (x1, x2) = (LEFT + BOX, right - 8);
        let bend = usize::midpoint(x1, x2);
        let title =
            format!("{} to {} at {ports}", report.reach.end_name(*source), report.reach.end_name(*target));
        let _ = writeln!(
            text,
            "<path d=\"M{x1},{start} C{bend},{start} {bend},{end} {x2},{end}\" fill=\"none\" stroke=\"{color}\" \
             stroke-width=\"{stroke}\" opacity=\"{opacity}\"{dash}><title>{}</title></path>\n<path d=\"M{x2},{} l8,4 l-8,4 z\" fill=\"{color}\"/>",
            escaped(&title),
            end - 4,
        );
    }
    for (ends, x) in [(&from, LEFT), (&to, right)] {
        for (number, end) in ends.iter().enumerate() {
            let (y, name) = (middle(number), report.reach.end_name(*end));
            let _ = writeln!(
                text,
                "<rect x=\"{x}\" y=\"{}\" width=\"{BOX}\" height=\"26\" rx=\"4\" fill=\"#f4f6f8\" stroke=\"#5b6770\"/>\n\
                 <text x=\"{}\" y=\"{}\">{}</text>",
                y - 13,
                x + 10,
                y + 5,
                escaped(&shortened(&name)),
            );
        }
    }
    text + &legend(height - 18) + "</svg>\n"
}

/// Tells whether the manifests show both ends of a way.
fn is_shown(report: &Report<'_, '_>, (from, to): &(End, End)) -> bool {
    [from, to].iter().all(|end| matches!(end, End::Pod(id) if report.reach.endpoints().pod(*id).is_some()))
}

/// Returns what each kind of line means, at a height.
fn legend(y: usize) -> String {
    let meanings =
        [(Way::Known, "with an identity"), (Way::Plain, "in the clear"), (Way::Unknown, "cannot be told")];
    let entry = |(number, (way, said)): (usize, (Way, &str))| {
        let (x, (color, dash)) = (LEFT + number * 190, colored(way));
        format!(
            "<path d=\"M{x},{y} h30\" stroke=\"{color}\" stroke-width=\"2\"{dash}/><text x=\"{}\" y=\"{}\">{said}</text>\n",
            x + 38,
            y + 5,
        )
    };
    meanings.into_iter().enumerate().map(entry).collect()
}

fn colored(way: Way) -> (&'static str, &'static str) {
    match way {
        Way::Known => ("#1b6e3c", ""),
        Way::Plain => ("#b3261e", ""),
        Way::Unknown => ("#8a6d00", " stroke-dasharray=\"5 4\""),
    }
}

/// What a box has room for. A name's end tells most: whether who has it is in the mesh.
fn shortened(name: &str) -> String {
    const ROOM: usize = 36;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= ROOM {
        return name.to_owned();
    }
    let (head, tail) = (&letters[..ROOM / 2], &letters[letters.len() - (ROOM / 2 - 1)..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
