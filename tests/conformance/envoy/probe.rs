//! One connection: from where, to where, with which certificate, and what came back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bench::{self, Bench};

/// What `probe` is told.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Probe {
    pub from: String,
    pub to: String,
    pub preface: String,
    pub tls: Option<Tls>,
    pub send: String,
    pub deadline: f64,
}

/// How the connection is secured.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    pub ca: String,
    pub cert: String,
    pub key: String,
    pub server_name: String,
    pub alpn: Vec<String>,
    pub min: u16,
    pub max: u16,
    pub ciphers: Vec<u16>,
}

impl Probe {
    /// Returns a connection in plaintext.
    pub fn new(from: &str, to: String, send: String) -> Self {
        Self { from: from.to_owned(), to, send, deadline: 5.0, ..Self::default() }
    }
}

impl Tls {
    /// Returns what a client without a certificate says, for a server of a name.
    pub fn new(certificates: &str, server_name: &str) -> Self {
        Self {
            ca: format!("{certificates}/ca.pem"),
            server_name: server_name.into(),
            alpn: vec!["http/1.1".into()],
            ..Self::default()
        }
    }

    /// Returns what a sidecar says that has a certificate.
    pub fn of_mesh(certificates: &str, certificate: &str, is_http: bool) -> Self {
        let file = |end: &str| format!("{certificates}/{certificate}{end}");
        let alpn = if is_http { "istio-http/1.1" } else { "istio" };
        Self {
            cert: file(".pem"),
            key: file(".key"),
            alpn: vec![alpn.into()],
            ..Self::new(certificates, "any")
        }
    }
}

/// Returns a request, with headers that each end their line.
pub fn http(method: &str, host: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{headers}Connection: close\r\n\r\n")
}

/// What `probe` says.
#[derive(Debug, Clone, Deserialize)]
pub struct Answer {
    pub outcome: String,
    pub data: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub cipher: String,
}

/// What a question expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// The application answers, or the world outside.
    Passes,
    /// 403, by a policy.
    Forbidden,
    /// The connection ends without an answer, or its certificate is refused.
    Closed,
    /// No route, no policy, or no host: 403, 404, 502 or an end without an answer.
    NotServed,
    /// 301 to the same address under `https`.
    Redirected,
    /// The handshake succeeds, whatever follows.
    Handshake,
    /// The handshake fails.
    NoHandshake,
}

/// Headers by which an application is told from a proxy that answers in its place: of what it serves, and of its errors.
pub const APPLICATIONS_OWN: [&str; 2] = ["x-answered-by: ", "server: application"];

/// The bytes that are sent where HTTP is not spoken.
pub const BYTES: &str = "\0hello\r\n";

impl Answer {
    /// Returns the status of an answer in HTTP.
    pub fn status(&self) -> Option<&str> {
        self.data.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3))
    }

    fn is_closed(&self) -> bool {
        let refusals = ["certificate required", "handshake failure", "bad certificate", "EOF"];
        self.outcome == "closed"
            || (self.is_no_handshake() && refusals.iter().any(|why| self.outcome.contains(why)))
    }

    fn is_no_handshake(&self) -> bool {
        self.outcome.starts_with("tls: ")
    }

    /// Returns whether this is what was expected.
    pub fn is(&self, expected: Expect, asked: &Probe) -> bool {
        match expected {
            Expect::Passes => {
                self.data == BYTES
                    || (self.status() == Some("200") && self.data.contains(APPLICATIONS_OWN[0]))
            }
            Expect::Forbidden => self.status() == Some("403"),
            Expect::Closed => self.is_closed(),
            Expect::NotServed => self.is_closed() || matches!(self.status(), Some("403" | "404" | "502")),
            Expect::Redirected => {
                let host =
                    asked.send.lines().find_map(|line| line.strip_prefix("Host: ")).unwrap_or_default();
                self.status() == Some("301") && self.data.contains(&format!("location: https://{host}/"))
            }
            Expect::Handshake => !self.version.is_empty(),
            Expect::NoHandshake => {
                self.is_no_handshake() || self.outcome == "closed" && self.version.is_empty()
            }
        }
    }
}

/// Sends all probes, and returns the answers in their order.
pub fn send(bench: &Bench, probes: &[&Probe]) -> Vec<Answer> {
    let input = serde_json::to_string(probes).expect("probes are JSON");
    let said = bench::run(&mut bench.command("probe"), &input, Duration::from_secs(240));
    assert!(said.is_success, "{}", said.err);
    serde_json::from_str(&said.out).expect("answers are JSON")
}
