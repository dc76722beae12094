//! `zonda run`.

use std::io::{self, Write};
use std::path::Path;

use zonda::{
    Engine, Error, ExternType, FuncType, Grants, HostError, Linker, Module, Store, StoreConfig,
    Val, ValType,
};
use zonda_bench_env::{Bench, Env};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::{invoke, RunArgs};

pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let path = args.file.as_path();
    let bytes = read_module(path)?;
    let bad = |error: Error| bad_module(path, &error);
    let engine = Engine::new(args.mode.mode);
    // `from_vec` copies the bytes to an address that a precompiled module may have.
    let module = Module::from_vec(&engine, &bytes).map_err(bad)?;
    // Wrong usage is reported before the start function runs.
    let call = Call::choose(&module, &args.invoke)
        .map_err(|text| Failure::Input(format!("{}: {text}", path.display())))?;

    let mut config = StoreConfig::default();
    if let Some(bytes) = args.memory_limit {
        config.memory_limit = bytes;
    }
    if let Some(bytes) = args.stack {
        config.stack_bytes = bytes;
    }
    let mut store = Store::with_config(&engine, Console, config).map_err(bad)?;
    store.set_fuel(args.fuel.unwrap_or(u64::MAX));

    let mut linker = Linker::new();
    linker.define_module(Env::MODULE, Grants::All, |data| data).map_err(bad)?;
    let instance =
        linker.instantiate(&mut store, &module).map_err(|error| not_instantiated(path, error))?;

    let Some(Call { name, arguments, results }) = call else { return Ok(()) };
    let func = instance.get_func(&store, &name).ok_or(Error::UnknownExport).map_err(bad)?;
    let mut results = vec![Val::I32(0); results];
    func.call(&mut store, &arguments, &mut results)
        .map_err(|error| Failure::Call(format!("{}: {name}: {error}", path.display())))?;
    for result in &results {
        println!("{}", invoke::show(result));
    }
    Ok(())
}

/// The function to call.
struct Call {
    name: String,
    arguments: Vec<Val>,
    /// The number of its results.
    results: usize,
}

impl Call {
    /// Chooses the function that `invoke` (a name and arguments) names, or without it `_start`, `main` or the
    /// only exported function. `None` where the module exports no function.
    fn choose(module: &Module, invoke: &[String]) -> Result<Option<Call>, String> {
        let funcs: Vec<(String, FuncType)> = module
            .exports()
            .filter_map(|export| match export.ty {
                ExternType::Func(ty) => Some((export.name.to_owned(), ty)),
                _ => None,
            })
            .collect();
        let find = |wanted: &str| funcs.iter().find(|(name, _)| name == wanted);
        if let Some((name, texts)) = invoke.split_first() {
            let func = find(name)
                .ok_or_else(|| format!("no function is exported as '{name}'; {}", list(&funcs)))?;
            return Call::parse(func, texts).map(Some);
        }
        if let Some(func) = find("_start") {
            return Call::parse(func, &[]).map(Some);
        }
        if let Some((name, ty)) = find("main") {
            // C's main(argc, argv): no arguments.
            let arguments = ty.params().map(Val::zero).collect();
            return Ok(Some(Call { name: name.clone(), arguments, results: ty.results().len() }));
        }
        match funcs.as_slice() {
            [] => Ok(None),
            [only] => Call::parse(only, &[]).map(Some),
            _ => Err(format!(
                "neither `_start` nor `main` is exported: choose a function with --invoke; {}",
                list(&funcs)
            )),
        }
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

/// The state of the host functions of the benchmarks; `zonda run --help` lists them.
struct Console;

impl Bench for Console {
    fn print(&mut self, _: u32, text: &[u8]) -> Result<(), HostError> {
        let mut out = io::stdout().lock();
        out.write_all(text)
            .and_then(|()| out.flush())
            .map_err(|_| HostError::Failed { number: 1, text: "standard output is closed" })
    }
}
