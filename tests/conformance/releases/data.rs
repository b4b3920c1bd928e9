//! What the data file of a minor says of one of its patches.

use std::{collections::BTreeSet, fmt};

use meshwright::release::{Istio, Patch};

/// A data file as its lines: what stands at the left margin, and under it sections of entries, `key: value` or `- key`.
#[derive(Clone)]
pub struct Data(Vec<(String, Vec<Section>)>);

/// `  keys:` and what stands under it; for a line that has nothing under it, the line alone.
#[derive(Clone)]
struct Section(String, Vec<String>);

impl Data {
    /// Reads a file.
    pub fn read(text: &str) -> Self {
        let mut blocks: Vec<(String, Vec<Section>)> = Vec::new();
        for line in text.lines() {
            match (line.len() - line.trim_start().len(), blocks.last_mut()) {
                (2, Some((_, sections))) => sections.push(Section(line.to_owned(), Vec::new())),
                (4, Some((_, sections))) => {
                    sections.last_mut().expect("an entry has a section").1.push(line.to_owned());
                }
                _ => blocks.push((line.to_owned(), Vec::new())),
            }
        }
        Self(blocks)
    }

    /// Returns what the data of a minor says of one patch, in the form that this patch alone would give.
    pub fn at(&self, of: Patch) -> Self {
        let mut at = self.clone();
        for (head, sections) in &mut at.0 {
            *head = fact(head, of);
            let absent = entries(sections, "  since:")
                .filter(|(_, first)| *first > of.patch)
                .chain(entries(sections, "  until:").filter(|(_, last)| *last < of.patch));
            let absent: BTreeSet<String> = absent.map(|(key, _)| key).collect();
            for Section(_, lines) in
                sections.iter_mut().filter(|it| ["  keys:", "  names:"].contains(&it.0.as_str()))
            {
                lines.retain(|line| !absent.contains(key(line)));
            }
            let merged = sections.iter().find_map(|section| section.0.strip_prefix("  mergedSince: "));
            let is_merged =
                merged.is_none_or(|first| first.parse().is_ok_and(|first: u16| first <= of.patch));
            sections.retain(|section| match section.0.as_str() {
                "  since:" | "  until:" | "  schemaSince:" => false,
                name => {
                    !name.starts_with("  mergedSince: ") && (is_merged || !name.starts_with("  merged: "))
                }
            });
        }
        at
    }

    /// Leaves out what the data of a minor does not tell of a patch that is not its newest: the type of a key's default,
    /// what a schema said before it changed, and the keys beside which a broken schema admits no other.
    pub fn silence(&self, data: &Self, of: Patch) -> Self {
        let istio = Istio::of(of.minor).expect("known");
        let mut data = data.clone();
        if of.patch == istio.newest_patch {
            return data;
        }
        for ((_, own), (_, sections)) in self.0.iter().zip(&mut data.0) {
            let later = entries(own, "  schemaSince:").filter(|(_, first)| *first > of.patch);
            let later: BTreeSet<String> = later.map(|(key, _)| key).collect();
            for Section(name, lines) in sections.iter_mut() {
                match name.as_str() {
                    "  keys:" => lines.iter_mut().for_each(|line| *line = key(line).to_owned()),
                    "  schema:" => lines.retain(|line| !later.contains(key(line))),
                    _ => {}
                }
            }
            if istio.gateway_schema_is_broken(of.patch) {
                sections.retain(|section| section.0 != "  closed:");
            }
        }
        data
    }
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (head, sections) in &self.0 {
            writeln!(f, "{head}")?;
            for Section(name, lines) in sections {
                writeln!(f, "{name}")?;
                lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
            }
        }
        Ok(())
    }
}

fn key(line: &str) -> &str {
    let line = line.trim().trim_start_matches("- ");
    line.split_once(": ").map_or(line, |(key, _)| key)
}

/// Returns the keys of a section with the patch that stands beside each.
fn entries<'a>(sections: &'a [Section], name: &'a str) -> impl Iterator<Item = (String, u16)> + 'a {
    let lines = sections.iter().filter(move |section| section.0 == name).flat_map(|section| &section.1);
    lines.map(|line| {
        let (key, patch) = line.trim().split_once(": ").expect("a key and a patch");
        (key.to_owned(), patch.parse().expect("a patch"))
    })
}

/// Returns a fact of a minor as it would be of one patch.
fn fact(line: &str, of: Patch) -> String {
    let patch = of.patch;
    let holds = |text: &str| text.parse().is_ok_and(|from: u16| from <= patch);
    match line.split_once(": ") {
        Some((head, _)) if head.starts_with("# Istio") => {
            format!("# Istio {of} to {of}, derived: cargo run --example release -- istio CLONE {of}")
        }
        Some(("newestPatch", _)) => format!("newestPatch: {patch}"),
        Some((key @ ("gatewaySchemaSoundFrom" | "failurePolicyKeptFrom"), from)) => {
            format!("{key}: {}", if holds(from) { patch.to_string() } else { "null".into() })
        }
        Some((key @ "minimumKubernetes", ranges)) => {
            let ranges =
                ranges.trim_matches(['{', '}']).split(", ").filter_map(|range| range.split_once(": "));
            let (_, minimum) =
                ranges.filter(|(from, _)| holds(from)).last().expect("the first patch has one");
            format!("{key}: {{{patch}: {minimum}}}")
        }
        _ => line.to_owned(),
    }
}

#[test]
fn a_minor_says_what_each_of_its_patches_is_like() {
    let minor = "# Istio 1.25.0 to 1.25.5, derived: x\nminor: \"1.25\"\nnewestPatch: 5\n\
        minimumKubernetes: {0: \"1.28\", 1: \"1.29\"}\ngatewaySchemaSoundFrom: 5\n---\n# Read.\nbase:\n  keys:\n    a.b: any\n    \
        c: any\n    d: any\n  since:\n    c: 3\n  until:\n    d: 1\nvariables:\n  names:\n    - A\n    - B\n  since:\n    B: 5\n";
    let at = |patch: &str| Data::read(minor).at(patch.parse().expect("a patch")).to_string();
    let head = |patch| {
        format!(
            "# Istio {patch} to {patch}, derived: cargo run --example release -- istio CLONE {patch}\nminor: \"1.25\"\n"
        )
    };
    assert_eq!(
        at("1.25.1"),
        head("1.25.1")
            + "newestPatch: 1\nminimumKubernetes: {1: \"1.29\"}\ngatewaySchemaSoundFrom: null\n---\n# Read.\nbase:\n  keys:\n    \
               a.b: any\n    d: any\nvariables:\n  names:\n    - A\n"
    );
    assert_eq!(
        at("1.25.5"),
        head("1.25.5")
            + "newestPatch: 5\nminimumKubernetes: {5: \"1.29\"}\ngatewaySchemaSoundFrom: 5\n---\n# Read.\nbase:\n  keys:\n    \
               a.b: any\n    c: any\nvariables:\n  names:\n    - A\n    - B\n"
    );
}
