//! All tests, in the order in which they find mistakes at the least cost: host, QEMU, Zephyr.

use crate::report::{NotRun, Report};
use crate::{
    bench, combinations, coverage, curve, demo, features, firmware, fuzz, lanes, lldb, modes,
    native, native_stack, natives, sanitize, shell, size, spec, supply, toolchain, traps, zephyr,
};
use anyhow::{Context, Result};
use std::cell::OnceCell;
use std::process::{Command, ExitCode};

#[derive(clap::Args)]
pub struct Options {
    /// Run only the tests on the host, in QEMU or in Zephyr
    #[arg(long, value_parser = ["host", "qemu", "zephyr"])]
    only: Option<String>,
    /// Run only formatting, clippy, and the unit and integration tests except for the longest:
    /// less than four minutes after a build
    #[arg(long, conflicts_with = "only")]
    quick: bool,
    /// Run only parts whose name contains this text; can be repeated
    #[arg(long, conflicts_with = "quick", value_name = "TEXT")]
    part: Vec<String>,
    /// This process is one of the lanes (`lanes.rs`)
    #[arg(long, hide = true, value_parser = lanes::NAMES, conflicts_with_all = ["quick", "only"])]
    lane: Option<String>,
}

/// Manifests of the packages outside of the workspace.
const OUTSIDE: [&str; 2] = ["fuzz/Cargo.toml", "samples/blinky_rust/Cargo.toml"];

/// Every Rust file is formatted as rustfmt.toml says.
fn formatted() -> Result<()> {
    toolchain::component("rustfmt", "cargo-fmt")?;
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    for manifest in OUTSIDE {
        shell::run(shell::cargo().args(["fmt", "--manifest-path", manifest, "--check"]))?;
    }
    Ok(())
}

fn clippy() -> Result<()> {
    toolchain::component("clippy", "cargo-clippy")?;
    let arguments =
        ["clippy", "--quiet", "--all-targets", "--features", &features::of_c_api_tests()];
    shell::run(shell::cargo().args(arguments).args(["--", "-D", "warnings"]))?;
    if !native::is_available() {
        return Ok(());
    }
    let compiler = ["clippy", "--quiet", "--all-targets", "--package"];
    for (package, features) in [("zonda-native", ""), ("zonda-cli", "native")] {
        let package = [package, "--features", features, "--", "-D", "warnings"];
        shell::run(shell::cargo().args(compiler).args(package))?;
    }
    Ok(())
}

/// The crates that only a device builds, where the toolchain has libraries for it.
fn clippy_device() -> Result<()> {
    let target = firmware::default().target;
    if !matches!(toolchain::find(target)?, toolchain::Toolchain::Rustup) {
        return Err(NotRun(format!("the Rust toolchain has no libraries for {target}")).into());
    }
    let features = ["mps2", "full", "classic", "fast", "precompiled", "capi", "spec", "fuel"];
    let library = [
        "libc-builtin",
        "wasi-files",
        "wasi-poll",
        "wasi-input",
        "wasi-sockets-ext",
        "wasi-unstable",
        "standard-c-api",
    ];
    let features: Vec<String> = features
        .map(|feature| format!("firmware/{feature}"))
        .into_iter()
        .chain(library.map(|feature| format!("zonda-c/{feature}")))
        .collect();
    let features = features.join(",");
    let mut command = shell::cargo();
    command.args(["clippy", "--quiet", "--package", "zonda-c", "--package", "firmware"]);
    command.args(["--target", target, "--features", &features]);
    command.arg("--target-dir").arg(shell::target_dir().join("device"));
    shell::run(command.args(["--", "-D", "warnings"]))
}

fn style(report: &mut Report) {
    report.part("formatting", formatted);
    report.part("clippy", clippy);
    report.part("clippy, device", clippy_device);
}

/// Tests with other features, from a list of arguments.
fn cargo_test(arguments: &str) -> Result<()> {
    shell::run(shell::cargo().args(["test", "--quiet"]).args(arguments.split(' ')))
}

