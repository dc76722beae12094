//! `zonda run`.

use std::io::{self, Write};
use std::path::Path;

use zonda::{
    Caller, Engine, Error, Extern, Func, Instance, Linker, Module, Store, StoreConfig, Trap,
    TrapCode, Val, ValType,
};

use crate::failure::Failure;
use crate::input::{bad_module, read_module};
use crate::{invoke, RunArgs};

pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let path = args.file.as_path();
    let bytes = read_module(path)?;
    let bad = |error: Error| bad_module(path, &error);
    let engine = Engine::new(args.mode.mode);
    // Copied to where a compiled module may lie.
    let module = Module::from_vec(&engine, &bytes).map_err(bad)?;

    let mut config = StoreConfig::default();
    if let Some(bytes) = args.memory_limit {
        config.memory_limit = bytes;
    }
    if let Some(bytes) = args.stack {
        config.stack_bytes = bytes;
    }
    let mut store = Store::with_config(&engine, (), config).map_err(bad)?;
    // Without --fuel nothing may run dry.
    store.set_fuel(args.fuel.unwrap_or(u64::MAX));

    let linker = host_functions().map_err(bad)?;
    let instance =
        linker.instantiate(&mut store, &module).map_err(|error| not_instantiated(path, error))?;

    let Some(Entry { func, name, arguments }) = entry(args, &instance, &store)? else {
        return Ok(());
    };
    let ty = func.ty(&store).map_err(bad)?;
    let types: Vec<ValType> = ty.params().collect();
    let arguments = parse_arguments(path, name, arguments, &types)?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut store, &arguments, &mut results)
        .map_err(|error| Failure::Call(format!("{}: {name}: {error}", path.display())))?;
    for result in &results {
        println!("{}", invoke::show(result));
    }
    Ok(())
}

/// What to call, with the arguments as text.
struct Entry<'a> {
    func: Func,
    name: &'a str,
    arguments: &'a [String],
}

/// `None` when nothing was asked for and the module has nothing of the kind.
fn entry<'a>(
    args: &'a RunArgs,
    instance: &Instance,
    store: &Store<()>,
) -> Result<Option<Entry<'a>>, Failure> {
    let find = |name: &str| match instance.get_export(store, name) {
        Some(Extern::Func(func)) => Some(func),
        _ => None,
    };
    if let Some((name, arguments)) = args.invoke.split_first() {
        return match find(name) {
            Some(func) => Ok(Some(Entry { func, name, arguments })),
            None => Err(Failure::Input(format!(
                "{}: no function is exported as '{name}'",
                args.file.display()
            ))),
        };
    }
    Ok(["_start", "main"]
        .into_iter()
        .find_map(|name| Some(Entry { func: find(name)?, name, arguments: &[] })))
}

fn parse_arguments(
    path: &Path,
    name: &str,
    texts: &[String],
    types: &[ValType],
) -> Result<Vec<Val>, Failure> {
    let bad = |text: String| Failure::Input(format!("{}: {name}: {text}", path.display()));
    if texts.is_empty() && name == "main" {
        // C's main(argc, argv) without arguments.
        return Ok(types.iter().map(|ty| Val::zero(*ty)).collect());
    }
    if texts.len() != types.len() {
        return Err(bad(format!("takes {} arguments, {} given", types.len(), texts.len())));
    }
    texts.iter().zip(types).map(|(text, ty)| invoke::parse(text, *ty).map_err(bad)).collect()
}

fn not_instantiated(path: &Path, error: Error) -> Failure {
    match error {
        Error::Trap(trap) => {
            Failure::Call(format!("{}: while instantiating: {trap}", path.display()))
        }
        Error::Link(error) => Failure::Input(format!("{}: {error}", path.display())),
        error => bad_module(path, &error),
    }
}

/// The host functions of the benchmarks; `zonda run --help` lists them.
fn host_functions() -> Result<Linker<()>, Error> {
    const MODULE: &str = "env";
    let mut linker = Linker::new();
    linker.func_wrap(MODULE, "print", |caller: Caller<'_, '_, ()>, ptr: u32, len: u32| {
        print(&caller, ptr, len)
    })?;
    linker.func_wrap(MODULE, "nop", || {})?;
    linker.func_wrap(MODULE, "inc", |x: i32| x.wrapping_add(1))?;
    linker.func_wrap(MODULE, "t_start", || {})?;
    linker.func_wrap(MODULE, "t_stop", || {})?;
    Ok(linker)
}

fn print(caller: &Caller<'_, '_, ()>, ptr: u32, len: u32) -> Result<(), Trap> {
    let out_of_bounds = || Trap::new(TrapCode::MemoryOutOfBounds);
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(out_of_bounds());
    };
    let data = memory.data(caller).map_err(|_| out_of_bounds())?;
    let end = (ptr as usize).checked_add(len as usize).ok_or_else(out_of_bounds)?;
    let text = data.get(ptr as usize..end).ok_or_else(out_of_bounds)?;
    let mut out = io::stdout().lock();
    out.write_all(text).and_then(|()| out.flush()).map_err(|_| Trap::host(1))
}
