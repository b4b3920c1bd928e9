//! What is logged, and what a record holds.

use std::borrow::Cow;

use serde_json::Value;

use super::{all, at_mesh_config, mesh_config};
use crate::{
    control::{Look, Subject},
    manifest::{MeshConfig, mesh_config::LogEncoding},
};

/// AU-1: `accessLogFile` is empty unless said (`DefaultMeshConfig` in `pkg/config/mesh/mesh.go` of Istio 1.21.1).
pub(in crate::control) fn written(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated = mesh.access_log_file.as_ref().map(|file| file.span);
    match mesh.access_log_file() {
        "/dev/stdout" => at_mesh_config(subject, stated, "accessLogFile: /dev/stdout", look),
        "" => {
            let place = subject.scene.mesh.config_place();
            look.breaks(
                place,
                "`accessLogFile` is not said: no log is written unless a Telemetry names a provider",
            );
        }
        other => look.breaks(stated, format!("the log is written to `{other}`, within each proxy")),
    }
    let encoding = mesh.access_log_encoding.map(|encoding| encoding.span);
    if mesh.access_log_encoding() == LogEncoding::Json {
        at_mesh_config(subject, encoding, "accessLogEncoding: JSON", look);
    }
}

/// AU-2.
pub(in crate::control) fn format(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated = mesh.access_log_format.as_ref().map(|format| format.span);
    let says = if stated.is_some() { "accessLogFormat" } else { "Istio's own format" };
    at_mesh_config(subject, stated, says, look);
}

/// AU-3: a Telemetry that names a provider replaces what the mesh config says (`mergeLogs` in
/// `pilot/pkg/model/telemetry.go` of Istio 1.21.1).
pub(in crate::control) fn telemetries(subject: &Subject<'_, '_>, look: &mut Look) {
    all(&subject.scene.mesh.manifests.telemetries, "takes nothing out of the log", look);
}

/// AU-4.
pub(in crate::control) fn listeners(subject: &Subject<'_, '_>, look: &mut Look) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated = mesh.disable_envoy_listener_log.map(|claim| claim.span);
    let says = format!(
        "disableEnvoyListenerLog: {}",
        stated.is_some() && mesh.disable_envoy_listener_log.is_some_and(|claim| claim.value)
    );
    at_mesh_config(subject, stated, says, look);
}

/// AU-6a.
pub(in crate::control) fn what(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(subject, look, &[&["REQ(:METHOD)"], &["REQ(X-ENVOY-ORIGINAL-PATH?:PATH)", "REQ(:PATH)"]]);
}

/// AU-6b.
pub(in crate::control) fn when(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(subject, look, &[&["START_TIME"]]);
}

/// AU-6c.
pub(in crate::control) fn place(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(subject, look, &[&["DOWNSTREAM_LOCAL_ADDRESS", "UPSTREAM_HOST"]]);
}

/// AU-6d.
pub(in crate::control) fn source(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(subject, look, &[&["DOWNSTREAM_REMOTE_ADDRESS", "DOWNSTREAM_DIRECT_REMOTE_ADDRESS"]]);
}

/// AU-6e: the flags say why a request never reached a server.
pub(in crate::control) fn result(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(subject, look, &[&["RESPONSE_CODE"], &["RESPONSE_FLAGS"]]);
}

/// AU-6f: Istio's own format names neither end.
pub(in crate::control) fn who(subject: &Subject<'_, '_>, look: &mut Look) {
    holds(
        subject,
        look,
        &[
            &["DOWNSTREAM_PEER_URI_SAN", "DOWNSTREAM_PEER_SUBJECT"],
            &["UPSTREAM_PEER_URI_SAN", "UPSTREAM_PEER_SUBJECT"],
        ],
    );
}

/// The commands of Istio's own format that are asked for here (`EnvoyJSONLogFormatIstio` in
/// `pilot/pkg/model/telemetry_logging.go` of Istio 1.21.1).
const ISTIOS_OWN: [&str; 8] = [
    "START_TIME",
    "REQ(:METHOD)",
    "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
    "RESPONSE_CODE",
    "RESPONSE_FLAGS",
    "UPSTREAM_HOST",
    "DOWNSTREAM_LOCAL_ADDRESS",
    "DOWNSTREAM_REMOTE_ADDRESS",
];

