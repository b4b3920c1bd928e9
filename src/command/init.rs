//! `meshwright init`: a profile to start from.

use std::{
    fs::{self, OpenOptions},
    io::{self, ErrorKind, Write as _},
};

use anyhow::Result;
use camino::Utf8Path;
use serde_json::json;

use crate::{
    cli::Init,
    diagnostic::Diagnostic,
    profile, render,
    shell::{self, Exit, Shell},
    source::{Source, Sources},
};

pub(super) fn run(options: &Init, shell: &mut Shell) -> Result<Exit> {
    let text = render::starter(&json!({
        "domain": options.domain,
        "chartVersion": options.chart_version,
        "tlsSecret": options.tls_secret,
        "namespaces": options.namespaces,
    }))?;
    let to_stdout = options.file == "-";
    let path = if to_stdout { "mesh.yaml".into() } else { options.file.clone() };
    // The options are the profile's first words, so they are read as a profile is.
    let mut sources = Sources::default();
    let (profile, mut diagnostics) =
        profile::load(Source { path, text: text.clone() }, &mut sources, &mut |_| Ok(Vec::new()));
    if let (None, Some(last)) = (&profile, diagnostics.last_mut()) {
        last.help("nothing was written: mend the option, or the name of the file");
    }
    shell.diagnostics(&diagnostics, &sources);
    if profile.is_none() {
        return Ok(Exit::Error);
    }
    if to_stdout {
        shell.result(&text)?;
        return Ok(Exit::Clean);
    }
    let file = &options.file;
    if let Err(error) = create(file, &text) {
        shell.diagnostics(&[refusal(file, &error)], &sources);
        return Ok(Exit::Error);
    }
    shell.status("wrote", &format!("{file}; next: meshwright render {file} --diff"));
    Ok(Exit::Clean)
}

/// Writes a new file, whole or not at all.
fn create(file: &Utf8Path, text: &str) -> io::Result<()> {
    let mut new = OpenOptions::new().write(true).create_new(true).open(file)?;
    new.write_all(text.as_bytes()).inspect_err(|_| {
        // The failure that is told is the one to write.
        let _ = fs::remove_file(file);
    })
}

fn refusal(file: &Utf8Path, error: &io::Error) -> Diagnostic {
    if error.kind() == ErrorKind::AlreadyExists {
        return Diagnostic::general("file-exists", format!("`{file}` exists, and `init` overwrites nothing"))
            .with_help("name another file, or print the profile with `meshwright init -`");
    }
    Diagnostic::general("write-failed", format!("cannot write `{file}`: {}", shell::reason(error)))
}
