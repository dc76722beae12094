//! GCC's routines for floats and 64-bit integers, as the linker of a Zephyr application takes them
//! on Arm (CMakeLists.txt).
//!
//! An image of `firmware/` that has them is linked with the object files of libgcc.a that define
//! them: definitions in object files win over those in Rust's library.

use crate::{packages, shell};
use anyhow::{bail, Context, Result};
use object::{Object, ObjectSymbol};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The names that the static library leaves to libgcc.
const SYMBOLS: &str = "zephyr/libgcc_symbols.txt";
const GCC: (&str, &str) = ("arm-none-eabi-gcc", "gcc-arm-none-eabi");
const AR: &str = "arm-none-eabi-ar";

/// GCC's arguments for a Rust target.
const CPUS: [(&str, &[&str]); 5] = [
    ("thumbv6m-none-eabi", &["-mcpu=cortex-m0", "-mfloat-abi=soft"]),
    ("thumbv7m-none-eabi", &["-mcpu=cortex-m3", "-mfloat-abi=soft"]),
    ("thumbv7em-none-eabi", &["-mcpu=cortex-m4", "-mfloat-abi=soft"]),
    ("thumbv7em-none-eabihf", &["-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]),
    ("thumbv8m.main-none-eabihf", &["-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"]),
];

/// Whether GCC for Arm is there.
pub fn is_installed() -> bool {
    shell::has(GCC.0) && shell::has(AR)
}

/// The libgcc.a of this target.
fn library(target: &str) -> Result<PathBuf> {
    let Some((_, cpu)) = CPUS.iter().find(|(name, _)| *name == target) else {
        bail!("{target} has no hand-written libgcc: the option is for Arm");
    };
    packages::need(&[GCC])?;
    let path = shell::output(
        Command::new(GCC.0).arg("-mthumb").args(*cpu).arg("-print-libgcc-file-name"),
    )?;
    Ok(PathBuf::from(path.trim()))
}

/// The names that are left to libgcc.
fn symbols() -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(shell::root().join(SYMBOLS))
        .with_context(|| format!("cannot read {SYMBOLS}"))?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// What libgcc's divisions call when the divisor is 0. Rust's compiler library has these functions
/// or not, by its version.
const DIVISION_BY_ZERO: [&str; 2] = ["__aeabi_idiv0", "__aeabi_ldiv0"];

/// Unpacks libgcc.a, and returns the object files that define one of the names, or what these call.
/// Every name has to be defined.
pub fn objects(target: &str) -> Result<Vec<PathBuf>> {
    let library = library(target)?;
    let folder = shell::target_dir().join("libgcc").join(target);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    shell::run(Command::new(AR).arg("x").arg(&library).current_dir(&folder))?;
    let mut missing = symbols()?;
    missing.extend(DIVISION_BY_ZERO.map(str::to_owned));
    let mut chosen = Vec::new();
    let mut files: Vec<PathBuf> =
        fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    for path in files {
        let defined = defined(&path)?;
        if defined.iter().any(|name| missing.contains(name)) {
            defined.iter().for_each(|name| {
                missing.remove(name);
            });
            chosen.push(path);
        }
    }
    if !missing.is_empty() {
        bail!(
            "{} does not define {missing:?}, which {SYMBOLS} lists or a division calls",
            library.display()
        );
    }
    Ok(chosen)
}

fn defined(path: &Path) -> Result<Vec<String>> {
    let bytes = fs::read(path)?;
    let file = object::File::parse(&*bytes)
        .with_context(|| format!("{} is no object file", path.display()))?;
    Ok(file
        .symbols()
        .filter(|symbol| symbol.is_global() && symbol.is_definition())
        .filter_map(|symbol| symbol.name().ok().map(str::to_owned))
        .collect())
}
