use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::source::Sources;

fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.add("mesh.yaml", "spec:\n  mtls:\n    mode: STRICKT\n");
    sources.add("ä.yaml", "é: ü x\n");
    sources
}

fn span(file: u32, start: u32, end: u32) -> Span {
    Span { file, start, end }
}

fn mode() -> Diagnostic {
    Diagnostic::error(
        "peer-authentication-mode",
        span(0, 24, 31),
        "unknown mTLS mode `STRICKT`",
        "expected `STRICT`",
    )
    .with_context(span(0, 8, 12), "in this block")
    .with_help("a similar mode exists")
    .with_help("see the documentation")
    .with_edit(span(0, 24, 31), "STRICT")
}

#[test]
fn a_fault_is_shown_with_its_place_its_context_and_its_edit() {
    let expected = "\
error[peer-authentication-mode]: unknown mTLS mode `STRICKT`
 --> mesh.yaml:3:11
  |
2 |   mtls:
  |   ---- in this block
3 |     mode: STRICKT
  |           ^^^^^^^ expected `STRICT`
  |
  = help: see the documentation
help: a similar mode exists
  |
3 -     mode: STRICKT
3 +     mode: STRICT
  |
";
    assert_eq!(render(&[mode()], &sources(), false), expected);
    assert!(render(&[mode()], &sources(), true).contains("\u{1b}["));
}

#[test]
fn faults_are_in_the_order_of_the_files() {
    let at = |code, file, start| Diagnostic::warning(code, span(file, start, start + 1), "m", "");
    let placeless = Diagnostic { labels: Vec::new(), ..at("z", 0, 0) };
    let given = [at("c", 1, 0), at("b", 0, 9), at("a", 0, 9), at("d", 0, 1), placeless];
    let codes: Vec<_> = in_order(&given).iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["z", "d", "a", "b", "c"]);
}

#[test]
fn a_fault_without_a_place_is_its_title() {
    let fault = Diagnostic { labels: Vec::new(), edit: None, ..mode() };
    let expected = "\
error[peer-authentication-mode]: unknown mTLS mode `STRICKT`
 |
 = help: a similar mode exists
 = help: see the documentation
";
    assert_eq!(render(&[fault], &sources(), false), expected);
    assert_eq!(render(&[], &sources(), false), "");
}

#[test]
fn a_block_is_marked_on_its_first_line() {
    let fault = Diagnostic::error("c", span(0, 0, 31), "m", "l");
    let expected = "\
error[c]: m
 --> mesh.yaml:1:1
  |
1 | spec:
  | ^^^^^ l
";
    assert_eq!(render(&[fault], &sources(), false), expected);
}

#[test]
fn programs_get_lines_and_columns_in_characters() {
    let fault = Diagnostic::error("c", span(1, 4, 6), "m", "l").with_help("h").with_edit(span(1, 4, 6), "o");
    let expected = json!({"code": "c", "severity": "error", "message": "m", "file": "ä.yaml", "line": 1, "column": 4,
        "help": ["h"], "edit": {"file": "ä.yaml", "line": 1, "column": 4, "endLine": 1, "endColumn": 5, "replacement": "o"}});
    assert_eq!(to_json(&fault, &sources()), expected);
    let placeless = Diagnostic { labels: Vec::new(), edit: None, severity: Severity::Note, ..fault };
    let expected = json!({"code": "c", "severity": "note", "message": "m", "file": null, "line": null, "column": null,
        "help": ["h"], "edit": null});
    assert_eq!(to_json(&placeless, &sources()), expected);
}

proptest! {
    #[test]
    fn any_place_in_any_text_can_be_shown(
        text in "[a-z äé🙂\t\r\n\u{0}-\u{1f}\u{85}\u{2028}]{0,40}",
        starts in prop::collection::vec((0_u32..50, 0_u32..20), 0..4),
        replacement in "[a-z\n\t ä]{0,9}",
    ) {
        let mut sources = Sources::default();
        sources.add("a.yaml", text);
        let labels = starts.iter().map(|(start, len)| Label { span: span(0, *start, start + len), text: "l".to_owned() });
        let labels: Vec<Label> = labels.collect();
        let edit = starts.first().map(|(start, len)| Edit { span: span(0, *start, start + len), replacement });
        let fault = Diagnostic { labels, edit, ..mode() };
        prop_assert!(render(std::slice::from_ref(&fault), &sources, false).starts_with("error[peer-authentication-mode]"));
        prop_assert!(to_json(&fault, &sources).is_object());
    }
}

#[test]
fn an_annotation_escapes_what_github_reads() {
    let mut sources = Sources::default();
    let file = sources.add("a,b:c.yaml", "x: 1\nä: 2\n");
    let finding = Diagnostic::warning("some-code", span(file, 5, 7), "100 % of\nit", "").with_help("do this");
    assert_eq!(
        to_github(&[finding, Diagnostic::general("other-code", "no place")], &sources),
        "::error title=other-code::no place\n\
         ::warning title=some-code,file=a%2Cb%3Ac.yaml,line=2,col=1,endLine=2,endColumn=2::100 %25 of%0Ait%0Ado this\n"
    );
}

#[test]
fn a_fingerprint_outlives_lines_above_it_and_tells_twins_apart() {
    let prints = |text: &str, spans: &[(u32, u32)]| -> Vec<String> {
        let mut sources = Sources::default();
        let file = sources.add("a b.yaml", text);
        let findings: Vec<Diagnostic> = spans
            .iter()
            .map(|(start, end)| Diagnostic::warning("c", span(file, *start, *end), "m", ""))
            .collect();
        let log = to_sarif(&findings, &sources, &[], "1.0.0");
        assert_eq!(
            log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
            "a%20b.yaml"
        );
        let results = log["runs"][0]["results"].as_array().expect("a list");
        results.iter().map(|result| result["partialFingerprints"]["meshwright/v1"].to_string()).collect()
    };
    let twice = prints("x: 1\nx: 1\n", &[(0, 1), (5, 6)]);
    assert_ne!(twice[0], twice[1]);
    assert_eq!(prints("y: 2\nx: 1\n", &[(5, 6)]), twice[..1]);
}
