//! Combinations of features and CPUs that no other part compiles.

use crate::report::NotRun;
use crate::shell;
use crate::toolchain::{self, Toolchain};
use anyhow::Result;

/// CPUs on which native code is entered in instructions of their own.
const CPUS: [&str; 5] = [
    "thumbv6m-none-eabi",
    "thumbv7m-none-eabi",
    "thumbv7em-none-eabihf",
    "thumbv8m.main-none-eabihf",
    "riscv32imac-unknown-none-elf",
];

/// Features of the library for a device beside classic mode: groups of WASI alone, and what fast
/// mode shares.
const FEATURES: [&str; 11] = [
    "wasi",
    "wasi-files",
    "wasi-input",
    "wasi-sockets-ext",
    "zonda/memory64,zonda/wide-arithmetic",
    "zonda/simd",
    "zonda/threads,zonda/fast,zonda/precompiled",
    "zonda/exceptions,zonda/fast,zonda/precompiled",
    "zonda/legacy-exceptions,zonda/fast,zonda/precompiled",
    "zonda/function-references",
    "zonda/gc,zonda/fast,zonda/precompiled",
];

/// Builds what native code is entered by for each CPU, and checks the library with each of the
/// features.
pub fn check() -> Result<()> {
    for target in CPUS {
        if !matches!(toolchain::find(target)?, Toolchain::Rustup) {
            return Err(NotRun(format!("the Rust toolchain has no libraries for {target}")).into());
        }
        // Not only checked: instructions are assembled with the code.
        let mut command = toolchain::cargo_build(target)?;
        shell::run(command.args(["--package", "zonda-exec", "--features", "native,classic"]))?;
    }
    for features in FEATURES {
        let mut command = shell::cargo();
        command.args(["clippy", "--quiet", "--package", "zonda-c", "--target", CPUS[1]]);
        command.args(["--features", &format!("zonda/classic,{features}")]);
        command.arg("--target-dir").arg(shell::target_dir().join("device"));
        shell::run(command.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}
