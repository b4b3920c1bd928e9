//! Names as Istio's objects write them: `namespace/host`, and hosts with a `*` in front.

/// Tells whether the scope of a host, or of `exportTo`, means a namespace: `*` any, `.` the namespace `own` that it is
/// read in.
pub fn is_scope_of(scope: &str, own: &str, namespace: &str) -> bool {
    match scope {
        "*" => true,
        "." => own == namespace,
        name => name == namespace,
    }
}

/// Tells whether a host, which may begin with a `*`, holds all of another (`SubsetOf` in `pkg/config/host/name.go` of
/// Istio 1.21.1).
pub fn holds(wide: &str, narrow: &str) -> bool {
    wide == narrow || wide.strip_prefix('*').is_some_and(|suffix| narrow.ends_with(suffix))
}

/// Returns the namespace and the name of what `namespace/name` or, in the namespace `own`, `name` stands for.
pub fn qualified<'a>(word: &'a str, own: &'a str) -> (&'a str, &'a str) {
    word.split_once('/').unwrap_or((own, word))
}
