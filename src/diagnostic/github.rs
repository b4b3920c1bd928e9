//! Findings as annotations of GitHub Actions: one workflow command a line.

use super::{Diagnostic, Severity, in_order};
use crate::source::Sources;

/// Returns one workflow command for each diagnostic, in the order in which they are shown.
///
/// The grammar is that of `@actions/core` (`packages/core/src/command.ts` of actions/toolkit): `%`, carriage return and
/// line feed are escaped everywhere, `:` and `,` in properties as well.
pub fn to_github(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    in_order(diagnostics).into_iter().map(|diagnostic| annotation(diagnostic, sources)).collect()
}

fn annotation(diagnostic: &Diagnostic, sources: &Sources) -> String {
    let command = match diagnostic.severity {
        Severity::Note => "notice",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let mut properties = vec![format!("title={}", property(diagnostic.code))];
    if let Some(label) = diagnostic.labels.first() {
        let region = sources.region(label.span);
        properties.push(format!("file={}", property(sources.path(label.span.file).as_str())));
        properties.push(format!("line={},col={}", region.start.line, region.start.column));
        properties.push(format!("endLine={},endColumn={}", region.end.line, region.end.column));
    }
    let help = diagnostic.help.iter().map(|help| format!("\n{help}"));
    let message: String = [diagnostic.message.clone()].into_iter().chain(help).collect();
    format!("::{command} {}::{}\n", properties.join(","), data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
