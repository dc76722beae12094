//! A session of stock LLDB with `tests/zephyr/debug` on the emulated Cortex-M3, over its second
//! UART.

use super::{build, emulate};
use crate::{lldb, shell};
use anyhow::Result;
use std::path::Path;

pub fn session(base: &Path) -> Result<()> {
    lldb::need()?;
    let folder = shell::target_dir().join("zephyr-debug");
    build(base, "qemu_cortex_m3", "tests/zephyr/debug", &folder)?;
    let mut emulator = emulate(&folder);
    emulator.args(["-serial", "chardev:debugger"]);
    let printed = ["run(3) = 12", "trap(2): Exception: integer divide by zero", "run(4) = 20"];
    lldb::session("Zephyr", emulator, &folder, &printed)
}
