//! `zonda run`: instantiates a module and calls one of its functions.
//!
//! `program` is what the module finds around it: WASI, the C library and the host functions of the
//! benchmarks; `libc` is what the C library needs of the host.

mod libc;
mod program;
mod trap;
mod watch;

pub use libc::Libc;
pub use program::Program;
pub use watch::{counters, Watch};

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use zonda::{
    Engine, Error, ExternType, FuncType, Instance, InterruptHandle, Module, Store, StoreConfig,
    TrapCode, Val, ValType,
};

use self::watch::Nothing;
use crate::coverage::Coverage;
use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::instrument::DUMP;
use crate::{debug, invoke, native, RunArgs};

/// Size of the operand stack: what programs for Linux have as stack.
const STACK: u32 = 8 << 20;
/// The function of a module of clang that calls the constructors of its objects.
const CONSTRUCTORS: &str = "__wasm_call_ctors";
/// How long a program may take to notice that its time is over, for instance in a read that waits.
const GRACE: Duration = Duration::from_millis(300);

pub fn run(args: &RunArgs) -> Result<ExitCode, Failure> {
    match &args.coverage {
        Some(file) => watched(args, &mut Coverage::new(file.clone())),
        None => watched(args, &mut Nothing),
    }
}

fn is_number(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

/// Runs a program that is watched.
pub fn watched(args: &RunArgs, watch: &mut dyn Watch) -> Result<ExitCode, Failure> {
    if args.native {
        return native::with_stack(args.stack.unwrap_or(STACK) as usize, || execute(args, watch))?;
    }
    execute(args, watch)
}

fn execute(args: &RunArgs, watch: &mut dyn Watch) -> Result<ExitCode, Failure> {
    let Some((file, rest)) = args.file_and_args.split_first() else {
        return Err(Failure::Input("no file".into()));
    };
    let path = Path::new(file);
    if args.debug.is_some() && !path.exists() && file.to_str().is_some_and(is_number) {
        return Err(Failure::Input(format!(
            "{}: no such file; a port is given with `=`: --debug={}",
            path.display(),
            path.display()
        )));
    }
    let usage = |text: String| Failure::Input(format!("{}: {text}", path.display()));
    let (invoke, rest) = invoked(args.invoke.as_deref(), rest).map_err(usage)?;
    let bytes = watch.module(&read_module(path)?).map_err(usage)?;
    let bad = |error: Error| bad_module(path, &error);
    let engine = Engine::new(args.mode.mode);
    // `from_vec` copies the bytes to an address that a precompiled module may have.
    let module = if args.native {
        native::load(path, &engine, &bytes, args.fuel.is_some() || args.timeout.is_some())?
    } else {
        Module::from_vec(&engine, &bytes).map_err(|error| native::refused(path, &error))?
    };
    // Wrong usage is reported before the start function runs.
    let call = Call::choose(&module, invoke, rest).map_err(usage)?;
    let own_args = if invoke.is_none() { rest } else { &[] };
    let program = Program::new(args, path, own_args).map_err(Failure::Input)?;

    let mut config = StoreConfig { stack_bytes: args.stack.unwrap_or(STACK), ..Default::default() };
    if let Some(bytes) = args.max_memory {
        config.memory_limit = bytes;
    }
    let mut store = Store::with_config(&engine, program, config).map_err(bad)?;
    trap::prepare(&mut store, args).map_err(bad)?;
    store.set_fuel(args.fuel.unwrap_or(u64::MAX));
    if args.native {
        native::set_stack(&mut store, config.stack_bytes as usize);
    }
    if let Some(timeout) = args.timeout {
        end_after(timeout, store.interrupt_handle(), path);
    }

    let debugger = match args.debug {
        Some(port) => Some(debug::attach(&mut store, port, path, !args.no_wait)?),
        None => None,
    };
    let outcome = call_all(args, path, (&module, &bytes), &mut store, call, watch);
    if let Some(debugger) = debugger {
        // The exit code that `main` gives.
        let exited = match &outcome {
            Ok(_) => store.data().exit_number().unwrap_or(0),
            Err(failure) => failure.number(),
        };
        debugger.ended(exited);
    }
    outcome
}

/// Instantiates the module and calls its functions.
fn call_all(
    args: &RunArgs,
    path: &Path,
    (module, bytes): (&Module<'static>, &[u8]),
    mut store: &mut Store<'static, Program>,
    call: [Option<Call>; 2],
    watch: &mut dyn Watch,
) -> Result<ExitCode, Failure> {
    let bad = |error: Error| bad_module(path, &error);
    let linker = program::linker().map_err(bad)?;
    let instance = match linker.instantiate(&mut store, module) {
        Ok(instance) => instance,
        Err(error) => {
            return match store.data().exit_code() {
                Some(code) => Ok(code),
                None => Err(trap::explain(not_instantiated(path, error), args, store, bytes)),
            }
        }
    };
    libc::give_heap(module, instance, store);
    watch.started(instance, store).map_err(bad)?;
    let mut outcome = Ok(None);
    for call in call.into_iter().flatten() {
        outcome = call.run(instance, store, path, args.timeout);
        if !matches!(outcome, Ok(None)) {
            break;
        }
    }
    let outcome = outcome.map_err(|failure| trap::explain(failure, args, store, bytes));
    let watched = watch.ended(instance, store);
    let watched = watched.map_err(|text| Failure::Input(format!("{}: {text}", path.display())));
    let code = outcome?;
    watched?;
    Ok(code.unwrap_or(ExitCode::SUCCESS))
}

/// The function that the user names, and its arguments or those of the program.
fn invoked<'r>(
    invoke: Option<&'r str>,
    rest: &'r [OsString],
) -> Result<(Option<&'r str>, &'r [OsString]), String> {
    match rest {
        [option, name, arguments @ ..] if option == "--invoke" && invoke.is_none() => {
            let name = name.to_str().ok_or("the name of a function is UTF-8")?;
            Ok((Some(name), arguments))
        }
        [option] if option == "--invoke" => Err("--invoke needs the name of a function".into()),
        _ => Ok((invoke, rest)),
    }
}

/// A time on the command line.
pub fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("ms") => 1e-3,
        Some("" | "s") => 1.0,
        Some("m") => 60.0,
        Some("h") => 3600.0,
        _ => return Err("expected a number of seconds, or with the unit ms, s, m or h".into()),
    };
    let number: f64 = digits.parse().map_err(|_| format!("'{digits}' is not a number"))?;
    Duration::try_from_secs_f64(number * unit).map_err(|error| error.to_string())
}

