//! Flow tables: what `tests/reach/*.txt` say, line by line, and which cells a line covers.
//!
//! The first line is the question, as a command; each further line is what is open, its columns two or more spaces
//! apart:
//!
//! ```text
//! $ meshwright reach tests/reach/NAME.yaml --to shop/cart --port 8080
//! shop/web -> shop/cart:8080        http  mtls shop/web  GET,POST /cart/* except /cart/admin*
//! any un-meshed pod, outside -> ... tcp   plaintext      around its proxy
//! ```
//!
//! Sources, destination and port; what the receiver's proxy takes the port for (`auto/http` and `auto/tcp` are the two
//! halves of `auto`); whom it knows the source for; which requests. `around its proxy`: only if the source leaves its
//! own. `greeting only`: refused, yet the server's first words get out. `? reason`: cannot be told. What is not listed
//! is closed.

use crate::{
    cells::stranger,
    naive::{Request, pattern},
};

/// One table: its question and its lines.
#[derive(Debug)]
pub struct Table {
    /// The values of `--from`; none is everybody.
    pub from: Vec<String>,
    pub to: Vec<String>,
    /// The values of `--port`: a number, of TCP unless `/udp` or `/sctp` follows.
    pub ports: Vec<String>,
    pub lines: Vec<Line>,
}

#[derive(Debug)]
pub struct Line {
    pub text: String,
    pub sources: Vec<String>,
    /// `namespace/name` or a block, with the port as it is asked for.
    pub destination: String,
    pub port: String,
    pub protocol: String,
    /// The account that the receiver knows, `namespace/name`; an empty one is the source's own.
    pub account: Option<String>,
    pub is_plaintext: bool,
    pub condition: Vec<Term>,
    pub mark: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Open,
    AroundItsProxy,
    GreetingOnly,
    Unknown,
}

/// One part of a condition: what holds, less what does not.
#[derive(Debug, Default)]
pub struct Term {
    pub methods: Vec<String>,
    pub paths: Vec<String>,
    pub hosts: Vec<String>,
    pub header: Option<(String, String)>,
    pub blocks: Vec<String>,
    /// Of the address that `x-forwarded-for` ends with, else of the peer.
    pub remotes: Vec<String>,
    pub subjects: Vec<String>,
}

impl Table {
    pub fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let question = lines
            .next()
            .and_then(|line| line.strip_prefix("$ meshwright reach "))
            .expect("a question comes first");
        let words: Vec<&str> = question.split_whitespace().collect();
        let flag = |name: &str| -> Vec<String> {
            words.windows(2).filter(|pair| pair[0] == name).map(|pair| pair[1].to_owned()).collect()
        };
        let (from, to, ports) = (flag("--from"), flag("--to"), flag("--port"));
        assert!(!to.is_empty() && !ports.is_empty(), "a table asks about destinations and ports");
        Self { from, to, ports, lines: lines.map(Line::read).collect() }
    }
}

impl Table {
    /// Whether a table has to say what is open to a source. Lines that only a pod's own node has are left out.
    pub fn speaks_of(&self, source: &str, destination: &str, port: &str) -> bool {
        let names = |line: &Line| {
            line.destination == destination
                && line.port == port
                && line.sources.iter().any(|one| one == source)
        };
        source != "node" || self.lines.iter().any(names)
    }
}

impl Line {
    /// Whether it is about a source: by name, or as one of those that any pod stands for.
    pub fn is_from(&self, source: &str) -> bool {
        let anybody = stranger(source)
            .map(|stranger| if stranger.meshed { "any meshed pod" } else { "any un-meshed pod" });
        self.sources.iter().any(|one| one == source || Some(one.as_str()) == anybody)
    }

