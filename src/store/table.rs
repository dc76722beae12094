//! Tables at run time (spec: 4.2.7).

use super::bounds;
use super::budget::Budget;
use super::fault::{Fault, Made};
use crate::alloc::{TryBox, TryVec};
use crate::binary::types::{Limits, TableType};
use crate::error::ShortageOf;
use crate::limits::MAX_TABLE_ELEMENTS;

/// Bytes of an element. [`MAX_TABLE_ELEMENTS`] of them are counted in 32 bits.
const ELEMENT: usize = size_of::<u32>();
const _: () = assert!(MAX_TABLE_ELEMENTS < u32::MAX / 8);

/// A table: references as the operand stack holds them, 0 for null.
pub(crate) struct TableData {
    pub(crate) elements: TryVec<u32>,
    ty: TableType,
}

impl TableData {
    /// A table of the type's initial size.
    pub(crate) fn new(ty: TableType, init: u32, budget: &Budget) -> Made<TryBox<TableData>> {
        if ty.limits.min > MAX_TABLE_ELEMENTS {
            return Err(Fault::TOO_LARGE);
        }
        let len = ty.limits.min as usize;
        budget.make(ShortageOf::Table, len * ELEMENT + size_of::<TableData>(), || {
            let mut elements = TryVec::zeroed(len)?;
            if init != 0 {
                elements.fill(init);
            }
            TryBox::new(TableData { elements, ty })
        })
    }

    pub(crate) fn ty(&self) -> TableType {
        self.ty
    }

    /// The elements without a reference to them. They may be read and written until the table
    /// grows, while no reference to them is live.
    pub(crate) fn elements_ptr(&self) -> *mut [u32] {
        core::ptr::slice_from_raw_parts_mut(self.elements.as_mut_ptr(), self.elements.len())
    }

    /// An element, as [`TableData::elements_ptr`] has it.
    pub(crate) fn element(&self, index: u32) -> Option<*mut u32> {
        let elements = self.elements_ptr();
        let index = index as usize;
        (index < elements.len()).then(|| elements.cast::<u32>().wrapping_add(index))
    }

    /// The type with the size that the table has now, as imports are matched against it.
    pub(crate) fn current_type(&self) -> TableType {
        TableType {
            limits: Limits { min: self.elements.len() as u32, max: self.ty.limits.max },
            ..self.ty
        }
    }

    /// Grows by `delta` elements; returns the size before.
    pub(crate) fn grow(&mut self, delta: u32, init: u32, budget: &Budget) -> Made<u32> {
        let before = self.elements.len() as u32;
        let most = self.ty.limits.max.unwrap_or(u32::MAX).min(MAX_TABLE_ELEMENTS);
        let size = bounds::grown_table(before, delta, most).ok_or(Fault::CANNOT_GROW)?;
        budget.make(ShortageOf::Table, delta as usize * ELEMENT, || {
            self.elements.resize(size as usize, init)
        })?;
        Ok(before)
    }
}
