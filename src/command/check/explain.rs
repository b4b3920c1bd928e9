//! `--list` and `--explain`: the table of checks, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    check::{CHECKS, Check},
    diagnostic::{Diagnostic, Severity},
    schema::nearest,
};

/// How wide prose is set.
const WIDTH: usize = 100;

/// Returns one line for each check.
pub(super) fn list() -> String {
    let width = CHECKS.iter().map(|check| check.code.len()).max().unwrap_or_default();
    let line =
        |check: &Check| format!("{:<width$}  {:<7}  {}\n", check.code, word(check.severity), check.summary);
    CHECKS.iter().map(line).collect()
}

/// Returns the table for programs.
pub(super) fn list_json() -> String {
    let checks: Vec<Value> = CHECKS.iter().map(row).collect();
    format!("{:#}\n", json!({"version": 1, "checks": checks}))
}

fn row(check: &Check) -> Value {
    json!({
        "code": check.code,
        "severity": word(check.severity),
        "summary": check.summary,
        "happens": check.happens,
        "mend": check.mend,
        "silent": check.silent,
        "source": check.source,
        "rules": check.rules,
        "controls": check.controls.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Returns all that is to be said of a check; a fault where there is none of that code.
pub(super) fn explain(code: &str) -> Result<String, Box<Diagnostic>> {
    let Some(check) = crate::check::named(code) else {
        let fault = Diagnostic::general("unknown-check", format!("there is no check `{code}`"));
        return Err(Box::new(match nearest(code, CHECKS.iter().map(|check| check.code)) {
            Some(near) => fault.with_help(format!("did you mean `{near}`?")),
            None => fault.with_help("`meshwright check --list` names them"),
        }));
    };
    let mut text = format!("{} ({})\n{}\n", check.code, word(check.severity), check.summary);
    for (title, prose) in [
        ("What happens", check.happens),
        ("How to mend it", check.mend),
        ("When nothing is said", check.silent),
        ("Where the rule is from", check.source),
    ] {
        let set = textwrap::indent(&textwrap::fill(prose, WIDTH - 2), "  ");
        let _ = write!(text, "\n{title}\n{set}\n");
    }
    let controls: Vec<String> = check.controls.iter().map(ToString::to_string).collect();
    let controls = if controls.is_empty() { "none".to_owned() } else { controls.join(", ") };
    let _ = write!(text, "\nRules     {}\nControls  {controls}\n", check.rules.join(", "));
    Ok(text)
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
