//! All tests, in the order in which they find mistakes cheapest: host, QEMU, Zephyr.

use crate::{
    bench, coverage, curve, demo, fuzz, modes, sanitize, shell, size, spec, supply, toolchain,
    zephyr,
};
use anyhow::{bail, Result};
use std::time::Instant;

#[derive(clap::Args)]
pub struct Options {
    /// Only this part
    #[arg(long, value_parser = ["host", "qemu", "zephyr"])]
    only: Option<String>,
}

/// Runs the parts that were asked for, all of them even if one fails, and says at the end which did.
struct Report {
    failed: Vec<String>,
    passed: u32,
}

impl Report {
    fn part(&mut self, name: &str, test: impl FnOnce() -> Result<()>) {
        shell::step(&format!("test: {name}"));
        let start = Instant::now();
        let result = test();
        let seconds = start.elapsed().as_secs();
        match result {
            Ok(()) => {
                eprintln!("    passed: {name} ({seconds} s)");
                self.passed += 1;
            }
            Err(error) => {
                eprintln!("    FAILED: {name} ({seconds} s): {error:#}");
                self.failed.push(name.to_owned());
            }
        }
    }
}

fn host(report: &mut Report) {
    report.part("clippy", || {
        toolchain::component("clippy", "cargo-clippy")?;
        shell::run(shell::cargo().args([
            "clippy",
            "--quiet",
            "--all-targets",
            "--features",
            "zonda/capi",
            "--",
            "-D",
            "warnings",
        ]))
    });
    // With counters where they can be read, so that nothing runs twice.
    let counters = coverage::Tools::find();
    report.part("unit and integration tests", || match counters {
        Ok(_) => coverage::test(),
        Err(_) => shell::run(shell::cargo().args(["test", "--quiet", "--features", "zonda/capi"])),
    });
    match &counters {
        Ok(tools) => report.part("line coverage", || coverage::check(tools)),
        Err(error) => eprintln!("\nNOT RUN: line coverage, because {error:#}"),
    }
    report.part("unit and integration tests, strict", || {
        shell::run(shell::cargo().args([
            "test",
            "--quiet",
            "--package",
            "zonda",
            "--package",
            "zonda-exec",
            "--features",
            "zonda/strict,zonda/capi",
        ]))
    });
    report.part("rustdoc without warnings", || {
        shell::run(
            shell::cargo()
                .args(["doc", "--quiet", "--no-deps", "--features", "zonda/capi"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });
    for mode in modes::ALL {
        report.part(&format!("specification suite, host, {} mode", mode.name), || {
            spec::host(mode.name)
        });
        // Nothing may need the other mode.
        report.part(&format!("with {} mode alone", mode.name), || {
            let features = format!("std,capi,float,tail-call,multi-memory,extended-const,custom-page-sizes,error-text,{}", mode.name);
            let arguments = ["clippy", "--quiet", "--package", "zonda", "--lib", "--no-default-features", "--features"];
            shell::run(shell::cargo().args(arguments).args([&features, "--", "-D", "warnings"]))
        });
    }
    fuzz(report);
    sanitize(report);
    report.part("hostile modules load in linear time", curve::check);
    // What multi-memory supersedes can only be tested without it.
    report.part("specification suite, 2.0 without proposals", || {
        let features = ["--no-default-features", "--features", "suite,error-text,classic,fast"];
        shell::run(
            shell::cargo()
                .args(["test", "--quiet", "--package", "zonda-script", "--test", "wasm2"])
                .args(features),
        )
    });
}

/// Every fuzz target for a few seconds, where libFuzzer can be built.
fn fuzz(report: &mut Report) {
    match fuzz::Tools::find() {
        Ok(tools) => report.part("fuzz targets, strict, from their seeds", || fuzz::check(&tools)),
        Err(error) => eprintln!("\nNOT RUN: the fuzz targets with libFuzzer, because {error:#}. The test `oracle` runs them on the seeds"),
    }
}

/// A selection of the tests under each tool that is there.
fn sanitize(report: &mut Report) {
    for part in &sanitize::PARTS {
        match (part.find)() {
            Ok(()) => report.part(part.name, || (part.run)(sanitize::Extent::Selection)),
            Err(error) => eprintln!("\nNOT RUN: {}, because {error:#}", part.name),
        }
    }
}

/// What the library is made from.
fn supply(report: &mut Report) {
    report.part("crates on a device", supply::dependencies);
    report.part("the same bytes twice", supply::reproducible);
    for (name, check, missing) in [
        ("licences", supply::deny as fn() -> Result<()>, supply::deny_is_missing()),
        ("the oldest Rust", supply::msrv, supply::oldest_is_missing()),
    ] {
        match missing {
            None => report.part(name, check),
            Some(reason) => eprintln!("\nNOT RUN: {name}, because {reason}"),
        }
    }
}

fn qemu(report: &mut Report) {
    for mode in modes::ALL {
        report.part(&format!("specification suite, Cortex-M3, {} mode", mode.name), || {
            spec::qemu(mode.name)
        });
    }
    report.part("workloads, Rust API", || bench::check("rust"));
    report.part("workloads, C API", || bench::check("c"));
    report.part("size", size::check);
    supply(report);
    report.part("demo, bare metal", demo::check);
}

fn zephyr(report: &mut Report, asked: bool) -> Result<()> {
    match zephyr::find() {
        Some(base) => report.part("twister", || zephyr::twister(&base)),
        None if asked => bail!("Zephyr was not found: looked at {}", zephyr::SEARCHED),
        None => eprintln!(
            "\nNOT RUN: the tests in Zephyr, because it was not found: looked at {}",
            zephyr::SEARCHED
        ),
    }
    Ok(())
}

pub fn run(options: &Options) -> Result<()> {
    let wanted = |part: &str| options.only.as_deref().is_none_or(|only| only == part);
    let mut report = Report { failed: Vec::new(), passed: 0 };
    if wanted("host") {
        host(&mut report);
    }
    if wanted("qemu") {
        qemu(&mut report);
    }
    if wanted("zephyr") {
        zephyr(&mut report, options.only.is_some())?;
    }
    if !report.failed.is_empty() {
        bail!(
            "{} parts passed, {} failed: {}",
            report.passed,
            report.failed.len(),
            report.failed.join("; ")
        );
    }
    println!("all {} parts passed", report.passed);
    Ok(())
}
