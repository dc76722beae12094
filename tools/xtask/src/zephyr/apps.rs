//! Remote management of applications: samples/apps on the emulated mps2/an385, over its second
//! UART. [`story`] is a part of the tests, with signed packages only; the demo starts the same
//! firmware without signatures. [`measured`] is another part: what applications take on that board.

use super::{build_with, find_zcbor};
use crate::report::NotRun;
use crate::{packages, qemu, shell};
use anyhow::{bail, Context, Result};
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The firmware in QEMU, which ends when this is dropped.
pub struct Device {
    emulator: Child,
    /// The pseudo terminal that is its second UART.
    pub port: String,
    /// The file with what its console prints.
    pub console: PathBuf,
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// Whether the workspace has what remote management needs; the error says what is missing.
pub fn is_possible(base: &Path) -> Result<PathBuf> {
    find_zcbor(base).ok_or_else(|| {
        let why = "the Zephyr module zcbor, which mcumgr needs, is not in the workspace \
                   (west update zcbor) and not in EXTRA_ZEPHYR_MODULES";
        NotRun(why.into()).into()
    })
}

/// Builds the firmware and starts it. With a key, it accepts what is signed with it only.
pub fn device(base: &Path, key: Option<&Path>) -> Result<Device> {
    let zcbor = is_possible(base)?;
    packages::need(&[packages::QEMU_ARM])?;
    let root = shell::root().canonicalize()?;
    let name = if key.is_some() { "zephyr-apps-signed" } else { "zephyr-apps" };
    let folder = shell::target_dir().join(name);
    let mut definitions = vec![
        "-DEXTRA_DTC_OVERLAY_FILE=smp.overlay".into(),
        format!("-DEXTRA_ZEPHYR_MODULES={};{}", zcbor.display(), root.display()),
    ];
    match key {
        Some(key) => definitions.extend([
            "-DEXTRA_CONF_FILE=smp.conf;signed.conf".into(),
            format!("-DCONFIG_ZONDA_SIGNED_FILES_KEYS=\"{}\"", key.display()),
        ]),
        None => definitions.push("-DEXTRA_CONF_FILE=smp.conf".into()),
    }
    build_with(base, "mps2/an385", "samples/apps", &folder, &definitions)?;
    let console = folder.join("console.txt");
    let mut command = Command::new(packages::QEMU_ARM.0);
    command.args(["-machine", "mps2-an385", "-cpu", "cortex-m3", "-display", "none"]);
    command.args(["-monitor", "none", "-serial"]).arg(format!("file:{}", console.display()));
    command.args(["-serial", "pty", "-kernel"]).arg(folder.join("zephyr/zephyr.elf"));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut emulator = command.spawn().context("could not start QEMU")?;
    let output = emulator.stdout.take().context("QEMU has no output")?;
    let mut device = Device { emulator, port: String::new(), console };
    // char device redirected to /dev/pts/3 (label serial1)
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    match line.split_whitespace().find(|word| word.starts_with("/dev/")) {
        Some(port) => device.port = port.into(),
        None => bail!("QEMU names no UART: {line}"),
    }
    Ok(device)
}

/// The clock of QEMU: a nanosecond for each instruction, times 2 to the power of this. The board's
/// CONFIG_QEMU_ICOUNT_SHIFT is the same.
const SHIFT: &str = "shift=7,align=off,sleep=off";
/// What the tests of `tests/zephyr/apps` may take.
const DEADLINE: Duration = Duration::from_secs(240);

/// Builds and runs `tests/zephyr/apps` on the emulated mps2/an385: RAM of 8 and 16 applications at
/// once, instructions of messages, one that loops, and many cycles, which have limits there.
pub fn measured(base: &Path) -> Result<()> {
    packages::need(&[packages::QEMU_ARM])?;
    let folder = shell::target_dir().join("zephyr-apps-measured");
    build_with(base, "mps2/an385", "tests/zephyr/apps", &folder, &[])?;
    let mut command = Command::new(packages::QEMU_ARM.0);
    command.args(["-machine", "mps2-an385", "-cpu", "cortex-m3", "-display", "none"]);
    command.args(["-monitor", "none", "-serial", "stdio", "-icount", SHIFT, "-rtc", "clock=vm"]);
    command.arg("-kernel").arg(folder.join("zephyr/zephyr.elf"));
    let mut log = String::new();
    let mut is_passed = false;
    qemu::lines_of(&mut command, DEADLINE, |line| {
        if ["bytes of heap", "instructions", "ms beside", "cycles"]
            .iter()
            .any(|part| line.contains(part))
        {
            println!("{line}");
        }
        log += line;
        log.push('\n');
        is_passed = line.contains("PROJECT EXECUTION SUCCESSFUL");
        if is_passed || line.contains("PROJECT EXECUTION FAILED") || line.contains("Halting system")
        {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if !is_passed {
        bail!("tests/zephyr/apps fails on mps2/an385:\n{log}");
    }
    Ok(())
}

/// The story of `tools/zonda/tests/device.rs`.
pub fn story(base: &Path) -> Result<()> {
    let key = shell::root().canonicalize()?.join("signature/tests/keys/p256.pub.pem");
    let device = device(base, Some(&key))?;
    let mut tests = shell::cargo();
    tests.args(["test", "--package", "zonda-cli", "--test", "device", "on_a_device"]);
    tests.env("ZONDA_DEVICE_PORT", &device.port);
    shell::step(&format!("the story by zonda device at {}", device.port));
    shell::run(&mut tests).with_context(|| {
        let console = std::fs::read_to_string(&device.console).unwrap_or_default();
        format!("the device printed: {console}")
    })
}
