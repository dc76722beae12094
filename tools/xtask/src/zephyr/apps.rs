//! Remote management of applications: samples/apps on the emulated mps2/an385, over its second
//! UART. [`story`] is a part of the tests, with signed packages only; the demo starts the same
//! firmware without signatures.

use super::{build_with, find_zcbor};
use crate::report::NotRun;
use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
