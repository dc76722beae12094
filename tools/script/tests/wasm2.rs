//! WebAssembly 2.0 and nothing else: the whole folder, including what multi-memory supersedes.
//!
//! Runs in a build without the proposals:
//! `cargo test -p zonda-script --no-default-features --features suite,error-text,classic,fast
//! --test wasm2`
#![cfg(all(feature = "suite", not(feature = "multi-memory")))]

use zonda_script::{suite, Counts, Engine, Mode, Options};

fn every_directive_of_2_0_passes(mode: Mode) {
    let options = Options { engine: Engine::new(mode), ..Options::default() };
    let mut failures = Vec::new();
    let mut total = Counts::default();
    for file in suite::files().iter().filter(|file| file.name.starts_with("wasm-v2/")) {
        total.add(suite::run_file(file, &options, &mut |line| failures.push(line.to_string())));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!((total.failed, total.unsupported), (0, 0));
    assert!(total.passed > 25_000, "only {total}");
}

#[cfg(feature = "classic")]
#[test]
fn every_directive_of_2_0_passes_in_classic_mode() {
    every_directive_of_2_0_passes(Mode::Classic);
}

#[cfg(feature = "fast")]
#[test]
fn every_directive_of_2_0_passes_in_fast_mode() {
    every_directive_of_2_0_passes(Mode::Fast);
}
