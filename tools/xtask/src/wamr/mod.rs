//! WAMR's samples, from a copy of its repository: built unchanged against Zonda's headers and its
//! library for Linux, run, and compared with the lines of tests/wamr-samples.txt. Nothing of WAMR is
//! in this repository.

mod samples;

use crate::{features, shell};
use anyhow::{bail, ensure, Context, Result};
use samples::{Program, Sample, SAMPLES, STANDARD, TWO_MODULES};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(clap::Args)]
pub struct Options {
    /// A copy of the repository bytecodealliance/wasm-micro-runtime, tag WAMR-2.4.3
    dir: PathBuf,
    /// Only the samples whose name contains this text
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// A folder with WAMR's own executables of the samples, by their names: they run the same
    /// modules, and the lines that differ are printed
    #[arg(long, value_name = "DIR")]
    beside: Option<PathBuf>,
}

/// The list of what the samples print.
const LIST: &str = "tests/wamr-samples.txt";
/// How long a sample may take.
const LIMIT: Duration = Duration::from_secs(60);
/// Parts of the library that samples use.
const LIBRARY: &str =
    "hosted,libc-builtin-float,wasi-files,wasi-poll,wasi-sockets-ext,standard-c-api";

/// What a sample has to print and return.
#[derive(Default)]
struct Expected {
    code: i32,
    /// Parts of lines, in their order.
    lines: Vec<String>,
    /// Why the sample is not run.
    not: Option<String>,
}

fn expected(text: &str) -> Result<BTreeMap<String, Expected>> {
    let mut all = BTreeMap::new();
    let mut current: Option<&mut Expected> = None;
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            current = Some(all.entry(name.to_owned()).or_default());
            continue;
        }
        let sample = current.as_mut().with_context(|| format!("{LIST}: `{line}` has no sample"))?;
        if let Some(code) = line.strip_prefix("exit ") {
            sample.code = code.parse().with_context(|| format!("{LIST}: {line}"))?;
        } else if let Some(part) = line.strip_prefix("line ") {
            sample.lines.push(part.to_owned());
        } else if let Some(reason) = line.strip_prefix("not ") {
            sample.not = Some(reason.to_owned());
        } else {
            bail!("{LIST}: expected [NAME], exit CODE, line TEXT or not REASON, found: {line}");
        }
    }
    Ok(all)
}

/// Those of wasm_export.h, then those of the standard C API.
fn all() -> impl Iterator<Item = &'static Sample> {
    SAMPLES.iter().chain(STANDARD).chain([&TWO_MODULES])
}

pub fn run(options: &Options) -> Result<()> {
    let dir = options.dir.canonicalize().context("there is no such folder")?;
    ensure!(
        dir.join("samples/basic/src/main.c").is_file(),
        "{} is no copy of WAMR: it has no samples/basic",
        dir.display()
    );
    let text = fs::read_to_string(shell::root().join(LIST))?;
    let expected = expected(&text)?;
    for name in expected.keys() {
        ensure!(all().any(|sample| sample.name == name), "{LIST}: no sample is {name}");
    }
    let out = shell::target_dir().join("wamr-samples");
    fs::create_dir_all(&out)?;
    let work = Work { dir, library: library(&out)?, out };
    let mut failures = Vec::new();
    let chosen = |sample: &&Sample| {
        options.only.as_ref().is_none_or(|only| sample.name.contains(only.as_str()))
    };
    println!("{:<22} result", "sample");
    for sample in all().filter(chosen) {
        let Some(expected) = expected.get(sample.name) else {
            bail!("{LIST} has no [{}]", sample.name)
        };
        if let Some(reason) = &expected.not {
            println!("{:<22} not supported: {reason}", sample.name);
            continue;
        }
        match work.sample(sample, expected, options.beside.as_deref()) {
            Ok(()) => println!("{:<22} as expected, {} lines", sample.name, expected.lines.len()),
            Err(error) => {
                println!("{:<22} FAILED: {error:#}", sample.name);
                failures.push(sample.name);
            }
        }
    }
    if !failures.is_empty() {
        bail!("unlike {LIST}: {}", failures.join(", "));
    }
    Ok(())
}

