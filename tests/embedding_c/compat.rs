//! docs/wamr-compat.md says which functions of WAMR are in the header, and which options stand for
//! WAMR's: the tables are compared with the header and with Kconfig.

use std::collections::BTreeSet;
use std::path::Path;

/// The functions that a header declares or defines.
fn declared(header: &str) -> BTreeSet<String> {
    let code = header.lines().filter(|line| {
        let line = line.trim_start();
        !line.starts_with("//") && !line.starts_with('#') && !line.starts_with(['*', '/'])
    });
    let mut names = BTreeSet::new();
    for line in code.filter(|line| !line.starts_with("    ")) {
        // What stands in front of the first parenthesis of a declaration.
        let Some((before, _)) = line.split_once('(') else { continue };
        let name = before.rsplit([' ', '*']).next().unwrap_or_default();
        if name.starts_with("wasm_") || name.starts_with("get_") || name.starts_with("zonda_") {
            names.insert(name.to_owned());
        }
    }
    names
}

#[test]
fn the_table_of_functions_is_that_of_the_header() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("the file is there");
    let mut declared = declared(&read("include/wasm_export.h"));
    declared.append(&mut self::declared(&read("include/wasm_export_wasi.h")));
    declared.append(&mut self::declared(&read("include/wasm_export_options.h")));
    let text = read("docs/wamr-compat.md");
    let (mut here, mut missing) = (BTreeSet::new(), BTreeSet::new());
    let table = text.split("## Functions").nth(1).and_then(|rest| rest.split("\n## ").next());
    let table = table.expect("the section with the functions");
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect();
        let name = cells[0].trim_matches('`').to_owned();
        match cells.get(1) {
            Some(&"same" | &"same, safer") => assert!(here.insert(name), "twice: {line}"),
            Some(&"not supported") => {
                assert!(cells.get(2).is_some_and(|why| !why.is_empty()), "no reason: {line}");
                assert!(missing.insert(name), "twice: {line}");
            }
            _ => {}
        }
    }
    assert!(here.len() + missing.len() >= 176, "the table is not complete");
    let count = format!("Of {} functions\n{} are here", here.len() + missing.len(), here.len());
    assert!(text.contains(&count), "the text does not say: {count}");
    let own = |name: &&String| name.starts_with("zonda_");
    let expected: BTreeSet<String> = declared.iter().filter(|name| !own(name)).cloned().collect();
    assert_eq!(here, expected, "the table and the header differ");
    for name in declared.iter().filter(own) {
        assert!(text.contains(&format!("`{name}`")), "{name} is not mentioned");
    }
}

/// The words of a text that are names of Kconfig options.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter_map(|word| word.strip_prefix("CONFIG_")).filter(|name| name.starts_with("ZONDA_"))
}

#[test]
fn the_table_of_options_names_those_of_kconfig() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("the file is there");
    let kconfig = read("Kconfig");
    let defined: BTreeSet<&str> =
        kconfig.lines().filter_map(|line| line.strip_prefix("config ")).collect();
    let text = read("docs/wamr-compat.md");
    for name in options(&text) {
        assert!(defined.contains(name), "Kconfig has no {name}");
    }
    let section = text.split("## Options").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.expect("the section with the options").lines().filter(|line| {
        line.starts_with("| ") && line.chars().nth(2).is_some_and(|c| c.is_ascii_uppercase())
    });
    let mut named = BTreeSet::new();
    // But for the heads of the tables.
    for row in rows.filter(|row| !row.contains('…')) {
        let cells: Vec<&str> = row.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect();
        let &[names, state, what] = cells.as_slice() else { panic!("not three cells: {row}") };
        assert!(matches!(state, "same" | "same, safer" | "not supported"), "{row}");
        assert!(!what.is_empty(), "{row}");
        for name in names.split([',', ' ']).filter(|name| name.len() > 1) {
            if name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_') {
                assert!(named.insert(name.to_owned()), "{name} stands twice");
            }
        }
    }
    // WAMR 2.4.3 has so many, those for neural networks as two.
    assert_eq!(named.len(), 84, "{named:?}");
}
