//! The golden trees, and those of other releases, read from the disk by a parser that is not ours.

use std::{collections::BTreeMap, fs};

use camino::{Utf8Path, Utf8PathBuf};
use meshwright::{profile::Profile, render};
use serde_json::Value;

use crate::{
    bench::{Bench, Extent},
    support::{
        self,
        releases::{self, Releases},
    },
};

/// The profiles whose trees every run asks about: four keys, and nearly all of them.
const CORE: [&str; 2] = ["sre", "full"];

/// A rendered tree, and the profile that it is of.
pub struct Golden {
    /// The profile's stem, with the releases where they are not its own.
    pub stem: String,
    pub profile: Profile,
    /// `golden/<stem>`, or a folder like it: the repository that Flux would read.
    pub repository: Utf8PathBuf,
    /// The objects of each YAML file, by its path in the repository.
    pub files: BTreeMap<Utf8PathBuf, Vec<Value>>,
}

/// Returns the golden trees that a run of some extent asks about.
pub fn golden(extent: Extent) -> Vec<Golden> {
    let is_asked = |stem: &String| extent == Extent::All || CORE.contains(&stem.as_str());
    let read = |stem: String| {
        let (profile, ..) = support::load(&stem);
        let repository = support::home().join("golden").join(&stem);
        read(stem, profile.expect("shipped profiles load"), repository)
    };
    support::shipped().into_iter().filter(is_asked).map(read).collect()
}

/// Renders the trees of other releases into the tier's folder.
pub fn of_releases(bench: &Bench, releases: &Releases) -> Vec<Golden> {
    let folder = bench.scratch(&releases.name());
    let made = releases::STEMS.map(|stem| {
        let (profile, ..) = releases.load(stem);
        let profile = profile.expect("tests/golden.rs loads it too");
        let repository = folder.join(stem);
        support::write(&render::render(&profile).expect("our templates render").tree, &repository);
        read(format!("{stem}-{}", releases.name()), profile, repository)
    });
    made.into()
}

/// Reads the tree of a profile from a repository.
pub fn read(stem: String, profile: Profile, repository: Utf8PathBuf) -> Golden {
    let mut files = BTreeMap::new();
    walk(&repository.join(&profile.path), &mut |path| {
        let text = fs::read_to_string(path).expect("a golden file can be read");
        let below = path.strip_prefix(&repository).expect("walked from there");
        files.insert(below.to_owned(), support::documents(&text));
    });
    Golden { stem, profile, repository, files }
}

fn walk(folder: &Utf8Path, found: &mut impl FnMut(&Utf8Path)) {
    for entry in folder.read_dir_utf8().expect("a golden folder can be read") {
        let path = entry.expect("a golden folder can be read").into_path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension() == Some("yaml") {
            found(&path);
        }
    }
}

impl Golden {
    /// Returns every object that Flux is to bring.
    pub fn rendered(&self) -> impl Iterator<Item = (&Utf8Path, &Value)> {
        self.objects().filter(|(path, _)| path.file_name() != Some("assumed-workloads.yaml"))
    }

    /// Returns every object with its file, kustomize's own lists left out.
    pub fn objects(&self) -> impl Iterator<Item = (&Utf8Path, &Value)> {
        let files = self.files.iter().filter(|(path, _)| path.file_name() != Some("kustomization.yaml"));
        files.flat_map(|(path, objects)| objects.iter().map(move |object| (path.as_path(), object)))
    }

    /// Returns the objects of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.objects().map(|(_, object)| object).filter(move |object| object["kind"] == kind)
    }
}

/// Returns what names an object in a cluster.
pub fn id(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let metadata = &object["metadata"];
    let (kind, name) = (text(&object["kind"]), text(&metadata["name"]));
    format!("{} {kind} {}/{name}", text(&object["apiVersion"]), text(&metadata["namespace"]))
}

/// Returns objects by what names them, in the one spelling that JSON has for a number.
pub fn by_id(objects: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
    objects.into_iter().map(|object| (id(&object), plain(object))).collect()
}

/// Writes `1.0` as `1`: Kubernetes reads both as the same.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => number
            .as_f64()
            .filter(|float| float.fract() == 0.0)
            .and_then(|float| format!("{float:.0}").parse::<i64>().ok())
            .map_or(Value::Number(number), Value::from),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        Value::Object(keys) => keys.into_iter().map(|(key, value)| (key, plain(value))).collect(),
        other => other,
    }
}

/// Returns a string of an object; it is there.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_else(|| panic!("{} has no {pointer}", id(value)))
}
