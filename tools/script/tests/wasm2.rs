//! WebAssembly 2.0 and nothing else: the whole folder, including what multi-memory supersedes.
//!
//! Runs in a build without the proposals:
//! `cargo test -p zonda-script --no-default-features --features suite,error-text --test wasm2`
#![cfg(all(feature = "suite", not(feature = "multi-memory")))]

use zonda_script::{suite, Counts, Options};

#[test]
fn every_directive_of_2_0_passes() {
    let mut failures = Vec::new();
    let mut total = Counts::default();
    for file in suite::files().iter().filter(|file| file.name.starts_with("wasm-v2/")) {
        total.add(suite::run_file(file, &Options::default(), &mut |line| failures.push(line.to_string())));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!((total.failed, total.unsupported), (0, 0));
    assert!(total.passed > 25_000, "only {total}");
}
