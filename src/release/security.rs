//! Vulnerabilities and the releases that mend them, from `release/security.yaml`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Patch, Since, read};

/// A bulletin of the Istio project, or a security fix of its release notes.
#[derive(Debug, Clone, Deserialize)]
pub struct Bulletin {
    /// `ISTIO-SECURITY-2024-002`, or the file in `releasenotes/notes`.
    pub id: String,
    /// The day on which it was told, `2024-04-08`.
    pub published: String,
    /// What can be done to a mesh that lacks the fix.
    pub what: String,
    /// What others call it.
    #[serde(default)]
    pub cves: Vec<String>,
    /// The gravest score of CVSS.
    pub cvss: Option<f64>,
    /// First and last, in pairs.
    affected: Vec<Patch>,
    /// The releases that have the fix.
    pub fixed: Since,
    /// Where it is said.
    pub source: String,
}

/// What a bulletin says of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Exposure {
    /// That it is affected.
    Affected,
    /// Nothing: the release had no support by then, or the fix has no bulletin.
    NotSaid,
    /// That it is not, or that it has the fix.
    None,
}

impl Bulletin {
    /// Returns what it says of a release.
    pub fn exposure(&self, version: Patch) -> Exposure {
        let lies_in = |range: &[Patch]| (range[0]..=range[1]).contains(&version);
        let is_assessed = |range: &[Patch]| range[0].minor <= version.minor;
        if self.fixed.holds(version) {
            Exposure::None
        } else if self.affected.chunks(2).any(lies_in) {
            Exposure::Affected
        } else if self.affected.chunks(2).any(is_assessed) {
            Exposure::None
        } else {
            Exposure::NotSaid
        }
    }
}

#[derive(Deserialize)]
struct Table {
    first: String,
    last: String,
    bulletins: Vec<Bulletin>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| read(include_str!("../../release/security.yaml")));

/// Every bulletin that the data knows, by the day on which it was published.
pub fn bulletins() -> &'static [Bulletin] {
    &TABLE.bulletins
}

/// The first and the last bulletin between which the data has all.
pub fn bulletin_range() -> (&'static str, &'static str) {
    (&TABLE.first, &TABLE.last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Exposure::{Affected, NotSaid};

    fn patch(text: &str) -> Patch {
        text.parse().expect("a patch")
    }

    fn of(id: &str) -> &'static Bulletin {
        bulletins().iter().find(|bulletin| bulletin.id == id).expect("known")
    }

    #[test]
    fn a_bulletin_says_nothing_of_minors_that_had_no_support() {
        let bulletin = of("ISTIO-SECURITY-2026-001");
        let said = ["1.21.1", "1.26.8", "1.27.7", "1.27.8", "1.28.4", "1.29.1", "1.30.0"]
            .map(|it| bulletin.exposure(patch(it)));
        let safe = Exposure::None;
        assert_eq!(said, [NotSaid, NotSaid, Affected, safe, Affected, safe, safe]);
    }

    /// 1.24.0 came after the fix, and was never affected.
    #[test]
    fn a_minor_that_was_cut_after_the_fix_has_it() {
        let bulletin = of("ISTIO-SECURITY-2024-006");
        assert_eq!(bulletin.exposure(patch("1.24.0")), Exposure::None);
        assert_eq!(bulletin.exposure(patch("1.22.4")), Exposure::Affected);
        assert_eq!(bulletin.exposure(patch("1.21.6")), Exposure::NotSaid);
    }

    #[test]
    fn every_range_ends_before_its_fix_and_every_bulletin_stands_in_order() {
        let dates: Vec<&str> = bulletins().iter().map(|bulletin| bulletin.published.as_str()).collect();
        assert!(dates.is_sorted(), "{dates:?}");
        assert_eq!(bulletins().first().map(|first| first.id.as_str()), Some(bulletin_range().0));
        assert_eq!(bulletins().last().map(|last| last.id.as_str()), Some(bulletin_range().1));
        for bulletin in bulletins() {
            assert!(bulletin.what.ends_with('.') && !bulletin.source.is_empty(), "{}", bulletin.id);
            assert_eq!(bulletin.affected.len() % 2, 0, "{}", bulletin.id);
            for range in bulletin.affected.chunks(2) {
                let next = Patch { patch: range[1].patch + 1, ..range[1] };
                assert!(bulletin.fixed.holds(next) && !bulletin.fixed.holds(range[1]), "{}", bulletin.id);
                assert_eq!((range[0].minor, range[0].patch), (range[1].minor, 0), "{}", bulletin.id);
            }
        }
    }
}
