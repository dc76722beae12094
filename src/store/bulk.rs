//! Bulk instructions on memories and tables (spec: 4.4.6, 4.4.7): the whole range is checked first, then copied.
//!
//! Two indices of an instance may lead to one memory or table. So nothing here holds a reference to the bytes or elements
//! while a second one could exist: ranges are pairs of a raw slice and a checked position.

use super::bounds;
use super::instance::StoreInstance;
use super::link::{element_values, Evaluation};
use super::runtime_instr::RuntimeInstr;
use super::{MemoryData, TableData};
use crate::binary::reader::Reader;
use crate::module::{DataHeader, ModuleData};
use zonda_exec::TrapCode;

/// Copies `len` items from position `source` of one list to position `at` of another, which may be the same; `None`, and
/// nothing is copied, when one of the ranges does not lie in its list.
///
/// # Safety
/// Both lists are allocated and initialized for their whole length, and no reference to an item of `to` is live.
unsafe fn copy<T: Copy>(
    to: *mut [T],
    from: *const [T],
    at: u32,
    source: u32,
    len: u32,
) -> Option<()> {
    let (at, source, len) = (at as usize, source as usize, len as usize);
    if !bounds::inside(to.len(), at, len) || !bounds::inside(from.len(), source, len) {
        return None;
    }
    // SAFETY: `bounds::inside` found both ranges inside of their lists. They may overlap, which `copy` allows.
    unsafe { core::ptr::copy(from.cast::<T>().add(source), to.cast::<T>().add(at), len) };
    Some(())
}

/// Sets `len` items from position `at` on; `None`, and nothing is set, when they do not lie in the list.
///
/// # Safety
/// As for [`copy`].
unsafe fn fill<T: Copy>(to: *mut [T], at: u32, value: T, len: u32) -> Option<()> {
    let (at, len) = (at as usize, len as usize);
    if !bounds::inside(to.len(), at, len) {
        return None;
    }
    // SAFETY: `bounds::inside` found the range inside of the list, and by the contract this is the only reference to it.
    unsafe { core::slice::from_raw_parts_mut(to.cast::<T>().add(at), len) }.fill(value);
    Some(())
}

/// Executes the instruction 0xFC `code`, 8 to 17.
///
/// # Safety
/// The instruction is the one at which `instr` stands, behind its opcode.
pub(super) unsafe fn execute(instr: &mut RuntimeInstr, code: u32) -> Result<u32, TrapCode> {
    const MEMORY: TrapCode = TrapCode::MemoryOutOfBounds;
    const TABLE: TrapCode = TrapCode::TableOutOfBounds;
    let instance = instr.instance();
    // SAFETY: the validator accepted the instruction with the immediates and operands that each pattern reads (spec: 5.4.5,
    // 5.4.6), and checked that memory and table indices are inside of their index spaces. Records live as long as the store.
    // No reference to a memory or table outlives the runtime call that made it: host functions borrow the store for theirs,
    // and have returned or have lent the store to the call that executes this instruction.
    unsafe {
        match code {
            // memory.init
            8 => {
                let ([segment, memory], [at, source, len]) = instr.read();
                init_memory(instance, instance.memory(memory), segment, at, source, len)?;
            }
            // data.drop
            9 => {
                let ([segment], []) = instr.read();
                instance.drop_segment(true, segment);
            }
            // memory.copy
            10 => {
                let ([to, from], [at, source, len]) = instr.read();
                let [to, from] = [to, from].map(|memory| (*instance.memory(memory)).bytes_ptr());
                copy(to, from, at, source, len).ok_or(MEMORY)?;
            }
            // memory.fill
            11 => {
                let ([memory], [at, value, len]) = instr.read();
                let bytes = (*instance.memory(memory)).bytes_ptr();
                fill(bytes, at, value as u8, len).ok_or(MEMORY)?;
            }
            // table.init
            12 => {
                let ([segment, table], [at, source, len]) = instr.read();
                init_table(instance, instance.table(table), segment, at, source, Some(len))?;
            }
            // elem.drop
            13 => {
                let ([segment], []) = instr.read();
                instance.drop_segment(false, segment);
            }
            // table.copy
            14 => {
                let ([to, from], [at, source, len]) = instr.read();
                let [to, from] = [to, from].map(|table| (*instance.table(table)).elements_ptr());
                copy(to, from, at, source, len).ok_or(TABLE)?;
            }
            // table.grow
            15 => {
                let ([table], [init, delta]) = instr.read();
                let (table, store) = (&mut *instance.table(table), instr.store());
                store.check_reference(table.ty().element, init as u64);
                let before = table.grow(delta, init, &store.budget);
                instr.push(before.unwrap_or(u32::MAX));
            }
            // table.size
            16 => {
                let ([table], []) = instr.read();
                instr.push((*instance.table(table)).elements_ptr().len() as u32);
            }
            // table.fill
            17 => {
                let ([table], [at, value, len]) = instr.read();
                let table = &*instance.table(table);
                instr.store().check_reference(table.ty().element, value as u64);
                let elements = table.elements_ptr();
                fill(elements, at, value, len).ok_or(TABLE)?;
            }
            // The validator accepts no other code.
            _ => return Err(TrapCode::Unreachable),
        }
    }
    Ok(0)
}

/// The bytes of a data segment.
pub(super) fn data_bytes<'a>(data: &ModuleData<'a>, segment: u32) -> &'a [u8] {
    let Some(&offset) = data.data.get(segment as usize) else { return &[] };
    let mut reader = Reader::new(data.bytes, offset as usize);
    let header = DataHeader::read(&mut reader, &mut |reader, _| Evaluation::skip(data, reader));
    header.and_then(|header| reader.take(header.len as usize)).unwrap_or(&[])
}

/// Copies from a data segment, which is empty when it was dropped.
///
/// # Safety
/// `memory` is live, and no reference to its bytes is.
pub(super) unsafe fn init_memory(
    instance: &StoreInstance,
    memory: *const MemoryData,
    segment: u32,
    at: u32,
    source: u32,
    len: u32,
) -> Result<(), TrapCode> {
    let bytes = if instance.is_dropped(true, segment) {
        &[]
    } else {
        data_bytes(&instance.module.data, segment)
    };
    // SAFETY: the contract is that of `copy`: a memory's bytes are initialized, and so are the module's.
    unsafe { copy((*memory).bytes_ptr(), bytes, at, source, len) }
        .ok_or(TrapCode::MemoryOutOfBounds)
}

/// Copies from an element segment, which is empty when it was dropped; all of it without `len`.
///
/// # Safety
/// `table` is live, and no reference to it is.
pub(super) unsafe fn init_table(
    instance: &StoreInstance,
    table: *const TableData,
    segment: u32,
    at: u32,
    source: u32,
    len: Option<u32>,
) -> Result<(), TrapCode> {
    let mut values = element_values(instance, segment);
    let count = if instance.is_dropped(false, segment) { 0 } else { values.count };
    let len = len.unwrap_or(count);
    // SAFETY: the table is live.
    let elements = unsafe { (*table).elements_ptr() };
    if !bounds::in_segment(source, len, count)
        || !bounds::inside(elements.len(), at as usize, len as usize)
    {
        return Err(TrapCode::TableOutOfBounds);
    }
    for _ in 0..source {
        values.next();
    }
    for index in 0..len {
        // SAFETY: `bounds::inside` found `at` + `len` elements in the table. Evaluating an element reads globals, and no table.
        unsafe { *elements.cast::<u32>().add((at + index) as usize) = values.next() };
    }
    Ok(())
}
