//! What a step brings that no diff shows: other behaviour, closed vulnerabilities, values that nothing reads any more.

use crate::{
    diagnostic::Diagnostic,
    profile::Profile,
    release::{self, Behaviour, Bulletin, Exposure, Istio, Part, Patch},
};

/// What is new with a step.
#[derive(Debug, Default)]
pub struct News {
    /// What behaves differently, security first.
    pub behaviours: Vec<&'static Behaviour>,
    /// What can no longer be done to the mesh.
    pub closed: Vec<Closed>,
    /// What the charts do not read or take any more of the profile's values.
    pub values: Vec<Diagnostic>,
}

/// A bulletin, with what it said of the release before.
#[derive(Debug, Clone, Copy)]
pub struct Closed {
    /// The bulletin.
    pub bulletin: &'static Bulletin,
    /// What it says of the release in question; never [`Exposure::None`].
    pub exposure: Exposure,
}

impl News {
    /// Every change of behaviour, of whatever part.
    pub(super) const EVERYTHING: fn(Option<Part>) -> bool = |_| true;
    /// What comes with a control plane and the proxies that follow it.
    pub(super) const WITH_ISTIOD: fn(Option<Part>) -> bool = |part| part != Some(Part::Cni);
    /// What comes with the CNI plugin, of which there is one for all.
    pub(super) const WITH_PLUGIN: fn(Option<Part>) -> bool = |part| part == Some(Part::Cni);

    /// Returns what is new where only values are read by another chart.
    pub(super) fn of_values(before: &Profile, after: &Profile) -> Self {
        let known = before.value_faults();
        // The same key in the same place was not read before either, by whatever release.
        let is_known = |fault: &Diagnostic| {
            known.iter().any(|known| known.code == fault.code && known.labels[0].span == fault.labels[0].span)
        };
        let values = after.value_faults().into_iter().filter(|fault| !is_known(fault)).collect();
        Self { values, ..Self::default() }
    }

    /// Adds how a release behaves differently from the profile's, as far as `is_meant` says.
    pub(super) fn add(&mut self, before: &Profile, version: Patch, is_meant: fn(Option<Part>) -> bool) {
        let from = before.chart_version;
        let comes = |behaviour: &&Behaviour| {
            is_meant(behaviour.only) && behaviour.since.comes(from, version) && concerns(behaviour, before)
        };
        self.behaviours.extend(release::behaviours().iter().filter(comes));
        self.behaviours.sort_by_key(|behaviour| behaviour.bears);
        if is_meant(None) {
            let closes = release::bulletins().iter().filter(|bulletin| bulletin.fixed.comes(from, version));
            self.closed.extend(closes.filter_map(|bulletin| Closed::of(bulletin, from)));
        }
    }
}

impl Closed {
    fn of(bulletin: &'static Bulletin, version: Patch) -> Option<Self> {
        match bulletin.exposure(version) {
            Exposure::None => None,
            exposure => Some(Self { bulletin, exposure }),
        }
    }
}

/// Returns the bulletins that a release has no fix for.
pub(super) fn open(version: Patch) -> Vec<Closed> {
    release::bulletins().iter().filter_map(|bulletin| Closed::of(bulletin, version)).collect()
}

/// Says that a minor gets no more fixes, or until when it does.
pub(super) fn end_of_life(version: Patch, today: &str) -> Option<String> {
    let support = Istio::of(version.minor)?.support()?;
    let (minor, day) = (version.minor, &support.end_of_life);
    let expected = if support.expected { ", as the project expects" } else { "" };
    Some(if day.as_str() <= today {
        format!("Istio {minor} has had no fixes since {day}: do not stay on it")
    } else {
        format!("Istio {minor} gets fixes until {day}{expected}")
    })
}

fn concerns(behaviour: &Behaviour, profile: &Profile) -> bool {
    let has_part = behaviour.only.is_none_or(|part| match part {
        Part::Cni => profile.mesh.cni,
        Part::Tracing => profile.tracing.is_some(),
        Part::Monitoring => profile.monitoring.is_some(),
    });
    has_part && behaviour.values.as_ref().is_none_or(|values| sets(profile, values))
}

/// Whether the profile sets a key of a chart, `gateway replicaCount`.
fn sets(profile: &Profile, values: &str) -> bool {
    let Some((chart, key)) = values.split_once(' ') else { return false };
    let overlay = match chart {
        "base" => &profile.values.base,
        "istiod" => &profile.values.istiod,
        "cni" => &profile.values.cni,
        _ => &profile.values.gateway,
    };
    let path: Vec<&str> = key.split('.').collect();
    overlay.as_ref().is_some_and(|node| node.at(&path).is_some())
}
