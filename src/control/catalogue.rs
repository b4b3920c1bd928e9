//! The controls, objective by objective, and what of them no manifest decides.
//!
//! Identifiers of statements and objectives are those of NIST's own catalogue in OSCAL (`NIST_SP-800-53_rev5_catalog.json` of
//! `usnistgov/oscal-content` v1.3.0).

use super::rule::PRELIMINARY;
use crate::check::Control;

/// A control, as manifests speak to it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// The control.
    pub control: Control,
    /// Its identifier in OSCAL.
    pub id: &'static str,
    /// Its title.
    pub title: &'static str,
    /// The objectives that manifests speak to.
    pub objectives: &'static [Objective],
    /// What they do not speak to.
    pub outside: &'static [Outside],
}

/// An objective of an assessment, and what is claimed of it.
#[derive(Debug, Clone, Copy)]
pub struct Objective {
    /// Its identifier: `sc-8_obj`.
    pub id: &'static str,
    /// The statement of the control that it is about.
    pub statement: &'static str,
    /// What is true of the mesh that the manifests describe if every rule holds; nothing wider is claimed.
    pub claim: &'static str,
    rules: &'static [&'static [&'static str]],
}

/// What manifests do not decide.
#[derive(Debug, Clone, Copy)]
pub struct Outside {
    /// The parts of the control that are outside as a whole, which then cannot be called satisfied; none where something
    /// is only said of what the claims do not cover.
    pub objectives: &'static [&'static str],
    /// What it is, and where it would be found.
    pub what: &'static str,
}

impl Entry {
    /// Tells whether manifests can speak to every part of the control.
    pub fn is_wholly_decidable(&self) -> bool {
        self.outside.iter().all(|outside| outside.objectives.is_empty())
    }
}

impl Objective {
    /// Tells whether a rule bears on the objective: its own, and those that void every claim.
    pub fn has_rule(&self, id: &str) -> bool {
        id.starts_with(PRELIMINARY) || self.is_borne_out_by(id)
    }

    /// Tells whether a rule that holds speaks for the objective.
    pub fn is_borne_out_by(&self, id: &str) -> bool {
        self.rules.iter().copied().flatten().any(|rule| *rule == id)
    }
}

/// The workload has a sidecar, and the sidecar sees all of it.
const IN_MESH: &[&str] = &["SC8-4", "SC8-5", "SC8-7", "SC8-8", "SC8-10"];
/// Nothing but mutual TLS is taken or spoken.
const TRANSPORT: &[&str] =
    &["SC8-1", "SC8-2", "SC8-9", "SC8-11", "SC8-12", "SC8-13", "SC8-14", "SC8-16", "SC7-9", "AC4-6"];
const TLS: &[&str] = &["SC13-1", "SC13-2", "SC13-3", "SC13-4"];
const MODULE: &[&str] = &["SC13-5", "SC13-6"];
const AUTHORIZATION: &[&str] =
    &["AC4-1", "AC4-2", "AC4-3", "AC4-4", "AC4-5", "AC4-6", "AC4-7", "AC4-8", "AC4-9", "AC4-11", "AC4-12"];
const NETWORK: &[&str] = &["AC4-10"];
const ROLES: &[&str] = &["ADM-2"];
const FILTERS: &[&str] = &["SC8-14"];
const WAY_OUT: &[&str] = &["SC7-1", "SC7-2", "SC7-3", "SC8-7", "SC8-8", "SC8-10"];
const WAY_IN: &[&str] = &["SC7-5", "SC7-6", "SC7-7", "SC7-8", "SC7-9", "SC7-10", "SC7-11"];
const CLIENT_CERTIFICATES: &[&str] = &["SC7-9"];
const SERVERS_FIRST: &[&str] = &["AC4-7"];

/// What has to hold for records to be made in this form at all.
const RECORDS: &[&str] = &["AU-1", "AU-3"];

