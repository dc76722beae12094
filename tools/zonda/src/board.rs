//! What to compile for: the CPU, the FPU and the ABI of a Zephyr board, from its name or from the
//! configuration of a build.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A device, as Zephyr configures it.
#[derive(Debug, PartialEq, Eq)]
pub struct Device {
    /// The target for native code, by Rust's name; why there is none.
    pub target: Result<String, String>,
    /// The CPU, by LLVM's name, where the target's least one is not meant.
    pub cpu: Option<&'static str>,
    /// Bytes of a pointer.
    pub word_size: u8,
}

/// The CPUs of Zephyr with the profile M: symbol, target without its float ABI, CPU.
const CORTEX_M: [(&str, &str, Option<&str>); 10] = [
    ("CPU_CORTEX_M0", "thumbv6m-none-eabi", None),
    ("CPU_CORTEX_M0PLUS", "thumbv6m-none-eabi", None),
    ("CPU_CORTEX_M1", "thumbv6m-none-eabi", None),
    ("CPU_CORTEX_M3", "thumbv7m-none-eabi", Some("cortex-m3")),
    ("CPU_CORTEX_M4", "thumbv7em-none-eabi", Some("cortex-m4")),
    ("CPU_CORTEX_M7", "thumbv7em-none-eabi", Some("cortex-m7")),
    ("CPU_CORTEX_M23", "thumbv8m.base-none-eabi", None),
    // The target has a subset of what these have.
    ("CPU_CORTEX_M33", "thumbv8m.main-none-eabi", None),
    ("CPU_CORTEX_M55", "thumbv8m.main-none-eabi", None),
    ("CPU_CORTEX_M85", "thumbv8m.main-none-eabi", None),
];

/// Boards by the symbols that Zephyr 4.1 sets for them where the application sets none: an FPU is
/// off on most.
const BOARDS: [(&[&str], &[&str]); 5] = [
    (&["CPU_CORTEX_M3"], &["mps2/an385", "qemu_cortex_m3"]),
    (
        &["CPU_CORTEX_M4"],
        &[
            "adafruit_feather_nrf52840",
            "arduino_nano_33_ble",
            "nrf52833dk/nrf52833",
            "nrf52840dk/nrf52840",
            "nrf52840dongle/nrf52840",
            "nrf52dk/nrf52832",
            "thingy52/nrf52832",
            "xiao_ble",
        ],
    ),
    (&["CPU_CORTEX_M4", "FPU", "FP_HARDABI"], &["mps2/an386"]),
    (&["CPU_CORTEX_M7"], &["mps2/an500"]),
    (
        &["CPU_CORTEX_M33"],
        &[
            "mps2/an521/cpu0",
            "nrf5340dk/nrf5340/cpuapp",
            "nrf54l15dk/nrf54l15/cpuapp",
            "nrf9160dk/nrf9160",
        ],
    ),
];

/// The board of this name, as Zephyr configures it by default.
pub fn of_board(name: &str) -> Result<Device, String> {
    // Zephyr adds the SoC where a board has one only.
    let short = name.split('/').next().unwrap_or(name);
    let found = BOARDS
        .iter()
        .find(|(_, boards)| boards.contains(&name))
        .or_else(|| BOARDS.iter().find(|(_, boards)| boards.contains(&short)));
    let Some((symbols, _)) = found else {
        let mut names: Vec<&str> = BOARDS.iter().flat_map(|(_, boards)| *boards).copied().collect();
        names.sort_unstable();
        return Err(format!(
            "the board {name} is not in the list; build an application for it and pass --zephyr-build DIR, or --target. Boards: {}",
            names.join(", ")
        ));
    };
    Ok(of_symbols(&symbols.iter().copied().collect()))
}

/// The device that a build is for: DIR/zephyr/.config, also of the default image of a sysbuild.
pub fn of_build(dir: &Path) -> Result<Device, String> {
    let path = config(dir)?;
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(of_symbols(&symbols(&text)))
}

fn config(dir: &Path) -> Result<PathBuf, String> {
    if dir.is_file() {
        return Ok(dir.to_owned());
    }
    let mut candidates = vec![dir.join("zephyr/.config"), dir.join(".config")];
    let domains = fs::read_to_string(dir.join("domains.yaml")).unwrap_or_default();
    if let Some(name) = domains.lines().find_map(|line| line.strip_prefix("default:")) {
        candidates.insert(0, dir.join(name.trim()).join("zephyr/.config"));
    }
    candidates.iter().find(|path| path.is_file()).cloned().ok_or_else(|| {
        format!(
            "{}: expected a build folder of Zephyr, with the file zephyr/.config; `west build -d DIR` makes one",
            dir.display()
        )
    })
}

/// The symbols that are on, without `CONFIG_`.
fn symbols(config: &str) -> HashSet<&str> {
    let lines = config.lines().map(str::trim_end);
    lines.filter_map(|line| line.strip_prefix("CONFIG_")?.strip_suffix("=y")).collect()
}