/// Builds the library for Linux.
fn library(out: &Path) -> Result<PathBuf> {
    shell::step("building libzonda_c.a for this machine");
    let runtime: Vec<String> =
        features::of_the_library().map(|feature| format!("zonda/{feature}")).collect();
    let features = format!("{LIBRARY},{}", runtime.join(","));
    let target = out.join("cargo");
    let arguments = ["build", "--quiet", "--release", "--package", "zonda-c", "--features"];
    let mut command = shell::cargo();
    shell::run(command.args(arguments).arg(features).arg("--target-dir").arg(&target))?;
    Ok(target.join("release/libzonda_c.a"))
}

struct Work {
    /// WAMR.
    dir: PathBuf,
    library: PathBuf,
    out: PathBuf,
}

/// What a process has printed, and how it ended.
struct Run {
    text: String,
    code: Option<i32>,
}

impl Work {
    fn sample(&self, sample: &Sample, expected: &Expected, beside: Option<&Path>) -> Result<()> {
        let folder = self.dir.join(sample.folder);
        let out = self.out.join(sample.name);
        // Programs write files.
        let _ = fs::remove_dir_all(&out);
        fs::create_dir_all(&out)?;
        for program in sample.programs {
            self.program(&folder, &out, program)?;
        }
        for library in sample.libraries {
            let mut command = Command::new("cc");
            command.args(["-shared", "-fPIC", "-I"]).arg(shell::root().join("include"));
            command.arg(folder.join(library).with_extension("c"));
            let name = format!("lib{library}.so");
            built(command.arg("-o").arg(out.join(name)), library)?;
        }
        self.host(sample, &folder, &out)?;
        let own = execute(&out.join("sample"), sample.args, &out)?;
        if let Some(beside) = beside {
            match beside.join(sample.name) {
                theirs if theirs.is_file() => {
                    compare(sample.name, &own, &execute(&theirs, sample.args, &out)?);
                }
                theirs => println!("{:<22} there is no {}", sample.name, theirs.display()),
            }
        }
        check(&own, expected)
    }

    /// Compiles a module.
    fn program(&self, folder: &Path, out: &Path, program: &Program) -> Result<()> {
        let (Program::Wat(_, to) | Program::Builtin(_, to, _) | Program::Wasi(_, to, _)) = program;
        fs::create_dir_all(out.join(to).parent().unwrap_or(out))?;
        match *program {
            Program::Wat(from, to) => {
                let arguments = ["run", "--quiet", "--package", "xtask", "--features", "wat"];
                let mut command = shell::cargo();
                command.args(arguments).args(["--bin", "wat2wasm", "--"]);
                built(command.arg(folder.join(from)).arg(out.join(to)), from)
            }
            Program::Builtin(from, to, arguments) => {
                let mut command = clang("clang")?;
                let sdk = self.dir.join("wamr-sdk/app/libc-builtin-sysroot");
                command.args(["--target=wasm32", "-nostdlib", "-Wl,--no-entry"]);
                command.arg("-isystem").arg(sdk.join("include")).args(arguments);
                command.args(["-Wl,--allow-undefined", "-w", "-o"]).arg(out.join(to));
                // Some name other files of their folder.
                let sources: Vec<PathBuf> = from.split(' ').map(|from| folder.join(from)).collect();
                command.current_dir(sources[0].parent().unwrap_or(folder));
                built(command.args(sources), from)
            }
            Program::Wasi(from, to, arguments) => {
                let mut command = clang(if from.ends_with(".cpp") { "clang++" } else { "clang" })?;
                command.args(["--target=wasm32-wasi", "--sysroot=/usr"]).args(arguments);
                command.args(["-w", "-Wl,--allow-undefined", "-o"]).arg(out.join(to));
                built(command.arg(folder.join(from)), from)
            }
        }
    }

