//! The boards that tests and samples run on, their C compilers, and twister.

use super::{need_packages, riscv, version, west};
use crate::report::NotRun;
use crate::{native, packages, shell, toolchain};
use anyhow::{bail, Result};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Who compiles C for a board.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compiler {
    /// The Arm compiler of Debian or of Zephyr's SDK.
    Arm,
    /// The compiler of this machine, for 32-bit x86.
    Host32,
    Host64,
    RiscV,
    /// One that `CROSS_COMPILE` names, or Zephyr's SDK.
    AArch64,
}

/// A board, its compiler, and the Rust target of its images.
struct Board {
    name: &'static str,
    compiler: Compiler,
    target: &'static str,
}

const fn board(name: &'static str, compiler: Compiler, target: &'static str) -> Board {
    Board { name, compiler, target }
}

/// What the files testcase.yaml and sample.yaml allow.
const BOARDS: [Board; 13] = [
    board("qemu_cortex_m3", Compiler::Arm, "thumbv7m-none-eabi"),
    board("nrf52840dk/nrf52840", Compiler::Arm, "thumbv7em-none-eabihf"),
    board("native_sim", Compiler::Host32, "i686-unknown-linux-gnu"),
    board("qemu_riscv32", Compiler::RiscV, "riscv32imac-unknown-none-elf"),
    board("qemu_riscv64", Compiler::RiscV, "riscv64imac-unknown-none-elf"),
    board("native_sim/native/64", Compiler::Host64, "x86_64-unknown-linux-gnu"),
    board("qemu_cortex_m0", Compiler::Arm, "thumbv6m-none-eabi"),
    board("mps2/an385", Compiler::Arm, "thumbv7m-none-eabi"),
    board("mps2/an386", Compiler::Arm, "thumbv7em-none-eabihf"),
    board("mps2/an521/cpu0", Compiler::Arm, "thumbv8m.main-none-eabi"),
    board("mps3/corstone300/an547", Compiler::Arm, "thumbv8m.main-none-eabihf"),
    board("qemu_cortex_r5", Compiler::Arm, "armv7r-none-eabihf"),
    board("qemu_cortex_a53", Compiler::AArch64, "aarch64-unknown-none"),
];

/// The boards of `cargo xtask test`: one of each calling convention that QEMU has and Debian's
/// compilers can build, and one physical board, which is built only.
const TESTED: [&str; 3] = ["qemu_cortex_m3", "nrf52840dk/nrf52840", "native_sim"];
const TESTED_RISC_V: [&str; 2] = ["qemu_riscv32", "qemu_riscv64"];

#[derive(clap::Args)]
pub struct Options {
    /// Only this board; can be given several times
    #[arg(long, value_name = "BOARD")]
    board: Vec<String>,
    /// How many images are built at the same time
    #[arg(long, default_value_t = 2)]
    jobs: u32,
}

fn sdk() -> bool {
    env::var_os("ZEPHYR_SDK_INSTALL_DIR").is_some()
}

