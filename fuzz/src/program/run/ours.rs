//! A program in Zonda.

use super::super::ast::{Item, Program, Source, Ty, CALLBACK, HOST};
use super::native::Code;
use super::{hash, host, identities, observed, Identities, Obs, Run, Trap as Kind, SOME_FUNC};
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use zonda::{
    AsStore, AsStoreMut, Caller, Engine, Error, Extern, Func, Instance, Linker, Mode, Module,
    Store, StoreConfig, Trap, TrapCode, Val, ValType,
};
use zonda_compiler::CompileOptions;

/// How a program is executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Classic,
    Fast,
    /// Every module is compiled to a precompiled module, which is loaded.
    Precompiled,
    /// Each instance in a mode of its own, as these bits say.
    Mixed(u64),
    /// As native code. Each instance of a program with several is in a mode of its own, as these
    /// bits say.
    Native(u64),
    /// In one mode, with an operand stack of so many bytes that some call or other does not fit.
    Cramped(Mode, u32),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Way::Classic => f.write_str("classic"),
            Way::Fast => f.write_str("fast"),
            Way::Precompiled => f.write_str("precompiled"),
            Way::Mixed(bits) => write!(f, "mixed {bits:#x}"),
            Way::Native(bits) => write!(f, "native {bits:#x}"),
            Way::Cramped(mode, bytes) => write!(f, "{mode:?} with {bytes} bytes of stack"),
        }
    }
}

/// The ways in which a program is executed: classic and fast mode always, the others where they add
/// something.
pub fn ways(program: &Program, only: Option<&str>) -> Vec<Way> {
    let mut ways = vec![Way::Classic, Way::Fast];
    let hash = program.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ program.seed >> 31;
    if program.modules.len() > 1 || hash >> 60 == 0 {
        ways.push(Way::Mixed(hash >> 7));
    }
    if hash >> 58 & 3 == 0 {
        ways.push(Way::Precompiled);
    }
    if hash >> 55 & 7 == 0 {
        let bytes = 200 + (hash >> 20) as u32 % (1 << (6 + (hash >> 40) % 8));
        ways.push(Way::Cramped(Mode::Classic, bytes));
        ways.push(Way::Cramped(Mode::Fast, bytes));
    }
    match only {
        None => ways,
        Some("classic") => vec![Way::Classic],
        Some("fast") => vec![Way::Fast],
        Some("native") if program.modules.len() > 1 => {
            vec![Way::Fast, Way::Native(0), Way::Native(hash >> 7)]
        }
        Some("native") => vec![Way::Fast, Way::Native(0)],
        Some("mixed") => vec![Way::Mixed(hash >> 7)],
        Some(_) => vec![Way::Precompiled],
    }
}

/// How one module is loaded, and the mode that its instance changes to.
#[derive(Clone, Copy)]
struct Plan {
    mode: Mode,
    form: Form,
    then: Option<Mode>,
}

/// What is loaded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Module,
    Precompiled,
    Native,
}

fn plan(way: Way, module: usize) -> Plan {
    use Form::{Module, Native, Precompiled};
    let (mode, form, then) = match way {
        Way::Cramped(mode, _) => (mode, Module, None),
        Way::Classic => (Mode::Classic, Module, None),
        Way::Fast => (Mode::Fast, Module, None),
        Way::Precompiled => (Mode::Fast, Precompiled, None),
        Way::Mixed(bits) => match bits >> (module * 3) & 7 {
            0 | 1 => (Mode::Classic, Module, None),
            2 | 3 => (Mode::Fast, Module, None),
            4 => (Mode::Classic, Module, Some(Mode::Fast)),
            5 => (Mode::Fast, Module, Some(Mode::Classic)),
            6 => (Mode::Fast, Precompiled, None),
            _ => (Mode::Fast, Precompiled, Some(Mode::Classic)),
        },
        Way::Native(bits) => match bits >> (module * 2) & 3 {
            0 | 1 => (Mode::Fast, Native, None),
            2 => (Mode::Fast, Module, None),
            _ => (Mode::Classic, Module, None),
        },
    };
    Plan { mode, form, then }
}

/// Slots of the operand stack: more than any program needs that pays its calls with fuel, mostly.
const STACK_BYTES: u32 = 120 * 1024;

/// Allocations whose end was found damaged. An allocator that leaves space behind them and looks at
/// it counts them here, where there is one (src/bin/programs/guard.rs): a frame beyond the operand
/// stack is seen by nothing else without a sanitizer.
pub static OVERRUNS: AtomicU32 = AtomicU32::new(0);

/// Calls and turns of loops that a program may take: the generator's stay far below it, what the
/// reducer makes of them may not.
const FUEL: u64 = 300_000;

