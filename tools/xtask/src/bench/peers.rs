//! What native code and other interpreters need for the same work: measured elsewhere, once, and
//! written down here for the charts.
//!
//! On the device: WAMR 2.4.3, wasm3 0.9.0 and gcc 12.2 -O2, in instructions on the same emulated
//! Cortex-M3 with the same modules. On the host: x86-64, instructions by valgrind.

/// Name and cost.
pub type Peer = (&'static str, f64);

pub struct Peers {
    /// As the task is called.
    pub workload: &'static str,
    /// What one unit of the chart is.
    pub title: &'static str,
    /// The part of the call that is one unit, where the figures are of parts.
    pub per: u64,
    pub peers: &'static [Peer],
}

pub const DEVICE: [Peers; 6] = [
    Peers {
        workload: "fib",
        title: "fib(24)",
        per: 1,
        peers: &[
            ("WAMR classic", 55_443_480.0),
            ("WAMR fast", 38_337_880.0),
            ("wasm3", 27_684_240.0),
            (NATIVE, 1_425_520.0),
        ],
    },
    Peers {
        workload: "crc32",
        title: "crc32 of 16 KB, bitwise",
        per: 1,
        peers: &[
            ("WAMR classic", 40_354_960.0),
            ("WAMR fast", 13_423_240.0),
            ("wasm3", 18_347_680.0),
            (NATIVE, 757_800.0),
        ],
    },
    Peers {
        workload: "impcall",
        title: "100,000 calls of nop() of the host",
        per: 1,
        peers: &[
            ("WAMR classic", 32_600_560.0),
            ("WAMR fast", 24_400_440.0),
            ("wasm3", 9_500_280.0),
            (NATIVE, 500_040.0),
        ],
    },
    Peers {
        workload: "impcall1",
        title: "100,000 calls of inc(i32) of the host",
        per: 1,
        peers: &[
            ("WAMR classic", 41_100_560.0),
            ("WAMR fast", 33_200_440.0),
            ("wasm3", 11_800_320.0),
            (NATIVE, 600_040.0),
        ],
    },
    Peers {
        workload: "add",
        title: "10,000 calls by the host",
        per: 1,
        peers: &[
            ("WAMR classic", 3_990_000.0),
            ("WAMR fast", 3_560_040.0),
            ("wasm3", 2_180_040.0),
            (NATIVE, 90_040.0),
        ],
    },
    Peers {
        workload: "coremark",
        title: "CoreMark, one iteration",
        per: 1,
        peers: &[
            ("WAMR classic", 15_442_848.0),
            ("WAMR fast", 5_766_588.0),
            ("wasm3", 8_466_716.0),
            (NATIVE, 300_448.0),
        ],
    },
];

pub const HOST: [Peers; 4] = [
    Peers {
        workload: "fib",
        title: "fib, one WebAssembly instruction",
        per: FIB_OPERATIONS,
        peers: &[
            ("wasmi 2.0", 7.1),
            ("stitch", 5.6),
            ("wasm3", 8.2),
            ("Pulley", 12.6),
            ("tinywasm", 22.0),
            (NATIVE, 0.6),
        ],
    },
    Peers {
        workload: "coremark",
        title: "CoreMark, one iteration",
        per: 1,
        peers: &[
            ("wasmi 2.0", 3_030_000.0),
            ("stitch", 3_030_000.0),
            ("wasm3", 3_920_000.0),
            ("Pulley", 7_510_000.0),
            ("tinywasm", 16_400_000.0),
            (NATIVE, 340_000.0),
        ],
    },
    Peers {
        workload: "impcall",
        title: "one call of the host, with the loop around it",
        per: 100_000,
        peers: &[
            ("wasmi 2.0", 214.0),
            ("wasm3", 91.0),
            ("Pulley", 579.0),
            ("tinywasm", 199.0),
            (NATIVE, 5.0),
        ],
    },
    Peers {
        workload: "add",
        title: "one call by the host",
        per: 10_000,
        peers: &[
            ("wasmi 2.0", 494.0),
            ("wasm3", 248.0),
            ("Pulley", 1_188.0),
            ("tinywasm", 752.0),
            (NATIVE, 10.0),
        ],
    },
];

/// WebAssembly instructions that fib(24) executes, `block` and `end` among them: 75,025 calls of 7
/// and 75,024 of 18.
const FIB_OPERATIONS: u64 = 75_025 * 7 + 75_024 * 18;

pub const NATIVE: &str = "native code";