/// Whether this machine compiles C for 32-bit x86.
fn compiles_i386() -> bool {
    let mut command = Command::new("gcc");
    command.args(["-m32", "-include", "errno.h", "-x", "c", "-", "-fsyntax-only"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

impl Compiler {
    /// The prefix of a compiler that Zephyr does not find by itself; the error says what is
    /// missing.
    fn prefix(self) -> Result<Option<PathBuf>> {
        match self {
            Compiler::Arm if sdk() || shell::has("arm-none-eabi-gcc") => Ok(None),
            Compiler::Arm => {
                packages::need(&[("arm-none-eabi-gcc", "gcc-arm-none-eabi")]).map(|()| None)
            }
            Compiler::Host32 if compiles_i386() => Ok(None),
            Compiler::Host32 => bail!("apt-get install gcc-multilib"),
            Compiler::Host64 => Ok(None),
            _ if sdk() => Ok(None),
            Compiler::RiscV => riscv::prefix().map(Some),
            Compiler::AArch64 => match env::var_os("CROSS_COMPILE") {
                Some(prefix) if prefix.to_string_lossy().contains("aarch64") => {
                    Ok(Some(prefix.into()))
                }
                _ => bail!(
                    "needs Zephyr's SDK (ZEPHYR_SDK_INSTALL_DIR) or CROSS_COMPILE=…/aarch64…-"
                ),
            },
        }
    }
}

/// Runs twister with all tests and samples on boards with the same compiler.
fn twister_on(base: &Path, boards: &[&Board], jobs: u32) -> Result<()> {
    let Some(first) = boards.first() else { return Ok(()) };
    need_packages(base)?;
    let prefix = first.compiler.prefix().map_err(|error| {
        let names: Vec<&str> = boards.iter().map(|board| board.name).collect();
        NotRun(format!("{}: {error:#}", names.join(", ")))
    })?;
    for board in boards {
        if board.compiler != Compiler::Host64 {
            toolchain::find(board.target)?;
        }
    }
    let mut command = west(base)?;
    let name = format!("twister-{}-{}", version(base), first.name.replace('/', "_"));
    command.current_dir(base).args(["twister", "--inline-logs", "--clobber-output"]);
    command.args(["--jobs", &jobs.to_string(), "--outdir"]).arg(shell::target_dir().join(name));
    command.env("ZONDA_CARGO_TARGET_DIR", shell::target_dir().join("zephyr"));
    // Programs that are compiled to register bytecode and to native code.
    match native::tool() {
        Ok(tool) => command.env("ZONDA_TOOL", tool),
        Err(error) => {
            eprintln!("NOT RUN: tests of native code on Zephyr: {error:#}");
            command.args(["--exclude-tag", "zonda_llvm"]).env("ZONDA_TOOL", native::tool_without()?)
        }
    };
    let root = shell::root().canonicalize()?;
    // QEMU in place of an emulator that Zephyr has no other for.
    let emulators = root.join("boards/emulators");
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path);
    let path = path.map_or_else(|| env::var_os("PATH").unwrap_or_default(), ToOwned::to_owned);
    let folders = env::split_paths(&path).chain([emulators.clone()]);
    command.env("PATH", env::join_paths(folders)?).env("ARMFVP_BIN_PATH", &emulators);
    // Twister evaluates filters without the application's CMakeLists.txt, which would register this
    // module.
    command.env("EXTRA_ZEPHYR_MODULES", &root);
    for folder in ["tests/zephyr", "samples"] {
        command.arg("--testsuite-root").arg(root.join(folder));
    }
    for board in boards {
        command.args(["--platform", board.name]);
    }
    if let Some(prefix) = prefix {
        // Twister knows no such toolchain for these boards. GNU ld since 2.39 warns of the segments
        // of Zephyr's linker scripts, which twister makes an error.
        command.args(["--force-toolchain", "--disable-warnings-as-errors"]);
        command.env("CROSS_COMPILE", prefix);
        command.env("ZEPHYR_TOOLCHAIN_VARIANT", "cross-compile");
    }
    let names: Vec<&str> = boards.iter().map(|board| board.name).collect();
    shell::step(&format!("west twister on {}, Zephyr {}", names.join(", "), version(base)));
    shell::run(&mut command)
}

fn chosen(wanted: impl Fn(&Board) -> bool) -> Vec<&'static Board> {
    BOARDS.iter().filter(|board| wanted(board)).collect()
}

/// Tests and samples on Arm and, where the machine can compile for it, on native_sim.
pub fn twister(base: &Path) -> Result<()> {
    let native = Compiler::Host32.prefix().map(|_| ());
    let native = native.and_then(|()| toolchain::find("i686-unknown-linux-gnu").map(|_| ()));
    if let Err(error) = &native {
        eprintln!("NOT RUN: native_sim: {error:#}");
    }
    let boards = chosen(|board| {
        TESTED.contains(&board.name) && (board.compiler == Compiler::Arm || native.is_ok())
    });
    twister_on(base, &boards, 2)
}

/// The same on RISC-V, which needs a compiler of its own.
pub fn twister_riscv(base: &Path) -> Result<()> {
    packages::need(&[packages::QEMU_RISCV32])?;
    twister_on(base, &chosen(|board| TESTED_RISC_V.contains(&board.name)), 2)
}

/// Tests and samples on all boards, or on those that the user names; a board that cannot be built
/// for is named.
pub fn all(base: &Path, options: &Options) -> Result<()> {
    for name in &options.board {
        if !BOARDS.iter().any(|board| board.name == name) {
            let names: Vec<&str> = BOARDS.iter().map(|board| board.name).collect();
            bail!("no test runs on {name}; boards: {}", names.join(", "));
        }
    }
    let asked = |board: &Board| {
        options.board.is_empty() || options.board.iter().any(|name| name == board.name)
    };
    let mut failed = Vec::new();
    for board in chosen(asked) {
        match twister_on(base, &[board], options.jobs) {
            Ok(()) => {}
            Err(error) if error.is::<NotRun>() => eprintln!("NOT RUN: {error:#}"),
            Err(error) => {
                eprintln!("{}: {error:#}", board.name);
                failed.push(board.name);
            }
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    bail!("Zephyr {}: failures on {}", version(base), failed.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Each board is allowed by a test or sample, and each allowed board is known here.
    #[test]
    fn boards_are_those_of_the_tests() {
        let mut allowed = Vec::new();
        for folder in ["tests/zephyr", "samples"] {
            for entry in fs::read_dir(shell::root().join(folder)).unwrap() {
                for name in ["testcase.yaml", "sample.yaml"] {
                    let text = fs::read_to_string(entry.as_ref().unwrap().path().join(name));
                    let text = text.unwrap_or_default();
                    let names = text.lines().filter_map(|line| line.trim().strip_prefix("- "));
                    allowed.extend(names.map(str::to_owned));
                }
            }
        }
        for board in &BOARDS {
            assert!(allowed.iter().any(|name| name == board.name), "{}", board.name);
        }
        for name in TESTED.iter().chain(&TESTED_RISC_V) {
            assert!(BOARDS.iter().any(|board| board.name == *name), "{name}");
        }
    }
}
