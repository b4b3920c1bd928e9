//! What behaves differently from a release on, from `release/behaviour.yaml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::{Patch, read};

/// A change of behaviour.
#[derive(Debug, Clone, Deserialize)]
pub struct Behaviour {
    /// The releases that behave so.
    pub since: Since,
    /// What it bears on.
    pub bears: Bears,
    /// What happens now, and what happened before.
    pub what: String,
    /// What it means for the rendered tree.
    pub here: Option<String>,
    /// The part of the mesh that it counts for.
    pub only: Option<Part>,
    /// The chart and the key of its values, `gateway replicaCount`, without which it cannot be met.
    pub values: Option<String>,
    /// Where it is said.
    pub source: String,
}

/// What a change of behaviour bears on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bears {
    /// Who may do what, and with what right.
    Security,
    /// What becomes of a request or a connection.
    Traffic,
    /// What is told of it: logs, metrics and spans.
    Logs,
}

impl Bears {
    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Traffic => "traffic",
            Self::Logs => "logs",
        }
    }
}

/// A part that not every mesh has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The CNI plugin.
    Cni,
    /// A collector of spans.
    Tracing,
    /// A scraper of metrics.
    Monitoring,
}

/// The first patch of each minor that has something; every later minor has it too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Since(Vec<Patch>);

impl Since {
    /// Returns whether a release has it.
    pub fn holds(&self, version: Patch) -> bool {
        let newest = self.0.iter().map(|first| first.minor).max();
        let of_minor = self.0.iter().find(|first| first.minor == version.minor);
        of_minor.map_or(newest.is_some_and(|newest| version.minor > newest), |first| version >= *first)
    }

    /// Returns whether the second of two releases has it and the first has not.
    pub fn comes(&self, from: Patch, to: Patch) -> bool {
        !self.holds(from) && self.holds(to)
    }

    /// The first patch of each minor, in order.
    pub fn first(&self) -> &[Patch] {
        &self.0
    }
}

/// Every change of behaviour that the data knows, in the order of the file.
pub fn behaviours() -> &'static [Behaviour] {
    #[derive(Deserialize)]
    struct Table {
        behaviour: Vec<Behaviour>,
    }
    static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../release/behaviour.yaml")));
    &TABLE.behaviour
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::{Istio, istio_minors};

    fn patch(text: &str) -> Patch {
        text.parse().expect("a patch")
    }

    #[test]
    fn what_came_with_a_patch_is_in_every_later_minor_and_in_no_earlier_one() {
        let since = Since(["1.27.6", "1.28.4", "1.29.0"].map(patch).into());
        let holds = ["1.26.9", "1.27.5", "1.27.6", "1.28.3", "1.28.4", "1.29.0", "1.30.0"]
            .map(|it| since.holds(patch(it)));
        assert_eq!(holds, [false, false, true, false, true, true, true]);
        assert!(since.comes(patch("1.27.5"), patch("1.28.4")));
        // It went and came back: a step to a release that was cut before the fix.
        assert!(!since.comes(patch("1.27.6"), patch("1.28.3")));
    }

    #[test]
    fn every_behaviour_names_releases_that_exist_in_order_and_a_key_of_a_chart_that_does() {
        for behaviour in behaviours() {
            let first = behaviour.since.first();
            assert!(first.windows(2).all(|pair| pair[0].minor < pair[1].minor), "{first:?}");
            for version in first {
                let istio = Istio::of(version.minor).expect("known");
                assert!(version.patch <= istio.newest_patch, "{version}");
            }
            // The last one stands for all later minors, so it is of a minor's first patch or of the newest minor.
            let last = first.last().expect("at least one");
            let is_newest = Some(last.minor) == istio_minors().next_back();
            assert!(last.patch == 0 || is_newest, "{}: {last}", behaviour.what);
            if let Some(values) = &behaviour.values {
                let (chart, key) = values.split_once(' ').expect("a chart and a key");
                let istio = Istio::of(last.minor).expect("known");
                let chart = istio.values().chart(chart).expect("a chart");
                assert_ne!(chart.reading(key, last.patch), crate::release::Reading::None, "{values}");
            }
        }
    }

    #[test]
    fn every_behaviour_is_a_sentence_with_a_source() {
        for behaviour in behaviours() {
            let sentences = std::iter::once(&behaviour.what).chain(&behaviour.here);
            assert!(sentences.into_iter().all(|text| text.ends_with('.')), "{}", behaviour.what);
            // A release note, or the code where none tells of it.
            assert!(
                [".yaml", ".go"].iter().any(|end| behaviour.source.contains(end)),
                "{}",
                behaviour.source
            );
        }
    }
}
