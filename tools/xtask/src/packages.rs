//! Programs of the system, and the Debian packages that contain them.

use crate::shell;
use anyhow::{bail, Context, Result};
use std::process::{Command, Stdio};

/// (program, package)
pub const QEMU_ARM: (&str, &str) = ("qemu-system-arm", "qemu-system-arm");
pub const QEMU_RISCV32: (&str, &str) = ("qemu-system-riscv32", "qemu-system-misc");

/// Counts instructions on this machine.
pub const VALGRIND: (&str, &str) = ("valgrind", "valgrind");

/// Makes sure that the programs are installed: installs their packages as root; the error for other
/// users names the command.
pub fn need(programs: &[(&str, &str)]) -> Result<()> {
    let missing: Vec<&(&str, &str)> =
        programs.iter().filter(|(program, _)| !shell::has(program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|(program, _)| *program).collect::<Vec<_>>().join(", ");
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    install(&packages).with_context(|| format!("{names} not found"))
}

/// Whether this process may install packages.
pub fn is_root() -> bool {
    shell::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// What of apt's output explains a failure: its errors, and the packages that conflict.
fn explanation(output: &str) -> String {
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let first = lines
        .iter()
        .position(|line| line.contains("unmet dependencies") || line.starts_with("E:"))
        .unwrap_or(lines.len().saturating_sub(5));
    lines[first..].join("\n")
}

/// Installs Debian packages as root. The error says why apt could not, or what to run.
pub fn install(packages: &[&str]) -> Result<()> {
    let listed = packages.join(" ");
    let install = format!("apt-get install --yes --no-install-recommends {listed}");
    if !shell::has("apt-get") {
        bail!("this system has no apt-get; install the equivalents of Debian's packages {listed}");
    }
    if !is_root() {
        bail!("packages are missing. Run\n\n    sudo {install}\n\nand then this command again");
    }
    shell::step(&install);
    let apt = |arguments: &[&str]| -> Result<(bool, String)> {
        let output = shell::alone("apt-get")
            .args(arguments)
            // Apt's messages are read, so they are not translated.
            .envs([("DEBIAN_FRONTEND", "noninteractive"), ("LC_ALL", "C")])
            .stdin(Stdio::null())
            .output()
            .context("could not start apt-get")?;
        let text = [output.stdout, output.stderr].concat();
        Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
    };
    // A list that cannot be fetched matters only if the packages cannot be installed then.
    let (updated, of_update) = apt(&["update", "--quiet"])?;
    let (installed, of_install) =
        apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())?;
    if installed {
        return Ok(());
    }
    let mut why = explanation(&of_install);
    if !updated {
        why = format!("{why}\n{}", explanation(&of_update));
    }
    bail!("`{install}` failed:\n{why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_explained_by_apts_own_words() {
        let output = "Reading package lists...\nBuilding dependency tree...\nSome packages could not be installed. This may mean\n\
            The following packages have unmet dependencies:\n qemu-system-arm : Depends: qemu-system-common but it is not going to be installed\n\
            E: Unable to correct problems, you have held broken packages.\n";
        let explanation = explanation(output);
        assert!(explanation.starts_with("The following packages have unmet dependencies:"));
        assert!(explanation.contains("qemu-system-common"));
        assert!(explanation.ends_with("held broken packages."));
    }

    #[test]
    fn other_failures_are_explained_by_the_last_lines() {
        assert_eq!(explanation("one\ntwo\n"), "one\ntwo");
        assert_eq!(
            explanation("a\nE: Unable to locate package x\n"),
            "E: Unable to locate package x"
        );
    }
}
