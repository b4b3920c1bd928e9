//! From one release to another: one minor of Istio at a time, and what has to be newer before.

use crate::release::{Crds, Flux, Istio, Minor, Patch, istio_minors};

/// What a tree is rendered for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Platform {
    /// The Istio charts.
    pub istio: Patch,
    /// The oldest Kubernetes.
    pub kubernetes: Minor,
    /// The oldest Flux.
    pub flux: Minor,
}

/// One thing that becomes newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// The cluster, by one minor.
    Kubernetes(Minor),
    /// What reconciles the tree.
    Flux(Minor),
    /// The mesh, by one minor or within one.
    Istio(Patch),
}

/// Why a platform carries no newer Istio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The data knows none.
    Newest,
    /// The Istio project supports the next minor only from a newer Kubernetes on.
    Kubernetes {
        /// The minor that is out of reach.
        next: Minor,
        /// What it needs.
        needs: Minor,
    },
    /// Flux would not bring the next minor's CRDs.
    Flux {
        /// The minor that is out of reach.
        next: Minor,
        /// What it needs.
        needs: Minor,
    },
}

/// Returns the newest release that a platform carries as it is, and why it carries no newer one.
///
/// A release is carried from the oldest Kubernetes on that the Istio project supports it on, which is never below the one that
/// `istioctl` asks for.
pub fn reach(from: Platform) -> (Patch, Bound) {
    let mut last = from.istio.minor;
    for next in istio_minors().filter(|minor| *minor > from.istio.minor) {
        let (kubernetes, flux) = needs(last, next);
        if from.kubernetes < kubernetes {
            return (newest(last), Bound::Kubernetes { next, needs: kubernetes });
        } else if from.flux < flux {
            return (newest(last), Bound::Flux { next, needs: flux });
        }
        last = next;
    }
    (newest(last), Bound::Newest)
}

/// Returns the hops to a release that is not older, what each needs right before it.
pub fn path(from: Platform, to: Patch) -> Vec<Hop> {
    let mut hops = Vec::new();
    let Platform { istio, mut kubernetes, mut flux } = from;
    let mut last = istio.minor;
    for next in istio_minors().filter(|minor| (istio.minor..=to.minor).contains(minor)) {
        let version = if next == to.minor { to } else { newest(next) };
        if next == istio.minor {
            // A newer patch of the same minor is on the way only where the way ends there.
            hops.extend((to.minor == next && to > istio).then_some(Hop::Istio(to)));
            continue;
        }
        let (for_istio, flux_needed) = needs(last, next);
        let for_flux =
            Flux::of(flux_needed).filter(|_| flux < flux_needed).map(|facts| facts.minimum_kubernetes);
        while kubernetes < for_flux.map_or(for_istio, |for_flux| for_flux.max(for_istio)) {
            kubernetes.minor += 1;
            hops.push(Hop::Kubernetes(kubernetes));
        }
        if flux < flux_needed {
            flux = flux_needed;
            hops.push(Hop::Flux(flux));
        }
        hops.push(Hop::Istio(version));
        last = next;
    }
    hops
}

/// Returns the oldest Kubernetes and Flux on which a minor follows another.
fn needs(last: Minor, next: Minor) -> (Minor, Minor) {
    let (before, after) = (facts(last), facts(next));
    let minimum = after.minimum_kubernetes(after.newest_patch);
    let kubernetes = after.support().map_or(minimum, |support| support.kubernetes.oldest.max(minimum));
    let moves = before.crds == Crds::Folder && after.crds == Crds::Template;
    (kubernetes, if moves { Flux::adopts_from() } else { Minor { major: 0, minor: 0 } })
}

fn newest(minor: Minor) -> Patch {
    Patch { minor, patch: facts(minor).newest_patch }
}

