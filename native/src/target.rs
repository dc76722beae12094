//! The CPUs that code can be made for.

use crate::shape::slots;
use zonda::toolchain::native_format::cpu;
use zonda::ValType;

/// Instruction sets, as far as the compiler treats them differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Armv6-M.
    Thumb1,
    /// Armv7-M and Armv8-M Mainline.
    Thumb2,
    Riscv32,
    Aarch64,
    X86_64,
}

/// A CPU with its ABI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name, which is that of Rust's target.
    pub name: &'static str,
    /// The CPU for LLVM.
    pub(crate) cpu: String,
    pub(crate) isa: Isa,
    pub(crate) triple: &'static str,
    pub(crate) features: &'static str,
    /// What the code needs (`cpu`).
    pub(crate) needs: u32,
    /// CPUs of the target.
    cpus: &'static [&'static str],
}

/// A row of the table below: name, LLVM's triple and features, the instruction set, what the code
/// needs, and the CPUs that have it. The first CPU is the default: all others execute its code.
type Row = (&'static str, &'static str, &'static str, Isa, u32, &'static [&'static str]);

const V7M: u32 = cpu::ARM | cpu::THUMB2;
const V7EM: u32 = V7M | cpu::DSP;
const V8M: u32 = V7M | cpu::V8M;

const TARGETS: &[Row] = &[
    (
        "thumbv6m-none-eabi",
        "thumbv6m-none-unknown-eabi",
        "+soft-float",
        Isa::Thumb1,
        cpu::ARM,
        &["cortex-m0", "cortex-m0plus", "cortex-m1", "sc000"],
    ),
    (
        "thumbv7m-none-eabi",
        "thumbv7m-none-unknown-eabi",
        "+soft-float",
        Isa::Thumb2,
        V7M,
        &["cortex-m3", "sc300"],
    ),
    (
        "thumbv7em-none-eabi",
        "thumbv7em-none-unknown-eabi",
        "+soft-float,-vfp2sp,-fpregs",
        Isa::Thumb2,
        V7EM,
        &["cortex-m4", "cortex-m7"],
    ),
    (
        "thumbv7em-none-eabihf",
        "thumbv7em-none-unknown-eabihf",
        "-fp64",
        Isa::Thumb2,
        V7EM | cpu::HARD_FLOAT,
        &["cortex-m4", "cortex-m7"],
    ),
    // Rust's targets for Armv8-M do not say whether there is the DSP extension.
    (
        "thumbv8m.main-none-eabi",
        "thumbv8m.main-none-unknown-eabi",
        "+soft-float,-vfp2sp,-fpregs,-dsp",
        Isa::Thumb2,
        V8M,
        &["cortex-m33", "cortex-m35p"],
    ),
    (
        "thumbv8m.main-none-eabihf",
        "thumbv8m.main-none-unknown-eabihf",
        "-fp64,-dsp",
        Isa::Thumb2,
        V8M | cpu::HARD_FLOAT,
        &["cortex-m33", "cortex-m35p"],
    ),
    (
        "riscv32imc-unknown-none-elf",
        "riscv32-unknown-none-elf",
        "+m,+c,-relax",
        Isa::Riscv32,
        cpu::RISCV32,
        &["generic-rv32"],
    ),
    (
        "riscv32imac-unknown-none-elf",
        "riscv32-unknown-none-elf",
        "+m,+a,+c,-relax",
        Isa::Riscv32,
        cpu::RISCV32,
        &["generic-rv32"],
    ),
    (
        "aarch64-unknown-linux-gnu",
        "aarch64-unknown-linux-gnu",
        "",
        Isa::Aarch64,
        cpu::AARCH64,
        &["generic", "cortex-a53", "cortex-a72"],
    ),
    (
        "x86_64-unknown-linux-gnu",
        "x86_64-unknown-linux-gnu",
        "",
        Isa::X86_64,
        cpu::X86_64,
        &["x86-64"],
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
        let &(name, triple, features, isa, needs, cpus) = row;
        Ok(Target { name, cpu: cpus[0].into(), isa, triple, features, needs, cpus })
    }

    /// The target for one of its CPUs.
    ///
    /// # Errors
    /// A text that lists the CPUs, where this is none of them.
    pub fn with_cpu(mut self, cpu: &str) -> Result<Target, String> {
        if !self.cpus.contains(&cpu) {
            let (name, cpus) = (self.name, self.cpus.join(", "));
            return Err(format!("{name} is not for a CPU {cpu}; its CPUs are: {cpus}"));
        }
        cpu.clone_into(&mut self.cpu);
        Ok(self)
    }

    /// The target of the machine that this runs on, if there is one.
    ///
    /// # Errors
    /// As for [`Target::named`].
    pub fn host() -> Result<Target, String> {
        let linux = cfg!(all(target_arch = "x86_64", target_os = "linux"));
        let aarch64 = cfg!(all(target_arch = "aarch64", target_os = "linux"));
        Target::named(if linux {
            "x86_64-unknown-linux-gnu"
        } else if aarch64 {
            "aarch64-unknown-linux-gnu"
        } else {
            std::env::consts::ARCH
        })
    }

    /// The names of all targets.
    pub fn names() -> impl Iterator<Item = &'static str> {
        TARGETS.iter().map(|row| row.0)
    }

    /// The CPU for LLVM.
    pub fn cpu(&self) -> &str {
        &self.cpu
    }

    /// Bytes of an address.
    pub(crate) fn word(&self) -> usize {
        match self.isa {
            Isa::Thumb1 | Isa::Thumb2 | Isa::Riscv32 => 4,
            Isa::Aarch64 | Isa::X86_64 => 8,
        }
    }

    /// Bytes of the shortest instruction.
    pub(crate) fn least_instruction(&self) -> usize {
        match self.isa {
            Isa::X86_64 => 1,
            Isa::Thumb1 | Isa::Thumb2 | Isa::Riscv32 => 2,
            Isa::Aarch64 => 4,
        }
    }

    /// The integer type of an address.
    pub(crate) fn iptr(&self) -> &'static str {
        if self.word() == 8 {
            "i64"
        } else {
            "i32"
        }
    }

    /// The register with the native stack, by LLVM's name.
    pub(crate) fn sp(&self) -> &'static str {
        if self.isa == Isa::X86_64 {
            "rsp"
        } else {
            "sp"
        }
    }

    /// Whether there are instructions on f32.
    pub(crate) fn has_f32(&self) -> bool {
        self.needs & cpu::HARD_FLOAT != 0 || self.has_f64()
    }

    /// Whether there are instructions on f64.
    pub(crate) fn has_f64(&self) -> bool {
        self.word() == 8
    }

    /// Whether there is an instruction that divides.
    pub(crate) fn has_division(&self) -> bool {
        self.isa != Isa::Thumb1
    }

    /// Whether LLVM can make every call of a function of the caller's type a jump. It cannot where
    /// parameters are on the stack, and ends the process where it has to.
    pub(crate) fn has_tail_calls(&self, params: &[ValType]) -> bool {
        match self.isa {
            Isa::Thumb1 => false,
            Isa::Thumb2 => self.are_in_registers_of_arm(params),
            // The state is a parameter there.
            Isa::Riscv32 => slots(params) < 8,
            Isa::Aarch64 | Isa::X86_64 => true,
        }
    }

    /// Whether the registers of the procedure call standard for Arm (AAPCS, AAPCS_VFP) have room
    /// for parameters: four for integers, whose pairs begin at an even one, and sixteen for floats
    /// where the ABI is hard float.
    fn are_in_registers_of_arm(&self, params: &[ValType]) -> bool {
        let hard = self.needs & cpu::HARD_FLOAT != 0;
        let (mut words, mut floats) = (0u32, 0);
        for ty in params {
            let in_fpu = hard && matches!(ty, ValType::F32 | ValType::F64);
            let (used, size) = (if in_fpu { &mut floats } else { &mut words }, slots(&[*ty]));
            *used = used.next_multiple_of(size) + size;
        }
        words <= 4 && floats <= 16
    }
}
