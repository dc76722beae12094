//! Criterion: each requirement of docs/requirements.md has evidence, and the evidence exists.
//!
//! Evidence is one of: `file.rs::test` (a test function), `file.c::suite.test` (ztest),
//! `file.c::function` (called by that program's `main`), `fuzz: target`, `xtask: part` (a part of
//! `cargo xtask test`, whose name may go on behind a comma).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

struct Requirement {
    id: String,
    text: String,
    evidence: Vec<String>,
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// The rows of the page's tables: id, requirement, evidence in backquotes.
fn requirements(page: &str) -> Vec<Requirement> {
    let rows = page.lines().filter(|line| line.starts_with("| R"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 3, "a row has three cells: {line}");
        let evidence = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Requirement { id: cells[0].to_owned(), text: cells[1].to_owned(), evidence }
    })
    .collect()
}

/// Whether `fn name` stands in the text with `#[test]` among the attributes before it.
fn is_test(source: &str, name: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {name}()")) else { return false };
    let attributes = before.lines().rev().skip(usize::from(!before.ends_with('\n')));
    attributes
        .map(str::trim)
        .take_while(|line| line.starts_with('#') || line.starts_with("//"))
        .any(|line| line == "#[test]")
}

/// What is wrong with a piece of evidence.
fn fault(evidence: &str) -> Option<&'static str> {
    if let Some(target) = evidence.strip_prefix("fuzz: ") {
        let manifest = read("fuzz/Cargo.toml").unwrap_or_default();
        return (!manifest.contains(&format!("path = \"fuzz_targets/{target}.rs\"")))
            .then_some("no such fuzz target");
    }
    if let Some(part) = evidence.strip_prefix("xtask: ") {
        let parts: String = ["test", "sanitize"]
            .iter()
            .filter_map(|file| read(&format!("tools/xtask/src/{file}.rs")))
            .collect();
        let named = [",", "\""].iter().any(|end| parts.contains(&format!("\"{part}{end}")));
        return (!named).then_some("no such part of cargo xtask test");
    }
    let Some((file, name)) = evidence.split_once("::") else {
        return Some("neither file::test nor fuzz: nor xtask:");
    };
    let Some(source) = read(file) else { return Some("no such file") };
    let found = if file.ends_with(".rs") {
        is_test(&source, name)
    } else if let Some((suite, test)) = name.split_once('.') {
        source.contains(&format!("ZTEST({suite}, {test})"))
    } else {
        let call = format!("{name}(");
        let kinds = ["static void", "static bool", "void"];
        // A test of a program of several files, `name.c` and `name_part.c`, is called in the first
        // one.
        let first = file
            .rsplit_once('/')
            .and_then(|(folder, file)| read(&format!("{folder}/{}.c", file.split_once('_')?.0)));
        kinds.iter().any(|kind| source.contains(&format!("\n{kind} {call}")))
            && (source.matches(&call).count() > 1
                || first.is_some_and(|first| first.contains(&call)))
    };
    (!found).then_some("no such test there")
}

#[test]
fn every_requirement_has_tests_that_exist() {
    let page = read("docs/requirements.md").expect("docs/requirements.md is there");
    let requirements = requirements(&page);
    assert!(requirements.len() >= 40, "{} requirements were read", requirements.len());
    let mut faults = Vec::new();
    let mut ids = BTreeSet::new();
    let mut evidence = BTreeSet::new();
    for requirement in &requirements {
        assert!(ids.insert(&requirement.id), "{} stands there twice", requirement.id);
        assert!(requirement.text.contains("shall"), "{} demands nothing", requirement.id);
        if requirement.evidence.is_empty() {
            faults.push(format!("{} has no test", requirement.id));
        }
        for piece in &requirement.evidence {
            evidence.insert(piece);
            faults
                .extend(fault(piece).map(|fault| format!("{}: {piece}: {fault}", requirement.id)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!(
        "counted: {} requirements, shown by {} tests, fuzz targets and checks",
        requirements.len(),
        evidence.len()
    );
}

#[test]
fn what_is_not_there_is_noticed() {
    assert_eq!(fault("tests/repository/requirements.rs::what_is_not_there_is_noticed"), None);
    // A function that is no test.
    assert!(fault("tests/repository/requirements.rs::read").is_some());
    for missing in [
        "tests/repository/requirements.rs::gone",
        "tests/gone.rs::gone",
        "fuzz: gone",
        "xtask: gone",
        "tests/capi/main.c::gone",
        "a word",
    ] {
        assert!(fault(missing).is_some(), "{missing}");
    }
    assert_eq!(fault("tests/capi/main_natives.c::test_natives"), None);
    assert_eq!(fault("tests/zephyr/capi/src/test_call.c::call.test_i32"), None);
    assert_eq!(fault("fuzz: validate"), None);
    assert_eq!(fault("xtask: size"), None);
    let row = "| R1.1 | The runtime shall. | |";
    assert!(requirements(row)[0].evidence.is_empty());
}
