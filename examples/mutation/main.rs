//! Changes the engine in many small ways, one at a time, and sees whether a test notices.
//!
//! ```text
//! cargo run --example mutation -- tests/mutation/verdicts.tsv --count 500 --seed 1 [--shard 1/4]
//! ```
//!
//! All changes are compiled into one copy of the crate, each behind a number that a run of the tests may name in `MUTANT`, so
//! that a change costs a run and no build. What has a verdict in the file has it for good: a run that was ended goes on
//! where it was, and shards of it can be put together. Lines of what is no longer drawn are left out of the summary.

#![allow(clippy::disallowed_methods, reason = "it copies, builds and runs a crate")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it says what it does")]

mod copy;
mod edit;
mod site;
mod trial;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use clap::Parser;

use copy::Copy;
use sha2::{Digest as _, Sha256};
use site::Site;
use trial::Verdict;

/// Changes the engine in many small ways, one at a time, and sees whether a test notices.
#[derive(Parser)]
struct Arguments {
    /// A line for each change that was tried: what it is, and what noticed.
    verdicts: Utf8PathBuf,
    /// How many of all possible changes are drawn.
    #[arg(long, default_value_t = 500)]
    count: usize,
    /// What they are drawn by.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which part of them is tried, of how many: `1/4`.
    #[arg(long, default_value = "1/1", value_parser = shard)]
    shard: (usize, usize),
    /// How many are tried at once.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
    parts.filter(|(part, of)| (1..=*of).contains(part)).ok_or_else(|| "a part, of how many: `1/4`".to_owned())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sites = site::all(root)?;
    let possible = sites.len();
    let drawn = draw(sites, arguments.count, arguments.seed);
    println!("{} of {possible} possible changes are drawn", drawn.len());

    let known = read(&arguments.verdicts)?;
    let copy = Copy::new(root, &root.join("target/mutation"), &drawn)?;
    let (part, of) = arguments.shard;
    let open: Vec<usize> = (0..drawn.len())
        .filter(|at| at % of == part - 1 && !known.contains_key(&drawn[*at].to_string()))
        .collect();
    if !open.is_empty() {
        let is_unviable =
            |at: &usize| known.get(&drawn[*at].to_string()).is_some_and(|said| said == "unviable");
        let (tests, unviable) = copy.build(&drawn, (0..drawn.len()).filter(is_unviable).collect())?;
        for at in open.iter().filter(|at| unviable.contains(at)) {
            trial::note(&arguments.verdicts, &drawn[*at], &Verdict::Unviable)?;
        }
        let viable: Vec<usize> = open.into_iter().filter(|at| !unviable.contains(at)).collect();
        trial::run(&tests, &drawn, &viable, arguments.jobs, &arguments.verdicts)?;
    }
    summary(&drawn, &read(&arguments.verdicts)?);
    Ok(())
}

/// Draws some of the sites, in their order. Each has its lot by itself, so that a change of the engine moves no other's.
fn draw(sites: Vec<Site>, count: usize, seed: u64) -> Vec<Site> {
    let lot = |site: &Site| Sha256::digest(format!("{seed}\t{site}"));
    let mut lots: Vec<_> = sites.into_iter().map(|site| (lot(&site), site)).collect();
    lots.sort_by_key(|(lot, _)| *lot);
    lots.truncate(count);
    let mut drawn: Vec<Site> = lots.into_iter().map(|(_, site)| site).collect();
    drawn.sort_by(|one, other| (&one.file, one.start).cmp(&(&other.file, other.start)));
    drawn
}

/// Reads verdicts by what was changed.
fn read(path: &Utf8PathBuf) -> Result<BTreeMap<String, String>> {
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let line =
        |line: &str| line.split_once('\t').map(|(verdict, site)| (site.to_owned(), verdict.to_owned()));
    Ok(text.lines().filter_map(line).collect())
}

fn summary(drawn: &[Site], verdicts: &BTreeMap<String, String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for site in drawn {
        let verdict = verdicts.get(&site.to_string()).map_or("not tried", String::as_str);
        let word = verdict.split(' ').next().unwrap_or(verdict);
        *counts.entry(if word == "not" { verdict } else { word }).or_default() += 1;
        if verdict == trial::SURVIVED {
            println!("survived: {site}");
        }
    }
    println!("{counts:?}");
}
