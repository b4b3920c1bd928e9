//! Findings that are known and borne for a while.
//!
//! A waiver names one check and one object, with a reason, an owner and a last day. What it meets is told as waived, never
//! hidden; a waiver that meets nothing, or whose day is over, is a finding itself. The team under review does not waive
//! itself: what an object's own annotations waive counts only if it was asked for, and only for warnings.

use super::CHECKS;
use crate::{
    diagnostic::{Diagnostic, Severity},
    manifest::Meta,
    schema::{format, nearest},
    source::Span,
};

/// The annotation's key, before the code: `meshwright/waive.<code>: "2027-06-30 shop: the reason"`.
const ANNOTATION: &str = "meshwright/waive.";

/// A waiver, by whoever gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// The check's code.
    pub code: String,
    /// `Kind namespace/name`.
    pub object: String,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: String,
    /// Where it stands.
    pub span: Span,
    /// Who gave it.
    pub by: Giver,
}

/// Who gave a waiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giver {
    /// The profile, for one finding, which has to be there.
    Profile,
    /// The profile, by an exception that may cause the finding.
    Exception,
    /// The object itself, whose word counts for warnings only.
    Object,
}

/// Findings, told apart.
#[derive(Debug, Default)]
pub struct Judged {
    /// What nobody bears, and what is wrong with waivers.
    pub open: Vec<Diagnostic>,
    /// What somebody bears, with the waiver.
    pub waived: Vec<(Diagnostic, Waiver)>,
}

/// Returns the waivers that objects carry themselves; a malformed one is reported.
pub fn inline<'m>(objects: impl Iterator<Item = &'m Meta>) -> (Vec<Waiver>, Vec<Diagnostic>) {
    let (mut waivers, mut faults) = (Vec::new(), Vec::new());
    for meta in objects {
        for (key, value) in &meta.annotations {
            let Some(code) = key.value.strip_prefix(ANNOTATION) else { continue };
            match read(&value.value) {
                Some((expires, owner, reason)) => waivers.push(Waiver {
                    code: code.to_owned(),
                    object: meta.id().to_string(),
                    reason: reason.to_owned(),
                    owner: owner.to_owned(),
                    expires: expires.to_owned(),
                    span: key.span,
                    by: Giver::Object,
                }),
                None => faults.push(
                    Diagnostic::error(
                        "malformed-waiver",
                        value.span,
                        format!("`{}` waives nothing", value.value),
                        "a day, an owner and a reason were expected",
                    )
                    .with_help("write it as \"2027-06-30 shop: the reason\""),
                ),
            }
        }
    }
    (waivers, faults)
}

/// Reads `2027-06-30 shop: the reason`.
fn read(text: &str) -> Option<(&str, &str, &str)> {
    let (expires, rest) = text.trim().split_once(' ')?;
    let (owner, reason) = rest.split_once(':')?;
    let (owner, reason) = (owner.trim(), reason.trim());
    let is_date = format::check("date", expires).is_none();
    (is_date && !owner.is_empty() && !reason.is_empty()).then_some((expires, owner, reason))
}

/// Tells apart what is waived on the day `today`.
pub fn apply<'m>(
    findings: Vec<Diagnostic>,
    waivers: &[Waiver],
    objects: impl Iterator<Item = &'m Meta>,
    today: &str,
) -> Judged {
    let places = Places::of(objects);
    let mut used = vec![false; waivers.len()];
    let mut judged = Judged::default();
    for finding in findings {
        let object = finding.labels.first().and_then(|label| places.object_at(label.span));
        let met = waivers.iter().position(|waiver| {
            waiver.code == finding.code && object.is_some_and(|object| waiver.object == object)
        });
        let Some(index) = met else {
            judged.open.push(finding);
            continue;
        };
        used[index] = true;
        let waiver = &waivers[index];
        let is_over = waiver.expires.as_str() < today;
        if is_over || (waiver.by == Giver::Object && finding.severity > Severity::Warning) {
            judged.open.push(refusal(waiver, is_over, today));
            judged.open.push(finding);
        } else {
            judged.waived.push((finding, waiver.clone()));
        }
    }
    let unused =
        waivers.iter().zip(used).filter(|(waiver, is_used)| !is_used && waiver.by != Giver::Exception);
    judged.open.extend(unused.map(|(waiver, _)| unmet(waiver)));
    judged
}

/// Why a waiver that meets a finding does not hold.
fn refusal(waiver: &Waiver, is_over: bool, today: &str) -> Diagnostic {
    if is_over {
        Diagnostic::error(
            "waiver-expired",
            waiver.span,
            format!("the waiver of `{}` for `{}` expired on {}", waiver.code, waiver.object, waiver.expires),
            format!("today is {today}"),
        )
        .with_help(format!("{} decides: mend the finding, or set a later day", waiver.owner))
    } else {
        Diagnostic::error(
            "waiver-not-allowed",
            waiver.span,
            format!("`{}` is an error, which no annotation waives", waiver.code),
            "only the profile may",
        )
        .with_help("mend it, or have it waived under `waivers` of the profile")
    }
}

