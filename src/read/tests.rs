use std::{fs, process::Command};

use tempfile::TempDir;

use super::*;
use crate::diagnostic;

/// A directory of its own, which is where every path starts.
struct Folder {
    temp: TempDir,
}

impl Folder {
    fn new() -> Self {
        Self { temp: TempDir::new().expect("a temporary directory can be made") }
    }

    fn path(&self, below: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.temp.path()).expect("its name is UTF-8").join(below)
    }

    fn put(&self, path: &str, bytes: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("folders can be made");
        fs::write(path, bytes).expect("a file can be written");
        self
    }

    fn read(&self, below: &[&str]) -> Read {
        let named: Vec<Utf8PathBuf> = below.iter().map(|path| self.path(path)).collect();
        let mut sources = Sources::default();
        let (input, diagnostics) = paths(&named, &b""[..], &mut sources);
        Read {
            input,
            diagnostics,
            sources,
            top: format!("{}/", self.path("").as_str().trim_end_matches('/')),
        }
    }
}

struct Read {
    input: Input,
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
    top: String,
}

impl Read {
    fn texts(&self) -> Vec<(String, &str)> {
        let text = |text: &Text| {
            (text.path.as_str().replace(&self.top, ""), self.sources.get(text.file).text.as_str())
        };
        self.input.texts.iter().map(text).collect()
    }

    /// The code and path of every diagnostic.
    fn faults(&self) -> Vec<(&'static str, String)> {
        let fault = |fault: &Diagnostic| {
            let path = fault.labels.first().map_or("", |label| self.sources.path(label.span.file).as_str());
            (fault.code, path.replace(&self.top, ""))
        };
        self.diagnostics.iter().map(fault).collect()
    }

    fn paths(paths: &[Utf8PathBuf], top: &str) -> Vec<String> {
        paths.iter().map(|path| path.as_str().replace(top, "")).collect()
    }
}

fn fault(code: &'static str, path: &str) -> (&'static str, String) {
    (code, path.to_owned())
}

#[test]
fn a_folder_is_read_in_the_order_of_its_paths() {
    let folder = Folder::new();
    folder.put("b/c.yml", "1").put("b.yaml", "2").put("a.json", "3").put("b/Kustomization", "4");
    folder
        .put("README.md", "5")
        .put(".git/x.yaml", "6")
        .put("node_modules/y.yaml", "7")
        .put("b/.z/y.yaml", "8");
    let read = folder.read(&["."]);
    let expected = [("a.json", "3"), ("b.yaml", "2"), ("b/Kustomization", "4"), ("b/c.yml", "1")];
    assert_eq!(read.texts(), expected.map(|(path, text)| (path.to_owned(), text)));
    assert_eq!(read.faults(), []);
    assert_eq!(Read::paths(&read.input.others, &read.top), ["README.md"]);
    assert_eq!(Read::paths(&read.input.unentered, &read.top), [".git", "b/.z", "node_modules"]);
    assert_eq!(read.input.passed_over, BTreeMap::from([(PassedOver::OtherEnding, 1)]));
    assert_eq!(read.input.bytes(&folder.path("README.md")), Ok(b"5".to_vec()));
    assert!(read.input.bytes(&folder.path(".git/x.yaml")).is_err(), "what no walk met is not opened");
}

#[test]
fn a_file_that_is_named_is_read_once_whatever_its_name() {
    let folder = Folder::new();
    folder.put("a/b.txt", "1").put("a/c.yaml", "2");
    let read = folder.read(&["a/b.txt", "a", "a/../a/./c.yaml"]);
    assert_eq!(read.texts(), [("a/b.txt".to_owned(), "1"), ("a/c.yaml".to_owned(), "2")]);
    assert_eq!(read.faults(), []);
}

