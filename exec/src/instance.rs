//! What running code sees of its instance: plain pointers that the runtime crate's `store` keeps true.

#[cfg(feature = "classic")]
use crate::frame::ClassicFunc;
#[cfg(feature = "fast")]
use crate::frame::FastFunc;
use crate::frame::{Callee, Context};
use crate::linear_memory::Memory;

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

/// Executes an imported function. `args` points at the parameters, one slot or two each, on the value stack; the results are written
/// there. Gives 0 or a trap's number.
pub type HostCall =
    unsafe extern "C" fn(context: &mut Context, import: &ImportedFunc, args: *mut u32) -> u32;

/// An imported function, ready to be called.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct ImportedFunc {
    /// Executes a host function; `None` when another instance defines the function.
    pub call: Option<HostCall>,
    /// What `call` needs, or the instance that defines the function ([`ExecInstance`]).
    pub data: *const (),
    /// More of that, or the index of the function there.
    pub extra: *const (),
    /// From the home of the topmost operand to the first argument, in bytes.
    args: i16,
    /// From the home of the topmost operand before the call to the one after it, in bytes.
    change: i16,
}

impl ImportedFunc {
    /// `params` and `results` are in slots; there are at most 2,000 of each ([spec limits]: 1,000 values).
    ///
    /// [spec limits]: https://webassembly.github.io/spec/js-api/#limits
    pub fn new(
        call: Option<HostCall>,
        data: *const (),
        extra: *const (),
        params: u32,
        results: u32,
    ) -> ImportedFunc {
        let bytes = |slots: u32| slots as i32 * 4;
        ImportedFunc {
            call,
            data,
            extra,
            args: (4 - bytes(params)) as i16,
            change: (bytes(results) - bytes(params)) as i16,
        }
    }

    /// Slots of the parameters.
    pub fn params(&self) -> u32 {
        ((4 - self.args as i32) / 4) as u32
    }

    /// Slots of the results.
    pub fn results(&self) -> u32 {
        (self.change as i32 / 4 + self.params() as i32) as u32
    }

    /// Where the first argument lies, below and with the topmost operand at `sp`.
    #[inline(always)]
    pub fn args(&self, sp: *mut u32) -> *mut u32 {
        sp.wrapping_byte_offset(self.args as isize)
    }

    /// The home of the topmost operand, where the arguments start at `args`.
    #[cfg(feature = "fast")]
    #[inline(always)]
    pub fn top(&self, args: *mut u32) -> *mut u32 {
        args.wrapping_byte_offset(-(self.args as isize))
    }

    /// The home of the topmost operand after the call, from the one before it.
    #[inline(always)]
    pub fn after(&self, sp: *mut u32) -> *mut u32 {
        sp.wrapping_byte_offset(self.change as isize)
    }
}

/// Where the loops find the fields.
#[allow(dead_code)]
pub(crate) mod offset {
    use super::ImportedFunc;
    use core::mem::offset_of;
    pub(crate) const ARGS: usize = offset_of!(ImportedFunc, args);
    pub(crate) const CHANGE: usize = offset_of!(ImportedFunc, change);
}

/// An instance, as its code sees it.
///
/// Invariants, established at instantiation and kept until the instance is freed: each pointer points at as many
/// elements as the module's index spaces have, so an index that the validator accepted is inside.
#[repr(C)]
pub struct ExecInstance {
    /// What would be function 0 if the functions that the module defines were preceded by as many more as it imports. Null when the module was
    /// not prepared for classic mode.
    #[cfg(feature = "classic")]
    pub funcs: *const ClassicFunc,
    /// The same for fast mode.
    #[cfg(feature = "fast")]
    pub fast_funcs: *const FastFunc,
    /// Register code of all functions.
    #[cfg(feature = "fast")]
    pub code: *const u8,
    /// Behind it, and behind the last record: for checks.
    #[cfg(all(feature = "fast", feature = "strict"))]
    pub code_end: *const u8,
    #[cfg(all(feature = "fast", feature = "strict"))]
    pub fast_funcs_end: *const FastFunc,
    /// Functions that it imports.
    pub imports: *const ImportedFunc,
    /// How many it imports.
    pub import_count: u32,
    /// All globals, imported ones first.
    pub globals: *const GlobalRef,
    /// Memory 0, for the fast path of loads and stores; an empty one where the module has none, or has memargs that are not all in the
    /// form which that path reads (memory 0, alignment in one byte).
    pub memory: *const Memory,
    /// All memories, imported ones first.
    pub memories: *const *mut Memory,
    /// The runtime crate's own record of the instance.
    pub owner: *mut (),
    /// How its functions are executed; its records are there.
    pub mode: Mode,
}

/// How functions are executed. Chosen for each instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mode {
    /// The bytes of the module in place: least RAM.
    #[cfg(feature = "classic")]
    Classic = 0,
    /// Register code, made when the module is loaded or on the host before.
    #[cfg(feature = "fast")]
    Fast = 1,
}

impl ExecInstance {
    /// Where a call of a function goes that the module defines.
    ///
    /// # Safety
    /// `func` is inside the index space and not imported.
    #[inline]
    pub unsafe fn callee(&self, func: u32) -> Callee {
        // SAFETY: the caller's promise; the records of the instance's mode are there.
        unsafe {
            match self.mode {
                #[cfg(feature = "classic")]
                Mode::Classic => self.classic_callee(func),
                #[cfg(feature = "fast")]
                Mode::Fast => self.fast_callee(func),
            }
        }
    }

    /// The same in classic mode.
    ///
    /// # Safety
    /// As for [`ExecInstance::callee`], of an instance in that mode.
    #[cfg(feature = "classic")]
    #[inline(always)]
    pub(crate) unsafe fn classic_callee(&self, func: u32) -> Callee {
        let func = self.funcs.wrapping_add(func as usize);
        // SAFETY: the caller's promise: the record is one of the module's.
        unsafe {
            Callee {
                layout: &raw const (*func).layout,
                code: (*func).code,
                side_table: (*func).side_table,
            }
        }
    }

    /// The same in fast mode.
    ///
    /// # Safety
    /// As for [`ExecInstance::callee`], of an instance in that mode.
    #[cfg(feature = "fast")]
    #[inline(always)]
    pub(crate) unsafe fn fast_callee(&self, func: u32) -> Callee {
        let func = self.fast_funcs.wrapping_add(func as usize);
        // SAFETY: the caller's promise: the record is one of the module's.
        unsafe {
            Callee {
                layout: &raw const (*func).layout,
                code: self.code.wrapping_add((*func).code as usize),
                side_table: core::ptr::null(),
            }
        }
    }
}
