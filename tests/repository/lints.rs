//! Criterion: the lints of Cargo.toml and clippy.toml hold for every crate of the repository.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a table of a manifest.
fn table<'a>(manifest: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("[{name}]");
    let lines = manifest.lines().skip_while(|line| *line != begin).skip(1);
    lines.take_while(|line| !line.starts_with('[')).filter(|line| line.contains('=')).collect()
}

const RUST: &str = "unsafe_op_in_unsafe_fn = \"deny\"";
const CLIPPY: &str = "undocumented_unsafe_blocks = \"deny\"";

#[test]
fn unsafe_code_is_linted_in_every_crate() {
    let root = read("Cargo.toml");
    assert!(table(&root, "workspace.lints.rust").contains(&RUST));
    assert!(table(&root, "workspace.lints.clippy").contains(&CLIPPY));
    let members = root.lines().find(|line| line.starts_with("members = ")).unwrap();
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert!(members.len() >= 8, "{members:?}");
    for member in members {
        let manifest = read(&format!("{member}/Cargo.toml"));
        assert_eq!(table(&manifest, "lints"), ["workspace = true"], "{member}");
    }
    for outside in ["fuzz", "samples/blinky_rust"] {
        let manifest = read(&format!("{outside}/Cargo.toml"));
        assert!(table(&manifest, "lints.rust").contains(&RUST), "{outside}");
        assert!(table(&manifest, "lints.clippy").contains(&CLIPPY), "{outside}");
    }
}

#[test]
fn what_a_device_links_must_not_abort() {
    for (file, condition) in [
        ("src", "not(test), "),
        ("exec/src", "not(test), "),
        ("clib/src", ""),
        ("capi-standard/src", ""),
    ] {
        let text = read(&format!("{file}/lib.rs"));
        let lints = "deny(clippy::disallowed_macros, clippy::disallowed_methods)";
        let attribute = if condition.is_empty() {
            format!("#![{lints}]")
        } else {
            format!("#![cfg_attr({condition}{lints})]")
        };
        assert!(text.contains(&attribute), "{file}/lib.rs lacks {attribute}");
    }
    let config = read("clippy.toml");
    for method in
        ["boxed::Box::new", "vec::Vec::push", "option::Option::unwrap", "result::Result::expect"]
    {
        assert!(config.contains(&format!("::{method}\"")), "clippy.toml lacks {method}");
    }
}
