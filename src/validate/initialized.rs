//! Which locals without a default value were set (spec: 3.3.1, 3.3.9; feature
//! `function-references`).
//!
//! A local that was set inside of a block counts as set until the block ends. A list has those that
//! were set, in their order, and a bit for each says that it is in the list. At the end of a block
//! the list is cut, so that all of it takes linear time. Bits of locals are made when one is first
//! set, and cleared with the list, so that a short body does not pay for its many locals.

use super::func::Walk;
use super::visitor::{Local, Visitor};
use crate::alloc::TryVec;
use crate::binary::reader::Parsed;
use crate::binary::types::ValType;
use crate::error::ErrorKind;

/// The locals that were set.
pub(super) struct Initialized {
    list: TryVec<u32>,
    bits: TryVec<u32>,
}

/// The length of the list.
#[derive(Clone, Copy)]
pub(super) struct Height(usize);

impl Initialized {
    pub(super) const fn new() -> Initialized {
        Initialized { list: TryVec::new(), bits: TryVec::new() }
    }

    pub(super) fn reset(&mut self) {
        self.go_back(Height(0));
    }

    pub(super) fn height(&self) -> Height {
        Height(self.list.len())
    }

    pub(super) fn go_back(&mut self, height: Height) {
        while self.list.len() > height.0 {
            let Some(index) = self.list.pop() else { break };
            if let Some(word) = self.bits.get_mut(index as usize / 32) {
                *word &= !(1 << (index % 32));
            }
        }
    }

    fn has(&self, index: u32) -> bool {
        self.bits.get(index as usize / 32).is_some_and(|word| word >> (index % 32) & 1 != 0)
    }

    fn add(&mut self, index: u32) -> Parsed<()> {
        if self.has(index) {
            return Ok(());
        }
        let word = index as usize / 32;
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0)?;
        }
        self.list.push(index)?;
        if let Some(word) = self.bits.get_mut(word) {
            *word |= 1 << (index % 32);
        }
        Ok(())
    }
}

impl<V: Visitor> Walk<'_, '_, '_, V> {
    /// Whether the local has no value before it is set.
    fn must_be_set(&self, local: &Local) -> bool {
        local.index >= self.site.locals.params()
            && ValType::from_code(local.ty).is_some_and(|ty| !ty.is_defaultable())
    }

    /// Checks that a local that is read has a value.
    pub(super) fn check_initialized(&self, local: &Local) -> Parsed<()> {
        if self.must_be_set(local) && !self.site.stacks.initialized.has(local.index) {
            return Err(ErrorKind::UninitializedLocal);
        }
        Ok(())
    }

    /// A local is set.
    pub(super) fn initialize(&mut self, local: &Local) -> Parsed<()> {
        if self.must_be_set(local) {
            self.site.stacks.initialized.add(local.index)?;
        }
        Ok(())
    }
}
