//! The same module in wasmi.

use wasmi::{
    Caller, Config, Engine, Error, ExternRef, Func, Instance, Linker, Module, Ref, Store, TrapCode,
    Val, ValType, F32, F64, V128,
};

use super::super::smith::IMPORT_MODULE;
use super::{hash, host, sorted, Arguments, Event, TrapKind, Type, Value, HOST};

/// `None` when wasmi cannot load the module: the validators are compared elsewhere.
pub(crate) fn run(bytes: &[u8], seed: u64) -> Option<Vec<Event>> {
    let mut config = Config::default();
    config
        .wasm_custom_page_sizes(true)
        .wasm_tail_call(true)
        .wasm_wide_arithmetic(true)
        .wasm_simd(true)
        .wasm_extended_const(true)
        .wasm_multi_memory(true);
    config.set_max_recursion_depth(10_000);
    config.set_max_stack_height(4 << 20);
    let engine = Engine::new(&config);
    let module = Module::new(&engine, bytes).ok()?;
    let mut store = Store::new(&engine, Vec::new());
    let linker = linker(&engine, &module)?;

    let instance = match linker.instantiate_and_start(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            let event = error
                .as_trap_code()
                .map_or(Event::NotInstantiated, |code| Event::Trapped(kind(code)));
            store.data_mut().push(event);
            return Some(store.into_data());
        }
    };
    store.data_mut().push(Event::Instantiated);
    let mut arguments = Arguments::new(seed);
    let names = sorted(module.exports().map(|export| export.name()));
    for name in &names {
        if let Some(func) = instance.get_func(&store, name) {
            let outcome = call(&mut store, func, &mut arguments);
            store.data_mut().push(Event::Called(name.to_string()));
            store.data_mut().push(outcome);
        }
    }
    let seen = observe(&store, &names, instance);
    store.data_mut().extend(seen);
    Some(store.into_data())
}

fn linker(engine: &Engine, module: &Module) -> Option<Linker<Vec<Event>>> {
    let mut linker = Linker::new(engine);
    for import in module.imports() {
        let name = *HOST.iter().find(|name| **name == import.name())?;
        let ty = import.ty().func()?.clone();
        let function =
            move |mut caller: Caller<Vec<Event>>, arguments: &[Val], results: &mut [Val]| {
                let arguments: Vec<Value> =
                    arguments.iter().map(|value| tell(&caller, value)).collect();
                let values = host(name, &arguments);
                caller.data_mut().push(Event::Host(name, arguments));
                for (result, value) in results.iter_mut().zip(values) {
                    *result = give(&mut caller, value);
                }
                Ok(())
            };
        // A module may import the same function twice.
        let _ = linker.func_new(IMPORT_MODULE, name, ty, function);
    }
    Some(linker)
}

fn call(store: &mut Store<Vec<Event>>, func: Func, arguments: &mut Arguments) -> Event {
    let ty = func.ty(&*store);
    let arguments: Vec<Val> =
        ty.params().iter().map(|ty| give(&mut *store, arguments.value(type_of(*ty)))).collect();
    let mut results = vec![Val::I32(0); ty.results().len()];
    match func.call(&mut *store, &arguments, &mut results) {
        Ok(()) => Event::Returned(results.iter().map(|value| tell(&*store, value)).collect()),
        Err(error) => Event::Trapped(trap(&error)),
    }
}

fn observe(store: &Store<Vec<Event>>, names: &[&str], instance: Instance) -> Vec<Event> {
    let mut seen = Vec::new();
    for &name in names {
        if let Some(global) = instance.get_global(store, name) {
            seen.push(Event::Global(name.into(), tell(store, &global.get(store))));
        } else if let Some(memory) = instance.get_memory(store, name) {
            let data = memory.data(store);
            seen.push(Event::Memory(name.into(), data.len(), hash(data)));
        } else if let Some(table) = instance.get_table(store, name) {
            let element =
                |index| tell(store, &table.get(store, index).expect("an index below its size"));
            seen.push(Event::Table(name.into(), (0..table.size(store)).map(element).collect()));
        }
    }
    seen
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        ValType::ExternRef => Type::Extern,
    }
}

fn tell(store: impl wasmi::AsContext<Data = Vec<Event>>, value: &Val) -> Value {
    match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(v) => Value::F32(v.to_bits()),
        Val::F64(v) => Value::F64(v.to_bits()),
        Val::FuncRef(v) => Value::Func(v.is_null()),
        Val::ExternRef(Ref::Null) => Value::Extern(None),
        Val::ExternRef(Ref::Val(v)) => {
            Value::Extern(v.data(store.as_context()).downcast_ref::<u32>().copied())
        }
        Val::V128(v) => Value::V128(v.as_u128()),
    }
}

fn give(store: impl wasmi::AsContextMut, value: Value) -> Val {
    match value {
        Value::I32(v) => Val::I32(v),
        Value::I64(v) => Val::I64(v),
        Value::F32(v) => Val::F32(F32::from_bits(v)),
        Value::F64(v) => Val::F64(F64::from_bits(v)),
        Value::V128(v) => Val::V128(V128::from(v)),
        Value::Func(_) => Val::FuncRef(Ref::Null),
        Value::Extern(None) => Val::ExternRef(Ref::Null),
        Value::Extern(Some(v)) => Val::ExternRef(Ref::Val(ExternRef::new(store, v))),
    }
}

fn trap(error: &Error) -> TrapKind {
    // wasmi gives no code for table.copy and the like, only words.
    error.as_trap_code().map_or_else(
        || match error.to_string() {
            text if text.starts_with("out of bounds table access") => TrapKind::TableOutOfBounds,
            text if text.starts_with("out of bounds memory access") => TrapKind::MemoryOutOfBounds,
            _ => TrapKind::Other,
        },
        kind,
    )
}

fn kind(code: TrapCode) -> TrapKind {
    match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::NullElement,
        TrapCode::BadSignature => TrapKind::SignatureMismatch,
        TrapCode::IntegerDivisionByZero => TrapKind::DivideByZero,
        TrapCode::IntegerOverflow => TrapKind::Overflow,
        TrapCode::BadConversionToInteger => TrapKind::BadConversion,
        TrapCode::StackOverflow | TrapCode::GrowthOperationLimited => TrapKind::Limit,
        _ => TrapKind::Other,
    }
}
