//! What exists at run time: instances, memories, tables, globals, host functions, the operand stack
//! (spec: 4.2.3).
//!
//! A store owns all of it. Objects stay until the store is dropped, and are freed then. Nothing
//! here depends on an embedding API: [`crate::host`] and the C API are built on the store.
//!
//! Invariant: whatever instances point at (records of instances, memories, tables, globals) has an
//! address of its own ([`TryBox`]) and lives as long as the store.

#[cfg(feature = "native")]
pub(crate) mod again;
#[cfg(not(feature = "native"))]
#[path = "again_off.rs"]
pub(crate) mod again;
mod bounds;
mod budget;
mod bulk;
#[cfg(feature = "exceptions")]
pub(crate) mod exceptions;
#[cfg(not(feature = "exceptions"))]
#[path = "exceptions_off.rs"]
pub(crate) mod exceptions;
pub(crate) mod fault;
pub(crate) mod func;
#[cfg(feature = "gc")]
mod gc_instr;
#[cfg(feature = "gc")]
pub(crate) mod heap;
#[cfg(not(feature = "gc"))]
#[path = "heap_off.rs"]
pub(crate) mod heap;
pub(crate) mod instance;
pub(crate) mod link;
mod link_text;
pub(crate) mod memory;
#[cfg(all(feature = "native", feature = "fast"))]
mod mixed;
#[cfg(not(all(feature = "native", feature = "fast")))]
#[path = "mixed_off.rs"]
mod mixed;
#[cfg(feature = "native")]
mod native;
#[cfg(feature = "diagnostics")]
mod observe;
#[cfg(not(feature = "diagnostics"))]
#[path = "observe_off.rs"]
mod observe;
#[cfg(feature = "function-references")]
mod references;
mod runtime_instr;
#[cfg(any(feature = "exceptions", feature = "gc"))]
mod stacks;
mod strict;
pub(crate) mod table;
#[cfg(feature = "trap-record")]
pub(crate) mod trap_record;
#[cfg(not(feature = "trap-record"))]
#[path = "trap_record_off.rs"]
pub(crate) mod trap_record;
#[cfg(feature = "function-references")]
pub(crate) mod types;
#[cfg(not(feature = "function-references"))]
#[path = "types_off.rs"]
pub(crate) mod types;
mod wide;
mod wide_arithmetic;

use crate::alloc::{OutOfMemory, TryArc, TryBox, TryVec};
use crate::binary::types::GlobalType;
use crate::error::{Error, LinkError, LinkErrorKind};
use budget::Budget;
use fault::Fault;
use func::HostFunc;
use instance::StoreInstance;
use memory::MemoryData;
use table::TableData;
use zonda_exec::{Meter, TrapCode};

/// Limits of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// Size of the operand stack in bytes, rounded down to slots of 4 bytes. It holds locals and
    /// operands of all active calls. Default 64 KiB with the feature `std`, else 4 KiB.
    pub stack_bytes: u32,
    /// Largest size of each linear memory in bytes; `u64::MAX` (the default) for no limit. A
    /// memory whose module declares a larger initial size has this size: accesses beyond it trap,
    /// while `memory.size` reports what the module declares.
    pub memory_limit: u64,
    /// Largest size in bytes of all linear memories, tables and records of instances of the store
    /// together; `u64::MAX` for no limit. What does not fit is refused with [`Error::Shortage`],
    /// which names the bytes; `memory.grow` and `table.grow` return -1. Default no limit with the
    /// feature `std`, else 128 KiB: a module of a few bytes can declare 100 memories and 100
    /// tables, which would take the heap from the rest of the firmware.
    pub total_limit: u64,
    /// How many host functions with a [`Caller`](crate::Caller) may be active at once. One more
    /// call traps with [`TrapCode::StackOverflow`]. Each active one takes native stack for itself
    /// and for the calls that it makes. Default 64 with the feature `std`, else 4.
    pub nested_calls: u32,
    /// Most bytes that structures and arrays of the store take, with what manages them. The heap
    /// starts small and is doubled when a collection has left it more than half full. Default
    /// 64 MiB with the feature `std`, else 16 KiB.
    #[cfg(feature = "gc")]
    pub object_bytes: u32,
}

