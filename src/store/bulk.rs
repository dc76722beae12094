//! Bulk instructions on memories and tables (spec: 4.4.6, 4.4.7): the whole range is checked first,
//! then copied.
//!
//! Two indices of an instance may lead to one memory or table. So nothing here holds a reference to
//! the bytes or elements while a second one could exist: ranges are checked positions.

use super::bounds;
use super::instance::StoreInstance;
use super::link::{element_values, Evaluation};
use super::runtime_instr::RuntimeInstr;
use super::{MemoryData, TableData};
use crate::binary::reader::Reader;
use crate::module::{DataHeader, ModuleData};
use zonda_exec::TrapCode;

/// Copies `len` elements from position `source` of one list to position `at` of another, which may
/// be the same; `None`, and nothing is copied, when one of the ranges does not lie in its list.
///
/// # Safety
/// Both lists are allocated and initialized for their whole length, and no reference to an element
/// of `to` is live.
unsafe fn copy(to: *mut [u32], from: *const [u32], at: u32, source: u32, len: u32) -> Option<()> {
    let (at, source, len) = (at as usize, source as usize, len as usize);
    if !bounds::inside(to.len(), at, len) || !bounds::inside(from.len(), source, len) {
        return None;
    }
    // SAFETY: `bounds::inside` found both ranges inside of their lists. They may overlap, which
    // `copy` allows.
    unsafe { core::ptr::copy(from.cast::<u32>().add(source), to.cast::<u32>().add(at), len) };
    Some(())
}

/// Sets `len` elements from position `at` on; `None`, and nothing is set, when they do not lie in
/// the list.
///
/// # Safety
/// As for [`copy`].
unsafe fn fill(to: *mut [u32], at: u32, value: u32, len: u32) -> Option<()> {
    let (at, len) = (at as usize, len as usize);
    if !bounds::inside(to.len(), at, len) {
        return None;
    }
    // SAFETY: `bounds::inside` found the range inside of the list, and by the contract this is the
    // only reference to it.
    unsafe { core::slice::from_raw_parts_mut(to.cast::<u32>().add(at), len) }.fill(value);
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
    // SAFETY: the validator accepted the instruction with the immediates and operands that each
    // pattern reads (spec: 5.4.5, 5.4.6), and checked that memory and table indices are inside of
    // their index spaces. Records live as long as the store. No reference to a memory or table
    // outlives the runtime call that made it: host functions borrow the store for theirs,
    // and have returned or have lent the store to the call that executes this instruction. `range`
    // returns positions at which `len` bytes are.
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
                let to = (*instance.memory(to)).seen.range(at, len).ok_or(MEMORY)?;
                let from = (*instance.memory(from)).seen.range(source, len).ok_or(MEMORY)?;
                core::ptr::copy(from, to, len as usize);
            }
            // memory.fill
            11 => {
                let ([memory], [at, value, len]) = instr.read();
                let to = (*instance.memory(memory)).seen.range(at, len);
                core::ptr::write_bytes(to.ok_or(MEMORY)?, value as u8, len as usize);
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
    let header = DataHeader::read(&mut reader, &mut |reader| Evaluation::skip(data, reader));
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
    let inside = bounds::inside(bytes.len(), source as usize, len as usize);
    // SAFETY: the memory is live by the contract. `range` has found `len` bytes at the position,
    // and `bounds::inside` as many in the segment.
    unsafe {
        let to =
            (*memory).seen.range(at, len).filter(|_| inside).ok_or(TrapCode::MemoryOutOfBounds)?;
        core::ptr::copy(bytes.as_ptr().add(source as usize), to, len as usize);
    }
    Ok(())
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
        // SAFETY: `bounds::inside` found `at` + `len` elements in the table. Evaluating an element
        // reads globals, and no table.
        unsafe { *elements.cast::<u32>().add((at + index) as usize) = values.next() };
    }
    Ok(())
}