/// Stops the program when its time is over; where it does not notice, the process.
fn end_after(timeout: Duration, handle: InterruptHandle, path: &Path) {
    let path = path.display().to_string();
    thread::spawn(move || {
        thread::sleep(timeout);
        handle.terminate();
        thread::sleep(GRACE);
        eprintln!("zonda: {path}: terminated after {timeout:?}, in a host function");
        std::process::exit(1);
    });
}

/// The function to call.
struct Call {
    name: String,
    arguments: Vec<Val>,
    /// The number of its results.
    results: usize,
}

impl Call {
    /// Chooses the function that `invoke` names, or without it `_start`, `main` or the only
    /// exported function. `None` where the module exports no function. `_initialize` of a WASI
    /// reactor comes first.
    fn choose(
        module: &Module,
        invoke: Option<&str>,
        rest: &[OsString],
    ) -> Result<[Option<Call>; 2], String> {
        let funcs: Vec<(String, FuncType)> = module
            .exports()
            .filter_map(|export| match export.ty {
                // What instrumenting has added.
                _ if export.name == DUMP => None,
                ExternType::Func(ty) => Some((export.name.to_owned(), ty)),
                _ => None,
            })
            .collect();
        let find = |wanted: &str| funcs.iter().find(|(name, _)| name == wanted);
        let first = match find("_initialize") {
            Some(func) if invoke != Some("_initialize") && find("_start").is_none() => {
                Some(Call::parse(func, &[])?)
            }
            // As the C API does for modules without WASI.
            None if invoke != Some(CONSTRUCTORS) && find("_start").is_none() => {
                find(CONSTRUCTORS).map(|func| Call::parse(func, &[])).transpose()?
            }
            _ => None,
        };
        if let Some(name) = invoke {
            let func = find(name)
                .ok_or_else(|| format!("no function is exported as '{name}'; {}", list(&funcs)))?;
            let texts: Vec<String> =
                rest.iter().map(|text| text.to_string_lossy().into_owned()).collect();
            return Ok([first, Some(Call::parse(func, &texts)?)]);
        }
        if let Some(func) = find("_start") {
            return Ok([None, Some(Call::parse(func, &[])?)]);
        }
        // clang gives the one with arguments a name of its own.
        if let Some((name, ty)) = find("main").or_else(|| find("__main_argc_argv")) {
            // C's main(argc, argv): no arguments.
            let arguments = ty.params().map(Val::zero).collect();
            let results = ty.results().len();
            return Ok([first, Some(Call { name: name.clone(), arguments, results })]);
        }
        let others = funcs.iter().filter(|(name, _)| name != "_initialize" && name != CONSTRUCTORS);
        match others.collect::<Vec<_>>().as_slice() {
            [] => Ok([first, None]),
            [only] => Ok([first, Some(Call::parse(only, &[])?)]),
            _ => Err(format!(
                "neither `_start` nor `main` is exported: choose a function with --invoke; {}",
                list(&funcs)
            )),
        }
    }

