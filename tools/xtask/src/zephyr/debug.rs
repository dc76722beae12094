//! Sessions of stock LLDB with `tests/zephyr/debug`: on the emulated Cortex-M3 over its second UART,
//! and on native_sim at a TCP port.

use super::{build, build_with, emulate};
use crate::{lldb, shell};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// The application.
const APPLICATION: &str = "tests/zephyr/debug";
/// What it prints.
const PRINTED: [&str; 3] =
    ["run(3) = 12", "trap(2): Exception: integer divide by zero", "run(4) = 20"];
/// `CONFIG_ZONDA_DEBUG_TCP_PORT` in its `tcp.conf`.
const PORT: u16 = 21234;

pub fn session(base: &Path) -> Result<()> {
    lldb::need()?;
    let folder = shell::target_dir().join("zephyr-debug");
    build(base, "qemu_cortex_m3", APPLICATION, &folder)?;
    let mut emulator = emulate(&folder);
    emulator.args(["-serial", "chardev:debugger"]);
    let printed = [&PRINTED[..], &["spin() = 7"]].concat();
    lldb::emulated("Zephyr", emulator, &folder, &printed)?;
    tcp(base)
}

/// With the network of this machine: native_sim hands Zephyr's sockets to it.
fn tcp(base: &Path) -> Result<()> {
    let folder = shell::target_dir().join("zephyr-debug-tcp");
    let definitions = ["-DEXTRA_CONF_FILE=tcp.conf".to_owned()];
    build_with(base, "native_sim/native/64", APPLICATION, &folder, &definitions)?;
    let program = Command::new(folder.join("zephyr/zephyr.exe"));
    lldb::session("Zephyr, TCP", program, PORT, &folder, &PRINTED)
}
