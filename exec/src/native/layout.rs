//! The numbers by which native code knows the fields of [`State`](super::State) and of the records
//! behind it. The compiler reads them from here; the assertions tie them to the records.

use super::State;
use crate::linear_memory::Memory;
use crate::ImportedFunc;
use core::mem::offset_of;

/// Changes with everything that native code relies on: this file, the helpers, `State`.
pub const LAYOUT_VERSION: u32 = 5;

/// Words of an import's record, whose first one is the host function.
pub const IMPORT_WORDS: usize = 4;

const WORD: usize = size_of::<usize>();

macro_rules! slots {
    ($($constant:ident $field:ident)*) => {
        /// Numbers of the fields of [`State`](super::State), in words.
        pub mod slot {
            slots!(@ 0usize; $($constant)*);
        }
        const _: () = {
            $(assert!(offset_of!(State, $field) == slot::$constant * WORD);)*
        };
    };
    (@ $n:expr; $constant:ident $($rest:ident)*) => {
        pub const $constant: usize = $n;
        slots!(@ $n + 1; $($rest)*);
    };
    (@ $n:expr;) => {};
}

slots! {
    MEMORY_BASE memory_base
    MEMORY_SIZE memory_size
    STACK_LIMIT stack_limit
    HELPERS helpers
    CELLS cells
    GLOBALS globals
    IMPORTS imports
    CONTEXT context
    ARGS args
    SAVED_SP saved_sp
    METER meter
    MEMORY memory
    MEMORIES memories
}

/// Offsets in [`Memory`], in words: the first byte, and the bytes that can be accessed.
pub mod memory {
    pub const BASE: usize = 0;
    pub const SIZE: usize = 3;
}
const _: () = {
    assert!(offset_of!(Memory, base) == memory::BASE * WORD);
    assert!(offset_of!(Memory, size) == memory::SIZE * WORD);
    assert!(size_of::<ImportedFunc>() == IMPORT_WORDS * WORD);
    assert!(offset_of!(ImportedFunc, call) == 0);
    // Native code reads the termination request, whatever a debugger adds to it.
    assert!(crate::meter::TERMINATION == 0);
};

/// Where the slice of fuel lies in a [`Meter`](crate::Meter), in bytes.
pub const SLICE: u32 = 4;
const _: () = assert!(crate::meter::SLICE == SLICE as usize);
