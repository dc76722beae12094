//! The features of the runtime, in one list for what builds it with all of them: the tests of the C
//! API, `cargo xtask size` and `cargo xtask mutants`.

#![allow(dead_code)] // What includes this file uses some of it.

/// Execution modes and what belongs to them.
pub const MODES: [&str; 3] = ["classic", "fast", "precompiled"];

/// Parts of the specification, and proposals.
pub const LANGUAGE: [&str; 5] =
    ["float", "tail-call", "multi-memory", "extended-const", "custom-page-sizes"];

/// Proposals that are off by default.
pub const OFF_BY_DEFAULT: [&str; 8] = [
    "memory64",
    "exceptions",
    "legacy-exceptions",
    "function-references",
    "gc",
    "wide-arithmetic",
    "simd",
    "threads",
];

/// What embedders use of any API.
pub const SERVICES: [&str; 2] = ["fuel", "error-text"];

/// What applications in C use besides.
pub const C_API: [&str; 7] =
    ["shared-heap", "multi-module", "diagnostics", "trap-record", "exec-time", "sampling", "spawn"];

/// What a library is for, or trusts, or checks besides: never together with all of the others.
pub const SPECIAL: [&str; 4] = ["precompiled-only", "trust-precompiled", "native", "strict"];

/// What the tests of the C API need beside the default features, as cargo's `--features` takes it.
pub fn of_c_api_tests() -> String {
    of_zonda(["capi"].into_iter().chain(C_API).chain(["signed-files"]))
}

/// Features of the package `zonda`, as cargo's `--features` takes them.
pub fn of_zonda<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("zonda/{name}")).collect::<Vec<_>>().join(",")
}

/// All that a library for applications in C can have.
pub fn of_the_library() -> impl Iterator<Item = &'static str> {
    MODES.into_iter().chain(LANGUAGE).chain(SERVICES).chain(C_API)
}

/// Builds of `cargo xtask test` beside that of all features, as arguments of `cargo test`: with
/// checks of what the loops assume, and without what only other builds have.
pub const STRICT: &str = "--package zonda --package zonda-exec --features zonda/strict,zonda/capi";
/// What multi-memory supersedes can only be tested without it.
pub const WITHOUT_PROPOSALS: &str =
    "--package zonda-script --test wasm2 --no-default-features --features suite,error-text,classic,fast";
/// What loads no module of WebAssembly.
pub const ONLY_PRECOMPILED: &str =
    "--package zonda --test precompiled_only --features precompiled-only";
