//! A value is read as something else than it looks.

use crate::{
    check::{Check, Control, Findings, Scene},
    diagnostic::Severity,
    yaml::Spelling,
};

pub(super) const CHECK: Check = Check {
    code: "scalar-spelling",
    severity: Severity::Warning,
    summary: "a value is read as something else than it looks",
    happens: "kubectl takes `on`, `yes` and `n` for booleans, where kustomize, Flux and every other reader of YAML 1.2 see \
              text; all readers of Kubernetes take `0443` for 291 and `1_000` for 1000; kustomize and Flux write a date out \
              with its time. The same file is then two things, or not what a reviewer reads.",
    mend: "Put text in quotes, write `true` or `false`, and numbers in decimal.",
    silent: "For objects that bear on nothing, what ConfigMaps and Secrets carry, where all readers of Kubernetes agree with \
             YAML 1.2, and for the `mode` and `defaultMode` of files in a volume, which are meant in octal.",
    source: "resolve in goyaml.v2/resolve.go of sigs.k8s.io/yaml 1.4.0, and resolve.go of go.yaml.in/yaml/v3, which kyaml \
             reads with",
    rules: &[],
    controls: &[Control::Sc7, Control::Sc8, Control::Ac4],
    run,
};

/// The permissions of files in a volume (`KeyToPath` of `core/v1` and the volumes that hold it), which everybody reads in octal.
const PERMISSIONS: [&str; 2] = ["defaultMode", "mode"];

fn run(scene: &Scene<'_>, findings: &mut Findings) {
    for found in &scene.delivery.spellings {
        let written = &scene.sources.get(found.span.file).text[found.span.range()];
        let (reading, help) = match found.spelling {
            Spelling::Boolean => (
                "a boolean to kubectl, and text to kustomize and Flux",
                "write `true` or `false`, or put it in quotes",
            ),
            Spelling::Octal if PERMISSIONS.contains(&found.key.as_str()) => continue,
            Spelling::Octal => ("an octal number to Kubernetes", "write it in decimal, or put it in quotes"),
            Spelling::Underscore => ("a number to Kubernetes", "write it without `_`, or put it in quotes"),
            Spelling::Binary => ("a binary number to Kubernetes", "write it in decimal, or put it in quotes"),
            Spelling::Timestamp => {
                ("a date to kustomize and Flux, which write its time out", "put it in quotes")
            }
            // No reader of Kubernetes takes it for a number.
            Spelling::Sexagesimal => continue,
        };
        findings
            .report(found.span, format!("`{written}` is {reading}"), format!("of `{}`", found.key))
            .help(help);
    }
}
