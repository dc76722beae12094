//! `zonda`: run, validate, compile and inspect WebAssembly modules on the host.
//!
//! This file is the command line and the exit codes; each command is a file of its own.

mod apps;
mod board;
mod compile;
mod coverage;
mod debug;
mod device;
mod failure;
mod input;
mod inspect;
mod instrument;
mod invoke;
#[cfg(feature = "llvm")]
mod native;
#[cfg(not(feature = "llvm"))]
#[path = "native_off.rs"]
mod native;
mod pack;
mod postmortem;
mod profile;
mod run;
mod samples;
mod sign;
mod symbolize;
mod validate;
mod wast;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use zonda::Mode;

const EXIT_CODES: &str = "\
Exit codes:
  0  success (`run`: or the exit code of the program)
  1  the module trapped, a call failed, or a directive of a script failed
  2  bad input (a file that cannot be read, decoded, validated or linked) or wrong usage";

const RUN_HELP: &str = "\
Without --invoke, the command calls the exported function `_start`, else `main`, else the only exported function.
A module that exports no function only runs its start function. Results are printed one per line. Options stand before
FILE; what follows FILE are the arguments of the program or, behind --invoke, of the function.

The module may import WASI preview 1 (`wasi_snapshot_preview1`): it gets standard input, output and error, and besides
nothing but what --dir, --env, --tcplisten, --addr-pool and --allow-resolve give it.

It may also import the C library that WAMR calls libc-builtin from `env`: printf, malloc, strlen and so on. Its heap lies
behind `__heap_base`, in memory that grows to 1 MiB for it if the module allows.

