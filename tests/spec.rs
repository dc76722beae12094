//! Criterion: the official test suite, file by file, with exactly the counts of `spec-expected.txt`.

use zonda_script::{suite, Engine, Mode, Options};

fn counts_as_written_down(mode: Mode) {
    let mut failures = Vec::new();
    let options = Options { engine: Engine::new(mode), ..Options::default() };
    let counts = suite::run_host(&options, &mut |line| failures.push(line.to_string()));
    assert!(failures.is_empty(), "{} directives failed:\n{}", failures.len(), failures.join("\n"));
    if let Err(differences) = suite::compare(&counts) {
        panic!("{differences}");
    }
}

#[test]
fn the_official_suite_in_classic_mode() {
    counts_as_written_down(Mode::Classic);
}

#[test]
fn the_official_suite_in_fast_mode() {
    counts_as_written_down(Mode::Fast);
}

#[test]
fn a_changed_count_is_noticed() {
    let mut counts: Vec<_> = suite::expected().into_iter().filter(|(name, _)| name != "total").collect();
    assert_eq!(suite::compare(&counts), Ok(()));
    counts[0].1.unsupported += 1;
    let name = counts[0].0.clone();
    assert!(suite::compare(&counts).unwrap_err().contains(&name));
    counts.remove(0);
    assert!(suite::compare(&counts).unwrap_err().contains("did not run"));
}