#[derive(Default)]
struct State {
    seen: Vec<Obs>,
    funcs: Vec<Func>,
}

impl State {
    fn bits(&mut self, value: Val) -> u64 {
        match value {
            Val::I32(value) => u64::from(value as u32),
            Val::I64(value) => value as u64,
            Val::F32(bits) => u64::from(bits),
            Val::F64(bits) => bits,
            // No program passes vectors on.
            #[cfg(feature = "simd")]
            Val::V128(_) => u64::MAX,
            Val::FuncRef(None) | Val::ExternRef(None) => 0,
            Val::ExternRef(Some(number)) => u64::from(number) + 1,
            Val::FuncRef(Some(func)) => {
                self.funcs.push(func);
                self.funcs.len() as u64
            }
            // Exceptions and objects.
            #[allow(unreachable_patterns)]
            _ => unreachable!("no value that is looked at is one of the store alone"),
        }
    }

    fn value(&self, ty: Ty, bits: u64) -> Val {
        match ty {
            Ty::I32 => Val::I32(bits as i32),
            Ty::I64 => Val::I64(bits as i64),
            Ty::F32 => Val::F32(bits as u32),
            Ty::F64 => Val::F64(bits),
            Ty::Func => Val::FuncRef((bits as usize).checked_sub(1).map(|at| self.funcs[at])),
            Ty::Extern => Val::ExternRef((bits as u32).checked_sub(1)),
        }
    }

    fn see(&mut self, ty: Ty, bits: u64) {
        self.seen.push(Obs::Value(ty, observed(ty, bits)));
    }

    fn see_value(&mut self, value: Val) {
        let bits = self.bits(value);
        self.see(ty_of(value.ty()), bits);
    }
}

fn ty_of(ty: ValType) -> Ty {
    match ty {
        ValType::I32 => Ty::I32,
        ValType::I64 => Ty::I64,
        ValType::F32 => Ty::F32,
        ValType::F64 => Ty::F64,
        #[cfg(feature = "simd")]
        ValType::V128 => panic!("no program passes vectors on"),
        ValType::FuncRef => Ty::Func,
        ValType::ExternRef => Ty::Extern,
        // Exceptions and objects.
        #[allow(unreachable_patterns)]
        _ => unreachable!("no value that is looked at is one of the store alone"),
    }
}

fn val_type(ty: Ty) -> ValType {
    match ty {
        Ty::I32 => ValType::I32,
        Ty::I64 => ValType::I64,
        Ty::F32 => ValType::F32,
        Ty::F64 => ValType::F64,
        Ty::Func => ValType::FuncRef,
        Ty::Extern => ValType::ExternRef,
    }
}

/// What is loaded in place of a module.
enum File {
    /// Bytes at an address that a precompiled module may lie at, and their number.
    Precompiled(Vec<u32>, usize),
    Native(Code),
}

impl File {
    fn new(bytes: &[u8]) -> File {
        let mut words = vec![0u32; bytes.len().div_ceil(4)];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks(4)) {
            let mut four = [0; 4];
            four[..chunk.len()].copy_from_slice(chunk);
            *word = u32::from_ne_bytes(four);
        }
        File::Precompiled(words, bytes.len())
    }

    fn load(&self, engine: &Engine) -> Result<Module<'_>, Error> {
        match self {
            File::Precompiled(words, len) => {
                // SAFETY: the words are at least as many bytes, and any bytes are bytes.
                let bytes = unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), *len) };
                Module::new(engine, bytes)
            }
            File::Native(code) => code.load(engine),
        }
    }
}

fn compile(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let options =
        CompileOptions { word_size: size_of::<usize>() as u8, keep_code: true, debug: false };
    zonda_compiler::compile(bytes, &options)
}