    /// Builds the application.
    fn host(&self, sample: &Sample, folder: &Path, out: &Path) -> Result<()> {
        // gcc makes a loop of the function that uses the stack up.
        let mut command = if sample.clang { clang("clang")? } else { Command::new("cc") };
        command.args(["-g", "-w", "-DBH_PLATFORM_LINUX", "-DBUILD_TARGET_X86_64", "-D_GNU_SOURCE"]);
        // Some of WAMR's helpers call the runtime.
        command.args(["-include", "wasm_export.h"]);
        // As WAMR's build has it.
        command.args(["-DBH_MALLOC=wasm_runtime_malloc", "-DBH_FREE=wasm_runtime_free"]);
        command.args(sample.defines).arg("-o").arg(out.join("sample"));
        // Zonda's headers are found first.
        command.arg("-I").arg(shell::root().join("include"));
        for include in [
            "core/shared/utils",
            "core/shared/utils/uncommon",
            "core/shared/platform/include",
            "core/shared/platform/linux",
            "core/shared/platform/common/libc-util",
        ] {
            command.arg("-I").arg(self.dir.join(include));
        }
        command.args(sample.host.iter().map(|source| match source.strip_prefix('/') {
            Some(source) => self.dir.join(source),
            None => folder.join(source),
        }));
        // WAMR's helpers for files, queues and threads, which its samples use.
        for helper in [
            "utils/uncommon/bh_getopt.c",
            "utils/uncommon/bh_read_file.c",
            "utils/bh_assert.c",
            "utils/bh_common.c",
            "utils/bh_log.c",
            "utils/bh_queue.c",
            "utils/runtime_timer.c",
            "platform/common/libc-util/libc_errno.c",
            "platform/common/posix/posix_blocking_op.c",
            "platform/common/posix/posix_clock.c",
            "platform/common/posix/posix_malloc.c",
            "platform/common/posix/posix_memmap.c",
            "platform/common/posix/posix_time.c",
            "platform/common/posix/posix_thread.c",
            "platform/linux/platform_init.c",
        ] {
            command.arg(self.dir.join("core/shared").join(helper));
        }
        let exported = if sample.libraries.is_empty() { "" } else { "-rdynamic" };
        command.args([exported].iter().filter(|flag| !flag.is_empty()));
        command.arg(&self.library).args(["-Wl,--gc-sections", "-lm", "-lpthread", "-ldl"]);
        built(&mut command, "the application")
    }
}

/// A clang that compiles for WebAssembly.
fn clang(program: &str) -> Result<Command> {
    let found =
        [format!("{program}-19"), program.to_owned()].into_iter().find(|name| shell::has(name));
    let found = found.context("no clang: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32")?;
    Ok(Command::new(found))
}

/// Runs a compiler.
fn built(command: &mut Command, what: &str) -> Result<()> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let mut lines =
        text.lines().filter(|line| line.contains("error") || line.contains("undefined"));
    let first: Vec<&str> = lines.by_ref().take(6).collect();
    ensure!(output.status.success(), "{what} does not compile: {}", first.join("; "));
    Ok(())
}

/// Runs a program until it ends, with nothing to read.
fn execute(program: &Path, args: &[&str], folder: &Path) -> Result<Run> {
    let log = folder.join("output");
    let file = fs::File::create(&log)?;
    let mut child = Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("ZONDA_NATIVES_BARE_POINTERS", "1")
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()?;
    let end = Instant::now() + LIMIT;
    let status = loop {
        match child.try_wait()? {
            Some(status) => break status,
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                bail!("it does not end");
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    Ok(Run { text, code: status.code() })
}

fn check(run: &Run, expected: &Expected) -> Result<()> {
    let mut lines = run.text.lines();
    for wanted in &expected.lines {
        ensure!(
            lines.any(|line| line.contains(wanted.as_str())),
            "no line `{wanted}` where it is expected in:\n{}",
            run.text
        );
    }
    ensure!(
        run.code == Some(expected.code),
        "exit code {:?}, expected {}:\n{}",
        run.code,
        expected.code,
        run.text
    );
    Ok(())
}

/// The lines that a sample prints, without those of WAMR's log.
fn printed(run: &Run) -> Vec<&str> {
    let of_the_log = |line: &str| line.starts_with('[') && line.contains("]: ");
    run.text.lines().filter(|line| !line.is_empty() && !of_the_log(line)).collect()
}

/// Prints the lines that one of the two has not.
fn compare(name: &str, own: &Run, theirs: &Run) {
    if own.code != theirs.code {
        println!("{name:<22} exit code {:?}, WAMR's {:?}", own.code, theirs.code);
    }
    let (mut own, mut theirs) = (printed(own), printed(theirs));
    let both = (own.len(), theirs.len());
    own.retain(|line| match theirs.iter().position(|other| other == line) {
        Some(at) => {
            theirs.remove(at);
            false
        }
        None => true,
    });
    println!(
        "{name:<22} {} of {} lines differ, WAMR's {} of {}",
        own.len(),
        both.0,
        theirs.len(),
        both.1
    );
    own.iter().for_each(|line| println!("    Zonda {line}"));
    theirs.iter().for_each(|line| println!("    WAMR  {line}"));
}
