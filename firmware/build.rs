//! Gives the linker the memory map of the chosen board.

use std::env;
use std::fs;
use std::path::PathBuf;

/// Flash and RAM of each Arm board, by the name of its feature; cortex-m-rt's link.x includes them
/// as memory.x. On the MPS2 boards only the lower half of the code memory: QEMU's loader places
/// jobs and scripts above.
const ARM: [(&str, &str); 5] = [
    ("MPS2", "FLASH : ORIGIN = 0x00000000, LENGTH = 2M RAM : ORIGIN = 0x20000000, LENGTH = 4M"),
    (
        "MPS2_AN500",
        "FLASH : ORIGIN = 0x00000000, LENGTH = 2M RAM : ORIGIN = 0x20000000, LENGTH = 4M",
    ),
    // Secure addresses: the CPU starts in the Secure state, and the images stay there.
    (
        "MPS2_AN505",
        "FLASH : ORIGIN = 0x10000000, LENGTH = 2M RAM : ORIGIN = 0x38000000, LENGTH = 4M",
    ),
    (
        "MICROBIT",
        "FLASH : ORIGIN = 0x00000000, LENGTH = 192K RAM : ORIGIN = 0x20000000, LENGTH = 16K",
    ),
    (
        "LM3S6965",
        "FLASH : ORIGIN = 0x00000000, LENGTH = 256K RAM : ORIGIN = 0x20000000, LENGTH = 64K",
    ),
];

/// QEMU loads the image into RAM. Everything is linked where it runs, so nothing is copied at the
/// start.
const RISCV_VIRT: &str = "
ENTRY(_start)
MEMORY { CODE : ORIGIN = 0x80000000, LENGTH = 2M RAM : ORIGIN = 0x80400000, LENGTH = 4M }
SECTIONS {
  .text : { KEEP(*(.init)) *(.text .text.*) } > CODE
  .rodata : { *(.rodata .rodata.* .srodata .srodata.*) } > CODE
  .data : ALIGN(4) { *(.data .data.* .sdata .sdata.*) } > RAM
  .bss (NOLOAD) : ALIGN(4) {
    _bss_start = .;
    *(.bss .bss.* .sbss .sbss.* COMMON)
    . = ALIGN(4);
    _bss_end = .;
  } > RAM
  _stack_start = ORIGIN(RAM) + LENGTH(RAM);
  /DISCARD/ : { *(.eh_frame) }
}
";

fn main() {
    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let (name, text) = if has("RISCV_VIRT") {
        ("riscv.x", RISCV_VIRT.to_owned())
    } else if let Some((_, memory)) = ARM.iter().find(|(board, _)| has(board)) {
        ("memory.x", format!("MEMORY {{ {memory} }}\n"))
    } else {
        // A plain `cargo check` of the workspace chooses no board; only linking needs one.
        return;
    };
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join(name), text).expect("OUT_DIR is writable");
    let script = if name == "memory.x" { "link.x" } else { name };
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rustc-link-arg-bins=-T{script}");
    // Object files that replace routines of Rust's library (tools/xtask/src/libgcc.rs), or that the
    // image consists of besides (tools/xtask/src/natives.rs).
    if let Some(objects) = env::var_os("ZONDA_LINK_OBJECTS") {
        for object in env::split_paths(&objects).filter(|path| !path.as_os_str().is_empty()) {
            println!("cargo:rustc-link-arg-bins={}", object.display());
            println!("cargo:rerun-if-changed={}", object.display());
        }
    }
    println!("cargo:rerun-if-env-changed=ZONDA_LINK_OBJECTS");
    println!("cargo:rerun-if-changed=build.rs");
}
