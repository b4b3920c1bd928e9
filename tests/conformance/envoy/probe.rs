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

/// The bytes that are sent where HTTP is not spoken.
pub const BYTES: &str = "\0hello\r\n";

impl Answer {
    fn status(&self) -> Option<&str> {
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
                self.data == BYTES || (self.status() == Some("200") && self.data.contains("x-answered-by: "))
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