/// Runs a program in one way.
///
/// # Errors
/// What is not meant to happen with a program that the generator made: a module is refused, an
/// import is not found.
pub fn run(program: &Program, bytes: &[Vec<u8>], way: Way) -> Result<Run, String> {
    let engine = Engine::default();
    let mut files = Vec::new();
    for (index, bytes) in bytes.iter().enumerate() {
        let file = match plan(way, index).form {
            Form::Module => None,
            Form::Native => Some(File::Native(Code::new(bytes)?)),
            Form::Precompiled => match compile(bytes) {
                Ok(file) => Some(File::new(&file)),
                // Then the module itself is loaded.
                Err(Error::Artifact(error))
                    if error.kind == zonda::ArtifactErrorKind::References =>
                {
                    None
                }
                Err(error) => return Err(format!("compile: {error}")),
            },
        };
        files.push(file);
    }
    let stack_bytes = if let Way::Cramped(_, bytes) = way { bytes } else { STACK_BYTES };
    let config = StoreConfig { stack_bytes, ..StoreConfig::default() };
    let mut store = Store::with_config(&engine, State::default(), config)
        .map_err(|error| format!("store: {error}"))?;
    store.set_fuel(FUEL);
    let mut run = Run::default();
    let mut instances: Vec<Option<Instance>> = Vec::new();
    for (index, bytes) in bytes.iter().enumerate() {
        let plan = plan(way, index);
        let engine = Engine::new(plan.mode);
        let module = match &files[index] {
            Some(file) => file.load(&engine),
            None => Module::new(&engine, bytes),
        }
        .map_err(|error| format!("module {index} is refused: {error}"))?;
        let linker = linker(program, index, &store, &instances)?;
        match linker.instantiate(&mut store, &module) {
            Ok(instance) => {
                if let Some(mode) = plan.then {
                    instance.set_mode(&mut store, mode).map_err(|e| format!("set_mode: {e}"))?;
                }
                store.data_mut().seen.push(Obs::Instantiated(index as u32));
                instances.push(Some(instance));
            }
            Err(Error::Trap(trap)) => {
                store.data_mut().seen.push(Obs::Trapped(kind(trap.code)));
                instances.push(None);
                break;
            }
            Err(error) => return Err(format!("module {index} is not instantiated: {error}")),
        }
    }
    for (number, call) in program.calls.iter().enumerate() {
        let Some(Some(instance)) = instances.get(call.module) else { continue };
        store.data_mut().seen.push(Obs::Call(number as u32));
        let func = instance
            .get_func(&store, &format!("f{}", call.func))
            .ok_or_else(|| format!("no function f{}", call.func))?;
        invoke(program, call, func, &mut store, &mut run.places)?;
    }
    look(program, &instances, &mut store);
    run.fuel = store.fuel();
    resolve(program, &instances, &mut store);
    run.seen = store.into_data().seen;
    match OVERRUNS.swap(0, Ordering::Relaxed) {
        0 => Ok(run),
        count => Err(format!("{count} allocations were written beyond their end")),
    }
}

fn invoke(
    program: &Program,
    call: &super::super::ast::Call,
    func: Func,
    store: &mut Store<State>,
    places: &mut Vec<(u32, u32)>,
) -> Result<(), String> {
    let module = &program.modules[call.module];
    let ty = &module.types[module.func_types()[call.func as usize] as usize];
    let args: Vec<Val> =
        ty.params.iter().zip(&call.args).map(|(&ty, &bits)| store.data().value(ty, bits)).collect();
    let mut results: Vec<Val> = ty.results.iter().map(|&ty| Val::zero(val_type(ty))).collect();
    match func.call(&mut *store, &args, &mut results) {
        Ok(()) => {
            let state = store.data_mut();
            results.into_iter().for_each(|value| state.see_value(value));
            state.seen.push(Obs::Returned);
        }
        Err(Error::Trap(trap)) => {
            let kind = kind(trap.code);
            if !matches!(kind, Kind::Limit | Kind::Fuel) {
                places.push((trap.func, trap.offset));
            }
            store.data_mut().seen.push(Obs::Trapped(kind));
        }
        Err(error) => return Err(format!("a call failed: {error}")),
    }
    Ok(())
}

fn linker(
    program: &Program,
    index: usize,
    store: &Store<State>,
    instances: &[Option<Instance>],
) -> Result<Linker<State>, String> {
    let mut linker = Linker::new();
    for (item, from) in &program.modules[index].imports {
        match from {
            Source::Host(which) => define_host(&mut linker, *which)?,
            Source::Module(from, index) => {
                let letter = match item {
                    Item::Func(_) => 'f',
                    Item::Memory(_) => 'm',
                    Item::Table(_) => 't',
                    Item::Global(..) => 'g',
                };
                let name = format!("{letter}{index}");
                let Some(Some(instance)) = instances.get(*from) else { continue };
                let item: Extern =
                    instance.get_export(store, &name).ok_or_else(|| format!("no export {name}"))?;
                // A module may import the same thing twice.
                let _ = linker.define(&from.to_string(), &name, item);
            }
        }
    }
    Ok(linker)
}

