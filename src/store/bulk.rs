//! Bulk operations on memories and tables (spec: 4.4.6, 4.4.7): checked as a whole, then done.

use super::bounds;
use super::instance::StoreInstance;
use super::link::{element_values, Evaluation};
use super::runtime_instr::RuntimeInstr;
use super::{MemoryData, TableData};
use crate::binary::reader::Reader;
use crate::module::{DataHeader, ModuleData};
use zonda_exec::TrapCode;

/// The `len` items from `start` on.
fn range<T>(items: &mut [T], start: u32, len: u32) -> Option<&mut [T]> {
    items.get_mut(start as usize..)?.get_mut(..len as usize)
}

/// Copies within a list, or from one list to another.
fn copy<T: Copy>(to: &mut [T], from: Option<&[T]>, at: u32, source: u32, len: u32) -> Option<()> {
    let (at, source, len) = (at as usize, source as usize, len as usize);
    match from {
        Some(from) => {
            let from = from.get(source..)?.get(..len)?;
            to.get_mut(at..)?.get_mut(..len)?.copy_from_slice(from);
        }
        None => {
            if !bounds::both_inside(to.len(), at, source, len) {
                return None;
            }
            let items = to.as_mut_ptr();
            // SAFETY: both ranges lie inside of the list: neither start is behind its length less `len`. They may overlap.
            unsafe { core::ptr::copy(items.add(source), items.add(at), len) };
        }
    }
    Some(())
}

/// Executes 0xFC `code`, 8 to 17.
pub(super) fn execute(instr: &mut RuntimeInstr, code: u32) -> Result<u32, TrapCode> {
    const MEMORY: TrapCode = TrapCode::MemoryOutOfBounds;
    const TABLE: TrapCode = TrapCode::TableOutOfBounds;
    match code {
        // memory.init
        8 => {
            let (segment, memory) = (instr.index(), instr.index());
            let (len, source, at) = (instr.pop(), instr.pop(), instr.pop());
            init_memory(instr.instance(), instr.memory(memory), segment, at, source, len)?;
        }
        // data.drop
        9 => {
            let segment = instr.index();
            instr.instance().drop_segment(true, segment);
        }
        // memory.copy
        10 => {
            let (to, from) = (instr.index(), instr.index());
            let (len, source, at) = (instr.pop(), instr.pop(), instr.pop());
            let (to, from) = (instr.memory(to), instr.memory(from));
            let other = (!core::ptr::eq(to, from)).then(|| from.bytes());
            copy(to.bytes_mut(), other, at, source, len).ok_or(MEMORY)?;
        }
        // memory.fill
        11 => {
            let memory = instr.index();
            let (len, value, at) = (instr.pop(), instr.pop(), instr.pop());
            range(instr.memory(memory).bytes_mut(), at, len).ok_or(MEMORY)?.fill(value as u8);
        }
        // table.init
        12 => {
            let (segment, table) = (instr.index(), instr.index());
            let (len, source, at) = (instr.pop(), instr.pop(), instr.pop());
            init_table(instr.instance(), instr.table(table), segment, at, source, Some(len))?;
        }
        // elem.drop
        13 => {
            let segment = instr.index();
            instr.instance().drop_segment(false, segment);
        }
        // table.copy
        14 => {
            let (to, from) = (instr.index(), instr.index());
            let (len, source, at) = (instr.pop(), instr.pop(), instr.pop());
            let (to, from) = (instr.table(to), instr.table(from));
            let other = (!core::ptr::eq(to, from)).then(|| &*from.elements);
            copy(&mut to.elements, other, at, source, len).ok_or(TABLE)?;
        }
        // table.grow
        15 => {
            let table = instr.index();
            let (delta, init) = (instr.pop(), instr.pop());
            instr.push(instr.table(table).grow(delta, init).unwrap_or(u32::MAX));
        }
        // table.size
        16 => {
            let table = instr.index();
            instr.push(instr.table(table).elements.len() as u32);
        }
        // table.fill
        17 => {
            let table = instr.index();
            let (len, value, at) = (instr.pop(), instr.pop(), instr.pop());
            range(&mut instr.table(table).elements, at, len).ok_or(TABLE)?.fill(value);
        }
        // Validation lets nothing else through.
        _ => return Err(TrapCode::Unreachable),
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
pub(super) fn init_memory(
    instance: &StoreInstance,
    memory: &mut MemoryData,
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
    copy(memory.bytes_mut(), Some(bytes), at, source, len).ok_or(TrapCode::MemoryOutOfBounds)
}

/// Copies from an element segment, which is empty when it was dropped; all of it without `len`.
pub(super) fn init_table(
    instance: &StoreInstance,
    table: &mut TableData,
    segment: u32,
    at: u32,
    source: u32,
    len: Option<u32>,
) -> Result<(), TrapCode> {
    let mut values = element_values(instance, segment);
    let count = if instance.is_dropped(false, segment) { 0 } else { values.count };
    let len = len.unwrap_or(count);
    if !bounds::in_segment(source, len, count) {
        return Err(TrapCode::TableOutOfBounds);
    }
    for _ in 0..source {
        values.next();
    }
    for element in range(&mut table.elements, at, len).ok_or(TrapCode::TableOutOfBounds)? {
        *element = values.next();
    }
    Ok(())
}
