//! `zonda`: run, validate, compile and inspect WebAssembly modules on the host.
//!
//! This file is the command line and the exit codes; each command is a file of its own.

mod compile;
mod failure;
mod input;
mod inspect;
mod invoke;
mod run;
mod validate;
mod wast;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use zonda::Mode;

const EXIT_CODES: &str = "\
Exit codes:
  0  all went well
  1  the module trapped, a call failed, or a directive of a script failed
  2  bad input (a file that cannot be read, decoded, validated or linked) or wrong usage";

const RUN_HELP: &str = "\
Host functions that the module may import from `env`:
  print(ptr: i32, len: i32)   writes the bytes to standard output
  nop()                       does nothing
  inc(i32) -> i32             adds one
  t_start(), t_stop()         mark the timed part of a benchmark; they do nothing here";

#[derive(Parser)]
#[command(name = "zonda", version, about = "Run, validate, compile and inspect WebAssembly modules", after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Instantiate a module and call one of its functions.
    ///
    /// Without --invoke, the export `_start` is called, or else `main`; if there is neither, only the start
    /// function runs. Results are printed one a line.
    #[command(after_help = format!("{RUN_HELP}\n\n{EXIT_CODES}"))]
    Run(RunArgs),
    /// Decode and validate modules.
    #[command(after_help = EXIT_CODES)]
    Validate {
        #[command(flatten)]
        mode: ModeArgs,
        /// Modules, .wasm or .wat.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Make the code of a module here, for a device that runs it in place and needs no RAM for it.
    ///
    /// The file holds the code, the module without its code section, and a hash of the module. A device loads it as it loads a module, where
    /// CONFIG_ZONDA_PRECOMPILED is on, and verifies it.
    #[command(after_help = EXIT_CODES)]
    Compile(CompileArgs),
    /// Show the sections, imports, exports and features of a module, and the memory that it needs.
    #[command(after_help = EXIT_CODES)]
    Inspect {
        /// A module, .wasm or .wat.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the register code of fast mode beside the operations that it was made from
        #[arg(long)]
        code: bool,
    },
    /// Run specification scripts and print the directives that passed, failed and are unsupported.
    ///
    /// `text` counts assertions about the text format, which are judged while the script is read.
    #[command(after_help = EXIT_CODES)]
    Wast {
        #[command(flatten)]
        mode: ModeArgs,
        /// Scripts, .wast.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Args)]
struct ModeArgs {
    /// How functions are executed: as register code, which is made when the module is loaded, or in place.
    #[arg(long, value_name = "MODE", value_parser = modes(), default_value = zonda::Engine::default().mode().name())]
    mode: Mode,
}

fn modes() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.iter().map(|mode| mode.name()))
        .try_map(|name| Mode::named(&name).ok_or("no such mode"))
}

#[derive(Args)]
struct CompileArgs {
    /// What code is made; register code is all there is.
    #[arg(long, value_name = "MODE", value_parser = ["fast"], default_value = "fast")]
    mode: String,
    /// A module, .wasm or .wat.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where to write it.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Bytes of a pointer of the device: 4, or 8 for a 64-bit host.
    #[arg(long, value_name = "BYTES", value_parser = ["4", "8"], default_value = "4")]
    word_size: String,
    /// Keep the module's code section, for classic mode and for traps that say the offset in the module.
    #[arg(long)]
    keep_code: bool,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    mode: ModeArgs,
    /// A module, .wasm or .wat.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Call the exported function NAME with these arguments, which are read by its type: integers in decimal or
    /// with 0x, floats in decimal or as `nan`, `inf`, `-inf`, references as `null` or (externref) a number.
    #[arg(long, value_names = ["NAME", "ARGS"], num_args = 1.., allow_hyphen_values = true)]
    invoke: Vec<String>,
    /// Stop with a trap after about N operations.
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// The most bytes that each memory may have; what lies beyond traps.
    #[arg(long, value_name = "BYTES")]
    memory_limit: Option<u64>,
    /// Bytes for the operands and locals of all running functions.
    #[arg(long, value_name = "BYTES")]
    stack: Option<u32>,
}

fn main() -> ExitCode {
    // clap itself ends with 2 on wrong usage.
    let outcome = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Validate { mode, files } => validate::validate(mode.mode, &files),
        Command::Compile(args) => compile::compile(&args),
        Command::Inspect { file, code } => inspect::inspect(&file, code),
        Command::Wast { mode, files } => wast::wast(mode.mode, &files),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("zonda: {failure}");
            failure.exit_code()
        }
    }
}