    /// Calls it and prints its results. `Some` with the exit code when the program ends itself.
    fn run(
        &self,
        instance: Instance,
        store: &mut Store<Program>,
        path: &Path,
        timeout: Option<Duration>,
    ) -> Result<Option<ExitCode>, Failure> {
        let Call { name, arguments, results } = self;
        let func = instance
            .get_func(&*store, name)
            .ok_or(Error::UnknownExport)
            .map_err(|error| bad_module(path, &error))?;
        let mut values = vec![Val::I32(0); *results];
        match func.call(&mut *store, arguments, &mut values) {
            Ok(()) => {}
            Err(error) => {
                if let Some(code) = store.data().exit_code() {
                    return Ok(Some(code));
                }
                let why = match (&error, timeout) {
                    (Error::Trap(trap), Some(time)) if trap.code == TrapCode::Terminated => {
                        format!("{error} after {time:?}")
                    }
                    _ => error.to_string(),
                };
                return Err(Failure::Call(format!("{}: {name}: {why}", path.display())));
            }
        }
        for value in &values {
            println!("{}", invoke::show(value));
        }
        Ok(None)
    }

    fn parse((name, ty): &(String, FuncType), texts: &[String]) -> Result<Call, String> {
        let types: Vec<ValType> = ty.params().collect();
        if texts.len() != types.len() {
            return Err(format!(
                "{name}: expected {} arguments, found {}; its type is {ty}{}",
                types.len(),
                texts.len(),
                if texts.is_empty() { format!(": --invoke {name} ARGS") } else { String::new() }
            ));
        }
        let arguments = texts
            .iter()
            .zip(types)
            .enumerate()
            .map(|(number, (text, ty))| {
                invoke::parse(text, ty)
                    .map_err(|error| format!("{name}: argument {}: {error}", number + 1))
            })
            .collect::<Result<_, _>>()?;
        Ok(Call { name: name.clone(), arguments, results: ty.results().len() })
    }
}

/// The exported functions, for a message.
fn list(funcs: &[(String, FuncType)]) -> String {
    if funcs.is_empty() {
        return "the module exports no function".into();
    }
    let lines: Vec<String> = funcs.iter().map(|(name, ty)| format!("  {name}: {ty}")).collect();
    format!("exported functions:\n{}", lines.join("\n"))
}

fn not_instantiated(path: &Path, error: Error) -> Failure {
    match error {
        Error::Trap(trap) => {
            Failure::Call(format!("{}: while instantiating: {trap}", path.display()))
        }
        Error::Link(error) => Failure::Input(format!(
            "{}: {error}; `zonda run --help` lists the host functions",
            path.display()
        )),
        error => bad_module(path, &error),
    }
}