#[test]
fn standard_input_is_a_text_among_others() {
    let folder = Folder::new();
    folder.put("a.yaml", "1");
    let mut sources = Sources::default();
    let (input, diagnostics) =
        paths(&["-".into(), folder.path("a.yaml")], &b"\xef\xbb\xbfb: 1\n"[..], &mut sources);
    assert_eq!(diagnostics, []);
    let file = input.text(Utf8Path::new(STANDARD_INPUT)).expect("it was read");
    assert_eq!((input.texts.len(), sources.get(file).text.as_str()), (2, "b: 1\n"));
}

#[test]
fn templates_of_a_chart_are_passed_over_unless_they_are_named() {
    let folder = Folder::new();
    folder.put("c/Chart.yaml", "").put("c/templates/a.yaml", "{{ x }}").put("c/charts/d/Chart.yaml", "");
    folder.put("c/charts/d/templates/e/f.yaml", "").put("c/crds/g.yaml", "").put("templates/h.yaml", "");
    folder.put("NotChart.yaml", "");
    let read = folder.read(&["."]);
    let paths: Vec<String> = read.texts().into_iter().map(|(path, _)| path).collect();
    let expected =
        ["NotChart.yaml", "c/Chart.yaml", "c/charts/d/Chart.yaml", "c/crds/g.yaml", "templates/h.yaml"];
    assert_eq!(paths, expected);
    assert_eq!(read.input.passed_over, BTreeMap::from([(PassedOver::ChartTemplate, 2)]));
    assert_eq!(folder.read(&[".", "c/templates/a.yaml"]).input.texts.len(), 6);
}

#[test]
fn encodings_are_told_by_their_mark() {
    let folder = Folder::new();
    let units =
        |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    folder.put("a.yaml", "\u{feff}a: ä\r\n").put("b.yaml", units("\u{feff}a: 𝄞\n", u16::to_le_bytes));
    folder.put("c.yaml", units("\u{feff}a: 1\n", u16::to_be_bytes)).put("d.yaml", b"\xff\xfea");
    folder.put("e.yaml", b"a: \xe4\n").put("f.yaml", b"a: \0\n").put("g.yaml", b"\xff\xfe\0\0a\0\0\0");
    folder.put("h.yaml", b"\x7fELF\xff\0").put("i.yaml", b"\xff\xfe\0\xd8").put("j.yaml", "");
    let read = folder.read(&["."]);
    let expected = [("a.yaml", "a: ä\r\n"), ("b.yaml", "a: 𝄞\n"), ("c.yaml", "a: 1\n"), ("j.yaml", "")];
    assert_eq!(read.texts(), expected.map(|(path, text)| (path.to_owned(), text)));
    let expected = [
        fault("utf-16", "b.yaml"),
        fault("utf-16", "c.yaml"),
        fault("binary-file", "d.yaml"),
        fault("not-utf-8", "e.yaml"),
        fault("binary-file", "f.yaml"),
        fault("binary-file", "g.yaml"),
        fault("binary-file", "h.yaml"),
        fault("binary-file", "i.yaml"),
    ];
    assert_eq!(read.faults(), expected);
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let folder = Folder::new();
    folder.put("a.yaml", "a: 1\n").put("b.yaml", "");
    let long = fs::File::options().write(true).open(folder.path("b.yaml")).expect("it opens");
    long.set_len(100 << 20).expect("a file may have holes");
    let read = folder.read(&["."]);
    assert_eq!((read.texts().len(), read.faults()), (1, vec![fault("file-too-long", "b.yaml")]));
    let endless = paths(&["-".into()], std::io::repeat(b' '), &mut Sources::default());
    assert_eq!(endless.1[0].code, "file-too-long");
}

