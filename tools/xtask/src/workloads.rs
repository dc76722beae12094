//! The standard workloads: modules of `tests/bench`, what to call, what comes out, and how much it
//! may cost in each mode.
//!
//! A limit is what the project promises (docs/measurements.md), or, where that is not reached yet,
//! a little more than what it costs today. `cargo xtask test` fails above it, so costs do not grow
//! unseen; whoever lowers a cost lowers its limit.

/// At most so many instructions and bytes; 0 where nothing is promised.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// Instructions of the call, or of its timed part where the module marks one: through the Rust
    /// API, through the C API.
    pub call: [u64; 2],
    /// Bytes of heap beyond operand stack and linear memory.
    pub heap: u64,
}

pub struct Workload {
    pub name: &'static str,
    /// File in `tests/bench`.
    pub file: &'static str,
    pub call: &'static str,
    /// 0: one call. Else so many calls `x = name(x, i)`.
    pub repeat: u32,
    pub expect: i64,
    /// In classic mode, in fast mode.
    pub limits: [Limits; 2],
}

const fn workload(
    name: &'static str,
    file: &'static str,
    call: &'static str,
    expect: i64,
    limits: [Limits; 2],
) -> Workload {
    Workload { name, file, call, repeat: 0, expect, limits }
}

/// Instructions through the Rust API and through the C API.
const fn most(rust: u64, c: u64) -> Limits {
    Limits { call: [rust, c], heap: 0 }
}

const fn heap(bytes: u64) -> Limits {
    Limits { call: [0, 0], heap: bytes }
}

pub const STANDARD: &[Workload] = &[
    workload(
        "fib",
        "fib.wasm",
        "run(24)",
        46368,
        [most(30_000_000, 30_000_000), most(15_000_000, 15_000_000)],
    ),
    workload(
        "crc32",
        "crc32.wasm",
        "run(4)",
        1582176661,
        [most(22_000_000, 22_000_000), most(7_500_000, 7_500_000)],
    ),
    // Promised: 8.0 M in classic mode, 4.5 M in fast mode.
    workload(
        "impcall",
        "impcall.wasm",
        "run(100000)",
        100000,
        [most(8_000_000, 8_850_000), most(4_500_000, 4_400_000)],
    ),
    // Promised: 5.5 M in fast mode.
    workload(
        "impcall1",
        "impcall1.wasm",
        "run(100000)",
        100000,
        [most(0, 0), most(5_500_000, 5_600_000)],
    ),
    // Promised: 1.5 M in classic mode, 1.0 M in fast mode: 0.98 M where it is the only one.
    Workload {
        repeat: 10000,
        ..workload(
            "add",
            "add.wasm",
            "add()",
            49995000,
            [most(1_500_000, 1_500_000), most(1_071_000, 1_250_000)],
        )
    },
    workload("hello", "hello.wasm", "run(5)", 5, [heap(2048), heap(2048)]),
    workload("nomem", "nomem.wasm", "run(5)", 5, [most(0, 0), most(0, 0)]),
];

/// CoreMark, which is not part of the repository: one iteration.
pub const COREMARK: [Limits; 2] = [most(9_000_000, 9_000_000), most(3_400_000, 3_400_000)];

/// Native stack in bytes, whatever the module.
pub const STACK_EXECUTING: u64 = 640;
// Promised: 1,024, which an image with classic mode alone keeps to.
pub const STACK_LOADING: u64 = 1232;

/// Bytes of flash with these modes: of all functions of the C API, and of those that a small
/// application calls.
pub struct Flash {
    pub config: &'static str,
    pub modes: &'static [&'static str],
    pub limit: u64,
    pub app: u64,
}

pub const FLASH: [Flash; 5] = [
    // Promised: 36,864.
    Flash { config: "classic", modes: &["classic"], limit: 66_400, app: 53_800 },
    // Promised: 45,056, and 53,248 for both.
    Flash { config: "fast", modes: &["fast"], limit: 92_950, app: 80_400 },
    Flash { config: "fast+classic", modes: &["fast", "classic"], limit: 102_950, app: 90_350 },
    // No translator and no validation of bodies. Promised for an application: 40,960.
    Flash { config: "precompiled", modes: &["precompiled-only"], limit: 71_250, app: 58_600 },
    // All that Kconfig can switch on.
    Flash {
        config: "everything",
        modes: &["fast", "classic", "precompiled", "fuel", "error-text", "log"],
        limit: 117_000,
        app: 104_350,
    },
];
/// Static RAM, beside the pool.
pub const STATIC_RAM: u64 = 256;
