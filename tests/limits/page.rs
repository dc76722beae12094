//! docs/limits.md says what `src/limits.rs` says, and names tests that exist.

use std::collections::BTreeMap;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn value(text: &str) -> u64 {
    text.trim().replace([',', '_'], "").parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// Cells of the rows of the tables that begin with a name in backticks.
fn rows() -> Vec<Vec<String>> {
    let page = read("docs/limits.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

#[test]
fn the_page_says_what_the_code_says() {
    let code = read("src/limits.rs");
    let constants: BTreeMap<String, u64> = code
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub const ")?.strip_suffix(';')?.split_once(": u32 = ")
        })
        .map(|(name, number)| (name.to_owned(), value(number)))
        .collect();
    let page: BTreeMap<String, u64> = rows()
        .iter()
        .filter(|row| row[0].starts_with("`MAX_"))
        .map(|row| (row[0].trim_matches('`').to_owned(), value(&row[1])))
        .collect();
    assert!(constants.len() >= 17);
    assert_eq!(constants, page);
}

#[test]
fn each_limit_names_tests_that_exist() {
    let sources: String = [
        "tests/limits/main.rs",
        "tests/limits/code.rs",
        "tests/limits/running.rs",
        "tests/limits/store.rs",
        "tests/executing/large.rs",
        "tests/loading/verifier.rs",
        "tests/loading/verifier_module.rs",
        "src/store/memory.rs",
    ]
    .map(read)
    .concat();
    let rows = rows();
    assert!(rows.len() >= 25);
    for row in rows {
        let tests: Vec<&str> = row[4].split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty() || row[4].starts_with("none"), "{row:?} names no test");
        for test in tests {
            assert!(
                sources.contains(&format!("fn {test}()")),
                "{test} is named on the page and does not exist"
            );
        }
    }
}
