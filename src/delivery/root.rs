//! Where the paths of Flux Kustomizations start: the root of their repository, of which only a part may have been read.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

/// The root of a repository, as far as the texts that were read show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// What lies above everything that was read, and so is no part of the texts' own paths.
    pub(super) above: Utf8PathBuf,
    /// The folder among the texts that the rest of a path starts from.
    pub(super) folder: Utf8PathBuf,
}

impl Root {
    /// Returns the folder of a path; nothing where it lies beside what was read.
    pub(super) fn resolve(&self, path: &Utf8Path) -> Option<Utf8PathBuf> {
        let rest = path.strip_prefix(&self.above).ok()?;
        Some(if rest.as_str().is_empty() { self.folder.clone() } else { self.folder.join(rest) })
    }
}

/// Finds the root from which most paths lead to a folder; `starts` are the folders that may be it or lie below it.
///
/// The whole path is tried before a part of it, and a wider root before a narrower one.
pub(super) fn find(
    paths: &[Utf8PathBuf],
    starts: &[Utf8PathBuf],
    holds: impl Fn(&Utf8Path) -> bool,
) -> Option<(Root, usize)> {
    let aboves: BTreeSet<(usize, &Utf8Path)> =
        paths.iter().flat_map(|path| path.ancestors().skip(1)).map(|above| (depth(above), above)).collect();
    let folders: BTreeSet<(usize, &Utf8Path)> =
        starts.iter().flat_map(|start| start.ancestors()).map(|folder| (depth(folder), folder)).collect();
    let mut best: Option<(Root, usize)> = None;
    for (_, above) in aboves {
        for (_, folder) in &folders {
            let root = Root { above: above.to_owned(), folder: (*folder).to_owned() };
            let leads = |path: &Utf8PathBuf| path != above && root.resolve(path).is_some_and(|at| holds(&at));
            let count = paths.iter().filter(|path| leads(path)).count();
            if count > best.as_ref().map_or(0, |(_, most)| *most) {
                best = Some((root, count));
            }
        }
    }
    best
}

fn depth(path: &Utf8Path) -> usize {
    path.components().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str], starts: &[&str], folders: &[&str]) -> Option<(String, String)> {
        let owned = |texts: &[&str]| texts.iter().map(Utf8PathBuf::from).collect::<Vec<_>>();
        let (root, _) = find(&owned(paths), &owned(starts), |at| folders.contains(&at.as_str()))?;
        Some((root.above.into_string(), root.folder.into_string()))
    }

    #[test]
    fn the_root_may_lie_above_at_or_below_what_was_named() {
        let paths = ["clusters/prod/mesh", "clusters/prod/ingress"];
        let (above, at) = (["mesh", "ingress"], ["clusters/prod/mesh", "clusters/prod/ingress"]);
        assert_eq!(found(&paths, &[""], &above), Some(("clusters/prod".into(), String::new())));
        assert_eq!(found(&paths, &["clusters/prod"], &at), Some((String::new(), String::new())));
        let below = ["repo/clusters/prod/mesh", "repo/clusters/prod/ingress"];
        assert_eq!(found(&paths, &["repo/clusters/prod"], &below), Some((String::new(), "repo".into())));
    }

    #[test]
    fn a_repository_of_others_has_no_root_here() {
        assert_eq!(found(&["deploy/mesh"], &["clusters/prod"], &["clusters/prod"]), None);
    }

    #[test]
    fn the_root_of_most_paths_is_the_root_of_all() {
        let folders = ["a/mesh", "b/mesh", "b/ingress"];
        assert_eq!(found(&["mesh", "ingress"], &["a", "b"], &folders), Some((String::new(), "b".into())));
    }
}
