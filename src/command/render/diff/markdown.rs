//! The pull request comment that `--diff --format markdown` prints.

use std::fmt::Write as _;

use super::Difference;
use crate::{
    command::diff::{summary, text as flow_text},
    plan::weakenings,
    tree::FileChange,
};

/// The most bytes of a comment. GitHub refuses one of more than 65,536 characters.
const LIMIT: usize = 60_000;

/// The most files that are named without being shown.
const NAMES: usize = 40;

/// Returns one comment for all trees: the summary, what is weaker than the default, one folded section a file.
///
/// Sections that would make it too long are left out by name: a bot can post whatever this returns.
pub(super) fn comment(differences: &[Difference<'_>]) -> String {
    let heads: Vec<String> = differences.iter().map(head).collect();
    let mut text = heads.join("\n");
    let mut left_out = Vec::new();
    for change in differences.iter().flat_map(|difference| &difference.changes) {
        let section = section(change);
        if text.len() + section.len() <= LIMIT {
            text.push_str(&section);
        } else {
            left_out.push(change);
        }
    }
    text + &names(&left_out)
}

/// Returns a list of files that are named and not shown, and how many are not even named.
fn names(changes: &[&FileChange<'_>]) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut text = "\nToo long for a comment, so not shown:\n\n".to_owned();
    for (index, change) in changes.iter().enumerate() {
        if index == NAMES {
            let _ = writeln!(text, "* and {} more", changes.len() - NAMES);
            break;
        }
        let _ = writeln!(text, "* {} {}", change.status.name(), prose(change.path.as_str()));
    }
    text
}

fn head(difference: &Difference<'_>) -> String {
    let rendering = difference.pair.rendering;
    let mut text = format!("### meshwright: {}\n\n", prose(&rendering.profile.name));
    if difference.changes.is_empty() {
        let _ = writeln!(text, "{}: no changes", prose(rendering.tree().root().as_str()));
        return text;
    }
    let _ = writeln!(text, "{}\n", prose(&difference.summary()));
    for old in &difference.pair.comparison.moved_from {
        let _ = writeln!(text, "* moved from {}", prose(old.as_str()));
    }
    for weakening in weakenings(&rendering.profile) {
        let (what, why) = (prose(&weakening.what), prose(&weakening.why));
        let _ = writeln!(text, "* weaker than the default: {what}: {why}");
    }
    if !difference.flows.is_empty() {
        let _ = write!(
            text,
            "\n{}\n\n```diff\n{}```\n",
            summary(&difference.flows),
            flow_text(&difference.flows)
        );
    }
    text
}

fn section(change: &FileChange<'_>) -> String {
    let (status, path, diff) = (change.status.name(), html(change.path.as_str()), change.to_string());
    let longest = diff.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("\n<details><summary>{status} {path}</summary>\n\n{fence}diff\n{diff}{fence}\n\n</details>\n")
}

/// Returns words as words: what a profile says may neither format, link, nor call somebody by name.
fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in html(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '!' => escaped.extend(['\\', c]),
            // A forge looks for names and numbers after the markup is gone, so no backslash would help.
            '@' | '#' => {
                escaped.push(c);
                escaped.push_str("<!-- -->");
            }
            _ => escaped.push(c),
        }
    }
    escaped
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_profile_says_is_no_markup() {
        assert_eq!(
            prose("a_b `c` <!-- @team #1 \\\n* [x](y)"),
            "a\\_b \\`c\\` &lt;\\!-- @<!-- -->team #<!-- -->1 \\\\ \\* \\[x\\](y)"
        );
    }
}