    fn read(text: &str) -> Self {
        let (sources, rest) = text.split_once(" -> ").unwrap_or_else(|| panic!("no arrow in `{text}`"));
        let mut columns = rest.split("  ").map(str::trim).filter(|column| !column.is_empty());
        let (destination, port) =
            columns.next().and_then(|end| end.rsplit_once(':')).expect("a destination and a port");
        let protocol = columns.next().expect("a protocol").to_owned();
        let transports: Vec<&str> = columns.next().expect("a transport").split(" or ").collect();
        let mut line = Self {
            text: text.to_owned(),
            sources: sources.split(", ").map(|source| source.trim().to_owned()).collect(),
            destination: destination.to_owned(),
            port: port.to_owned(),
            protocol,
            account: transports
                .iter()
                .find_map(|one| one.strip_prefix("mtls"))
                .map(|account| account.trim().to_owned()),
            is_plaintext: transports.contains(&"plaintext"),
            condition: Vec::new(),
            mark: Mark::Open,
        };
        assert!(line.account.is_some() || line.is_plaintext, "no transport in `{text}`");
        for column in columns {
            match column {
                "around its proxy" => line.mark = Mark::AroundItsProxy,
                "greeting only" => line.mark = Mark::GreetingOnly,
                column if column.starts_with("? ") => line.mark = Mark::Unknown,
                column => line.condition = column.split(" except ").map(Term::read).collect(),
            }
        }
        line
    }

    /// Whether the line is about such bytes: a request with the path that the proxy sees, or no HTTP.
    pub fn covers(&self, request: Option<(&Request, &str)>, address: std::net::IpAddr) -> bool {
        let is_for = match self.protocol.as_str() {
            "http" | "auto/http" => request.is_some(),
            "auto" => true,
            _ => request.is_none(),
        };
        let holds = |term: &Term| term.holds(request, address);
        is_for && self.condition.first().is_none_or(holds) && !self.condition.iter().skip(1).any(holds)
    }
}

impl Term {
    fn read(text: &str) -> Self {
        let mut term = Self::default();
        let list = |word: &str| -> Vec<String> { word.split(',').map(str::to_owned).collect() };
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let mut next = || words.next().unwrap_or_else(|| panic!("`{word}` ends `{text}`"));
            match word {
                "host" => term.hosts = list(next()),
                "from" => term.blocks = list(next()),
                "remote" => term.remotes = list(next()),
                "token" => term.subjects = list(next()),
                "header" => {
                    let (name, value) = next().split_once('=').expect("a header and its value");
                    term.header = Some((name.to_owned(), value.to_owned()));
                }
                word if word.contains('/') || word.starts_with('*') => term.paths = list(word),
                word => term.methods = list(word),
            }
        }
        term
    }

    fn holds(&self, request: Option<(&Request, &str)>, address: std::net::IpAddr) -> bool {
        let any = |wanted: &[String], holds: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|one| holds(one))
        };
        let about_http = |wanted: &[String], holds: &dyn Fn(&Request, &str, &str) -> bool| {
            any(wanted, &|one| request.is_some_and(|(request, path)| holds(request, path, one)))
        };
        let forwarded = request.and_then(|(request, _)| {
            let header = request.headers.iter().find(|(name, _)| name == "x-forwarded-for");
            header.and_then(|(_, value)| value.rsplit(',').next()?.trim().parse().ok())
        });
        any(&self.blocks, &|block| pattern::block(block, address) == Some(true))
            && any(&self.remotes, &|block| pattern::block(block, forwarded.unwrap_or(address)) == Some(true))
            && about_http(&self.methods, &|request, _, method| pattern::string(method, &request.method))
            && about_http(&self.paths, &|_, path, wanted| pattern::string(wanted, path))
            && about_http(&self.hosts, &|request, _, host| pattern::host(host, &request.host))
            && about_http(&self.subjects, &|request, _, subject| {
                request.claims.as_ref().is_some_and(|claims| {
                    let wanted = subject.rsplit('/').next().unwrap_or_default();
                    pattern::string(wanted, claims["sub"].as_str().unwrap_or_default())
                })
            })
            && self.header.iter().all(|(name, wanted)| {
                request.is_some_and(|(request, _)| {
                    let value =
                        request.headers.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str());
                    pattern::header(wanted, value)
                })
            })
    }
}
