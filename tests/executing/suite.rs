//! Criterion: the official test suite, file by file, with exactly the counts of
//! `spec-expected.txt`.

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

/// Every module that can be compiled runs as the file that is made of it.
#[test]
fn the_official_suite_from_files() {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    static COMPILED: AtomicU32 = AtomicU32::new(0);
    static LEFT: AtomicU32 = AtomicU32::new(0);
    let prepare = |module: &[u8]| {
        let options = zonda_compiler::CompileOptions {
            word_size: size_of::<usize>() as u8,
            keep_code: false,
            debug: false,
        };
        match zonda_compiler::compile(module, &options) {
            Ok(file) => {
                COMPILED.fetch_add(1, Relaxed);
                // What is made for devices has to be right as well.
                zonda_compiler::compile(module, &zonda_compiler::CompileOptions::default())
                    .expect("it is for the other word size");
                Some(file)
            }
            Err(zonda::Error::Artifact(error))
                if error.kind == zonda::ArtifactErrorKind::References =>
            {
                LEFT.fetch_add(1, Relaxed);
                None
            }
            // A module that is refused in any case.
            Err(_) => None,
        }
    };
    let mut failures = Vec::new();
    let options =
        Options { engine: Engine::new(Mode::Fast), prepare: Some(prepare), ..Options::default() };
    let counts = suite::run_host(&options, &mut |line| failures.push(line.to_string()));
    assert!(failures.is_empty(), "{} directives failed:\n{}", failures.len(), failures.join("\n"));
    if let Err(differences) = suite::compare(&counts) {
        panic!("{differences}");
    }
    let (compiled, left) = (COMPILED.load(Relaxed), LEFT.load(Relaxed));
    assert!(
        compiled > 900 && left < compiled / 5,
        "{compiled} modules compiled, {left} with references as values"
    );
}

#[test]
fn what_does_not_run_is_listed_with_its_reason() {
    let found = suite::unsupported();
    if let Err(differences) = suite::compare_unsupported(&found) {
        panic!("{differences}");
    }
    let listed: u32 = found.values().sum();
    let counted = suite::expected().iter().find(|(name, _)| name == "total").unwrap().1;
    assert_eq!(listed, counted.unsupported);
    let mut fewer = found.clone();
    let (row, _) = fewer.pop_first().unwrap();
    assert!(suite::compare_unsupported(&fewer).unwrap_err().contains(&row.1));
}

#[test]
fn a_changed_count_is_noticed() {
    let mut counts: Vec<_> =
        suite::expected().into_iter().filter(|(name, _)| name != "total").collect();
    assert_eq!(suite::compare(&counts), Ok(()));
    counts[0].1.unsupported += 1;
    let name = counts[0].0.clone();
    assert!(suite::compare(&counts).unwrap_err().contains(&name));
    counts.remove(0);
    assert!(suite::compare(&counts).unwrap_err().contains("did not run"));
}
