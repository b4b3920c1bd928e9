//! Command-line transcripts: what is typed, what is answered, and with which exit code.
//!
//! Each `tests/cmd/*.toml` is a story in a directory of its own, `repo`, beside an empty `outside`:
//!
//! * `copy` names files of `profiles/` that are there at first, `[files]` gives others by path and text;
//! * `[[steps]]` happen in turn. A step either runs the program (`run`, whose words are cut at spaces and held
//!   together by `'`), or looks (`list` a directory, `show` a file), or changes something (`write`, `append`,
//!   `replace`, `remove`, `link`, `make-directory`).
//!
//! One rule for expectations: what is absent is 0 for `exit` and empty for `stdout` and `stderr`; what is there is
//! the exact text, in which a line `...` stands for any number of lines. Hashes are shown as `<sha256>`, and the
//! version as `<version>`. `UPDATE=1 cargo test --test cmd` rewrites every expectation that does not hold.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;
use similar::TextDiff;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Transcript {
    #[serde(default)]
    copy: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
    steps: Vec<Step>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Step {
    about: Option<String>,
    run: Option<String>,
    env: BTreeMap<String, String>,
    list: Option<String>,
    show: Option<String>,
    write: Option<String>,
    append: Option<String>,
    replace: Option<String>,
    remove: Option<String>,
    link: Option<String>,
    make_directory: Option<String>,
    /// What to write or append, or what `replace` replaces with.
    text: Option<String>,
    /// What `replace` replaces, all of it.
    old: Option<String>,
    /// Where `link` leads.
    target: Option<String>,
    exit: i32,
    stdout: String,
    stderr: String,
}

#[derive(PartialEq, Eq)]
struct Answer {
    exit: i32,
    stdout: String,
    stderr: String,
}

#[test]
fn every_transcript_holds() {
    let update = env::var_os("UPDATE").is_some();
    let failures: Vec<String> = transcripts().iter().filter_map(|path| failure(path, update)).collect();
    assert!(failures.is_empty(), "{}\nUPDATE=1 rewrites the expectations\n", failures.join("\n"));
}

#[test]
fn three_dots_stand_for_any_lines_and_for_nothing_else() {
    let fits = [
        ("", ""),
        ("a\n", "a\n"),
        ("...\n", ""),
        ("...\n", "a\n"),
        ("a\n...\n", "a\nb\n"),
        ("...\nc\n", "a\nc\n"),
        ("a\n...\nc\n...\ne\n", "a\nb\nc\nd\ne\n"),
        ("a\n...\nb\n", "a\nb\n"),
    ];
    let misfits = [
        ("", "a\n"),
        ("a\n", ""),
        ("a\n", "a\nb\n"),
        ("a\n...\n", "b\n"),
        ("...\nc\n", "c\nd\n"),
        ("a\n...\nc\n...\ne\n", "a\nb\nd\ne\n"),
        ("a\n...\na\n", "a\n"),
    ];
    for (expected, actual) in fits {
        assert!(holds(expected, actual), "{expected:?} {actual:?}");
    }
    for (expected, actual) in misfits {
        assert!(!holds(expected, actual), "{expected:?} {actual:?}");
    }
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let entries = fs::read_dir(folder).expect("the transcripts are there");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    paths
}

/// Plays a transcript; returns how it went wrong, unless the file could be and was updated.
fn failure(path: &Path, update: bool) -> Option<String> {
    let text = fs::read_to_string(path).expect("a transcript is UTF-8");
    let mut transcript: Transcript =
        toml::from_str(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    let played = play(&transcript);
    let mut report = String::new();
    for (step, answer) in transcript.steps.iter_mut().zip(played) {
        report.push_str(&mismatch(step, &answer));
        adopt(step, answer);
    }
    if report.is_empty() {
        return None;
    }
    if update {
        fs::write(path, written(&text, &transcript)).expect("a transcript can be written");
        return None;
    }
    Some(format!("== {}\n{report}", path.display()))
}

fn play(transcript: &Transcript) -> Vec<Answer> {
    let temp = tempfile::tempdir().expect("a temporary directory can be made");
    let repo = temp.path().join("repo");
    fs::create_dir(&repo).expect("it can be made");
    fs::create_dir(temp.path().join("outside")).expect("it can be made");
    let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
    for path in &transcript.copy {
        put(&repo.join(path), &fs::read(profiles.join(path)).expect("the profile is shipped"));
    }
    for (path, text) in &transcript.files {
        put(&repo.join(path), text.as_bytes());
    }
    transcript.steps.iter().map(|step| take(step, &repo)).collect()
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file lies in a directory")).expect("it can be made");
    fs::write(path, bytes).expect("it can be written");
}

fn take(step: &Step, repo: &Path) -> Answer {
    let said = |stdout: String| Answer { exit: 0, stdout, stderr: String::new() };
    if let Some(line) = &step.run {
        return run(line, &step.env, repo);
    }
    if let Some(path) = &step.list {
        let mut paths = Vec::new();
        list(repo, Path::new(path), &mut paths);
        paths.sort();
        return said(paths.iter().fold(String::new(), |text, path| text + path + "\n"));
    }
    if let Some(path) = &step.show {
        return said(stable(&fs::read_to_string(repo.join(path)).expect("the file is text")));
    }
    change(step, repo);
    said(String::new())
}

fn run(line: &str, env: &BTreeMap<String, String>, repo: &Path) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshwright"));
    command.args(words(line)).current_dir(repo).stdin(Stdio::null());
    command.env_clear().env("COLUMNS", "100").envs(env);
    let output = command.output().expect("the program starts");
    let text = |bytes| stable(&String::from_utf8(bytes).expect("what is printed is UTF-8"));
    Answer {
        exit: output.status.code().expect("nothing kills the program"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
    for c in line.chars() {
        match c {
            '\'' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            ' ' if !is_quoted => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn change(step: &Step, repo: &Path) {
    let text = step.text.as_deref().unwrap_or_default();
    if let Some(path) = &step.write {
        put(&repo.join(path), text.as_bytes());
    } else if let Some(path) = &step.append {
        let before = fs::read_to_string(repo.join(path)).expect("the file is there");
        put(&repo.join(path), (before + text).as_bytes());
    } else if let Some(path) = &step.replace {
        let before = fs::read_to_string(repo.join(path)).expect("the file is there");
        let old = step.old.as_deref().expect("`replace` needs `old`");
        assert!(before.contains(old), "`{old}` is not in {path}");
        put(&repo.join(path), before.replace(old, text).as_bytes());
    } else if let Some(path) = &step.remove {
        let path = repo.join(path);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("it can go");
    } else if let Some(path) = &step.link {
        let target = step.target.as_ref().expect("`link` needs `target`");
        let path = repo.join(path);
        fs::create_dir_all(path.parent().expect("a link lies in a directory")).expect("it can be made");
        std::os::unix::fs::symlink(target, path).expect("a link can be made");
    } else if let Some(path) = &step.make_directory {
        fs::create_dir_all(repo.join(path)).expect("it can be made");
    } else {
        panic!("a step does nothing");
    }
}

/// Lists what is no directory; a directory that is empty counts, with a slash.
fn list(repo: &Path, at: &Path, paths: &mut Vec<String>) {
    let entries = fs::read_dir(repo.join(at)).expect("the directory is there");
    let before = paths.len();
    for entry in entries {
        let entry = entry.expect("it can be read");
        let path = at.join(entry.file_name());
        if entry.file_type().expect("it has one").is_dir() {
            list(repo, &path, paths);
        } else {
            paths.push(path.strip_prefix(".").unwrap_or(&path).display().to_string());
        }
    }
    if paths.len() == before {
        paths.push(format!("{}/", at.display()));
    }
}

/// Replaces what changes with every version or profile: hashes, and the version's number.
fn stable(text: &str) -> String {
    let text = text.replace(concat!("meshwright ", env!("CARGO_PKG_VERSION")), "meshwright <version>");
    let (mut stable, mut rest) = (String::new(), text.as_str());
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let length = rest[start..].find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len() - start);
        stable.push_str(&rest[..start]);
        stable.push_str(if length == 64 { "<sha256>" } else { &rest[start..start + length] });
        rest = &rest[start + length..];
    }
    stable + rest
}

fn mismatch(step: &Step, answer: &Answer) -> String {
    let mut report = String::new();
    if step.exit != answer.exit {
        let _ = writeln!(report, "exit {}, expected {}", answer.exit, step.exit);
    }
    for (name, expected, actual) in
        [("stdout", &step.stdout, &answer.stdout), ("stderr", &step.stderr, &answer.stderr)]
    {
        if !holds(expected, actual) {
            let diff = TextDiff::from_lines(expected.as_str(), actual.as_str());
            let headers = (format!("expected {name}"), format!("actual {name}"));
            let _ = write!(report, "{}", diff.unified_diff().header(&headers.0, &headers.1));
        }
    }
    let name = step.run.as_deref().or(step.list.as_deref()).or(step.show.as_deref()).unwrap_or("a change");
    if report.is_empty() { report } else { format!("-- {name}\n{report}") }
}

/// Whether a text is as expected, where a line `...` stands for any number of lines.
fn holds(expected: &str, actual: &str) -> bool {
    let expected: Vec<&str> = expected.split_inclusive('\n').collect();
    let actual: Vec<&str> = actual.split_inclusive('\n').collect();
    let mut parts = expected.split(|line| *line == "...\n");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = actual.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = (0..=rest.len()).find(|at| rest[*at..].starts_with(part)) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Takes the answer as what is expected, except where the expectation holds.
fn adopt(step: &mut Step, answer: Answer) {
    step.exit = answer.exit;
    if !holds(&step.stdout, &answer.stdout) {
        step.stdout = answer.stdout;
    }
    if !holds(&step.stderr, &answer.stderr) {
        step.stderr = answer.stderr;
    }
}

/// Returns a transcript as it is kept, with the comment at the head of the old text.
fn written(old: &str, transcript: &Transcript) -> String {
    let head = old.split_inclusive('\n').take_while(|line| line.starts_with('#') || line.trim().is_empty());
    let mut text = head.collect::<String>().trim_end().to_owned() + "\n";
    if !transcript.copy.is_empty() {
        let names: Vec<String> = transcript.copy.iter().map(|name| format!("\"{name}\"")).collect();
        let _ = writeln!(text, "\ncopy = [{}]", names.join(", "));
    }
    if !transcript.files.is_empty() {
        text.push_str("\n[files]\n");
        for (path, content) in &transcript.files {
            let _ = writeln!(text, "\"{path}\" = {}", quoted(content));
        }
    }
    transcript.steps.iter().fold(text, |text, step| text + &written_step(step))
}

fn written_step(step: &Step) -> String {
    let mut text = "\n[[steps]]\n".to_owned();
    let keys = [
        ("about", &step.about),
        ("run", &step.run),
        ("list", &step.list),
        ("show", &step.show),
        ("write", &step.write),
        ("append", &step.append),
        ("replace", &step.replace),
        ("remove", &step.remove),
        ("link", &step.link),
        ("make-directory", &step.make_directory),
        ("old", &step.old),
        ("text", &step.text),
        ("target", &step.target),
    ];
    for (key, value) in keys {
        if let Some(value) = value {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    for (key, value) in &step.env {
        let _ = writeln!(text, "env.{key} = {}", quoted(value));
    }
    if step.exit != 0 {
        let _ = writeln!(text, "exit = {}", step.exit);
    }
    for (key, value) in [("stdout", &step.stdout), ("stderr", &step.stderr)] {
        if !value.is_empty() {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        }
    }
    text
}

/// Returns a TOML string that reads as its text does, where that can be.
fn quoted(text: &str) -> String {
    let is_plain = !text.chars().any(|c| c.is_control() && c != '\n') && !text.contains("'''");
    match (is_plain, text.contains('\n')) {
        (true, true) if !text.ends_with('\'') => format!("'''\n{text}'''"),
        _ if is_plain && !text.contains(['\n', '"', '\\']) => format!("\"{text}\""),
        _ if !text.contains('\n') => toml::Value::from(text).to_string(),
        _ => format!("\"\"\"\n{}\"\"\"", escaped(text)),
    }
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '\n' => escaped.push(c),
            '"' | '\\' => escaped.extend(['\\', c]),
            _ if c.is_control() => {
                let _ = write!(escaped, "\\u{:04X}", u32::from(c));
            }
            _ => escaped.push(c),
        }
        escaped
    })
}
