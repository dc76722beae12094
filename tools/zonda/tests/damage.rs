//! Criterion: the command line refuses a damaged file with a message and its exit code, or does
//! with it what it was asked for; it never panics or crashes. A sample: tests/faults/damage.rs has
//! all damages, without processes.

use std::path::{Path, PathBuf};
use std::process::Command;

const ZONDA: &str = env!("CARGO_BIN_EXE_zonda");

#[test]
fn damaged_files() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("damage");
    std::fs::create_dir_all(&folder).unwrap();
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/modules/wide.wasm");
    let compiled = folder.join("wide.zonda");
    assert!(Command::new(ZONDA)
        .args(["compile", "--word-size", "8", "-o"])
        .args([&compiled, &module])
        .status()
        .unwrap()
        .success());
    let (mut done, mut refused) = (0, 0);
    for path in [module, compiled] {
        let bytes = std::fs::read(&path).unwrap();
        let damaged = folder.join("damaged");
        for (number, at) in (0..bytes.len()).step_by(bytes.len() / 30).enumerate() {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (number % 8);
            for content in [&bytes[..at], &changed] {
                std::fs::write(&damaged, content).unwrap();
                let command: &[&str] = match number % 4 {
                    0 => &["inspect"],
                    1 => &["inspect", "--code"],
                    2 => &["validate"],
                    _ => &["run", "--fuel", "10000", "--memory-limit", "1000000"],
                };
                let output = Command::new(ZONDA).args(command).arg(&damaged).output().unwrap();
                let text = String::from_utf8_lossy(&output.stderr);
                match output.status.code() {
                    Some(0) => done += 1,
                    // With a reason that names the file.
                    Some(1 | 2) if text.starts_with("zonda: ") && text.contains("damaged") => {
                        refused += 1
                    }
                    code => panic!(
                        "{command:?} of {} damaged at {at}: {code:?}: {text}",
                        path.display()
                    ),
                }
            }
        }
    }
    println!(
        "injected: {} damaged files for the command line, {refused} refused, {done} accepted",
        done + refused
    );
    assert!(done + refused >= 120 && refused > 60 && done > 5, "{done}, {refused}");
}