/// zephyr/rust_target.cmake has the same rules, for the runtime.
fn of_symbols(on: &HashSet<&str>) -> Device {
    let has = |symbol: &str| on.contains(symbol);
    let word_size = if has("64BIT") { 8 } else { 4 };
    if let Some(&(_, target, cpu)) = CORTEX_M.iter().find(|(symbol, ..)| has(symbol)) {
        let hard_float = has("FPU") && has("FP_HARDABI");
        let target = format!("{target}{}", if hard_float { "hf" } else { "" });
        return Device { target: Ok(target), cpu, word_size };
    }
    let target = if has("RISCV") {
        let mut isa = String::from(if word_size == 8 { "riscv64i" } else { "riscv32i" });
        let float = has("FPU") && has("FLOAT_HARD");
        for (symbol, letter) in
            [("RISCV_ISA_EXT_M", "m"), ("RISCV_ISA_EXT_A", "a"), ("CPU_HAS_FPU", "f")]
        {
            if has(symbol) && (letter != "f" || float) {
                isa.push_str(letter);
            }
        }
        if float && has("CPU_HAS_FPU_DOUBLE_PRECISION") {
            isa.push('d');
        }
        if has("RISCV_ISA_EXT_C") {
            isa.push('c');
        }
        Ok(format!("{isa}-unknown-none-elf"))
    } else if has("ARM64") {
        Ok("aarch64-unknown-linux-gnu".to_owned())
    } else {
        let cpu =
            on.iter().filter(|symbol| symbol.starts_with("CPU_") || symbol.starts_with("ARCH_"));
        let mut names: Vec<&str> = cpu.copied().collect();
        names.sort_unstable();
        Err(format!("no native code for this CPU: {}", names.join(", ")))
    };
    Device { target, cpu: None, word_size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(target: &str, cpu: Option<&'static str>) -> Device {
        Device { target: Ok(target.into()), cpu, word_size: 4 }
    }

    fn configured(text: &str) -> Device {
        of_symbols(&symbols(text))
    }

    #[test]
    fn boards_are_known_with_and_without_their_soc() {
        let m4 = device("thumbv7em-none-eabi", Some("cortex-m4"));
        assert_eq!(of_board("nrf52840dk/nrf52840"), Ok(m4));
        let m3 = device("thumbv7m-none-eabi", Some("cortex-m3"));
        assert_eq!(of_board("qemu_cortex_m3"), Ok(m3));
        assert_eq!(of_board("mps2/an386").unwrap().target.unwrap(), "thumbv7em-none-eabihf");
        assert_eq!(of_board("qemu_cortex_m3/ti_lm3s6965").unwrap().cpu, Some("cortex-m3"));
        let text = of_board("nowhere").unwrap_err();
        assert!(text.contains("nowhere") && text.contains("--zephyr-build"), "{text}");
    }

    #[test]
    fn a_configuration_says_fpu_and_abi() {
        let base = "CONFIG_CPU_CORTEX_M=y\nCONFIG_CPU_CORTEX_M4=y\n# CONFIG_FPU is not set\n";
        let soft = device("thumbv7em-none-eabi", Some("cortex-m4"));
        assert_eq!(configured(base), soft);
        assert_eq!(configured(&format!("{base}CONFIG_FPU=y\nCONFIG_FP_SOFTABI=y\n")), soft);
        let hard = configured(&format!("{base}CONFIG_FPU=y\r\nCONFIG_FP_HARDABI=y\r\n"));
        assert_eq!(hard, device("thumbv7em-none-eabihf", Some("cortex-m4")));
    }

    #[test]
    fn other_cpus() {
        let riscv = "CONFIG_RISCV=y\nCONFIG_RISCV_ISA_EXT_M=y\nCONFIG_RISCV_ISA_EXT_A=y\nCONFIG_RISCV_ISA_EXT_C=y\n";
        assert_eq!(configured(riscv), device("riscv32imac-unknown-none-elf", None));
        let wide = configured(&format!("{riscv}CONFIG_64BIT=y\n"));
        assert_eq!(
            (wide.target.as_deref(), wide.word_size),
            (Ok("riscv64imac-unknown-none-elf"), 8)
        );
        let text = configured("CONFIG_ARCH_POSIX=y\n").target.unwrap_err();
        assert!(text.contains("ARCH_POSIX"), "{text}");
    }

    #[test]
    fn build_folders() {
        let folder = std::env::temp_dir().join(format!("zonda-board-{}", std::process::id()));
        let image = folder.join("app/zephyr");
        fs::create_dir_all(&image).unwrap();
        fs::write(image.join(".config"), "CONFIG_CPU_CORTEX_M3=y\n").unwrap();
        let text = of_build(&folder).unwrap_err();
        assert!(text.contains("zephyr/.config"), "{text}");
        let m3 = device("thumbv7m-none-eabi", Some("cortex-m3"));
        assert_eq!(of_build(&folder.join("app")), Ok(m3));
        fs::write(folder.join("domains.yaml"), "default: app\nbuild_dir: x\n").unwrap();
        assert_eq!(of_build(&folder), Ok(device("thumbv7m-none-eabi", Some("cortex-m3"))));
        assert_eq!(of_build(&image.join(".config")).unwrap().cpu, Some("cortex-m3"));
        fs::remove_dir_all(&folder).unwrap();
    }
}
