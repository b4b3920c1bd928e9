//! The releases that shipped profiles are rendered for beside those that they name themselves.

use meshwright::{
    diagnostic::Diagnostic,
    profile::Profile,
    release::{Minor, Patch},
    source::{Source, Sources},
};

/// The profiles that are rendered for all of them: four keys, and nearly everything.
pub const STEMS: [&str; 2] = ["sre", "full"];

/// An Istio with a Kubernetes and a Flux that go with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Releases {
    pub istio: Patch,
    pub kubernetes: Minor,
    pub flux: Minor,
}

/// Returns the matrix of `tests/conformance/go/releases`.
pub fn matrix() -> Vec<Releases> {
    let lines = include_str!("../conformance/go/releases").lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(of_line).collect()
}

/// Reads a line: a version, that of its module, and pairs of Kubernetes and Flux.
fn of_line(line: &str) -> Vec<Releases> {
    let mut words = line.split(' ');
    let istio = words.next().and_then(|word| word.parse().ok()).expect("a line begins with a version");
    let pairs = words.skip(1).map(|pair| {
        let (kubernetes, flux) = pair.split_once(':').expect("a pair has a colon");
        let minor = |text: &str| text.parse().expect("a minor");
        Releases { istio, kubernetes: minor(kubernetes), flux: minor(flux) }
    });
    pairs.collect()
}

impl Releases {
    /// Returns what names them: `1.27.9-flux-2.9`.
    pub fn name(&self) -> String {
        format!("{}-flux-{}", self.istio, self.flux)
    }

    /// Loads a shipped profile as if it named these releases.
    pub fn load(&self, stem: &str) -> (Option<Profile>, Vec<Diagnostic>, Sources) {
        let path = super::home().join("profiles").join(format!("{stem}.yaml"));
        let text = std::fs::read_to_string(path).expect("the profile can be read");
        super::from_text(
            Source { path: format!("{stem}.yaml").into(), text: self.said(&text) },
            &mut super::fragment,
        )
    }

    /// Says them in a profile's text, in the place of others.
    fn said(&self, profile: &str) -> String {
        let others = ["chartVersion:", "kubernetesVersion:", "  version:"];
        let is_kept = |line: &&str| !others.iter().any(|other| line.starts_with(other));
        let kept: Vec<&str> = profile.lines().filter(is_kept).collect();
        let kept = kept.join("\n");
        let Self { istio, kubernetes, flux } = self;
        let (above, below) = kept.split_once("\nflux:\n").unwrap_or((&kept, ""));
        format!(
            "{above}\nchartVersion: {istio}\nkubernetesVersion: \"{kubernetes}\"\nflux:\n  version: \"{flux}\"\n{below}\n"
        )
    }
}