/// Sees that a record holds one of each list of commands.
fn holds(subject: &Subject<'_, '_>, look: &mut Look, wanted: &[&[&str]]) {
    let Some(mesh) = mesh_config(subject, look) else { return };
    let stated =
        mesh.access_log_format.as_ref().filter(|format| !format.is_empty()).map(|format| format.span);
    let place = stated.or_else(|| mesh.access_log_file.as_ref().map(|file| file.span));
    let commands = commands(mesh);
    for alternatives in wanted {
        match alternatives.iter().find(|name| commands.iter().any(|command| command == *name)) {
            Some(name) => at_mesh_config(subject, place, format!("%{name}%"), look),
            None => look.breaks(
                place.or_else(|| subject.scene.mesh.config_place()),
                format!("no record holds %{}%", alternatives.join("% or %")),
            ),
        }
    }
}

/// Returns the commands whose values a record holds.
fn commands(mesh: &MeshConfig) -> Vec<Cow<'static, str>> {
    match mesh.access_log_format.as_ref().filter(|format| !format.is_empty()) {
        None => ISTIOS_OWN.into_iter().map(Cow::Borrowed).collect(),
        Some(format) if mesh.access_log_encoding() == LogEncoding::Json => {
            let mut found = Vec::new();
            // What is no JSON is a finding of its own, and replaced by Istio's own format.
            match serde_json::from_str(format) {
                Ok(value) => values(&value, &mut found),
                Err(_) => found.extend(ISTIOS_OWN.into_iter().map(Cow::Borrowed)),
            }
            found
        }
        Some(format) => in_text(format).collect(),
    }
}

/// A command counts in a value, where Envoy fills it in; in a key it is a word.
fn values(value: &Value, found: &mut Vec<Cow<'static, str>>) {
    match value {
        Value::String(text) => found.extend(in_text(text)),
        Value::Array(items) => items.iter().for_each(|item| values(item, found)),
        Value::Object(entries) => entries.values().for_each(|item| values(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns the commands of a text, `%NAME%` or `%NAME(ARGUMENTS)%`, less how they are cut: `%NAME(X):10%`, `%NAME(%s)%`.
fn in_text(text: &str) -> impl Iterator<Item = Cow<'static, str>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find('%')? + 1;
        let after = &rest[start..];
        let arguments = after
            .find('(')
            .filter(|at| after[..*at].chars().all(|c| c.is_ascii_uppercase() || "_0123456789".contains(c)));
        let from = arguments.and_then(|at| Some(at + after[at..].find(')')?)).unwrap_or(0);
        let end = from + after[from..].find('%')?;
        let (command, next) = (&after[..end], &after[end + 1..]);
        rest = next;
        Some(Cow::Owned(shortened(command)))
    })
}

/// What is asked for with arguments is a header; other arguments are formats.
fn shortened(command: &str) -> String {
    let is_header = command.starts_with("REQ(");
    let end = if is_header { command.find(')').map(|at| at + 1) } else { command.find(['(', ':']) };
    command[..end.unwrap_or(command.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_count_where_envoy_fills_them_in() {
        let found = |text: &str| in_text(text).map(Cow::into_owned).collect::<Vec<_>>();
        assert_eq!(
            found("%START_TIME(%Y-%m-%d)% %REQ(:METHOD):10% %RESPONSE_CODE% 100% done"),
            ["START_TIME", "REQ(:METHOD)", "RESPONSE_CODE"]
        );
        assert_eq!(found("%DOWNSTREAM_PEER_URI_SAN"), Vec::<String>::new());
        let mut in_keys = Vec::new();
        values(&serde_json::json!({"%START_TIME%": "x", "y": ["%PROTOCOL%"]}), &mut in_keys);
        assert_eq!(in_keys, ["PROTOCOL"]);
    }
}
