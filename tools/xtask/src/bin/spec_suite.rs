//! What of `cargo xtask spec` needs the runtime or the suite: runs it on the host, compiles it into
//! scripts, compares counts.

use anyhow::{bail, Context, Result};
use clap::Parser;
#[cfg(feature = "spec-native")]
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use zonda_script::suite::SuiteFile;
use zonda_script::{suite, Convert, Counts, Engine, Mode, Options};

#[derive(Parser)]
enum Command {
    /// Run the suite on the host and compare the counts, or write them down anew
    Host {
        #[arg(long, value_parser = mode)]
        mode: Mode,
        #[arg(long)]
        write: Option<PathBuf>,
    },
    /// Write each script into FOLDER, and their names into FOLDER/index
    Compile {
        folder: PathBuf,
        /// Write the scripts with vectors as well
        #[arg(long)]
        vectors: bool,
        /// Compile the modules to native code of this target
        #[cfg(feature = "spec-native")]
        #[arg(long)]
        native: Option<String>,
    },
    /// Compare the counts that the emulated board gave, lines of a name and counts in FILE, with
    /// those that are checked in
    Compare {
        file: PathBuf,
        /// Print how many files have the expected counts, where memory is missing for the others
        #[arg(long)]
        partial: bool,
    },
}

/// Assertions that fail on the emulated board, exactly so many in each file, because they grow a
/// memory to 20 or 52 MB and it has 16 MB. On the host they hold.
const TOO_LARGE: &[(&str, u32)] = &[
    ("multi-value/call.wast", 1),
    ("multi-value/call_indirect.wast", 1),
    ("reference-types/call_indirect.wast", 1),
    ("reference-types/memory_grow.wast", 2),
    ("wasm-v2/call.wast", 1),
    ("wasm-v2/call_indirect.wast", 1),
    ("wasm-v2/memory_grow.wast", 2),
];

fn mode(name: &str) -> Result<Mode, String> {
    Mode::named(name).ok_or_else(|| format!("there is no mode {name}"))
}

fn compare(mut counts: Vec<(String, Counts)>) -> Result<()> {
    counts.sort_by(|one, other| one.0.cmp(&other.0));
    let sum = |part: fn(&Counts) -> u32| {
        counts.iter().map(|(_, counts)| u64::from(part(counts))).sum::<u64>()
    };
    println!(
        "{} files: {} passed, {} failed, {} unsupported, {} about text",
        counts.len(),
        sum(|c| c.passed),
        sum(|c| c.failed),
        sum(|c| c.unsupported),
        sum(|c| c.text)
    );
    for (folder, counts) in suite::folders(&counts) {
        println!("  {folder}: {counts}");
    }
    suite::compare(&counts).map_err(anyhow::Error::msg)
}

/// Counts what a board with little memory ran. There has to be something.
fn print_partial(counts: &[(String, Counts)]) -> Result<()> {
    let expected = suite::expected();
    let whole = counts.iter().filter(|counts| expected.contains(counts)).count();
    let sum = |part: fn(&Counts) -> u32| counts.iter().map(|(_, counts)| part(counts)).sum::<u32>();
    println!(
        "{whole} of {} files that ran have the expected counts; all: {} passed, {} failed, {} unsupported",
        counts.len(),
        sum(|c| c.passed),
        sum(|c| c.failed),
        sum(|c| c.unsupported)
    );
    if whole == 0 {
        bail!("no file has the expected counts");
    }
    Ok(())
}

fn parse(line: &str) -> Result<(String, Counts)> {
    let mut words = line.split_whitespace();
    let name = words.next().context("empty line")?;
    let mut counts = Counts::default();
    for (key, value) in words.filter_map(|word| word.split_once('=')) {
        let value = value.parse()?;
        match key {
            "passed" => counts.passed = value,
            "failed" => counts.failed = value,
            "unsupported" => counts.unsupported = value,
            "text" => counts.text = value,
            _ => bail!("unknown count {key}"),
        }
    }
    Ok((name.to_owned(), counts))
}

/// Writes the scripts of the files that `runs` says, with modules in another form.
fn compile(folder: &Path, runs: &dyn Fn(&SuiteFile) -> bool, convert: Convert) -> Result<()> {
    fs::create_dir_all(folder)?;
    let mut index = String::new();
    for (number, file) in suite::files().iter().filter(|file| runs(file)).enumerate() {
        let script =
            file.converted(convert).map_err(|error| anyhow::anyhow!("{}: {error:?}", file.name))?;
        fs::write(folder.join(format!("{number}.zs")), script)?;
        index.push_str(&format!("{number}.zs {}\n", file.name));
    }
    Ok(fs::write(folder.join("index"), index)?)
}

/// Compiles a module to native code. One that is not valid stays as it is: the runtime refuses it;
/// one that native code does not support as well: it runs in fast mode.
#[cfg(feature = "spec-native")]
fn native(
    module: &[u8],
    options: &zonda_native::Options,
    made: &mut HashMap<Vec<u8>, Vec<u8>>,
) -> Option<Vec<u8>> {
    zonda::Module::validate(&Engine::default(), module).ok()?;
    if let Some(artifact) = made.get(module) {
        return Some(artifact.clone());
    }
    match zonda_native::compile(module, options) {
        Ok(artifact) => {
            made.insert(module.to_vec(), artifact.clone());
            Some(artifact)
        }
        Err(zonda_native::Error::Unsupported(what)) => {
            eprintln!("a module runs in fast mode: native code does not support {what}");
            None
        }
        Err(error) => panic!("a module of the suite does not compile: {error}"),
    }
}

fn run() -> Result<()> {
    match Command::parse() {
        Command::Host { mode, write } => {
            let options = Options { engine: Engine::new(mode), ..Options::default() };
            let counts = suite::run_host(&options, &mut |message| eprintln!("{message}"));
            let unsupported = suite::unsupported();
            match write {
                Some(path) => {
                    let list = path.with_file_name("spec-unsupported.txt");
                    fs::write(list, suite::unsupported_table(&unsupported))?;
                    Ok(fs::write(path, suite::table(&counts))?)
                }
                None => {
                    suite::compare_unsupported(&unsupported).map_err(anyhow::Error::msg)?;
                    compare(counts)
                }
            }
        }
        #[cfg(feature = "spec-native")]
        Command::Compile { folder, native: Some(target), .. } => {
            let target = zonda_native::Target::named(&target).map_err(anyhow::Error::msg)?;
            let options = zonda_native::Options::new(target);
            let mut made = HashMap::new();
            compile(&folder, &|file| file.runs_everywhere, &mut |module| {
                native(module, &options, &mut made)
            })
        }
        Command::Compile { folder, vectors, .. } => {
            let runs = |file: &SuiteFile| file.runs_on_boards() || vectors && file.has_vectors();
            compile(&folder, &runs, &mut |_| None)
        }
        Command::Compare { file, partial } => {
            let text = fs::read_to_string(file)?;
            let mut counts = text.lines().map(parse).collect::<Result<Vec<_>>>()?;
            if partial {
                return print_partial(&counts);
            }
            for (name, counts) in &mut counts {
                for (_, failing) in TOO_LARGE.iter().filter(|(file, _)| file == name) {
                    counts.failed = counts
                        .failed
                        .checked_sub(*failing)
                        .with_context(|| format!("{name} has to fail {failing} times"))?;
                    counts.passed += failing;
                }
            }
            suite::add_others(&mut counts);
            compare(counts)
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
