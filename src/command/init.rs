//! `meshwright init`: a profile to start from.

use std::{fs::OpenOptions, io::Write as _};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::Exit;
use crate::{
    cli::Init,
    profile, render,
    shell::Shell,
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
    let (profile, diagnostics) =
        profile::load(Source { path, text: text.clone() }, &mut sources, &mut |_| Ok(Vec::new()));
    shell.diagnostics(&diagnostics, &sources)?;
    if profile.is_none() {
        return Ok(Exit::Error);
    }
    if to_stdout {
        return shell.result(&text);
    }
    let file = &options.file;
    let mut new = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .with_context(|| format!("cannot create `{file}`; an existing file is never overwritten"))?;
    new.write_all(text.as_bytes()).with_context(|| format!("cannot write `{file}`"))?;
    shell.status("wrote", &format!("{file}; next: meshwright render {file} --diff"))?;
    Ok(Exit::Clean)
}
