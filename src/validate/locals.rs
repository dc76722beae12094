//! The locals of a function: their types, and their slots in the frame.
//!
//! Locals are kept in groups of one type, as the binary format declares them, so that a body of ten
//! bytes that declares 50,000 locals takes no more memory than its ten bytes. The types of the
//! first locals are also kept one by one, for speed.

use crate::alloc::TryVec;
use crate::binary::reader::{Parsed, Reader};
use crate::binary::types::{Code, ValType};
use crate::error::ErrorKind;
use crate::limits::{MAX_LOCALS, MAX_LOCAL_SLOTS};

/// Locals of one type that follow each other.
#[derive(Clone, Copy)]
pub(crate) struct Group {
    /// Index of the first one.
    pub(crate) first: u32,
    /// Its slot.
    pub(crate) slot: u32,
    pub(crate) ty: ValType,
}

const NEAR: usize = 64;

/// The locals of the function that is being validated; reused for each function.
pub(crate) struct Locals {
    groups: TryVec<Group>,
    near: [Code; NEAR],
    /// Slots of the first ones.
    #[cfg(feature = "fast")]
    near_slots: [u8; NEAR],
    count: u32,
    slots: u32,
    /// Parameters among them.
    #[cfg(feature = "function-references")]
    params: u32,
}

impl Locals {
    pub(crate) const fn new() -> Locals {
        Locals {
            groups: TryVec::new(),
            near: [0; NEAR],
            #[cfg(feature = "fast")]
            near_slots: [0; NEAR],
            count: 0,
            slots: 0,
            #[cfg(feature = "function-references")]
            params: 0,
        }
    }

    /// Number of locals, parameters included.
    #[cfg_attr(not(feature = "classic"), allow(dead_code))]
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    /// Number of parameters.
    #[cfg(feature = "function-references")]
    pub(crate) fn params(&self) -> u32 {
        self.params
    }

    /// Slots that they take.
    pub(crate) fn slots(&self) -> u32 {
        self.slots
    }

    #[cfg_attr(not(feature = "classic"), allow(dead_code))]
    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    fn add(&mut self, count: u32, ty: ValType) -> Parsed<()> {
        let total = self.count as u64 + count as u64;
        if total > MAX_LOCALS as u64 {
            return Err(ErrorKind::TooManyLocals);
        }
        if count == 0 {
            return Ok(());
        }
        let slots = self.slots + count * ty.slots();
        if slots > MAX_LOCAL_SLOTS {
            return Err(ErrorKind::FrameTooLarge);
        }
        if !self.groups.last().is_some_and(|last| last.ty == ty) {
            self.groups.push(Group { first: self.count, slot: self.slots, ty })?;
        }
        #[cfg(feature = "fast")]
        if let Some(near) = self.near_slots.get_mut(self.count as usize..) {
            // At most 2 * NEAR.
            for (slot, index) in near.iter_mut().take(count as usize).zip(0..) {
                *slot = (self.slots + index * ty.slots()) as u8;
            }
        }
        if let Some(near) = self.near.get_mut(self.count as usize..) {
            for code in near.iter_mut().take(count as usize) {
                *code = ty.code();
            }
        }
        self.count = total as u32;
        self.slots = slots;
        Ok(())
    }

    /// Starts with the parameters, and reads the declarations of the others (spec: 5.5.13).
    pub(crate) fn read(&mut self, params: &[Code], reader: &mut Reader) -> Parsed<()> {
        self.groups.truncate(0);
        self.count = 0;
        self.slots = 0;
        for &code in params {
            if let Some(ty) = ValType::from_code(code) {
                self.add(1, ty)?;
            }
        }
        #[cfg(feature = "function-references")]
        {
            self.params = self.count;
        }
        for _ in 0..reader.count()? {
            let count = reader.u32()?;
            let ty = ValType::read(reader)?;
            self.add(count, ty)?;
        }
        Ok(())
    }

    /// The type of a local.
    #[inline]
    pub(crate) fn ty(&self, index: u32) -> Parsed<u32> {
        if index >= self.count {
            return Err(ErrorKind::UnknownLocal);
        }
        match self.near.get(index as usize) {
            Some(&code) => Ok(code as u32),
            None => Ok(self.find(index).map_or(0, |group| group.ty.code() as u32)),
        }
    }

    /// The slot of a local, which exists.
    #[cfg(feature = "fast")]
    #[inline]
    pub(crate) fn slot(&self, index: u32) -> u32 {
        match self.near_slots.get(index as usize) {
            Some(&slot) => slot as u32,
            None => self
                .find(index)
                .map_or(0, |group| group.slot + (index - group.first) * group.ty.slots()),
        }
    }

    /// The group of a local.
    fn find(&self, index: u32) -> Option<&Group> {
        let (mut low, mut high) = (0, self.groups.len());
        while high - low > 1 {
            let middle = (low + high) / 2;
            match self.groups.get(middle) {
                Some(group) if group.first <= index => low = middle,
                _ => high = middle,
            }
        }
        self.groups.get(low)
    }
}