#[test]
fn what_is_not_there_is_told_and_the_rest_is_read() {
    let folder = Folder::new();
    folder.put("a.yaml", "a: 1\n");
    let read = folder.read(&["none", "a.yaml", "a.yaml/b"]);
    assert_eq!(read.texts().len(), 1);
    assert_eq!(read.faults(), [fault("unreadable-file", "a.yaml/b"), fault("unreadable-file", "none")]);
    let said = diagnostic::render(&read.diagnostics[1..], &read.sources, false).replace(&read.top, "");
    let help = "name a file or a folder that is there; a path starts where the command is run";
    let expected = format!(
        "error[unreadable-file]: `none` is not there\n --> none:1:1\n  |\n1 |\n  | ^\n  |\n  = help: {help}\n"
    );
    assert_eq!(said, expected);
    folder.put("apps/web.yaml", "");
    let near = folder.read(&["apps/wbe.yaml"]);
    let said = diagnostic::render(&near.diagnostics, &near.sources, false).replace(&near.top, "");
    assert!(said.contains("= help: a similar name is there: `apps/web.yaml`"), "{said}");
}

#[cfg(unix)]
#[test]
fn links_pipes_and_closed_folders_are_told_and_not_followed() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = Folder::new();
    folder.put("in/a.yaml", "a: 1\n").put("out/b.yaml", "").put("in/closed/c.yaml", "");
    symlink(folder.path("in"), folder.path("in/loop")).expect("a link can be made");
    symlink(folder.path("out"), folder.path("in/away")).expect("a link can be made");
    symlink("a.yaml", folder.path("in/same.yaml")).expect("a link can be made");
    symlink("nothing", folder.path("in/nowhere.yaml")).expect("a link can be made");
    symlink("self.yaml", folder.path("in/self.yaml")).expect("a link can be made");
    symlink("nothing", folder.path("in/text.md")).expect("a link can be made");
    let pipe = Command::new("mkfifo").arg(folder.path("in/pipe.yaml")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    fs::set_permissions(folder.path("in/closed"), fs::Permissions::from_mode(0o0)).expect("it can be closed");
    let read = folder.read(&["in", "in/pipe.yaml"]);
    fs::set_permissions(folder.path("in/closed"), fs::Permissions::from_mode(0o755))
        .expect("it can be opened");
    let mut expected = vec![
        fault("symbolic-link", "in/away"),
        fault("symbolic-link", "in/loop"),
        fault("symbolic-link", "in/nowhere.yaml"),
        fault("special-file", "in/pipe.yaml"),
        fault("symbolic-link", "in/same.yaml"),
        fault("symbolic-link", "in/self.yaml"),
    ];
    // Whoever runs this as root may read everything.
    if read.texts().len() == 1 {
        expected.insert(1, fault("unreadable-directory", "in/closed"));
    }
    assert_eq!(read.faults(), expected);
    assert!(read.diagnostics[0].message.contains("leads out of what is read"));
    let links = Read::paths(&read.input.links, &read.top);
    assert_eq!(
        links,
        ["in/away", "in/loop", "in/nowhere.yaml", "in/same.yaml", "in/self.yaml", "in/text.md"]
    );
    // A link that is named is followed: the user knows where it leads.
    let linked = folder.read(&["in/away"]);
    assert_eq!((linked.texts(), linked.faults()), (vec![("in/away/b.yaml".to_owned(), "")], vec![]));
}

