//! The same program in wasmi.

use super::super::ast::{Item, Program, Source, Ty, CALLBACK, HOST};
use super::{hash, host, identities, observed, Identities, Obs, Run, Trap as Kind, SOME_FUNC};
use wasmi::{
    Caller, CompilationMode, Config, Engine, Error, Extern, ExternRef, Func, FuncType, Instance,
    Module, Ref, Store, TrapCode, Val, ValType, F32, F64,
};

/// wasmi, with an engine that serves many programs.
pub struct Wasmi {
    engine: Engine,
    /// Programs so far: an engine keeps the code of all its modules.
    used: u32,
}

impl Default for Wasmi {
    fn default() -> Wasmi {
        Wasmi { engine: engine(), used: 0 }
    }
}

fn engine() -> Engine {
    let mut config = Config::default();
    config
        .wasm_custom_page_sizes(true)
        .wasm_tail_call(true)
        .wasm_extended_const(true)
        .wasm_multi_memory(true)
        .compilation_mode(CompilationMode::LazyTranslation);
    config.set_max_recursion_depth(10_000);
    config.set_max_stack_height(4 << 20);
    Engine::new(&config)
}

/// A function by which it can be compared: wasmi's handle has no equality, but it is two numbers.
type Handle = [u8; size_of::<Func>()];

fn handle(func: Func) -> Handle {
    // SAFETY: a `Func` is the number of its store and its own in that, 32 bits each, so it has no
    // bytes that are not initialized.
    unsafe { std::mem::transmute::<Func, Handle>(func) }
}

const _: () = assert!(size_of::<Func>() == 8);

#[derive(Default)]
struct State {
    seen: Vec<Obs>,
    funcs: Vec<Func>,
}

fn bits(caller: &mut impl wasmi::AsContextMut<Data = State>, value: &Val) -> u64 {
    match value {
        Val::I32(value) => u64::from(*value as u32),
        Val::I64(value) => *value as u64,
        Val::F32(value) => u64::from(value.to_bits()),
        Val::F64(value) => value.to_bits(),
        Val::FuncRef(Ref::Null) | Val::ExternRef(Ref::Null) => 0,
        Val::ExternRef(Ref::Val(value)) => {
            value.data(caller.as_context()).downcast_ref::<u32>().map_or(0, |v| u64::from(*v) + 1)
        }
        Val::FuncRef(Ref::Val(func)) => {
            let mut context = caller.as_context_mut();
            let state = context.data_mut();
            state.funcs.push(*func);
            state.funcs.len() as u64
        }
        Val::V128(_) => u64::MAX,
    }
}

fn value(context: &mut impl wasmi::AsContextMut<Data = State>, ty: Ty, bits: u64) -> Val {
    match ty {
        Ty::I32 => Val::I32(bits as i32),
        Ty::I64 => Val::I64(bits as i64),
        Ty::F32 => Val::F32(F32::from_bits(bits as u32)),
        Ty::F64 => Val::F64(F64::from_bits(bits)),
        Ty::Func => match (bits as usize).checked_sub(1) {
            Some(at) => Val::FuncRef(Ref::Val(context.as_context().data().funcs[at])),
            None => Val::FuncRef(Ref::Null),
        },
        Ty::Extern => match (bits as u32).checked_sub(1) {
            Some(number) => Val::ExternRef(Ref::Val(ExternRef::new(context, number))),
            None => Val::ExternRef(Ref::Null),
        },
    }
}

