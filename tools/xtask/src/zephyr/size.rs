//! Flash and RAM of the samples hello and blinky: without Zonda, and with each execution mode.

use super::{version, west};
use crate::shell;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Options {
    /// The board that is built for
    #[arg(long, default_value = "nrf52840dk/nrf52840")]
    board: String,
}

/// A sample, and a C program that does the same without WebAssembly.
struct Sample {
    name: &'static str,
    plain: &'static str,
}

const SAMPLES: [Sample; 2] = [
    Sample { name: "hello", plain: include_str!("plain/hello.c") },
    Sample { name: "blinky", plain: include_str!("plain/blinky.c") },
];

const CMAKE: &str = "cmake_minimum_required(VERSION 3.20.0)
find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})
project(plain)
target_sources(app PRIVATE main.c)
";

/// An application with the configuration of the sample, but without Zonda.
fn plain_application(sample: &Sample, of: &Path) -> Result<PathBuf> {
    let folder = shell::target_dir().join("zephyr-plain").join(sample.name);
    fs::create_dir_all(&folder)?;
    let options = fs::read_to_string(of.join("prj.conf"))?;
    let others = options.lines().filter(|line| !line.contains("ZONDA")).collect::<Vec<_>>();
    fs::write(folder.join("prj.conf"), others.join("\n") + "\n")?;
    fs::write(folder.join("CMakeLists.txt"), CMAKE)?;
    fs::write(folder.join("main.c"), sample.plain)?;
    folder.canonicalize().with_context(|| format!("{}", folder.display()))
}

/// Bytes of flash and RAM.
type Sizes = (u64, u64);

/// The bytes that the linker's table gives for a region: `FLASH:  77024 B  256 KB  29.38%`.
fn region(output: &str, name: &str) -> Option<u64> {
    let mut words =
        output.lines().find_map(|line| line.trim().strip_prefix(name))?.split_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    let unit = match words.next()? {
        "B" => 1,
        "KB" => 1024,
        "MB" => 1024 * 1024,
        _ => return None,
    };
    Some(number * unit)
}

/// Builds an application and reads what the linker says.
fn build(base: &Path, board: &str, application: &Path, snippet: Option<&str>) -> Result<Sizes> {
    let folder = shell::target_dir().join("zephyr-size");
    let mut command = west(base)?;
    command.current_dir(base).env("ZONDA_CARGO_TARGET_DIR", shell::target_dir().join("zephyr"));
    command.args(["build", "--pristine=always", "--board", board, "--build-dir"]).arg(folder);
    command.arg(application).arg("--").args(snippet);
    let output = shell::output(&mut command)?;
    let of = |name| {
        region(&output, name).with_context(|| format!("the linker printed no {name} for {board}"))
    };
    Ok((of("FLASH:")?, of("RAM:")?))
}

pub fn run(base: &Path, options: &Options) -> Result<()> {
    let root = shell::root().canonicalize()?;
    let mut rows = Vec::new();
    for sample in &SAMPLES {
        let application = root.join("samples").join(sample.name);
        let plain = plain_application(sample, &application)?;
        let variants = [
            ("plain", &plain, None),
            ("classic", &application, Some("-DSNIPPET=zonda-classic")),
            ("fast", &application, Some("-DSNIPPET=zonda-fast")),
        ];
        for (variant, application, snippet) in variants {
            shell::step(&format!("{} {variant} for {}", sample.name, options.board));
            let (flash, ram) = build(base, &options.board, application, snippet)?;
            rows.push(format!("| {} | {variant} | {flash} | {ram} |", sample.name));
        }
    }
    println!("Zephyr {}, {}:\n", version(base), options.board);
    println!("| sample | variant | flash | RAM |\n|---|---|---:|---:|");
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        let text = "Memory region         Used Size\n           FLASH:       77024 B       256 KB\n             RAM:         444 KB       128 MB     0.34%";
        assert_eq!(region(text, "FLASH:"), Some(77024));
        assert_eq!(region(text, "RAM:"), Some(444 * 1024));
        assert_eq!(region(text, "IDT_LIST:"), None);
    }
}
