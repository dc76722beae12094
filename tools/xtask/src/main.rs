//! `cargo xtask`: builds, tests and measures Zonda, and sets up what it needs for that.
//!
//! | room | owns |
//! |---|---|
//! | [`demo`] | the blinking LED |
//! | [mod@test] | all tests, in order |
//! | [`spec`] | the specification's test suite, on the host and in QEMU |
//! | [`size`] | flash and RAM that the runtime adds to an image |
//! | [`sanitize`] | tests under Miri, AddressSanitizer and on a 32-bit target |
//! | [`coverage`] | lines of the runtime that the tests reach |
//! | [`supply`] | crates that reach a device, licences, the oldest Rust, builds that can be repeated |
//! | [mod@fuzz] | the fuzz targets, with the table of what they found |
//! | [mod@bench] | what modules cost in each mode, on an emulated Cortex-M and on this machine; charts of it |
//! | [`curve`] | what loading hostile modules costs for each byte |
//! | [`workloads`] | the modules that are measured, and what they may cost |
//! | [`modes`] | the modes of execution |
//! | [`firmware`] | building the images of `firmware/` |
//! | [`qemu`] | running an image, with its output, a deadline and an end |
//! | [`zephyr`] | finding Zephyr; west and twister |
//! | [`toolchain`] | a Rust toolchain for the device's target |
//! | [`packages`] | programs of the system, installed where missing |
//! | [`shell`] | commands, with progress on stderr |
//! | [`job`] | the file that tells the firmware what to run |

mod bench;
mod coverage;
mod curve;
mod demo;
mod firmware;
mod fresh;
mod fuzz;
mod install;
mod job;
mod modes;
mod mutants;
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
mod workloads;
mod zephyr;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, tests and measures Zonda. Installs what is missing, where it may.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A WebAssembly module blinks an LED on an emulated Cortex-M3
    Demo(demo::Options),
    /// All tests: on the host, in QEMU, in Zephyr
    Test(test::Options),
    /// The demo and all tests in a new Debian 12 system, in a chroot
    Fresh(fresh::Options),
    /// The test suite of the WebAssembly specification
    Spec(spec::Options),
    /// Every fuzz target for its share of some minutes
    Fuzz(fuzz::Options),
    /// Damages the runtime's code in many small ways and counts how often the tests notice
    Mutants(mutants::Options),
    /// The tests under Miri and AddressSanitizer, and on a 32-bit target
    Sanitize(sanitize::Options),
    /// Lines of the runtime that the tests reach
    Coverage(coverage::Options),
    /// Flash and RAM that the runtime adds to an image
    Size(size::Options),
    /// Crates of others, their licences, the oldest Rust that builds Zonda, and whether a build can be repeated
    Supply(supply::Options),
    /// Instructions, heap and native stack of modules in each mode, on an emulated Cortex-M3 or on this machine
    Bench(bench::Options),
    /// Instructions and heap for each byte of modules that are made to be expensive to load
    Curve(curve::Options),
}

fn run() -> Result<ExitCode> {
    match Options::parse().command {
        Command::Test(options) => return test::run(&options),
        Command::Fresh(options) => return fresh::run(&options),
        Command::Demo(options) => demo::run(&options),
        Command::Spec(options) => spec::run(&options),
        Command::Fuzz(options) => fuzz::run(&options),
        Command::Mutants(options) => mutants::run(&options),
        Command::Sanitize(options) => sanitize::run(&options),
        Command::Coverage(options) => coverage::run(&options),
        Command::Size(options) => size::run(&options),
        Command::Supply(options) => supply::run(&options),
        Command::Bench(options) => bench::run(&options),
        Command::Curve(options) => curve::run(&options),
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
