//! The host module `spectest` that every specification script may import from.

use zonda::{
    Error, Extern, Global, GlobalType, IndexType, Limits, Linker, Memory, MemoryType, Sharing,
    Store, Table, TableType, Val, ValType,
};

/// Defines all of `spectest` in `linker`. The printing functions print nothing, because printing on
/// a device takes more time than the tests.
pub(crate) fn define(store: &mut Store<'_, ()>, linker: &mut Linker<()>) -> Result<(), Error> {
    const MODULE: &str = "spectest";
    linker.func_wrap(MODULE, "print", || {})?;
    linker.func_wrap(MODULE, "print_i32", |_: i32| {})?;
    linker.func_wrap(MODULE, "print_i64", |_: i64| {})?;
    linker.func_wrap(MODULE, "print_f32", |_: f32| {})?;
    linker.func_wrap(MODULE, "print_f64", |_: f64| {})?;
    linker.func_wrap(MODULE, "print_i32_f32", |_: i32, _: f32| {})?;
    linker.func_wrap(MODULE, "print_f64_f64", |_: f64, _: f64| {})?;
    let globals = [
        ("global_i32", Val::I32(666)),
        ("global_i64", Val::I64(666)),
        ("global_f32", Val::F32(666.6f32.to_bits())),
        ("global_f64", Val::F64(666.6f64.to_bits())),
    ];
    for (name, value) in globals {
        let global =
            Global::new(&mut *store, GlobalType { content: value.ty(), mutable: false }, value)?;
        linker.define(MODULE, name, Extern::Global(global))?;
    }
    let ty = TableType {
        element: ValType::FuncRef,
        limits: Limits { min: 10, max: Some(20) },
        index: IndexType::I32,
    };
    let table = Table::new(&mut *store, ty, Val::FuncRef(None))?;
    linker.define(MODULE, "table", Extern::Table(table))?;
    let ty = MemoryType {
        limits: Limits { min: 1, max: Some(2) },
        page_shift: 16,
        index: IndexType::I32,
        sharing: Sharing::Unshared,
    };
    let memory = Memory::new(&mut *store, ty)?;
    linker.define(MODULE, "memory", Extern::Memory(memory))?;
    if Sharing::POSSIBLE {
        let ty = MemoryType { sharing: Sharing::new(true), ..ty };
        let memory = Memory::new(&mut *store, ty)?;
        linker.define(MODULE, "shared_memory", Extern::Memory(memory))?;
    }
    Ok(())
}
