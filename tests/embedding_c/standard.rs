//! The standard C API: tests/capi/standard.c as an application, and `include/wasm_c_api.h` compared
//! with the library and with the table of docs/wamr-compat.md.

use crate::programs::{application_of, run};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[test]
fn an_application_of_the_standard_c_api() {
    let sources = ["tests/capi/standard.c", "tests/capi/standard_objects.c"];
    let sources = sources.map(|source| root().join(source));
    let Some(program) = application_of("standard", &sources) else { return };
    for arguments in [&[][..], &["classic"]] {
        let printed = run(Command::new(&program).args(arguments));
        assert!(
            printed.ends_with("\nwell\n") && printed.matches("each refused once").count() == 24,
            "{printed}"
        );
    }
}

/// Calls in any order: see tests/capi/standard_sequences.c, which runs longer by hand.
#[test]
fn sequences_of_calls_of_the_standard_c_api() {
    let source = root().join("tests/capi/standard_sequences.c");
    let Some(program) = application_of("standard_sequences", &[source]) else { return };
    assert_eq!(run(Command::new(&program).args(["1", "2000"])), "well\n");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/standard-c-api.md")).expect("the page is there")
}

/// The text between the marks of the block of code that begins with this line.
fn block<'p>(page: &'p str, mark: &str) -> &'p str {
    let begin = format!("```{mark}\n");
    let rest = page.split(&begin).nth(1).expect("the page has such a block");
    rest.split("```").next().expect("it ends")
}

#[test]
fn the_first_program_of_the_page() {
    let source = Path::new(env!("CARGO_TARGET_TMPDIR")).join("first.c");
    std::fs::write(&source, block(&page(), "c")).expect("the file can be written");
    let Some(program) = application_of("first", &[source]) else { return };
    assert_eq!(run(&mut Command::new(&program)), block(&page(), "text"));
}

/// The names that a cell of the table stands for: `a_{b,c}_d` for two.
fn expanded(cell: &str) -> Vec<String> {
    let Some((before, rest)) = cell.split_once('{') else { return vec![cell.to_owned()] };
    let (choices, after) = rest.split_once('}').expect("a brace closes");
    choices.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
}

/// The functions that a header declares or defines, as the preprocessor shows it.
fn functions_of(header: &str) -> Option<BTreeSet<String>> {
    let output = Command::new("cc")
        .args(["-E", "-P", "-x", "c"])
        .arg(root().join("include").join(header))
        .output()
        .ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("a header is text");
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end();
        let begin = before.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |at| at + 1);
        if before[begin..].starts_with("wasm_") {
            names.insert(before[begin..].to_owned());
        }
    }
    Some(names)
}

/// tests/zephyr/standard is the first program of the page.
#[test]
fn the_first_program_of_the_page_is_there_as_an_application() {
    let page = page();
    for file in ["src/main.c", "prj.conf"] {
        let path = root().join("tests/zephyr/standard").join(file);
        let text = std::fs::read_to_string(&path).expect("the file is there");
        assert!(page.contains(&text), "{} differs from the page", path.display());
    }
}

#[test]
fn the_table_the_header_and_the_library_have_the_same_functions() {
    let page = page();
    let section = page.split("\n## Functions\n").nth(1).and_then(|rest| rest.split("\n## ").next());
    let section = section.expect("the section with the functions");
    let mut table = BTreeSet::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").map(str::trim).collect();
        let state = cells[1];
        assert!(["same", "same |", "same, safer"].contains(&state), "{line}");
        assert!(state != "same, safer" || cells.len() == 3, "safer how? {line}");
        for name in expanded(cells[0].trim_matches('`')) {
            assert!(table.insert(name), "twice: {line}");
        }
    }
    assert!(section.contains(&format!("Of the {} functions", table.len())), "{}", table.len());
    let (Some(all), Some(other)) = (functions_of("wasm_c_api.h"), functions_of("wasm_export.h"))
    else {
        eprintln!("skipped: there is no C compiler");
        return;
    };
    let mut header: BTreeSet<String> = all.difference(&other).cloned().collect();
    // Not WAMR's: what the short forms of wasm_functype_new() are made of.
    assert!(header.remove("wasm_functype_new_arrays"));
    assert_eq!(table, header, "the table and the header differ");

    // A program that has the address of each one.
    let mut source = String::from("#include <stdio.h>\n#include \"wasm_c_api.h\"\n");
    source.push_str("void (*const functions[])(void) = {\n");
    for name in &header {
        source.push_str(&format!("(void (*)(void)){name},\n"));
    }
    source.push_str("};\nint main(void) { printf(\"%d\\n\", (int)(sizeof(functions) / sizeof(functions[0]))); }\n");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("all.c");
    std::fs::write(&file, source).expect("the file can be written");
    let Some(program) = application_of("all", &[file]) else { return };
    assert_eq!(run(&mut Command::new(&program)), format!("{}\n", header.len()));
}