/// Every control.
pub const CATALOGUE: &[Entry] = &[
    Entry {
        control: Control::Ac3,
        id: "ac-3",
        title: "Access Enforcement",
        objectives: &[Objective {
            id: "ac-3_obj",
            statement: "ac-3_smt",
            claim: "the proxy of each workload of the mesh refuses every caller that no AuthorizationPolicy names",
            rules: &[AUTHORIZATION, IN_MESH, FILTERS, ROLES, CLIENT_CERTIFICATES],
        }],
        outside: &[Outside {
            objectives: &[],
            what: "access of people, and what applications decide about their own users",
        }],
    },
    Entry {
        control: Control::Ac4,
        id: "ac-4",
        title: "Information Flow Enforcement",
        objectives: &[Objective {
            id: "ac-4_obj",
            statement: "ac-4_smt",
            claim: "between workloads of the mesh only those flows are open that an AuthorizationPolicy and a NetworkPolicy allow",
            rules: &[AUTHORIZATION, NETWORK, IN_MESH, FILTERS],
        }],
        outside: &[Outside {
            objectives: &[],
            what: "that the cluster's network plugin enforces NetworkPolicy",
        }],
    },
    Entry {
        control: Control::Au2,
        id: "au-2",
        title: "Event Logging",
        objectives: &[Objective {
            id: "au-2_obj.c-1",
            statement: "au-2_smt.c",
            claim: "the mesh is told to log every request and connection that its proxies handle",
            rules: &[&["AU-1", "AU-3", "AU-4"]],
        }],
        outside: &[Outside {
            objectives: &["au-2_smt.a", "au-2_smt.b", "au-2_smt.d", "au-2_smt.e"],
            what: "which events the organization chose, why, with whom it agreed, and when it looks at that again",
        }],
    },
    Entry {
        control: Control::Au3,
        id: "au-3",
        title: "Content of Audit Records",
        objectives: &[
            Objective {
                id: "au-3_obj.a",
                statement: "au-3_smt.a",
                claim: "an access log record holds what was asked for",
                rules: &[&["AU-2", "AU-6a"], RECORDS],
            },
            Objective {
                id: "au-3_obj.b",
                statement: "au-3_smt.b",
                claim: "an access log record holds when it was",
                rules: &[&["AU-2", "AU-6b"], RECORDS],
            },
            Objective {
                id: "au-3_obj.c",
                statement: "au-3_smt.c",
                claim: "an access log record holds which address was called",
                rules: &[&["AU-2", "AU-6c"], RECORDS],
            },
            Objective {
                id: "au-3_obj.d",
                statement: "au-3_smt.d",
                claim: "an access log record holds the address of the caller",
                rules: &[&["AU-2", "AU-6d"], RECORDS],
            },
            Objective {
                id: "au-3_obj.e",
                statement: "au-3_smt.e",
                claim: "an access log record holds what came of the request",
                rules: &[&["AU-2", "AU-6e"], RECORDS],
            },
            Objective {
                id: "au-3_obj.f",
                statement: "au-3_smt.f",
                claim: "an access log record holds the identities of both workloads, where mutual TLS showed them",
                rules: &[&["AU-2", "AU-6f"], RECORDS],
            },
        ],
        outside: &[Outside {
            objectives: &[],
            what: "records of the applications, of the nodes and of the API server; the user behind a request, which only the application knows",
        }],
    },
    Entry {
        control: Control::Au12,
        id: "au-12",
        title: "Audit Record Generation",
        objectives: &[
            Objective {
                id: "au-12_obj.a",
                statement: "au-12_smt.a",
                claim: "each proxy of the mesh is able to log every request and connection that it handles",
                rules: &[&["AU-1", "AU-3", "AU-4", "SC8-13"], IN_MESH, FILTERS],
            },
            Objective {
                id: "au-12_obj.c",
                statement: "au-12_smt.c",
                claim: "each proxy of the mesh writes that log, with the content of AU-3",
                rules: &[
                    &[
                        "AU-1", "AU-2", "AU-3", "AU-4", "AU-6a", "AU-6b", "AU-6c", "AU-6d", "AU-6e", "AU-6f",
                        "SC8-13",
                    ],
                    IN_MESH,
                    FILTERS,
                ],
            },
        ],
        outside: &[
            Outside { objectives: &["au-12_smt.b"], what: "who may choose the events to be logged" },
            Outside {
                objectives: &[],
                what: "collection, retention and protection of what the proxies print: a log agent and its store decide",
            },
        ],
    },
    Entry {
        control: Control::Sc7,
        id: "sc-7",
        title: "Boundary Protection",
        objectives: &[
            Objective {
                id: "sc-7_obj.a-2",
                statement: "sc-7_smt.a",
                claim: "whatever enters the mesh from outside does so at one gateway, whose servers end TLS for hosts that they name",
                rules: &[WAY_IN],
            },
            Objective {
                id: "sc-7_obj.a-4",
                statement: "sc-7_smt.a",
                claim: "between namespaces of the mesh, and from them to the outside, only what policies name is open",
                rules: &[WAY_OUT, NETWORK],
            },
            Objective {
                id: "sc-7_obj.c",
                statement: "sc-7_smt.c",
                claim: "external networks reach the mesh through the gateway alone",
                rules: &[WAY_IN, WAY_OUT],
            },
        ],
        outside: &[
            Outside {
                objectives: &["sc-7_obj.a-1", "sc-7_obj.a-3"],
                what: "that somebody monitors these interfaces: logs and metrics are written, and read elsewhere",
            },
            Outside { objectives: &["sc-7_obj.b"], what: "subnetworks for what is publicly reachable" },
        ],
    },
    Entry {
        control: Control::Sc7Deny,
        id: "sc-7.5",
        title: "Boundary Protection: Deny by Default, Allow by Exception",
        objectives: &[
            Objective {
                id: "sc-7.5_obj-1",
                statement: "sc-7.5_smt",
                claim: "traffic of the mesh's namespaces is denied where no policy opens it, in both directions",
                rules: &[&["SC7-1", "SC7-2", "SC7-3", "AC4-1", "AC4-2", "AC4-10"], SERVERS_FIRST],
            },
            Objective {
                id: "sc-7.5_obj-2",
                statement: "sc-7.5_smt",
                claim: "what is open is named, caller by caller and port by port",
                rules: &[&["SC7-1", "SC7-2", "SC7-3", "AC4-2", "AC4-10", "AC4-12"], SERVERS_FIRST],
            },
        ],
        outside: &[Outside {
            objectives: &[],
            what: "firewalls and load balancers in front of the cluster; that the network plugin enforces NetworkPolicy",
        }],
    },
    Entry {
        control: Control::Sc8,
        id: "sc-8",
        title: "Transmission Confidentiality and Integrity",
        objectives: &[Objective {
            id: "sc-8_obj",
            statement: "sc-8_smt",
            claim: "each TCP port of each workload of the mesh that its sidecar sees takes mutual TLS only, and the gateway's servers end TLS",
            rules: &[TRANSPORT, IN_MESH, ROLES],
        }],
        outside: &[Outside {
            objectives: &[],
            what: "traffic that is no workload's of the mesh: of nodes, of the API server, of storage, and what the exceptions list",
        }],
    },
    Entry {
        control: Control::Sc8Cryptography,
        id: "sc-8.1",
        title: "Transmission Confidentiality and Integrity: Cryptographic Protection",
        objectives: &[Objective {
            id: "sc-8.1_obj",
            statement: "sc-8.1_smt",
            claim: "what SC-8 claims is done by TLS 1.2 or later, with the suites of TLS 1.2 named",
            rules: &[TRANSPORT, IN_MESH, TLS],
        }],
        outside: &[Outside {
            objectives: &[],
            what: "whether the cryptographic modules are validated, which is SC-13",
        }],
    },
    Entry {
        control: Control::Sc13,
        id: "sc-13",
        title: "Cryptographic Protection",
        objectives: &[Objective {
            id: "sc-13_obj.b",
            statement: "sc-13_smt.b",
            claim: "TLS of the mesh and of its gateway is held to TLS 1.2 with suites that FIPS 140 approves, by a module that is validated",
            rules: &[TLS, MODULE],
        }],
        outside: &[
            Outside {
                objectives: &["sc-13_obj.a"],
                what: "which uses of cryptography the organization determined",
            },
            Outside {
                objectives: &["sc-13_obj.b"],
                what: "validation of the module: what an image is called proves nothing of what it holds. At run time \
                       `envoy --version` names its library, and NIST's list of validated modules decides",
            },
            Outside {
                objectives: &[],
                what: "connections that no compliance policy covers: istiod to the API server, fetching keys of tokens and Wasm modules",
            },
        ],
    },
];