Other host functions that the module may import from `env`:
  print(ptr: i32, len: i32)   writes bytes of the exported memory `memory` to standard output
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
    #[command(after_help = format!("{RUN_HELP}\n\n{EXIT_CODES}"))]
    Run(RunArgs),
    /// Debug a program: run it with `run --debug`, and start LLDB.
    ///
    /// Options of `run` may stand before FILE. LLDB is lldb-22 or newer, as `lldb-22` or `lldb` in
    /// PATH, or as the environment variable LLDB.
    #[command(after_help = EXIT_CODES)]
    Debug {
        /// A command for LLDB after it has attached; may be repeated
        #[arg(short = 'o', long = "one-line", value_name = "COMMAND")]
        commands: Vec<String>,
        /// Options of `run`, a module, and the arguments of the program
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_names = ["FILE [ARGS]"])]
        run: Vec<std::ffi::OsString>,
    },
    /// Decode and validate modules, and verify precompiled modules.
    ///
    /// Prints nothing when all files are valid, else one line for each file that is not.
    #[command(after_help = EXIT_CODES)]
    Validate {
        #[command(flatten)]
        mode: ModeArgs,
        /// Modules: binary, text or precompiled
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Compile a module to a precompiled module, which a device executes from flash.
    ///
    /// A precompiled module contains register bytecode, the module without its code section, and
    /// the SHA-256 of the module. A device with CONFIG_ZONDA_PRECOMPILED loads it like a module:
    /// it verifies the code and needs no RAM for it.
    #[command(after_help = EXIT_CODES)]
    Compile(CompileArgs),
    /// Print the sections, imports, exports, needed features and memory use of a module.
    #[command(after_help = EXIT_CODES)]
    Inspect {
        /// A module: binary, text or precompiled
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the register bytecode beside the WebAssembly instructions that it was made from
        #[arg(long)]
        code: bool,
        /// Print the options that an image for this system needs
        #[arg(long = "for", value_name = "SYSTEM", value_parser = ["zephyr"])]
        system: Option<String>,
    },
    /// Make a package of an application: a module with a manifest, which a TOML file describes.
    ///
    /// The manifest is the custom section `zonda.app` of the module: name, version, limits,
    /// capabilities. `zonda sign` signs the package, `zonda inspect` prints its manifest.
    /// docs/apps.md describes the file.
    #[command(after_help = EXIT_CODES)]
    Pack(PackArgs),
    /// Run applications on this machine: install, start, stop, update, ask and remove them.
    ///
    /// `zonda apps serve` runs the application manager over a folder, the other commands talk to
    /// it. docs/apps.md is a tutorial.
    #[command(after_help = EXIT_CODES)]
    Apps(apps::AppsArgs),
    /// Manage the applications on a device, over a UART or UDP.
    ///
    /// The firmware has Zephyr's mcumgr and CONFIG_ZONDA_APPS_SMP. docs/apps.md describes it.
    #[command(after_help = EXIT_CODES)]
    Device(device::DeviceArgs),
    /// Sign a module, a precompiled module or any other file.
    ///
    /// Appends a signature of 88 bytes to the file. A device with CONFIG_ZONDA_SIGNED_FILES checks
    /// it. Keys are PEM files of Ed25519 or P-256, as `openssl` and MCUboot's `imgtool` make them:
    /// `openssl genpkey -algorithm ed25519 -out key.pem` makes a private key, `openssl pkey -in
    /// key.pem -pubout -out public.pem` its public key.
    #[command(after_help = EXIT_CODES)]
    Sign(SignArgs),
    /// Check the signatures of files.
    ///
    /// Prints a line for each file that one of the keys has signed, and an error for each other.
    #[command(after_help = EXIT_CODES)]
    Verify {
        /// A key to trust: a public key, or a private key whose public part is meant; may be
        /// repeated
        #[arg(long, required = true, value_name = "FILE")]
        key: Vec<PathBuf>,
        /// Signed files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Run a program as `zonda run` does, and print which functions execute how many instructions.
    ///
    /// Samples are taken by a count of instructions, so that a profile is the same each time.
    /// docs/profiling.md describes the table, the flame graph and the list for `zonda compile
    /// --native --only`.
    #[command(after_help = EXIT_CODES)]
    Profile(profile::ProfileArgs),
    /// Print the backtrace of a trap on a device, with names and source lines.
    ///
    /// FILE is a trap record, the log of a console with a record in it, or with the call stack
    /// that wasm_runtime_dump_call_stack() prints. docs/traps.md describes them.
    #[command(after_help = EXIT_CODES)]
    Symbolize(symbolize::SymbolizeArgs),
    /// Print all that a trap record has: the backtrace with the values of locals, and memory.
    ///
    /// With --debug, LLDB opens it.
    #[command(after_help = EXIT_CODES)]
    Postmortem(postmortem::PostmortemArgs),
    /// Run specification scripts and print how many directives passed, failed and are unsupported.
    ///
    /// `text` counts assertions about the text format, which are checked while the script is
    /// parsed.
    #[command(after_help = EXIT_CODES)]
    Wast {
        #[command(flatten)]
        mode: ModeArgs,
        /// Scripts, .wast
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

#[derive(Args)]
struct ModeArgs {
    /// Execution mode: fast mode translates to register bytecode at load time, classic mode
    /// executes bytecode in place
    #[arg(long, value_name = "MODE", value_parser = modes(), default_value = zonda::Engine::default().mode().name())]
    mode: Mode,
}

fn modes() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.iter().map(|mode| mode.name()))
        .try_map(|name| Mode::named(&name).ok_or("unknown mode"))
}

fn word_size() -> impl TypedValueParser<Value = u8> {
    PossibleValuesParser::new(["4", "8"]).map(|text| if text == "8" { 8 } else { 4 })
}

#[derive(Args)]
struct CompileArgs {
    /// A module, binary or text
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The file to write [default: FILE with the extension .zonda]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Size of a pointer on the device in bytes: 4, or 8 for a 64-bit host
    #[arg(long, value_name = "BYTES", value_parser = word_size(), default_value = "4", conflicts_with_all = ["board", "zephyr_build"])]
    word_size: u8,
    /// Keep the code section, for classic mode and for traps that report offsets in the module
    #[arg(long)]
    keep_code: bool,
    /// Keep debug information (DWARF) and the code section, so that a trap of the file names source
    /// lines on this machine
    #[arg(long)]
    debug: bool,
    /// Compile to native code, which a device executes from flash where it trusts the source of
    /// the file
    #[arg(long)]
    native: bool,
    /// With --native: the target of the device, by the name that Rust has for it
    #[arg(long, value_name = "TARGET", requires = "native")]
    target: Option<String>,
    /// The pointer size and, with --native, the target of a Zephyr board, as Zephyr configures it
    /// by default; nrf52840dk/nrf52840, for example
    #[arg(long, value_name = "BOARD", conflicts_with_all = ["target", "zephyr_build"])]
    board: Option<String>,
    /// The same of an application that was built in this folder, or configured by this file, with
    /// its CPU, FPU and float ABI
    #[arg(long, value_name = "DIR", conflicts_with = "target")]
    zephyr_build: Option<PathBuf>,
    /// With --native: the CPU, by LLVM's name [default: the least one of the target]
    #[arg(long, value_name = "CPU", requires = "native")]
    cpu: Option<String>,
    /// With --native: optimize for size instead of speed
    #[arg(long, requires = "native")]
    size: bool,
    /// With --native: check fuel and termination requests at calls and loop iterations
    #[arg(long, requires = "native")]
    meter: bool,
    /// With --native: compile the functions that this file lists, by name or index, one a line,
    /// `#` starts a comment; the rest becomes register bytecode, for a device with fast mode
    #[arg(long, value_name = "FILE", requires = "native")]
    only: Option<PathBuf>,
    /// With --native: make every NaN that is computed the canonical one, the same on each CPU
    #[arg(long, requires = "native")]
    canonical_nan: bool,
}

#[derive(Args)]
struct PackArgs {
    /// The description, TOML
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// A module, binary or text
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// The file to write [default: the application's name with the extension .zonda-app]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Precompile the module
    #[arg(long)]
    compile: bool,
    /// With --compile: size of a pointer on the device in bytes: 4, or 8 for a 64-bit host
    #[arg(long, value_name = "BYTES", value_parser = word_size(), default_value = "4", requires = "compile")]
    word_size: u8,
    /// The key that has to sign the package and each update of it: a public key
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Args)]
struct SignArgs {
    /// The private key
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// A number to raise when devices must refuse older files
    #[arg(long, value_name = "N", default_value = "0")]
    security_version: u32,
    /// The file to write [default: FILE itself]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The file to sign
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    mode: ModeArgs,
    /// Execute native code of this machine: FILE is compiled first, or was compiled by `zonda
    /// compile --native`. Such a file is not verified: whoever made it can do what you can
    #[arg(long, conflicts_with = "mode")]
    native: bool,
    /// Call the exported function NAME; its arguments follow FILE: integers in decimal or with 0x;
    /// floats in decimal or `nan`, `inf`, `-inf`; references as `null` or (externref) a number.
    /// `FILE --invoke NAME ARGS` is the same
    #[arg(long, value_name = "NAME")]
    invoke: Option<String>,
    /// Open a directory for the program, under its own name or as GUEST, with `::ro` to be read
    /// only
    #[arg(long, value_name = "HOST[::GUEST[::ro]]")]
    dir: Vec<String>,
    /// Set a variable of the program's environment; without a value, to the value that it has here
    #[arg(long, value_name = "NAME[=VALUE]")]
    env: Vec<String>,
    /// The program's name for itself [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    argv0: Option<String>,
    /// Listen at a TCP address; the program accepts connections from descriptor 3 on, before
    /// directories
    #[arg(long, value_name = "ADDRESS:PORT")]
    tcplisten: Vec<String>,
    /// Let the program open sockets, and bind, connect and send to the addresses of a network:
    /// 10.0.0.0/8; 0.0.0.0/0 and ::/0 are all
    #[arg(long, value_name = "ADDRESS/BITS")]
    addr_pool: Vec<String>,
    /// Let the program look up a name, or with * at the beginning all names that end so
    #[arg(long, value_name = "NAME")]
    allow_resolve: Vec<String>,
    /// Stop the program after this time: a number of seconds, or with the unit ms, s, m or h
    #[arg(long, value_name = "TIME", value_parser = run::time)]
    timeout: Option<std::time::Duration>,
    /// Trap after N calls and loop iterations
    #[arg(long, value_name = "N")]
    fuel: Option<u64>,
    /// Largest size of each linear memory; accesses beyond it trap, also where the module declares
    /// more
    #[arg(long, value_name = "BYTES", alias = "memory-limit")]
    max_memory: Option<u64>,
    /// Size of the operand stack, which holds the frames of all active calls; with --native, of
    /// the native stack as well [default: 8 MiB]
    #[arg(long, value_name = "BYTES")]
    stack: Option<u32>,
    /// Write to this file which lines of the program were executed how often, as lcov does; needs
    /// debug information
    #[arg(long, value_name = "FILE", conflicts_with_all = ["debug", "trap_record"])]
    coverage: Option<PathBuf>,
    /// Write a trap record to this file when the program traps; `zonda postmortem` reads it
    #[arg(long, value_name = "FILE")]
    trap_record: Option<PathBuf>,
    /// Wait for LLDB at a TCP port of this machine, and debug the program from its first
    /// instruction on (docs/debugging.md)
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "1234", conflicts_with = "native")]
    debug: Option<u16>,
    /// With --debug: do not wait; a debugger may attach later
    #[arg(long, requires = "debug")]
    no_wait: bool,
    /// A module: binary, text or precompiled; and the arguments of the program
    #[arg(required = true, trailing_var_arg = true, value_names = ["FILE [ARGS]"])]
    file_and_args: Vec<std::ffi::OsString>,
}