#[test]
fn a_revision_is_read_as_it_was_committed() {
    let folder = Folder::new();
    folder
        .put("apps/a.yaml", "old")
        .put("apps/b/c.txt", "text")
        .put("top.yaml", "top")
        .put("apps/.d/e.yaml", "");
    folder.put("apps/ä b.yaml", "umlaut").put("apps/bin.yaml", b"\0");
    let git = |arguments: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        let command = command.args(["-C", folder.path("").as_str()]).args(who).args(arguments);
        assert!(command.output().expect("git runs").status.success(), "{arguments:?}");
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "--message=one"]);
    folder.put("apps/a.yaml", "new");
    let read = |directory: &str, name: &str| {
        let mut sources = Sources::default();
        let (input, diagnostics) = revision(&folder.path(directory), name, &mut sources);
        Read { input, diagnostics, sources, top: String::new() }
    };
    let tree = read("", "HEAD:apps");
    assert_eq!(tree.texts(), [("apps/a.yaml".to_owned(), "old"), ("apps/ä b.yaml".to_owned(), "umlaut")]);
    assert_eq!(tree.faults(), [fault("binary-file", "HEAD:apps/bin.yaml")]);
    assert_eq!(tree.sources.path(tree.input.texts[0].file), "HEAD:apps/a.yaml");
    assert_eq!(tree.input.unentered, ["apps/.d"]);
    assert_eq!(tree.input.bytes(Utf8Path::new("apps/b/c.txt")), Ok(b"text".to_vec()));
    assert_eq!(read("", "main:").texts().len(), 3);
    assert_eq!(read("", "main:top.yaml").texts(), [("top.yaml".to_owned(), "top")]);
    for wrong in ["HEAD:none", "none:apps", "--help:apps", ":apps", "apps"] {
        let read = read("", wrong);
        assert_eq!(
            (read.texts().len(), read.faults()),
            (0, vec![fault("unreadable-revision", "")]),
            "{wrong}"
        );
    }
}

#[test]
fn texts_are_found_by_their_path_and_their_folder() {
    let mut sources = Sources::default();
    let files = ["a/b.yaml", "a/b/c.yaml", "a.yaml", "a-b/c.yaml", "ab.txt"].map(|path| (path, path));
    let input = Input::of(files, &mut sources);
    let below = |folder: &str| {
        input.below(Utf8Path::new(folder)).iter().map(|text| text.path.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(below("a"), ["a/b.yaml", "a/b/c.yaml"]);
    assert_eq!(below("a/b"), ["a/b/c.yaml"]);
    assert_eq!((below("").len(), below("none").len()), (4, 0));
    assert!(input.text(Utf8Path::new("a.yaml")).is_some() && input.text(Utf8Path::new("ab.txt")).is_none());
    assert_eq!(input.bytes(Utf8Path::new("ab.txt")), Ok(b"ab.txt".to_vec()));
}

#[test]
fn a_path_is_cleaned_of_what_says_nothing() {
    let cases = [
        (".", ""),
        ("./a//b/", "a/b"),
        ("a/../b", "b"),
        ("../a/../../b", "../../b"),
        ("/../a/.", "/a"),
        ("/", "/"),
        ("", ""),
    ];
    for (path, expected) in cases {
        assert_eq!(clean(Utf8Path::new(path)), expected, "{path}");
    }
}

const OBJECT: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";

/// The object without one of its keys.
fn without(key: &str) -> String {
    OBJECT.split_inclusive('\n').filter(|line| !line.starts_with(key)).collect()
}

/// How many objects a text holds, or why none, and what is said of it.
fn held(text: &str) -> (Result<usize, PassedOver>, Vec<&'static str>) {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", text);
    let (found, diagnostics) = objects(&sources, file);
    (found.map(|objects| objects.len()), diagnostics.iter().map(|fault| fault.code).collect())
}

#[test]
fn an_object_has_an_api_version_and_a_kind() {
    use PassedOver::{NoObject, Template};
    let cases = [
        (OBJECT.to_owned(), Ok(1), vec![]),
        (format!("{OBJECT}---\n# nothing\n---\n{OBJECT}"), Ok(2), vec![]),
        ("{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}".to_owned(), Ok(1), vec![]),
        ("{\"api\\u0056ersion\": \"v1\", \"kind\": \"Pod\"}".to_owned(), Ok(1), vec![]),
        ("apiVersion: v2\nname: chart\n".to_owned(), Err(NoObject), vec![]),
        ("apiVersion: 1\nkind: Pod\n".to_owned(), Err(NoObject), vec![]),
        ("apiVersion: v1\nkind: ''\n".to_owned(), Err(NoObject), vec![]),
        ("- op: replace\n  path: /apiVersion\n".to_owned(), Err(NoObject), vec![]),
        ("jobs: [*none]\n".to_owned(), Err(NoObject), vec![]),
        ("image: !reference [a, b]\n".to_owned(), Err(NoObject), vec![]),
        (String::new(), Err(NoObject), vec![]),
        ("apiVersion: v1\nkind: [\n".to_owned(), Err(NoObject), vec!["yaml-syntax"]),
        (format!("{OBJECT}---\na: [\n---\n{OBJECT}"), Ok(2), vec!["yaml-syntax"]),
        (format!("{OBJECT}---\na: 1\n"), Ok(1), vec!["not-an-object"]),
        (format!("{OBJECT}---\n{}", without("kind")), Ok(1), vec!["object-half-named"]),
        (without("apiVersion"), Err(NoObject), vec!["object-half-named"]),
        (without("kind"), Err(NoObject), vec!["object-half-named"]),
        (
            "{\"kind\": \"Pod\", \"metadata\": {\"generateName\": \"a-\"}}".to_owned(),
            Err(NoObject),
            vec!["object-half-named"],
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n".to_owned(),
            Ok(1),
            vec!["object-half-named"],
        ),
        ("kind: Kustomization\nmetadata: {name: a}\n".to_owned(), Err(NoObject), vec![]),
        ("kind: Pod\nmetadata: {labels: {a: b}}\n".to_owned(), Err(NoObject), vec![]),
        ("metadata: {name: a}\n".to_owned(), Err(NoObject), vec![]),
        (format!("{{{{- if .Values.a }}}}\n{OBJECT}{{{{- end }}}}\n"), Err(Template), vec![]),
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: '{{ .Values.a }}'}\n".to_owned(),
            Err(Template),
            vec![],
        ),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {{ a }}\n".to_owned(), Err(Template), vec![]),
        (format!("{OBJECT}data: {{a: \"{{{{ $labels.a }}}}\"}}\n"), Ok(1), vec![]),
        (format!("{OBJECT}a: &a {{b: 1}}\nc: {{<<: *a}}\n"), Ok(1), vec![]),
    ];
    for (text, expected, codes) in cases {
        assert_eq!(held(&text), (expected, codes), "{text}");
    }
}

