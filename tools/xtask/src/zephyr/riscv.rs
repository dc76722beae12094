//! A C compiler for RISC-V boards: Zephyr's SDK, the one that `CROSS_COMPILE` names, or one in
//! PATH, such as Debian's.

use crate::{packages, shell};
use anyhow::{Context, Result};
use std::env;
use std::fs;
use std::os::unix::fs::{symlink, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

const NAMES: [&str; 2] = ["riscv64-zephyr-elf-", "riscv64-unknown-elf-"];
const DEBIAN: (&str, &str) = ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf");

/// What Zephyr calls the CPU of qemu_riscv32.
const ARCHITECTURE: [&str; 2] = ["-march=rv32imac_zicsr_zifencei", "-mabi=ilp32"];

/// A compiler whose libraries are for the older names of the architecture, without the extensions
/// that were split off the base.
const WRAPPER: &str = r#"#!/bin/sh
# Calls PROGRAM with the older name of the architecture, for which it has libraries.
for argument do
  shift
  case $argument in
    -march=*) argument=$(echo "$argument" | sed 's/_zicsr//; s/_zifencei//') ;;
  esac
  set -- "$@" "$argument"
done
exec PROGRAM -misa-spec=2.2 "$@"
"#;

/// The folder and the prefix of the first compiler in PATH.
fn in_path() -> Option<(PathBuf, &'static str)> {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders).find_map(|folder| {
        let name = NAMES.into_iter().find(|name| folder.join(format!("{name}gcc")).is_file())?;
        Some((folder, name))
    })
}

/// Whether the compiler has libraries for the architecture under the name that Zephyr uses.
fn has_libraries(gcc: &Path) -> Result<bool> {
    let folder = shell::output(Command::new(gcc).args(ARCHITECTURE).arg("-print-multi-directory"))?;
    Ok(folder.trim() != ".")
}

/// The programs of a compiler with its front ends wrapped.
fn wrapped(folder: &Path, name: &str) -> Result<PathBuf> {
    let into = shell::target_dir().join("riscv");
    let _ = fs::remove_dir_all(&into);
    fs::create_dir_all(&into)?;
    for entry in fs::read_dir(folder)? {
        let file = entry?.file_name();
        if file.to_string_lossy().starts_with(name) {
            symlink(folder.join(&file), into.join(&file))?;
        }
    }
    for program in ["gcc", "g++"] {
        let file = format!("{name}{program}");
        let path = into.join(&file);
        if fs::remove_file(&path).is_ok() {
            let program = folder.join(&file);
            fs::write(&path, WRAPPER.replace("PROGRAM", &program.to_string_lossy()))?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    into.canonicalize().with_context(|| format!("{}", into.display()))
}

/// What `CROSS_COMPILE` has to be. As root, it installs Debian's compiler where there is none.
pub fn prefix() -> Result<PathBuf> {
    if let Some(given) = env::var_os("CROSS_COMPILE") {
        if given.to_string_lossy().contains("riscv") {
            return Ok(given.into());
        }
    }
    if in_path().is_none() {
        packages::need(&[DEBIAN])?;
    }
    let (folder, name) = in_path().context("no C compiler for RISC-V in PATH")?;
    let gcc = folder.join(format!("{name}gcc"));
    let folder = if has_libraries(&gcc)? { folder } else { wrapped(&folder, name)? };
    Ok(folder.join(name))
}