#[cfg(feature = "gc")]
impl StoreConfig {
    /// The default of `object_bytes`. `ZONDA_GC_HEAP_SIZE` has it where the build sets it.
    pub(crate) const OBJECT_BYTES: u32 = match option_env!("ZONDA_GC_HEAP_SIZE") {
        Some(digits) => number(digits.as_bytes()),
        None if cfg!(feature = "std") => 64 << 20,
        None => 16 << 10,
    };
}

/// The number that these digits are.
#[cfg(feature = "gc")]
const fn number(mut digits: &[u8]) -> u32 {
    let mut number = 0u32;
    while let [digit @ b'0'..=b'9', rest @ ..] = digits {
        number = number.saturating_mul(10).saturating_add((*digit - b'0') as u32);
        digits = rest;
    }
    number
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        let (stack_bytes, total_limit, nested_calls) =
            if cfg!(feature = "std") { (64 * 1024, u64::MAX, 64) } else { (4096, 128 * 1024, 4) };
        StoreConfig {
            stack_bytes,
            memory_limit: u64::MAX,
            total_limit,
            nested_calls,
            #[cfg(feature = "gc")]
            object_bytes: StoreConfig::OBJECT_BYTES,
        }
    }
}

/// A global that no instance defines.
pub(crate) struct GlobalData {
    /// As many slots as the type says.
    pub(crate) cell: [u32; zonda_exec::vector::MAX_SLOTS],
    pub(crate) ty: GlobalType,
}

pub(crate) struct StoreData<'a> {
    /// See [`StoreConfig::memory_limit`].
    pub(crate) memory_limit: u64,
    pub(crate) budget: Budget,
    pub(crate) meter: TryArc<Meter>,
    pub(crate) instances: TryVec<TryBox<StoreInstance<'a>>>,
    pub(crate) memories: TryVec<TryBox<MemoryData>>,
    pub(crate) tables: TryVec<TryBox<TableData>>,
    pub(crate) globals: TryVec<TryBox<GlobalData>>,
    pub(crate) host_funcs: TryVec<TryBox<HostFunc>>,
    /// Tags, and exceptions that something refers to.
    #[cfg_attr(not(feature = "exceptions"), allow(dead_code))]
    pub(crate) exceptions: exceptions::Exceptions,
    /// Operand stacks beside the store's own.
    #[cfg(any(feature = "exceptions", feature = "gc"))]
    pub(crate) stacks: stacks::Stacks,
    /// Structures and arrays.
    #[cfg_attr(not(feature = "gc"), allow(dead_code))]
    pub(crate) heap: heap::Heap,
    /// The types of all instances.
    #[cfg_attr(not(feature = "function-references"), allow(dead_code))]
    pub(crate) types: types::StoreTypes,
    /// Address of the next instance's first function.
    next_func: u32,
    /// The operand stack of calls through the Rust API.
    stack: TryVec<u32>,
    /// How many more host functions may call back.
    nested_left: u32,
    /// How many there are at most.
    #[cfg(feature = "debug")]
    nested_calls: u32,
    /// First slot of the operand stack that is free: above what active calls use.
    stack_top: *mut u32,
    /// What the host function reported that caused the last trap.
    pub(crate) host_code: u32,
    /// Bytes that are appended to the next memory, once: the C API's application heap.
    pub(crate) appended: u32,
    /// The import at which linking stopped last.
    pub(crate) failed_import: u32,
    /// What the C API learns.
    #[cfg_attr(not(feature = "diagnostics"), allow(dead_code))]
    pub(crate) observer: observe::Observer,
    /// Writes the records of traps.
    #[cfg_attr(not(feature = "trap-record"), allow(dead_code))]
    pub(crate) recorder: trap_record::Recorder,
    /// Calls by the host.
    #[cfg_attr(not(feature = "native"), allow(dead_code))]
    calls: again::Calls,
}

