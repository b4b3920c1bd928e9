//! A clone, read through the git command.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    rc::Rc,
};

/// A clone, with or without a work tree.
pub struct Repository {
    path: String,
    blobs: RefCell<BTreeMap<String, Rc<str>>>,
    reader: RefCell<Child>,
}

/// A released version: `1.27.9` or `v2.9.4`, no candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
    /// The third number.
    pub patch: u16,
    /// Whether the tag is written with a `v`.
    pub has_v: bool,
}

impl Tag {
    /// Reads a tag's name; none for a candidate or anything else.
    pub fn parse(name: &str) -> Option<Self> {
        let (has_v, numbers) = name.strip_prefix('v').map_or((false, name), |rest| (true, rest));
        let mut numbers = numbers.split('.').map(|number| number.parse::<u16>().ok());
        let tag = Self { major: numbers.next()??, minor: numbers.next()??, patch: numbers.next()??, has_v };
        numbers.next().is_none().then_some(tag)
    }

    /// Returns the minor that it belongs to.
    pub fn minor(self) -> (u16, u16) {
        (self.major, self.minor)
    }
}

impl std::fmt::Display for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let v = if self.has_v { "v" } else { "" };
        write!(f, "{v}{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl Repository {
    /// Opens a clone, and a `git cat-file --batch` to read it with.
    pub fn open(path: &str) -> Result<Self, String> {
        let reader = Command::new("git")
            .args(["-C", path, "cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("git: {error}"))?;
        Ok(Self { path: path.to_owned(), blobs: RefCell::default(), reader: RefCell::new(reader) })
    }

    /// Returns every released version, oldest first.
    pub fn tags(&self) -> Result<Vec<Tag>, String> {
        let mut tags: Vec<Tag> = self.git(&["tag", "--list"])?.lines().filter_map(Tag::parse).collect();
        tags.sort_unstable();
        if tags.is_empty() { Err(format!("{} has no tags; fetch them", self.path)) } else { Ok(tags) }
    }

    /// Returns the files at or below `paths`, by path.
    pub fn files(&self, tag: Tag, paths: &[&str]) -> Result<Vec<(String, Rc<str>)>, String> {
        let tag = tag.to_string();
        let mut arguments = vec!["ls-tree", "-r", &tag, "--"];
        arguments.extend(paths);
        let list = self.git(&arguments)?;
        let entry = |line: &str| {
            let (meta, path) = line.split_once('\t')?;
            Some((path.to_owned(), meta.split(' ').nth(2)?.to_owned()))
        };
        list.lines().filter_map(entry).map(|(path, blob)| Ok((path, self.blob(&blob)?))).collect()
    }

    /// Returns one file's text.
    pub fn file(&self, tag: Tag, path: &str) -> Result<Rc<str>, String> {
        let mut files = self.files(tag, &[path])?;
        files.pop().map(|(_, text)| text).ok_or_else(|| format!("{tag}:{path} does not exist"))
    }

    /// Returns the files below `paths` that contain `text`, tests left out.
    pub fn files_with(&self, tag: Tag, text: &str, paths: &[&str]) -> Result<Vec<(String, Rc<str>)>, String> {
        let name = tag.to_string();
        let mut arguments = vec!["grep", "-lF", text, &name, "--"];
        arguments.extend(paths);
        let list = self.git(&arguments)?;
        let named = list.lines().filter_map(|line| line.split_once(':').map(|(_, path)| path));
        let sources: Vec<&str> = named
            .filter(|path| path.strip_suffix(".go").is_some_and(|path| !path.ends_with("_test")))
            .collect();
        if sources.is_empty() { Ok(Vec::new()) } else { self.files(tag, &sources) }
    }

    fn git(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("git")
            .args(["-C", &self.path])
            .args(arguments)
            .output()
            .map_err(|error| format!("git: {error}"))?;
        // `git grep` ends with 1 where it finds nothing, and says nothing.
        if output.status.success() || output.stderr.is_empty() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(format!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
    }

    /// Returns a blob's text; the same blob stands in many tags, and is read once.
    fn blob(&self, id: &str) -> Result<Rc<str>, String> {
        if let Some(text) = self.blobs.borrow().get(id) {
            return Ok(text.clone());
        }
        let text: Rc<str> = self.read(id).map_err(|error| format!("blob {id}: {error}"))?.into();
        self.blobs.borrow_mut().insert(id.to_owned(), text.clone());
        Ok(text)
    }

    fn read(&self, id: &str) -> std::io::Result<String> {
        let mut reader = self.reader.borrow_mut();
        writeln!(reader.stdin.as_mut().expect("it is piped"), "{id}")?;
        let mut output = BufReader::with_capacity(1, reader.stdout.as_mut().expect("it is piped"));
        let mut head = String::new();
        output.read_line(&mut head)?;
        let size = head.trim().rsplit(' ').next().and_then(|size| size.parse::<usize>().ok());
        let size = size.ok_or_else(|| std::io::Error::other(head.trim().to_owned()))?;
        let mut bytes = vec![0; size + 1];
        output.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let reader = self.reader.get_mut();
        drop(reader.stdin.take());
        let _ = reader.wait();
    }
}
