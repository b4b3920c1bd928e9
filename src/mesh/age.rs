//! Which of several objects is the oldest, as far as files tell.

use crate::manifest::Object;

/// Returns every object that may be the oldest: one where all ages are written, else that one and all without an age. The
/// first is the one that is taken where no more is known.
pub(super) fn oldest<'m, K>(objects: impl IntoIterator<Item = &'m Object<K>>) -> Vec<&'m Object<K>> {
    let (mut dated, mut undated): (Vec<_>, Vec<_>) =
        objects.into_iter().partition(|object| object.meta.created.is_some());
    dated.sort_by_cached_key(|object| object.meta.by_age());
    undated.sort_by_cached_key(|object| object.meta.by_age());
    dated.truncate(1);
    dated.into_iter().chain(undated).collect()
}
