//! AP25: the path that policies see, as Envoy makes it of the path that was sent.

use meshwright::{manifest::mesh_config, reach::normalized};

use crate::naive::pattern::{Normalization, path};

/// What Envoy 1.36.2 made of each path (first column) under `NONE`, `BASE`, `MERGE_SLASHES` and
/// `DECODE_AND_MERGE_SLASHES`.
const MEASURED: &str = include_str!("normalization.tsv");

#[test]
fn ap25_paths_are_normalised_as_envoy_does() {
    for line in MEASURED.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [sent, none, base, merged, decoded] = columns[..] else { panic!("five columns: `{line}`") };
        for (normalization, engines, expected) in [
            (Normalization::None, mesh_config::Normalization::None, none),
            (Normalization::Base, mesh_config::Normalization::Base, base),
            (Normalization::MergeSlashes, mesh_config::Normalization::MergeSlashes, merged),
            (
                Normalization::DecodeAndMergeSlashes,
                mesh_config::Normalization::DecodeAndMergeSlashes,
                decoded,
            ),
        ] {
            let expected = expected.split('?').next();
            assert_eq!(
                normalized(sent, engines).as_deref(),
                expected,
                "the engine: `{sent}` under {engines:?}"
            );
            assert_eq!(path(sent, normalization).as_deref(), expected, "`{sent}` under {normalization:?}");
        }
    }
}

#[test]
fn ap25_what_is_no_path_is_refused() {
    for sent in ["", "*", "a", "/a#b", "/a?b#c"] {
        assert_eq!(path(sent, Normalization::None), None, "`{sent}`");
    }
    assert_eq!(path("/%00", Normalization::Base), None);
}
