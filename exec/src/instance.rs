//! What running code sees of its instance: plain pointers that the runtime crate's `store` keeps true.

use crate::frame::{Context, Func};
use crate::memory::Memory;

/// Where a global lives: a pointer to its slots, with the lowest bit set when there are two.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct GlobalRef(*mut u32);

impl GlobalRef {
    /// `cell` points at one slot, or at two.
    pub fn new(cell: *mut u32, two_slots: bool) -> GlobalRef {
        GlobalRef(cell.map_addr(|a| a | two_slots as usize))
    }
    /// Whether the value takes two slots.
    #[inline(always)]
    pub fn is_wide(self) -> bool {
        self.0.addr() & 1 != 0
    }
    /// The slots.
    #[inline(always)]
    pub fn cell(self) -> *mut u32 {
        self.0.map_addr(|a| a & !1)
    }
}

/// An imported function, ready to be called.
#[repr(C)]
pub struct Import {
    /// Executes the call. `args` points at the parameters, one slot or two each, on the value stack; the results are written
    /// there. Gives 0, a trap's number, or [`crate::frame::SWITCHED`] when it has changed the context instead of executing the function.
    pub call: unsafe fn(context: &mut Context, import: &Import, args: *mut u32) -> u32,
    /// Whatever `call` needs: the host function, or the instance that defines the function.
    pub data: *const (),
    /// More of that.
    pub extra: *const (),
    /// Slots of the parameters.
    pub params: u16,
    /// Slots of the results.
    pub results: u16,
}

/// An instance, as its code sees it.
///
/// Invariants, established at instantiation and kept until the instance is freed: each pointer points at as many
/// elements as the module's index spaces have, so an index that the validator accepted is inside.
#[repr(C)]
pub struct Instance {
    /// Functions that the module defines.
    pub funcs: *const Func,
    /// Functions that it imports.
    pub imports: *const Import,
    /// How many it imports.
    pub import_count: u32,
    /// All globals, imported ones first.
    pub globals: *const GlobalRef,
    /// Memory 0; an empty one where the module has none.
    pub memory: *mut Memory,
    /// All memories, imported ones first.
    pub memories: *const *mut Memory,
    /// Whether every memarg of the module is in the form that the fast path of loads and stores reads: memory 0, alignment in one byte.
    pub short_memargs: bool,
    /// The runtime crate's own record of the instance.
    pub owner: *mut (),
}
