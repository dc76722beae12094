//! Line coverage of the runtime's two crates by the tests on the host.
//!
//! The tests are built with counters in their own folder; what the counters saw is merged over all
//! test programs, the C application of `tests/embedding_c/programs.rs` among them, and read as
//! lines. Test code is not counted. What is not compiled for the host (the loops in Thumb-2
//! instructions, the firmware's platform, calls of natives on Arm and riscv32) has no counters and
//! does not appear.

use crate::{features, install, shell};
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(clap::Args)]
pub struct Options {
    /// Write the table into docs/coverage.md
    #[arg(long)]
    write: bool,
    /// Do not run the tests: read the counters of the last run
    #[arg(long)]
    last: bool,
}

/// Percent of lines that the tests have to reach.
const LEAST: f64 = 92.0;

/// What is counted: the crates' sources.
const SOURCES: [&str; 2] = ["src", "exec/src"];

/// Packages that get counters. Others are compiled as always, and faster.
const COUNTED: [&str; 2] = ["zonda", "zonda-exec"];

/// The part of the document that is generated stands between these.
const DOCUMENT: &str = "docs/coverage.md";
const BEGIN: &str = "<!-- begin: cargo xtask coverage --write -->\n";
const END: &str = "<!-- end -->\n";

/// LLVM's programs for the counters.
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Finds them, or gets them through rustup.
    pub fn find() -> Result<Tools> {
        let libraries = shell::output(
            Command::new("rustc").args(["--print", "target-libdir"]).current_dir(shell::root()),
        )?;
        let folder = Path::new(libraries.trim()).join("../bin");
        let complete =
            || ["llvm-profdata", "llvm-cov"].iter().all(|program| folder.join(program).is_file());
        install::component("llvm-tools", complete)?;
        Ok(Tools { folder })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.current_dir(shell::root());
        command
    }
}

fn folder() -> PathBuf {
    shell::target_dir().join("coverage")
}

/// Has a `cargo test` compile the runtime with these flags, in this folder, whose other packages
/// are compiled once for all flags.
pub fn in_folder(command: &mut Command, flags: &str) {
    command.arg("--target-dir").arg(folder());
    for package in COUNTED {
        command
            .arg("--config")
            .arg(format!("profile.test.package.{package}.rustflags=['{flags}']"));
    }
    // Flags for some packages only are not stable yet, nor are sanitizers.
    command.arg("-Zprofile-rustflags").env("RUSTC_BOOTSTRAP", "1").env_remove("RUSTC_WRAPPER");
}

/// `cargo test` with counters, of everything that the plain tests run.
fn cargo_test(profiles: &Path) -> Command {
    let mut command = shell::cargo();
    command.args(["test", "--features", &features::of_c_api_tests()]);
    in_folder(&mut command, "-Cinstrument-coverage");
    // One file for each program and up to four of its processes at a time, which are merged as they
    // end.
    command.env("LLVM_PROFILE_FILE", profiles.join("%4m.profraw"));
    // Nothing in a static library asks for what writes the counters at the end. Since Rust 1.99 it
    // is not in the library either.
    let mut linked = "-Wl,-u,__llvm_profile_runtime".to_owned();
    if let Some(runtime) = profiler() {
        linked += &format!(" {}", runtime.display());
    }
    command.env("ZONDA_C_RUSTFLAGS", "-Cinstrument-coverage").env("ZONDA_C_CFLAGS", linked);
    command
}

/// The toolchain's library that writes the counters.
fn profiler() -> Option<PathBuf> {
    let libraries = shell::output(
        Command::new("rustc").args(["--print", "target-libdir"]).current_dir(shell::root()),
    );
    let files = fs::read_dir(libraries.ok()?.trim()).ok()?;
    files.flatten().map(|file| file.path()).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libprofiler_builtins") && name.ends_with(".rlib")
    })
}

/// Runs the tests with counters, without those that are `skipped`; an error if one fails. This is
/// also the part "unit and integration tests" of `cargo xtask test`.
pub fn test(skipped: &[&str]) -> Result<()> {
    let profiles = folder().join("profiles");
    let _ = fs::remove_dir_all(&profiles);
    fs::create_dir_all(&profiles)?;
    let mut command = cargo_test(&profiles);
    command.args(["--quiet", "--no-fail-fast", "--"]);
    shell::run(command.args(skipped.iter().flat_map(|test| ["--skip", test])))
}

