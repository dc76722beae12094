//! The features of the runtime, in one list for what builds it with all of them: the tests of the C
//! API, `cargo xtask size` and `cargo xtask mutants`.

#![allow(dead_code)] // What includes this file uses some of it.

/// Execution modes and what belongs to them.
pub const MODES: [&str; 3] = ["classic", "fast", "precompiled"];

/// Parts of the specification, and proposals.
pub const LANGUAGE: [&str; 5] =
    ["float", "tail-call", "multi-memory", "extended-const", "custom-page-sizes"];

/// What embedders use of any API.
pub const SERVICES: [&str; 2] = ["fuel", "error-text"];

/// What applications in C use besides.
pub const C_API: [&str; 5] =
    ["shared-heap", "multi-module", "diagnostics", "trap-record", "exec-time"];

/// All that a library for applications in C can have.
pub fn of_the_library() -> impl Iterator<Item = &'static str> {
    MODES.into_iter().chain(LANGUAGE).chain(SERVICES).chain(C_API)
}
