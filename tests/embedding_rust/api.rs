//! Criterion: what a Rust program reaches of an instance from outside, and what it is told when it
//! asks for what is not there. Short, so that Miri runs it.

use zonda::{
    AsStoreMut, Caller, Engine, Error, Extern, ExternType, Func, Global, GlobalType, IndexType,
    Instance, Limits, Linker, Memory, MemoryType, Module, Sharing, Store, Table, TableType, Val,
    ValType,
};

const TEXT: &str = r#"(module
    (import "env" "sum" (func $sum (param i32 i32) (result i32)))
    (memory (export "memory") 1 2)
    (table (export "table") 2 4 funcref)
    (global (export "wide") (mut i64) (i64.const 5))
    (global (export "fixed") f32 (f32.const 1.5))
    (func (export "sum") (param i32 i32) (result i32) (call $sum (local.get 0) (local.get 1)))
    (func (export "both") (param i64 f64) (result f64 i64) (local.get 1) (local.get 0)))"#;

/// The host function adds the bytes of the caller's memory that it is told, and remembers the sum.
fn instance(store: &mut Store<'static, u32>) -> Instance {
    let bytes = wat::parse_str(TEXT).unwrap();
    let module = Module::from_vec(&Engine::default(), &bytes).unwrap();
    let mut linker = Linker::default();
    linker
        .func_wrap("env", "sum", |mut caller: Caller<'_, '_, u32>, at: i32, len: i32| -> i32 {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return -1 };
            let Ok((bytes, data)) = memory.data_and_store_mut(&mut caller) else { return -2 };
            let Some(range) =
                bytes.get_mut(at as usize..).and_then(|rest| rest.get_mut(..len as usize))
            else {
                return -3;
            };
            *data = range.iter().map(|&byte| byte as u32).sum();
            range.fill(1);
            let sum = *data as i32;
            // Through what stands for the store.
            let mut store = caller.as_store_mut();
            *store.data_mut() += 1;
            assert_eq!(*store.data(), sum as u32 + 1);
            assert_eq!(memory.size(&store), Ok(1));
            memory.write(store.as_store_mut(), 0, &[7]).map_or(-4, |()| sum)
        })
        .unwrap();
    linker.instantiate(store, &module).unwrap()
}

#[test]
fn memory_from_outside_and_from_a_host_function() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let instance = instance(&mut store);
    let memory = instance.get_memory(&store, "memory").unwrap();
    assert_eq!(memory.ty(&store).unwrap().limits, Limits { min: 1, max: Some(2) });
    memory.data_mut(&mut store).unwrap()[100..103].copy_from_slice(&[10, 20, 30]);
    let sum = instance.get_typed_func::<(i32, i32), i32>(&store, "sum").unwrap();
    assert_eq!(sum.clone().call(&mut store, (100, 3)), Ok(60));
    assert_eq!(sum.call(&mut store, (65_536, 1)), Ok(-3));
    assert_eq!(sum.func(), instance.get_func(&store, "sum").unwrap());
    assert_eq!(*store.data(), 61);
    let mut bytes = [0; 4];
    memory.read(&store, 99, &mut bytes).unwrap();
    assert_eq!((bytes, memory.data(&store).unwrap()[0]), ([0, 1, 1, 1], 7));
    assert_eq!(memory.read(&store, 65_533, &mut bytes), Err(Error::OutOfBounds));
    assert_eq!(memory.write(&mut store, u32::MAX, &[1]), Err(Error::OutOfBounds));
    assert_eq!(
        (memory.grow(&mut store, 1), memory.grow(&mut store, 1)),
        (Ok(1), Err(Error::CannotGrow))
    );
    assert_eq!(store.into_data(), 61);
}

#[test]
fn tables_and_globals_from_outside() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let instance = instance(&mut store);
    let table = instance.get_table(&store, "table").unwrap();
    assert_eq!(
        table.ty(&store).unwrap(),
        TableType {
            element: ValType::FuncRef,
            limits: Limits { min: 2, max: Some(4) },
            index: IndexType::I32
        }
    );
    let func = Val::FuncRef(instance.get_func(&store, "both"));
    table.set(&mut store, 1, func).unwrap();
    assert_eq!(
        (table.get(&store, 0), table.get(&store, 1), table.get(&store, 2)),
        (Ok(Val::FuncRef(None)), Ok(func), Err(Error::OutOfBounds))
    );
    assert_eq!(table.set(&mut store, 0, Val::I32(0)), Err(Error::TypeMismatch));
    assert_eq!(
        (table.grow(&mut store, 2, func), table.grow(&mut store, 1, func), table.size(&store)),
        (Ok(2), Err(Error::CannotGrow), Ok(4))
    );
    let (wide, fixed) = (
        instance.get_global(&store, "wide").unwrap(),
        instance.get_global(&store, "fixed").unwrap(),
    );
    wide.set(&mut store, Val::from(-1i64)).unwrap();
    assert_eq!((wide.get(&store), fixed.get(&store)), (Ok(Val::I64(-1)), Ok(Val::from(1.5f32))));
    assert_eq!(wide.ty(&store), Ok(GlobalType { content: ValType::I64, mutable: true }));
    assert_eq!(
        (fixed.set(&mut store, Val::from(1f32)), wide.set(&mut store, Val::from(1f64))),
        (Err(Error::Immutable), Err(Error::TypeMismatch))
    );
    let mut results = [Val::zero(ValType::FuncRef), Val::zero(ValType::ExternRef)];
    instance
        .get_func(&store, "both")
        .unwrap()
        .call(&mut store, &[Val::I64(9), Val::from(2.5)], &mut results)
        .unwrap();
    assert_eq!(results, [Val::from(2.5f64), Val::I64(9)]);
}

