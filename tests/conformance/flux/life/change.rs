//! The profile changes.

use super::{Life, differing, named};

/// A changed profile changes, adds and removes the objects that are rendered otherwise, and leaves all others alone.
pub fn happens(life: &mut Life<'_>) -> String {
    let before = life.versions();
    let old = life.become_of(
        "Only reads, and no way to the CDN",
        &[
            (
                "{from: web, to: cart, port: http, methods: [GET, POST], paths: [/cart/*]}",
                "{from: web, to: cart, port: http, methods: [GET], paths: [/cart/*]}",
            ),
            ("      - {from: web, host: \"*.cdn.example.net\"}\n", ""),
            (
                "      - {from: cart, to: db}\n",
                "      - {from: cart, to: db}\n      - {from: legacy, to: db}\n",
            ),
        ],
    );
    life.mesh.settled(&[]);
    life.mesh.held();
    let (old, new) = (named(&old), named(&life.mesh.tree));
    let changed = differing(&old, &new);
    assert_eq!(differing(&before, &life.versions()), changed);
    let (of_old, of_new) =
        (|name: &&String| old.contains_key(*name), |name: &&String| new.contains_key(*name));
    let both = changed.iter().filter(of_old).filter(of_new).count();
    let (added, removed) =
        (changed.iter().filter(of_new).count() - both, changed.iter().filter(of_old).count() - both);
    assert!(both > 0 && added + removed > 0, "{changed:?}");
    format!(
        "{added} objects added, {both} changed, {removed} removed, {} as they were",
        before.len() - both - removed
    )
}