fn see_value(context: &mut impl wasmi::AsContextMut<Data = State>, value: &Val) {
    let bits = bits(context, value);
    let ty = match value {
        Val::I32(_) => Ty::I32,
        Val::I64(_) => Ty::I64,
        Val::F32(_) => Ty::F32,
        Val::F64(_) => Ty::F64,
        Val::ExternRef(_) => Ty::Extern,
        _ => Ty::Func,
    };
    context.as_context_mut().data_mut().seen.push(Obs::Value(ty, observed(ty, bits)));
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

impl Wasmi {
    /// Runs a program.
    ///
    /// # Errors
    /// wasmi refuses a module, or something is not found.
    pub fn run(&mut self, program: &Program, bytes: &[Vec<u8>]) -> Result<Run, String> {
        self.used += 1;
        if self.used > 500 {
            *self = Wasmi::default();
        }
        let mut store = Store::new(&self.engine, State::default());
        let mut instances: Vec<Option<Instance>> = Vec::new();
        for (index, bytes) in bytes.iter().enumerate() {
            let module = Module::new(&self.engine, bytes)
                .map_err(|error| format!("module {index} is refused: {error}"))?;
            let mut known = imports(program, index, &mut store, &instances)?;
            // In wasmi's order.
            let mut imports = Vec::new();
            for import in module.imports() {
                let wanted = (import.module(), import.name());
                let at = known.iter().position(|known| (&known.0[..], &known.1[..]) == wanted);
                imports.push(known.swap_remove(at.ok_or("an import is not known")?).2);
            }
            match Instance::new(&mut store, &module, &imports) {
                Ok(instance) => {
                    store.data_mut().seen.push(Obs::Instantiated(index as u32));
                    instances.push(Some(instance));
                }
                Err(error) => {
                    if trap(&error) == Kind::Other {
                        return Err(format!("module {index} is not instantiated: {error}"));
                    }
                    store.data_mut().seen.push(Obs::Trapped(trap(&error)));
                    instances.push(None);
                    break;
                }
            }
        }
        for (number, call) in program.calls.iter().enumerate() {
            let Some(Some(instance)) = instances.get(call.module) else { continue };
            store.data_mut().seen.push(Obs::Call(number as u32));
            let func = instance
                .get_func(&store, &format!("f{}", call.func))
                .ok_or_else(|| format!("no function f{}", call.func))?;
            let module = &program.modules[call.module];
            let ty = &module.types[module.func_types()[call.func as usize] as usize];
            let mut args = Vec::new();
            for (&ty, &bits) in ty.params.iter().zip(&call.args) {
                args.push(value(&mut store, ty, bits));
            }
            let mut results = vec![Val::I32(0); ty.results.len()];
            match func.call(&mut store, &args, &mut results) {
                Ok(()) => {
                    for value in &results {
                        see_value(&mut store, value);
                    }
                    store.data_mut().seen.push(Obs::Returned);
                }
                Err(error) => store.data_mut().seen.push(Obs::Trapped(trap(&error))),
            }
        }
        look(program, &instances, &mut store);
        resolve(program, &instances, &mut store);
        Ok(Run { seen: store.into_data().seen, ..Run::default() })
    }
}

fn imports(
    program: &Program,
    index: usize,
    store: &mut Store<State>,
    instances: &[Option<Instance>],
) -> Result<Vec<(String, String, Extern)>, String> {
    let mut imports = Vec::new();
    for (item, from) in &program.modules[index].imports {
        imports.push(match from {
            Source::Host(which) => {
                let name = HOST[*which as usize].name.to_string();
                ("h".to_string(), name, Extern::Func(host_func(store, *which)))
            }
            Source::Module(from, index) => {
                let letter = match item {
                    Item::Func(_) => 'f',
                    Item::Memory(_) => 'm',
                    Item::Table(_) => 't',
                    Item::Global(..) => 'g',
                };
                let name = format!("{letter}{index}");
                let Some(Some(instance)) = instances.get(*from) else {
                    return Err(format!("no instance for {name}"));
                };
                let item = instance
                    .get_export(&*store, &name)
                    .ok_or_else(|| format!("no export {name}"))?;
                (from.to_string(), name, item)
            }
        });
    }
    Ok(imports)
}

fn host_func(store: &mut Store<State>, which: u32) -> Func {
    let declared = &HOST[which as usize];
    let ty = FuncType::new(
        declared.params.iter().map(|&ty| val_type(ty)),
        declared.results.iter().map(|&ty| val_type(ty)),
    );
    Func::new(store, ty, move |mut caller: Caller<State>, args: &[Val], results: &mut [Val]| {
        caller.data_mut().seen.push(Obs::Host(which));
        let mut arguments = Vec::with_capacity(args.len());
        for (arg, &ty) in args.iter().zip(declared.params) {
            let value = bits(&mut caller, arg);
            caller.data_mut().seen.push(Obs::Value(ty, observed(ty, value)));
            arguments.push(value);
        }
        if which == CALLBACK {
            arguments = vec![call_back(&mut caller, args)?];
        }
        let values = host(which, &arguments);
        for ((result, &ty), bits) in results.iter_mut().zip(declared.results).zip(values) {
            *result = value(&mut caller, ty, bits);
        }
        Ok(())
    })
}

fn call_back(caller: &mut Caller<State>, args: &[Val]) -> Result<u64, Error> {
    let [Val::FuncRef(Ref::Val(func)), argument] = args else { return Ok(7) };
    let ty = func.ty(&*caller);
    if ty.params() != [ValType::I32] || ty.results() != [ValType::I32] {
        return Ok(8);
    }
    let mut results = [Val::I32(0)];
    func.call(&mut *caller, std::slice::from_ref(argument), &mut results)?;
    match results {
        [Val::I32(value)] => Ok(u64::from(value as u32)),
        _ => Ok(9),
    }
}

fn look(program: &Program, instances: &[Option<Instance>], store: &mut Store<State>) {
    for (index, instance) in instances.iter().enumerate() {
        let Some(instance) = instance else { continue };
        let module = &program.modules[index];
        let [_, memories, tables, globals] = module.imported();
        for index in 0..module.globals.len() as u32 {
            if let Some(global) = instance.get_global(&*store, &format!("g{}", globals + index)) {
                let value = global.get(&*store);
                see_value(store, &value);
            }
        }
        for index in 0..module.tables.len() as u32 {
            let Some(table) = instance.get_table(&*store, &format!("t{}", tables + index)) else {
                continue;
            };
            let size = table.size(&*store);
            store.data_mut().seen.push(Obs::Table(size as u32));
            for at in 0..size {
                if let Some(value) = table.get(&*store, at) {
                    see_value(store, &value);
                }
            }
        }
        for index in 0..module.memories.len() as u32 {
            let Some(memory) = instance.get_memory(&*store, &format!("m{}", memories + index))
            else {
                continue;
            };
            let data = memory.data(&*store);
            let seen = Obs::Memory(data.len() as u64, hash(data));
            store.data_mut().seen.push(seen);
        }
    }
}

fn resolve(program: &Program, instances: &[Option<Instance>], store: &mut Store<State>) {
    if store.data().funcs.is_empty() {
        return;
    }
    let mut known = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let Some(instance) = instance else { continue };
        for (func, number) in identities(program, index).into_iter().enumerate() {
            if let Some(func) = instance.get_func(&*store, &format!("f{func}")) {
                known.push((handle(func), number));
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
                *bits = if complete { identities.of(handle(state.funcs[at])) } else { SOME_FUNC };
            }
        }
    }
}

fn trap(error: &Error) -> Kind {
    // wasmi has no code for table.copy and the like, only words.
    let Some(code) = error.as_trap_code() else {
        return match error.to_string() {
            text if text.starts_with("out of bounds table access") => Kind::Table,
            text if text.starts_with("out of bounds memory access") => Kind::Memory,
            _ => Kind::Other,
        };
    };
    match code {
        TrapCode::UnreachableCodeReached => Kind::Unreachable,
        TrapCode::MemoryOutOfBounds => Kind::Memory,
        TrapCode::TableOutOfBounds => Kind::Table,
        TrapCode::IndirectCallToNull => Kind::NullElement,
        TrapCode::BadSignature => Kind::Signature,
        TrapCode::IntegerDivisionByZero => Kind::DivideByZero,
        TrapCode::IntegerOverflow => Kind::Overflow,
        TrapCode::BadConversionToInteger => Kind::Conversion,
        TrapCode::StackOverflow | TrapCode::GrowthOperationLimited => Kind::Limit,
        _ => Kind::Other,
    }
}
