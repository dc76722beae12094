//! What Zonda is made from: the crates that reach a device, their licences, the oldest Rust that
//! builds it, and whether a build can be repeated.

use crate::{features, install, shell, size, toolchain};
use anyhow::{bail, Context, Result};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The page that says why each crate is there.
const PAGE: &str = "docs/dependencies.md";
/// One target with atomic additions, and those without, for which one more crate is needed.
const TARGETS: [&str; 3] =
    ["thumbv7m-none-eabi", "thumbv6m-none-eabi", "riscv32imc-unknown-none-elf"];
/// Whose library is built twice.
const TARGET: &str = "thumbv7m-none-eabi";
/// What building the library reads.
const SOURCES: [&str; 22] = [
    ".cargo",
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "exec",
    "capi-standard",
    "clib",
    "compiler",
    "debug",
    "manager",
    "manager-c",
    "manifest",
    "native",
    "signature",
    "storage",
    "symbols",
    "libc",
    "wasi",
    "firmware",
    "tools",
    "tests",
    "README.md",
];

#[derive(clap::Args)]
pub struct Options {
    /// Run only this check
    #[arg(long, value_parser = ["dependencies", "deny", "msrv", "reproducible"])]
    only: Option<String>,
}

/// Crates that are linked into the library for a device and are not ours.
fn device_crates() -> Result<BTreeSet<String>> {
    let mut crates = BTreeSet::new();
    for target in TARGETS {
        let arguments = [
            "tree",
            "--quiet",
            "--package",
            "zonda-c",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--target",
            target,
        ];
        let features = features::of_zonda(features::of_the_library()) + ",zonda/log,apps,debug";
        let tree = shell::output(shell::cargo().args(arguments).args(["--features", &features]))?;
        let names = tree.lines().filter_map(|line| line.split_whitespace().next());
        crates.extend(names.filter(|name| !name.starts_with("zonda")).map(str::to_owned));
    }
    Ok(crates)
}

/// The page lists exactly the crates that reach a device.
pub fn dependencies() -> Result<()> {
    let page = fs::read_to_string(shell::root().join(PAGE))
        .with_context(|| format!("cannot read {PAGE}"))?;
    let (_, of_device) =
        page.split_once("## On the device").context("no section \"On the device\"")?;
    let table = of_device.split("\n## ").next().unwrap_or_default();
    let named = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let named: BTreeSet<String> = named.map(str::to_owned).collect();
    let linked = device_crates()?;
    if named != linked {
        bail!("{PAGE} names {named:?}, the library for a device links {linked:?}");
    }
    println!(
        "crates of others in the library for a device: {}",
        linked.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

/// Installs cargo-deny where it is missing, which compiles it for minutes.
pub fn deny_is_there() -> Result<()> {
    install::program("cargo-deny").map(drop)
}

/// Licences, sources and duplicates of the workspace and of the fuzzers (deny.toml), and of what
/// reaches a device (deny-device.toml).
pub fn deny() -> Result<()> {
    let program = install::program("cargo-deny")?;
    let deny = |arguments: &[&str]| {
        shell::run(Command::new(&program).current_dir(shell::root()).args(arguments))
    };
    deny(&["check", "--hide-inclusion-graph", "licenses", "sources", "bans"])?;
    deny(&[
        "--config",
        "deny.toml",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "sources",
        "bans",
    ])?;
    deny(&[
        "--config",
        "deny-device.toml",
        "--manifest-path",
        "clib/Cargo.toml",
        "--exclude-dev",
        "check",
        "licenses",
        "sources",
        "bans",
    ])
}

/// The oldest version of Rust that the manifest promises.
fn oldest() -> Result<String> {
    let manifest = fs::read_to_string(shell::root().join("Cargo.toml"))?;
    let line = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    Ok(line.context("Cargo.toml has no rust-version")?.trim_matches('"').to_owned())
}

/// Installs the oldest version of Rust where it is missing.
pub fn oldest_is_there() -> Result<()> {
    install::toolchain(&oldest()?, &[], &["--version"])
}

/// The oldest version of Rust compiles the runtime. The tools say for themselves what they want.
pub fn msrv() -> Result<()> {
    let version = oldest()?;
    oldest_is_there()?;
    let target = shell::target_dir().join("oldest");
    for arguments in [
        &["check", "--quiet", "--package", "zonda", "--lib", "--features", "capi,strict"][..],
        &[
            "check",
            "--quiet",
            "--package",
            "zonda",
            "--lib",
            "--no-default-features",
            "--features",
            "capi,classic",
        ][..],
    ] {
        let mut command = Command::new("cargo");
        // What cargo told this program's own build is not for another version of it.
        command
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("RUSTC")
            .env_remove("CARGO")
            .env("CARGO_TARGET_DIR", &target);
        shell::run(command.current_dir(shell::root()).arg(format!("+{version}")).args(arguments))?;
    }
    println!(
        "Rust {version} compiles the runtime with all modes and the C API, and the smallest one"
    );
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).with_context(|| format!("cannot copy {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The library has the same bytes when it is built once more, from sources and into a target folder
/// that lie elsewhere.
pub fn reproducible() -> Result<()> {
    let first = fs::read(size::library(&["fast", "classic"])?)?;
    let elsewhere = shell::target_dir().join("built/once/more");
    let _ = fs::remove_dir_all(&elsewhere);
    for source in SOURCES {
        let to = elsewhere.join(source);
        fs::create_dir_all(to.parent().unwrap_or(&elsewhere))?;
        copy(&shell::root().join(source), &to)?;
    }
    let target = elsewhere.join("products");
    shell::step("building it once more, elsewhere");
    let mut command = toolchain::cargo_build_in(TARGET, &elsewhere, &target)?;
    shell::run(command.args([
        "--package",
        "zonda-c",
        "--features",
        &size::features_of(&["fast", "classic"]),
    ]))?;
    let second = fs::read(target.join(TARGET).join("release/libzonda_c.a"))?;
    fs::remove_dir_all(&elsewhere)?;
    if first != second {
        let at = first
            .iter()
            .zip(&second)
            .position(|(a, b)| a != b)
            .unwrap_or(first.len().min(second.len()));
        bail!(
            "libzonda_c.a differs from byte {at} on ({} and {} bytes)",
            first.len(),
            second.len()
        );
    }
    println!("libzonda_c.a: the same {} bytes from another folder", first.len());
    Ok(())
}

type Check = fn() -> Result<()>;

pub fn run(options: &Options) -> Result<()> {
    let checks: [(&str, Check); 4] = [
        ("dependencies", dependencies),
        ("deny", deny),
        ("msrv", msrv),
        ("reproducible", reproducible),
    ];
    for (name, check) in checks {
        if options.only.as_deref().is_none_or(|only| only == name) {
            shell::step(name);
            check()?;
        }
    }
    Ok(())
}
