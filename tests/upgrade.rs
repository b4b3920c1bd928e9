//! The way to another release: where it leads, and that no step leaves anybody without a control plane.

mod support;

use meshwright::{
    profile::Profile,
    release::{Part, Patch, istio_minors},
    render,
    tree::Tree,
    upgrade::{self, Change, Hop, Manner, Step, Upgrade},
};

const TODAY: &str = "2026-11-25";

fn profile(text: &str) -> Profile {
    let source = meshwright::source::Source { path: "test.yaml".into(), text: text.to_owned() };
    let (profile, diagnostics, sources) = support::from_text(source, &mut |_| Ok(Vec::new()));
    let said = meshwright::diagnostic::render(&diagnostics, &sources, false);
    profile.unwrap_or_else(|| panic!("{said}"))
}

fn patch(text: &str) -> Patch {
    text.parse().expect("a patch")
}

fn plan(profile: &Profile, to: &str, manner: Manner) -> Upgrade {
    upgrade::plan(profile, Some(patch(to)), manner, TODAY).unwrap_or_else(|fault| panic!("{fault:?}"))
}

fn tree(profile: &Profile) -> Tree {
    render::render(profile).expect("our templates render").tree
}

fn shipped() -> impl Iterator<Item = (String, Profile)> {
    support::shipped().into_iter().map(|stem| {
        let profile = support::load(&stem).0.expect("shipped profiles load");
        (stem, profile)
    })
}

/// Each step is a profile that somebody could have written: the last one's tree is that of the profile so edited.
#[test]
fn the_last_step_is_the_profile_of_the_release() {
    let text = |more: &str| {
        format!(
            "domain: apps.example.com\ntlsSecret: tls\nkubernetesVersion: '1.30'\nnamespaces: [one, two]\n{more}\n"
        )
    };
    let from = profile(&text("chartVersion: 1.26.8\nmesh: {cni: true}"));
    let in_place = plan(&from, "1.28.10", Manner::InPlace);
    let expected = profile(&text("chartVersion: 1.28.10\nmesh: {cni: true}"));
    assert_eq!(tree(&in_place.steps.last().expect("steps").profile), tree(&expected));
    let canary = plan(&from, "1.28.10", Manner::Canary);
    let expected = profile(&text("chartVersion: 1.28.10\nmesh: {cni: true, revision: 1-28-10}"));
    assert_eq!(tree(&canary.steps.last().expect("steps").profile), tree(&expected));
}

/// From every shipped profile, both ways, to the newest release: what is followed is there, before and after each step.
#[test]
fn no_step_takes_a_control_plane_that_something_follows() {
    let newest = istio_minors().next_back().expect("one is known");
    for (stem, from) in shipped() {
        for manner in [Manner::InPlace, Manner::Canary] {
            if manner == Manner::InPlace && from.revisions.canary.is_some() {
                continue;
            }
            let upgrade = plan(&from, &format!("{newest}.0"), manner);
            assert_eq!(upgrade.steps.last().expect("steps").profile.chart_version, upgrade.to, "{stem}");
            let mut before = &from;
            for step in &upgrade.steps {
                let after = &step.profile;
                let has = |profile: &Profile, revision: Option<&str>| {
                    profile.control_planes().iter().any(|plane| plane.revision == revision)
                };
                let followed = after.namespaces.iter().map(|namespace| namespace.revision.as_deref());
                for name in followed.chain([after.gateway.revision.as_deref()]) {
                    // It answers before anything is told to follow it, and stays while something does.
                    let plane = after.control_plane(name).revision;
                    assert!(has(before, plane), "{stem}: {:?}", step.change);
                }
                if let Change::Drop(old, _) = &step.change {
                    assert!(after.control_planes().iter().all(|plane| plane.name() != *old));
                }
                before = after;
            }
        }
    }
}

/// A control plane is one minor ahead of a proxy at most, and of the CNI plugin too.
#[test]
fn nothing_is_more_than_a_minor_apart() {
    for (_, from) in shipped() {
        let upgrade = plan(&from, "1.30.3", Manner::Canary);
        for step in &upgrade.steps {
            for plane in step.profile.control_planes() {
                let ahead = plane.version.minor.minor - step.profile.chart_version.minor.minor;
                assert!(ahead <= 1, "{:?}", step.change);
            }
        }
    }
}