// SAFETY: the raw pointers point at what the store owns, or at closures, which the embedder has to
// provide as `Send`.
unsafe impl Send for StoreData<'_> {}

impl<'a> StoreData<'a> {
    /// An empty store. `stack` says whether it needs an operand stack of its own.
    pub(crate) fn new(
        config: StoreConfig,
        stack: bool,
    ) -> Result<TryBox<StoreData<'a>>, OutOfMemory> {
        let slots = if stack { config.stack_bytes as usize / 4 } else { 0 };
        let stack = TryVec::zeroed(slots)?;
        let stack_top = stack.as_mut_ptr();
        TryBox::new(StoreData {
            memory_limit: config.memory_limit,
            budget: Budget::new(config.total_limit),
            meter: TryArc::new(Meter::new())?,
            instances: TryVec::new(),
            memories: TryVec::new(),
            tables: TryVec::new(),
            globals: TryVec::new(),
            host_funcs: TryVec::new(),
            exceptions: exceptions::Exceptions::new(),
            #[cfg(any(feature = "exceptions", feature = "gc"))]
            stacks: stacks::Stacks::new(),
            types: types::StoreTypes::new(),
            heap: heap::Heap::new(&config),
            next_func: 1,
            stack,
            nested_left: config.nested_calls,
            #[cfg(feature = "debug")]
            nested_calls: config.nested_calls,
            stack_top,
            host_code: 0,
            appended: 0,
            failed_import: 0,
            observer: observe::Observer::NEW,
            recorder: trap_record::Recorder::NEW,
            calls: again::Calls::NEW,
        })
    }

    /// The error for the embedder, with what the store knows about the fault that it has just
    /// returned.
    #[cold]
    #[inline(never)]
    pub(crate) fn error(&self, fault: Fault) -> Error {
        let link = |kind| Error::Link(LinkError::new(kind, self.failed_import));
        match fault {
            Fault::SHORTAGE => Error::Shortage(self.budget.shortage()),
            Fault::UNKNOWN_IMPORT => link(LinkErrorKind::Unknown),
            Fault::INCOMPATIBLE_IMPORT => link(LinkErrorKind::Incompatible),
            fault => fault.error(),
        }
    }

    /// The free part of the store's own operand stack.
    pub(crate) fn free_stack(&mut self) -> func::Stack {
        let end = self.stack.as_mut_ptr().wrapping_add(self.stack.len());
        func::Stack { base: self.stack_top, end }
    }

    /// Sets the first free slot of the operand stack; returns the one before.
    pub(crate) fn set_stack_top(&mut self, top: *mut u32) -> *mut u32 {
        core::mem::replace(&mut self.stack_top, top)
    }

    /// Whether no host function is active that may call back: then no call encloses one that
    /// begins.
    #[cfg(feature = "debug")]
    pub(crate) fn is_outermost(&self) -> bool {
        self.nested_left == self.nested_calls
    }

    /// Counts a host function that may call back, before it runs. [`StoreData::leave_host`]
    /// follows.
    pub(crate) fn enter_host(&mut self) -> Result<(), TrapCode> {
        self.nested_left = self.nested_left.checked_sub(1).ok_or(TrapCode::StackOverflow)?;
        Ok(())
    }

    /// The host function has returned.
    pub(crate) fn leave_host(&mut self) {
        self.nested_left = self.nested_left.wrapping_add(1);
    }

    /// Whether a call on the store's own operand stack is active: its frames refer to records of
    /// functions.
    pub(crate) fn is_running(&mut self) -> bool {
        !core::ptr::eq(self.stack_top, self.stack.as_mut_ptr())
    }

    /// Clears what led to a trap: a termination request is served, and what a host function
    /// reported is returned.
    pub(crate) fn end_of_trap(&mut self, code: TrapCode) -> u32 {
        if code == TrapCode::Terminated {
            self.meter.termination.clear();
        }
        core::mem::take(&mut self.host_code)
    }
}