fn main() -> ExitCode {
    // On wrong usage clap exits with 2.
    let command = Cli::parse().command;
    if !matches!(command, Command::Run(_) | Command::Profile(_)) {
        // `zonda inspect FILE | head` ends when `head` does. A program that runs sees the error
        // itself.
        sigpipe::reset();
    }
    let outcome = match command {
        Command::Run(args) => run::run(&args),
        Command::Debug { commands, run } => debug::debug(&commands, &run),
        Command::Validate { mode, files } => validate::validate(mode.mode, &files).map(success),
        Command::Compile(args) => compile::compile(&args).map(success),
        Command::Inspect { file, code, system } => {
            inspect::inspect(&file, code, system.is_some()).map(success)
        }
        Command::Apps(args) => apps::apps(&args).map(success),
        Command::Device(args) => device::device(&args).map(success),
        Command::Pack(args) => pack::pack(&args).map(success),
        Command::Sign(args) => sign::sign(&args).map(success),
        Command::Verify { key, files } => sign::verify(&key, &files).map(success),
        Command::Profile(args) => profile::profile(&args),
        Command::Symbolize(args) => symbolize::symbolize(&args, false).map(success),
        Command::Postmortem(args) => postmortem::postmortem(&args),
        Command::Wast { mode, files } => wast::wast(mode.mode, &files).map(success),
    };
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("zonda: {failure}");
            failure.exit_code()
        }
    }
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}