/// A team may have called the old control plane or a tag what the new one would be called.
#[test]
fn a_canary_takes_no_name_that_is_taken() {
    let name = |mesh: &str| {
        let from = profile(&format!(
            "domain: apps.example.com\nchartVersion: 1.21.1\ntlsSecret: tls\nmesh: {mesh}\nnamespaces: [one]\n"
        ));
        match &plan(&from, "1.22.8", Manner::Canary).steps[0] {
            Step { change: Change::Install(name, _), profile, .. } => {
                tree(profile);
                name.clone()
            }
            other => panic!("{:?}", other.change),
        }
    };
    let names = ["{}", "{revision: 1-22-8}", "{revision: 1-22-8, tags: {1-22-8-2: 1-22-8}}"].map(name);
    assert_eq!(names, ["1-22-8", "1-22-8-2", "1-22-8-3"]);
}

#[test]
fn a_canary_moves_a_part_at_a_time() {
    let from = profile(
        "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: tls
mesh: {revision: old, tags: {stable: old, rapid: old}}
gateway: {revision: old}
namespaces: [one, {name: two, revision: stable}, {name: three, namespace: existing}]
",
    );
    let upgrade = plan(&from, "1.22.8", Manner::Canary);
    let changes: Vec<&Change> = upgrade.steps.iter().map(|step| &step.change).collect();
    let new = || "1-22-8".to_owned();
    assert_eq!(
        changes,
        [
            &Change::Install(new(), patch("1.22.8")),
            &Change::Namespaces(new()),
            &Change::Tag("rapid".into(), new()),
            &Change::Tag("stable".into(), new()),
            &Change::Gateway(new()),
            &Change::Drop("istiod-old".into(), patch("1.22.8")),
        ]
    );
    let edits: Vec<&str> = upgrade.steps[1].edits.iter().map(|edit| edit.key.as_str()).collect();
    assert_eq!(edits, ["namespaces.one.revision", "namespaces.three.revision"]);
    // Its owner has to do the relabelling.
    assert!(upgrade.steps[1].notes.iter().any(|note| note.contains("owner of namespace `three`")));
}

/// A canary that is under way is finished first, and nothing that it has moved moves again.
#[test]
fn a_canary_that_is_there_is_finished() {
    let (from, ..) = support::load("canary");
    let from = from.expect("it loads");
    let fault = upgrade::plan(&from, None, Manner::InPlace, TODAY).expect_err("there is a canary");
    assert_eq!(fault.code, "canary-in-progress");
    let upgrade = plan(&from, "1.22.1", Manner::Canary);
    let changes: Vec<&Change> = upgrade.steps.iter().map(|step| &step.change).collect();
    assert_eq!(
        changes,
        [
            &Change::Tag("stable".into(), "1-22-1".into()),
            &Change::Drop("istiod-1-21-1".into(), patch("1.22.1"))
        ]
    );
}

#[test]
fn there_is_no_way_back_and_none_into_the_unknown() {
    let (from, ..) = support::load("sre");
    let from = from.expect("it loads");
    let refused =
        |to: &str| upgrade::plan(&from, Some(patch(to)), Manner::InPlace, TODAY).expect_err("refused").code;
    assert_eq!(refused("1.21.0"), "upgrade-backwards");
    assert_eq!(refused("1.20.8"), "upgrade-backwards");
    assert_eq!(refused("1.21.99"), "unknown-istio");
    assert_eq!(refused("1.99.0"), "unknown-istio");
    assert_eq!(refused("2.0.0"), "unknown-istio");
    assert!(plan(&from, "1.21.1", Manner::InPlace).steps.is_empty());
    let from = profile("domain: a.example.com\ntlsSecret: t\nnamespaces: [a]\nchartVersion: 1.99.0\n");
    let fault = upgrade::plan(&from, None, Manner::InPlace, TODAY).expect_err("refused");
    assert_eq!(fault.code, "unknown-istio");
}

fn step<'u>(upgrade: &'u Upgrade, version: &str) -> &'u Step {
    let is_meant = |step: &&Step| step.change == Change::Hop(Hop::Istio(patch(version)));
    upgrade.steps.iter().find(is_meant).expect("the step is there")
}

#[test]
fn values_that_a_release_stops_to_read_are_told_at_its_step_and_at_no_other() {
    let from = profile(
        "
domain: apps.example.com
chartVersion: 1.21.1
tlsSecret: tls
values:
  istiod:
    global: {jwtPolicy: third-party-jwt, proxy: {enableCoreDump: true}, mtls: {enabled: true}}
namespaces: [one]
",
    );
    let upgrade = plan(&from, "1.25.5", Manner::InPlace);
    let told: Vec<Vec<&str>> = upgrade
        .steps
        .iter()
        .map(|step| step.news.values.iter().map(|fault| fault.message.as_str()).collect())
        .collect();
    assert_eq!(
        told,
        [
            vec!["the istiod chart of Istio 1.22.8 does not read `global.jwtPolicy`"],
            vec![],
            vec!["the istiod chart of Istio 1.24.6 does not read `global.proxy.enableCoreDump`"],
            vec![],
        ]
    );
}

