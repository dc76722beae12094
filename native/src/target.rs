//! The CPUs that code can be made for.

use zonda::toolchain::native_format::cpu;

/// A CPU with its ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, which is that of Rust's target.
    pub name: &'static str,
    /// The CPU for LLVM.
    pub cpu: String,
    pub(crate) triple: &'static str,
    pub(crate) features: &'static str,
    /// Bytes of an address.
    pub(crate) word: usize,
    /// What the code needs (`cpu`).
    pub(crate) needs: u32,
    /// Whether instructions on f32 and f64 exist.
    pub(crate) f32: bool,
    pub(crate) f64: bool,
    /// The register with the native stack.
    pub(crate) sp: &'static str,
}

/// A row of the table below.
type Row =
    (&'static str, &'static str, &'static str, &'static str, usize, u32, [bool; 2], &'static str);

const TARGETS: &[Row] = &[
    (
        "thumbv7m-none-eabi",
        "cortex-m3",
        "thumbv7m-none-unknown-eabi",
        "+soft-float",
        4,
        cpu::ARM | cpu::THUMB2,
        [false, false],
        "sp",
    ),
    (
        "thumbv7em-none-eabi",
        "cortex-m4",
        "thumbv7em-none-unknown-eabi",
        "+soft-float,-vfp2sp,-fpregs",
        4,
        cpu::ARM | cpu::THUMB2 | cpu::DSP,
        [false, false],
        "sp",
    ),
    (
        "thumbv7em-none-eabihf",
        "cortex-m4",
        "thumbv7em-none-unknown-eabihf",
        "",
        4,
        cpu::ARM | cpu::THUMB2 | cpu::DSP | cpu::HARD_FLOAT,
        [true, false],
        "sp",
    ),
    (
        "x86_64-unknown-linux-gnu",
        "x86-64",
        "x86_64-unknown-linux-gnu",
        "",
        8,
        cpu::X86_64,
        [true, true],
        "rsp",
    ),
];

impl Target {
    /// The target of this name.
    ///
    /// # Errors
    /// A text that lists the names, where there is none.
    pub fn named(name: &str) -> Result<Target, String> {
        let row = TARGETS.iter().find(|row| row.0 == name).ok_or_else(|| {
            let names: Vec<&str> = Target::names().collect();
            format!("there is no target {name}; there are: {}", names.join(", "))
        })?;
        let &(name, cpu, triple, features, word, needs, [f32, f64], sp) = row;
        Ok(Target { name, cpu: cpu.into(), triple, features, word, needs, f32, f64, sp })
    }

    /// The target of the machine that this runs on, if there is one.
    ///
    /// # Errors
    /// As for [`Target::named`].
    pub fn host() -> Result<Target, String> {
        let linux = cfg!(all(target_arch = "x86_64", target_os = "linux"));
        Target::named(if linux { "x86_64-unknown-linux-gnu" } else { std::env::consts::ARCH })
    }

    /// The names of all targets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TARGETS.iter().map(|row| row.0)
    }

    /// The integer type of an address.
    pub(crate) fn iptr(&self) -> &'static str {
        if self.word == 8 {
            "i64"
        } else {
            "i32"
        }
    }
}