fn define_host(linker: &mut Linker<State>, which: u32) -> Result<(), String> {
    let declared = &HOST[which as usize];
    let params: Vec<ValType> = declared.params.iter().map(|&ty| val_type(ty)).collect();
    let results: Vec<ValType> = declared.results.iter().map(|&ty| val_type(ty)).collect();
    let function = move |mut caller: Caller<'_, '_, State>,
                         args: &[Val],
                         results: &mut [Val]|
          -> Result<(), Trap> {
        let state = caller.data_mut();
        state.seen.push(Obs::Host(which));
        let mut bits = Vec::with_capacity(args.len());
        for &arg in args {
            let value = state.bits(arg);
            state.see(ty_of(arg.ty()), value);
            bits.push(value);
        }
        if which == CALLBACK {
            bits = vec![call_back(&mut caller, args)?];
        }
        let state = caller.data_mut();
        let values = host(which, &bits);
        for ((result, &ty), bits) in results.iter_mut().zip(declared.results).zip(values) {
            *result = state.value(ty, bits);
        }
        Ok(())
    };
    // A module may import the same function twice.
    let _ = linker.func_new("h", declared.name, &params, &results, function);
    Ok(())
}

fn call_back(caller: &mut Caller<'_, '_, State>, args: &[Val]) -> Result<u64, Trap> {
    let [Val::FuncRef(Some(func)), argument] = args else { return Ok(7) };
    // Only functions from i32 to i32: others are for the program's tables.
    let fits = func
        .ty(caller)
        .is_ok_and(|ty| ty.params().eq([ValType::I32]) && ty.results().eq([ValType::I32]));
    if !fits {
        return Ok(8);
    }
    let mut results = [Val::I32(0)];
    match func.call(caller.as_store_mut(), &[*argument], &mut results) {
        Ok(()) => match results {
            [Val::I32(value)] => Ok(u64::from(value as u32)),
            _ => Ok(9),
        },
        Err(Error::Trap(trap)) => Err(trap),
        Err(_) => Ok(10),
    }
}

/// Looks at all memories, tables and globals that the program's modules define.
fn look(program: &Program, instances: &[Option<Instance>], store: &mut Store<State>) {
    for (index, instance) in instances.iter().enumerate() {
        let Some(instance) = instance else { continue };
        let module = &program.modules[index];
        let [_, memories, tables, globals] = module.imported();
        for index in 0..module.globals.len() as u32 {
            let global = instance.get_global(&*store, &format!("g{}", globals + index));
            if let Some(value) = global.and_then(|global| global.get(&*store).ok()) {
                store.data_mut().see_value(value);
            }
        }
        for index in 0..module.tables.len() as u32 {
            let Some(table) = instance.get_table(&*store, &format!("t{}", tables + index)) else {
                continue;
            };
            let size = table.size(&*store).unwrap_or(0);
            store.data_mut().seen.push(Obs::Table(size));
            for at in 0..size {
                if let Ok(value) = table.get(&*store, at) {
                    store.data_mut().see_value(value);
                }
            }
        }
        for index in 0..module.memories.len() as u32 {
            let Some(memory) = instance.get_memory(&*store, &format!("m{}", memories + index))
            else {
                continue;
            };
            let Ok(data) = memory.data(store) else { continue };
            let seen = Obs::Memory(data.len() as u64, hash(data));
            store.data_mut().seen.push(seen);
        }
    }
}

/// Replaces functions by what they are.
fn resolve(program: &Program, instances: &[Option<Instance>], store: &mut Store<State>) {
    if store.data().funcs.is_empty() {
        return;
    }
    let mut known = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let Some(instance) = instance else { continue };
        for (func, number) in identities(program, index).into_iter().enumerate() {
            if let Some(func) = instance.get_func(&*store, &format!("f{func}")) {
                known.push((func, number));
            }
        }
    }
    // Functions of a module that was not instantiated have no names, but may be in tables.
    let complete = instances.iter().all(Option::is_some);
    let identities = Identities { known };
    let state = store.data_mut();
    for obs in &mut state.seen {
        if let Obs::Value(Ty::Func, bits) = obs {
            if let Some(at) = (*bits as usize).checked_sub(1) {
                *bits = if complete { identities.of(state.funcs[at]) } else { SOME_FUNC };
            }
        }
    }
}

fn kind(code: TrapCode) -> Kind {
    match code {
        TrapCode::Unreachable => Kind::Unreachable,
        TrapCode::MemoryOutOfBounds => Kind::Memory,
        TrapCode::TableOutOfBounds | TrapCode::UndefinedElement => Kind::Table,
        TrapCode::UninitializedElement => Kind::NullElement,
        TrapCode::IndirectCallTypeMismatch => Kind::Signature,
        TrapCode::IntegerDivideByZero => Kind::DivideByZero,
        TrapCode::IntegerOverflow => Kind::Overflow,
        TrapCode::InvalidConversionToInteger => Kind::Conversion,
        TrapCode::StackOverflow | TrapCode::OutOfMemory => Kind::Limit,
        TrapCode::OutOfFuel => Kind::Fuel,
        _ => Kind::Other,
    }
}