/// The programs that ran: cargo's, and the one that the C API's test made.
fn programs() -> Result<Vec<PathBuf>> {
    // The same packages as are tested: with others features could be others, and with these the
    // programs.
    let built = shell::output(cargo_test(&folder().join("profiles")).args([
        "--quiet",
        "--no-run",
        "--message-format=json",
    ]))?;
    let mut programs = Vec::new();
    for line in built.lines() {
        // Of the messages only this member is of interest, and its value is a path.
        let Some((_, rest)) = line.split_once("\"executable\":\"") else { continue };
        let path = rest.split('"').next().unwrap_or_default();
        programs.push(PathBuf::from(path));
    }
    // The applications in C are what has no extension there. First, for of functions with the same
    // name, which those of the C API have everywhere, LLVM takes the first one's lines.
    let applications = fs::read_dir(folder().join("tmp/capi-Cinstrument-coverage"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    programs.splice(
        0..0,
        applications
            .filter(|path| path.is_file() && path.extension().is_none())
            .collect::<Vec<_>>(),
    );
    if programs.is_empty() {
        bail!("cargo named no test programs");
    }
    Ok(programs)
}

/// How often each line of a file ran, lines without code left out.
type Lines = BTreeMap<u32, u64>;

/// Reads what `llvm-cov export --format=lcov` writes: `SF:` a file, `DA:` line, count.
fn parse(lcov: &str) -> BTreeMap<PathBuf, Lines> {
    let mut files: BTreeMap<PathBuf, Lines> = BTreeMap::new();
    let mut file = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            file = Some(files.entry(PathBuf::from(path)).or_default());
        } else if let (Some(file), Some((number, count))) =
            (&mut file, line.strip_prefix("DA:").and_then(|data| data.split_once(',')))
        {
            if let (Ok(number), Ok(count)) = (number.parse(), count.parse::<u64>()) {
                *file.entry(number).or_default() += count;
            }
        }
    }
    files
}

/// Lines of a source that are tests: from `#[cfg(test)]` in front of a module in braces to its end.
fn test_lines(source: &str) -> Vec<bool> {
    let lines: Vec<&str> = source.lines().collect();
    let mut tests = vec![false; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        let begins = lines[at].starts_with("#[cfg(") && lines[at].contains("test");
        let module =
            lines.get(at + 1).is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
        if !(begins && module) {
            at += 1;
            continue;
        }
        while at < lines.len() {
            tests[at] = true;
            at += 1;
            if lines[at - 1] == "}" {
                break;
            }
        }
    }
    tests
}

/// One source file.
struct File {
    name: String,
    lines: Lines,
}

impl File {
    fn total(&self) -> usize {
        self.lines.len()
    }
    fn covered(&self) -> usize {
        self.lines.values().filter(|&&count| count > 0).count()
    }
    /// Ranges of lines that did not run; lines without code between two of them belong to one
    /// range.
    fn missed(&self) -> String {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        let mut open = false;
        for (&line, &count) in &self.lines {
            match ranges.last_mut() {
                Some(last) if count == 0 && open => last.1 = line,
                _ if count == 0 => ranges.push((line, line)),
                _ => {}
            }
            open = count == 0;
        }
        let range = |&(first, last): &(u32, u32)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        };
        ranges.iter().map(range).collect::<Vec<_>>().join(", ")
    }
}

fn percent(covered: usize, total: usize) -> f64 {
    100.0 * covered as f64 / total.max(1) as f64
}