/// What counts only for a part is told where the profile has that part, and for a key where it sets that key.
#[test]
fn behaviour_is_told_where_it_can_be_met() {
    let told = |more: &str| {
        let from = profile(&format!(
            "domain: apps.example.com\nchartVersion: 1.23.6\ntlsSecret: tls\nkubernetesVersion: '1.30'\nnamespaces: [one]\n{more}\n"
        ));
        let upgrade = plan(&from, "1.28.10", Manner::InPlace);
        let news = upgrade.steps.iter().flat_map(|step| step.news.behaviours.clone());
        news.collect::<Vec<_>>()
    };
    let has_part = |more: &str, part: Part| told(more).iter().any(|behaviour| behaviour.only == Some(part));
    assert_eq!([has_part("", Part::Cni), has_part("mesh: {cni: true}", Part::Cni)], [false, true]);
    let tracing = "tracing: {address: 'otel.observability:4317'}";
    assert_eq!([has_part("", Part::Tracing), has_part(tracing, Part::Tracing)], [false, true]);
    let replicas =
        |more: &str| told(more).iter().any(|one| one.values.as_deref() == Some("gateway replicaCount"));
    assert_eq!([replicas(""), replicas("values: {gateway: {replicaCount: 2}}")], [false, true]);
}

#[test]
fn a_step_closes_what_the_release_before_was_open_to() {
    let (from, ..) = support::load("sre");
    let upgrade = plan(&from.expect("it loads"), "1.30.3", Manner::InPlace);
    let closed = |version: &str| -> Vec<&str> {
        step(&upgrade, version).news.closed.iter().map(|closed| closed.bulletin.id.as_str()).collect()
    };
    assert_eq!(
        closed("1.22.8"),
        [
            "ISTIO-SECURITY-2024-003",
            "ISTIO-SECURITY-2024-004",
            "ISTIO-SECURITY-2024-005",
            "ISTIO-SECURITY-2024-006",
            "ISTIO-SECURITY-2024-007",
        ]
    );
    assert_eq!(closed("1.24.6"), [""; 0]);
    // Every bulletin that 1.21.1 lacks is closed once on the way, or open at its end.
    let on_the_way = upgrade.steps.iter().flat_map(|step| step.news.closed.iter());
    let mut all: Vec<&str> =
        on_the_way.chain(&upgrade.open).map(|closed| closed.bulletin.id.as_str()).collect();
    all.sort_unstable();
    let mut known: Vec<&str> =
        meshwright::release::bulletins().iter().map(|bulletin| bulletin.id.as_str()).collect();
    known.retain(|id| *id != "ISTIO-SECURITY-2024-002"); // 1.21.1 has it
    known.sort_unstable();
    assert_eq!(all, known);
    let open: Vec<&str> = upgrade.open.iter().map(|open| open.bulletin.id.as_str()).collect();
    assert_eq!(open, ["ISTIO-SECURITY-2026-006"]);
}

#[test]
fn a_minor_without_fixes_is_no_place_to_stay() {
    let (from, ..) = support::load("sre");
    let from = from.expect("it loads");
    let notes = |today: &str| {
        let upgrade = upgrade::plan(&from, Some(patch("1.30.3")), Manner::InPlace, today).expect("a way");
        ["1.28.10", "1.30.3"].map(|version| step(&upgrade, version).notes.last().cloned().unwrap_or_default())
    };
    assert_eq!(
        notes("2026-06-30"),
        [
            "Istio 1.28 gets fixes until 2026-07-01",
            "Istio 1.30 gets fixes until 2026-11-30, as the project expects"
        ]
    );
    assert_eq!(
        notes("2026-12-01"),
        [
            "Istio 1.28 has had no fixes since 2026-07-01: do not stay on it",
            "Istio 1.30 has had no fixes since 2026-11-30: do not stay on it"
        ]
    );
    let stays =
        upgrade::plan(&from, Some(from.chart_version), Manner::InPlace, "2026-12-01").expect("no step");
    assert_eq!(
        stays.end_of_life.as_deref(),
        Some("Istio 1.21 has had no fixes since 2024-09-27: do not stay on it")
    );
}
