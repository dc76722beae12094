//! Generated programs in Zonda: in each mode, with the smallest heap that they can do with and with
//! a large one.

use super::model::{interpret, End};
use super::Program;
use wasmparser::{Validator, WasmFeatures};
use zonda::{
    Caller, Engine, Error, Instance, Linker, Mode, Module, Store, StoreConfig, Trap, TrapCode, Val,
    ValType,
};

/// What a comparison looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    /// Whether the program traps.
    pub trapped: bool,
    /// Collections in the smallest heap, objects that were left at the end, and its bytes.
    pub collections: u32,
    pub objects: usize,
    pub heap: u32,
}

/// A run ended for lack of memory.
struct TooSmall;

/// The smallest heap, in bytes, and one in which most programs never collect.
const SMALLEST: u32 = 192;
const LARGE: u32 = 1 << 20;

/// Runs a program with each heap in each mode. Returns what was looked at, `None` for a program
/// that takes too long, or what differs.
///
/// # Errors
/// The disagreement, as text.
pub fn check(program: &Program) -> Result<Option<Checked>, String> {
    let text = super::print(program);
    let bytes = wat::parse_str(&text).map_err(|error| format!("not a module: {error}"))?;
    let mut validator = Validator::new_with_features(WasmFeatures::all());
    validator.validate_all(&bytes).map_err(|error| format!("not valid: {error}"))?;
    let Some(expected) = interpret(program) else { return Ok(None) };
    let mut checked =
        Checked { trapped: expected.calls.iter().any(Result::is_err), ..Checked::default() };
    for mode in [Mode::Classic, Mode::Fast] {
        let mut size = SMALLEST;
        let mut seen = loop {
            match run(mode, &bytes, program.calls, size)? {
                Ok(seen) => break seen,
                // Twice as large is seldom as tight as it could be.
                Err(TooSmall) if size < LARGE => size += (size / 4) & !3,
                Err(TooSmall) => return Err(format!("{mode:?}: {LARGE} bytes are too few")),
            }
        };
        seen.1.heap = size;
        for (end, heap) in [(seen.0, size), (run_large(mode, &bytes, program.calls)?, LARGE)] {
            if end != expected {
                return Err(format!(
                    "{mode:?}, {heap} bytes of heap:\n  is {end:x?}\n  not {expected:x?}"
                ));
            }
        }
        checked.collections += seen.1.collections;
        (checked.objects, checked.heap) = (seen.1.objects, checked.heap.max(size));
    }
    Ok(Some(checked))
}

fn run_large(mode: Mode, bytes: &[u8], calls: u32) -> Result<End, String> {
    match run(mode, bytes, calls, LARGE)? {
        Ok((end, _)) => Ok(end),
        Err(TooSmall) => Err(format!("{mode:?}: {LARGE} bytes are too few")),
    }
}

fn linker() -> Result<Linker<()>, Error> {
    let mut linker = Linker::new();
    let from = |_: Caller<'_, '_, ()>, args: &[Val], results: &mut [Val]| {
        if let ([Val::I32(number)], [result]) = (args, results) {
            *result = Val::ExternRef(Some(*number as u32 % 1000));
        }
        Ok::<(), Trap>(())
    };
    linker.func_new("env", "from", &[ValType::I32], &[ValType::ExternRef], from)?;
    let number = |_: Caller<'_, '_, ()>, args: &[Val], results: &mut [Val]| {
        results[0] = Val::I32(match args {
            [Val::ExternRef(Some(number))] if *number < 1000 => *number as i32,
            [Val::ExternRef(None)] => -1,
            _ => -2,
        });
        Ok::<(), Trap>(())
    };
    linker.func_new("env", "number", &[ValType::ExternRef], &[ValType::I32], number)?;
    Ok(linker)
}

type Run = Result<(End, Checked), TooSmall>;

fn run(mode: Mode, bytes: &[u8], calls: u32, heap: u32) -> Result<Run, String> {
    let failed = |error: Error| format!("{mode:?}: {error}");
    let engine = Engine::new(mode);
    let module = Module::new(&engine, bytes).map_err(failed)?;
    let config = StoreConfig { object_bytes: heap, stack_bytes: 1 << 16, ..StoreConfig::default() };
    let mut store = Store::with_config(&engine, (), config).map_err(failed)?;
    let linker = linker().map_err(failed)?;
    let instance = match linker.instantiate(&mut store, &module) {
        Ok(instance) => instance,
        Err(Error::OutOfMemory) => return Ok(Err(TooSmall)),
        Err(error) => return Err(failed(error)),
    };
    let mut ended = Vec::new();
    for _ in 0..calls {
        match call(&mut store, instance, "run") {
            Err(Error::Trap(trap)) if trap.code == TrapCode::OutOfMemory => {
                return Ok(Err(TooSmall))
            }
            Err(Error::Trap(trap)) => {
                ended.push(Err(trap.code.message()));
                break;
            }
            Err(error) => return Err(failed(error)),
            Ok(sum) => ended.push(Ok(sum)),
        }
    }
    let observed = match call(&mut store, instance, "final") {
        Ok(sum) => sum,
        Err(Error::Trap(trap)) if trap.code == TrapCode::OutOfMemory => return Ok(Err(TooSmall)),
        Err(error) => return Err(format!("{mode:?}, final: {error}")),
    };
    let (_, _, objects, collections) = store.object_counts();
    let checked = Checked { collections, objects, ..Checked::default() };
    Ok(Ok((End { calls: ended, observed }, checked)))
}

fn call(store: &mut Store<'_, ()>, instance: Instance, name: &str) -> Result<u64, Error> {
    let func = instance.get_typed_func::<(), i64>(&mut *store, name)?;
    func.call(store, ()).map(|sum| sum as u64)
}
