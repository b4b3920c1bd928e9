//! What Envoy was seen to do, one line for each promise, in its own words.

use super::{
    probe::{Answer, BYTES},
    questions::Question,
};

/// Returns a line for the redirect, the gateway's TLS, that of the first workload, what its first caller cannot reach, and
/// one answer of each other kind.
pub fn lines(questions: &[Question], answers: &[Answer]) -> Vec<String> {
    let asked: Vec<(&Question, &Answer)> = questions.iter().zip(answers).collect();
    let of_kind = |kind: &str| -> Vec<(&str, String)> {
        let of_kind = asked.iter().filter(|(question, _)| question.kind == kind);
        of_kind.map(|(question, answer)| (question.what.as_str(), said(answer))).collect()
    };
    let (gateway, between): (Vec<_>, Vec<_>) =
        of_kind("TLS floor").into_iter().partition(|(what, _)| what.starts_with("gateway, "));
    let mut lines: Vec<String> = [
        ("80: ", line(&of_kind("redirect"), "")),
        ("443: ", line(&gateway, ", ")),
        ("between workloads: ", line(&between, ", ")),
        ("black hole: ", line(&of_kind("black hole"), " to ")),
    ]
    .into_iter()
    .filter_map(|(head, line)| Some(head.to_owned() + &line?))
    .collect();
    for kind in ["declared", "undeclared", "plaintext", "exposed", "not exposed"] {
        lines.extend(of_kind(kind).first().map(|(what, said)| format!("{kind}: {what}: {said}")));
    }
    lines
}

/// Returns the answers about the first one's subject, which stands before a separator, on one line; none of nothing.
fn line(all: &[(&str, String)], separator: &str) -> Option<String> {
    let (first, _) = all.first()?;
    let (subject, _) = first.split_once(separator)?;
    let about = all.iter().filter_map(|(what, said)| {
        let what = what.strip_prefix(subject)?.strip_prefix(separator)?;
        Some(format!("{what}: {said}"))
    });
    let about = about.collect::<Vec<_>>().join("; ");
    Some(if subject.is_empty() { about } else { format!("{subject}{separator}{about}") })
}

/// Returns an answer in a few words: `301 Moved Permanently to https://...`, `closed`, `refused: handshake failure`.
fn said(answer: &Answer) -> String {
    let Answer { outcome, data, version, cipher } = answer;
    let status = data.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.lines().next());
    let answered = match status {
        Some(status) => status.to_owned(),
        None if data == BYTES => "the same bytes back".to_owned(),
        None => outcome.replace("tls: remote error: tls: ", "refused: "),
    };
    let location = data.lines().find_map(|line| line.strip_prefix("location: "));
    let location = location.map(|location| format!(" to {location}")).unwrap_or_default();
    let secured = if version.is_empty() { String::new() } else { format!(" in {version} {cipher}") };
    answered + &location + &secured
}
