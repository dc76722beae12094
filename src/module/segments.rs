//! The starts of element and data segments, which are read when a module is loaded and when it is
//! instantiated.

use super::load::limited;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{IndexType, ValType};
use crate::error::ErrorKind;
use crate::limits::MAX_TABLE_ELEMENTS;

/// How the offset of a segment is read: checked when loading, evaluated when instantiating. Returns
/// its type when loading.
pub(crate) type Expression<'e, 'a> = dyn FnMut(&mut Reader<'a>) -> Parsed<IndexType> + 'e;

/// The start of an element segment, up to its elements (spec: 5.5.12).
pub(crate) struct ElementHeader {
    /// The table of an active segment.
    pub(crate) table: Option<u32>,
    /// The type of its offset.
    pub(crate) index: IndexType,
    /// Whether it is declarative: neither active nor passive.
    pub(crate) declarative: bool,
    pub(crate) ty: ValType,
    /// Whether the elements are expressions instead of function indices.
    pub(crate) expressions: bool,
    pub(crate) count: u32,
}

impl ElementHeader {
    pub(crate) fn read<'a>(
        reader: &mut Reader<'a>,
        offset: &mut Expression<'_, 'a>,
    ) -> Parsed<ElementHeader> {
        let at = reader.pos();
        let flags = reader.u32()?;
        if flags > 7 {
            return reader.refuse_at(at, ErrorKind::BadElementKind);
        }
        let expressions = flags & 4 != 0;
        let mut table = None;
        let mut index = IndexType::I32;
        if flags & 1 == 0 {
            table = Some(if flags & 2 != 0 { reader.u32()? } else { 0 });
            index = offset(reader)?;
        }
        let mut ty = if expressions { ValType::FuncRef } else { ValType::FUNCTIONS };
        if flags & 3 != 0 {
            if expressions {
                ty = ValType::read_ref(reader)?;
            } else if reader.byte()? != 0 {
                return Err(ErrorKind::BadElementKind);
            }
        }
        let count = limited(reader, MAX_TABLE_ELEMENTS)?;
        Ok(ElementHeader { table, index, declarative: flags & 3 == 3, ty, expressions, count })
    }
}

/// The start of a data segment, up to its bytes (spec: 5.5.14).
pub(crate) struct DataHeader {
    /// The memory of an active segment.
    pub(crate) memory: Option<u32>,
    /// The type of its offset.
    pub(crate) index: IndexType,
    pub(crate) len: u32,
}

impl DataHeader {
    pub(crate) fn read<'a>(
        reader: &mut Reader<'a>,
        offset: &mut Expression<'_, 'a>,
    ) -> Parsed<DataHeader> {
        let at = reader.pos();
        let memory = match reader.u32()? {
            0 => Some(0),
            1 => None,
            2 => Some(reader.u32()?),
            _ => return reader.refuse_at(at, ErrorKind::BadDataKind),
        };
        let mut index = IndexType::I32;
        if memory.is_some() {
            index = offset(reader)?;
        }
        Ok(DataHeader { memory, index, len: reader.u32()? })
    }
}
