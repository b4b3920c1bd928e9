//! The trees of the shipped profiles, byte for byte, as `render` writes them with its lock.
//!
//! A missing, an extra and a differing file each fail. `UPDATE=1 cargo test --test golden` rewrites them.

mod support;

use std::process::Command;

fn render(stem: &str, flags: &[&str]) -> (bool, String) {
    let home = support::home();
    let output = Command::new(env!("CARGO_BIN_EXE_meshwright"))
        .current_dir(home)
        .args(["render", &format!("profiles/{stem}.yaml"), "--output", &format!("golden/{stem}")])
        .args(["--today", "2026-11-24", "--quiet", "--color", "never"])
        .args(flags)
        .output()
        .expect("the binary runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn every_shipped_profile_renders_its_golden_tree() {
    let update = std::env::var_os("UPDATE").is_some();
    for stem in support::shipped() {
        if update {
            let (is_written, said) = render(&stem, &["--force"]);
            assert!(is_written, "{said}");
        }
        let (is_current, found) = render(&stem, &["--check"]);
        let (_, patch) = render(&stem, &["--diff"]);
        assert!(is_current, "golden/{stem} is not what profiles/{stem}.yaml renders:\n{found}{patch}");
    }
}

#[test]
fn every_golden_tree_has_its_profile() {
    let trees = support::home().join("golden").read_dir_utf8().expect("golden/ is there");
    let mut trees: Vec<String> =
        trees.map(|entry| entry.expect("golden/ can be read").file_name().to_owned()).collect();
    trees.sort();
    assert_eq!(trees, support::shipped());
}
