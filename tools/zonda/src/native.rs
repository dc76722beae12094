//! Native code: compiling modules, and loading what was compiled for this machine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{channel, RecvTimeoutError};
use std::time::{Duration, Instant};

use zonda::{ArtifactErrorKind, Engine, Module, Store};
use zonda_symbols::Program;

use zonda_native::{compile as make, Error, Executable, Options, Target};

use crate::board::Device;
use crate::failure::Failure;
use crate::input::bad_module;
use crate::CompileArgs;

/// `zonda compile --native`.
pub fn compile(args: &CompileArgs, device: Option<&Device>, module: &[u8]) -> Result<(), Failure> {
    let mut target = target(args, device).map_err(Failure::Input)?;
    let of_device = device.and_then(|device| device.cpu);
    if let Some(cpu) = args.cpu.as_deref().or(of_device) {
        target = target.with_cpu(cpu).map_err(Failure::Input)?;
    }
    let path = args.file.as_path();
    let options = Options {
        size: args.size,
        meter: args.meter,
        keep_code: args.keep_code,
        debug: args.debug,
        canonical_nan: args.canonical_nan,
        only: args.only.as_deref().map(|list| chosen(list, path, module)).transpose()?,
        ..Options::new(target)
    };
    let compiled = compiled(path, module, &options)?;
    let output = args.output.clone().unwrap_or_else(|| path.with_extension("zonda"));
    fs::write(&output, compiled)
        .map_err(|error| Failure::Input(format!("{}: {error}", output.display())))
}

/// The functions that a file lists, by name or index.
fn chosen(list: &Path, path: &Path, module: &[u8]) -> Result<BTreeSet<u32>, Failure> {
    let text = fs::read_to_string(list)
        .map_err(|error| Failure::Input(format!("{}: {error}", list.display())))?;
    let program = Program::new(module)
        .map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    let funcs = program.imported()..program.funcs();
    let mut found = BTreeSet::new();
    for (number, line) in (1..).zip(text.lines()) {
        let name = line.trim();
        // A name may contain the character: only a line that begins with it is a comment.
        if name.is_empty() || name.starts_with('#') {
            continue;
        }
        // Names of the name section need not differ.
        let is_meant = |func: &u32| match name.parse::<u32>() {
            Ok(index) => *func == index,
            Err(_) => program.name(*func) == Some(name),
        };
        let meant: Vec<u32> = funcs.clone().filter(is_meant).collect();
        if meant.is_empty() {
            return Err(Failure::Input(format!(
                "{}:{number}: {} defines no function {name}",
                list.display(),
                path.display()
            )));
        }
        found.extend(meant);
    }
    Ok(found)
}

fn target(args: &CompileArgs, device: Option<&Device>) -> Result<Target, String> {
    let name = match device {
        Some(device) => Some(device.target.as_deref().map_err(Clone::clone)?),
        None => args.target.as_deref(),
    };
    let missing = || {
        let names: Vec<&str> = Target::names().collect();
        format!("expected --board, --zephyr-build or --target; targets: {}", names.join(", "))
    };
    Target::named(name.ok_or_else(missing)?)
}

/// How long a compilation says nothing.
const SILENT: Duration = Duration::from_secs(2);

/// Says on the standard error stream every two seconds that `body` still runs, and at the end how
/// long that was.
fn watched<R>(what: &str, body: impl FnOnce() -> R) -> R {
    let start = Instant::now();
    let (done, ended) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while ended.recv_timeout(SILENT) == Err(RecvTimeoutError::Timeout) {
                eprintln!("zonda: compiling {what}: {} s", start.elapsed().as_secs());
            }
        });
        let result = body();
        drop(done);
        if start.elapsed() > SILENT {
            let seconds = start.elapsed().as_secs_f32();
            eprintln!("zonda: compiled {what} in {seconds:.1} s{}", peak_memory());
        }
        result
    })
}

/// The most memory that this process has used, where Linux says it.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or(String::new(), |size| format!(", with {} of memory", size.trim()))
}

fn compiled(path: &Path, module: &[u8], options: &Options) -> Result<Vec<u8>, Failure> {
    let what = format!("{} ({} bytes)", path.display(), module.len());
    watched(&what, || make(module, options)).map_err(|error| match error {
        Error::Module(error) => bad_module(path, &error),
        error => Failure::Input(format!("{}: {error}", path.display())),
    })
}

/// Loads a module as native code of this machine: compiles it, unless that was done before. With
/// `meter` it can be stopped.
pub fn load(
    path: &Path,
    engine: &Engine,
    bytes: &[u8],
    meter: bool,
) -> Result<Module<'static>, Failure> {
    let failed = |text: String| Failure::Input(format!("{}: {text}", path.display()));
    let executable = if zonda_compiler::is_precompiled(bytes) {
        Executable::new(bytes)
    } else {
        let target = Target::host().map_err(Failure::Input)?;
        let options = Options { meter, ..Options::new(target) };
        Executable::new(&compiled(path, bytes, &options)?)
    };
    let executable = executable.map_err(|error| failed(error.to_string()))?;
    // SAFETY: the compiler has just made the code, or the user has said by `--native` that it is
    // trusted. It stays in memory until the process ends.
    unsafe { Module::new_trusted(engine, executable.leak()) }
        .map_err(|error| bad_module(path, &error))
}

/// The WebAssembly module in a file with compiled code, as far as the file keeps it.
pub fn module(file: &[u8]) -> Option<&[u8]> {
    match zonda_native::Native::read(file) {
        Ok(native) => Some(native.module),
        Err(_) => crate::input::module(file),
    }
}

/// Why a file is not run without `--native`.
pub fn refused(path: &Path, error: &zonda::Error) -> Failure {
    match error {
        zonda::Error::Artifact(error) if error.kind == ArtifactErrorKind::Copied => {
            Failure::Input(format!(
                "{}: native code cannot be verified: `zonda run --native` runs a file that you trust",
                path.display()
            ))
        }
        error => bad_module(path, error),
    }
}

/// Bytes of stack that host functions get beyond native code's.
const BESIDE: usize = 8 << 20;

/// Runs something that executes native code with `bytes` of stack.
pub fn with_stack<R: Send>(bytes: usize, body: impl FnOnce() -> R + Send) -> Result<R, Failure> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(bytes.saturating_add(BESIDE));
        let thread = thread
            .spawn_scoped(scope, body)
            .map_err(|error| Failure::Input(format!("{bytes} bytes of stack: {error}")))?;
        // A panic of the thread has been reported.
        thread.join().map_err(|_| Failure::Call("internal error".into()))
    })
}

/// Gives native code the stack of [`with_stack`].
pub fn set_stack<T>(store: &mut Store<T>, bytes: usize) {
    // SAFETY: `with_stack` has made the thread with more.
    unsafe { store.set_native_stack(bytes) }
}