#[test]
fn json_is_read_as_json() {
    let indented = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"a\": [\n\t\t\"b\\/c\",\n\t\t\"\\ud834\\udd1e\",\n\t\t1e3\n\t]\n}\n";
    let mut sources = Sources::default();
    let file = sources.add("a.json", indented);
    let (found, diagnostics) = objects(&sources, file);
    assert_eq!(diagnostics, [], "{}", diagnostic::render(&diagnostics, &sources, false));
    let found = serde_json::to_value(&found.expect("an object")[0]).expect("a node is JSON");
    let expected: serde_json::Value = serde_json::from_str(indented).expect("it is JSON");
    assert_eq!(found, expected);
}

#[test]
fn hostile_yaml_ends_in_a_diagnostic() {
    let deep = |depth: usize| format!("{OBJECT}a: {}{}\n", "[".repeat(depth), "]".repeat(depth));
    let bomb = {
        let levels = (1..20).map(|level| {
            format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "))
        });
        format!("{OBJECT}a0: &a0 [x]\n{}", levels.collect::<String>())
    };
    let cases = [
        (deep(1_000), "yaml-depth"),
        (deep(100_000), "yaml-depth"),
        (bomb, "yaml-alias-budget"),
        (format!("{OBJECT}kind: Job\n"), "yaml-duplicate-key"),
        (format!("{OBJECT}spec:\n\ta: 1\n"), "yaml-syntax"),
        (format!("{OBJECT}a: &a [*a]\n"), "yaml-alias-cycle"),
        (format!("{OBJECT}a: \u{1}\n"), "yaml-syntax"),
    ];
    for (text, code) in cases {
        let (_, codes) = held(&text);
        assert!(codes.contains(&code), "{code}: {codes:?}");
    }
    assert_eq!(held(&OBJECT.replace('\n', "\r\n")), (Ok(1), vec![]));
}