/// A waiver that meets no finding: whoever reads it later must not take it for one that is needed.
fn unmet(waiver: &Waiver) -> Diagnostic {
    let is_known = CHECKS.iter().any(|check| check.code == waiver.code);
    let (message, label) = if is_known {
        (
            format!("`{}` does not have the finding `{}`", waiver.object, waiver.code),
            "waives nothing".to_owned(),
        )
    } else {
        let near = nearest(&waiver.code, CHECKS.iter().map(|check| check.code));
        let label =
            near.map_or_else(|| "waives nothing".to_owned(), |near| format!("did you mean `{near}`?"));
        (format!("there is no check `{}`", waiver.code), label)
    };
    Diagnostic::warning("waiver-unused", waiver.span, message, label).with_help("remove it")
}

/// Objects by where they stand.
struct Places {
    /// The span of each object, in order, with its name.
    objects: Vec<(Span, String)>,
}

impl Places {
    fn of<'m>(objects: impl Iterator<Item = &'m Meta>) -> Self {
        let mut objects: Vec<_> = objects.map(|meta| (meta.span, meta.id().to_string())).collect();
        objects.sort();
        Self { objects }
    }

    /// Returns the object that a place is in.
    fn object_at(&self, place: Span) -> Option<&str> {
        let after =
            self.objects.partition_point(|(span, _)| (span.file, span.start) <= (place.file, place.start));
        let (span, name) = self.objects.get(after.checked_sub(1)?)?;
        (span.file == place.file && place.start <= span.end).then_some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest::{self, Manifests},
        source::Sources,
    };

    const POLICY: &str = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata:\n  name: a\n  namespace: shop\n";

    fn objects(text: &str) -> Manifests {
        let mut sources = Sources::default();
        let file = sources.add("a.yaml", text);
        manifest::load(&sources, [file]).0
    }

    fn waiver(code: &str, expires: &str, by: Giver) -> Waiver {
        Waiver {
            code: code.to_owned(),
            object: "PeerAuthentication shop/a".to_owned(),
            reason: "it leaves in June".to_owned(),
            owner: "shop".to_owned(),
            expires: expires.to_owned(),
            span: Span { file: 0, start: 0, end: 1 },
            by,
        }
    }

    /// The codes that stay open, and those that are waived, on 2026-06-15.
    fn judged(severity: Severity, waivers: &[Waiver]) -> (Vec<&'static str>, Vec<&'static str>) {
        let manifests = objects(POLICY);
        let place = manifests.peer_authentications[0].meta.head();
        let finding = Diagnostic::new("peer-authentication-not-strict", severity, place, "m", "");
        let judged = apply(vec![finding], waivers, manifests.metas(), "2026-06-15");
        let codes = |found: Vec<&Diagnostic>| found.into_iter().map(|finding| finding.code).collect();
        (
            codes(judged.open.iter().collect()),
            codes(judged.waived.iter().map(|(finding, _)| finding).collect()),
        )
    }

    #[test]
    fn a_waiver_holds_to_its_last_day_and_an_annotation_for_warnings_only() {
        let code = "peer-authentication-not-strict";
        let by_profile = |expires| judged(Severity::Error, &[waiver(code, expires, Giver::Profile)]);
        assert_eq!(by_profile("2026-06-15"), (vec![], vec![code]));
        assert_eq!(by_profile("2026-06-14"), (vec!["waiver-expired", code], vec![]));
        let inline = |severity| judged(severity, &[waiver(code, "2026-12-31", Giver::Object)]);
        assert_eq!(inline(Severity::Warning), (vec![], vec![code]));
        assert_eq!(inline(Severity::Error), (vec!["waiver-not-allowed", code], vec![]));
    }

    #[test]
    fn a_waiver_that_meets_nothing_is_a_finding() {
        let by = |giver| {
            judged(Severity::Error, &[waiver("peer-authentication-not-strickt", "2026-12-31", giver)])
        };
        let code = "peer-authentication-not-strict";
        assert_eq!(by(Giver::Profile), (vec![code, "waiver-unused"], vec![]));
        assert_eq!(by(Giver::Exception), (vec![code], vec![]));
    }

    #[test]
    fn an_annotation_says_day_owner_and_reason() {
        let text = |value: &str| {
            format!("{POLICY}  annotations:\n    meshwright/waive.port-not-captured: \"{value}\"\n")
        };
        let read = |value: &str| inline(objects(&text(value)).metas());
        let (waivers, faults) = read("2026-06-30 shop: the scraper goes");
        assert_eq!(faults, []);
        let Waiver { code, object, reason, owner, expires, .. } = &waivers[0];
        assert_eq!(
            [code, object, reason, owner, expires],
            ["port-not-captured", "PeerAuthentication shop/a", "the scraper goes", "shop", "2026-06-30"]
        );
        for malformed in
            ["", "because", "2026-06-31 shop: x", "2026-06-30 shop", "2026-06-30 : x", "2026-06-30 shop:"]
        {
            let (waivers, faults) = read(malformed);
            assert_eq!((waivers.len(), faults.len()), (0, 1), "{malformed}");
        }
    }
}
