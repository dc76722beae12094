//! `cargo xtask`: builds, tests and measures Zonda, and installs what that needs.
//!
//! | module | owns |
//! |---|---|
//! | [`demo`] | the blinking LED |
//! | [mod@test] | all tests, in order |
//! | [`spec`] | the specification's test suite, on the host and in QEMU |
//! | [`wasi`] | the official tests of WASI |
//! | [`size`] | flash and RAM that the runtime adds to an image |
//! | [`report`] | the parts of a test, their time, and the summary |
//! | [`fresh`] | demo and tests in a new Debian 12 |
//! | [mod@mutants] | damaged code that the tests have to notice |
//! | [`sanitize`] | tests under Miri, the sanitizers, and on a 32-bit target |
//! | [`coverage`] | lines of the runtime that the tests reach |
//! | [`supply`] | crates that reach a device, licences, the oldest Rust, builds that can be repeated |
//! | [mod@fuzz] | the fuzz targets, with the table of what they found |
//! | [mod@bench] | what modules cost in each mode, on an emulated Cortex-M and on this machine; charts of it |
//! | [`curve`] | what loading hostile modules costs for each byte |
//! | [`workloads`] | the modules that are measured, and what they may cost |
//! | [`modes`] | the modes of execution |
//! | [`native`] | the native compiler |
//! | [`native_stack`] | the native stack on each board, with interrupts on top |
//! | [`natives`] | native functions of many types, called in QEMU |
//! | [`traps`] | a trap in QEMU, with its source line |
//! | [`firmware`] | building the images of `firmware/` |
//! | [`qemu`] | running an image, with its output, a deadline and an end |
//! | [`zephyr`] | finding Zephyr; west, twister on each board, what the samples need |
//! | [`toolchain`] | a Rust toolchain for the device's target |
//! | [`install`] | toolchains and programs that rustup and cargo install |
//! | [`package`] | the command line as a Python package |
//! | [`packages`] | programs of the system, installed as Debian packages |
//! | [`shell`] | commands, with progress on stderr |
//! | [`job`] | the file that tells the firmware what to run |

mod bench;
mod combinations;
mod coverage;
mod curve;
mod demo;
#[path = "../../../tests/common/features.rs"]
mod features;
mod firmware;
mod fresh;
mod fuzz;
mod install;
mod job;
mod lanes;
mod libgcc;
mod lldb;
mod modes;
mod mutants;
mod native;
mod native_stack;
mod natives;
mod package;
mod packages;
mod qemu;
mod report;
mod sanitize;
mod shell;
mod size;
mod spec;
mod supply;
mod test;
mod toolchain;
mod traps;
mod wamr;
mod wasi;
mod workloads;
mod zephyr;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, tests and measures Zonda. Installs missing programs as root; otherwise it prints the
/// command.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run a WebAssembly module that blinks an LED on an emulated Cortex-M3
    Demo(demo::Options),
    /// Run all tests: on the host, in QEMU and in Zephyr
    Test(test::Options),
    /// Run the demo and all tests in a new Debian 12 system (debootstrap and chroot, needs root)
    Fresh(fresh::Options),
    /// Run the test suite of the WebAssembly specification
    Spec(spec::Options),
    /// Run the programs of the official test suite of WASI with `zonda run`
    Wasi(wasi::Options),
    /// Build WAMR's samples against Zonda, and run them
    WamrSamples(wamr::Options),
    /// Run the fuzz targets with libFuzzer
    Fuzz(fuzz::Options),
    /// Damage the runtime's code in small ways and count how often the tests notice (mutation
    /// testing)
    Mutants(mutants::Options),
    /// Run tests under Miri, AddressSanitizer and ThreadSanitizer, and on a 32-bit target
    Sanitize(sanitize::Options),
    /// Measure which lines of the runtime the tests run
    Coverage(coverage::Options),
    /// Measure flash and RAM that the runtime adds to an image
    Size(size::Options),
    /// Check dependencies, their licences, the oldest supported Rust, and that builds are
    /// reproducible
    Supply(supply::Options),
    /// Measure instructions, heap and native stack of modules in each execution mode, on an
    /// emulated Cortex-M3 or on this machine
    Bench(bench::Options),
    /// Measure the native stack of loading and executing on each board, with nested interrupts on
    /// top
    Stack(native_stack::Options),
    /// Calls native functions of many types in QEMU and compares their arguments
    Natives(natives::Options),
    /// Measure instructions and heap per byte for loading modules that are made to be expensive
    Curve(curve::Options),
    /// Build the command line as a Python package, and try it in a new virtual environment
    Package(package::Options),
    /// Run twister on every board, or print flash and RAM of the samples, in each Zephyr workspace
    Zephyr(zephyr::Options),
}

fn run() -> Result<ExitCode> {
    match Options::parse().command {
        Command::Test(options) => return test::run(&options),
        Command::Fresh(options) => return fresh::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Spec(options) => spec::run(&options),
        Command::Wasi(options) => wasi::run(&options),
        Command::WamrSamples(options) => wamr::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Mutants(options) => mutants::run(&options),
        Command::Sanitize(options) => sanitize::run(&options),
        Command::Coverage(options) => coverage::run(&options),
        Command::Size(options) => size::run(&options),
        Command::Supply(options) => supply::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Curve(options) => curve::run(&options),
        Command::Package(options) => package::run(&options),
        Command::Zephyr(options) => zephyr::run(&options),
        Command::Stack(options) => native_stack::run(&options),
        Command::Natives(options) => natives::run(&options),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    if let Some(mut compiler) = fuzz::wrapped() {
        return compiler.status().map_or(ExitCode::FAILURE, |status| {
            if status.success() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        });
    }
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
