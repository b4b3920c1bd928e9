//! Prints a profile of many namespaces, each with 5 workloads and 10 flows, to measure with.
//!
//! `cargo run --release --example fleet -- 1000 > fleet.yaml`

use std::fmt::Write as _;

fn main() {
    let count = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(1000);
    #[expect(clippy::print_stdout, reason = "printing is what this example is for")]
    {
        print!("{}", profile(count));
    }
}

/// Returns a profile of `count` namespaces.
pub fn profile(count: usize) -> String {
    let mut text = String::from(
        "name: fleet\ndomain: apps.fleet.example.com\nchartVersion: 1.21.1\ntlsSecret: fleet-tls\nmesh: {cni: true}\nnamespaces:\n",
    );
    for index in 0..count {
        let next = (index + 1) % count;
        write!(
            text,
            "  - name: team-{index}
    workloads:
      web: {{port: 8080}}
      cart: {{ports: [{{name: http, port: 8080, servicePort: 80}}, {{name: grpc, port: 9090, protocol: grpc}}]}}
      orders: {{port: 8080}}
      search: {{port: 9200}}
      db: {{port: 5432, protocol: tcp}}
    expose:
      - {{workload: web, host: team-{index}}}
    allow:
      - {{from: web, to: cart, port: http, methods: [GET, POST], paths: [/cart/*]}}
      - {{from: web, to: search, methods: [GET]}}
      - {{from: web, to: orders}}
      - {{from: cart, to: orders, paths: [/orders, /orders/*]}}
      - {{from: cart, to: db}}
      - {{from: orders, to: db}}
      - {{from: orders, to: cart, port: grpc}}
      - {{from: team-{next}/web, to: search}}
    egress:
      - {{from: orders, host: api.example.net}}
"
        )
        .expect("a string takes every write");
    }
    text
}
