//! What running code sees of its instance: plain pointers that the runtime crate's `store` keeps
//! valid.

use crate::frame::Context;
use crate::linear_memory::Memory;
use crate::mode::Mode;
use crate::vector;

/// A pointer to the slots of a global, with the lowest bit set if there are two, and the one above
/// it if there are four.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct GlobalRef(*mut u32);

impl GlobalRef {
    /// The bits that are not part of the pointer.
    const TAGS: usize = if vector::ENABLED { 3 } else { 1 };

    /// `cell` points at so many slots: one, two or four.
    #[inline]
    pub fn new(cell: *mut u32, slots: u32) -> GlobalRef {
        let tag = if vector::ENABLED { slots as usize / 2 } else { (slots == 2) as usize };
        GlobalRef(cell.map_addr(|a| a | tag))
    }
    /// Whether the value takes two slots.
    #[inline(always)]
    pub fn is_wide(self) -> bool {
        self.0.addr() & 1 != 0
    }
    /// Whether the value takes four slots.
    #[inline(always)]
    pub fn is_vector(self) -> bool {
        vector::ENABLED && self.0.addr() & 2 != 0
    }
    /// Slots of the value.
    #[inline(always)]
    pub fn slots(self) -> u32 {
        if self.is_vector() {
            4
        } else {
            1 + self.is_wide() as u32
        }
    }
    /// The address of the slots.
    #[inline(always)]
    pub fn cell(self) -> *mut u32 {
        self.0.map_addr(|a| a & !Self::TAGS)
    }
}

/// Executes an imported function. `args` points at the parameters on the operand stack, one slot or
/// two each; the results are written there. Returns 0 or the number of a trap.
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
    /// Distance from the stack slot of the topmost operand to the first argument, in bytes.
    args: i16,
    /// Distance from the stack slot of the topmost operand before the call to the one after it, in
    /// bytes.
    change: i16,
}

impl ImportedFunc {
    /// `params` and `results` are in slots; there are at most 2,000 of each ([spec limits]: 1,000
    /// values).
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
        (4 - self.args as i32) as u32 >> 2
    }

    /// Slots of the results.
    pub fn results(&self) -> u32 {
        ((self.change as i32 >> 2) + self.params() as i32) as u32
    }

    /// The address of the first argument, if `sp` is that of the topmost operand.
    #[inline(always)]
    pub fn args(&self, sp: *mut u32) -> *mut u32 {
        sp.wrapping_byte_offset(self.args as isize)
    }

    /// The stack slot of the topmost operand, if the arguments start at `args`.
    #[inline(always)]
    pub fn top(&self, args: *mut u32) -> *mut u32 {
        args.wrapping_byte_offset(-(self.args as isize))
    }

    /// The stack slot of the topmost operand after the call, from the one before it.
    #[inline(always)]
    pub fn after(&self, sp: *mut u32) -> *mut u32 {
        sp.wrapping_byte_offset(self.change as isize)
    }
}

impl ExecInstance {
    /// An instance that no code sees yet.
    #[cfg(feature = "native")]
    pub fn unpublished(mode: Mode) -> ExecInstance {
        ExecInstance {
            funcs: core::ptr::null(),
            code: core::ptr::null(),
            #[cfg(feature = "strict")]
            funcs_end: core::ptr::null(),
            #[cfg(feature = "strict")]
            code_end: core::ptr::null(),
            imports: core::ptr::null(),
            import_count: 0,
            globals: core::ptr::null(),
            memory: core::ptr::null(),
            memories: core::ptr::null(),
            owner: core::ptr::null_mut(),
            mode,
            native: crate::native::State::new(),
        }
    }

    /// The same instance as code of another mode sees it, without functions.
    #[cfg(feature = "native")]
    pub fn in_mode(&self, mode: Mode) -> ExecInstance {
        let Self { imports, import_count, globals, memory, memories, owner, .. } = *self;
        let of = ExecInstance::unpublished(mode);
        ExecInstance { imports, import_count, globals, memory, memories, owner, ..of }
    }
}

/// Offsets of private fields, for the loops in assembly.
#[allow(dead_code)]
pub(crate) mod offset {
    use super::ImportedFunc;
    use core::mem::offset_of;
    pub(crate) const ARGS: usize = offset_of!(ImportedFunc, args);
    pub(crate) const CHANGE: usize = offset_of!(ImportedFunc, change);
}

/// An instance, as its code sees it.
///
/// Invariants, established at instantiation and kept until the instance is freed: each pointer
/// points at as many elements as the module's index spaces have, so an index that the validator
/// accepted is inside.
#[repr(C)]
pub struct ExecInstance {
    /// Records of the functions, as the backend of `mode` has them: what would be function 0 if
    /// the functions that the module defines were preceded by as many more as it imports.
    pub funcs: *const (),
    /// Code of all functions, for a backend that keeps them in one piece; else null.
    pub code: *const u8,
    /// Behind the last record and the code: for checks. Null where `code` is.
    #[cfg(feature = "strict")]
    pub funcs_end: *const (),
    #[cfg(feature = "strict")]
    pub code_end: *const u8,
    /// Functions that it imports.
    pub imports: *const ImportedFunc,
    /// How many it imports.
    pub import_count: u32,
    /// All globals, imported ones first.
    pub globals: *const GlobalRef,
    /// Memory 0, for the fast path of loads and stores. An empty memory if the module has none, or
    /// has memargs that the fast path cannot read (another memory, or flags of more than one
    /// byte).
    pub memory: *const Memory,
    /// All memories, imported ones first.
    pub memories: *const *mut Memory,
    /// The runtime crate's record of the instance.
    pub owner: *mut (),
    /// Its execution mode, to which `funcs` and `code` belong.
    pub mode: Mode,
    /// What native code sees of the instance.
    #[cfg(feature = "native")]
    pub native: crate::native::State,
}
