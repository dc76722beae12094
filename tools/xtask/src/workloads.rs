//! The standard workloads: modules of `tests/bench`, what to call, what comes out, and how much it may cost.

/// At most so many instructions or bytes; 0 where nothing is promised.
#[derive(Clone, Copy, Default)]
pub struct Limits {
    /// Of the call, or of the timed part where the module marks one.
    pub call: u64,
    pub load: u64,
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
    pub limits: Limits,
}

const NONE: Limits = Limits { call: 0, load: 0, heap: 0 };

/// What classic mode promises; a workload that costs more fails `cargo xtask test`.
pub const STANDARD: &[Workload] = &[
    Workload { name: "fib", file: "fib.wasm", call: "run(24)", repeat: 0, expect: 46368, limits: Limits { call: 30_000_000, ..NONE } },
    Workload { name: "crc32", file: "crc32.wasm", call: "run(4)", repeat: 0, expect: 1582176661, limits: Limits { call: 22_000_000, ..NONE } },
    Workload { name: "impcall", file: "impcall.wasm", call: "run(100000)", repeat: 0, expect: 100000, limits: Limits { call: 8_000_000, ..NONE } },
    Workload { name: "impcall1", file: "impcall1.wasm", call: "run(100000)", repeat: 0, expect: 100000, limits: NONE },
    Workload { name: "add", file: "add.wasm", call: "add()", repeat: 10000, expect: 49995000, limits: Limits { call: 1_500_000, ..NONE } },
    Workload { name: "hello", file: "hello.wasm", call: "run(5)", repeat: 0, expect: 5, limits: Limits { heap: 2048, ..NONE } },
    Workload { name: "nomem", file: "nomem.wasm", call: "run(5)", repeat: 0, expect: 5, limits: NONE },
];

/// Native stack, whatever the module.
pub const STACK_EXECUTING: u64 = 640;
pub const STACK_LOADING: u64 = 1024;
