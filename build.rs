//! Lists the data files of `release/`, so that a new one is embedded without a line of code.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let home = env::var("CARGO_MANIFEST_DIR")?;
    let mut out = String::new();
    for product in ["istio", "flux"] {
        let folder = Path::new(&home).join("release").join(product);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut minors = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let name = entry?.file_name().into_string().map_err(|_| "a data file's name is text")?;
            let minor = name.strip_suffix(".yaml").and_then(|name| name.split_once('.'));
            let (major, minor) =
                minor.ok_or_else(|| format!("release/{product}/{name} is named for no minor"))?;
            minors.push((major.parse::<u16>()?, minor.parse::<u16>()?));
        }
        minors.sort_unstable();
        writeln!(out, "static {}: &[Embedded] = &[", product.to_uppercase())?;
        for (major, minor) in minors {
            let file = format!("/release/{product}/{major}.{minor}.yaml");
            let text = format!("include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"{file}\"))");
            writeln!(out, "    Embedded::new({major}, {minor}, {text}),")?;
        }
        writeln!(out, "];")?;
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("releases.rs"), out)?;
    Ok(())
}
