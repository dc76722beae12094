//! What instantiation makes of a module's memory and of imports that no native function provides.
//!
//! - An imported `env.memory` or `env.__indirect_function_table` is made, as WAMR does: modules are
//!   linked with --import-memory for hosts that provide one.
//! - A memory ends where the linker says that a C program's own use of it ends, unless code reads
//!   or changes its size.

use crate::binary::reader::Reader;
use crate::binary::types::{ExternKind, ValType};
use crate::module::ModuleData;
use crate::store::fault::{Fault, Made};
use crate::store::instance::StoreInstance;
use crate::store::link::Wanted;
use crate::store::StoreData;

/// The name of the object of a kind that is made where nobody provides it.
fn made(kind: ExternKind) -> Option<&'static [u8]> {
    match kind {
        ExternKind::Memory => Some(b"memory"),
        ExternKind::Table => Some(b"__indirect_function_table"),
        _ => None,
    }
}

fn is_made(kind: ExternKind, module: &str, name: &str) -> bool {
    module.as_bytes() == b"env" && made(kind) == Some(name.as_bytes())
}

/// Makes the memory and the table that a module imports as its first, in a new store.
pub(super) fn make(store: &mut StoreData, data: &ModuleData) -> Made<()> {
    for kind in [ExternKind::Memory, ExternKind::Table] {
        let first = data.imports.iter().find(|entry| entry.kind == kind);
        let Some(entry) = first else { continue };
        let (module, name) = data.import_names(entry.offset);
        if !is_made(kind, module, name) {
            continue;
        }
        match (kind, data.memories.first(), data.tables.first()) {
            (ExternKind::Memory, Some(&ty), _) => drop(store.new_memory(ty)?),
            (ExternKind::Table, _, Some(&ty)) => drop(store.new_table(ty, 0)?),
            _ => {}
        }
    }
    Ok(())
}

/// Gives the instance what [`make`] has made: it has the type that the module's first import of the
/// kind declares, so nothing else gets it.
pub(super) fn take(store: &StoreData, instance: &mut StoreInstance, wanted: &Wanted) -> Made<()> {
    if is_made(wanted.kind, wanted.module, wanted.name) {
        match (wanted.kind, store.memories.first(), store.tables.first()) {
            (ExternKind::Memory, Some(memory), _) if instance.memories.is_empty() => {
                return Ok(instance.memories.push(memory.as_ptr())?)
            }
            (ExternKind::Table, _, Some(table)) if instance.tables.is_empty() => {
                return Ok(instance.tables.push(table.as_ptr())?)
            }
            _ => {}
        }
    }
    Err(Fault::UNKNOWN_IMPORT)
}

/// The value of an i32 global that the module defines with a constant.
fn constant(data: &ModuleData, index: u32, mutable: bool) -> Option<u32> {
    let global = data.globals.get(index as usize)?;
    if global.init == 0 || (global.ty.content, global.ty.mutable) != (ValType::I32, mutable) {
        return None;
    }
    let mut reader = Reader::new(data.bytes, global.init as usize);
    // i32.const, end.
    let value = (reader.byte().ok()? == 0x41).then(|| reader.i32().ok())??;
    (reader.byte().ok()? == 0x0b).then_some(value as u32)
}

/// The value of an exported constant.
fn exported(data: &ModuleData, name: &[u8]) -> Option<u32> {
    let mut exports = data.exports();
    let export =
        exports.find(|entry| entry.kind == ExternKind::Global && entry.name.as_bytes() == name)?;
    constant(data, export.index, false)
}

/// Bytes of linear memory that a program of C or Rust uses, where that is known: up to
/// `__heap_base`, when the linker's symbols are consistent (data and the stack end there), it is
/// the only memory, and code neither grows it nor reads its size.
pub(super) fn used_memory(data: &ModuleData) -> Option<u64> {
    if data.sizes_memory || data.memories.len() != 1 {
        return None;
    }
    let base = exported(data, b"__heap_base")?;
    let stack = constant(data, data.imported_globals, true)?;
    if exported(data, b"__data_end")?.max(stack) > base {
        return None;
    }
    Some((base as u64 + 7) & !7)
}
