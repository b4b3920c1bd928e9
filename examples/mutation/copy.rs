//! A copy of the crate in which every drawn change waits to be wanted.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::Range,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{edit, site::Site};

/// What the copies ask which change is wanted.
const SWITCH: &str = include_str!("switch.rs");

/// The tests that judge a change, the quickest first.
pub const TESTS: [&str; 10] =
    ["semantics", "reach", "explain", "agreement", "check", "cmd", "proof", "findings", "wrong", "controls"];

/// A copy, and the sources that it was made from.
pub struct Copy {
    folder: PathBuf,
    build: PathBuf,
    /// By file, as it is.
    sources: BTreeMap<String, String>,
}

/// Bytes of each change by its number, by file.
type Places = BTreeMap<String, Vec<(usize, Range<usize>)>>;

impl Copy {
    /// Copies what git knows of, but for what is changed: that is written once, with its changes.
    pub fn new(root: &Path, to: &Path, sites: &[Site]) -> Result<Self> {
        let (folder, build) = (to.join("crate"), to.join("build"));
        let files: BTreeSet<&str> =
            sites.iter().map(|site| site.file.as_str()).chain(["src/lib.rs", "Cargo.toml"]).collect();
        let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(root).output()?;
        for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
            let (from, to) = (root.join(name), folder.join(name));
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            if from.is_file() && !files.contains(name) {
                replace(&to, &fs::read(&from)?)?;
            }
        }
        let read = |site: &Site| Ok((site.file.clone(), fs::read_to_string(root.join(&site.file))?));
        let sources = sites.iter().map(read).collect::<Result<_>>()?;
        replace(&folder.join("src/mutation.rs"), SWITCH.as_bytes())?;
        let library =
            fs::read_to_string(root.join("src/lib.rs"))? + "\n#[allow(missing_docs)]\npub mod mutation;\n";
        replace(&folder.join("src/lib.rs"), library.as_bytes())?;
        let manifest = fs::read_to_string(root.join("Cargo.toml"))?
            + "\n[workspace]\n\n[profile.mutation]\ninherits = \"dev\"\nopt-level = 1\ndebug = false\n";
        replace(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        Ok(Self { folder, build, sources })
    }

    /// Builds the tests with as many changes as compile. Returns them, and the changes that do not, some of which are known.
    pub fn build(
        &self,
        sites: &[Site],
        mut unviable: BTreeSet<usize>,
    ) -> Result<(Vec<PathBuf>, BTreeSet<usize>)> {
        loop {
            let places = self.write(sites, &unviable)?;
            let (tests, faults) = self.compile(&places)?;
            if faults.is_empty() {
                return Ok((tests, unviable));
            }
            println!("{} changes do not compile", faults.len());
            unviable.extend(faults);
        }
    }

    fn write(&self, sites: &[Site], unviable: &BTreeSet<usize>) -> Result<Places> {
        let mut places = Places::new();
        for (file, text) in &self.sources {
            let changes: Vec<(usize, &[edit::Edit])> = sites
                .iter()
                .enumerate()
                .filter(|(number, site)| site.file == *file && !unviable.contains(number))
                .map(|(number, site)| (number, site.edits.as_slice()))
                .collect();
            let (text, of_file) = edit::apply(text, &changes);
            replace(&self.folder.join(file), text.as_bytes())?;
            places.insert(file.clone(), of_file);
        }
        Ok(places)
    }

    /// Returns the programs, or the changes in which errors are.
    fn compile(&self, places: &Places) -> Result<(Vec<PathBuf>, BTreeSet<usize>)> {
        let mut command = Command::new("cargo");
        command.args(["test", "--locked", "--no-run", "--profile", "mutation", "--message-format", "json"]);
        command.arg("--lib").args(TESTS.iter().flat_map(|test| ["--test", test]));
        let out = command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.build).output()?;
        let (mut programs, mut faults) = (BTreeMap::new(), BTreeSet::new());
        for line in String::from_utf8(out.stdout)?.lines() {
            let said: Value = serde_json::from_str(line)?;
            if let (Some(program), Some(name)) =
                (said["executable"].as_str(), said["target"]["name"].as_str())
                && said["profile"]["test"] == true
            {
                programs.insert(name.to_owned(), PathBuf::from(program));
            }
            if said["message"]["level"] == "error" {
                faults.extend(said["message"]["spans"].as_array().into_iter().flatten().filter_map(|span| {
                    let of_file = places.get(span["file_name"].as_str()?)?;
                    let at = usize::try_from(span["byte_start"].as_u64()?).ok()?;
                    let end = usize::try_from(span["byte_end"].as_u64()?).ok()?;
                    innermost(of_file, &(at..end))
                }));
            }
        }
        if !out.status.success() && faults.is_empty() {
            bail!("the copy does not compile: {}", String::from_utf8_lossy(&out.stderr));
        }
        let order = ["meshwright"].into_iter().chain(TESTS);
        Ok((order.filter_map(|name| programs.remove(name)).collect(), faults))
    }
}

/// The smallest change that has a part of a range in it.
fn innermost(places: &[(usize, Range<usize>)], at: &Range<usize>) -> Option<usize> {
    let touches = |range: &Range<usize>| range.start <= at.end && at.start <= range.end;
    let touching = places.iter().filter(|(_, range)| touches(range));
    touching.min_by_key(|(_, range)| range.len()).map(|(number, _)| *number)
}

/// Writes a file that is another, so that what is the same need not be compiled again.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
