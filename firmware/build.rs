//! Gives the linker the memory of the chosen board.

use std::env;
use std::fs;
use std::path::PathBuf;

/// mps2-an385, an386: 4 MB of code memory, of which the upper half takes what QEMU's loader places, and 4 MB of data memory.
const MPS2: &str =
    "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 2M RAM : ORIGIN = 0x20000000, LENGTH = 4M }\n";
const LM3S6965: &str = "MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 256K RAM : ORIGIN = 0x20000000, LENGTH = 64K }\n";

fn main() {
    let memory = match (env::var_os("CARGO_FEATURE_MPS2"), env::var_os("CARGO_FEATURE_LM3S6965")) {
        (Some(_), None) => MPS2,
        (None, Some(_)) => LM3S6965,
        // A plain `cargo check` of the workspace chooses none; linking needs one.
        _ => return,
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
    println!("cargo:rerun-if-changed=build.rs");
}