fn facts(minor: Minor) -> &'static Istio {
    Istio::of(minor).expect("only minors that the data knows are on the way")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(text: &str) -> Minor {
        text.parse().expect("a minor")
    }

    fn patch(text: &str) -> Patch {
        text.parse().expect("a patch")
    }

    fn platform(istio: &str, kubernetes: &str, flux: &str) -> Platform {
        Platform { istio: patch(istio), kubernetes: minor(kubernetes), flux: minor(flux) }
    }

    fn words(hops: &[Hop]) -> Vec<String> {
        let word = |hop: &Hop| match hop {
            Hop::Kubernetes(minor) => format!("kubernetes {minor}"),
            Hop::Flux(minor) => format!("flux {minor}"),
            Hop::Istio(patch) => patch.to_string(),
        };
        hops.iter().map(word).collect()
    }

    fn to(from: Platform, to: &str) -> Vec<String> {
        words(&path(from, patch(to)))
    }

    #[test]
    fn a_minor_follows_a_minor_and_kubernetes_rises_right_before_it_has_to() {
        assert_eq!(
            to(platform("1.21.1", "1.29", "2.4"), "1.30.3"),
            [
                "1.22.8",
                "1.23.6",
                "1.24.6",
                "1.25.5",
                "1.26.8",
                "1.27.9",
                "kubernetes 1.30",
                "1.28.10",
                "kubernetes 1.31",
                "1.29.6",
                "kubernetes 1.32",
                "1.30.3"
            ]
        );
    }

    #[test]
    fn kubernetes_rises_by_one_minor_at_a_time() {
        assert_eq!(
            to(platform("1.21.1", "1.26", "2.4"), "1.24.2"),
            ["kubernetes 1.27", "1.22.8", "1.23.6", "kubernetes 1.28", "1.24.2"]
        );
    }

    /// Without it the base chart fails for want of Helm's labels on the CRDs.
    #[test]
    fn an_old_flux_is_replaced_before_the_crds_become_a_part_of_the_release() {
        assert_eq!(to(platform("1.23.6", "1.28", "2.3"), "1.24.6"), ["flux 2.4", "1.24.6"]);
        // That Flux asks for a newer Kubernetes itself.
        let hops = to(platform("1.22.8", "1.27", "2.2"), "1.24.6");
        assert_eq!(hops, ["1.23.6", "kubernetes 1.28", "flux 2.4", "1.24.6"]);
        assert_eq!(
            to(platform("1.24.0", "1.28", "2.3"), "1.25.1").first().map(String::as_str),
            Some("kubernetes 1.29")
        );
    }

    #[test]
    fn a_patch_of_the_same_minor_is_one_hop_and_the_same_release_none() {
        assert_eq!(to(platform("1.21.1", "1.29", "2.4"), "1.21.6"), ["1.21.6"]);
        assert_eq!(to(platform("1.21.1", "1.29", "2.4"), "1.21.1"), [""; 0]);
        assert_eq!(to(platform("1.21.1", "1.29", "2.4"), "1.22.0"), ["1.22.0"]);
    }

    #[test]
    fn the_default_goes_as_far_as_the_platform_carries_and_says_what_ends_it() {
        let far = |istio, kubernetes, flux| reach(platform(istio, kubernetes, flux));
        assert_eq!(
            far("1.21.1", "1.29", "2.4"),
            (patch("1.27.9"), Bound::Kubernetes { next: minor("1.28"), needs: minor("1.30") })
        );
        assert_eq!(
            far("1.21.1", "1.29", "2.3"),
            (patch("1.23.6"), Bound::Flux { next: minor("1.24"), needs: minor("2.4") })
        );
        assert_eq!(far("1.21.1", "1.36", "2.9"), (patch("1.30.3"), Bound::Newest));
        assert_eq!(
            far("1.21.1", "1.26", "2.4"),
            (patch("1.21.6"), Bound::Kubernetes { next: minor("1.22"), needs: minor("1.27") })
        );
    }

    /// Otherwise no order of upgrades would stay inside what upstream supports.
    #[test]
    fn every_minor_runs_on_the_kubernetes_that_the_next_one_needs() {
        let minors: Vec<Minor> = istio_minors().collect();
        for pair in minors.windows(2) {
            let newest = facts(pair[0]).support().expect("supported once").kubernetes.newest;
            assert!(needs(pair[0], pair[1]).0 <= newest, "{pair:?}");
        }
    }

    #[test]
    fn no_hop_goes_back() {
        for istio in ["1.21.0", "1.23.2", "1.28.1"] {
            for kubernetes in ["1.26", "1.29", "1.33"] {
                for flux in ["2.2", "2.4", "2.9"] {
                    let from = platform(istio, kubernetes, flux);
                    let (mut at, mut versions) = (from, vec![from.istio]);
                    for hop in path(from, patch("1.30.3")) {
                        match hop {
                            Hop::Kubernetes(minor) => {
                                assert_eq!(minor.minor, at.kubernetes.minor + 1);
                                at.kubernetes = minor;
                            }
                            Hop::Flux(minor) => {
                                assert!(minor > at.flux);
                                at.flux = minor;
                            }
                            Hop::Istio(version) => {
                                assert!(
                                    version.minor.minor <= at.istio.minor.minor + 1 && version > at.istio
                                );
                                at.istio = version;
                                versions.push(version);
                            }
                        }
                    }
                    assert_eq!(at.istio, patch("1.30.3"), "{from:?}: {versions:?}");
                }
            }
        }
    }
}
