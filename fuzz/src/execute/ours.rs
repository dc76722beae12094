//! The module in Zonda.

use zonda::{
    Caller, Engine, Error, Extern, Func, Instance, Linker, Mode, Module, Store, StoreConfig, Trap,
    TrapCode, Val, ValType,
};

use super::super::smith::IMPORT_MODULE;
use super::{hash, host, sorted, Arguments, Event, TrapKind, Type, Value, HOST};

/// What a run in one mode gave.
#[derive(Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) events: Vec<Event>,
    /// Function and offset of each trap, but for those of limits.
    pub(crate) places: Vec<(u32, u32)>,
    /// What is left of the fuel.
    pub(crate) fuel: u64,
}

/// `None` when the module is refused for a limit of ours.
pub(crate) fn run(bytes: &[u8], seed: u64, mode: Mode, fuel: u64) -> Option<Run> {
    let engine = Engine::new(mode);
    let mut places = Vec::new();
    let module = match Module::new(&engine, bytes) {
        Ok(module) => module,
        Err(Error::Module(error)) if error.kind.class() == zonda::ErrorClass::Limit => return None,
        Err(error) => panic!("a module of wasm-smith is refused: {error}"),
    };
    let config = StoreConfig { stack_bytes: 1 << 20, ..StoreConfig::default() };
    let mut store = Store::with_config(&engine, Vec::new(), config).ok()?;
    store.set_fuel(fuel);
    let linker = linker(&module);

    let instance = match linker.instantiate(&mut store, &module) {
        Ok(instance) => instance,
        Err(error) => {
            let event = match error {
                Error::Trap(trap) => Event::Trapped(kind(trap.code)),
                _ => Event::NotInstantiated,
            };
            store.data_mut().push(event);
            let fuel = store.fuel();
            return Some(Run { events: store.into_data(), places, fuel });
        }
    };
    store.data_mut().push(Event::Instantiated);
    let mut arguments = Arguments::new(seed);
    let names = sorted(module.exports().map(|export| export.name));
    for name in &names {
        if let Some(Extern::Func(func)) = instance.get_export(&store, name) {
            let outcome = call(&mut store, func, &mut arguments, &mut places);
            store.data_mut().push(Event::Called(name.to_string()));
            store.data_mut().push(outcome);
        }
    }
    let seen = observe(&store, &names, instance);
    store.data_mut().extend(seen);
    let fuel = store.fuel();
    Some(Run { events: store.into_data(), places, fuel })
}

fn linker(module: &Module) -> Linker<Vec<Event>> {
    let mut linker = Linker::new();
    for import in module.imports() {
        let Some(name) = HOST.iter().find(|name| **name == import.name).copied() else { continue };
        let zonda::ExternType::Func(ty) = import.ty else { continue };
        let (params, results): (Vec<_>, Vec<_>) = (ty.params().collect(), ty.results().collect());
        let function = move |mut caller: Caller<'_, '_, Vec<Event>>,
                             arguments: &[Val],
                             results: &mut [Val]|
              -> Result<(), Trap> {
            let arguments: Vec<Value> = arguments.iter().map(tell).collect();
            let values = host(name, &arguments);
            caller.data_mut().push(Event::Host(name, arguments));
            for (result, value) in results.iter_mut().zip(values) {
                *result = give(value);
            }
            Ok(())
        };
        // A module may import the same function twice.
        let _ = linker.func_new(IMPORT_MODULE, name, &params, &results, function);
    }
    linker
}

fn call(
    store: &mut Store<Vec<Event>>,
    func: Func,
    arguments: &mut Arguments,
    places: &mut Vec<(u32, u32)>,
) -> Event {
    let ty = func.ty(store).expect("a function of this store");
    let arguments: Vec<Val> = ty.params().map(|ty| give(arguments.value(type_of(ty)))).collect();
    let mut results = vec![Val::I32(0); ty.results().len()];
    match func.call(store, &arguments, &mut results) {
        Ok(()) => Event::Returned(results.iter().map(tell).collect()),
        Err(Error::Trap(trap)) => {
            if !matches!(kind(trap.code), TrapKind::Limit | TrapKind::Fuel) {
                places.push((trap.func, trap.offset));
            }
            Event::Trapped(kind(trap.code))
        }
        Err(error) => panic!("a call failed: {error}"),
    }
}

fn observe(store: &Store<Vec<Event>>, names: &[&str], instance: Instance) -> Vec<Event> {
    let mut seen = Vec::new();
    for export in names {
        let name = export.to_string();
        match instance.get_export(store, export) {
            Some(Extern::Global(global)) => {
                seen.push(Event::Global(
                    name,
                    tell(&global.get(store).expect("a global of this store")),
                ));
            }
            Some(Extern::Memory(memory)) => {
                let data = memory.data(&store).expect("a memory of this store");
                seen.push(Event::Memory(name, data.len(), hash(data)));
            }
            Some(Extern::Table(table)) => {
                let size = table.size(store).expect("a table of this store");
                let element =
                    |index| tell(&table.get(store, index).expect("an index below its size"));
                seen.push(Event::Table(name, (0..size).map(element).collect()));
            }
            _ => {}
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
        #[cfg(feature = "simd")]
        ValType::V128 => Type::V128,
        ValType::FuncRef => Type::Func,
        ValType::ExternRef => Type::Extern,
        // Exceptions and objects.
        #[allow(unreachable_patterns)]
        _ => unreachable!("no value that is looked at is one of the store alone"),
    }
}

fn tell(value: &Val) -> Value {
    match value {
        Val::I32(v) => Value::I32(*v),
        Val::I64(v) => Value::I64(*v),
        Val::F32(v) => Value::F32(*v),
        Val::F64(v) => Value::F64(*v),
        #[cfg(feature = "simd")]
        Val::V128(v) => Value::V128(*v),
        Val::FuncRef(v) => Value::Func(v.is_none()),
        Val::ExternRef(v) => Value::Extern(*v),
        // Exceptions and objects.
        #[allow(unreachable_patterns)]
        _ => unreachable!("no value that is looked at is one of the store alone"),
    }
}

fn give(value: Value) -> Val {
    match value {
        Value::I32(v) => Val::I32(v),
        Value::I64(v) => Val::I64(v),
        Value::F32(v) => Val::F32(v),
        Value::F64(v) => Val::F64(v),
        #[cfg(feature = "simd")]
        Value::V128(v) => Val::V128(v),
        #[cfg(not(feature = "simd"))]
        Value::V128(_) => panic!("a vector in a build without vectors"),
        Value::Func(_) => Val::FuncRef(None),
        Value::Extern(v) => Val::ExternRef(v),
    }
}

fn kind(code: TrapCode) -> TrapKind {
    match code {
        TrapCode::Unreachable => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds | TrapCode::UndefinedElement => TrapKind::TableOutOfBounds,
        TrapCode::UninitializedElement => TrapKind::NullElement,
        TrapCode::IndirectCallTypeMismatch => TrapKind::SignatureMismatch,
        TrapCode::IntegerDivideByZero => TrapKind::DivideByZero,
        TrapCode::IntegerOverflow => TrapKind::Overflow,
        TrapCode::InvalidConversionToInteger => TrapKind::BadConversion,
        TrapCode::StackOverflow | TrapCode::OutOfMemory => TrapKind::Limit,
        TrapCode::OutOfFuel => TrapKind::Fuel,
        _ => TrapKind::Other,
    }
}