/// The files of the runtime, as the profiles of the last tests have them.
fn files(tools: &Tools) -> Result<Vec<File>> {
    let merged = folder().join("merged.profdata");
    if !folder().join("profiles").is_dir() {
        bail!(
            "no tests have run with counters yet: `cargo xtask coverage` without --last runs them"
        );
    }
    shell::run(
        tools
            .command("llvm-profdata")
            .args(["merge", "-sparse", "-o"])
            .arg(&merged)
            .arg(folder().join("profiles")),
    )?;
    let programs = programs()?;
    let mut export = tools.command("llvm-cov");
    export.args(["export", "--format=lcov", "--instr-profile"]).arg(&merged);
    for (number, program) in programs.iter().enumerate() {
        if number > 0 {
            export.arg("--object");
        }
        export.arg(program);
    }
    let root = shell::root().canonicalize()?;
    let mut files = Vec::new();
    for (path, mut lines) in parse(&shell::output(&mut export)?) {
        let Ok(name) =
            path.canonicalize().unwrap_or(path).strip_prefix(&root).map(Path::to_path_buf)
        else {
            continue;
        };
        if !SOURCES.iter().any(|folder| name.starts_with(folder)) || name.ends_with("tests.rs") {
            continue;
        }
        let source =
            fs::read_to_string(root.join(&name)).with_context(|| name.display().to_string())?;
        let tests = test_lines(&source);
        lines.retain(|&line, _| !tests.get(line as usize - 1).copied().unwrap_or(false));
        if !lines.is_empty() {
            files.push(File { name: name.display().to_string(), lines });
        }
    }
    if files.len() < 50 {
        bail!("only {} files have counters", files.len());
    }
    Ok(files)
}

fn table(files: &[File]) -> String {
    let (covered, total) = files
        .iter()
        .fold((0, 0), |(covered, total), file| (covered + file.covered(), total + file.total()));
    let mut text = format!("{covered} of {total} lines ran: {:.2} %.\n\n| file | lines | ran | % | did not run |\n|---|---:|---:|---:|---|\n", percent(covered, total));
    for file in files {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {:.1} | {} |",
            file.name,
            file.total(),
            file.covered(),
            percent(file.covered(), file.total()),
            file.missed()
        );
    }
    text
}

/// Whether what the last [`test()`] reached is enough.
pub fn check(tools: &Tools) -> Result<()> {
    judge(&files(tools)?)
}

fn judge(files: &[File]) -> Result<()> {
    let (covered, total) = files
        .iter()
        .fold((0, 0), |(covered, total), file| (covered + file.covered(), total + file.total()));
    let reached = percent(covered, total);
    eprintln!("    {covered} of {total} lines ran: {reached:.2} %");
    if reached < LEAST {
        bail!("{reached:.2} % of the lines ran, {LEAST} % are asked for; `cargo xtask coverage` lists the others");
    }
    Ok(())
}

pub fn run(options: &Options) -> Result<()> {
    let tools = Tools::find()?;
    if !options.last {
        shell::step("running the tests with counters");
        test(&[])?;
    }
    let files = files(&tools)?;
    let table = table(&files);
    print!("{table}");
    if options.write {
        let path = shell::root().join(DOCUMENT);
        let text = fs::read_to_string(&path)?;
        let (before, rest) =
            text.split_once(BEGIN).context("docs/coverage.md has no place for the table")?;
        let (_, after) =
            rest.split_once(END).context("docs/coverage.md has no end of the table")?;
        fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}"))?;
    }
    judge(&files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_over_programs_and_joined_into_ranges() {
        let files = parse("SF:/a.rs\nDA:1,0\nDA:2,3\nDA:4,0\nDA:6,0\nend_of_record\nSF:/a.rs\nDA:1,2\nDA:9,0\nend_of_record\n");
        let file = File { name: String::new(), lines: files[Path::new("/a.rs")].clone() };
        assert_eq!((file.total(), file.covered(), file.missed()), (5, 2, "4-9".to_owned()));
    }

    #[test]
    fn tests_are_not_counted() {
        let source =
            "fn a() {\n}\n\n#[cfg(all(test, x))]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n";
        assert_eq!(test_lines(source), [false, false, false, true, true, true, true, true, false]);
    }

    #[test]
    fn too_little_is_an_error() {
        let file = |ran: u64| File {
            name: String::new(),
            lines: (0..100).map(|line| (line, (line as u64 >= 100 - ran) as u64)).collect(),
        };
        assert!(judge(&[file(91)]).is_err());
        assert!(judge(&[file(92)]).is_ok());
    }
}