#[test]
fn exports_are_what_the_module_names() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let instance = instance(&mut store);
    let names: Vec<&str> = instance.exports(&store).map(|(name, _)| name).collect();
    assert_eq!(names, ["memory", "table", "wide", "fixed", "sum", "both"]);
    assert!(
        instance.get_memory(&store, "table").is_none()
            && instance.get_func(&store, "memory").is_none()
    );
    assert!(
        instance.get_table(&store, "wide").is_none()
            && instance.get_global(&store, "sum").is_none()
    );
    assert!(instance.get_export(&store, "none").is_none());
}

#[test]
fn what_belongs_to_another_store_is_refused() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let mut other = Store::new(&Engine::default(), 0).unwrap();
    let instance = instance(&mut store);
    let limits = Limits { min: 1, max: None };
    let memory = Memory::new(
        &mut store,
        MemoryType { limits, page_shift: 16, index: IndexType::I32, sharing: Sharing::Unshared },
    )
    .unwrap();
    let table = Table::new(
        &mut store,
        TableType { element: ValType::ExternRef, limits, index: IndexType::I32 },
        Val::ExternRef(None),
    )
    .unwrap();
    let global =
        Global::new(&mut store, GlobalType { content: ValType::I32, mutable: true }, Val::I32(3))
            .unwrap();
    assert_eq!(global.get(&store), Ok(Val::I32(3)));
    assert_eq!(memory.size(&other), Err(Error::WrongStore));
    assert_eq!(memory.grow(&mut other, 1), Err(Error::WrongStore));
    assert_eq!(table.get(&other, 0), Err(Error::WrongStore));
    assert_eq!(table.set(&mut other, 0, Val::ExternRef(None)), Err(Error::WrongStore));
    assert_eq!(global.set(&mut other, Val::I32(1)), Err(Error::WrongStore));
    assert!(instance.exports(&other).next().is_none());
    let sum = instance.get_func(&store, "sum").unwrap();
    assert_eq!(
        sum.call(&mut other, &[Val::I32(0), Val::I32(0)], &mut [Val::I32(0)]),
        Err(Error::WrongStore)
    );
    assert_eq!(sum.call(&mut store, &[Val::I32(0)], &mut [Val::I32(0)]), Err(Error::TypeMismatch));
    assert_eq!(
        sum.call(&mut store, &[Val::I32(0), Val::I64(0)], &mut [Val::I32(0)]),
        Err(Error::TypeMismatch)
    );
}

#[test]
fn errors_say_what_is_wrong() {
    let texts = [
        Module::new(&Engine::default(), b"\0asm").map(drop).unwrap_err(),
        Error::WrongStore,
        Error::OutOfMemory,
        Error::OutOfBounds,
        Error::CannotGrow,
        Error::Immutable,
        Error::TypeMismatch,
        Error::UnknownExport,
        Error::TooLarge,
    ]
    .map(|error| error.to_string());
    assert!(texts.iter().all(|text| text.len() > 5), "{texts:?}");
    let mut apart = texts.to_vec();
    apart.sort();
    apart.dedup();
    assert_eq!(apart.len(), texts.len(), "{texts:?}");
    assert!(texts[0].contains("offset 0x4"), "{texts:?}");
    let module = Module::from_vec(&Engine::default(), wat::parse_str(TEXT).unwrap()).unwrap();
    let Some(ExternType::Func(ty)) = module.exports().last().map(|export| export.ty) else {
        panic!("the last export is a function")
    };
    assert_eq!(ty.to_string(), "(i64, f64) -> (f64, i64)");
}

#[test]
fn traps_say_what_where_and_what_the_host_reported() {
    let trap = zonda::Trap::new(zonda::TrapCode::Unreachable);
    let alone = trap.to_string();
    assert!(!alone.contains('('), "{alone}");
    let placed = zonda::Trap { func: 3, offset: 0x2a, ..trap }.to_string();
    assert_eq!(placed, format!("{alone} (function 3, offset 0x2a)"));
    let host = zonda::Trap::host(7).to_string();
    assert!(host.ends_with(" (7)"), "{host}");
    assert!(!zonda::Trap::host(0).to_string().contains('('));
}

/// Functions with the same code are two functions, if they were made twice.
#[test]
fn a_host_function_is_the_same_as_itself() {
    let mut store = Store::new(&Engine::default(), ()).unwrap();
    let mut made = |number: i32| {
        let func = Func::new(&mut store, &[], &[ValType::I32], move |_, _, results| {
            results[0] = Val::I32(number);
            Ok(())
        });
        Extern::Func(func.unwrap())
    };
    let (one, again, other) = (made(1), made(1), made(2));
    assert!(one.is_same(&store, &one) && other.is_same(&store, &other));
    assert!(!one.is_same(&store, &again) && !one.is_same(&store, &other));
}

#[test]
fn a_function_of_an_instance_is_the_same_as_itself() {
    let mut store = Store::new(&Engine::default(), 0).unwrap();
    let (first, second) = (instance(&mut store), instance(&mut store));
    let get = |instance: &Instance, name| instance.get_export(&store, name).unwrap();
    assert!(get(&first, "sum").is_same(&store, &get(&first, "sum")));
    assert!(!get(&first, "sum").is_same(&store, &get(&first, "both")));
    assert!(!get(&first, "sum").is_same(&store, &get(&second, "sum")));
}
