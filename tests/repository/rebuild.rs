//! The modules that are checked in beside their sources come out of these sources, byte for byte.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The samples' programs, by the script that stands beside each. Needs clang 19, whose version is
/// part of the bytes.
#[test]
fn samples_with_clang() {
    let there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !there("clang-19") || !there("wasm-ld-19") {
        eprintln!("skipped: clang-19 or lld-19 is not installed");
        return;
    }
    let has_libc = Path::new("/usr/include/wasm32-wasi/stdio.h").exists();
    if !has_libc {
        eprintln!("skipped: http, as wasi-libc is not installed");
    }
    for name in ["hello", "blinky", "http", "user_mode"]
        .into_iter()
        .filter(|&name| has_libc || name != "http")
    {
        let sources = root().join("samples").join(name).join("wasm-app");
        let rebuilt = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.wasm"));
        let status =
            Command::new("sh").arg(sources.join("build.sh")).arg(&rebuilt).status().unwrap();
        assert!(status.success(), "{name}: build.sh fails");
        let same = std::fs::read(&rebuilt).unwrap()
            == std::fs::read(sources.join(format!("{name}.wasm"))).unwrap();
        assert!(same, "{name}.wasm is not what build.sh makes of {name}.c");
    }
}

/// The modules of the Zephyr tests, which are written as text.
#[test]
fn zephyr_tests_from_text() {
    let mut seen = 0;
    for suite in std::fs::read_dir(root().join("tests/zephyr")).unwrap() {
        let Ok(modules) = std::fs::read_dir(suite.unwrap().path().join("modules")) else {
            continue;
        };
        for entry in modules {
            let text = entry.unwrap().path();
            if text.extension().is_some_and(|extension| extension == "wat") {
                let built = wat::parse_file(&text).unwrap();
                assert!(
                    built == std::fs::read(text.with_extension("wasm")).unwrap(),
                    "{} and its .wasm differ",
                    text.display()
                );
                seen += 1;
            }
        }
    }
    assert!(seen >= 5);
}

#[test]
fn the_module_that_measures_objects_from_text() {
    let text = root().join("tests/bench/objects.wat");
    let built = wat::parse_file(&text).unwrap();
    assert!(built == std::fs::read(text.with_extension("wasm")).unwrap(), "objects.wasm differs");
}
