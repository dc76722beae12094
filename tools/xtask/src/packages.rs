//! Programs of the system, and the Debian packages that bring them.

use crate::shell;
use anyhow::{bail, Result};
use std::process::Command;

/// (program, package)
pub const QEMU_ARM: (&str, &str) = ("qemu-system-arm", "qemu-system-arm");

/// Counts instructions on this machine; what needs it does without where it is missing.
pub const VALGRIND: (&str, &str) = ("valgrind", "valgrind");

/// Makes sure that the programs are there: installs their packages when we are root, else says how to.
pub fn need(programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&(&str, &str)> =
        programs.iter().filter(|(program, _)| !shell::has(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|(program, _)| *program).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    shell::step(&format!("{names} missing"));
    install(&packages)
}

/// Installs Debian packages, or says how to.
pub fn install(packages: &[&str]) -> Result<()> {
    let install = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    if !shell::has("apt-get") {
        bail!("this system has no apt-get; install what Debian calls: {}", packages.join(" "));
    }
    let root = shell::output(Command::new("id").arg("-u"))?.trim() == "0";
    if !root {
        bail!("packages are missing. Run\n\n    sudo {install}\n\nand then this command again");
    }
    shell::step(&install);
    let apt = |arguments: &[&str]| {
        shell::run(Command::new("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}
