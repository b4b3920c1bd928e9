//! The textbook: each tree of `tests/reach/` with the complete table of what is open in it.
//!
//! A table is held against the judge cell by cell; what no line covers must be closed.

use std::collections::BTreeSet;

use crate::{
    cells::{Cell, cells, numbered},
    naive::{
        Cluster, Protocol, Verdict, injection,
        pattern::Truth,
        transport::{self, PortProtocol},
    },
    table::{Line, Mark, Table},
};

/// A tree with its table, and what the judge says of every cell.
struct Scenario {
    name: String,
    cluster: Cluster,
    table: Table,
    cells: Vec<Cell>,
}

#[test]
fn each_table_says_what_the_judge_says_and_needs_each_of_its_lines() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 60, "{} scenarios", scenarios.len());
    let mut faults = Vec::new();
    for mut scenario in scenarios {
        faults.extend(scenario.faults());
        for at in 0..scenario.table.lines.len() {
            let line = scenario.table.lines.remove(at);
            if scenario.faults().is_empty() {
                faults.push(format!("{}: nobody would miss: {}", scenario.name, line.text));
            }
            scenario.table.lines.insert(at, line);
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn scenarios() -> Vec<Scenario> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reach");
    let entries =
        std::fs::read_dir(folder).expect("tests/reach/ is there").map(|entry| entry.expect("it can be read"));
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".yaml")?.to_owned()))
        .collect();
    names.sort();
    names.into_iter().map(|name| Scenario::read(folder, name)).collect()
}

impl Scenario {
    fn read(folder: &str, name: String) -> Self {
        let read = |end: &str| {
            std::fs::read_to_string(format!("{folder}/{name}.{end}")).expect("a tree has a table")
        };
        let (tree, text) = (read("yaml"), read("txt"));
        assert!(tree.starts_with("# "), "{name}: a tree teaches in its first lines");
        let asked = format!("$ meshwright reach tests/reach/{name}.yaml ");
        assert!(text.starts_with(&asked), "{name}: a table starts with its question");
        let (cluster, table) = (Cluster::read(&tree), Table::read(&text));
        let cells = cells(&cluster, &table);
        Self { name, cluster, table, cells }
    }

    /// Where the table and the judge differ, the first few.
    fn faults(&self) -> Vec<String> {
        let Self { name, cluster, table, cells } = self;
        let mut used = BTreeSet::new();
        let differing =
            cells.iter().filter_map(|cell| compare(table, cell, &mut used)).take(8).collect::<Vec<_>>();
        let misread = table.lines.iter().filter_map(|line| misread(cluster, line));
        let idle = table.lines.iter().map(|line| &line.text).filter(|text| !used.contains(text.as_str()));
        let idle = idle.map(|text| format!("nothing is so: {text}"));
        differing.into_iter().chain(misread).chain(idle).map(|fault| format!("{name}: {fault}")).collect()
    }
}

/// Holds what the table says of a cell against the judge.
fn compare<'a>(table: &'a Table, cell: &Cell, used: &mut BTreeSet<&'a str>) -> Option<String> {
    let request = cell.request.as_ref().map(|(request, path)| (request, path.as_str()));
    let covering: Vec<&Line> = table
        .lines
        .iter()
        .filter(|line| line.is_from(&cell.source))
        .filter(|line| line.destination == cell.destination && line.port == cell.port)
        .filter(|line| match &cell.account {
            Some(account) => line.account.as_ref().is_some_and(|one| one.is_empty() || one == account),
            None => line.is_plaintext,
        })
        .filter(|line| line.covers(request, cell.address))
        .collect();
    let has = |mark: Mark| covering.iter().any(|line| line.mark == mark);
    let said = if has(Mark::Open) || has(Mark::AroundItsProxy) {
        (Verdict::Allowed, has(Mark::Open), false)
    } else if has(Mark::Unknown) {
        (Verdict::Unknown, false, false)
    } else {
        (Verdict::Denied, false, has(Mark::GreetingOnly))
    };
    let is_cooperative = cell.verdict == Verdict::Allowed && cell.is_cooperative;
    let judged = (cell.verdict, is_cooperative, cell.verdict == Verdict::Denied && cell.greeting_leaks);
    if said == judged {
        used.extend(covering.iter().map(|line| line.text.as_str()));
        return None;
    }
    let differing = "(verdict, through its proxy, greeting)";
    Some(format!("the table says {said:?}, the judge {judged:?} {differing}: {cell:?}"))
}

/// What a line says of the port, against what the proxy takes it for.
fn misread(cluster: &Cluster, line: &Line) -> Option<String> {
    let (port, protocol) = numbered(&line.port);
    let word = |protocol: PortProtocol| match protocol {
        PortProtocol::Http => "http",
        PortProtocol::Tcp => "tcp",
        PortProtocol::Auto => "auto",
    };
    let is_pod = cluster.pods().any(|pod| pod.called() == line.destination);
    let expected: Vec<&str> = if is_pod && protocol == Protocol::Tcp {
        let pod = cluster.pod(&line.destination);
        let proxied = injection::is_injected(cluster, &pod).min(injection::is_captured(&pod, port));
        let mut words: Vec<&str> = if proxied == Truth::Yes { Vec::new() } else { vec!["tcp"] };
        if proxied != Truth::No {
            words.extend(transport::protocols(cluster, &pod, port).into_iter().map(word));
        }
        words
    } else {
        vec![match protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
        }]
    };
    let said = line.protocol.split('/').next().unwrap_or_default();
    (!expected.contains(&said)).then(|| format!("the port is {expected:?}: {}", line.text))
}