fn host(report: &mut Report) {
    style(report);
    // With counters where they can be read, so that nothing runs twice.
    let found = OnceCell::new();
    let counters = || found.get_or_init(coverage::Tools::find);
    // The longest ones run in the part `strict` alone, which checks more: counters make them ten
    // times as long.
    let skipped: Vec<&str> = LONG.into_iter().chain(LONG_WITH_COUNTERS).collect();
    report.part("unit and integration tests", || match counters() {
        Ok(_) => coverage::test(&skipped),
        Err(_) => {
            let mut command = shell::cargo();
            command.args(["test", "--quiet", "--features", &features::of_c_api_tests(), "--"]);
            shell::run(command.args(skipped.iter().flat_map(|test| ["--skip", test])))
        }
    });
    report.part("line coverage", || match counters() {
        Ok(tools) => coverage::check(tools),
        Err(error) => Err(NotRun(format!("{error:#}")).into()),
    });
    report.part("unit and integration tests, strict", || cargo_test(features::STRICT));
    report.part("rustdoc without warnings", || {
        shell::run(
            shell::cargo()
                .args(["doc", "--quiet", "--no-deps", "--features", &features::of_c_api_tests()])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    });
    for mode in modes::ALL {
        report.part(&format!("specification suite, host, {} mode", mode.name), || {
            spec::host(mode.name)
        });
        // Nothing may need the other mode.
        report.part(&format!("with {} mode alone", mode.name), || {
            let features =
                format!("std,capi,{},error-text,{}", features::LANGUAGE.join(","), mode.name);
            let arguments = [
                "clippy",
                "--quiet",
                "--package",
                "zonda",
                "--lib",
                "--no-default-features",
                "--features",
            ];
            shell::run(shell::cargo().args(arguments).args([&features, "--", "-D", "warnings"]))
        });
    }
    report.part("nothing but precompiled modules", || cargo_test(features::ONLY_PRECOMPILED));
    report.part_if("specification suite, host, native mode", native::is_possible, native::test);
    // Every fuzz target for a few seconds. Without libFuzzer the integration tests run them on the
    // seeds.
    report.part("fuzz targets, strict, from their seeds", || match fuzz::Tools::find() {
        Ok(tools) => fuzz::check(&tools),
        Err(error) => Err(NotRun(format!("{error:#}")).into()),
    });
    for part in &sanitize::PARTS {
        report.part_if(part.name, part.find, || (part.run)(sanitize::Extent::Selection));
    }
    report.part_if("hostile modules load in linear time", curve::is_possible, curve::check);
    report.part("specification suite, 2.0 without proposals", || {
        cargo_test(features::WITHOUT_PROPOSALS)
    });
}

/// What the library is made from.
fn supply(report: &mut Report) {
    report.part("crates on a device", supply::dependencies);
    report.part("the same bytes twice", supply::reproducible);
    report.part_if("licences", supply::deny_is_there, supply::deny);
    report.part_if("the oldest Rust", supply::oldest_is_there, supply::msrv);
}

fn qemu(report: &mut Report) {
    for mode in modes::ALL {
        report.part(&format!("specification suite, Cortex-M3, {} mode", mode.name), || {
            spec::qemu(mode.name, firmware::default(), firmware::Arithmetic::Rust)
        });
    }
    report.part("combinations of features and CPUs", combinations::check);
    report.part("native stack, with interrupts", native_stack::check);
    report.part("native functions of 16 parameters", natives::check);
    report.part("source lines of a trap in QEMU", traps::check);
    report.part("LLDB, bare metal", lldb::bare_metal);
    report.part("workloads, Rust API", || bench::check("rust"));
    report.part("workloads, C API", || bench::check("c"));
    report.part("size", size::check);
    supply(report);
    report.part("demo, bare metal", demo::check);
    report.part("demo, applications", demo::check_apps);
}

fn zephyr(report: &mut Report, asked: bool) {
    let found = zephyr::find_all();
    for base in &found {
        let version = zephyr::version(base);
        report.part(&format!("twister, Zephyr {version}"), || zephyr::twister(base));
        report.part(&format!("twister, Zephyr {version}, RISC-V"), || zephyr::twister_riscv(base));
    }
    if let Some(base) = found.first() {
        report.part("LLDB, Zephyr", || zephyr::session(base));
        report.part("applications, Zephyr", || zephyr::measured(base));
        report.part("remote management, Zephyr", || zephyr::story(base));
    }
    if found.is_empty() {
        report.part("twister", || {
            let error = NotRun(format!("Zephyr was not found: looked at {}", zephyr::SEARCHED));
            // Whoever asks for it alone expects it to run.
            if asked {
                anyhow::bail!(error.0)
            }
            Err(error.into())
        });
    }
}

/// Tests that `--quick` leaves out: together they take half of the time of all unit and integration
/// tests.
pub const LONG: [&str; 5] = [
    "damage::modules_of_webassembly",
    "oracle::verdicts_on_the_suite_are_those_of_wasmparser",
    "out_of_memory::a_change_of_the_mode",
    "suite::the_official_suite_from_files",
    "truncation::ten_real_modules_with_one_byte_changed",
];

/// Tests that take long only where each line is counted.
const LONG_WITH_COUNTERS: [&str; 1] = ["truncation::ten_real_modules_cut_at_every_byte"];

/// What finds most mistakes in the least time.
fn quick(report: &mut Report) {
    style(report);
    report.part("unit and integration tests, without the longest", || {
        let mut command = shell::cargo();
        command.args(["test", "--quiet", "--features", &features::of_c_api_tests(), "--"]);
        command.args(LONG.iter().flat_map(|test| ["--skip", test]));
        shell::run(&mut command)
    });
}

/// The commit that is tested, and whether files differ from it.
fn commit() -> Result<String> {
    let git = |arguments: &[&str]| {
        shell::output(Command::new("git").current_dir(shell::root()).args(arguments))
    };
    let name = git(&["rev-parse", "--short", "HEAD"]).context("no git repository")?;
    let changed = !git(&["status", "--porcelain"])?.trim().is_empty();
    Ok(format!("{}{}", name.trim(), if changed { " with changes" } else { "" }))
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::only(&options.part);
    match (options.lane.as_deref(), options.only.as_deref()) {
        _ if options.quick => quick(&mut report),
        (Some(lane), _) => {
            if lane == "host" {
                host(&mut report);
            } else {
                qemu(&mut report);
                zephyr(&mut report, false);
            }
            lanes::write(lane, &report)?;
            return Ok(ExitCode::SUCCESS);
        }
        (None, None) if lanes::are_useful() => report = lanes::run(&options.part),
        (None, only) => {
            let wanted = |part: &str| only.is_none_or(|only| only == part);
            if wanted("host") {
                host(&mut report);
            }
            if wanted("qemu") {
                qemu(&mut report);
            }
            if wanted("zephyr") {
                zephyr(&mut report, only.is_some());
            }
        }
    }
    shell::step(&format!("summary of {}", commit().unwrap_or_else(|_| "this tree".to_owned())));
    print!("{}", report.summary());
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
