//! Builds the handlers of exceptions, for backends that catch: one for each clause of each
//! `try_table` that can be reached ([`zonda_exec::unwind::Handler`] has their order).
//!
//! The target of a clause is a label. That of a loop is known; the others wait in a chain that
//! starts at the label ([`Catching`]), as branches do.

#[cfg(feature = "legacy-exceptions")]
mod legacy;
#[cfg(not(feature = "legacy-exceptions"))]
#[path = "handlers/legacy_off.rs"]
mod legacy;

#[cfg(feature = "legacy-exceptions")]
pub(crate) use legacy::Clause;

use crate::alloc::TryVec;
use crate::binary::reader::Parsed;
use crate::validate::visitor::Catch;
use zonda_exec::unwind::{Handler, ALL, NO_HANDLER, REF};

/// The handlers that wait for the end of a label: the first one of a chain.
#[derive(Clone, Copy)]
pub(crate) struct Catching(u32);

impl Catching {
    pub(crate) const NONE: Catching = Catching(NO_HANDLER);

    /// Whether a handler waits.
    #[cfg_attr(not(feature = "fast"), allow(dead_code))]
    pub(crate) fn is_some(self) -> bool {
        self.0 != NO_HANDLER
    }
}

/// A `try_table` that is not closed.
#[derive(Clone, Copy)]
struct Open {
    /// The index of its label.
    label: u32,
    /// Its handlers.
    first: u32,
    count: u32,
    /// The handler that is asked first inside of it.
    asked: u32,
}

/// The handlers of a module while its code is built.
pub(crate) struct Handlers {
    list: TryVec<Handler>,
    open: TryVec<Open>,
    /// The first one of the function.
    start: usize,
    tries: legacy::Tries,
}

impl Handlers {
    pub(crate) const fn new() -> Handlers {
        Handlers { list: TryVec::new(), open: TryVec::new(), start: 0, tries: legacy::Tries::new() }
    }

    /// A function starts, perhaps the same again, whose locals take so many slots. Returns whether
    /// it is the same.
    pub(crate) fn begin(&mut self, again: bool, locals: u32) -> bool {
        let again = self.tries.begin(again, locals);
        if again {
            self.list.truncate(self.start);
        }
        self.start = self.list.len();
        self.open.truncate(0);
        again
    }

    /// A `try_table` with so many clauses starts; its label will have this index. Returns the
    /// number of its first clause.
    pub(crate) fn open(&mut self, label: usize, start: u32, count: u32) -> Parsed<u32> {
        let outer = self.open.last().map_or(NO_HANDLER, |open| open.asked);
        let first = self.list.len() as u32;
        let handler =
            Handler { start, end: start, target: 0, next: outer, slot: 0, entry: 0, tag: 0 };
        self.list.resize((first + count) as usize, handler)?;
        let asked = if count == 0 { outer } else { first + count - 1 };
        self.open.push(Open { label: label as u32, first, count, asked })?;
        Ok(asked)
    }

    /// A clause, numbered backwards from what [`Handlers::open`] has returned. Its target is known,
    /// or waits for the end of a label.
    pub(crate) fn clause(
        &mut self,
        number: u32,
        catch: Catch,
        slot: u32,
        target: Result<(u32, u32), &mut Catching>,
    ) {
        let first = self.open.last().map_or(number, |open| open.first);
        let Some(handler) = self.list.get_mut(number as usize) else { return };
        if number > first {
            handler.next = number - 1;
        }
        handler.slot = slot;
        handler.tag = catch.tag.unwrap_or(ALL) | if catch.reference { REF } else { 0 };
        match target {
            Ok((target, entry)) => (handler.target, handler.entry) = (target, entry),
            Err(chain) => (handler.target, *chain) = (chain.0, Catching(number)),
        }
    }

    /// The label of this index ends at a position: closes its `try_table`, if it is that of one.
    /// Returns whether it is.
    pub(crate) fn close(&mut self, label: usize, end: u32) -> bool {
        self.tries.leave(label);
        self.end_range(label, end)
    }

    fn end_range(&mut self, label: usize, end: u32) -> bool {
        let Some(&Open { label: own, first, count, .. }) = self.open.last() else { return false };
        if own as usize != label {
            return false;
        }
        self.open.truncate(self.open.len() - 1);
        for handler in self.list.iter_mut().skip(first as usize).take(count as usize) {
            handler.end = end;
        }
        true
    }

    /// The handlers of a chain continue here.
    pub(crate) fn resolve(&mut self, chain: Catching, target: u32, entry: u32) {
        let mut next = chain.0;
        while let Some(handler) = self.list.get_mut(next as usize) {
            next = handler.target;
            (handler.target, handler.entry) = (target, entry);
        }
    }

    /// Takes the handlers of all functions.
    pub(crate) fn take(&mut self) -> Kept<'static> {
        self.list.shrink();
        Kept::Made(core::mem::take(&mut self.list))
    }
}

/// Handlers as code keeps them: built in RAM, or in place in a precompiled module.
pub(crate) enum Kept<'a> {
    Made(TryVec<Handler>),
    #[cfg_attr(not(feature = "precompiled"), allow(dead_code))]
    Mapped(&'a [Handler]),
}

impl Kept<'_> {
    pub(crate) fn as_slice(&self) -> &[Handler] {
        match self {
            Kept::Made(list) => list,
            Kept::Mapped(list) => list,
        }
    }

    /// Bytes of RAM that they take.
    pub(crate) fn ram(&self) -> usize {
        match self {
            Kept::Made(list) => size_of_val(&list[..]),
            Kept::Mapped(_) => 0,
        }
    }
}

/// The section of a precompiled module with its handlers.
#[cfg(feature = "precompiled")]
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    list: &'a [Handler],
}

#[cfg(feature = "precompiled")]
impl<'a> Section<'a> {
    /// Finds the handlers among the sections, which start at multiples of 4 of the file, as does
    /// the file. `None` where they are not whole.
    pub(crate) fn read(parts: &[&'a [u8]]) -> Option<Section<'a>> {
        let &[_, _, _, bytes] = parts else { return None };
        if bytes.is_empty() {
            return Some(Section { list: &[] });
        }
        if bytes.len() % size_of::<Handler>() != 0 || !bytes.as_ptr().addr().is_multiple_of(4) {
            return None;
        }
        let count = bytes.len() / size_of::<Handler>();
        // SAFETY: the bytes start at a multiple of 4, the alignment of `Handler`, and hold `count`
        // of them. `Handler` consists of integers without padding, so any bytes are valid.
        let list = unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast::<Handler>(), count) };
        Some(Section { list })
    }

    /// The handlers as code keeps them.
    pub(crate) fn keep(self) -> Kept<'a> {
        Kept::Mapped(self.list)
    }

    /// The handlers as the verifier takes them.
    pub(crate) fn to_verify(self) -> zonda_exec::fast::verify::Handlers<'a> {
        zonda_exec::fast::verify::Handlers::new(self.list)
    }
}

// Handlers are used in place.
const _: () = assert!(size_of::<Handler>() == 28 && align_of::<Handler>() == 4);
