//! How loading, rendering and comparing grow with the number of namespaces.
//!
//! `cargo bench --bench fleet` prints the best of several runs and the cost of a namespace relative to the smallest
//! fleet: near 1 is linear growth. The machine's own speed cancels out of that.
#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]
#![expect(clippy::disallowed_methods, reason = "and so is reading the clock")]

#[path = "../examples/fleet.rs"]
#[expect(dead_code, reason = "the example's `main` prints")]
mod fleet;

use std::time::{Duration, Instant};

use camino::Utf8Path;
use meshwright::{
    profile::{self, Profile},
    render,
    source::{Source, Sources},
    tree::{self, Digest, Stamp},
};

const SIZES: [usize; 4] = [10, 100, 1000, 3000];

fn main() {
    println!(
        "{:>10} {:>8} {:>9} {:>22} {:>22} {:>22}",
        "namespaces", "files", "bytes", "load", "render", "compare, unchanged"
    );
    let mut smallest: Option<[f64; 3]> = None;
    for size in SIZES {
        let text = fleet::profile(size);
        let load = best(|| drop(load(&text)));
        let profile = load_once(&text);
        let render = best(|| drop(render::render(&profile).expect("it renders")));
        let rendered = render::render(&profile).expect("it renders");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = Utf8Path::from_path(folder.path()).expect("a path that is text");
        let stamp = Stamp { tool: "bench".into(), profile: "fleet".into(), digest: Digest::of(&text) };
        let first = tree::compare(folder, &rendered.tree, &stamp);
        tree::write(folder, &first, false).expect("the tree is written");
        let compare = best(|| assert!(tree::compare(folder, &rendered.tree, &stamp).is_current()));
        let each = [load, render, compare]
            .map(|time| time.as_secs_f64() / f64::from(u32::try_from(size).expect("a size")));
        let base = smallest.get_or_insert(each);
        let bytes: usize = rendered.tree.iter().map(|(_, text)| text.len()).sum();
        let column = |index: usize, time: Duration| {
            format!("{:9.1} ms  x{:5.2}", time.as_secs_f64() * 1e3, each[index] / base[index])
        };
        println!(
            "{size:>10} {:>8} {bytes:>9} {:>22} {:>22} {:>22}",
            rendered.tree.len(),
            column(0, load),
            column(1, render),
            column(2, compare)
        );
    }
}

fn load(text: &str) -> Option<Profile> {
    let source = Source { path: "fleet.yaml".into(), text: text.to_owned() };
    profile::load(source, &mut Sources::default(), &mut |_| Ok(Vec::new())).0
}

fn load_once(text: &str) -> Profile {
    load(text).expect("the fleet is a sound profile")
}

/// Returns the shortest of several runs: what disturbs a run only ever makes it longer.
fn best(mut run: impl FnMut()) -> Duration {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..5).map(|_| time(&mut run)).min().expect("there were runs")
}
